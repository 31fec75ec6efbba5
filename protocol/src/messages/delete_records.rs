//! DeleteRecords (key 21): delete the beginning of partitions (KIP-107).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::TopicName;
use crate::wire::TaggedFields;

/// DeleteRecords (key 21): delete the beginning of partitions (KIP-107).
///
/// Versions 0–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct DeleteRecordsRequest {
    /// What to delete, by topic.
    pub topics: Vec<DeleteRecordsTopic>,
    /// How long the leader may wait for the replicas, in milliseconds.
    pub timeout_ms: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to delete from one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteRecordsTopic {
    /// The topic.
    pub name: TopicName,
    /// What to delete, by partition.
    pub partitions: Vec<DeleteRecordsPartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to delete from one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteRecordsPartition {
    /// The partition.
    pub partition_index: i32,
    /// First offset that is to stay; -1 for the high watermark.
    pub offset: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each partition fared.
///
/// Versions 0–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct DeleteRecordsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes by topic.
    pub topics: Vec<DeleteRecordsTopicResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteRecordsTopicResult {
    /// The topic.
    #[field(key)]
    pub name: TopicName,
    /// Outcomes by partition.
    pub partitions: Vec<DeleteRecordsPartitionResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteRecordsPartitionResult {
    /// The partition.
    #[field(key)]
    pub partition_index: i32,
    /// First offset that any replica still holds; -1 if there was an error.
    pub low_watermark: i64,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
