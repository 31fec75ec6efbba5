//! WriteShareGroupState (key 85): store the state of a share group's partitions (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::Uuid;
use crate::wire::TaggedFields;

/// WriteShareGroupState (key 85): store the state of a share group's partitions (KIP-932).
///
/// Sent by the leaders of the partitions to share coordinators. Versions 0–1, flexible. 1: how many
/// deliveries are complete (KIP-1226).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct WriteShareGroupStateRequest {
    /// The share group.
    pub group_id: ByteString,
    /// What to store, by topic.
    pub topics: Vec<WriteStateData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to store about one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WriteStateData {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// What to store, by partition.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to store about one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition: i32,
    /// The state epoch that the sender knows.
    pub state_epoch: i32,
    /// The leader epoch of the sender.
    pub leader_epoch: i32,
    /// First offset that the group is not done with; -1 to leave it as it is.
    pub start_offset: i64,
    /// How many records from there on the group is done with; -1 if not known (KIP-1226).
    #[field(versions = "1+", default = -1, ignorable)]
    pub delivery_complete_count: i32,
    /// What has changed in ranges from there on.
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

/// How each partition fared.
///
/// Versions 0–1, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct WriteShareGroupStateResponse {
    /// Outcomes by topic.
    pub results: Vec<WriteStateResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WriteStateResult {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// Outcomes by partition.
    pub partitions: Vec<PartitionResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResult {
    /// The partition.
    pub partition: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
