//! TxnOffsetCommit (key 28): store, within a transaction, how far a group has read (KIP-98).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, ProducerId, TopicName, TransactionalId, Uuid};
use crate::wire::TaggedFields;

/// TxnOffsetCommit (key 28): store, within a transaction, how far a group has read (KIP-98).
///
/// Sent to the group coordinator. Versions 0–6. 2: leader epochs (KIP-320). 3: flexible (KIP-482), tells the
/// member (KIP-447). 5: the group needs no AddOffsetsToTxn (KIP-890). 6: topics are named by id instead of
/// name (KIP-1319).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "3+")]
pub struct TxnOffsetCommitRequest {
    /// The transactional id.
    pub transactional_id: TransactionalId,
    /// The group.
    pub group_id: GroupId,
    /// The producer id.
    pub producer_id: ProducerId,
    /// The producer epoch.
    pub producer_epoch: i16,
    /// Generation or epoch of the member; -1 if not known (KIP-447).
    #[field(versions = "3+", default = -1)]
    pub generation_id_or_member_epoch: i32,
    /// The member; empty if not known (KIP-447).
    #[field(versions = "3+")]
    pub member_id: ByteString,
    /// Its static instance id; null if it has none (KIP-447).
    #[field(versions = "3+")]
    pub group_instance_id: Option<ByteString>,
    /// The offsets, by topic.
    pub topics: Vec<TxnOffsetCommitRequestTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offsets in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitRequestTopic {
    /// The topic.
    #[field(versions = "0-5", ignorable)]
    pub name: TopicName,
    /// The topic, by id (KIP-1319).
    #[field(versions = "6+", ignorable)]
    pub topic_id: Uuid,
    /// The offsets, by partition.
    pub partitions: Vec<TxnOffsetCommitRequestPartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The offset in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitRequestPartition {
    /// The partition.
    pub partition_index: i32,
    /// First offset that the group has not processed.
    pub committed_offset: i64,
    /// Leader epoch of the last record processed; -1 if not known (KIP-320).
    #[field(versions = "2+", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    /// A note of the client's own, kept along with the offset; null for none.
    #[field(default = empty)]
    pub committed_metadata: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each partition fared.
///
/// Versions 0–6. 3: flexible (KIP-482). 4: may say `TRANSACTION_ABORTABLE` (KIP-890). 6: topics by id
/// (KIP-1319).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "3+")]
pub struct TxnOffsetCommitResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes by topic.
    pub topics: Vec<TxnOffsetCommitResponseTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitResponseTopic {
    /// The topic.
    #[field(versions = "0-5", ignorable)]
    pub name: TopicName,
    /// The topic, by id (KIP-1319).
    #[field(versions = "6+", ignorable)]
    pub topic_id: Uuid,
    /// Outcomes by partition.
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
