//! What a request leaves behind: nothing of its bytes, unless records are stored.

use milena_mock_broker::ClusterConfig;
use protocol::RequestMessage;
use protocol::frame::encode_request;
use protocol::messages::delete_topics::DeleteTopicState;
use protocol::messages::fetch::{FetchPartition, FetchTopic};
use protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use protocol::messages::metadata::MetadataRequestTopic;
use protocol::messages::{DeleteTopicsRequest, FetchRequest, ListOffsetsRequest, MetadataRequest};
use protocol::names::TopicName;

use crate::client::{World, batch, produce_request};

fn leaves_nothing<M: RequestMessage>(world: &mut World, version: i16, request: &M) {
    let connection = world.connect(1);
    let frame = encode_request(1, Some("test"), version, request).unwrap().into_bytes().slice(4..);
    drop(world.frame(connection, frame.clone()));
    assert!(frame.is_unique(), "{:?} in version {version} is kept", M::KEY);
}

#[test]
fn a_name_that_no_topic_has_does_not_keep_its_request_alive() {
    let config = ClusterConfig::new(1).config("auto.create.topics.enable", "false").unwrap();
    let mut world = World::new(config);
    let long = "n".repeat(10_000);
    for name in ["nowhere", &long] {
        leaves_nothing(&mut world, 9, &produce_request(name, 0, -1, Some(batch(1))));
        let topic: TopicName = name.into();
        let partitions = vec![FetchPartition::default()];
        let topics = vec![FetchTopic { topic: topic.clone(), partitions, ..Default::default() }];
        leaves_nothing(&mut world, 12, &FetchRequest { topics, ..Default::default() });
        let partitions = vec![ListOffsetsPartition::default()];
        let topics = vec![ListOffsetsTopic { name: topic.clone(), partitions, ..Default::default() }];
        leaves_nothing(&mut world, 11, &ListOffsetsRequest { topics, ..Default::default() });
        let topics = vec![DeleteTopicState { name: Some(topic.clone()), ..Default::default() }];
        leaves_nothing(&mut world, 6, &DeleteTopicsRequest { topics, ..Default::default() });
        let topics = Some(vec![MetadataRequestTopic { name: Some(topic), ..Default::default() }]);
        leaves_nothing(&mut world, 12, &MetadataRequest { topics, ..Default::default() });
    }
    let names = world.cluster.journal().entries().flat_map(|entry| &entry.partitions);
    let lengths: Vec<_> = names.map(|outcome| outcome.topic.len()).collect();
    assert_eq!(lengths, [7, 7, 7, 7, 249, 249, 249, 249]);
}
