//! ReadShareGroupStateSummary (key 87): read where share groups begin, without the details (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::Uuid;
use crate::wire::TaggedFields;

/// ReadShareGroupStateSummary (key 87): read where share groups begin, without the details (KIP-932).
///
/// Sent by the group coordinator to share coordinators. Versions 0–1, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ReadShareGroupStateSummaryRequest {
    /// The share group.
    pub group_id: ByteString,
    /// What to read, by topic.
    pub topics: Vec<ReadStateSummaryData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to read of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReadStateSummaryData {
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
    /// The leader epoch that the sender knows; -1 if none.
    pub leader_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The summaries.
///
/// Versions 0–1, flexible. 1: how many deliveries are complete (KIP-1226).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ReadShareGroupStateSummaryResponse {
    /// The summaries, by topic.
    pub results: Vec<ReadStateSummaryResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The summaries of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReadStateSummaryResult {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// The summaries, by partition.
    pub partitions: Vec<PartitionResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The summary of one partition.
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
    /// The leader epoch.
    pub leader_epoch: i32,
    /// First offset that the group is not done with; -1 if that is not decided yet.
    pub start_offset: i64,
    /// How many records from there on the group is done with; -1 if not known (KIP-1226).
    #[field(versions = "1+", default = -1, ignorable)]
    pub delivery_complete_count: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
