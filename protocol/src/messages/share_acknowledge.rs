//! ShareAcknowledge (key 79): tell the leader what became of records of a share group (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, GroupId, Uuid};
use crate::wire::TaggedFields;

/// ShareAcknowledge (key 79): tell the leader what became of records of a share group (KIP-932).
///
/// Versions 1–2, flexible. 2: a member can keep records for longer (KIP-1222).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "0+")]
pub struct ShareAcknowledgeRequest {
    /// The group; the schema permits null.
    pub group_id: Option<GroupId>,
    /// The member; the schema permits null.
    #[field(default = empty)]
    pub member_id: Option<ByteString>,
    /// Counts the session's requests; 0 begins a session, -1 ends it.
    pub share_session_epoch: i32,
    /// Whether any acknowledgement here asks to keep records for longer (KIP-1222).
    #[field(versions = "2+")]
    pub is_renew_ack: bool,
    /// The acknowledgements, by topic.
    pub topics: Vec<AcknowledgeTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The acknowledgements in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AcknowledgeTopic {
    /// The topic, by id.
    #[field(key)]
    pub topic_id: Uuid,
    /// The acknowledgements, by partition.
    pub partitions: Vec<AcknowledgePartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The acknowledgements in one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AcknowledgePartition {
    /// The partition.
    #[field(key)]
    pub partition_index: i32,
    /// The acknowledgements, by range.
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What became of a range of records.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AcknowledgementBatch {
    /// First offset of the range.
    pub first_offset: i64,
    /// Last offset of the range, inclusive.
    pub last_offset: i64,
    /// 0 gap, 1 accepted, 2 released, 3 rejected, 4 keep (KIP-1222); one for all or one an offset.
    pub acknowledge_types: Vec<i8>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each partition fared.
///
/// Versions 1–2, flexible. 2: how long records are kept for a member (KIP-1222).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "0+")]
pub struct ShareAcknowledgeResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// How long records are kept for the member that has them, in milliseconds (KIP-1222).
    #[field(versions = "2+", ignorable)]
    pub acquisition_lock_timeout_ms: i32,
    /// Outcomes by topic.
    pub responses: Vec<ShareAcknowledgeTopicResponse>,
    /// Where the leaders hinted at by `current_leader` listen.
    pub node_endpoints: Vec<NodeEndpoint>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ShareAcknowledgeTopicResponse {
    /// The topic, by id.
    #[field(key)]
    pub topic_id: Uuid,
    /// Outcomes by partition.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Who leads the partition now, if the sender is wrong about it.
    pub current_leader: LeaderIdAndEpoch,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A partition's leader, as far as the answering broker knows.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    /// The leader; -1 if not known.
    pub leader_id: i32,
    /// Its epoch.
    pub leader_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a broker listens.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    /// The broker.
    #[field(key)]
    pub node_id: BrokerId,
    /// Its host name or address.
    pub host: ByteString,
    /// Its port.
    pub port: i32,
    /// Its rack; null if it has none.
    pub rack: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
