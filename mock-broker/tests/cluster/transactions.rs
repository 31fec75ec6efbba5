//! Transactions: what takes time, or a broker that is away. What Kafka answers in between is compared with a real broker in
//! the interop tests.

use milena_mock_broker::{Action, ClusterConfig, ConnectionId, Fault, Reaction, TopicSpec};
use protocol::messages::add_partitions_to_txn::AddPartitionsToTxnTopic;
use protocol::messages::describe_producers::TopicRequest;
use protocol::messages::fetch::{FetchPartition, FetchTopic};
use protocol::messages::write_txn_markers::{WritableTxnMarker, WritableTxnMarkerTopic};
use protocol::messages::{
    AddPartitionsToTxnRequest, DescribeProducersRequest, DescribeTransactionsRequest, EndTxnRequest,
    FetchRequest, InitProducerIdRequest, InitProducerIdResponse, ListTransactionsRequest,
    WriteTxnMarkersRequest,
};
use protocol::names::{BrokerId, IsolationLevel, ProducerId, Timestamp};
use protocol::records::BatchOptions;
use protocol::{ApiKey, ErrorCode};

use crate::client::{NOW, World, batch_with, produce_request};

const ID: &str = "payments";
const TIMEOUT: i64 = 60_000;

fn world(brokers: usize) -> World {
    let topic = TopicSpec::new("orders").partitions(1).replication_factor(1);
    World::new(ClusterConfig::new(brokers).topic_with(topic))
}

impl World {
    fn init(&mut self, on: ConnectionId) -> InitProducerIdResponse {
        let request = InitProducerIdRequest {
            transactional_id: Some(ID.into()),
            transaction_timeout_ms: TIMEOUT as i32,
            ..Default::default()
        };
        self.ask(on, 5, &request).answer()
    }

    fn add(&mut self, on: ConnectionId, (id, epoch): (ProducerId, i16)) -> ErrorCode {
        let topic = AddPartitionsToTxnTopic {
            name: "orders".into(),
            partitions: vec![0].into(),
            ..Default::default()
        };
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: ID.into(),
            v3_and_below_producer_id: id,
            v3_and_below_producer_epoch: epoch,
            v3_and_below_topics: vec![topic],
            ..Default::default()
        };
        let response = self.ask(on, 3, &request).answer();
        response.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
    }

    fn write(
        &mut self,
        on: ConnectionId,
        (producer_id, producer_epoch): (ProducerId, i16),
        base_sequence: i32,
    ) -> ErrorCode {
        let options = BatchOptions {
            producer_id,
            producer_epoch,
            base_sequence,
            transactional: true,
            ..BatchOptions::default()
        };
        let mut request = produce_request("orders", 0, -1, Some(batch_with(1, options)));
        request.transactional_id = Some(ID.into());
        self.ask(on, 9, &request).answer().responses[0].partition_responses[0].error_code
    }

    fn end(
        &mut self,
        on: ConnectionId,
        version: i16,
        (id, epoch): (ProducerId, i16),
        committed: bool,
    ) -> (ErrorCode, ProducerId, i16) {
        let request = EndTxnRequest {
            transactional_id: ID.into(),
            producer_id: id,
            producer_epoch: epoch,
            committed,
            ..Default::default()
        };
        let response = self.ask(on, version, &request).answer();
        (response.error_code, response.producer_id, response.producer_epoch)
    }

    fn state(&mut self, on: ConnectionId) -> String {
        let request =
            DescribeTransactionsRequest { transactional_ids: vec![ID.into()], ..Default::default() };
        self.ask(on, 0, &request).answer().transaction_states[0].transaction_state.to_string()
    }

    /// The last stable offset, and how many transactions a reader of committed records is told to leave out.
    fn stable(&mut self, on: ConnectionId) -> (i64, usize) {
        let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
        let request = FetchRequest {
            max_bytes: 1 << 20,
            isolation_level: IsolationLevel::READ_COMMITTED,
            topics: vec![FetchTopic {
                topic: "orders".into(),
                partitions: vec![partition],
                ..Default::default()
            }],
            ..Default::default()
        };
        let response = self.ask(on, 12, &request).answer();
        let partition = &response.responses[0].partitions[0];
        (partition.last_stable_offset, partition.aborted_transactions.as_ref().unwrap().len())
    }
}

#[test]
fn a_transaction_that_is_not_ended_in_time_is_aborted_and_its_producer_fenced() {
    let mut world = world(1);
    let connection = world.connect(1);
    let init = world.init(connection);
    let producer = (init.producer_id, init.producer_epoch);
    assert_eq!(world.add(connection, producer), ErrorCode::NONE);
    assert_eq!(world.write(connection, producer, 0), ErrorCode::NONE);
    world.wait::<FetchRequest>(connection, 12, NOW + TIMEOUT - 1);
    assert_eq!((world.state(connection).as_str(), world.stable(connection)), ("Ongoing", (0, 0)));
    world.wait::<FetchRequest>(connection, 12, NOW + TIMEOUT);
    assert_eq!((world.state(connection).as_str(), world.stable(connection)), ("CompleteAbort", (2, 1)));
    assert_eq!(world.end(connection, 4, producer, true).0, ErrorCode::PRODUCER_FENCED);
    assert_eq!(world.write(connection, producer, 1), ErrorCode::INVALID_PRODUCER_EPOCH);
}

#[test]
fn a_transaction_ends_when_the_leader_is_back_that_is_to_write_the_marker() {
    let mut world = world(2);
    let leader = world.cluster.topic("orders").unwrap().partitions()[0].leader();
    let other = BrokerId(3 - leader.0);
    let (on_leader, on_other) = (world.connect(leader.0), world.connect(other.0));
    // Whoever coordinates; the broker that leads is the one that goes away.
    let coordinator = if world.init(on_other).error_code == ErrorCode::NONE { on_other } else { on_leader };
    if coordinator == on_leader {
        return;
    }
    let init = world.init(coordinator);
    let producer = (init.producer_id, init.producer_epoch);
    assert_eq!(world.add(coordinator, producer), ErrorCode::NONE);
    assert_eq!(world.write(on_leader, producer, 0), ErrorCode::NONE);
    world.cluster.perform(Action::StopBroker(leader), world.now).unwrap();
    assert_eq!(world.end(coordinator, 4, producer, true).0, ErrorCode::NONE);
    assert_eq!(world.state(coordinator), "PrepareCommit");
    assert_eq!(world.init(coordinator).error_code, ErrorCode::CONCURRENT_TRANSACTIONS);

    world.now = Timestamp(NOW + 1000);
    world.cluster.perform(Action::StartBroker(leader), world.now).unwrap();
    world.wait::<FetchRequest>(coordinator, 12, NOW + 2000);
    assert_eq!(world.state(coordinator), "CompleteCommit");
    let again = world.connect(leader.0);
    assert_eq!(world.stable(again), (2, 0));
}

#[test]
fn the_last_epoch_of_a_producer_is_followed_by_a_new_producer() {
    let mut world = world(1);
    let connection = world.connect(1);
    let init = world.init(connection);
    let mut producer = (init.producer_id, init.producer_epoch);
    // Every end brings the next epoch, also one of nothing.
    while producer.1 < i16::MAX - 1 {
        let (error_code, id, epoch) = world.end(connection, 5, producer, false);
        assert_eq!((error_code, id, epoch), (ErrorCode::NONE, producer.0, producer.1 + 1));
        producer = (id, epoch);
    }
    let last = producer;
    let (error_code, id, epoch) = world.end(connection, 5, last, false);
    assert_eq!((error_code, epoch), (ErrorCode::NONE, 0));
    assert!(id > last.0, "{id:?} after {last:?}");
    let lost_answer = world.end(connection, 5, last, false);
    assert_eq!(lost_answer, (ErrorCode::NONE, id, 0));
}

#[test]
fn only_transactions_that_last_long_are_listed_if_that_is_asked() {
    let mut world = world(1);
    let connection = world.connect(1);
    let init = world.init(connection);
    world.add(connection, (init.producer_id, init.producer_epoch));
    world.now = Timestamp(NOW + 5000);
    for (duration_filter, expected) in [(-1, 1), (4999, 1), (5000, 0)] {
        let request = ListTransactionsRequest { duration_filter, ..Default::default() };
        let listed = world.ask(connection, 1, &request).answer();
        assert_eq!(listed.transaction_states.len(), expected, "longer than {duration_filter} ms");
    }
}

#[test]
fn a_rule_decides_how_a_transaction_ends_for_its_producer() {
    let mut world = world(1);
    let connection = world.connect(1);
    let init = world.init(connection);
    let producer = (init.producer_id, init.producer_epoch);
    world.add(connection, producer);
    let concurrent = Reaction::Fail(ErrorCode::CONCURRENT_TRANSACTIONS);
    world.cluster.add_fault(Fault::on(ApiKey::END_TXN).transactional_id(ID).nth(1).then(concurrent));
    assert_eq!(world.end(connection, 4, producer, true).0, ErrorCode::CONCURRENT_TRANSACTIONS);
    assert_eq!(world.state(connection), "Ongoing");
    assert_eq!(world.end(connection, 4, producer, true).0, ErrorCode::NONE);
}

#[test]
fn markers_take_room_in_the_logs_too_and_a_transaction_ends_when_there_is_some_again() {
    let topic = |name| TopicSpec::new(name).partitions(1).replication_factor(1);
    let config = ClusterConfig::new(1).topic_with(topic("orders")).topic_with(topic("others"));
    let mut world = World::new(config.config("milena.retained.bytes", "3000").unwrap());
    let connection = world.connect(1);
    let init = world.init(connection);
    let producer = (init.producer_id, init.producer_epoch);
    assert_eq!(world.add(connection, producer), ErrorCode::NONE);
    assert_eq!(world.write(connection, producer, 0), ErrorCode::NONE);
    while world.cluster.retained_bytes() + 262 <= 3000 {
        world.produce(connection, "others", 0, -1, Some(crate::client::batch(1))).answer();
    }
    let full = world.cluster.retained_bytes();
    let topics = vec![WritableTxnMarkerTopic {
        name: "orders".into(),
        partition_indexes: vec![0].into(),
        ..Default::default()
    }];
    for producer_id in (1000..5000).map(ProducerId) {
        let marker = WritableTxnMarker { producer_id, topics: topics.clone(), ..Default::default() };
        let request = WriteTxnMarkersRequest { markers: vec![marker], ..Default::default() };
        let response = world.ask(connection, 1, &request).answer();
        let error_code = response.markers[0].topics[0].partitions[0].error_code;
        assert_eq!(error_code, ErrorCode::KAFKA_STORAGE_ERROR);
    }
    assert_eq!(world.cluster.retained_bytes(), full);
    assert_eq!(world.end(connection, 4, producer, true).0, ErrorCode::NONE);
    assert_eq!((world.state(connection).as_str(), world.stable(connection)), ("PrepareCommit", (0, 0)));

    assert!(world.cluster.delete_topic("others"));
    world.wait::<FetchRequest>(connection, 12, NOW + 1);
    assert_eq!((world.state(connection).as_str(), world.stable(connection)), ("CompleteCommit", (2, 0)));
}

#[test]
fn producers_that_only_markers_name_expire() {
    let topic = TopicSpec::new("orders").partitions(1).replication_factor(1);
    let config = ClusterConfig::new(1).topic_with(topic).config("producer.id.expiration.ms", "1000").unwrap();
    let mut world = World::new(config);
    let connection = world.connect(1);
    let topics = vec![WritableTxnMarkerTopic {
        name: "orders".into(),
        partition_indexes: vec![0].into(),
        ..Default::default()
    }];
    for producer_id in (0..2500).map(ProducerId) {
        world.now = Timestamp(NOW + 10 * producer_id.0);
        let marker = WritableTxnMarker { producer_id, topics: topics.clone(), ..Default::default() };
        let request = WriteTxnMarkersRequest { markers: vec![marker], ..Default::default() };
        world.ask(connection, 1, &request).answer();
    }
    let request = DescribeProducersRequest {
        topics: vec![TopicRequest {
            name: "orders".into(),
            partition_indexes: vec![0].into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let known = world.ask(connection, 0, &request).answer().topics.remove(0).partitions.remove(0);
    assert!(known.active_producers.len() < 1001, "{}", known.active_producers.len());
}
