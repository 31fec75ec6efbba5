//! What each kind of fault does, as the core decides it. What it looks like on the wire: `tests/faults.rs`.

use std::time::Duration;

use milena_mock_broker::{
    Action, ClusterConfig, ConnectionId, Effect, Fault, FaultId, Input, Lag, Outcome, TopicSpec,
};
use protocol::api::RequestMessage;
use protocol::frame::{EncodedFrame, encode_request};
use protocol::messages::create_topics::CreatableTopic;
use protocol::messages::delete_topics::DeleteTopicState;
use protocol::messages::fetch::{FetchPartition, FetchTopic};
use protocol::messages::join_group::JoinGroupRequestProtocol;
use protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use protocol::messages::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use protocol::messages::*;
use protocol::names::{BrokerId, ProducerId, Timestamp};
use protocol::records::{Part, batches};
use protocol::{ApiKey, ByteString, ErrorCode};

use crate::client::{NOW, Reply, World, batch, produce_request, sequenced};

fn world(rule: &str) -> (World, FaultId) {
    let mut world = World::new(ClusterConfig::new(3).topic("orders", 2));
    let id = add(&mut world, rule);
    (world, id)
}

fn add(world: &mut World, rule: &str) -> FaultId {
    let rule: Fault = rule.parse().unwrap();
    world.cluster.check_fault(&rule).unwrap();
    world.cluster.add_fault(rule)
}

/// Releases a rule, and gives what comes of it.
fn release(world: &mut World, id: FaultId) -> Vec<Effect> {
    assert!(world.cluster.release_fault(id));
    assert_eq!(world.cluster.next_wakeup(), Some(Timestamp(i64::MIN)));
    world.cluster.handle(Input::Wakeup, world.now)
}

/// A connection to the broker that leads partition 0 of `orders`.
fn to_leader(world: &mut World) -> ConnectionId {
    let leader = world.cluster.topic("orders").unwrap().partitions()[0].leader();
    world.connect(leader.0)
}

fn stored(world: &World) -> i64 {
    world.cluster.topic("orders").unwrap().partitions()[0].high_watermark()
}

fn produce() -> ProduceRequest {
    produce_request("orders", 0, -1, Some(batch(1)))
}

/// The bytes that are sent on a connection, effect by effect.
fn sent(effects: &[Effect]) -> Vec<Vec<u8>> {
    let bytes = |frame: &EncodedFrame| frame.clone().into_bytes().to_vec();
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { frame, .. } | Effect::SendSlowly { frame, .. } => Some(bytes(frame)),
            _ => None,
        })
        .collect()
}

/// What the answer to the next request would be, by a second world in which nothing goes wrong.
fn whole_answer<M: RequestMessage>(version: i16, request: &M) -> Vec<u8> {
    let (mut world, _) = world("then=observe");
    let connection = to_leader(&mut world);
    sent(&world.send(connection, version, request)).remove(0)
}

#[test]
fn apply_then_error_stores_the_records_and_answers_the_error_with_their_offset() {
    let (mut world, _) = world("on=Produce partition=0 nth=2 then=apply_then_error=REQUEST_TIMED_OUT");
    let connection = to_leader(&mut world);
    world.ask(connection, 9, &produce()).answer();
    let response = world.ask(connection, 9, &produce()).answer();
    let partition = &response.responses[0].partition_responses[0];
    assert_eq!((partition.error_code, partition.base_offset), (ErrorCode::REQUEST_TIMED_OUT, 1));
    assert_eq!(stored(&world), 2);
    let entry = world.cluster.journal().entries().last().unwrap();
    assert_eq!(entry.partitions[0].error_code, ErrorCode::REQUEST_TIMED_OUT);
}

#[test]
fn apply_then_error_closes_on_who_wants_no_answer() {
    let (mut world, _) = world("on=Produce then=apply_then_error=REQUEST_TIMED_OUT");
    let connection = to_leader(&mut world);
    let request = produce_request("orders", 0, 0, Some(batch(1)));
    assert_eq!(world.ask(connection, 9, &request), Reply::Closed);
    assert_eq!(stored(&world), 1);
}

#[test]
fn apply_then_error_goes_by_the_producer_id_of_the_batch() {
    let (mut world, _) = world("producer_id=1 then=apply_then_error=REQUEST_TIMED_OUT");
    let connection = to_leader(&mut world);
    for (producer, code) in [(ProducerId(0), 0), (ProducerId(1), 7)] {
        let request = produce_request("orders", 0, -1, Some(sequenced(1, (producer, 0), 0)));
        let response = world.ask(connection, 9, &request).answer();
        assert_eq!(response.responses[0].partition_responses[0].error_code.0, code);
    }
}

#[test]
fn apply_then_error_creates_topics_and_makes_ids_and_does_not_say_so() {
    let (mut world, _) = world("then=apply_then_error=REQUEST_TIMED_OUT");
    let connection = world.connect(1);
    let topic =
        CreatableTopic { name: "new".into(), num_partitions: 1, replication_factor: 1, ..Default::default() };
    let create = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
    let response = world.ask(connection, 7, &create).answer();
    assert_eq!(response.topics[0].error_code, ErrorCode::REQUEST_TIMED_OUT);
    assert!(world.cluster.topic("new").is_some());
    let response = world.ask(connection, 4, &InitProducerIdRequest::default()).answer();
    assert_eq!(
        (response.error_code.0, response.producer_id, response.producer_epoch),
        (7, ProducerId::NONE, -1)
    );
    let topics = vec![DeleteTopicState { name: Some("new".into()), ..Default::default() }];
    let delete = DeleteTopicsRequest { topics, ..Default::default() };
    assert_eq!(world.ask(connection, 6, &delete).answer().responses[0].error_code.0, 7);
    assert!(world.cluster.topic("new").is_none());
}

#[test]
fn an_error_is_for_the_group_or_the_transactional_id_that_is_named() {
    let (mut world, _) = world("group=g then=error=GROUP_AUTHORIZATION_FAILED");
    add(&mut world, "on=any transactional_id=t then=error=TRANSACTIONAL_ID_AUTHORIZATION_FAILED");
    let connection = world.connect(1);
    let codes = |world: &mut World, key_type| {
        let coordinator_keys = ["g", "t"].map(ByteString::from).to_vec();
        let request = FindCoordinatorRequest { key_type, coordinator_keys, ..Default::default() };
        let response = world.ask(connection, 4, &request).answer();
        response.coordinators.iter().map(|coordinator| coordinator.error_code.0).collect::<Vec<_>>()
    };
    assert_eq!(codes(&mut world, 0), [30, 0]);
    assert_eq!(codes(&mut world, 1), [0, 53]);
    // Broker 1 coordinates `s`.
    for (id, code) in [("t", 53), ("s", 0)] {
        let request = InitProducerIdRequest {
            transactional_id: Some(id.into()),
            transaction_timeout_ms: 1000,
            ..Default::default()
        };
        assert_eq!(world.ask(connection, 4, &request).answer().error_code.0, code);
    }
}

#[test]
fn rules_reach_every_place_of_requests_about_groups() {
    let (mut world, _) =
        world("on=OffsetCommit group=g topic=orders partition=1 then=error=OFFSET_METADATA_TOO_LARGE");
    add(&mut world, "on=Heartbeat group=g then=error=REBALANCE_IN_PROGRESS");
    add(&mut world, "on=JoinGroup group=g then=apply_then_error=REQUEST_TIMED_OUT");
    add(&mut world, "on=LeaveGroup then=throttle=5ms");
    let connections = [1, 2, 3].map(|broker| world.connect(broker));
    let find = FindCoordinatorRequest { key: "g".into(), ..Default::default() };
    let coordinator = world.ask(connections[0], 3, &find).answer().node_id;
    let connection = connections[coordinator.0 as usize - 1];

    let topics = vec![OffsetCommitRequestTopic {
        name: "orders".into(),
        partitions: [0, 1]
            .map(|partition_index| OffsetCommitRequestPartition { partition_index, ..Default::default() })
            .to_vec(),
        ..Default::default()
    }];
    let mut codes = |group: &str| {
        let generation_id_or_member_epoch = -1;
        let group_id = group.into();
        let topics = topics.clone();
        let commit =
            OffsetCommitRequest { group_id, generation_id_or_member_epoch, topics, ..Default::default() };
        let response = world.ask(connection, 8, &commit).answer();
        response.topics[0].partitions.iter().map(|partition| partition.error_code).collect::<Vec<_>>()
    };
    assert_eq!(codes("g"), [ErrorCode::NONE, ErrorCode::OFFSET_METADATA_TOO_LARGE]);
    assert!(!codes("h").contains(&ErrorCode::OFFSET_METADATA_TOO_LARGE));

    let heartbeat = HeartbeatRequest { group_id: "g".into(), ..Default::default() };
    assert_eq!(world.ask(connection, 4, &heartbeat).answer().error_code, ErrorCode::REBALANCE_IN_PROGRESS);
    let protocol = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
    let join = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    let response = world.ask(connection, 5, &join).answer();
    assert_eq!((response.error_code, response.generation_id), (ErrorCode::REQUEST_TIMED_OUT, -1));
    let leave = LeaveGroupRequest { group_id: "g".into(), ..Default::default() };
    assert_eq!(world.ask(connection, 4, &leave).answer().throttle_time_ms, 5);
}

#[test]
fn rules_reach_every_place_of_requests_about_transactions() {
    let (mut world, _) = world("on=EndTxn transactional_id=t then=apply_then_error=CONCURRENT_TRANSACTIONS");
    add(&mut world, "on=AddOffsetsToTxn transactional_id=t group=g then=apply_then_error=REQUEST_TIMED_OUT");
    add(&mut world, "then=throttle=9ms");
    let connection = world.connect(1);
    for (id, is_struck) in [("t", true), ("u", false)] {
        let end = EndTxnRequest { transactional_id: id.into(), ..Default::default() };
        let response = world.ask(connection, 3, &end).answer();
        assert_eq!(response.error_code == ErrorCode::CONCURRENT_TRANSACTIONS, is_struck);
        assert_eq!(response.throttle_time_ms, 9);
        let (transactional_id, group_id) = (id.into(), "g".into());
        let add = AddOffsetsToTxnRequest { transactional_id, group_id, ..Default::default() };
        let response = world.ask(connection, 3, &add).answer();
        assert_eq!(response.error_code == ErrorCode::REQUEST_TIMED_OUT, is_struck);
    }
}

#[test]
fn delay_before_does_the_work_later() {
    let (mut world, _) = world("on=Produce then=delay_before=250ms");
    let connection = to_leader(&mut world);
    assert_eq!(world.ask(connection, 9, &produce()), Reply::Nothing);
    assert_eq!(world.wait::<ProduceRequest>(connection, 9, NOW + 249), Reply::Nothing);
    assert_eq!(stored(&world), 0);
    world.wait::<ProduceRequest>(connection, 9, NOW + 250).answer();
    assert_eq!(stored(&world), 1);
}

#[test]
fn what_is_held_goes_on_when_its_rule_is_released_or_removed() {
    for (rule, stored_meanwhile) in [("then=hold_before", 0), ("then=hold_after", 1)] {
        for is_removed in [false, true] {
            let (mut world, id) = world(rule);
            let connection = to_leader(&mut world);
            assert_eq!(world.ask(connection, 9, &produce()), Reply::Nothing, "{rule}");
            // The next one waits its turn.
            assert_eq!(world.ask(connection, 9, &produce()), Reply::Nothing, "{rule}");
            assert_eq!(
                world.wait::<ProduceRequest>(connection, 9, NOW + 3_600_000),
                Reply::Nothing,
                "{rule}"
            );
            assert_eq!(stored(&world), stored_meanwhile, "{rule}");
            let effects = if is_removed {
                assert!(world.cluster.remove_fault(id));
                world.cluster.handle(Input::Wakeup, world.now)
            } else {
                release(&mut world, id)
            };
            assert_eq!((sent(&effects).len(), stored(&world)), (2, 2), "{rule}");
            world.ask(connection, 9, &produce()).answer();
        }
    }
}

/// Sends a request that waits by itself, for half a second.
fn waits_by_itself(world: &mut World, api: ApiKey) -> ConnectionId {
    let connection = to_leader(world);
    match api {
        ApiKey::FETCH => {
            let request = FetchRequest { max_wait_ms: 500, min_bytes: 1, ..fetch() };
            assert_eq!(world.ask(connection, 12, &request), Reply::Nothing);
            connection
        }
        ApiKey::PRODUCE => {
            for broker in [1, 2, 3].map(BrokerId) {
                let lag = Action::Lag { topic: None, partition: None, broker, lag: Lag::Frozen };
                world.cluster.perform(lag, world.now).unwrap();
            }
            let request = ProduceRequest { timeout_ms: 500, ..produce() };
            assert_eq!(world.ask(connection, 9, &request), Reply::Nothing);
            connection
        }
        _ => {
            // The first rebalance of a group waits for others.
            let find = FindCoordinatorRequest { key: "g".into(), ..Default::default() };
            let coordinator = world.ask(connection, 3, &find).answer().node_id;
            let connection = world.connect(coordinator.0);
            let protocol = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
            let join = JoinGroupRequest {
                group_id: "g".into(),
                session_timeout_ms: 10_000,
                rebalance_timeout_ms: 10_000,
                protocol_type: "consumer".into(),
                protocols: vec![protocol],
                ..Default::default()
            };
            assert_eq!(world.ask(connection, 3, &join), Reply::Nothing);
            connection
        }
    }
}

fn wake_at(world: &mut World, time: i64) -> Vec<Effect> {
    world.now = Timestamp(time);
    world.cluster.handle(Input::Wakeup, world.now)
}

/// A cluster in which requests of all APIs can wait by themselves.
fn slow_world(rule: &str) -> (World, FaultId) {
    let spec = TopicSpec::new("orders").partitions(1).replication_factor(3);
    let config = ClusterConfig::new(3).topic_with(spec);
    let config = config.config("group.initial.rebalance.delay.ms", "500").unwrap();
    let mut world = World::new(config);
    let id = add(&mut world, rule);
    (world, id)
}

const WAITING: [ApiKey; 3] = [ApiKey::FETCH, ApiKey::PRODUCE, ApiKey::JOIN_GROUP];

#[test]
fn a_rule_released_before_its_effect_begins_holds_no_answer() {
    for api in WAITING {
        let (mut world, id) = slow_world(&format!("on={api} then=hold_after"));
        waits_by_itself(&mut world, api);
        assert_eq!(sent(&release(&mut world, id)).len(), 0, "{api}");
        assert_eq!(sent(&wake_at(&mut world, NOW + 500)).len(), 1, "{api}");
    }
}

#[test]
fn a_rule_released_before_its_effect_begins_stops_no_reading() {
    for api in WAITING {
        let (mut world, id) = slow_world(&format!("on={api} then=stop_reading"));
        let connection = waits_by_itself(&mut world, api);
        release(&mut world, id);
        let effects = wake_at(&mut world, NOW + 500);
        assert!(matches!(effects[..], [Effect::Send { .. }, Effect::ResumeReading { .. }]), "{effects:?}");
        world.ask(connection, 12, &MetadataRequest::default()).answer();
    }
}

#[test]
fn a_rule_released_before_its_effect_begins_keeps_no_answer_back() {
    for api in WAITING {
        let (mut world, id) = slow_world(&format!("on={api} then=reorder"));
        waits_by_itself(&mut world, api);
        release(&mut world, id);
        assert_eq!(sent(&wake_at(&mut world, NOW + 500)).len(), 1, "{api}");
    }
}

#[test]
fn what_is_held_goes_on_when_the_time_of_its_rule_is_over() {
    for (reaction, answered) in [("hold_before", 0), ("hold_after", 0), ("reorder", 0), ("stop_reading", 1)] {
        let (mut world, _) = world(&format!("on=Produce nth=1 until=2s then={reaction}"));
        let connection = to_leader(&mut world);
        assert_eq!(sent(&world.send(connection, 9, &produce())).len(), answered, "{reaction}");
        assert_eq!(world.cluster.next_wakeup(), Some(Timestamp(NOW + 2000)), "{reaction}");
        assert_eq!(sent(&wake_at(&mut world, NOW + 1999)).len(), 0, "{reaction}");
        let effects = wake_at(&mut world, NOW + 2000);
        assert_eq!(sent(&effects).len(), 1 - answered, "{reaction}");
        world.ask(connection, 9, &produce()).answer();
        assert_eq!(stored(&world), 2, "{reaction}");
    }
}

#[test]
fn what_several_rules_hold_waits_for_the_last_of_them() {
    for reaction in ["hold_before", "hold_after", "reorder", "stop_reading"] {
        let (mut world, first) = world(&format!("on=Produce nth=1 then={reaction}"));
        let second = add(&mut world, &format!("on=Produce nth=1 then={reaction}"));
        let connection = to_leader(&mut world);
        world.send(connection, 9, &produce());
        assert!(release(&mut world, first).is_empty(), "{reaction}");
        assert!(!release(&mut world, second).is_empty(), "{reaction}");
        world.ask(connection, 9, &produce()).answer();
    }
}

#[test]
fn what_a_replaced_rule_held_is_let_go() {
    let (mut world, id) = world("on=Produce nth=1 then=hold_after");
    let connection = to_leader(&mut world);
    assert_eq!(world.ask(connection, 9, &produce()), Reply::Nothing);
    assert!(world.cluster.replace_fault(id, "on=Produce nth=1 then=hold_after".parse().unwrap()));
    world.wait::<ProduceRequest>(connection, 9, NOW + 1).answer();
    assert_eq!(world.ask(connection, 9, &produce()), Reply::Nothing, "the new one holds what comes now");
}

#[test]
fn half_a_response_is_written_before_the_connection_is_closed() {
    let whole = whole_answer(9, &produce());
    for (rule, length) in [("half_response", whole.len() / 2), ("half_response=3", 3), ("half_response=0", 0)]
    {
        let (mut world, _) = world(&format!("on=Produce then={rule}"));
        let connection = to_leader(&mut world);
        let effects = world.send(connection, 9, &produce());
        assert_eq!(sent(&effects), [&whole[..length]]);
        assert!(matches!(effects[1], Effect::Close { .. }), "{effects:?}");
        assert_eq!(stored(&world), 1);
    }
}

#[test]
fn close_closes_behind_the_answer_and_reset_instead_of_it() {
    let (mut world, _) = world("on=Produce nth=1 then=close");
    let connection = to_leader(&mut world);
    let effects = world.send(connection, 9, &produce());
    assert!(matches!(effects[..], [Effect::Send { .. }, Effect::Close { .. }]), "{effects:?}");

    add(&mut world, "on=Produce nth=1 then=reset");
    for (acks, records) in [(-1, 2), (0, 3)] {
        let connection = to_leader(&mut world);
        let effects = world.send(connection, 9, &produce_request("orders", 0, acks, Some(batch(1))));
        assert!(matches!(effects[..], [Effect::Reset { .. }]), "{effects:?}");
        assert_eq!(stored(&world), records);
        assert_eq!(world.cluster.journal().entries().last().unwrap().outcome, Outcome::Closed);
        add(&mut world, "on=Produce nth=1 then=reset");
    }
}

#[test]
fn damaged_bytes_are_damaged_as_said() {
    let whole = whole_answer(9, &produce());
    let damaged = |corruption: &str| {
        let (mut world, _) = world(&format!("on=Produce then=corrupt={corruption}"));
        let connection = to_leader(&mut world);
        sent(&world.send(connection, 9, &produce())).remove(0)
    };
    let length = damaged("length");
    assert_eq!(length[..4], (whole.len() as i32 - 5).to_be_bytes());
    assert_eq!(length[4..], whole[4..]);
    let correlation_id = damaged("correlation_id");
    assert_eq!(correlation_id[4..8], (!1_i32).to_be_bytes());
    assert_eq!((&correlation_id[..4], &correlation_id[8..]), (&whole[..4], &whole[8..]));
    let garbage = damaged("garbage");
    assert_eq!(garbage[..8], whole[..8]);
    assert!(garbage.len() == whole.len() && garbage[8..] != whole[8..]);
    assert_eq!(damaged("garbage"), garbage, "the same seed gives the same garbage");
    assert_eq!(damaged("raw:00ff0A"), [0, 255, 10]);
}

fn fetch() -> FetchRequest {
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: "orders".into(), partitions: vec![partition], ..Default::default() };
    FetchRequest { topics: vec![topic], max_wait_ms: 0, ..Default::default() }
}

#[test]
fn a_damaged_checksum_is_that_of_every_batch_and_nothing_else_is_damaged() {
    let (mut world, _) = world("on=Fetch nth=2 then=corrupt=crc");
    let connection = to_leader(&mut world);
    for _ in 0..3 {
        world.ask(connection, 9, &produce()).answer();
    }
    for is_sound in [true, false, true] {
        let response = world.ask(connection, 12, &fetch()).answer();
        let records = response.responses[0].partitions[0].records.as_ref().unwrap().to_bytes();
        let checks: Vec<bool> = batches(&records)
            .map(|part| match part.unwrap() {
                Part::Batch(batch) => batch.verify_crc().is_ok(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(checks, [is_sound; 3]);
    }
}

#[test]
fn errors_of_a_fetch_session_are_those_of_the_whole_answer() {
    let (mut world, _) = world("on=Fetch nth=1 then=error=FETCH_SESSION_ID_NOT_FOUND");
    add(&mut world, "on=Fetch nth=2 then=error=KAFKA_STORAGE_ERROR");
    let connection = to_leader(&mut world);
    let response = world.ask(connection, 12, &fetch()).answer();
    assert_eq!((response.error_code.0, response.responses.len()), (70, 0));
    let response = world.ask(connection, 12, &fetch()).answer();
    assert_eq!((response.error_code.0, response.responses[0].partitions[0].error_code.0), (0, 56));
}

#[test]
fn a_client_that_is_to_bootstrap_again_is_told_so_at_the_top_of_metadata() {
    let (mut world, _) = world("on=Metadata then=error=REBOOTSTRAP_REQUIRED");
    let connection = world.connect(1);
    let all = MetadataRequest { topics: None, ..Default::default() };
    let response = world.ask(connection, 13, &all).answer();
    assert_eq!((response.error_code, response.topics.len()), (ErrorCode::REBOOTSTRAP_REQUIRED, 0));
    let response = world.ask(connection, 12, &all).answer();
    assert_eq!(response.topics[0].error_code, ErrorCode::REBOOTSTRAP_REQUIRED);
}

/// The correlation ids of the answers among the effects.
fn answered(effects: &[Effect]) -> Vec<i32> {
    let id = |bytes: Vec<u8>| i32::from_be_bytes(bytes[4..8].try_into().unwrap());
    sent(effects).into_iter().map(id).collect()
}

#[test]
fn duplicate_answers_twice_and_reorder_behind_the_next_answer() {
    let (mut world, _) = world("on=Produce nth=1 then=duplicate");
    let connection = to_leader(&mut world);
    let effects = world.send(connection, 9, &produce());
    assert_eq!(sent(&effects)[0], sent(&effects)[1]);
    assert_eq!((sent(&effects).len(), stored(&world)), (2, 1));

    add(&mut world, "on=Produce first=2 then=reorder");
    let mut send = || answered(&world.send(connection, 9, &produce()));
    // Both are struck, but the second one lets the first one out.
    assert_eq!([send(), send(), send()], [vec![], vec![3, 2], vec![4]]);
}

#[test]
fn a_throttled_answer_says_so_in_every_api() {
    let (mut world, _) = world("then=throttle=1500ms");
    let connection = to_leader(&mut world);
    let mut times = vec![
        world.ask(connection, 9, &produce()).answer().throttle_time_ms,
        world.ask(connection, 12, &fetch()).answer().throttle_time_ms,
        world.ask(connection, 12, &MetadataRequest::default()).answer().throttle_time_ms,
        world.ask(connection, 4, &FindCoordinatorRequest::default()).answer().throttle_time_ms,
        world.ask(connection, 3, &ApiVersionsRequest::default()).answer().throttle_time_ms,
        world.ask(connection, 7, &CreateTopicsRequest::default()).answer().throttle_time_ms,
        world.ask(connection, 6, &DeleteTopicsRequest::default()).answer().throttle_time_ms,
        world.ask(connection, 4, &InitProducerIdRequest::default()).answer().throttle_time_ms,
    ];
    let topic = ListOffsetsTopic {
        name: "orders".into(),
        partitions: vec![ListOffsetsPartition { timestamp: -1, ..Default::default() }],
        ..Default::default()
    };
    let list = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
    times.push(world.ask(connection, 7, &list).answer().throttle_time_ms);
    assert_eq!(times, [1500; 9]);
    // The oldest version has no place for it.
    assert_eq!(world.ask(connection, 0, &MetadataRequest::default()).answer().throttle_time_ms, 0);
}

#[test]
fn bandwidth_makes_an_answer_slow() {
    let (mut world, _) = world("on=Produce then=bandwidth=100");
    let connection = to_leader(&mut world);
    let effects = world.send(connection, 9, &produce());
    assert!(matches!(effects[..], [Effect::SendSlowly { bytes_per_second: 100, .. }]), "{effects:?}");
}

#[test]
fn a_silent_connection_hears_nothing_and_says_nothing_any_more() {
    let (mut world, _) = world("on=Produce nth=1 then=silence");
    let connection = to_leader(&mut world);
    for _ in 0..3 {
        assert!(world.send(connection, 9, &produce()).is_empty());
        assert!(world.send(connection, 12, &MetadataRequest::default()).is_empty());
    }
    assert_eq!(stored(&world), 0);
    assert_eq!(world.cluster.journal().requests(), 1);
    let other = to_leader(&mut world);
    world.ask(other, 9, &produce()).answer();
}

#[test]
fn a_connection_that_is_not_read_is_answered_once_more_and_read_again_when_the_rule_is_released() {
    let (mut world, id) = world("on=Produce nth=1 then=stop_reading");
    let connection = to_leader(&mut world);
    let effects = world.send(connection, 9, &produce());
    assert!(matches!(effects[..], [Effect::Send { .. }, Effect::StopReading { .. }]), "{effects:?}");
    // What was read before is kept.
    assert!(world.send(connection, 9, &produce()).is_empty());
    assert_eq!(stored(&world), 1);
    let effects = release(&mut world, id);
    assert!(matches!(effects[..], [Effect::Send { .. }, Effect::ResumeReading { .. }]), "{effects:?}");
    assert_eq!(stored(&world), 2);
}

#[test]
fn a_broker_refuses_connections_as_long_as_the_rule_says() {
    let (mut world, _) = world("broker=2 from=1s until=3s then=refuse_connections");
    let begin = world.now;
    let at = |world: &mut World, time: u64| {
        world.now = begin + Duration::from_millis(time);
        let listens: Vec<(i32, bool)> = world
            .cluster
            .handle(Input::Wakeup, world.now)
            .iter()
            .map(|effect| match effect {
                Effect::Listen { broker, open } => (broker.0, *open),
                other => panic!("{other:?}"),
            })
            .collect();
        (listens, world.cluster.takes_connections(BrokerId(2)))
    };
    assert_eq!(at(&mut world, 0), (vec![], true));
    let open = world.connect(2);
    assert_eq!(world.cluster.next_wakeup(), Some(begin + Duration::from_secs(1)));
    assert_eq!(at(&mut world, 999), (vec![], true));
    assert_eq!(at(&mut world, 1000), (vec![(2, false)], false));
    assert_eq!(world.cluster.next_wakeup(), Some(begin + Duration::from_secs(3)));
    assert!(world.cluster.takes_connections(BrokerId(1)));
    // Those that are open stay; one that slipped in is thrown out.
    world.ask(open, 12, &MetadataRequest::default()).answer();
    let late = Input::Opened { connection: ConnectionId(99), broker: BrokerId(2) };
    assert!(matches!(world.cluster.handle(late, world.now)[..], [Effect::Reset { .. }]));
    assert_eq!(at(&mut world, 3000), (vec![(2, true)], true));
}

#[test]
fn metadata_is_as_it_was_when_the_rule_began() {
    let (mut world, id) = world("on=Metadata then=stale_metadata");
    let leader = world.cluster.topic("orders").unwrap().partitions()[0].leader();
    let other = if leader == BrokerId(1) { BrokerId(2) } else { BrokerId(1) };
    world.cluster.move_leader("orders", 0, other).unwrap();
    let connection = world.connect(1);
    let named = |name: &str| metadata::MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
    let request = MetadataRequest {
        topics: Some(vec![named("orders"), named("later")]),
        allow_auto_topic_creation: true,
        ..Default::default()
    };
    let ask = |world: &mut World| {
        let response = world.ask(connection, 12, &request).answer();
        let [orders, later] = &response.topics[..] else { panic!("{response:?}") };
        (orders.partitions[0].leader_id, orders.partitions[0].leader_epoch, later.error_code.0)
    };
    assert_eq!(ask(&mut world), (leader, 0, 3));
    assert!(world.cluster.topic("later").is_none());
    release(&mut world, id);
    assert_eq!(ask(&mut world), (other, 1, 0));
}

#[test]
fn metadata_gets_stale_from_the_moment_on_that_the_rule_names() {
    let (mut world, _) = world("on=Metadata from=1s until=2s then=stale_metadata");
    let begin = world.now;
    world.cluster.handle(Input::Wakeup, begin);
    let leader = world.cluster.topic("orders").unwrap().partitions()[0].leader();
    let brokers = [1, 2, 3].map(BrokerId);
    let [second, third] = brokers.into_iter().filter(|id| *id != leader).collect::<Vec<_>>()[..] else {
        panic!()
    };
    let led_by = |world: &mut World, time, next| {
        world.now = begin + Duration::from_millis(time);
        world.cluster.handle(Input::Wakeup, world.now);
        world.cluster.move_leader("orders", 0, next).unwrap();
        let connection = world.connect(1);
        let all = MetadataRequest { topics: None, ..Default::default() };
        world.ask(connection, 12, &all).answer().topics[0].partitions[0].leader_id
    };
    assert_eq!(led_by(&mut world, 500, second), second);
    assert_eq!(led_by(&mut world, 1000, third), second);
    assert_eq!(led_by(&mut world, 2000, leader), leader);
}

#[test]
fn a_broker_pretends_to_be_older() {
    let (mut world, id) =
        world("broker=1 then=pretend_version=Produce:7,ApiVersions:2,InitProducerId:0,CreateTopics:1");
    let connection = world.connect(1);
    let shown = |world: &mut World, connection, version| {
        let response = world.ask(connection, version, &ApiVersionsRequest::default()).answer();
        let max =
            |key: ApiKey| response.api_keys.iter().find(|it| it.api_key == key.0).map(|it| it.max_version);
        [ApiKey::PRODUCE, ApiKey::FETCH, ApiKey::INIT_PRODUCER_ID, ApiKey::CREATE_TOPICS].map(max)
    };
    assert_eq!(shown(&mut world, connection, 2), [Some(7), Some(18), Some(0), None]);
    // As an old broker: ApiVersions above is answered in version 0, the others are closed.
    let effects = world.send(connection, 3, &ApiVersionsRequest::default());
    let body = &sent(&effects)[0][8..];
    assert_eq!(body[..2], 35_i16.to_be_bytes());
    assert_eq!(body[6..12], [0, 18, 0, 0, 0, 2]);
    assert_eq!(world.ask(connection, 8, &produce()), Reply::Closed);
    let connection = world.connect(1);
    assert_eq!(world.ask(connection, 4, &CreateTopicsRequest::default()), Reply::Closed);
    // Others are as new as they are, and so is this one in the end.
    let other = world.connect(2);
    assert_eq!(shown(&mut world, other, 3), [Some(13), Some(18), Some(5), Some(7)]);
    release(&mut world, id);
    let connection = world.connect(1);
    assert_eq!(shown(&mut world, connection, 3), [Some(13), Some(18), Some(5), Some(7)]);
}

#[test]
fn observe_only_counts_and_a_rule_sees_who_asks_how() {
    let (mut world, all) = world("then=observe");
    let rules = [
        "client_id=test",
        "client_id=other",
        "connection=2",
        "versions=12",
        "versions=4-11",
        "after=1 on=Metadata",
    ];
    let rules = rules.map(|rule| add(&mut world, &format!("{rule} then=observe")));
    for _ in 0..2 {
        let connection = world.connect(1);
        world.ask(connection, 12, &MetadataRequest::default()).answer();
    }
    let connection = world.connect(1);
    let frame = encode_request(1, Some("other"), 4, &InitProducerIdRequest::default()).unwrap();
    assert_eq!(sent(&world.frame(connection, frame.into_bytes().slice(4..))).len(), 1);
    assert_eq!(world.cluster.fault_hits(all), Some(3));
    assert_eq!(rules.map(|id| world.cluster.fault_hits(id).unwrap()), [2, 1, 1, 2, 1, 1]);
}

#[test]
fn chance_comes_from_the_cluster_s_seed() {
    let struck = |seed| {
        let config =
            ClusterConfig::new(1).seed(seed).fault("probability=0.5 then=drop_request".parse().unwrap());
        let mut world = World::new(config);
        let mut ask = || {
            let connection = world.connect(1);
            world.ask(connection, 12, &MetadataRequest::default()) == Reply::Closed
        };
        (0..64).map(|_| ask()).collect::<Vec<_>>()
    };
    assert_eq!(struck(1), struck(1));
    assert_ne!(struck(1), struck(2));
    let hits = struck(1).into_iter().filter(|is_struck| *is_struck).count();
    assert!((16..48).contains(&hits), "{hits}");
}

#[test]
fn a_rule_is_found_by_its_name_and_replaced_while_it_runs() {
    let (mut world, id) = world("name=trouble on=Metadata then=drop_request");
    assert_eq!(world.cluster.fault_named("trouble"), Some(id));
    assert_eq!(world.cluster.fault_named("other"), None);
    let connection = world.connect(1);
    assert_eq!(world.ask(connection, 12, &MetadataRequest::default()), Reply::Closed);
    assert!(world.cluster.replace_fault(id, "on=Metadata then=observe".parse().unwrap()));
    let connection = world.connect(1);
    world.ask(connection, 12, &MetadataRequest::default()).answer();
    assert_eq!(world.cluster.fault_hits(id), Some(1));
}

#[test]
fn a_configuration_with_a_rule_that_can_never_strike_is_refused() {
    for (rule, reason) in [
        ("on=AlterPartition then=close", "AlterPartition is not served here"),
        ("then=pretend_version=AlterPartition:2", "AlterPartition is not served here"),
        ("broker=4 then=close", "there is no broker 4; they are 1 to 3"),
    ] {
        let config = ClusterConfig::new(3).fault(rule.parse().unwrap());
        let error = milena_mock_broker::Cluster::try_new(config).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
