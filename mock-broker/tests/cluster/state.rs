//! States: copied, compared, begun from.

use milena_mock_broker::{ClusterConfig, Input, TopicSpec};
use protocol::names::{BrokerId, ProducerId};

use crate::client::{NOW, Reply, World, batch, sequenced};

fn prepared() -> World {
    let spec = TopicSpec::new("orders").partitions(2).replication_factor(3);
    let mut world = World::new(ClusterConfig::new(3).topic_with(spec).seed(7));
    let leader = world.cluster.topic("orders").unwrap().partitions()[0].leader();
    let connection = world.connect(leader.0);
    world.produce(connection, "orders", 0, -1, Some(sequenced(2, (ProducerId(7), 0), 0))).answer();
    world
}

fn again(world: &World) -> World {
    let mut other = World::new(ClusterConfig::new(1));
    other.cluster = world.cluster.snapshot().cluster();
    other
}

#[test]
fn a_fork_goes_its_own_way_and_the_first_does_not_notice() {
    let world = prepared();
    let before = world.cluster.snapshot();
    let mut fork = again(&world);
    let leader = fork.cluster.topic("orders").unwrap().partitions()[0].leader();
    let connection = fork.connect(leader.0);
    let duplicate = fork.produce(connection, "orders", 0, -1, Some(sequenced(2, (ProducerId(7), 0), 0)));
    assert_eq!(duplicate.answer().base_offset, 0, "it knows the producer");
    assert_eq!(fork.cluster.snapshot(), before, "and stored nothing");
    let next = fork.produce(connection, "orders", 0, -1, Some(sequenced(1, (ProducerId(7), 0), 2)));
    assert_eq!(next.answer().base_offset, 2);
    assert_ne!(fork.cluster.snapshot(), before);
    assert_eq!(world.cluster.snapshot(), before);
}

#[test]
fn equal_states_give_equal_bytes() {
    let world = prepared();
    let answers = |mut world: World| {
        let connection = world.connect(2);
        let mut all = Vec::new();
        for topic in ["new", "other"] {
            let request = crate::client::produce_request("orders", 0, -1, Some(batch(1)));
            all.push(format!("{:?}", world.send(connection, 9, &request)));
            world.cluster.create_topic(TopicSpec::new(topic).partitions(3)).unwrap();
            let metadata = protocol::messages::MetadataRequest::default();
            all.push(format!("{:?}", world.send(connection, 12, &metadata)));
        }
        all
    };
    assert_eq!(answers(again(&world)), answers(again(&world)));
}

#[test]
fn a_snapshot_has_nobody_connected_and_nothing_asked() {
    let mut world = prepared();
    let leader = world.cluster.topic("orders").unwrap().partitions()[1].leader();
    let reader = world.connect(leader.0);
    let wanted = protocol::messages::FetchRequest { max_wait_ms: 500, min_bytes: 1, ..fetch() };
    assert_eq!(world.ask(reader, 12, &wanted), Reply::Nothing);
    assert_eq!(world.cluster.next_wakeup().map(|time| time.0), Some(NOW + 500));
    let mut alone = again(&world);
    assert_eq!(alone.cluster.journal().requests(), 0);
    let effects = alone.cluster.handle(Input::Wakeup, protocol::names::Timestamp(NOW + 500));
    assert!(effects.is_empty(), "{effects:?}");
    assert_eq!(alone.cluster.brokers().map(|(id, _)| id).collect::<Vec<_>>(), [1, 2, 3].map(BrokerId));
}

fn fetch() -> protocol::messages::FetchRequest {
    use protocol::messages::fetch::{FetchPartition, FetchTopic};
    let partitions =
        vec![FetchPartition { partition: 1, partition_max_bytes: 1 << 20, ..Default::default() }];
    let topics = vec![FetchTopic { topic: "orders".into(), partitions, ..Default::default() }];
    protocol::messages::FetchRequest { topics, ..Default::default() }
}
