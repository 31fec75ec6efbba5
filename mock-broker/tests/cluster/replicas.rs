//! Replicas: what acknowledgements are worth when brokers lag, crash and come back. Each example is asserted on what a
//! consumer reads, on the high watermark, and on the producer's answer.

use std::time::Duration;

use milena_mock_broker::protocol::names::Timestamp;
use milena_mock_broker::{
    Action, ClusterConfig, ConnectionId, Effect, ElectionKind, Lag, Partition, ReplicationRules, TopicSpec,
};
use protocol::ErrorCode;
use protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use protocol::messages::offset_for_leader_epoch::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use protocol::messages::produce::PartitionProduceResponse;
use protocol::messages::write_txn_markers::{WritableTxnMarker, WritableTxnMarkerTopic};
use protocol::messages::{
    FetchRequest, InitProducerIdRequest, ListOffsetsRequest, MetadataRequest, OffsetForLeaderEpochRequest,
    ProduceRequest, WriteTxnMarkersRequest,
};
use protocol::names::{BrokerId, ProducerId};
use protocol::records::{BatchOptions, Limits, Part, batches};

use crate::client::{NOW, Reply, World, batch_of, batch_with, produce_request, reply, sequenced};
use crate::in_sync;

const ALL: i16 = -1;
const LEADER: i16 = 1;

/// A cluster with one topic "orders" of one partition; broker 1 leads, then 2 and 3 follow.
struct Replicas {
    world: World,
    /// A connection to each broker.
    connections: Vec<ConnectionId>,
}

impl Replicas {
    fn new(min_in_sync: &str) -> Self {
        Self::with(|config| config, 3, min_in_sync)
    }

    fn with(configure: impl Fn(ClusterConfig) -> ClusterConfig, replicas: i16, min_in_sync: &str) -> Self {
        let topic = TopicSpec::new("orders").partitions(1).replication_factor(replicas);
        let topic = topic.config("min.insync.replicas", min_in_sync).unwrap();
        let mut world = World::new(configure(ClusterConfig::new(3)));
        // The seed says who leads; here it is always the first.
        for seed in 0.. {
            let config = configure(ClusterConfig::new(3).topic_with(topic.clone()).seed(seed));
            world = World::new(config);
            if world.cluster.topic("orders").unwrap().partitions()[0].leader() == 1 {
                break;
            }
        }
        let connections = (1..=3).map(|broker| world.connect(broker)).collect();
        Self { world, connections }
    }

    fn partition(&self) -> &Partition {
        &self.world.cluster.topic("orders").unwrap().partitions()[0]
    }

    fn at(&self, broker: i32) -> ConnectionId {
        self.connections[broker as usize - 1]
    }

    fn perform(&mut self, action: Action) -> Vec<Effect> {
        self.world.cluster.perform(action, self.world.now).unwrap()
    }

    fn crash(&mut self, broker: i32) -> Vec<Effect> {
        self.perform(Action::CrashBroker(BrokerId(broker)))
    }

    fn start(&mut self, broker: i32) -> Vec<Effect> {
        let effects = self.perform(Action::StartBroker(BrokerId(broker)));
        self.connections[broker as usize - 1] = self.world.connect(broker);
        effects
    }

    fn lag(&mut self, broker: i32, lag: Lag) -> Vec<Effect> {
        self.perform(Action::Lag { topic: None, partition: None, broker: BrokerId(broker), lag })
    }

    /// Sends a record to a broker: the error code and the offset, or `None` if there is no answer yet.
    fn produce(&mut self, broker: i32, acks: i16, value: &str) -> Option<(ErrorCode, i64)> {
        let connection = self.at(broker);
        match self.world.produce(connection, "orders", 0, acks, Some(record(value))) {
            Reply::Answer(answer) => Some((answer.error_code, answer.base_offset)),
            Reply::Nothing => None,
            Reply::Closed => panic!("the connection was closed"),
        }
    }

    /// The answer to a produce request that waited, among some effects.
    fn produced(&self, broker: i32, effects: Vec<Effect>) -> Option<PartitionProduceResponse> {
        match reply::<ProduceRequest>(effects, self.at(broker), 9) {
            Reply::Answer(mut response) => Some(response.responses.remove(0).partition_responses.remove(0)),
            Reply::Nothing => None,
            Reply::Closed => panic!("the connection was closed"),
        }
    }

    /// Lets time pass; gives the answer of a produce request that waited.
    fn wait(&mut self, broker: i32, duration: Duration) -> Option<(ErrorCode, i64)> {
        self.world.now = self.world.now + duration;
        let effects = self.world.cluster.handle(milena_mock_broker::Input::Wakeup, self.world.now);
        self.produced(broker, effects).map(|answer| (answer.error_code, answer.base_offset))
    }

    fn fetch(&mut self, broker: i32, offset: i64) -> PartitionData {
        // The producer may wait on its own.
        let connection = self.world.connect(broker);
        let response = self.world.ask(connection, 12, &fetch(offset)).answer();
        response.responses[0].partitions[0].clone()
    }

    /// Begins a transaction, and writes a record in it.
    fn write_in_transaction(&mut self, id: &str) -> ProducerId {
        let init = InitProducerIdRequest {
            transactional_id: Some(id.into()),
            transaction_timeout_ms: 60_000,
            ..Default::default()
        };
        // Whichever coordinates.
        let answers = self.connections.clone().into_iter().map(|on| self.world.ask(on, 5, &init).answer());
        let mut known = answers.filter(|answer| answer.error_code == ErrorCode::NONE);
        let producer_id = known.next().unwrap().producer_id;
        drop(known);
        let options = BatchOptions {
            producer_id,
            producer_epoch: 0,
            base_sequence: 0,
            transactional: true,
            ..BatchOptions::default()
        };
        let mut request = produce_request("orders", 0, LEADER, Some(batch_with(1, options)));
        request.transactional_id = Some(id.into());
        let on = self.at(1);
        let answer = self.world.ask(on, 12, &request).answer();
        assert_eq!(answer.responses[0].partition_responses[0].error_code, ErrorCode::NONE);
        producer_id
    }

    fn commit(&mut self, producer_id: ProducerId) {
        let topics = vec![WritableTxnMarkerTopic {
            name: "orders".into(),
            partition_indexes: vec![0].into(),
            ..Default::default()
        }];
        let marker =
            WritableTxnMarker { producer_id, transaction_result: true, topics, ..Default::default() };
        let request = WriteTxnMarkersRequest { markers: vec![marker], ..Default::default() };
        let on = self.at(1);
        let answer = self.world.ask(on, 1, &request).answer();
        assert_eq!(answer.markers[0].topics[0].partitions[0].error_code, ErrorCode::NONE);
    }

    /// The high watermark, and the last stable offset.
    fn stable(&mut self) -> (i64, i64) {
        let data = self.fetch(self.partition().leader().0, 0);
        (data.high_watermark, data.last_stable_offset)
    }

    /// What a consumer reads from the leader, and the high watermark it is told, which is the partition's.
    fn read(&mut self) -> (Vec<String>, i64) {
        let data = self.fetch(self.partition().leader().0, 0);
        assert_eq!(data.error_code, ErrorCode::NONE);
        assert_eq!(data.high_watermark, self.partition().high_watermark());
        (values(&data), data.high_watermark)
    }

    fn in_sync(&self) -> Vec<i32> {
        self.partition().in_sync_replicas().iter().map(|broker| broker.0).collect()
    }

    fn eligible(&self) -> Vec<i32> {
        self.partition().eligible_leader_replicas().iter().map(|broker| broker.0).collect()
    }

    fn ends(&self) -> [Option<i64>; 3] {
        [1, 2, 3].map(|broker| self.partition().log_end_offset(BrokerId(broker)))
    }
}

fn fetch(offset: i64) -> FetchRequest {
    let partition = FetchPartition {
        partition: 0,
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    };
    let topic = FetchTopic { topic: "orders".into(), partitions: vec![partition], ..Default::default() };
    FetchRequest { max_wait_ms: 0, min_bytes: 1, topics: vec![topic], ..Default::default() }
}

fn record(value: &str) -> bytes::Bytes {
    batch_of([(NOW, None, value.as_bytes())], BatchOptions::default())
}

fn values(data: &PartitionData) -> Vec<String> {
    let bytes = data.records.as_ref().unwrap().to_bytes();
    let mut values = Vec::new();
    for part in batches(&bytes) {
        let Ok(Part::Batch(batch)) = part else { panic!("{part:?}") };
        for record in batch.records(&Limits::default()).unwrap().iter() {
            values.push(String::from_utf8(record.unwrap().value.unwrap().to_vec()).unwrap());
        }
    }
    values
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

const OK: ErrorCode = ErrorCode::NONE;

#[test]
fn the_table_of_acks_and_followers_that_are_down() {
    for case in in_sync::CASES {
        let mut replicas = Replicas::new(&case.min_in_sync.to_string());
        assert_eq!(replicas.produce(1, ALL, "before"), Some((OK, 0)), "{case:?}");
        for broker in 4 - case.down as i32..=3 {
            replicas.crash(broker);
        }
        assert_eq!(replicas.in_sync().len(), in_sync::REPLICAS - case.down, "{case:?}");

        let answer = replicas.produce(1, case.acks, "after");
        assert_eq!(answer.map(|(error_code, _)| error_code.0), case.answer, "{case:?}");
        assert_eq!(replicas.partition().log_end_offset(BrokerId(1)), Some(case.log_end), "{case:?}");
        let all = ["before", "after"];
        let readable = (owned(&all[..case.high_watermark as usize]), case.high_watermark);
        assert_eq!(replicas.read(), readable, "{case:?}");

        for broker in 4 - case.down as i32..=3 {
            replicas.start(broker);
        }
        assert_eq!(replicas.in_sync(), [1, 2, 3], "{case:?}");
        assert_eq!(replicas.read(), (owned(&all[..case.log_end as usize]), case.log_end), "{case:?}");
    }
}

#[test]
fn a_minimum_above_the_replication_factor_counts_as_that() {
    let mut replicas = Replicas::with(|config| config, 2, "3");
    assert_eq!(replicas.produce(1, ALL, "a"), Some((OK, 0)));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
    replicas.crash(2);
    assert_eq!(replicas.produce(1, ALL, "b"), Some((ErrorCode::NOT_ENOUGH_REPLICAS, -1)));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
}

#[test]
fn before_kafka_3_7_a_minimum_above_the_replication_factor_refuses_all_and_holds_nothing_back() {
    let older = |config: ClusterConfig| config.replication_rules(ReplicationRules::BeforeKafka37);
    let mut replicas = Replicas::with(older, 2, "3");
    assert_eq!(replicas.produce(1, ALL, "a"), Some((ErrorCode::NOT_ENOUGH_REPLICAS, -1)));
    assert_eq!(replicas.read(), (vec![], 0));
    assert_eq!(replicas.produce(1, LEADER, "b"), Some((OK, 0)));
    assert_eq!(replicas.read(), (owned(&["b"]), 1));
}

#[test]
fn a_single_replica_is_in_sync_with_itself_and_offline_without_its_broker() {
    let mut replicas = Replicas::with(|config| config, 1, "2");
    assert_eq!(replicas.in_sync(), [1]);
    assert_eq!(replicas.produce(1, ALL, "a"), Some((OK, 0)));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));

    replicas.crash(1);
    assert_eq!(
        (replicas.partition().leader(), replicas.in_sync(), replicas.eligible()),
        (BrokerId::NONE, vec![], vec![1])
    );
    assert_eq!(replicas.produce(2, ALL, "b"), Some((ErrorCode::NOT_LEADER_OR_FOLLOWER, -1)));
    replicas.start(1);
    assert_eq!((replicas.partition().leader(), replicas.in_sync()), (BrokerId(1), vec![1]));
    assert_eq!(replicas.produce(1, ALL, "c"), Some((OK, 1)));
    assert_eq!(replicas.read(), (owned(&["a", "c"]), 2));
}

#[test]
fn records_acknowledged_by_the_leader_alone_are_lost_when_it_crashes_and_cut_off_when_it_returns() {
    let mut replicas = Replicas::new("1");
    assert_eq!(replicas.produce(1, ALL, "safe"), Some((OK, 0)));
    replicas.lag(2, Lag::Frozen);
    replicas.lag(3, Lag::Frozen);
    assert_eq!(replicas.produce(1, LEADER, "lost"), Some((OK, 1)));
    assert_eq!(replicas.read(), (owned(&["safe"]), 1));

    replicas.crash(1);
    assert_eq!((replicas.partition().leader(), replicas.partition().leader_epoch()), (BrokerId(2), 1));
    assert_eq!(replicas.ends(), [Some(2), Some(1), Some(1)]);
    replicas.lag(2, Lag::None);
    replicas.lag(3, Lag::None);
    assert_eq!(replicas.produce(2, ALL, "new"), Some((OK, 1)));
    assert_eq!(replicas.read(), (owned(&["safe", "new"]), 2));

    replicas.start(1);
    assert_eq!(replicas.ends(), [Some(2), Some(2), Some(2)]);
    assert_eq!(replicas.in_sync(), [1, 2, 3]);
    assert_eq!(values(&replicas.fetch(1, 0)), ["safe", "new"]);
    assert_eq!(replicas.read(), (owned(&["safe", "new"]), 2));
}

#[test]
fn a_leader_that_crashes_before_all_have_a_record_never_acknowledged_it() {
    let mut replicas = Replicas::new("2");
    assert_eq!(replicas.produce(1, ALL, "safe"), Some((OK, 0)));
    replicas.lag(2, Lag::Time(Duration::from_secs(1)));
    replicas.lag(3, Lag::Time(Duration::from_secs(1)));
    assert_eq!(replicas.produce(1, ALL, "unknown"), None);
    assert_eq!(replicas.read(), (owned(&["safe"]), 1));
    let effects = replicas.crash(1);
    let reset = replicas.at(1);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Reset { connection } if *connection == reset))
    );
    assert_eq!(replicas.read(), (owned(&["safe"]), 1));
    // The producer does not know, and sends it again to the new leader.
    assert_eq!(replicas.produce(2, ALL, "unknown"), None);
    assert_eq!(replicas.wait(2, Duration::from_secs(1)), Some((OK, 1)));
    assert_eq!(replicas.read(), (owned(&["safe", "unknown"]), 2));
}

#[test]
fn a_leader_that_crashes_when_all_have_a_record_leaves_it_to_the_next_though_it_never_said_so() {
    let mut replicas = Replicas::new("2");
    replicas.lag(3, Lag::Time(Duration::from_secs(1)));
    assert_eq!(replicas.produce(1, ALL, "there"), None);
    assert_eq!(replicas.ends(), [Some(1), Some(1), Some(0)]);
    assert_eq!(replicas.read(), (vec![], 0));
    replicas.crash(1);
    replicas.lag(3, Lag::None);
    assert_eq!(replicas.read(), (owned(&["there"]), 1));
    // Sent again by one that numbers its batches it would be a duplicate; this one does not.
    assert_eq!(replicas.produce(2, ALL, "there"), Some((OK, 1)));
    assert_eq!(replicas.read(), (owned(&["there", "there"]), 2));
}

#[test]
fn acks_all_waits_for_the_slowest_in_sync_replica() {
    let mut replicas = Replicas::new("1");
    replicas.lag(2, Lag::Time(Duration::from_millis(300)));
    replicas.lag(3, Lag::Time(Duration::from_millis(700)));
    assert_eq!(replicas.produce(1, ALL, "a"), None);
    assert_eq!(replicas.world.cluster.next_wakeup(), Some(Timestamp(NOW + 300)));
    assert_eq!(replicas.wait(1, Duration::from_millis(300)), None);
    assert_eq!(replicas.read(), (vec![], 0));
    assert_eq!(replicas.wait(1, Duration::from_millis(399)), None);
    assert_eq!(replicas.wait(1, Duration::from_millis(1)), Some((OK, 0)));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
    // acks=1 does not wait.
    assert_eq!(replicas.produce(1, LEADER, "b"), Some((OK, 1)));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
}

#[test]
fn what_is_not_replicated_in_time_is_told_as_timed_out_and_stays_in_the_log() {
    let mut replicas = Replicas::new("1");
    replicas.lag(3, Lag::Frozen);
    assert_eq!(replicas.produce(1, ALL, "late"), None);
    assert_eq!(replicas.wait(1, Duration::from_millis(4999)), None);
    assert_eq!(replicas.wait(1, Duration::from_millis(1)), Some((ErrorCode::REQUEST_TIMED_OUT, 0)));
    assert_eq!(replicas.read(), (vec![], 0));
    replicas.lag(3, Lag::None);
    assert_eq!(replicas.read(), (owned(&["late"]), 1));
}

#[test]
fn a_follower_that_lags_too_long_leaves_the_in_sync_set_and_is_waited_for_no_more() {
    let mut replicas = Replicas::new("1");
    replicas.lag(3, Lag::Frozen);
    assert_eq!(replicas.produce(1, LEADER, "a"), Some((OK, 0)));
    assert_eq!(replicas.wait(1, Duration::from_secs(29)), None);
    assert_eq!(replicas.produce(1, ALL, "b"), None);
    assert_eq!((replicas.in_sync(), replicas.read()), (vec![1, 2, 3], (vec![], 0)));
    assert_eq!(replicas.wait(1, Duration::from_secs(1)), None);
    assert_eq!(replicas.wait(1, Duration::from_millis(1)), Some((OK, 1)));
    assert_eq!((replicas.in_sync(), replicas.read()), (vec![1, 2], (owned(&["a", "b"]), 2)));
    // It comes in again when it has reached the high watermark.
    replicas.lag(3, Lag::None);
    assert_eq!(replicas.in_sync(), [1, 2, 3]);
}

#[test]
fn while_too_few_are_in_sync_a_record_that_waits_times_out_and_is_not_readable() {
    let mut replicas =
        Replicas::with(|config| config.config("replica.lag.time.max.ms", "1000").unwrap(), 2, "2");
    replicas.lag(2, Lag::Frozen);
    assert_eq!(replicas.produce(1, ALL, "a"), None);
    assert_eq!(replicas.wait(1, Duration::from_millis(1001)), None);
    assert_eq!((replicas.in_sync(), replicas.eligible()), (vec![1], vec![2]));
    assert_eq!(replicas.wait(1, Duration::from_millis(3999)), Some((ErrorCode::REQUEST_TIMED_OUT, 0)));
    assert_eq!(replicas.read(), (vec![], 0));
}

#[test]
fn before_kafka_3_7_a_set_that_shrinks_below_the_minimum_answers_that_too_few_have_it() {
    let older = |config: ClusterConfig| {
        let config = config.replication_rules(ReplicationRules::BeforeKafka37);
        config.config("replica.lag.time.max.ms", "1000").unwrap()
    };
    let mut replicas = Replicas::with(older, 2, "2");
    replicas.lag(2, Lag::Frozen);
    assert_eq!(replicas.produce(1, ALL, "a"), None);
    let too_few = ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND;
    assert_eq!(replicas.wait(1, Duration::from_millis(1001)), Some((too_few, 0)));
    assert_eq!(replicas.in_sync(), [1]);
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
}

#[test]
fn a_leader_that_loses_its_place_says_so_to_those_who_wait() {
    let mut replicas = Replicas::new("1");
    replicas.lag(3, Lag::Time(Duration::from_secs(1)));
    assert_eq!(replicas.produce(1, ALL, "a"), None);
    let moved = Action::MoveLeader { topic: "orders".into(), partition: 0, broker: BrokerId(2) };
    let effects = replicas.perform(moved);
    let answer = replicas.produced(1, effects).unwrap();
    assert_eq!((answer.error_code, answer.base_offset), (ErrorCode::NOT_LEADER_OR_FOLLOWER, 0));
    assert_eq!(replicas.read(), (vec![], 0));
    replicas.wait(1, Duration::from_secs(1));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
}

#[test]
fn a_leader_that_loses_its_place_names_the_new_one_to_those_who_wait_in_new_versions() {
    let mut replicas = Replicas::new("1");
    replicas.lag(3, Lag::Frozen);
    let on = replicas.at(1);
    for version in [9, 10, 12] {
        let request = produce_request("orders", 0, ALL, Some(record("a")));
        let leader = replicas.partition().leader().0;
        let on = if leader == 1 { on } else { replicas.at(leader) };
        assert_eq!(replicas.world.ask(on, version, &request), Reply::Nothing);
        let broker = BrokerId(3 - leader);
        let effects = replicas.perform(Action::MoveLeader { topic: "orders".into(), partition: 0, broker });
        let answer = reply::<ProduceRequest>(effects, on, version).answer();
        let partition = &answer.responses[0].partition_responses[0];
        assert_eq!(partition.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
        let epoch = replicas.partition().leader_epoch();
        let leader = (partition.current_leader.leader_id, partition.current_leader.leader_epoch);
        let nodes: Vec<_> = answer.node_endpoints.iter().map(|node| node.node_id).collect();
        match version {
            9 => assert_eq!((leader, nodes), ((BrokerId(-1), -1), vec![])),
            _ => assert_eq!((leader, nodes), ((broker, epoch), vec![broker])),
        }
    }
}

#[test]
fn a_leader_with_a_shorter_log_still_knows_which_commits_are_not_replicated_yet() {
    let mut replicas = Replicas::new("1");
    let one = replicas.write_in_transaction("one");
    assert_eq!(replicas.read().1, 1);
    // From here on broker 3 has nothing more: the high watermark stays.
    replicas.lag(3, Lag::Frozen);
    replicas.commit(one);
    let other = replicas.write_in_transaction("other");
    replicas.commit(other);
    replicas.write_in_transaction("open");
    replicas.lag(2, Lag::Frozen);
    replicas.produce(1, LEADER, "lost");
    assert_eq!(replicas.stable(), (1, 0));
    replicas.perform(Action::MoveLeader { topic: "orders".into(), partition: 0, broker: BrokerId(2) });
    assert_eq!(replicas.partition().log_end_offset(BrokerId(2)), Some(5));
    assert_eq!(replicas.stable(), (1, 0), "the end of the first is not replicated");
    for broker in [1, 3] {
        replicas.lag(broker, Lag::None);
    }
    replicas.wait(1, Duration::from_secs(1));
    assert_eq!(replicas.stable(), (5, 4), "the third is open still");
}

#[test]
fn a_duplicate_waits_for_all_replicas_too() {
    let mut replicas = Replicas::new("1");
    let connection = replicas.at(1);
    let producer = (replicas.world.producer_id(connection), 0);
    replicas.lag(2, Lag::Time(Duration::from_secs(1)));
    let send = |replicas: &mut Replicas| {
        replicas.world.produce(connection, "orders", 0, ALL, Some(sequenced(1, producer, 0)))
    };
    // It gave up waiting and asks again on another connection.
    assert_eq!(send(&mut replicas), Reply::Nothing);
    replicas.connections[0] = replicas.world.connect(1);
    let again = replicas.at(1);
    let answer = replicas.world.produce(again, "orders", 0, ALL, Some(sequenced(1, producer, 0)));
    assert_eq!(answer, Reply::Nothing);
    assert_eq!(replicas.wait(1, Duration::from_secs(1)), Some((OK, 0)));
    assert_eq!(replicas.read(), (owned(&["v"]), 1));
}

#[test]
fn during_an_election_there_is_no_leader_until_there_is_a_new_one() {
    let mut replicas = Replicas::new("1");
    assert_eq!(replicas.produce(1, ALL, "a"), Some((OK, 0)));
    replicas.perform(Action::HoldElections(true));
    replicas.crash(1);
    let metadata = |replicas: &mut Replicas| {
        let connection = replicas.at(2);
        let all = MetadataRequest { topics: None, ..Default::default() };
        let response = replicas.world.ask(connection, 12, &all).answer();
        let partition = response.topics[0].partitions[0].clone();
        let brokers: Vec<i32> = response.brokers.iter().map(|broker| broker.node_id.0).collect();
        (partition.error_code, partition.leader_id.0, partition.leader_epoch, brokers)
    };
    assert_eq!(metadata(&mut replicas), (ErrorCode::LEADER_NOT_AVAILABLE, -1, 1, vec![2, 3]));
    for broker in [2, 3] {
        assert_eq!(replicas.produce(broker, ALL, "b"), Some((ErrorCode::NOT_LEADER_OR_FOLLOWER, -1)));
    }
    assert_eq!(replicas.partition().high_watermark(), 1);
    // Consumers that may read from followers still can.
    assert_eq!(values(&replicas.fetch(2, 0)), ["a"]);

    replicas.perform(Action::HoldElections(false));
    assert_eq!(metadata(&mut replicas), (OK, 2, 2, vec![2, 3]));
    assert_eq!(replicas.produce(2, ALL, "b"), Some((OK, 1)));
    assert_eq!(replicas.read(), (owned(&["a", "b"]), 2));
}

#[test]
fn a_crash_is_noticed_when_the_session_of_the_broker_has_timed_out() {
    let configure = |config: ClusterConfig| config.broker_session_timeout(Duration::from_secs(9));
    let mut replicas = Replicas::with(configure, 3, "1");
    assert_eq!(replicas.produce(1, ALL, "a"), Some((OK, 0)));
    replicas.crash(1);
    assert_eq!((replicas.partition().leader(), replicas.in_sync()), (BrokerId(1), vec![1, 2, 3]));
    assert_eq!(replicas.produce(2, ALL, "b"), Some((ErrorCode::NOT_LEADER_OR_FOLLOWER, -1)));
    replicas.wait(2, Duration::from_millis(8999));
    assert_eq!(replicas.partition().leader(), 1);
    replicas.wait(2, Duration::from_millis(1));
    assert_eq!((replicas.partition().leader(), replicas.in_sync()), (BrokerId(2), vec![2, 3]));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
}

#[test]
fn a_broker_that_stops_in_good_order_hands_over_first_and_nothing_is_lost() {
    let mut replicas = Replicas::new("1");
    assert_eq!(replicas.produce(1, LEADER, "a"), Some((OK, 0)));
    let effects = replicas.perform(Action::StopBroker(BrokerId(1)));
    let own = replicas.at(1);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Close { connection, .. } if *connection == own))
    );
    assert_eq!((replicas.partition().leader(), replicas.in_sync()), (BrokerId(2), vec![2, 3]));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
    replicas.start(1);
    assert_eq!((replicas.partition().leader(), replicas.in_sync()), (BrokerId(2), vec![1, 2, 3]));
    let preferred = |replicas: &mut Replicas| {
        let (topic, kind) = ("orders".into(), ElectionKind::Preferred);
        replicas.world.cluster.perform(Action::ElectLeader { topic, partition: 0, kind }, replicas.world.now)
    };
    preferred(&mut replicas).unwrap();
    assert_eq!((replicas.partition().leader(), replicas.partition().leader_epoch()), (BrokerId(1), 2));
    assert_eq!(preferred(&mut replicas).unwrap_err().error_code(), ErrorCode::ELECTION_NOT_NEEDED);
}

#[test]
fn a_batch_over_the_size_limit_is_refused_and_leaves_no_trace() {
    let mut replicas = Replicas::with(|config| config.config("message.max.bytes", "1000").unwrap(), 3, "3");
    let large = "x".repeat(1000);
    for acks in [LEADER, ALL] {
        assert_eq!(replicas.produce(1, acks, &large), Some((ErrorCode::MESSAGE_TOO_LARGE, -1)));
        assert_eq!((replicas.ends(), replicas.read()), ([Some(0); 3], (vec![], 0)));
    }
}

#[test]
fn an_unclean_election_loses_what_the_new_leader_lacks_and_only_it_is_in_sync() {
    let configure = |config: ClusterConfig| config.config("unclean.leader.election.enable", "true").unwrap();
    let mut replicas = Replicas::with(configure, 2, "1");
    replicas.lag(2, Lag::Frozen);
    assert_eq!(replicas.produce(1, LEADER, "a"), Some((OK, 0)));
    replicas.wait(1, Duration::from_millis(30_001));
    assert_eq!((replicas.in_sync(), replicas.read()), (vec![1], (owned(&["a"]), 1)));
    replicas.crash(1);
    assert_eq!((replicas.partition().leader(), replicas.in_sync()), (BrokerId(2), vec![2]));
    assert_eq!(replicas.read(), (vec![], 0));
    assert_eq!(replicas.produce(2, ALL, "b"), Some((OK, 0)));
    replicas.start(1);
    assert_eq!((replicas.in_sync(), replicas.read()), (vec![1, 2], (owned(&["b"]), 1)));
}

#[test]
fn an_unclean_election_of_the_leader_of_old_brings_back_what_was_lost() {
    let mut replicas = Replicas::with(|config| config, 2, "1");
    replicas.lag(2, Lag::Frozen);
    assert_eq!(replicas.produce(1, LEADER, "a"), Some((OK, 0)));
    replicas.crash(1);
    assert_eq!(replicas.produce(2, LEADER, "b"), Some((OK, 0)));
    assert_eq!(replicas.read(), (owned(&["b"]), 1));
    replicas.crash(2);
    // Broker 2 is the only one that may lead; broker 1 has another history.
    replicas.start(1);
    assert_eq!((replicas.partition().leader(), replicas.in_sync()), (BrokerId::NONE, vec![]));
    assert_eq!(replicas.ends(), [Some(1), Some(1), None]);
    replicas.perform(Action::ElectLeader {
        topic: "orders".into(),
        partition: 0,
        kind: ElectionKind::Unclean,
    });
    assert_eq!(replicas.partition().leader(), 1);
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
    replicas.start(2);
    replicas.lag(2, Lag::None);
    assert_eq!((replicas.in_sync(), values(&replicas.fetch(2, 0))), (vec![1, 2], owned(&["a"])));
}

#[test]
fn who_leaves_a_set_that_is_too_small_may_lead_when_it_is_empty_and_loses_nothing_that_was_readable() {
    let mut replicas = Replicas::new("2");
    assert_eq!(replicas.produce(1, ALL, "a"), Some((OK, 0)));
    replicas.perform(Action::StopBroker(BrokerId(3)));
    assert_eq!((replicas.in_sync(), replicas.eligible()), (vec![1, 2], vec![]));
    replicas.perform(Action::StopBroker(BrokerId(2)));
    assert_eq!((replicas.in_sync(), replicas.eligible()), (vec![1], vec![2]));
    // Acknowledged by the leader, but not readable: too few have it.
    assert_eq!(replicas.produce(1, LEADER, "b"), Some((OK, 1)));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
    replicas.crash(1);
    assert_eq!(
        (replicas.partition().leader(), replicas.in_sync(), replicas.eligible()),
        (BrokerId::NONE, vec![], vec![1, 2])
    );
    // Broker 3 is not eligible, for it left while there were enough.
    replicas.start(3);
    assert_eq!(replicas.partition().leader(), BrokerId::NONE);
    replicas.start(2);
    assert_eq!(
        (replicas.partition().leader(), replicas.in_sync(), replicas.eligible()),
        (BrokerId(2), vec![2, 3], vec![])
    );
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
    replicas.start(1);
    assert_eq!((replicas.in_sync(), replicas.read()), (vec![1, 2, 3], (owned(&["a"]), 1)));
}

#[test]
fn a_follower_shows_what_it_has_and_knows_and_no_more() {
    let mut replicas = Replicas::new("1");
    replicas.lag(3, Lag::Records(2));
    for value in ["a", "b", "c"] {
        assert!(replicas.produce(1, LEADER, value).is_some());
    }
    assert_eq!(replicas.ends(), [Some(3), Some(3), Some(1)]);
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
    let data = replicas.fetch(3, 0);
    assert_eq!((values(&data), data.high_watermark), (owned(&["a"]), 1));
    assert_eq!(replicas.fetch(3, 2).error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
    assert_eq!(replicas.fetch(2, 2).error_code, OK);
}

#[test]
fn a_consumer_that_waits_gets_a_record_when_all_have_it() {
    let mut replicas = Replicas::new("1");
    replicas.lag(2, Lag::Time(Duration::from_millis(300)));
    let consumer = replicas.world.connect(1);
    let mut request = fetch(0);
    request.max_wait_ms = 10_000;
    assert_eq!(replicas.world.ask(consumer, 12, &request), Reply::Nothing);
    assert_eq!(replicas.produce(1, LEADER, "a"), Some((OK, 0)));
    replicas.world.now = replicas.world.now + Duration::from_millis(300);
    let effects = replicas.world.cluster.handle(milena_mock_broker::Input::Wakeup, replicas.world.now);
    let response = reply::<FetchRequest>(effects, consumer, 12).answer();
    let data = &response.responses[0].partitions[0];
    assert_eq!((values(data), data.high_watermark), (owned(&["a"]), 1));
}

#[test]
fn a_new_leader_that_is_behind_does_not_know_the_latest_offset_yet() {
    let mut replicas = Replicas::new("1");
    // Broker 2 has the record, but broker 3 has not, so that neither knows that it is safe.
    replicas.lag(3, Lag::Frozen);
    assert_eq!(replicas.produce(1, LEADER, "a"), Some((OK, 0)));
    replicas.crash(1);
    let latest = |replicas: &mut Replicas, version| {
        let partition = ListOffsetsPartition { partition_index: 0, timestamp: -1, ..Default::default() };
        let topic =
            ListOffsetsTopic { name: "orders".into(), partitions: vec![partition], ..Default::default() };
        let connection = replicas.at(2);
        let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
        let response = replicas.world.ask(connection, version, &request).answer();
        let partition = &response.topics[0].partitions[0];
        (partition.error_code, partition.offset)
    };
    assert_eq!(latest(&mut replicas, 5), (ErrorCode::OFFSET_NOT_AVAILABLE, -1));
    assert_eq!(latest(&mut replicas, 4), (ErrorCode::LEADER_NOT_AVAILABLE, -1));
    assert_eq!(replicas.read(), (vec![], 0));
    replicas.lag(3, Lag::None);
    assert_eq!(latest(&mut replicas, 5), (OK, 1));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
}

#[test]
fn a_consumer_finds_out_that_what_it_has_read_was_cut_off() {
    let mut replicas =
        Replicas::with(|config| config.config("unclean.leader.election.enable", "true").unwrap(), 2, "1");
    assert_eq!(replicas.produce(1, ALL, "a"), Some((OK, 0)));
    replicas.crash(2);
    assert_eq!(replicas.produce(1, ALL, "b"), Some((OK, 1)));
    assert_eq!(replicas.read(), (owned(&["a", "b"]), 2));
    replicas.crash(1);
    replicas.start(2);
    assert_eq!((replicas.partition().leader().0, replicas.partition().leader_epoch()), (2, 2));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));

    let fetch_as = |replicas: &mut Replicas, current_leader_epoch, last_fetched_epoch| {
        let mut request = fetch(2);
        request.topics[0].partitions[0].current_leader_epoch = current_leader_epoch;
        request.topics[0].partitions[0].last_fetched_epoch = last_fetched_epoch;
        let connection = replicas.at(2);
        let response = replicas.world.ask(connection, 12, &request).answer();
        let data = &response.responses[0].partitions[0];
        (data.error_code, data.diverging_epoch.epoch, data.diverging_epoch.end_offset)
    };
    assert_eq!(fetch_as(&mut replicas, 0, 0), (ErrorCode::FENCED_LEADER_EPOCH, -1, -1));
    assert_eq!(fetch_as(&mut replicas, 3, 0), (ErrorCode::UNKNOWN_LEADER_EPOCH, -1, -1));
    assert_eq!(fetch_as(&mut replicas, 2, 0), (OK, 0, 1));
    assert_eq!(fetch_as(&mut replicas, 2, -1), (ErrorCode::OFFSET_OUT_OF_RANGE, -1, -1));

    let end = |replicas: &mut Replicas, broker, version, current_leader_epoch, leader_epoch| {
        let partition = OffsetForLeaderPartition { current_leader_epoch, leader_epoch, ..Default::default() };
        let partitions = vec![partition];
        let topic = OffsetForLeaderTopic { topic: "orders".into(), partitions, ..Default::default() };
        let request = OffsetForLeaderEpochRequest { topics: vec![topic], ..Default::default() };
        let connection = replicas.at(broker);
        let response = replicas.world.ask(connection, version, &request).answer();
        let end = &response.topics[0].partitions[0];
        (end.error_code, end.leader_epoch, end.end_offset)
    };
    for version in 2..=4 {
        assert_eq!(end(&mut replicas, 2, version, 2, 0), (OK, 0, 1));
        assert_eq!(end(&mut replicas, 2, version, -1, 2), (OK, 2, 1));
        assert_eq!(end(&mut replicas, 2, version, 0, 0), (ErrorCode::FENCED_LEADER_EPOCH, -1, -1));
    }
    assert_eq!(end(&mut replicas, 2, 4, -1, 3), (OK, -1, -1));
    replicas.start(1);
    assert_eq!(end(&mut replicas, 1, 4, -1, 0), (ErrorCode::NOT_LEADER_OR_FOLLOWER, -1, -1));
}

#[test]
fn a_consumer_is_sent_to_the_in_sync_replica_in_its_rack() {
    let configure = |config: ClusterConfig| {
        let config = config.rack(BrokerId(1), "a").rack(BrokerId(2), "b").rack(BrokerId(3), "b");
        let selector = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
        config.config("replica.selector.class", selector).unwrap()
    };
    let mut replicas = Replicas::with(configure, 3, "1");
    assert!(replicas.produce(1, ALL, "a").is_some());
    let ask = |replicas: &mut Replicas, rack: &str| {
        let connection = replicas.at(1);
        let request = FetchRequest { rack_id: rack.into(), ..fetch(0) };
        let response = replicas.world.ask(connection, 12, &request).answer();
        let data = &response.responses[0].partitions[0];
        (data.preferred_read_replica.0, values(data))
    };
    assert_eq!(ask(&mut replicas, "b"), (3, vec![]));
    for rack in ["a", "c", ""] {
        assert_eq!(ask(&mut replicas, rack), (-1, owned(&["a"])));
    }
    replicas.crash(3);
    assert_eq!(ask(&mut replicas, "b"), (2, vec![]));
    replicas.crash(2);
    assert_eq!(ask(&mut replicas, "b"), (-1, owned(&["a"])));

    let connection = replicas.at(1);
    let brokers = replicas.world.ask(connection, 12, &MetadataRequest::default()).answer().brokers;
    assert_eq!(brokers[0].rack.as_deref(), Some("a"));
}

#[test]
fn a_leader_that_died_gives_its_place_to_nobody_before_it_is_missed() {
    let session_timeout = Duration::from_secs(9);
    let mut replicas = Replicas::with(|config| config.broker_session_timeout(session_timeout), 1, "1");
    replicas.crash(1);
    let (topic, broker) = ("orders".into(), BrokerId(2));
    let action = Action::MoveLeader { topic, partition: 0, broker };
    let error = replicas.world.cluster.perform(action, Timestamp(NOW)).unwrap_err();
    assert_eq!(error.to_string(), "orders-0 has no running leader whose place broker 2 could take");
    assert_eq!(replicas.partition().leader(), 1);
}

#[test]
fn when_all_die_while_elections_are_held_up_the_last_leader_leads_again() {
    let mut replicas = Replicas::with(|config| config, 2, "1");
    assert_eq!(replicas.produce(1, ALL, "a"), Some((ErrorCode::NONE, 0)));
    replicas.perform(Action::HoldElections(true));
    replicas.crash(1);
    replicas.crash(2);
    replicas.perform(Action::HoldElections(false));
    replicas.start(2);
    assert_eq!((replicas.partition().leader(), replicas.in_sync()), (BrokerId::NONE, vec![]));
    replicas.start(1);
    assert_eq!((replicas.partition().leader(), replicas.in_sync()), (BrokerId(1), vec![1, 2]));
    assert_eq!(replicas.read(), (owned(&["a"]), 1));
}

#[test]
fn actions_that_cannot_be_done_say_why() {
    let mut replicas = Replicas::new("1");
    let mut refused = |action| {
        let error = replicas.world.cluster.perform(action, Timestamp(NOW)).unwrap_err();
        error.to_string()
    };
    let nobody = BrokerId(9);
    assert_eq!(refused(Action::CrashBroker(nobody)), "there is no broker 9; the brokers are 1 to 3");
    assert_eq!(refused(Action::StartBroker(BrokerId(2))), "broker 2 runs already");
    let (topic, partition) = ("orders".into(), 1);
    assert_eq!(
        refused(Action::MoveLeader { topic, partition, broker: BrokerId(1) }),
        "`orders` has the partitions 0 to 0, and no partition 1"
    );
    assert_eq!(refused(Action::DeleteTopic("odrers".into())), "there is no topic `odrers`");
    let kind = ElectionKind::Unclean;
    assert_eq!(
        refused(Action::ElectLeader { topic: "orders".into(), partition: 0, kind }),
        "orders-0 has the leader already that an election would give it"
    );
    replicas.crash(2);
    let again = replicas.world.cluster.perform(Action::CrashBroker(BrokerId(2)), Timestamp(NOW)).unwrap_err();
    assert_eq!(again.to_string(), "broker 2 does not run");
}

#[test]
fn a_topic_that_is_created_while_a_broker_is_down_has_a_leader_that_runs() {
    let mut world = World::new(ClusterConfig::new(3));
    world.cluster.perform(Action::CrashBroker(BrokerId(2)), world.now).unwrap();
    let frozen = Action::Lag { topic: None, partition: None, broker: BrokerId(3), lag: Lag::Frozen };
    world.cluster.perform(frozen, world.now).unwrap();
    let spec = TopicSpec::new("orders").partitions(3).replication_factor(3);
    world.cluster.perform(Action::CreateTopic(spec), world.now).unwrap();
    let check = |world: &World, in_sync: &[i32]| {
        for partition in world.cluster.topic("orders").unwrap().partitions() {
            assert_ne!((partition.leader(), partition.leader_epoch()), (BrokerId(2), 0));
            let mut set: Vec<i32> = partition.in_sync_replicas().iter().map(|broker| broker.0).collect();
            set.sort_unstable();
            assert_eq!((set, partition.replicas().len()), (in_sync.to_vec(), 3));
        }
    };
    check(&world, &[1, 3]);
    world.cluster.perform(Action::StartBroker(BrokerId(2)), world.now).unwrap();
    check(&world, &[1, 2, 3]);

    // The lag that was set for all topics holds for the new one too.
    let leader = world.cluster.topic("orders").unwrap().partitions().iter().position(|p| p.leader() == 1);
    let index = leader.expect("broker 1 leads one") as i32;
    let connection = world.connect(1);
    assert_eq!(world.produce(connection, "orders", index, ALL, Some(record("a"))), Reply::Nothing);
}

#[test]
fn an_action_that_is_refused_loses_no_answer_that_was_due_before() {
    let mut replicas = Replicas::new("1");
    let lag = Lag::Time(Duration::from_millis(500));
    replicas.perform(Action::Lag { topic: None, partition: None, broker: BrokerId(2), lag });
    replicas.world.produce(replicas.at(1), "orders", 0, LEADER, Some(record("a")));
    let waiting = FetchRequest { max_wait_ms: 100, ..fetch(0) };
    let connection = replicas.world.connect(1);
    assert_eq!(replicas.world.ask(connection, 12, &waiting), Reply::Nothing);

    // Both the fetch and the follower's copy are due when it comes.
    let later = Timestamp(NOW + 600);
    let nowhere = Action::DeleteTopic("nowhere".into());
    replicas.world.cluster.perform(nowhere, later).unwrap_err();
    assert_eq!(replicas.world.cluster.next_wakeup(), Some(later));
    let answer = replicas.world.wait::<FetchRequest>(connection, 12, later.0).answer();
    assert_eq!(answer.responses[0].partitions[0].high_watermark, 0);
}
