//! Metadata (key 3): brokers, topics, leaders.

use protocol::ErrorCode;
use protocol::messages::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use protocol::messages::{MetadataRequest, MetadataResponse};
use protocol::names::{BrokerId, TopicName, Uuid};

use crate::cluster::topic::{Partition, Topic};
use crate::cluster::{Asked, Cluster};
use crate::fault::Site;

/// Tells about all topics or the given ones; a topic that is not there is created at once if both sides want that.
pub(super) fn metadata(cluster: &mut Cluster, asked: &Asked, request: MetadataRequest) -> MetadataResponse {
    // The one error that stands at the top, where the version has a place for it (KIP-1102).
    if asked.version >= FIRST_VERSION_WITH_ERROR
        && cluster.verdict(asked, Site::REQUEST) == Some(ErrorCode::REBOOTSTRAP_REQUIRED)
    {
        return MetadataResponse { error_code: ErrorCode::REBOOTSTRAP_REQUIRED, ..Default::default() };
    }
    // In version 0 there is no null: an empty list stands for all.
    let topics = request.topics.filter(|topics| asked.version > 0 || !topics.is_empty());
    let with_rights = request.include_topic_authorized_operations;
    let topics = match topics {
        None => cluster.topics.iter().map(|topic| known(cluster, asked, topic, with_rights)).collect(),
        Some(topics) => topics
            .into_iter()
            .map(|topic| one(cluster, asked, topic, request.allow_auto_topic_creation, with_rights))
            .collect(),
    };
    let cluster_rights =
        if request.include_cluster_authorized_operations { CLUSTER_RIGHTS } else { i32::MIN };
    MetadataResponse {
        brokers: cluster
            .live_brokers()
            .map(|(id, broker)| MetadataResponseBroker {
                node_id: id,
                host: broker.endpoint.host.clone(),
                port: broker.endpoint.port.into(),
                rack: broker.rack.clone(),
                ..Default::default()
            })
            .collect(),
        cluster_id: Some(cluster.id.clone()),
        controller_id: cluster.controller(),
        topics,
        cluster_authorized_operations: cluster_rights,
        ..Default::default()
    }
}

const FIRST_VERSION_WITH_ERROR: i16 = 13;

/// All operations on a topic, as bits: without an authorizer everybody may do everything.
const TOPIC_RIGHTS: i32 = 0b1101_1111_1000;
/// All operations on the cluster.
const CLUSTER_RIGHTS: i32 = 0b1_1111_1010_0000;

fn one(
    cluster: &mut Cluster,
    asked: &Asked,
    topic: MetadataRequestTopic,
    may_create: bool,
    with_rights: bool,
) -> MetadataResponseTopic {
    let Some(name) = topic.name else {
        return match cluster.topics.name_of(topic.topic_id).and_then(|name| cluster.topics.get(name)) {
            Some(topic) => known(cluster, asked, topic, with_rights),
            None => failed(None, topic.topic_id, ErrorCode::UNKNOWN_TOPIC_ID),
        };
    };
    if let Some(error_code) = cluster.verdict(asked, Site::topic(&name)) {
        return failed(Some(name), Uuid::ZERO, error_code);
    }
    if cluster.topics.get(&name).is_none() {
        let created = match TopicName::fault(&name) {
            Some(_) => Err(ErrorCode::INVALID_TOPIC_EXCEPTION),
            None if may_create => cluster.auto_create(&name).map_err(|error| error.error_code),
            None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        };
        if let Err(error_code) = created {
            return failed(Some(name), Uuid::ZERO, error_code);
        }
    }
    match cluster.topics.get(&name) {
        Some(topic) => known(cluster, asked, topic, with_rights),
        None => failed(Some(name), Uuid::ZERO, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
    }
}

fn known(cluster: &Cluster, asked: &Asked, topic: &Topic, with_rights: bool) -> MetadataResponseTopic {
    let is_live = |broker: BrokerId| cluster.brokers.get(&broker).is_some_and(|broker| !broker.is_fenced);
    let partition = |(index, partition): (usize, &Partition)| {
        let index = index as i32;
        let leader_id = if is_live(partition.leader) { partition.leader } else { BrokerId::NONE };
        let error_code = match cluster.verdict(asked, Site::partition(&topic.name, index)) {
            Some(error_code) => error_code,
            None if leader_id == BrokerId::NONE => ErrorCode::LEADER_NOT_AVAILABLE,
            None => ErrorCode::NONE,
        };
        MetadataResponsePartition {
            error_code,
            partition_index: index,
            // Where the fault is that there is no leader, there is none.
            leader_id: match error_code {
                ErrorCode::LEADER_NOT_AVAILABLE => BrokerId::NONE,
                _ => leader_id,
            },
            leader_epoch: partition.leader_epoch,
            replica_nodes: partition.replicas.clone(),
            isr_nodes: partition.in_sync_replicas().into(),
            offline_replicas: partition.replicas.iter().copied().filter(|broker| !is_live(*broker)).collect(),
            ..Default::default()
        }
    };
    MetadataResponseTopic {
        error_code: cluster.verdict(asked, Site::topic(&topic.name)).unwrap_or_default(),
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        partitions: topic.partitions.iter().enumerate().map(partition).collect(),
        topic_authorized_operations: if with_rights { TOPIC_RIGHTS } else { i32::MIN },
        ..Default::default()
    }
}

fn failed(name: Option<TopicName>, topic_id: Uuid, error_code: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic { error_code, name, topic_id, ..Default::default() }
}

/// What Metadata was like at some moment, for a fault rule that wants clients to be told that and nothing newer.
#[derive(Clone, Debug)]
pub(crate) struct StaleMetadata(MetadataResponse);

impl StaleMetadata {
    /// What it is like now.
    pub(crate) fn of(cluster: &mut Cluster) -> Self {
        let everything = MetadataRequest { topics: None, ..Default::default() };
        Self(metadata(cluster, &Asked::nobody(), everything))
    }

    /// The answer that a client would have got then. Topics that it did not have are not known, and not created.
    pub(crate) fn answer(&self, request: &MetadataRequest, version: i16) -> MetadataResponse {
        let wanted = request.topics.as_ref().filter(|topics| version > 0 || !topics.is_empty());
        let Some(wanted) = wanted else { return self.0.clone() };
        let topics = wanted.iter().map(|topic| self.topic(topic)).collect();
        MetadataResponse { topics, ..self.0.clone() }
    }

    fn topic(&self, wanted: &MetadataRequestTopic) -> MetadataResponseTopic {
        let (name, topic_id) = (wanted.name.clone(), wanted.topic_id);
        let is_wanted = |topic: &&MetadataResponseTopic| match &name {
            Some(name) => topic.name.as_ref() == Some(name),
            None => topic.topic_id == topic_id,
        };
        let known = self.0.topics.iter().find(is_wanted).cloned();
        let error_code = match &name {
            Some(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            None => ErrorCode::UNKNOWN_TOPIC_ID,
        };
        known.unwrap_or_else(|| failed(name, topic_id, error_code))
    }
}
