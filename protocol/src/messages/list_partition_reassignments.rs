//! ListPartitionReassignments (key 46): which partitions are moving to other brokers (KIP-455).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName};
use crate::wire::{IntArray, TaggedFields};

/// ListPartitionReassignments (key 46): which partitions are moving to other brokers (KIP-455).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ListPartitionReassignmentsRequest {
    /// How long the broker may wait for the outcome, in milliseconds.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    /// The partitions asked about, by topic; null for all.
    pub topics: Option<Vec<ListPartitionReassignmentsTopics>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListPartitionReassignmentsTopics {
    /// The topic.
    pub name: TopicName,
    /// The partitions.
    pub partition_indexes: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The partitions that are moving.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ListPartitionReassignmentsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// The partitions, by topic.
    pub topics: Vec<OngoingTopicReassignment>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The moving partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OngoingTopicReassignment {
    /// The topic.
    pub name: TopicName,
    /// The partitions.
    pub partitions: Vec<OngoingPartitionReassignment>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A moving partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OngoingPartitionReassignment {
    /// The partition.
    pub partition_index: i32,
    /// The brokers that hold it now, the new ones among them.
    pub replicas: IntArray<BrokerId>,
    /// Those of them that are being added.
    pub adding_replicas: IntArray<BrokerId>,
    /// Those of them that will be removed.
    pub removing_replicas: IntArray<BrokerId>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
