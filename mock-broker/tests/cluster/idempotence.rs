//! Idempotent producers: a real broker's answers, row by row (Kafka 4.1.0, Produce v9).

use milena_mock_broker::{ClusterConfig, TopicSpec};
use protocol::names::ProducerId;

use crate::client::{NOW, World, sequenced};

/// What is sent, and the error code and base offset that come back.
struct Row(&'static str, (Producer, i16), i32, usize, i16, i64);

#[derive(Clone, Copy)]
enum Producer {
    /// The one that InitProducerId gave.
    Known,
    /// Ids that the partition has never seen.
    Other(i64),
}
use Producer::{Known, Other};

const ROWS: &[Row] = &[
    // what, (producer, epoch), base sequence, records, error code, base offset
    Row("first batch", (Known, 0), 0, 3, 0, 0),
    Row("the same batch again, the newest of the window", (Known, 0), 0, 3, 0, 0),
    Row("sequence 3", (Known, 0), 3, 1, 0, 3),
    Row("sequence 4", (Known, 0), 4, 1, 0, 4),
    Row("sequence 5", (Known, 0), 5, 1, 0, 5),
    Row("sequence 6", (Known, 0), 6, 1, 0, 6),
    Row("the first again, the oldest of five", (Known, 0), 0, 3, 0, 0),
    Row("sequence 7, the sixth batch", (Known, 0), 7, 1, 0, 7),
    Row("the first again, now out of the window", (Known, 0), 0, 3, 45, -1),
    Row("sequence 3 again, the fifth newest", (Known, 0), 3, 1, 0, 3),
    Row("partial overlap", (Known, 0), 7, 2, 45, -1),
    Row("a gap", (Known, 0), 9, 1, 45, -1),
    Row("sequence 8", (Known, 0), 8, 1, 0, 8),
    Row("a new epoch that does not begin at 0", (Known, 1), 9, 1, 45, -1),
    Row("a new epoch", (Known, 1), 0, 1, 0, 9),
    Row("the old epoch afterwards", (Known, 0), 9, 1, 47, -1),
    Row("an epoch is skipped", (Known, 3), 0, 1, 0, 10),
    Row("a producer never seen here begins at 5", (Other(5000), 0), 5, 1, 0, 11),
    Row("and goes on", (Other(5000), 0), 6, 1, 0, 12),
    Row("but not with a gap", (Other(5000), 0), 9, 1, 45, -1),
    Row("the highest sequence number", (Other(5001), 0), i32::MAX, 1, 0, 13),
    Row("is followed by 0", (Other(5001), 0), 0, 1, 0, 14),
    Row("a batch in which the numbers wrap", (Other(5002), 0), i32::MAX - 1, 3, 0, 15),
    Row("is followed by 1", (Other(5002), 0), 1, 1, 0, 18),
    Row("no sequence number", (Other(5003), 0), -1, 1, 87, -1),
];

#[test]
fn every_answer_is_that_of_a_real_broker() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let connection = world.connect(1);
    let known = world.producer_id(connection);
    for Row(what, (producer, epoch), base_sequence, count, error_code, base_offset) in ROWS {
        let id = match producer {
            Known => known,
            Other(id) => ProducerId(*id),
        };
        let records = sequenced(*count, (id, *epoch), *base_sequence);
        let response = world.produce(connection, "orders", 0, -1, Some(records)).answer();
        let got = (response.error_code.0, response.base_offset, response.log_start_offset);
        assert_eq!(got, (*error_code, *base_offset, 0), "{what}");
        assert_eq!((response.record_errors.len(), response.error_message), (0, None), "{what}");
        // A duplicate comes back with the stored batch's time, even where the producer sets it.
        let is_again = what.contains("again") && *error_code == 0;
        assert_eq!(response.log_append_time_ms, if is_again { NOW } else { -1 }, "{what}");
    }
    assert_eq!(world.cluster.topic("orders").unwrap().partitions()[0].high_watermark(), 19);
}

#[test]
fn acks_of_one_is_no_reason_to_refuse_an_idempotent_batch() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let connection = world.connect(1);
    let id = world.producer_id(connection);
    let response = world.produce(connection, "orders", 0, 1, Some(sequenced(1, (id, 0), 0))).answer();
    assert_eq!((response.error_code.0, response.base_offset), (0, 0));
}

#[test]
fn producer_ids_are_never_given_twice() {
    let mut world = World::new(ClusterConfig::new(2));
    let (one, two) = (world.connect(1), world.connect(2));
    let ids = [world.producer_id(one), world.producer_id(two), world.producer_id(one)];
    assert!(ids.is_sorted_by(|earlier, later| earlier < later), "{ids:?}");
}

#[test]
fn sequences_are_counted_for_each_partition() {
    let mut world = World::new(ClusterConfig::new(1).topic_with(TopicSpec::new("orders").partitions(2)));
    let connection = world.connect(1);
    let id = world.producer_id(connection);
    for partition in 0..2 {
        let records = sequenced(2, (id, 0), 0);
        let response = world.produce(connection, "orders", partition, -1, Some(records)).answer();
        assert_eq!((response.error_code.0, response.base_offset), (0, 0));
    }
}

#[test]
fn the_journal_tells_duplicates_that_were_not_appended_again() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let connection = world.connect(1);
    let id = world.producer_id(connection);
    for _ in 0..3 {
        world.produce(connection, "orders", 0, -1, Some(sequenced(4, (id, 0), 0)));
    }
    let batches = world.cluster.journal().entries().flat_map(|entry| &entry.partitions);
    let batches: Vec<_> = batches.filter_map(|partition| partition.batch).collect();
    assert!(batches.iter().map(|batch| batch.duplicate).eq([false, true, true]));
    assert!(
        batches
            .iter()
            .all(|batch| (batch.producer_id, batch.base_sequence, batch.record_count) == (id, 0, 4))
    );
}
