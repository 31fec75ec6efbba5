//! Our producer, with its defaults, survives every kind of fault: each record is stored once, in order, and said to be.
//!
//! On a simulated network and clock; what each kind looks like on the wire stands in the broker's own tests.

use std::time::Duration;

use harness::world::World;
use mock_broker::{Effect, Fault, FaultId, Input};
use producer::Record;
use protocol::ApiKey;
use protocol::names::BrokerId;

const TOPIC: &str = "orders";

fn world() -> World {
    World::new(11, 3, |cluster| cluster.topic(TOPIC, 1), |producer| producer.linger(Duration::ZERO))
}

fn add(world: &mut World, rule: &str) -> FaultId {
    let rule: Fault = rule.parse().unwrap();
    world.cluster.check_fault(&rule).unwrap();
    world.cluster.add_fault(rule)
}

fn send(world: &mut World, values: &[&str]) {
    for value in values {
        world.send(Record::to(TOPIC), None, value.as_bytes());
    }
}

/// Runs until all is answered, and looks whether all is stored as it was sent.
fn assert_survived(world: &mut World, what: &str) {
    world.run_until_answered();
    let sent: Vec<String> =
        world.history.iter().map(|sent| String::from_utf8_lossy(&sent.value).into_owned()).collect();
    assert_eq!(world.values(TOPIC, 0), sent, "{what}");
    for (offset, sent) in (0..).zip(&world.history) {
        let outcome = &sent.outcome.as_ref().unwrap().0;
        assert_eq!(outcome.as_ref().ok().map(|stored| stored.offset), Some(offset), "{what}: {outcome:?}");
    }
}

#[test]
fn what_strikes_once_costs_no_record() {
    for reaction in [
        "error=NOT_LEADER_OR_FOLLOWER",
        "error=NOT_ENOUGH_REPLICAS",
        "error=KAFKA_STORAGE_ERROR",
        "error=CORRUPT_MESSAGE",
        "apply_then_error=REQUEST_TIMED_OUT",
        "apply_then_error=NOT_ENOUGH_REPLICAS_AFTER_APPEND",
        "delay_before=3s",
        "delay_before=40s",
        "delay_after=3s",
        "delay_after=40s",
        "hold_before",
        "hold_after",
        "drop_request",
        "drop_response",
        "half_response",
        "half_response=3",
        "close",
        "reset",
        "corrupt=correlation_id",
        "corrupt=garbage",
        "corrupt=length",
        "corrupt=raw:7fffffff00",
        "duplicate",
        "reorder",
        "throttle=1s",
        "bandwidth=20",
        "silence",
        "stop_reading",
    ] {
        for on in ["Produce", "Metadata", "ApiVersions", "InitProducerId"] {
            let mut world = world();
            let rule = add(&mut world, &format!("on={on} nth=1 then={reaction}"));
            send(&mut world, &["a"]);
            world.run_for(Duration::from_millis(500));
            send(&mut world, &["b", "c"]);
            assert_survived(&mut world, &format!("{on}: {reaction}"));
            assert_eq!(world.cluster.fault_hits(rule), Some(1), "{on}: {reaction}");
        }
    }
}

#[test]
fn what_strikes_now_and_then_costs_no_record() {
    for reaction in
        ["drop_request", "drop_response", "reset", "half_response", "apply_then_error=REQUEST_TIMED_OUT"]
    {
        let mut world = world();
        let rule = add(&mut world, &format!("on=Produce probability=0.3 then={reaction}"));
        let values: Vec<String> = (0..60).map(|number| number.to_string()).collect();
        for value in &values {
            send(&mut world, &[value]);
            world.run_for(Duration::from_millis(20));
        }
        assert_survived(&mut world, reaction);
        assert!(world.cluster.fault_hits(rule) > Some(5), "{reaction}: {:?}", world.cluster.fault_hits(rule));
    }
}

#[test]
fn brokers_that_refuse_connections_for_a_while_cost_no_record() {
    let mut world = world();
    world.cluster.handle(Input::Wakeup, world.now);
    add(&mut world, "until=20s then=refuse_connections");
    send(&mut world, &["a", "b"]);
    world.run_for(Duration::from_secs(15));
    assert!(world.history.iter().all(|sent| sent.outcome.is_none()));
    assert_survived(&mut world, "refuse_connections");
}

#[test]
fn metadata_that_is_out_of_date_costs_no_record() {
    let mut world = world();
    // Without leaders named in answers to Produce (KIP-951), which need no metadata.
    add(&mut world, "then=pretend_version=Produce:9");
    send(&mut world, &["a"]);
    world.run_until_answered();
    let rule = add(&mut world, "on=Metadata first=3 then=stale_metadata");
    let leader = world.cluster.topic(TOPIC).unwrap().partitions()[0].leader();
    let other = if leader == BrokerId(1) { BrokerId(2) } else { BrokerId(1) };
    world.cluster.move_leader(TOPIC, 0, other).unwrap();
    send(&mut world, &["b", "c"]);
    assert_survived(&mut world, "stale_metadata");
    assert_eq!(world.cluster.fault_hits(rule), Some(3));
}

#[test]
fn an_older_broker_gets_what_it_understands() {
    for versions in [
        "Produce:7,ApiVersions:2,Metadata:8,InitProducerId:1",
        "Produce:3,ApiVersions:0,Metadata:4,InitProducerId:0",
    ] {
        let mut world = world();
        add(&mut world, &format!("then=pretend_version={versions}"));
        send(&mut world, &["a", "b"]);
        assert_survived(&mut world, versions);
        // The reader is not the producer.
        let asked = world.cluster.journal().entries().filter(|entry| entry.api_key != ApiKey::FETCH);
        let newest = asked.map(|entry| entry.version).max();
        assert!(newest <= Some(8), "{newest:?}");
    }
}

#[test]
fn a_released_rule_lets_the_held_answer_through() {
    let mut world = world();
    let rule = add(&mut world, "on=Produce then=hold_after");
    send(&mut world, &["a"]);
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.cluster.fault_hits(rule), Some(1));
    assert!(world.history[0].outcome.is_none());
    assert!(world.cluster.release_fault(rule));
    assert_survived(&mut world, "hold_after");
    // It is the first answer that came, not one to a second request.
    let produced = world.cluster.journal().entries().filter(|entry| entry.acks.is_some()).count();
    assert_eq!(produced, 1);
}

#[test]
fn the_same_seed_and_rules_give_the_same_bytes() {
    let run = || {
        let mut world = world();
        add(&mut world, "probability=0.2 then=drop_response");
        add(&mut world, "on=Produce probability=0.2 then=corrupt=garbage");
        add(&mut world, "on=Produce probability=0.5 then=bandwidth=1000");
        for number in 0..20 {
            send(&mut world, &[&number.to_string()]);
            world.run_for(Duration::from_millis(50));
        }
        assert_survived(&mut world, "chance");
        world.fingerprint()
    };
    assert_eq!(run(), run());
}

#[test]
fn every_effect_of_a_rule_is_one_that_the_world_performs() {
    // The world panics over an effect that it does not know; these are the ones that only rules cause.
    let mut world = world();
    add(&mut world, "on=Produce nth=1 then=bandwidth=100");
    add(&mut world, "on=Produce nth=2 then=reset");
    add(&mut world, "from=1s until=2s then=refuse_connections");
    send(&mut world, &["a"]);
    world.run_for(Duration::from_millis(900));
    send(&mut world, &["b"]);
    world.run_for(Duration::from_secs(3));
    assert_survived(&mut world, "effects");
    let effects = world.cluster.handle(Input::Wakeup, world.now);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Listen { .. })), "{effects:?}");
}
