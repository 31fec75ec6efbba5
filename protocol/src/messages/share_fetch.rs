//! ShareFetch (key 78): get records of a share group, and acknowledge earlier ones (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, GroupId, Uuid};
use crate::wire::{IntArray, Records, TaggedFields};

/// ShareFetch (key 78): get records of a share group, and acknowledge earlier ones (KIP-932).
///
/// Versions 1–2, flexible. 0 was a preview. 2: how records are handed out (KIP-1206), and kept for longer
/// (KIP-1222).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "0+")]
pub struct ShareFetchRequest {
    /// The group; the schema permits null.
    pub group_id: Option<GroupId>,
    /// The member; the schema permits null.
    #[field(default = empty)]
    pub member_id: Option<ByteString>,
    /// Counts the session's requests; 0 begins a session, -1 ends it.
    pub share_session_epoch: i32,
    /// How long the broker may wait for `min_bytes` to gather, in milliseconds.
    pub max_wait_ms: i32,
    /// How many bytes are worth an answer before that time is over.
    pub min_bytes: i32,
    /// How many bytes to answer with at most, if the first batch is not larger.
    #[field(default = 0x7fffffff)]
    pub max_bytes: i32,
    /// How many records to hand out at most; whole batches may exceed it.
    pub max_records: i32,
    /// Into how large groups of records, for acknowledging, the broker should divide them.
    pub batch_size: i32,
    /// What `max_records` is: 0 a wish, so that batches stay whole; 1 a strict limit (KIP-1206).
    #[field(versions = "2+", ignorable)]
    pub share_acquire_mode: i8,
    /// Whether any acknowledgement here asks to keep records for longer (KIP-1222).
    #[field(versions = "2+")]
    pub is_renew_ack: bool,
    /// What to fetch and what to acknowledge, by topic. In a session: what to add to it.
    pub topics: Vec<FetchTopic>,
    /// What to drop from the session.
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to fetch from one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchTopic {
    /// The topic, by id.
    #[field(key)]
    pub topic_id: Uuid,
    /// What to fetch, by partition.
    pub partitions: Vec<FetchPartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to fetch from one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchPartition {
    /// The partition.
    #[field(key)]
    pub partition_index: i32,
    /// Never on the wire: only version 0 had it, and that is gone.
    #[field(versions = "0")]
    pub partition_max_bytes: i32,
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

/// Partitions of one topic that leave the session.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ForgottenTopic {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The records handed out.
///
/// Versions 1–2, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "0+")]
pub struct ShareFetchResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// How long the records are kept for this member, in milliseconds.
    pub acquisition_lock_timeout_ms: i32,
    /// The records, by topic.
    pub responses: Vec<ShareFetchableTopicResponse>,
    /// Where the leaders hinted at by `current_leader` listen.
    pub node_endpoints: Vec<NodeEndpoint>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The records of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ShareFetchableTopicResponse {
    /// The topic, by id.
    #[field(key)]
    pub topic_id: Uuid,
    /// The records, by partition.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The records of one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// Why nothing was fetched, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Why the acknowledgements were refused, as an error code; 0 for none.
    pub acknowledge_error_code: ErrorCode,
    /// The same, in words for people; null if nothing or nothing to add.
    pub acknowledge_error_message: Option<ByteString>,
    /// Who leads the partition now, if the sender is wrong about it.
    pub current_leader: LeaderIdAndEpoch,
    /// Record batches. Only what `acquired_records` lists is meant for this member.
    pub records: Records,
    /// The records that this member has now.
    pub acquired_records: Vec<AcquiredRecords>,
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

/// A range of records that the member has.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AcquiredRecords {
    /// First offset of the range.
    pub first_offset: i64,
    /// Last offset of the range, inclusive.
    pub last_offset: i64,
    /// How often they were given to a member, this time included.
    pub delivery_count: i16,
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
