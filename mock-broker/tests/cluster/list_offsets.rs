//! ListOffsets: the ends of a log, and offsets by time.

use milena_mock_broker::{ClusterConfig, ConnectionId};
use protocol::messages::ListOffsetsRequest;
use protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopic,
};
use protocol::names::BrokerId;

use crate::client::{NOW, World, batch_of};

/// One broker; records at 10 and 30, then 20, 40 and 40 in a new epoch; partition 1 is empty.
fn world() -> (World, ConnectionId) {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 2));
    let connection = world.connect(1);
    for timestamps in [&[10, 30][..], &[20, 40, 40]] {
        let records = timestamps.iter().map(|after| (NOW + after, None, &b"v"[..]));
        let records = batch_of(records, Default::default());
        world.produce(connection, "orders", 0, -1, Some(records)).answer();
        world.cluster.move_leader("orders", 0, BrokerId(1)).unwrap();
    }
    (world, connection)
}

fn request(partitions: &[(i32, i64)]) -> ListOffsetsRequest {
    let partitions = partitions.iter().map(|(partition_index, timestamp)| ListOffsetsPartition {
        partition_index: *partition_index,
        timestamp: *timestamp,
        ..Default::default()
    });
    let topic =
        ListOffsetsTopic { name: "orders".into(), partitions: partitions.collect(), ..Default::default() };
    ListOffsetsRequest { replica_id: BrokerId::NONE, topics: vec![topic], ..Default::default() }
}

fn one(
    world: &mut World,
    connection: ConnectionId,
    version: i16,
    index: i32,
    timestamp: i64,
) -> ListOffsetsPartitionResponse {
    let response = world.ask(connection, version, &request(&[(index, timestamp)])).answer();
    response.topics[0].partitions[0].clone()
}

#[test]
fn ends_and_times_are_found() {
    let (mut world, connection) = world();
    let cases: [(i32, i64, i64, i64, i32); 13] = [
        // partition, timestamp asked for, offset, timestamp and leader epoch found
        (0, -1, 5, -1, 2),
        (0, -2, 0, -1, 0),
        (0, -3, 3, NOW + 40, 1),
        (0, -4, 0, -1, 0),
        (0, -5, -1, -1, -1),
        (0, -6, -1, -1, -1),
        (0, 0, 0, NOW + 10, 0),
        (0, NOW + 11, 1, NOW + 30, 0),
        (0, NOW + 31, 3, NOW + 40, 1),
        (0, NOW + 41, -1, -1, -1),
        (1, -1, 0, -1, 0),
        (1, -2, 0, -1, 0),
        (1, -3, -1, -1, -1),
    ];
    for (index, timestamp, offset, found, epoch) in cases {
        let got = one(&mut world, connection, 11, index, timestamp);
        assert_eq!(got.error_code.0, 0);
        assert_eq!(
            (got.offset, got.timestamp, got.leader_epoch),
            (offset, found, epoch),
            "{index} {timestamp}"
        );
    }
}

#[test]
fn a_special_timestamp_needs_the_version_that_has_it() {
    let (mut world, connection) = world();
    for (timestamp, first) in [(-1, 1), (-2, 1), (-3, 7), (-4, 8), (-5, 9), (-6, 11)] {
        for version in 1..=11 {
            let error_code = one(&mut world, connection, version, 0, timestamp).error_code.0;
            assert_eq!(error_code, if version >= first { 0 } else { 35 }, "{timestamp} in {version}");
        }
    }
    assert_eq!(one(&mut world, connection, 11, 0, -7).error_code.0, 35);
}

#[test]
fn what_is_unknown_or_stale_is_told() {
    let (mut world, connection) = world();
    assert_eq!(one(&mut world, connection, 11, 9, -1).error_code.0, 3);
    for (epoch, error_code) in [(1, 74), (2, 0), (3, 75)] {
        let mut request = request(&[(0, -1)]);
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let response = world.ask(connection, 11, &request).answer();
        assert_eq!(response.topics[0].partitions[0].error_code.0, error_code);
    }
}

#[test]
fn a_partition_named_twice_is_answered_once() {
    let (mut world, connection) = world();
    let response = world.ask(connection, 11, &request(&[(0, -1), (0, -2)])).answer();
    let codes = response.topics[0].partitions.iter().map(|partition| partition.error_code.0);
    assert!(codes.eq([0, 42]));
}
