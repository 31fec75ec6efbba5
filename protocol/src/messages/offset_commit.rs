//! OffsetCommit (key 8): store how far a group has read.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName, Uuid};
use crate::wire::TaggedFields;

/// OffsetCommit (key 8): store how far a group has read.
///
/// Versions 2–10. 5: no retention time any more (KIP-211). 6: leader epochs (KIP-320). 7: static members
/// (KIP-345). 8: flexible (KIP-482). 9: member epochs (KIP-848). 10: topics are named by id instead of name
/// (KIP-848).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-10", flexible = "8+")]
pub struct OffsetCommitRequest {
    /// The group.
    pub group_id: GroupId,
    /// Generation or, since version 9, epoch of the member; -1 if the group has no members.
    #[field(default = -1, ignorable)]
    pub generation_id_or_member_epoch: i32,
    /// The member; empty if the group has no members.
    #[field(ignorable)]
    pub member_id: ByteString,
    /// Its static instance id; null if it has none (KIP-345).
    #[field(versions = "7+")]
    pub group_instance_id: Option<ByteString>,
    /// How long to keep the offsets, in milliseconds; -1 as the broker is set up. Ended with KIP-211.
    #[field(versions = "2-4", default = -1, ignorable)]
    pub retention_time_ms: i64,
    /// The offsets, by topic.
    pub topics: Vec<OffsetCommitRequestTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitRequestTopic {
    /// The topic.
    #[field(versions = "2-9", ignorable)]
    pub name: TopicName,
    /// The topic, by id (KIP-848).
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    /// The offsets, by partition.
    pub partitions: Vec<OffsetCommitRequestPartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offset in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitRequestPartition {
    /// The partition.
    pub partition_index: i32,
    /// First offset that the group has not processed.
    pub committed_offset: i64,
    /// Leader epoch of the last record processed; -1 if not known (KIP-320).
    #[field(versions = "6+", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    /// A note of the client's own, kept along with the offset; null for none.
    #[field(default = empty)]
    pub committed_metadata: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each partition fared.
///
/// Versions 2–10. 3: throttling. 8: flexible (KIP-482). 9: may say `STALE_MEMBER_EPOCH` (KIP-848). 10: topics
/// by id (KIP-848).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-10", flexible = "8+")]
pub struct OffsetCommitResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "3+", ignorable)]
    pub throttle_time_ms: i32,
    /// Outcomes by topic.
    pub topics: Vec<OffsetCommitResponseTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitResponseTopic {
    /// The topic.
    #[field(versions = "2-9", ignorable)]
    pub name: TopicName,
    /// The topic, by id (KIP-848).
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    /// Outcomes by partition.
    pub partitions: Vec<OffsetCommitResponsePartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
