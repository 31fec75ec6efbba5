//! Fault rules: what a client sees of them, and what happened nevertheless.

use std::time::Duration;

use milena_mock_broker::{Cluster, ClusterConfig, Effect, Fault, Outcome, Reaction};
use protocol::messages::{InitProducerIdRequest, MetadataRequest, ProduceRequest};
use protocol::{ApiKey, ErrorCode};

use crate::client::{NOW, Reply, World, batch, produce_request};

fn world(fault: Fault) -> World {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 2));
    world.cluster.add_fault(fault);
    world
}

fn stored(world: &World) -> i64 {
    world.cluster.topic("orders").unwrap().partitions()[0].high_watermark()
}

#[test]
fn a_dropped_request_did_not_happen() {
    let mut world = world(Fault::on(ApiKey::PRODUCE).nth(1).then(Reaction::DropRequest));
    let connection = world.connect(1);
    assert_eq!(world.produce(connection, "orders", 0, -1, Some(batch(1))), Reply::Closed);
    assert_eq!(stored(&world), 0);
    let connection = world.connect(1);
    assert_eq!(world.produce(connection, "orders", 0, -1, Some(batch(1))).answer().base_offset, 0);
}

#[test]
fn a_dropped_response_did_happen() {
    for acks in [0, 1, -1] {
        let mut world = world(Fault::on(ApiKey::PRODUCE).topic("orders").nth(1).then(Reaction::DropResponse));
        let connection = world.connect(1);
        assert_eq!(world.produce(connection, "orders", 0, acks, Some(batch(1))), Reply::Closed);
        assert_eq!(stored(&world), 1);
        let entry = world.cluster.journal().entries().next().unwrap();
        assert_eq!((entry.outcome, entry.faults.len()), (Outcome::Closed, 1));
        assert_eq!(entry.partitions[0].base_offset, 0);
    }
}

#[test]
fn a_failed_partition_gets_the_error_and_the_others_go_on() {
    let fail = Reaction::Fail(ErrorCode::NOT_ENOUGH_REPLICAS);
    let mut world = world(Fault::on(ApiKey::PRODUCE).partition(1).first(1).then(fail));
    let connection = world.connect(1);
    let mut request = produce_request("orders", 0, -1, Some(batch(1)));
    let mut second = request.topic_data[0].partition_data[0].clone();
    second.index = 1;
    request.topic_data[0].partition_data.push(second);
    for codes in [[0, 19], [0, 0]] {
        let response = world.ask(connection, 9, &request).answer();
        let got = response.responses[0].partition_responses.iter().map(|partition| partition.error_code.0);
        assert!(got.eq(codes));
    }
}

#[test]
fn a_delayed_answer_comes_later_and_the_work_is_done_at_once() {
    let delay = Reaction::DelayAfter(Duration::from_millis(250));
    let mut world = world(Fault::on(ApiKey::PRODUCE).nth(1).then(delay));
    let connection = world.connect(1);
    let request = produce_request("orders", 0, -1, Some(batch(1)));
    assert_eq!(world.ask(connection, 9, &request), Reply::Nothing);
    assert_eq!(stored(&world), 1);
    assert_eq!(world.cluster.journal().entries().next().unwrap().outcome, Outcome::Waiting);
    assert_eq!(world.wait::<ProduceRequest>(connection, 9, NOW + 249), Reply::Nothing);
    let response = world.wait::<ProduceRequest>(connection, 9, NOW + 250).answer();
    assert_eq!(response.responses[0].partition_responses[0].base_offset, 0);
    let entry = world.cluster.journal().entries().next().unwrap();
    assert_eq!((entry.outcome, entry.partitions.len()), (Outcome::Answered, 1));
}

#[test]
fn every_api_can_be_made_to_fail() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let connection = world.connect(1);
    let fail = |api_key, code| Fault::on(api_key).then(Reaction::Fail(code));
    world.cluster.add_fault(fail(ApiKey::INIT_PRODUCER_ID, ErrorCode::COORDINATOR_LOAD_IN_PROGRESS));
    world.cluster.add_fault(
        Fault::on(ApiKey::METADATA)
            .topic("orders")
            .partition(0)
            .then(Reaction::Fail(ErrorCode::LEADER_NOT_AVAILABLE)),
    );
    let response = world.ask(connection, 4, &InitProducerIdRequest::default()).answer();
    assert_eq!((response.error_code.0, response.producer_id.0, response.producer_epoch), (14, -1, -1));
    let all = MetadataRequest { topics: None, ..Default::default() };
    let response = world.ask(connection, 12, &all).answer();
    let partition = &response.topics[0].partitions[0];
    assert_eq!((partition.error_code.0, partition.leader_id.0), (5, -1));
}

#[test]
fn hits_are_counted_and_a_removed_rule_strikes_no_more() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let id = world.cluster.add_fault(Fault::on(ApiKey::METADATA).every(2).then(Reaction::DropResponse));
    let mut closed = 0;
    for _ in 0..4 {
        let connection = world.connect(1);
        let effects = world.send(connection, 12, &MetadataRequest::default());
        closed += effects.iter().filter(|effect| matches!(effect, Effect::Close { .. })).count();
    }
    assert_eq!((closed, world.cluster.fault_hits(id)), (2, Some(2)));
    assert!(world.cluster.remove_fault(id));
    assert_eq!(world.cluster.fault_hits(id), None);
    let connection = world.connect(1);
    for _ in 0..2 {
        world.ask(connection, 12, &MetadataRequest::default()).answer();
    }
}

#[test]
fn a_rule_that_can_strike_nothing_is_refused_with_the_reason() {
    let config = |create| {
        ClusterConfig::new(1).topic("orders", 1).config("auto.create.topics.enable", create).unwrap()
    };
    let (open, closed) = (Cluster::new(config("true")), Cluster::new(config("false")));
    for (rule, complaint) in [
        (
            "on=Produce topic=orders partition=9 then=close",
            "the topic `orders` has no partition 9; it has 1, from 0",
        ),
        ("on=Produce versions=90 then=close", "Produce is served in the versions 3 to 13"),
        ("on=Heartbeat topic=orders then=close", "requests of Heartbeat have no `topic`"),
        ("on=Fetch transactional_id=t then=close", "requests of Fetch have no `transactional_id`"),
        (
            "on=ListTransactions then=apply_then_error=UNKNOWN_SERVER_ERROR",
            "`then=apply_then_error=UNKNOWN_SERVER_ERROR` has no place in answers to ListTransactions",
        ),
        ("on=Produce then=error=999", "there is no error code 999"),
        ("on=AlterPartition then=close", "AlterPartition is not served here; the nearest that is is `"),
        (
            "then=pretend_version=AlterPartition:1",
            "AlterPartition is not served here; the nearest that is is `",
        ),
    ] {
        let error = open.check_fault(&rule.parse().unwrap()).unwrap_err().to_string();
        assert!(error.starts_with(complaint), "{rule}: {error}");
    }
    let unknown: Fault = "on=Produce topic=ordres then=close".parse().unwrap();
    assert!(open.check_fault(&unknown).is_ok());
    let error = closed.check_fault(&unknown).unwrap_err().to_string();
    assert_eq!(error, "there is no topic `ordres`; the nearest is `orders`");
    let doubt = "there is no topic `ordres` yet; the nearest is `orders`";
    assert_eq!(open.doubt_about_topic(unknown.topic()).as_deref(), Some(doubt));
    assert_eq!(open.doubt_about_topic(Some("orders")), None);
    for rule in [
        "on=CreateTopics topic=ordres then=close",
        "on=Produce versions=9+ topic=orders partition=0 then=close",
    ] {
        assert!(closed.check_fault(&rule.parse().unwrap()).is_ok(), "{rule}");
    }
}
