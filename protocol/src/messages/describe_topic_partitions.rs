//! DescribeTopicPartitions (key 75): topics and partitions, a page at a time (KIP-966).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// DescribeTopicPartitions (key 75): topics and partitions, a page at a time (KIP-966).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeTopicPartitionsRequest {
    /// The topics asked about; empty for all.
    pub topics: Vec<TopicRequest>,
    /// How many partitions to answer with at most.
    #[field(default = 2000)]
    pub response_partition_limit: i32,
    /// Where to go on, from the response before; null for the start.
    pub cursor: Option<Cursor>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A topic asked about.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicRequest {
    /// The topic.
    pub name: TopicName,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Cursor {
    /// First topic of the page.
    pub topic_name: TopicName,
    /// First partition of that topic on the page.
    pub partition_index: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// One page of topics.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeTopicPartitionsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    /// Where the next page begins; null if this is the last one.
    pub next_cursor: Option<Cursor>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A topic and its partitions.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeTopicPartitionsResponseTopic {
    /// What is wrong with the topic, or none.
    pub error_code: ErrorCode,
    /// The topic; null if it has no name that the broker knows.
    #[field(default = empty, key)]
    pub name: Option<TopicName>,
    /// Its id; all zero if it has none.
    #[field(ignorable)]
    pub topic_id: Uuid,
    /// Whether it is one of the cluster's own, such as `__consumer_offsets`.
    #[field(ignorable)]
    pub is_internal: bool,
    /// Its partitions on this page.
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// Bit n set: operation n on the topic is permitted; `i32::MIN` if not told.
    #[field(default = -2147483648)]
    pub topic_authorized_operations: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A partition, its leader and its replicas.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeTopicPartitionsResponsePartition {
    /// What is wrong with the partition, or none.
    pub error_code: ErrorCode,
    /// The partition.
    pub partition_index: i32,
    /// The leader; -1 if there is none.
    pub leader_id: BrokerId,
    /// Counts the changes of leader; -1 if not known.
    #[field(default = -1, ignorable)]
    pub leader_epoch: i32,
    /// All brokers that should hold a copy, the preferred leader first.
    pub replica_nodes: IntArray<BrokerId>,
    /// Those of them that are in sync.
    pub isr_nodes: IntArray<BrokerId>,
    /// Those that are not in sync but safe to elect, because they hold all committed; null if not told.
    pub eligible_leader_replicas: Option<IntArray<BrokerId>>,
    /// Those that were eligible when they were last heard of; null if not told.
    pub last_known_elr: Option<IntArray<BrokerId>>,
    /// Those of them that are not reachable.
    #[field(ignorable)]
    pub offline_replicas: IntArray<BrokerId>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
