//! Metadata, CreateTopics, DeleteTopics and FindCoordinator.

use milena_mock_broker::{Cluster, ClusterConfig, ConnectionId, TopicSpec};
use protocol::ErrorCode;
use protocol::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreatableTopicResult,
};
use protocol::messages::delete_topics::DeleteTopicState;
use protocol::messages::metadata::{MetadataRequestTopic, MetadataResponseTopic};
use protocol::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, FindCoordinatorRequest, MetadataRequest, MetadataResponse,
};
use protocol::names::{BrokerId, Uuid};

use crate::client::World;

fn named(names: &[&str]) -> MetadataRequest {
    let topics =
        names.iter().map(|name| MetadataRequestTopic { name: Some((*name).into()), ..Default::default() });
    MetadataRequest { topics: Some(topics.collect()), ..Default::default() }
}

fn names(response: &MetadataResponse) -> Vec<&str> {
    response.topics.iter().map(|topic| topic.name.as_deref().unwrap_or("-")).collect()
}

fn topic<'a>(response: &'a MetadataResponse, name: &str) -> &'a MetadataResponseTopic {
    response.topics.iter().find(|topic| topic.name.as_deref() == Some(name)).unwrap()
}

#[test]
fn metadata_tells_brokers_controller_topics_and_leaders_in_every_version() {
    let spec = TopicSpec::new("orders").partitions(6).replication_factor(2);
    let mut world = World::new(ClusterConfig::new(3).topic_with(spec).topic("audit", 1));
    let connection = world.connect(2);
    for version in 0..=13 {
        let all =
            MetadataRequest { topics: if version == 0 { Some(vec![]) } else { None }, ..Default::default() };
        let response = world.ask(connection, version, &all).answer();
        assert_eq!(names(&response), ["audit", "orders"], "version {version}");
        assert!(response.brokers.iter().map(|broker| broker.node_id.0).eq(1..=3));
        if version >= 1 {
            assert_eq!(response.controller_id, BrokerId(1));
        }
        let orders = topic(&response, "orders");
        assert_eq!(orders.topic_id != Uuid::ZERO, version >= 10);
        for partition in &orders.partitions {
            assert_eq!(partition.leader_id, partition.replica_nodes[0]);
            assert_eq!(partition.isr_nodes, partition.replica_nodes);
            assert_eq!(partition.replica_nodes.len(), 2);
        }
        // Six partitions on three brokers: each leads two.
        for broker in 1..=3 {
            let led = orders.partitions.iter().filter(|partition| partition.leader_id == BrokerId(broker));
            assert_eq!(led.count(), 2);
        }
    }
}

#[test]
fn an_empty_list_means_all_in_version_0_and_none_later() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let connection = world.connect(1);
    assert_eq!(names(&world.ask(connection, 0, &named(&[])).answer()), ["orders"]);
    assert!(names(&world.ask(connection, 1, &named(&[])).answer()).is_empty());
}

#[test]
fn topics_are_created_when_asked_for_if_both_sides_want_it() {
    let codes = |cluster: ClusterConfig, may_create, version| {
        let mut world = World::new(cluster);
        let connection = world.connect(1);
        let mut request = named(&["new", "bad name!"]);
        request.allow_auto_topic_creation = may_create;
        let response = world.ask(connection, version, &request).answer();
        (["new", "bad name!"].map(|name| topic(&response, name).error_code.0), world.cluster.topics().count())
    };
    let config = || ClusterConfig::new(2);
    assert_eq!(codes(config(), true, 12), ([0, 17], 1));
    assert_eq!(codes(config(), false, 12), ([3, 17], 0));
    let refusing = || config().config("auto.create.topics.enable", "false").unwrap();
    assert_eq!(codes(refusing(), true, 12), ([3, 17], 0));
    let too_many = || config().config("default.replication.factor", "3").unwrap();
    assert_eq!(codes(too_many(), true, 12), ([38, 17], 0));
}

#[test]
fn a_topic_that_is_created_by_asking_has_the_clusters_defaults() {
    let config = ClusterConfig::new(3).config("num.partitions", "4").unwrap();
    let mut world = World::new(config.config("default.replication.factor", "3").unwrap());
    let connection = world.connect(1);
    let response = world.ask(connection, 12, &named(&["new"])).answer();
    let partitions = &topic(&response, "new").partitions;
    assert_eq!((partitions.len(), partitions[0].replica_nodes.len()), (4, 3));
}

#[test]
fn topics_are_found_by_id() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let connection = world.connect(1);
    let id = world.cluster.topic("orders").unwrap().id();
    let by_id = |topic_id| MetadataRequestTopic { topic_id, name: None, ..Default::default() };
    let request =
        MetadataRequest { topics: Some(vec![by_id(id), by_id(Uuid::from_u128(99))]), ..Default::default() };
    let response = world.ask(connection, 12, &request).answer();
    assert_eq!(names(&response), ["orders", "-"]);
    assert_eq!(response.topics[1].error_code, ErrorCode::UNKNOWN_TOPIC_ID);
    assert_eq!(response.topics[1].topic_id, Uuid::from_u128(99));
}

#[test]
fn rights_are_told_to_those_who_ask() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let connection = world.connect(1);
    let mut request = MetadataRequest { topics: None, ..Default::default() };
    let response = world.ask(connection, 10, &request).answer();
    let told = |response: &MetadataResponse| {
        (response.cluster_authorized_operations, response.topics[0].topic_authorized_operations)
    };
    assert_eq!(told(&response), (i32::MIN, i32::MIN));
    request.include_cluster_authorized_operations = true;
    request.include_topic_authorized_operations = true;
    assert_eq!(told(&world.ask(connection, 10, &request).answer()), (8096, 3576));
}

#[test]
fn the_same_seed_makes_the_same_cluster() {
    let cluster = |seed| Cluster::new(ClusterConfig::new(3).topic("orders", 2).topic("audit", 3).seed(seed));
    let told = |cluster: Cluster| {
        let topics = cluster.topics().map(|topic| (topic.id(), topic.partitions()[0].leader()));
        topics.collect::<Vec<_>>()
    };
    assert_eq!(told(cluster(7)), told(cluster(7)));
    assert_ne!(told(cluster(7)), told(cluster(8)));
}

fn creatable(name: &str, partitions: i32, replicas: i16) -> CreatableTopic {
    CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: replicas,
        ..Default::default()
    }
}

fn create(
    world: &mut World,
    connection: ConnectionId,
    topics: Vec<CreatableTopic>,
) -> Vec<CreatableTopicResult> {
    let request = CreateTopicsRequest { topics, ..Default::default() };
    world.ask(connection, 7, &request).answer().topics
}

#[test]
fn topics_are_created_as_wished_or_refused_by_name_and_rule() {
    let mut world = World::new(ClusterConfig::new(3).topic("orders", 1).topic("dotted.name", 1));
    let connection = world.connect(2);
    let cases = [
        (creatable("fine", 3, 2), 0),
        (creatable("defaults", -1, -1), 0),
        (creatable("orders", 1, 1), 36),
        (creatable("bad name!", 1, 1), 17),
        (creatable("..", 1, 1), 17),
        (creatable("", 1, 1), 17),
        (creatable(&"x".repeat(250), 1, 1), 17),
        (creatable("dotted_name", 1, 1), 17),
        (creatable("zero", 0, 1), 37),
        (creatable("negative", -2, 1), 37),
        (creatable("none", 1, 0), 38),
        (creatable("minus", 1, -2), 38),
        (creatable("many", 1, 4), 38),
    ];
    for (topic, error_code) in cases {
        let name = topic.name.clone();
        let result = create(&mut world, connection, vec![topic]).remove(0);
        assert_eq!(result.error_code.0, error_code, "{name}");
        assert_eq!(world.cluster.topic(&name).is_some(), matches!(error_code, 0 | 36), "{name}");
        assert_eq!(result.error_message.is_some(), error_code != 0);
        // Java's admin client cannot bear null here.
        assert_eq!(result.configs.unwrap().is_empty(), error_code != 0);
        let (partitions, replicas) = (result.num_partitions, result.replication_factor);
        match (&*name, error_code) {
            ("fine", _) => assert_eq!((partitions, replicas), (3, 2)),
            (_, 0) => assert_eq!((partitions, replicas), (1, 1)),
            _ => assert_eq!((partitions, replicas, result.topic_id), (-1, -1, Uuid::ZERO)),
        }
    }
}

#[test]
fn every_version_creates() {
    let mut world = World::new(ClusterConfig::new(1));
    let connection = world.connect(1);
    for version in 2..=7 {
        let name = format!("t{version}");
        let request = CreateTopicsRequest { topics: vec![creatable(&name, 2, 1)], ..Default::default() };
        let response = world.ask(connection, version, &request).answer();
        assert_eq!(response.topics[0].error_code.0, 0);
        assert_eq!(world.cluster.topic(&name).unwrap().partitions().len(), 2);
    }
}

#[test]
fn validating_only_creates_nothing() {
    let mut world = World::new(ClusterConfig::new(1));
    let connection = world.connect(1);
    let topics = vec![creatable("fine", 3, 1), creatable("many", 1, 4)];
    let request = CreateTopicsRequest { topics, validate_only: true, ..Default::default() };
    let results = world.ask(connection, 7, &request).answer().topics;
    assert!(results.iter().map(|topic| topic.error_code.0).eq([0, 38]));
    assert_eq!(world.cluster.topics().count(), 0);
}

#[test]
fn a_topic_named_twice_is_refused_once() {
    let mut world = World::new(ClusterConfig::new(1));
    let connection = world.connect(1);
    let results = create(
        &mut world,
        connection,
        vec![creatable("a", 1, 1), creatable("b", 1, 1), creatable("a", 2, 1)],
    );
    assert!(results.iter().map(|topic| (&*topic.name, topic.error_code.0)).eq([("a", 42), ("b", 0)]));
}

#[test]
fn more_partitions_than_kafka_takes_at_once_are_refused() {
    let mut world = World::new(ClusterConfig::new(1));
    let connection = world.connect(1);
    assert_eq!(create(&mut world, connection, vec![creatable("a", i32::MAX, 1)])[0].error_code.0, 44);
    assert_eq!(create(&mut world, connection, vec![creatable("a", 10_000, 1)])[0].error_code.0, 0);
}

#[test]
fn replicas_can_be_chosen_by_hand() {
    let assigned = |lists: &[(i32, &[i32])]| {
        let lists = lists.iter().map(|(index, brokers)| CreatableReplicaAssignment {
            partition_index: *index,
            broker_ids: brokers.iter().map(|id| BrokerId(*id)).collect(),
            ..Default::default()
        });
        CreatableTopic { assignments: lists.collect(), ..creatable("chosen", -1, -1) }
    };
    let cases: [(CreatableTopic, i16); 7] = [
        (assigned(&[(0, &[2, 3])]), 0),
        (assigned(&[(1, &[1]), (0, &[3])]), 0),
        (assigned(&[(0, &[1]), (2, &[1])]), 39),
        (assigned(&[(0, &[])]), 39),
        (assigned(&[(0, &[1, 1])]), 39),
        (assigned(&[(0, &[9])]), 39),
        (CreatableTopic { num_partitions: 1, ..assigned(&[(0, &[1])]) }, 42),
    ];
    for (topic, error_code) in cases {
        let mut world = World::new(ClusterConfig::new(3));
        let connection = world.connect(1);
        let leader = topic
            .assignments
            .iter()
            .find(|list| list.partition_index == 0)
            .unwrap()
            .broker_ids
            .first()
            .copied();
        assert_eq!(create(&mut world, connection, vec![topic])[0].error_code.0, error_code);
        let created = world.cluster.topic("chosen").map(|topic| topic.partitions()[0].leader());
        assert_eq!(created, leader.filter(|_| error_code == 0));
    }
}

#[test]
fn settings_are_checked_and_told() {
    let config = ClusterConfig::new(1).config("log.retention.ms", "1234").unwrap();
    let mut world = World::new(config);
    let connection = world.connect(1);
    let with = |name: &str, key: &str, value: Option<&str>| CreatableTopic {
        configs: vec![CreatableTopicConfig {
            name: key.into(),
            value: value.map(Into::into),
            ..Default::default()
        }],
        ..creatable(name, 1, 1)
    };
    let results = create(
        &mut world,
        connection,
        vec![
            with("a", "max.message.bytes", Some("1000")),
            with("b", "max.message.bytes", Some("lots")),
            with("c", "max.mesage.bytes", Some("1000")),
            with("d", "max.message.bytes", None),
        ],
    );
    assert!(results.iter().map(|topic| topic.error_code.0).eq([0, 40, 40, 40]));
    assert!(results[2].error_message.as_deref().unwrap().contains("`max.message.bytes`"));
    let configs = results[0].configs.as_ref().unwrap();
    let told = |key: &str| {
        let config = configs.iter().find(|config| &*config.name == key).unwrap();
        (config.value.as_deref().unwrap(), config.config_source)
    };
    assert_eq!(told("max.message.bytes"), ("1000", 1));
    assert_eq!(told("retention.ms"), ("1234", 4));
    assert_eq!(told("cleanup.policy"), ("delete", 5));
}

#[test]
fn topics_are_deleted_by_name_or_by_id() {
    let mut world = World::new(ClusterConfig::new(1).topic("a", 1).topic("b", 1).topic("c", 1));
    let connection = world.connect(1);
    for version in 1..=5 {
        let request =
            DeleteTopicsRequest { topic_names: vec!["c".into(), "nowhere".into()], ..Default::default() };
        let response = world.ask(connection, version, &request).answer();
        let codes: Vec<_> = response.responses.iter().map(|topic| topic.error_code.0).collect();
        assert_eq!(codes, if version == 1 { [0, 3] } else { [3, 3] });
    }
    let by_name = |name: &str| DeleteTopicState { name: Some(name.into()), ..Default::default() };
    let by_id = |topic_id| DeleteTopicState { topic_id, ..Default::default() };
    let id = world.cluster.topic("b").unwrap().id();
    let both = DeleteTopicState { topic_id: id, ..by_name("b") };
    let topics =
        vec![both, by_name("a"), by_id(id), by_id(Uuid::from_u128(99)), by_id(Uuid::ZERO), by_name("c")];
    let response = world.ask(connection, 6, &DeleteTopicsRequest { topics, ..Default::default() }).answer();
    assert!(response.responses.iter().map(|topic| topic.error_code.0).eq([42, 0, 0, 100, 42, 3]));
    assert_eq!(response.responses[2].name.as_deref(), Some("b"));
    assert_eq!(response.responses[3].name, None);
    assert_eq!(world.cluster.topics().count(), 0);
}

#[test]
fn deleting_can_be_forbidden() {
    let config = ClusterConfig::new(1).topic("a", 1).config("delete.topic.enable", "false").unwrap();
    let mut world = World::new(config);
    let connection = world.connect(1);
    let request = DeleteTopicsRequest { topic_names: vec!["a".into()], ..Default::default() };
    let response = world.ask(connection, 5, &request).answer();
    assert_eq!(response.responses[0].error_code, ErrorCode::TOPIC_DELETION_DISABLED);
}

#[test]
fn a_topic_that_is_created_again_has_another_id_and_no_records() {
    let mut world = World::new(ClusterConfig::new(1).topic("a", 1));
    let connection = world.connect(1);
    world.produce(connection, "a", 0, -1, Some(crate::client::batch(3))).answer();
    let old = world.cluster.topic("a").unwrap().id();
    assert!(world.cluster.delete_topic("a"));
    create(&mut world, connection, vec![creatable("a", 1, 1)]);
    let new = world.cluster.topic("a").unwrap();
    assert_ne!(new.id(), old);
    assert_eq!(new.partitions()[0].high_watermark(), 0);
}

#[test]
fn every_key_has_a_coordinator() {
    let mut world = World::new(ClusterConfig::new(3));
    let connection = world.connect(1);
    for version in 0..=3 {
        let request = FindCoordinatorRequest { key: "group".into(), ..Default::default() };
        let response = world.ask(connection, version, &request).answer();
        assert_eq!((response.error_code.0, response.port), (0, 9091 + response.node_id.0));
    }
    for version in 4..=6 {
        let keys = vec!["group".into(), "other".into()];
        let request = FindCoordinatorRequest { coordinator_keys: keys, key_type: 1, ..Default::default() };
        let response = world.ask(connection, version, &request).answer();
        assert!(response.coordinators.iter().map(|found| &*found.key).eq(["group", "other"]));
        assert!(response.coordinators.iter().all(|found| found.error_code.0 == 0));
    }
}

#[test]
fn a_bad_configuration_is_an_error_with_the_name_in_it() {
    let error = |config| Cluster::try_new(config).unwrap_err().to_string();
    assert!(error(ClusterConfig::new(1).topic("bad name!", 1)).contains("bad name!"));
    assert!(error(ClusterConfig::new(1).topic("a", 0)).contains("`a`"));
    assert!(error(ClusterConfig::new(1).topic("a", 1).topic("a", 1)).contains("exists"));
    assert!(
        error(ClusterConfig::new(1).topic_with(TopicSpec::new("a").replication_factor(2))).contains("`a`")
    );
    assert!(error(ClusterConfig::new(0)).contains("brokers"));
}

#[test]
fn leaders_move_to_any_broker_there_is() {
    let mut cluster = Cluster::new(ClusterConfig::new(3).topic("orders", 1));
    for id in [1, 2, 3, 3] {
        cluster.move_leader("orders", 0, BrokerId(id)).unwrap();
        let partition = &cluster.topic("orders").unwrap().partitions()[0];
        assert_eq!((partition.leader(), partition.replicas()), (BrokerId(id), &[BrokerId(id)][..]));
    }
    assert_eq!(cluster.topic("orders").unwrap().partitions()[0].leader_epoch(), 4);
    assert_eq!(cluster.move_leader("orders", 0, BrokerId(4)).unwrap_err().error_code().0, 8);
    assert_eq!(cluster.move_leader("orders", 1, BrokerId(1)).unwrap_err().error_code().0, 3);
    assert_eq!(cluster.move_leader("nowhere", 0, BrokerId(1)).unwrap_err().error_code().0, 3);
}

#[test]
fn a_topic_that_is_named_twice_is_not_deleted() {
    let mut world = World::new(ClusterConfig::new(1).topic("a", 1).topic("b", 1));
    let connection = world.connect(1);
    let topics =
        ["a", "b", "a"].map(|name| DeleteTopicState { name: Some(name.into()), ..Default::default() });
    let request = DeleteTopicsRequest { topics: topics.to_vec(), ..Default::default() };
    let response = world.ask(connection, 6, &request).answer();
    let codes = response.responses.iter().map(|result| (result.name.as_deref().unwrap(), result.error_code));
    let invalid = ErrorCode::INVALID_REQUEST;
    assert!(codes.eq([("a", invalid), ("b", ErrorCode::NONE), ("a", invalid)]));
    assert!(world.cluster.topics().map(|topic| topic.name().as_str()).eq(["a"]));
}

#[test]
fn spaces_around_a_setting_mean_nothing() {
    let config = ClusterConfig::new(2).config("num.partitions", " 3 ").unwrap();
    let config = config.config("default.replication.factor", "2 ").unwrap();
    let spec = TopicSpec::new("orders").config("max.message.bytes", " 1000 ").unwrap();
    let world = World::new(config.config("auto.create.topics.enable", " FALSE ").unwrap().topic_with(spec));
    let orders = world.cluster.topic("orders").unwrap();
    assert_eq!((orders.partitions().len(), orders.partitions()[0].replicas().len()), (3, 2));
    assert!(orders.configs().eq([("max.message.bytes", "1000")]));
}
