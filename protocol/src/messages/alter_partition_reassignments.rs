//! AlterPartitionReassignments (key 45): move partitions to other brokers, or cancel that (KIP-455).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName};
use crate::wire::{IntArray, TaggedFields};

/// AlterPartitionReassignments (key 45): move partitions to other brokers, or cancel that (KIP-455).
///
/// Versions 0–1, flexible. 1: the number of replicas can be protected (KIP-860).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct AlterPartitionReassignmentsRequest {
    /// How long the broker may wait for the outcome, in milliseconds.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    /// Whether a partition may get more or fewer replicas than it has (KIP-860).
    #[field(versions = "1+", default = true)]
    pub allow_replication_factor_change: bool,
    /// What to move, by topic.
    pub topics: Vec<ReassignableTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to move of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReassignableTopic {
    /// The topic.
    pub name: TopicName,
    /// What to move, by partition.
    pub partitions: Vec<ReassignablePartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where one partition is to go.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReassignablePartition {
    /// The partition.
    pub partition_index: i32,
    /// The brokers that are to hold it, the preferred leader first; null cancels its move.
    pub replicas: Option<IntArray<BrokerId>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether each move has begun.
///
/// Versions 0–1, flexible. 1: repeats what the request allowed (KIP-860).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct AlterPartitionReassignmentsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Whether the number of replicas was allowed to change (KIP-860).
    #[field(versions = "1+", default = true, ignorable)]
    pub allow_replication_factor_change: bool,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Outcomes by topic.
    pub responses: Vec<ReassignableTopicResponse>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReassignableTopicResponse {
    /// The topic.
    pub name: TopicName,
    /// Outcomes by partition.
    pub partitions: Vec<ReassignablePartitionResponse>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReassignablePartitionResponse {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
