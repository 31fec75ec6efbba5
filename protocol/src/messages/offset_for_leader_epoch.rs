//! OffsetForLeaderEpoch (key 23): where a leader epoch ends, to find out where two logs part (KIP-101).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName};
use crate::wire::TaggedFields;

/// OffsetForLeaderEpoch (key 23): where a leader epoch ends, to find out where two logs part (KIP-101).
///
/// Versions 2–4. 2: the sender says which epoch it believes in (KIP-320). 3: tells who asks. 4: flexible
/// (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-4", flexible = "4+")]
pub struct OffsetForLeaderEpochRequest {
    /// The follower that asks; -1 for a consumer, -2 if not said.
    #[field(versions = "3+", default = -2, ignorable)]
    pub replica_id: BrokerId,
    /// What is asked, by topic.
    pub topics: Vec<OffsetForLeaderTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What is asked about one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetForLeaderTopic {
    /// The topic.
    #[field(key)]
    pub topic: TopicName,
    /// What is asked, by partition.
    pub partitions: Vec<OffsetForLeaderPartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What is asked about one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetForLeaderPartition {
    /// The partition.
    pub partition: i32,
    /// The leader epoch that the sender believes in; -1 skips the check (KIP-320).
    #[field(default = -1, ignorable)]
    pub current_leader_epoch: i32,
    /// The epoch whose end is asked for.
    pub leader_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The ends of the epochs.
///
/// Versions 2–4. 2: throttling. 4: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-4", flexible = "4+")]
pub struct OffsetForLeaderEpochResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// The ends, by topic.
    pub topics: Vec<OffsetForLeaderTopicResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The ends in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetForLeaderTopicResult {
    /// The topic.
    #[field(key)]
    pub topic: TopicName,
    /// The ends, by partition.
    pub partitions: Vec<EpochEndOffset>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The end in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EpochEndOffset {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The partition.
    pub partition: i32,
    /// The largest epoch, up to the one asked for, that the leader has; -1 if none.
    #[field(default = -1, ignorable)]
    pub leader_epoch: i32,
    /// First offset after that epoch; -1 if not known.
    #[field(default = -1)]
    pub end_offset: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
