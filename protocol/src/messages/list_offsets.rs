//! ListOffsets (key 2): find the offset of a time, or of the log's start or end.

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, IsolationLevel, TopicName};
use crate::wire::TaggedFields;

/// ListOffsets (key 2): find the offset of a time, or of the log's start or end.
///
/// Versions 1–11. 2: isolation level (KIP-98). 4: leader epochs (KIP-320). 6: flexible (KIP-482). 7 to 9 and
/// 11 add no field but times of special meaning: -3 newest time (KIP-734), -4 first offset kept locally
/// (KIP-405), -5 last one in remote storage (KIP-1005), -6 first one to be uploaded (KIP-1023). 10: timeout
/// (KIP-1075).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-11", flexible = "6+")]
pub struct ListOffsetsRequest {
    /// The follower that asks; -1 for a consumer.
    pub replica_id: BrokerId,
    /// With read committed, the log ends for the sender at the last stable offset (KIP-98).
    #[field(versions = "2+")]
    pub isolation_level: IsolationLevel,
    /// What to look for, by topic.
    pub topics: Vec<ListOffsetsTopic>,
    /// How long the broker may look in remote storage, in milliseconds (KIP-1075).
    #[field(versions = "10+", ignorable)]
    pub timeout_ms: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to look for in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsTopic {
    /// The topic.
    pub name: TopicName,
    /// What to look for, by partition.
    pub partitions: Vec<ListOffsetsPartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to look for in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsPartition {
    /// The partition.
    pub partition_index: i32,
    /// The leader epoch that the sender believes in; -1 skips the check (KIP-320).
    #[field(versions = "4+", default = -1, ignorable)]
    pub current_leader_epoch: i32,
    /// Milliseconds since the epoch; or -1 end, -2 start, -3 newest, -4 to -6 tiered storage's bounds.
    pub timestamp: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets found.
///
/// Versions 1–11. 2: throttling. 4: leader epochs (KIP-320). 5: may say `OFFSET_NOT_AVAILABLE` (KIP-207). 6:
/// flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-11", flexible = "6+")]
pub struct ListOffsetsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "2+", ignorable)]
    pub throttle_time_ms: i32,
    /// What was found, by topic.
    pub topics: Vec<ListOffsetsTopicResponse>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What was found in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsTopicResponse {
    /// The topic.
    pub name: TopicName,
    /// What was found, by partition.
    pub partitions: Vec<ListOffsetsPartitionResponse>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What was found in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsPartitionResponse {
    /// The partition.
    pub partition_index: i32,
    /// Why there is no offset, or none.
    pub error_code: ErrorCode,
    /// Time of the record found, in milliseconds since the epoch; -1 for a start, an end, or none.
    #[field(default = -1)]
    pub timestamp: i64,
    /// First offset with a time not before the one asked for; -1 if there is none.
    #[field(default = -1)]
    pub offset: i64,
    /// Leader epoch of the record at that offset; -1 if not known (KIP-320).
    #[field(versions = "4+", default = -1)]
    pub leader_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
