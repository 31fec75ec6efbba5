//! Scripts and scenarios: when steps are taken, and what is refused. What clients make of scenarios: the end-to-end tests.

use std::time::Duration;

use milena_mock_broker::{
    Action, BrokerState, Cluster, ClusterConfig, Deed, Fault, Input, Scenario, Script, TopicSpec,
};
use protocol::ErrorCode;
use protocol::names::{BrokerId, Timestamp};

use crate::client::{NOW, World, batch, produce_request};

fn is_up(world: &World, broker: i32) -> bool {
    world.cluster.broker_state(BrokerId(broker)) == Some(BrokerState::Up)
}

fn wake(world: &mut World, after_ms: i64) {
    world.now = Timestamp(NOW + after_ms);
    world.cluster.handle(Input::Wakeup, world.now);
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn steps_are_taken_when_their_time_comes_and_in_their_order() {
    let mut world = World::new(ClusterConfig::new(3));
    wake(&mut world, 0);
    let script = Script::new()
        .at(200 * MS, Action::StartBroker(BrokerId(2)))
        .at(100 * MS, Action::CrashBroker(BrokerId(2)))
        .at(200 * MS, Action::StopBroker(BrokerId(2)));
    world.cluster.play(script).unwrap();
    assert_eq!(world.cluster.next_wakeup(), Some(Timestamp(NOW + 100)));
    wake(&mut world, 99);
    assert!(is_up(&world, 2));
    wake(&mut world, 100);
    assert!(!is_up(&world, 2));
    // Late: both are made up for.
    wake(&mut world, 500);
    assert_eq!(world.cluster.broker_state(BrokerId(2)), Some(BrokerState::Stopped));
    assert_eq!((world.cluster.steps_to_come(), world.cluster.failed_steps()), (0, &[][..]));
}

#[test]
fn steps_wait_for_the_hits_of_a_rule() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let rule: Fault = "name=produced on=Produce topic=orders then=observe".parse().unwrap();
    let full: Fault = "name=full on=Produce then=error=KAFKA_STORAGE_ERROR".parse().unwrap();
    let script = Script::new().rule(rule).upon("produced", 2, Duration::ZERO, full).upon(
        "full",
        1,
        50 * MS,
        Deed::End("full".to_owned()),
    );
    world.cluster.play(script).unwrap();
    let connection = world.connect(1);
    let produce = |world: &mut World| {
        let request = produce_request("orders", 0, -1, Some(batch(1)));
        world.ask(connection, 9, &request).answer().responses[0].partition_responses[0].error_code
    };
    assert_eq!([produce(&mut world), produce(&mut world)], [ErrorCode::NONE; 2]);
    assert_eq!(produce(&mut world), ErrorCode::KAFKA_STORAGE_ERROR);
    wake(&mut world, 49);
    assert_eq!(produce(&mut world), ErrorCode::KAFKA_STORAGE_ERROR);
    wake(&mut world, 50);
    assert_eq!(produce(&mut world), ErrorCode::NONE);
    assert_eq!(world.cluster.steps_to_come(), 0);
}

#[test]
fn a_step_that_cannot_be_taken_is_kept_with_its_reason_and_the_others_go_on() {
    let mut world = World::new(ClusterConfig::new(2));
    let script = Script::new()
        .at(Duration::ZERO, Action::StartBroker(BrokerId(2)))
        .at(Duration::ZERO, Action::CrashBroker(BrokerId(1)));
    world.cluster.play(script).unwrap();
    wake(&mut world, 0);
    assert!(!is_up(&world, 1));
    let [(action, error)] = world.cluster.failed_steps() else { panic!() };
    assert_eq!(*action, Action::StartBroker(BrokerId(2)));
    assert!(error.to_string().contains("runs already"), "{error}");
}

#[test]
fn a_script_that_can_never_be_played_is_refused_as_a_whole() {
    let mut cluster = Cluster::new(ClusterConfig::new(1));
    let rule = |text: &str| text.parse::<Fault>().unwrap();
    let crash = Action::CrashBroker(BrokerId(1));
    for (script, complaint) in [
        (
            Script::new().rule(rule("name=produced then=observe")).upon("producd", 1, MS, crash),
            "no rule of the script is called `producd`; the nearest is `produced`",
        ),
        (Script::new().at(MS, Deed::End("x".to_owned())), "no rule of the script is called `x`"),
        (
            Script::new().at(MS, rule("broker=2 then=close")),
            "the fault rule `on=any broker=2 then=close` cannot be: there is no broker 2; they are 1 to 1",
        ),
    ] {
        assert_eq!(cluster.play(script).unwrap_err().to_string(), complaint);
        assert_eq!((cluster.faults().count(), cluster.steps_to_come()), (0, 0));
    }
}

#[test]
fn a_scenario_brings_what_it_lacks_and_takes_what_is_there() {
    let scenario = || Scenario::named("unclean-election").unwrap();
    let settings = |config: ClusterConfig, topic: &str| {
        let cluster = Cluster::new(config);
        let partition = &cluster.topic(topic).unwrap().partitions()[0];
        assert!(cluster.steps_to_come() > 0);
        partition.replicas().len()
    };
    assert_eq!(settings(ClusterConfig::new(3).scenario(scenario()), "orders"), 3);
    let mine = TopicSpec::new("mine").partitions(2).replication_factor(3);
    let config = ClusterConfig::new(4).topic_with(mine).scenario(scenario().on("mine", 1));
    assert_eq!(settings(config.clone(), "mine"), 3);
    assert!(Cluster::new(config).topic("orders").is_none());
}

fn produce(world: &mut World, topic: &str, records: usize) -> ErrorCode {
    let leader = world.cluster.topic(topic).unwrap().partitions()[0].leader();
    let connection = world.connect(leader.0);
    let request = produce_request(topic, 0, 1, Some(batch(records)));
    world.ask(connection, 9, &request).answer().responses[0].partition_responses[0].error_code
}

#[test]
fn rules_of_one_name_are_no_matter_of_each_other_in_two_scenarios_and_beside_them() {
    let topic = |name: &str| TopicSpec::new(name).partitions(1).replication_factor(3);
    let scenario = |text: &str| text.parse::<Scenario>().unwrap();
    let counted: Fault = "name=produced on=Metadata then=observe".parse().unwrap();
    let mine: Fault = "name=full-disk on=Produce topic=mine then=error=KAFKA_STORAGE_ERROR".parse().unwrap();
    let config =
        ["one", "two", "mine"].map(topic).into_iter().fold(ClusterConfig::new(3), ClusterConfig::topic_with);
    let config = config.fault(counted).fault(mine);
    let config = config.scenario(scenario("full-disk topic=one")).scenario(scenario("full-disk topic=two"));
    let mut world = World::new(config);
    assert_eq!([produce(&mut world, "one", 1), produce(&mut world, "one", 1)], [ErrorCode::NONE; 2]);
    assert_eq!(produce(&mut world, "one", 1), ErrorCode::KAFKA_STORAGE_ERROR);
    wake(&mut world, 4000);
    assert_eq!([produce(&mut world, "two", 1), produce(&mut world, "two", 1)], [ErrorCode::NONE; 2]);
    wake(&mut world, 5000);
    assert_eq!(produce(&mut world, "one", 1), ErrorCode::NONE);
    for topic in ["two", "mine"] {
        assert_eq!(produce(&mut world, topic, 1), ErrorCode::KAFKA_STORAGE_ERROR, "{topic}");
    }
    wake(&mut world, 9000);
    assert_eq!(produce(&mut world, "two", 1), ErrorCode::NONE);
    assert_eq!(produce(&mut world, "mine", 1), ErrorCode::KAFKA_STORAGE_ERROR);
}

#[test]
fn a_topic_that_is_named_gets_the_settings_that_the_scenario_needs() {
    let scenario = |text: &str| text.parse::<Scenario>().unwrap();
    let config = || ClusterConfig::new(3).topic_with(TopicSpec::new("a").partitions(1).replication_factor(3));
    let mut world = World::new(config().scenario(scenario("message-too-large topic=a")));
    assert_eq!(produce(&mut world, "a", 1), ErrorCode::NONE);
    assert_eq!(produce(&mut world, "a", 1000), ErrorCode::MESSAGE_TOO_LARGE);

    let set = |key: &str, value: &str| TopicSpec::new("b").replication_factor(3).config(key, value).unwrap();
    for (config, complaint) in [
        (
            config()
                .topic_with(set("max.message.bytes", "5000"))
                .scenario(scenario("message-too-large topic=b")),
            "it needs max.message.bytes=1000, and the topic `b` has max.message.bytes=5000",
        ),
        (
            config().scenario(scenario("follower-down topic=a")).scenario(scenario("followers-down topic=a")),
            "it needs min.insync.replicas=2, and the topic `a` has min.insync.replicas=3",
        ),
        (
            config()
                .config("replica.lag.time.max.ms", "30000")
                .unwrap()
                .scenario(scenario("unclean-election")),
            "it needs replica.lag.time.max.ms=500, and the cluster has replica.lag.time.max.ms=30000",
        ),
        (
            config().scenario(scenario("single-replica-down topic=a")),
            "with more replicas than 1 it is something else, and a-0 has 3",
        ),
    ] {
        let error = Cluster::try_new(config).unwrap_err().to_string();
        assert!(error.ends_with(complaint), "{error}");
    }
    // What a scenario can do without is as it was set.
    let other = config().topic_with(set("min.insync.replicas", "1"));
    assert!(Cluster::try_new(other.scenario(scenario("rolling-restart topic=b"))).is_ok());
}

#[test]
fn a_scenario_that_cannot_be_played_is_refused_with_what_is_missing() {
    let scenario = |text: &str| text.parse::<Scenario>().unwrap();
    let payments = TopicSpec::new("payments").partitions(2).replication_factor(1);
    let config = || ClusterConfig::new(3).topic_with(payments.clone());
    for (config, complaint) in [
        (
            config().scenario(scenario("lost-ack topic=paymets")),
            "the scenario `lost-ack topic=paymets partition=0` cannot be played: \
             the cluster begins with no topic `paymets`; the nearest is `payments`",
        ),
        (
            config().scenario(scenario("single-replica-down topic=payments partition=2")),
            "the scenario `single-replica-down topic=payments partition=2` cannot be played: \
             the topic `payments` has no partition 2; it has 2, from 0",
        ),
        (
            config().scenario(scenario("lost-ack topic=payments")),
            "the scenario `lost-ack topic=payments partition=0` cannot be played: \
             it needs 3 replicas, and payments-0 has 1",
        ),
        (
            ClusterConfig::new(1).scenario(scenario("lost-ack")),
            "the scenario `lost-ack` cannot be played: it needs 3 brokers, and the cluster has 1",
        ),
    ] {
        assert_eq!(Cluster::try_new(config).unwrap_err().to_string(), complaint);
    }
}
