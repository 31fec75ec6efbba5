//! OffsetFetch (key 9): how far groups have read.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// OffsetFetch (key 9): how far groups have read.
///
/// Versions 1–10. 2: null asks for all partitions. 6: flexible (KIP-482). 7: may insist on decided
/// transactions (KIP-447). 8: many groups at once (KIP-709). 9: member epochs (KIP-848). 10: topics are named
/// by id instead of name (KIP-848).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-10", flexible = "6+")]
pub struct OffsetFetchRequest {
    /// The group.
    #[field(versions = "1-7")]
    pub group_id: GroupId,
    /// The partitions, by topic; null for all, since version 2.
    #[field(versions = "1-7", nullable = "2-7", default = empty)]
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    /// The partitions, by group (KIP-709).
    #[field(versions = "8+")]
    pub groups: Vec<OffsetFetchRequestGroup>,
    /// Whether offsets in open transactions are an error, `UNSTABLE_OFFSET_COMMIT` (KIP-447).
    #[field(versions = "7+")]
    pub require_stable: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchRequestTopic {
    /// The topic.
    #[field(versions = "1-7")]
    pub name: TopicName,
    /// The partitions.
    #[field(versions = "1-7")]
    pub partition_indexes: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The partitions asked about for one group (KIP-709).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchRequestGroup {
    /// The group.
    #[field(versions = "8+")]
    pub group_id: GroupId,
    /// The member that asks; null if it is none (KIP-848).
    #[field(versions = "9+", ignorable)]
    pub member_id: Option<ByteString>,
    /// Its epoch; -1 if it is no member (KIP-848).
    #[field(versions = "9+", default = -1, ignorable)]
    pub member_epoch: i32,
    /// The partitions, by topic; null for all.
    #[field(versions = "8+", default = empty)]
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchRequestTopics {
    /// The topic.
    #[field(versions = "8-9", ignorable)]
    pub name: TopicName,
    /// The topic, by id (KIP-848).
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    /// The partitions.
    #[field(versions = "8+")]
    pub partition_indexes: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets.
///
/// Versions 1–10. 2: an error for the whole. 3: throttling. 5: leader epochs (KIP-320). 6: flexible
/// (KIP-482). 7: may say `UNSTABLE_OFFSET_COMMIT` (KIP-447). 8: many groups at once (KIP-709). 10: topics by
/// id (KIP-848).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-10", flexible = "6+")]
pub struct OffsetFetchResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "3+", ignorable)]
    pub throttle_time_ms: i32,
    /// The offsets, by topic.
    #[field(versions = "1-7")]
    pub topics: Vec<OffsetFetchResponseTopic>,
    /// What is wrong with the request as a whole, or none.
    #[field(versions = "2-7", ignorable)]
    pub error_code: ErrorCode,
    /// The offsets, by group (KIP-709).
    #[field(versions = "8+")]
    pub groups: Vec<OffsetFetchResponseGroup>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponseTopic {
    /// The topic.
    #[field(versions = "1-7")]
    pub name: TopicName,
    /// The offsets, by partition.
    #[field(versions = "1-7")]
    pub partitions: Vec<OffsetFetchResponsePartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offset in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponsePartition {
    /// The partition.
    #[field(versions = "1-7")]
    pub partition_index: i32,
    /// First offset that the group has not processed; -1 if none is stored.
    #[field(versions = "1-7")]
    pub committed_offset: i64,
    /// Leader epoch of the last record processed; -1 if not known (KIP-320).
    #[field(versions = "5-7", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    /// The client's own note that was kept along with the offset.
    #[field(versions = "1-7", default = empty)]
    pub metadata: Option<ByteString>,
    /// What went wrong, or none.
    #[field(versions = "1-7")]
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets of one group (KIP-709).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponseGroup {
    /// The group.
    #[field(versions = "8+")]
    pub group_id: GroupId,
    /// The offsets, by topic.
    #[field(versions = "8+")]
    pub topics: Vec<OffsetFetchResponseTopics>,
    /// What is wrong with the group, or none.
    #[field(versions = "8+")]
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponseTopics {
    /// The topic.
    #[field(versions = "8-9", ignorable)]
    pub name: TopicName,
    /// The topic, by id (KIP-848).
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    /// The offsets, by partition.
    #[field(versions = "8+")]
    pub partitions: Vec<OffsetFetchResponsePartitions>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offset in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponsePartitions {
    /// The partition.
    #[field(versions = "8+")]
    pub partition_index: i32,
    /// First offset that the group has not processed; -1 if none is stored.
    #[field(versions = "8+")]
    pub committed_offset: i64,
    /// Leader epoch of the last record processed; -1 if not known (KIP-320).
    #[field(versions = "8+", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    /// The client's own note that was kept along with the offset.
    #[field(versions = "8+", default = empty)]
    pub metadata: Option<ByteString>,
    /// What went wrong, or none.
    #[field(versions = "8+")]
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
