//! The examples of replicas, played between our producer's core and the cluster's.

use std::time::Duration;

use harness::in_sync::{CASES, Case, REPLICAS};
use harness::world::World;
use mock_broker::{Action, ClusterConfig, Lag, Partition, ReplicationRules, TopicSpec};
use producer::{Acks, ProducerConfig};
use protocol::ErrorCode;
use protocol::names::BrokerId;

use super::{TOPIC, send};

/// A world with one topic of one partition, and a producer that sends once and never again.
fn once(replicas: i16, min_in_sync: &str, acks: Acks, rules: ReplicationRules) -> World {
    let producer = |producer: ProducerConfig| {
        producer.linger(Duration::ZERO).acks(acks).enable_idempotence(false).retries(0)
    };
    world(replicas, min_in_sync, rules, producer)
}

/// The same with a producer as it is by default: idempotent, and it does not give up for two minutes.
fn patient(replicas: i16, min_in_sync: &str) -> World {
    world(replicas, min_in_sync, ReplicationRules::default(), |producer| producer.linger(Duration::ZERO))
}

fn world(
    replicas: i16,
    min_in_sync: &str,
    rules: ReplicationRules,
    producer: impl FnOnce(ProducerConfig) -> ProducerConfig,
) -> World {
    let topic = TopicSpec::new(TOPIC).partitions(1).replication_factor(replicas);
    let topic = topic.config("min.insync.replicas", min_in_sync).unwrap();
    let cluster = |cluster: ClusterConfig| cluster.topic_with(topic).replication_rules(rules);
    World::new(11, 3, cluster, producer)
}

fn partition(world: &World) -> &Partition {
    &world.cluster.topic(TOPIC).unwrap().partitions()[0]
}

/// The followers, the last of the assignment first.
fn followers(world: &World) -> Vec<BrokerId> {
    let leader = partition(world).leader();
    partition(world).replicas().iter().rev().copied().filter(|broker| *broker != leader).collect()
}

fn lag_followers(world: &mut World, lag: Lag) {
    for broker in followers(world) {
        world.do_to_cluster(Action::Lag { topic: None, partition: None, broker, lag });
    }
}

/// What a consumer reads, and the high watermark.
fn read(world: &mut World) -> (Vec<String>, i64) {
    let values = world.values(TOPIC, 0);
    (values, partition(world).high_watermark())
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// The producer's answers so far: an offset, an error code, or nothing yet.
fn answers(world: &World) -> Vec<Option<Result<i64, Option<ErrorCode>>>> {
    let answer = |sent: &harness::world::Sent| {
        let (outcome, _) = sent.outcome.as_ref()?;
        Some(outcome.as_ref().map(|stored| stored.offset).map_err(|error| error.code()))
    };
    world.history.iter().map(answer).collect()
}

/// What the producer says of the second record of a case of the table.
fn expected(case: &Case) -> Option<Result<i64, Option<ErrorCode>>> {
    Some(match case.answer {
        // Without an answer, sent is as good as stored.
        None => Ok(-1),
        Some(0) => Ok(1),
        Some(error_code) => Err(Some(ErrorCode(error_code))),
    })
}

#[test]
fn the_table_of_acks_and_followers_that_are_down() {
    for case in CASES {
        let acks = match case.acks {
            0 => Acks::NONE,
            1 => Acks::LEADER,
            _ => Acks::ALL,
        };
        let mut world =
            once(REPLICAS as i16, &case.min_in_sync.to_string(), acks, ReplicationRules::default());
        send(&mut world, "before");
        world.run_for(Duration::from_secs(1));
        let down: Vec<_> = followers(&world).into_iter().take(case.down).collect();
        for broker in &down {
            world.do_to_cluster(Action::CrashBroker(*broker));
        }
        send(&mut world, "after");
        world.run_for(Duration::from_secs(1));
        assert_eq!(answers(&world)[1], expected(&case), "{case:?}");
        let all = ["before", "after"];
        let readable = (owned(&all[..case.high_watermark as usize]), case.high_watermark);
        assert_eq!(read(&mut world), readable, "{case:?}");
        for broker in down {
            world.do_to_cluster(Action::StartBroker(broker));
        }
        assert_eq!(read(&mut world), (owned(&all[..case.log_end as usize]), case.log_end), "{case:?}");
    }
}

#[test]
fn a_minimum_above_the_replication_factor_counts_as_that() {
    let mut world = once(2, "3", Acks::ALL, ReplicationRules::default());
    send(&mut world, "a");
    world.run_until_answered();
    assert_eq!((answers(&world), read(&mut world)), (vec![Some(Ok(0))], (owned(&["a"]), 1)));
}

#[test]
fn before_kafka_3_7_a_minimum_above_the_replication_factor_refuses_all() {
    let mut world = once(2, "3", Acks::ALL, ReplicationRules::BeforeKafka37);
    send(&mut world, "a");
    world.run_until_answered();
    let too_few = Some(Err(Some(ErrorCode::NOT_ENOUGH_REPLICAS)));
    assert_eq!((answers(&world), read(&mut world)), (vec![too_few], (vec![], 0)));
}

#[test]
fn a_single_replica_is_waited_for_while_its_broker_is_down() {
    let mut world = patient(1, "2");
    send(&mut world, "a");
    world.run_until_answered();
    assert_eq!(read(&mut world), (owned(&["a"]), 1));
    let leader = partition(&world).leader();
    world.do_to_cluster(Action::CrashBroker(leader));
    send(&mut world, "b");
    world.run_for(Duration::from_secs(20));
    assert_eq!(answers(&world), [Some(Ok(0)), None]);
    assert_eq!(partition(&world).high_watermark(), 1);
    world.do_to_cluster(Action::StartBroker(leader));
    world.run_until_answered();
    assert_eq!(answers(&world), [Some(Ok(0)), Some(Ok(1))]);
    assert_eq!(read(&mut world), (owned(&["a", "b"]), 2));
}

#[test]
fn records_acknowledged_by_the_leader_alone_are_lost_when_it_crashes() {
    let mut world = once(3, "1", Acks::LEADER, ReplicationRules::default());
    lag_followers(&mut world, Lag::Frozen);
    send(&mut world, "lost");
    world.run_until_answered();
    assert_eq!((answers(&world), read(&mut world)), (vec![Some(Ok(0))], (vec![], 0)));
    let leader = partition(&world).leader();
    lag_followers(&mut world, Lag::Frozen);
    world.do_to_cluster(Action::CrashBroker(leader));
    lag_followers(&mut world, Lag::None);
    let new = partition(&world).leader();
    world.do_to_cluster(Action::Lag { topic: None, partition: None, broker: new, lag: Lag::None });
    send(&mut world, "new");
    world.run_for(Duration::from_secs(5));
    world.do_to_cluster(Action::StartBroker(leader));
    let (read, high_watermark) = read(&mut world);
    assert!(!read.contains(&"lost".to_owned()), "{read:?}");
    assert_eq!(high_watermark, read.len() as i64);
    assert_eq!(partition(&world).log_end_offset(leader), Some(high_watermark));
}

#[test]
fn a_leader_that_crashes_before_it_answers_costs_an_idempotent_producer_nothing() {
    // Whether the others have the record by then or not.
    for lag in [Lag::None, Lag::Time(Duration::from_secs(1))] {
        let mut world = patient(3, "2");
        send(&mut world, "safe");
        world.run_until_answered();
        let [slow, other] = followers(&world)[..] else { panic!("two follow") };
        let time = Lag::Time(Duration::from_secs(1));
        world.do_to_cluster(Action::Lag { topic: None, partition: None, broker: slow, lag: time });
        world.do_to_cluster(Action::Lag { topic: None, partition: None, broker: other, lag });
        send(&mut world, "a");
        world.run_for(Duration::from_millis(500));
        assert_eq!(answers(&world), [Some(Ok(0)), None]);
        assert_eq!(read(&mut world), (owned(&["safe"]), 1));
        let leader = partition(&world).leader();
        world.do_to_cluster(Action::CrashBroker(leader));
        world.run_until_answered();
        assert_eq!(answers(&world), [Some(Ok(0)), Some(Ok(1))]);
        assert_eq!(read(&mut world), (owned(&["safe", "a"]), 2));
    }
}

#[test]
fn an_election_in_progress_is_waited_for() {
    let mut world = patient(3, "1");
    send(&mut world, "a");
    world.run_until_answered();
    world.do_to_cluster(Action::HoldElections(true));
    let leader = partition(&world).leader();
    world.do_to_cluster(Action::CrashBroker(leader));
    send(&mut world, "b");
    world.run_for(Duration::from_secs(20));
    assert_eq!(answers(&world), [Some(Ok(0)), None]);
    assert_eq!(partition(&world).high_watermark(), 1);
    world.do_to_cluster(Action::HoldElections(false));
    world.run_until_answered();
    assert_eq!(answers(&world), [Some(Ok(0)), Some(Ok(1))]);
    assert_eq!(read(&mut world), (owned(&["a", "b"]), 2));
}

#[test]
fn what_is_not_replicated_in_time_is_sent_again_and_stands_in_the_log_once() {
    let mut world = patient(2, "1");
    lag_followers(&mut world, Lag::Frozen);
    send(&mut world, "a");
    // Past request.timeout.ms, and the follower has left the in-sync set.
    world.run_until_answered();
    assert_eq!(answers(&world), [Some(Ok(0))]);
    assert_eq!(read(&mut world), (owned(&["a"]), 1));
}

#[test]
fn a_batch_over_the_size_limit_is_refused_and_leaves_no_trace() {
    let topic = TopicSpec::new(TOPIC).partitions(1).replication_factor(3);
    let topic = topic.config("max.message.bytes", "1000").unwrap();
    let mut world =
        World::new(12, 3, |cluster| cluster.topic_with(topic), |producer| producer.linger(Duration::ZERO));
    send(&mut world, &"x".repeat(1000));
    world.run_until_answered();
    assert_eq!(answers(&world), [Some(Err(Some(ErrorCode::MESSAGE_TOO_LARGE)))]);
    assert_eq!(read(&mut world), (vec![], 0));
}
