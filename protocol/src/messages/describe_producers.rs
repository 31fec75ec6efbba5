//! DescribeProducers (key 61): who writes to a partition with a producer id (KIP-664).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{ProducerId, TopicName};
use crate::wire::{IntArray, TaggedFields};

/// DescribeProducers (key 61): who writes to a partition with a producer id (KIP-664).
///
/// Sent to the leaders. Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeProducersRequest {
    /// The partitions asked about, by topic.
    pub topics: Vec<TopicRequest>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicRequest {
    /// The topic.
    #[field(key)]
    pub name: TopicName,
    /// The partitions.
    pub partition_indexes: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The producers that the partitions know.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeProducersResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// The producers, by topic.
    pub topics: Vec<TopicResponse>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The producers of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicResponse {
    /// The topic.
    pub name: TopicName,
    /// The producers, by partition.
    pub partitions: Vec<PartitionResponse>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The producers of one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResponse {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// The producers whose state the partition keeps.
    pub active_producers: Vec<ProducerState>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What a partition knows about a producer.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ProducerState {
    /// The producer id.
    pub producer_id: ProducerId,
    /// The producer epoch.
    pub producer_epoch: i32,
    /// Sequence number of the last record that it wrote; -1 if none.
    #[field(default = -1)]
    pub last_sequence: i32,
    /// Time of the last record that it wrote, in milliseconds since the epoch; -1 if none.
    #[field(default = -1)]
    pub last_timestamp: i64,
    /// Epoch of the transaction coordinator that wrote the last marker.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction; -1 if there is none.
    #[field(default = -1)]
    pub current_txn_start_offset: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
