//! InitializeShareGroupState (key 83): begin to store the state of a share group's partitions (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::Uuid;
use crate::wire::TaggedFields;

/// InitializeShareGroupState (key 83): begin to store the state of a share group's partitions (KIP-932).
///
/// Sent by the group coordinator to share coordinators. Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct InitializeShareGroupStateRequest {
    /// The share group.
    pub group_id: ByteString,
    /// What to begin with, by topic.
    pub topics: Vec<InitializeStateData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to begin with in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct InitializeStateData {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// What to begin with, by partition.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to begin with in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition: i32,
    /// The state epoch that begins.
    pub state_epoch: i32,
    /// First offset that the group is to be given; -1 if that is not decided yet.
    pub start_offset: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each partition fared.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct InitializeShareGroupStateResponse {
    /// Outcomes by topic.
    pub results: Vec<InitializeStateResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct InitializeStateResult {
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
