//! Fetch: what is read, and how long one waits for it.

use milena_mock_broker::{CloseReason, ClusterConfig, ConnectionId, Effect, Input, TopicSpec};
use protocol::ErrorCode;
use protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use protocol::messages::{FetchRequest, FetchResponse, MetadataRequest};
use protocol::names::{BrokerId, IsolationLevel, Uuid};
use protocol::records::{Part, batches};

use crate::client::{NOW, Reply, World, batch, batch_of, reply};

fn request(topic: &str, partitions: &[(i32, i64)]) -> FetchRequest {
    let partitions = partitions.iter().map(|(partition, fetch_offset)| FetchPartition {
        partition: *partition,
        fetch_offset: *fetch_offset,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    });
    FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        topics: vec![FetchTopic {
            topic: topic.into(),
            partitions: partitions.collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// One broker, one topic of three partitions, and records 0 to 5 in the first, two a batch.
fn world() -> (World, ConnectionId) {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 3));
    let connection = world.connect(1);
    for _ in 0..3 {
        world.produce(connection, "orders", 0, -1, Some(batch(2))).answer();
    }
    (world, connection)
}

fn partition(response: &FetchResponse, place: usize) -> &PartitionData {
    &response.responses[0].partitions[place]
}

fn base_offsets(data: &PartitionData) -> Vec<i64> {
    let bytes = data.records.as_ref().expect("records are never null").to_bytes();
    let offset = |part| match part {
        Ok(Part::Batch(batch)) => batch.header().base_offset,
        other => panic!("{other:?}"),
    };
    batches(&bytes).map(offset).collect()
}

#[test]
fn whole_batches_come_from_the_one_with_the_offset_on() {
    let (mut world, connection) = world();
    for (offset, expected) in [(0, vec![0, 2, 4]), (3, vec![2, 4]), (5, vec![4])] {
        let response = world.ask(connection, 12, &request("orders", &[(0, offset)])).answer();
        let data = partition(&response, 0);
        assert_eq!(base_offsets(data), expected);
        assert_eq!((data.high_watermark, data.last_stable_offset, data.log_start_offset), (6, 6, 0));
        assert_eq!(
            (data.aborted_transactions.as_deref(), data.preferred_read_replica),
            (None, BrokerId::NONE)
        );
    }
}

#[test]
fn every_version_is_answered() {
    let (mut world, connection) = world();
    for version in 4..=18 {
        let mut request = request("orders", &[(0, 0)]);
        request.topics[0].topic_id = world.cluster.topic("orders").unwrap().id();
        let response = world.ask(connection, version, &request).answer();
        assert_eq!(base_offsets(partition(&response, 0)), [0, 2, 4], "version {version}");
    }
}

#[test]
fn limits_cut_between_batches_but_the_first_of_all_always_comes() {
    let (mut world, connection) = world();
    world.produce(connection, "orders", 1, -1, Some(batch(2))).answer();
    let size = batch(2).len() as i32;
    let read = |world: &mut World, max_bytes, partition_max_bytes| {
        let mut request = request("orders", &[(0, 0), (1, 0)]);
        request.max_bytes = max_bytes;
        request.topics[0]
            .partitions
            .iter_mut()
            .for_each(|data| data.partition_max_bytes = partition_max_bytes);
        let response = world.ask(connection, 12, &request).answer();
        [0, 1].map(|place| base_offsets(partition(&response, place)))
    };
    assert_eq!(read(&mut world, i32::MAX, 2 * size), [vec![0, 2], vec![0]]);
    assert_eq!(read(&mut world, 2 * size, i32::MAX), [vec![0, 2], vec![]]);
    assert_eq!(read(&mut world, 3 * size, size), [vec![0], vec![0]]);
    assert_eq!(read(&mut world, 1, 1), [vec![0], vec![]]);
    assert_eq!(read(&mut world, 0, 0), [vec![0], vec![]]);
}

#[test]
fn offsets_and_epochs_out_of_range_are_told_at_once() {
    let (mut world, connection) = world();
    world.cluster.move_leader("orders", 0, BrokerId(1)).unwrap();
    let cases: [(i32, i64, i32, i16); 9] = [
        // partition, offset, the leader epoch the client knows, error code
        (0, -1, -1, 1),
        (0, 7, -1, 1),
        (0, 6, -1, 0),
        (0, 0, 0, 74),
        (0, 0, 1, 0),
        (0, 0, 2, 75),
        (1, 0, 0, 0),
        (3, 0, -1, 3),
        (-1, 0, -1, 3),
    ];
    for (index, offset, epoch, error_code) in cases {
        let mut request = request("orders", &[(index, offset)]);
        request.max_wait_ms = 0;
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let response = world.ask(connection, 12, &request).answer();
        let data = partition(&response, 0);
        assert_eq!(data.error_code.0, error_code, "{index} {offset} {epoch}");
        if error_code != 0 {
            let told = (data.high_watermark, data.last_stable_offset, data.log_start_offset);
            assert_eq!((told, base_offsets(data).len()), ((-1, -1, -1), 0));
        }
    }
}

#[test]
fn unknown_topics_are_told_by_name_and_by_id() {
    let (mut world, connection) = world();
    let response = world.ask(connection, 12, &request("nowhere", &[(0, 0)])).answer();
    assert_eq!(partition(&response, 0).error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let mut request = request("", &[(0, 0)]);
    request.topics[0].topic_id = Uuid::from_u128(99);
    let response = world.ask(connection, 13, &request).answer();
    assert_eq!(partition(&response, 0).error_code, ErrorCode::UNKNOWN_TOPIC_ID);
    assert_eq!(response.responses[0].topic_id, Uuid::from_u128(99));
}

#[test]
fn limits_below_zero_and_unknown_isolation_make_kafka_stumble() {
    let (mut world, connection) = world();
    let mut negative = request("orders", &[(0, 0)]);
    negative.max_bytes = -1;
    let response = world.ask(connection, 12, &negative).answer();
    assert_eq!((response.error_code.0, partition(&response, 0).error_code.0), (0, -1));
    let mut isolated = request("orders", &[(0, 0)]);
    isolated.isolation_level = IsolationLevel(7);
    let response = world.ask(connection, 12, &isolated).answer();
    assert_eq!((response.error_code.0, partition(&response, 0).error_code.0), (-1, -1));
}

#[test]
fn a_reader_of_what_is_committed_is_told_that_nothing_was_aborted() {
    let (mut world, connection) = world();
    let mut request = request("orders", &[(0, 0)]);
    request.isolation_level = IsolationLevel::READ_COMMITTED;
    let response = world.ask(connection, 12, &request).answer();
    assert_eq!(partition(&response, 0).aborted_transactions.as_deref(), Some(&[][..]));
    assert_eq!(base_offsets(partition(&response, 0)), [0, 2, 4]);
}

#[test]
fn sessions_are_declined_and_unknown_ones_refused() {
    let (mut world, connection) = world();
    for (session_id, session_epoch, error_code) in
        [(0, -1, 0), (0, 0, 0), (5, 0, 0), (5, -1, 0), (5, 1, 70), (0, 1, 70)]
    {
        let mut request = request("orders", &[(0, 0)]);
        (request.session_id, request.session_epoch) = (session_id, session_epoch);
        let response = world.ask(connection, 12, &request).answer();
        assert_eq!(
            (response.error_code.0, response.session_id),
            (error_code, 0),
            "{session_id} {session_epoch}"
        );
        assert_eq!(response.responses.is_empty(), error_code != 0);
    }
}

#[test]
fn a_fetch_waits_until_there_is_something_or_its_time_is_up() {
    let (mut world, reader) = world();
    let writer = world.connect(1);
    let wanted = request("orders", &[(1, 0), (2, 0)]);
    assert_eq!(world.ask(reader, 12, &wanted), Reply::Nothing);
    assert_eq!(world.cluster.next_wakeup().map(|time| time.0), Some(NOW + 500));

    // Something in another partition is nothing.
    let effects = world.send(writer, 9, &crate::client::produce_request("orders", 0, -1, Some(batch(1))));
    assert_eq!(effects.len(), 1);
    let effects = world.send(writer, 9, &crate::client::produce_request("orders", 2, -1, Some(batch(1))));
    assert_eq!(effects.len(), 3, "an answer to each, and the reader is read again");
    let response = reply::<FetchRequest>(effects, reader, 12).answer();
    assert_eq!([0, 1].map(|place| base_offsets(partition(&response, place)).len()), [0, 1]);
    assert_eq!(world.cluster.next_wakeup(), None);

    assert_eq!(world.ask(reader, 12, &request("orders", &[(1, 0)])), Reply::Nothing);
    assert_eq!(world.wait::<FetchRequest>(reader, 12, NOW + 499), Reply::Nothing);
    let response = world.wait::<FetchRequest>(reader, 12, NOW + 500).answer();
    assert_eq!(base_offsets(partition(&response, 0)), [0_i64; 0]);
}

#[test]
fn a_fetch_waits_for_as_many_bytes_as_it_wants() {
    let (mut world, reader) = world();
    let writer = world.connect(1);
    let mut wanted = request("orders", &[(1, 0)]);
    wanted.min_bytes = 2 * batch(1).len() as i32;
    assert_eq!(world.ask(reader, 12, &wanted), Reply::Nothing);
    let write = crate::client::produce_request("orders", 1, -1, Some(batch(1)));
    let effects = world.send(writer, 9, &write);
    assert_eq!(reply::<FetchRequest>(effects, reader, 12), Reply::Nothing);
    let effects = world.send(writer, 9, &write);
    let response = reply::<FetchRequest>(effects, reader, 12).answer();
    assert_eq!(base_offsets(partition(&response, 0)), [0, 1]);
}

#[test]
fn a_waiting_fetch_is_told_that_the_topic_is_gone() {
    let (mut world, reader) = world();
    assert_eq!(world.ask(reader, 12, &request("orders", &[(1, 0)])), Reply::Nothing);
    world.cluster.delete_topic("orders");
    let response = world.wait::<FetchRequest>(reader, 12, NOW).answer();
    assert_eq!(partition(&response, 0).error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
}

#[test]
fn a_connection_is_answered_in_order_though_a_fetch_waits() {
    let (mut world, reader) = world();
    assert_eq!(world.ask(reader, 12, &request("orders", &[(1, 0)])), Reply::Nothing);
    assert_eq!(world.ask(reader, 12, &MetadataRequest::default()), Reply::Nothing);
    // Another connection does not wait with it.
    let other = world.connect(1);
    assert!(matches!(world.ask(other, 12, &MetadataRequest::default()), Reply::Answer(_)));
    world.now = protocol::names::Timestamp(NOW + 500);
    let effects = world.cluster.handle(milena_mock_broker::Input::Wakeup, world.now);
    assert_eq!(effects.len(), 3);
    reply::<FetchRequest>(effects, reader, 12).answer();
}

#[test]
fn a_closed_connection_waits_no_more() {
    let (mut world, reader) = world();
    assert_eq!(world.ask(reader, 12, &request("orders", &[(1, 0)])), Reply::Nothing);
    world.cluster.handle(milena_mock_broker::Input::Closed { connection: reader }, world.now);
    assert_eq!(world.cluster.next_wakeup(), None);
}

#[test]
fn who_asks_faster_than_it_is_answered_is_read_no_more() {
    let (mut world, reader) = world();
    let effects = world.send(reader, 12, &request("orders", &[(1, 0)]));
    assert!(matches!(effects[..], [Effect::StopReading { .. }]), "{effects:?}");
    // What was read before that is answered too.
    for _ in 0..1000 {
        assert!(world.send(reader, 12, &MetadataRequest::default()).is_empty());
    }
    world.now = protocol::names::Timestamp(NOW + 500);
    let effects = world.cluster.handle(Input::Wakeup, world.now);
    assert_eq!(effects.len(), 1002);
    assert!(matches!(effects[1001], Effect::ResumeReading { .. }));
}

#[test]
fn who_is_not_read_and_goes_on_sending_is_closed() {
    let (mut world, reader) = world();
    assert_eq!(world.ask(reader, 12, &request("orders", &[(1, 0)])), Reply::Nothing);
    let closed = (0..2000).find(|_| {
        let effects = world.send(reader, 12, &MetadataRequest::default());
        matches!(effects[..], [Effect::Close { reason: CloseReason::Overrun, .. }])
    });
    assert_eq!(closed, Some(1000));
}

#[test]
fn followers_answer_newer_clients_only_and_strangers_give_a_hint() {
    let spec = TopicSpec::new("orders").replication_factor(2);
    let mut world = World::new(ClusterConfig::new(3).topic_with(spec));
    let replicas = world.cluster.topic("orders").unwrap().partitions()[0].replicas().to_vec();
    let stranger = (1..=3).map(BrokerId).find(|id| !replicas.contains(id)).unwrap();
    let leader = world.connect(replicas[0].0);
    world.produce(leader, "orders", 0, -1, Some(batch(1))).answer();
    let mut wanted = request("orders", &[(0, 0)]);
    wanted.topics[0].topic_id = world.cluster.topic("orders").unwrap().id();

    let follower = world.connect(replicas[1].0);
    let response = world.ask(follower, 10, &wanted).answer();
    assert_eq!(partition(&response, 0).error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    let response = world.ask(follower, 11, &wanted).answer();
    assert_eq!(base_offsets(partition(&response, 0)), [0]);

    let elsewhere = world.connect(stranger.0);
    let response = world.ask(elsewhere, 16, &wanted).answer();
    let data = partition(&response, 0);
    assert_eq!(data.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!((data.current_leader.leader_id, data.current_leader.leader_epoch), (replicas[0], 0));
    assert_eq!(response.node_endpoints[0].node_id, replicas[0]);
}

#[test]
fn a_log_that_parted_from_the_readers_is_told_where() {
    let (mut world, connection) = world();
    world.cluster.move_leader("orders", 0, BrokerId(1)).unwrap();
    world.produce(connection, "orders", 0, -1, Some(batch(1))).answer();
    let mut wanted = request("orders", &[(0, 7)]);
    wanted.topics[0].partitions[0].last_fetched_epoch = 0;
    let response = world.ask(connection, 12, &wanted).answer();
    let diverging = &partition(&response, 0).diverging_epoch;
    assert_eq!((diverging.epoch, diverging.end_offset), (0, 6));
}

#[test]
fn what_was_produced_comes_back_byte_for_byte_however_large() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let connection = world.connect(1);
    for size in [0, 1, 1000, 40_000, 900_000] {
        let value = vec![0x5a; size];
        let sent = batch_of([(NOW, Some(&b"key"[..]), &value[..])], Default::default());
        let stored = world.produce(connection, "orders", 0, -1, Some(sent.clone())).answer();
        let request = request("orders", &[(0, stored.base_offset)]);
        let response = world.ask(connection, 12, &request).answer();
        let got = partition(&response, 0).records.as_ref().unwrap().to_bytes();
        // Offset and leader epoch are the broker's, all else is the producer's.
        assert_eq!(got[..8], stored.base_offset.to_be_bytes());
        assert_eq!((&got[8..12], &got[16..]), (&sent[8..12], &sent[16..]));
        assert_eq!(got[12..16], 0_i32.to_be_bytes());
        let Some(Ok(Part::Batch(batch))) = batches(&got).next() else { panic!() };
        batch.verify_crc().unwrap();
    }
}
