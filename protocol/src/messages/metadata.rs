//! Metadata (key 3): who the brokers are, which topics there are, and who leads their partitions.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// Metadata (key 3): who the brokers are, which topics there are, and who leads their partitions.
///
/// Versions 0–13. 1: null asks for all topics, empty for none; in 0 empty asks for all. 4: topic creation is
/// optional. 8: authorized operations (KIP-430). 9: flexible (KIP-482). 10: topic ids (KIP-516), of use for
/// asking since 12. 11: the operations on the cluster have moved to DescribeCluster (KIP-700).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-13", flexible = "9+")]
pub struct MetadataRequest {
    /// The topics asked for; null for all, empty for none (in version 0, empty for all).
    #[field(nullable = "1+", default = empty)]
    pub topics: Option<Vec<MetadataRequestTopic>>,
    /// Whether a missing topic is created, if the broker's configuration permits that too.
    #[field(versions = "4+", default = true)]
    pub allow_auto_topic_creation: bool,
    /// Whether to tell what the sender may do with the cluster (KIP-430).
    #[field(versions = "8-10")]
    pub include_cluster_authorized_operations: bool,
    /// Whether to tell what the sender may do with each topic (KIP-430).
    #[field(versions = "8+")]
    pub include_topic_authorized_operations: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A topic asked for, by name or by id.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataRequestTopic {
    /// The topic by id; all zero if it is asked for by name (KIP-516).
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    /// The topic by name; null if it is asked for by id.
    #[field(nullable = "10+", default = empty)]
    pub name: Option<TopicName>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The cluster as the answering broker sees it, which may lag.
///
/// Versions 0–13. 1: controller, racks, internal topics. 2: cluster id (KIP-78). 3: throttling. 5: offline
/// replicas (KIP-112). 7: leader epochs (KIP-320). 8: authorized operations (KIP-430). 9: flexible (KIP-482).
/// 10: topic ids (KIP-516). 13: an error for the whole, to make a client bootstrap anew (KIP-1102).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-13", flexible = "9+")]
pub struct MetadataResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "3+", ignorable)]
    pub throttle_time_ms: i32,
    /// The brokers that are alive.
    pub brokers: Vec<MetadataResponseBroker>,
    /// The cluster's id; null if it has none yet (KIP-78).
    #[field(versions = "2+", ignorable)]
    pub cluster_id: Option<ByteString>,
    /// The broker to send controller requests to; -1 if there is none.
    #[field(versions = "1+", default = -1, ignorable)]
    pub controller_id: BrokerId,
    /// The topics asked for.
    pub topics: Vec<MetadataResponseTopic>,
    /// Bit n set: operation n on the cluster is permitted; `i32::MIN` if not asked (KIP-430).
    #[field(versions = "8-10", default = -2147483648)]
    pub cluster_authorized_operations: i32,
    /// `REBOOTSTRAP_REQUIRED` tells the client to forget the brokers it knows (KIP-1102).
    #[field(versions = "13+", ignorable)]
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A broker and where it listens.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataResponseBroker {
    /// The broker.
    #[field(key)]
    pub node_id: BrokerId,
    /// Its host name or address, on the listener that was asked.
    pub host: ByteString,
    /// Its port.
    pub port: i32,
    /// Its rack; null if it has none.
    #[field(versions = "1+", ignorable)]
    pub rack: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A topic and its partitions.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataResponseTopic {
    /// What is wrong with the topic, or none.
    pub error_code: ErrorCode,
    /// The topic's name; null if an unknown id was asked for.
    #[field(nullable = "12+", default = empty, key)]
    pub name: Option<TopicName>,
    /// The topic's id; all zero if it has none (KIP-516).
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    /// Whether it is one of the cluster's own, such as `__consumer_offsets`.
    #[field(versions = "1+", ignorable)]
    pub is_internal: bool,
    /// Its partitions.
    pub partitions: Vec<MetadataResponsePartition>,
    /// Bit n set: operation n on the topic is permitted; `i32::MIN` if not asked (KIP-430).
    #[field(versions = "8+", default = -2147483648)]
    pub topic_authorized_operations: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A partition, its leader and its replicas.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataResponsePartition {
    /// What is wrong with the partition, `LEADER_NOT_AVAILABLE` for instance, or none.
    pub error_code: ErrorCode,
    /// The partition.
    pub partition_index: i32,
    /// The leader; -1 if there is none.
    pub leader_id: BrokerId,
    /// Counts the changes of leader; -1 if not known (KIP-320).
    #[field(versions = "7+", default = -1, ignorable)]
    pub leader_epoch: i32,
    /// All brokers that should hold a copy, the preferred leader first.
    pub replica_nodes: IntArray<BrokerId>,
    /// Those of them that are in sync.
    pub isr_nodes: IntArray<BrokerId>,
    /// Those of them that are not reachable (KIP-112).
    #[field(versions = "5+", ignorable)]
    pub offline_replicas: IntArray<BrokerId>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
