//! DescribeQuorum (key 55): the state of the metadata quorum, as its leader sees it (KIP-595).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName, Uuid};
use crate::wire::TaggedFields;

/// DescribeQuorum (key 55): the state of the metadata quorum, as its leader sees it (KIP-595).
///
/// Versions 0–2, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct DescribeQuorumRequest {
    /// The partitions asked about, by topic.
    pub topics: Vec<TopicData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicData {
    /// The topic.
    pub topic_name: TopicName,
    /// The partitions.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The state of the quorum.
///
/// Versions 0–2, flexible. 1: how far behind in time each replica is (KIP-836). 2: directory ids, endpoints,
/// error messages (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct DescribeQuorumResponse {
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(versions = "2+", default = empty, ignorable)]
    pub error_message: Option<ByteString>,
    /// The state, by topic.
    pub topics: Vec<DescribeQuorumResponseTopicData>,
    /// Where the voters and observers listen (KIP-853).
    #[field(versions = "2+")]
    pub nodes: Vec<Node>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The state of one topic. `TopicData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "TopicData")]
pub struct DescribeQuorumResponseTopicData {
    /// The topic.
    pub topic_name: TopicName,
    /// The state, by partition.
    pub partitions: Vec<DescribeQuorumResponsePartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The state of one partition. `PartitionData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "PartitionData")]
pub struct DescribeQuorumResponsePartitionData {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(versions = "2+", default = empty, ignorable)]
    pub error_message: Option<ByteString>,
    /// The leader; -1 if not known.
    pub leader_id: BrokerId,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// First offset that is not yet on a majority of the voters.
    pub high_watermark: i64,
    /// The replicas that vote.
    pub current_voters: Vec<ReplicaState>,
    /// The replicas that read along.
    pub observers: Vec<ReplicaState>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How far a replica is.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReplicaState {
    /// The node.
    pub replica_id: BrokerId,
    /// The directory that holds its log; all zero if not known (KIP-853).
    #[field(versions = "2+")]
    pub replica_directory_id: Uuid,
    /// The offset that it will write next; -1 if not known.
    pub log_end_offset: i64,
    /// When it last fetched, in milliseconds since the epoch; -1 if not known (KIP-836).
    #[field(versions = "1+", default = -1, ignorable)]
    pub last_fetch_timestamp: i64,
    /// When it last had all the leader had, in milliseconds since the epoch; -1 if not known (KIP-836).
    #[field(versions = "1+", default = -1, ignorable)]
    pub last_caught_up_timestamp: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A node and where it listens (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Node {
    /// The node.
    #[field(versions = "2+", key)]
    pub node_id: BrokerId,
    /// Where it listens.
    #[field(versions = "2+")]
    pub listeners: Vec<Listener>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a node listens (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Listener {
    /// The listener.
    #[field(versions = "2+", key)]
    pub name: ByteString,
    /// Its host name or address.
    #[field(versions = "2+")]
    pub host: ByteString,
    /// Its port.
    #[field(versions = "2+")]
    pub port: u16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
