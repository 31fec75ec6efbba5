//! EndQuorumEpoch (key 54): a leader of the metadata quorum resigns and tells the voters (KIP-595).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// EndQuorumEpoch (key 54): a leader of the metadata quorum resigns and tells the voters (KIP-595).
///
/// Versions 0–1. 1: flexible (KIP-482), candidates have directory ids, the leader tells its endpoints
/// (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct EndQuorumEpochRequest {
    /// The cluster that the sender means to talk to; null if it does not say.
    pub cluster_id: Option<ByteString>,
    /// What it resigns from, by topic.
    pub topics: Vec<TopicData>,
    /// Where the leader listens (KIP-853).
    #[field(versions = "1+", ignorable)]
    pub leader_endpoints: Vec<LeaderEndpoint>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What it resigns from in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicData {
    /// The topic.
    pub topic_name: TopicName,
    /// What it resigns from, by partition.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What it resigns from in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// The leader that resigns.
    pub leader_id: BrokerId,
    /// The epoch that ends.
    pub leader_epoch: i32,
    /// Who should stand for election, the one that is furthest first.
    #[field(versions = "0", ignorable)]
    pub preferred_successors: IntArray<i32>,
    /// Who should stand for election, the one that is furthest first (KIP-853).
    #[field(versions = "1+", ignorable)]
    pub preferred_candidates: Vec<ReplicaInfo>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A voter that should stand for election (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReplicaInfo {
    /// The node.
    #[field(versions = "1+")]
    pub candidate_id: BrokerId,
    /// The directory that holds its log.
    #[field(versions = "1+")]
    pub candidate_directory_id: Uuid,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where the leader listens (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderEndpoint {
    /// The listener.
    #[field(versions = "1+", key)]
    pub name: ByteString,
    /// Its host name or address.
    #[field(versions = "1+")]
    pub host: ByteString,
    /// Its port.
    #[field(versions = "1+")]
    pub port: u16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What the voter knows about the leader.
///
/// Versions 0–1. 1: flexible (KIP-482), where the leaders listen (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct EndQuorumEpochResponse {
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// What it knows, by topic.
    pub topics: Vec<EndQuorumEpochResponseTopicData>,
    /// Where the leaders named above listen (KIP-853).
    #[field(versions = "1+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What the voter knows about one topic. `TopicData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "TopicData")]
pub struct EndQuorumEpochResponseTopicData {
    /// The topic.
    pub topic_name: TopicName,
    /// What it knows, by partition.
    pub partitions: Vec<EndQuorumEpochResponsePartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What the voter knows about one partition. `PartitionData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "PartitionData")]
pub struct EndQuorumEpochResponsePartitionData {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The leader; -1 if not known.
    pub leader_id: BrokerId,
    /// The newest epoch that it knows.
    pub leader_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a node listens (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    /// The node.
    #[field(versions = "1+", key)]
    pub node_id: BrokerId,
    /// Its host name or address.
    #[field(versions = "1+")]
    pub host: ByteString,
    /// Its port.
    #[field(versions = "1+")]
    pub port: u16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
