//! DescribeShareGroupOffsets (key 90): where share groups are in their partitions (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// DescribeShareGroupOffsets (key 90): where share groups are in their partitions (KIP-932).
///
/// Versions 0–1, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct DescribeShareGroupOffsetsRequest {
    /// What is asked about, by group.
    pub groups: Vec<DescribeShareGroupOffsetsRequestGroup>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What is asked about one group.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsRequestGroup {
    /// The group.
    pub group_id: GroupId,
    /// The partitions, by topic; null for all.
    #[field(default = empty)]
    pub topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsRequestTopic {
    /// The topic.
    pub topic_name: TopicName,
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets.
///
/// Versions 0–1, flexible. 1: lag (KIP-1226).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct DescribeShareGroupOffsetsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// The offsets, by group.
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets of one group.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsResponseGroup {
    /// The group.
    pub group_id: GroupId,
    /// The offsets, by topic.
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic>,
    /// What is wrong with the group, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsResponseTopic {
    /// The topic.
    pub topic_name: TopicName,
    /// Its id.
    pub topic_id: Uuid,
    /// The offsets, by partition.
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offset in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// First offset that the group is not done with; -1 if there is none.
    pub start_offset: i64,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// How many records the group has still to process; -1 if not known (KIP-1226).
    #[field(versions = "1+", default = -1, ignorable)]
    pub lag: i64,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
