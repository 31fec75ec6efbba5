//! ReadShareGroupState (key 84): read what is stored about a share group's partitions (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::Uuid;
use crate::wire::TaggedFields;

/// ReadShareGroupState (key 84): read what is stored about a share group's partitions (KIP-932).
///
/// Sent by the leaders of the partitions to share coordinators. Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ReadShareGroupStateRequest {
    /// The share group.
    pub group_id: ByteString,
    /// What to read, by topic.
    pub topics: Vec<ReadStateData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to read of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReadStateData {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// What to read, by partition.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to read of one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition: i32,
    /// The leader epoch of the sender.
    pub leader_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The stored state.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ReadShareGroupStateResponse {
    /// The state, by topic.
    pub results: Vec<ReadStateResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The state of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReadStateResult {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// The state, by partition.
    pub partitions: Vec<PartitionResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The state of one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResult {
    /// The partition.
    pub partition: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// The state epoch.
    pub state_epoch: i32,
    /// First offset that the group is not done with; -1 if that is not decided yet.
    pub start_offset: i64,
    /// What is known about ranges from there on.
    pub state_batches: Vec<StateBatch>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The state of a range of records.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct StateBatch {
    /// First offset of the range.
    pub first_offset: i64,
    /// Last offset of the range, inclusive.
    pub last_offset: i64,
    /// 0 available, 2 acknowledged, 4 archived.
    pub delivery_state: i8,
    /// How often they were given to a member.
    pub delivery_count: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
