//! OffsetDelete (key 47): delete what is stored of a group's offsets in some partitions (KIP-496).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName};

/// OffsetDelete (key 47): delete what is stored of a group's offsets in some partitions (KIP-496).
///
/// Version 0, not flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0")]
pub struct OffsetDeleteRequest {
    /// The group.
    pub group_id: GroupId,
    /// The partitions, by topic.
    pub topics: Vec<OffsetDeleteRequestTopic>,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetDeleteRequestTopic {
    /// The topic.
    #[field(key)]
    pub name: TopicName,
    /// The partitions.
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetDeleteRequestPartition {
    /// The partition.
    pub partition_index: i32,
}

/// How each partition fared.
///
/// Version 0, not flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0")]
pub struct OffsetDeleteResponse {
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// Outcomes by topic.
    pub topics: Vec<OffsetDeleteResponseTopic>,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetDeleteResponseTopic {
    /// The topic.
    #[field(key)]
    pub name: TopicName,
    /// Outcomes by partition.
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetDeleteResponsePartition {
    /// The partition.
    #[field(key)]
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
}
