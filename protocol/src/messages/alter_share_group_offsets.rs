//! AlterShareGroupOffsets (key 91): set where an empty share group goes on reading (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName, Uuid};
use crate::wire::TaggedFields;

/// AlterShareGroupOffsets (key 91): set where an empty share group goes on reading (KIP-932).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AlterShareGroupOffsetsRequest {
    /// The group.
    pub group_id: GroupId,
    /// The offsets to set, by topic.
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets to set in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterShareGroupOffsetsRequestTopic {
    /// The topic.
    #[field(key)]
    pub topic_name: TopicName,
    /// The offsets to set, by partition.
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offset to set in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterShareGroupOffsetsRequestPartition {
    /// The partition.
    pub partition_index: i32,
    /// First offset that the group is to be given.
    pub start_offset: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Which offsets were set.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AlterShareGroupOffsetsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Outcomes by topic.
    pub responses: Vec<AlterShareGroupOffsetsResponseTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterShareGroupOffsetsResponseTopic {
    /// The topic.
    #[field(key)]
    pub topic_name: TopicName,
    /// Its id.
    pub topic_id: Uuid,
    /// Outcomes by partition.
    pub partitions: Vec<AlterShareGroupOffsetsResponsePartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterShareGroupOffsetsResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
