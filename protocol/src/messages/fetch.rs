//! Fetch (key 1): read record batches from partition logs, as a consumer or as a follower.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, IsolationLevel, ProducerId, TopicName, Uuid};
use crate::wire::{IntArray, Records, TaggedFields};

/// Fetch (key 1): read record batches from partition logs, as a consumer or as a follower.
///
/// Versions 4–18. 4: record batches of magic 2, isolation level (KIP-98). 5: log start offset (KIP-107). 7:
/// sessions (KIP-227). 9: leader epochs (KIP-320). 10: zstd may be sent (KIP-110). 11: racks (KIP-392). 12:
/// flexible (KIP-482), last fetched epoch (KIP-595). 13: topics are named by id instead of name (KIP-516).
/// 15: replica epoch (KIP-903). 17: directory id (KIP-853). 18: the follower's high watermark (KIP-1166).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "4-18", flexible = "12+")]
pub struct FetchRequest {
    /// Which cluster the sender means to talk to, in the metadata quorum; null if it does not say (KIP-595).
    #[field(versions = "12+", tag = 0, ignorable)]
    pub cluster_id: Option<ByteString>,
    /// The follower that asks; -1 for a consumer. Since version 15 in `replica_state`.
    #[field(versions = "4-14", default = -1)]
    pub replica_id: BrokerId,
    /// The follower that asks and its epoch (KIP-903).
    #[field(versions = "15+", tag = 1)]
    pub replica_state: ReplicaState,
    /// How long the broker may wait for `min_bytes` to gather, in milliseconds.
    pub max_wait_ms: i32,
    /// How many bytes are worth an answer before that time is over.
    pub min_bytes: i32,
    /// How many bytes to answer with at most; the first batch comes whole even if it is larger.
    #[field(default = 0x7fffffff, ignorable)]
    pub max_bytes: i32,
    /// Whether records of open and aborted transactions are to be seen (KIP-98).
    #[field(ignorable)]
    pub isolation_level: IsolationLevel,
    /// The fetch session that this continues; 0 for none (KIP-227).
    #[field(versions = "7+", ignorable)]
    pub session_id: i32,
    /// Counts the session's requests; 0 asks for a new session, -1 for none or to end it (KIP-227).
    #[field(versions = "7+", default = -1, ignorable)]
    pub session_epoch: i32,
    /// What to fetch. In a session: what to add to it or to change in it.
    pub topics: Vec<FetchTopic>,
    /// What to drop from the session (KIP-227).
    #[field(versions = "7+")]
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    /// The consumer's rack, so that a nearby follower may serve it; empty if it has none (KIP-392).
    #[field(versions = "11+", ignorable)]
    pub rack_id: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The follower that asks (KIP-903).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReplicaState {
    /// The follower; -1 for a consumer.
    #[field(versions = "15+", default = -1)]
    pub replica_id: BrokerId,
    /// Its broker epoch; -1 if it does not say.
    #[field(versions = "15+", default = -1)]
    pub replica_epoch: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to fetch from one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchTopic {
    /// The topic by name.
    #[field(versions = "4-12", ignorable)]
    pub topic: TopicName,
    /// The topic by id (KIP-516).
    #[field(versions = "13+", ignorable)]
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
    pub partition: i32,
    /// The leader epoch that the sender believes in; -1 skips the check (KIP-320).
    #[field(versions = "9+", default = -1, ignorable)]
    pub current_leader_epoch: i32,
    /// First offset wanted.
    pub fetch_offset: i64,
    /// Leader epoch of the last record the sender has; -1 if none or not said (KIP-595).
    #[field(versions = "12+", default = -1)]
    pub last_fetched_epoch: i32,
    /// First offset that the follower still holds; -1 from a consumer (KIP-107).
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    /// How many bytes of this partition to answer with; as `max_bytes`, a first batch comes whole.
    pub partition_max_bytes: i32,
    /// The log directory of the follower in the metadata quorum; all zero otherwise (KIP-853).
    #[field(versions = "17+", tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
    /// The high watermark that the follower knows; the maximum if it does not say (KIP-1166).
    #[field(versions = "18+", tag = 1, default = 9223372036854775807, ignorable)]
    pub high_watermark: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic that leave the session (KIP-227).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ForgottenTopic {
    /// The topic by name.
    #[field(versions = "7-12", ignorable)]
    pub topic: TopicName,
    /// The topic by id (KIP-516).
    #[field(versions = "13+", ignorable)]
    pub topic_id: Uuid,
    /// The partitions.
    #[field(versions = "7+")]
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The records, as they lie in the logs. In a session, partitions without news are left out.
///
/// Versions 4–18. 5: log start offset (KIP-107). 7: sessions (KIP-227). 11: preferred replica (KIP-392). 12:
/// flexible (KIP-482), diverging epoch, leader and snapshot (KIP-595, KIP-630). 13: topics by id (KIP-516).
/// 14: may say `OFFSET_MOVED_TO_TIERED_STORAGE` (KIP-405). 16: addresses of new leaders (KIP-951).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "4-18", flexible = "12+")]
pub struct FetchResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, its session for instance (KIP-227).
    #[field(versions = "7+", ignorable)]
    pub error_code: ErrorCode,
    /// The session to continue with; 0 if there is none (KIP-227).
    #[field(versions = "7+")]
    pub session_id: i32,
    /// What was read, by topic.
    pub responses: Vec<FetchableTopicResponse>,
    /// Where the leaders hinted at by `current_leader` listen (KIP-951).
    #[field(versions = "16+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What was read from one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchableTopicResponse {
    /// The topic by name.
    #[field(versions = "4-12", ignorable)]
    pub topic: TopicName,
    /// The topic by id (KIP-516).
    #[field(versions = "13+", ignorable)]
    pub topic_id: Uuid,
    /// What was read, by partition.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What was read from one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// Why nothing was read, or none.
    pub error_code: ErrorCode,
    /// First offset that is not yet on all in-sync replicas; consumers see what lies before it.
    pub high_watermark: i64,
    /// Offset up to which all transactions are decided; -1 if not known (KIP-98).
    #[field(default = -1, ignorable)]
    pub last_stable_offset: i64,
    /// First offset that the log still holds; -1 if not known (KIP-107).
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    /// Where the log of the sender and this one part, if they do (KIP-595).
    #[field(versions = "12+", tag = 0)]
    pub diverging_epoch: EpochEndOffset,
    /// Who leads the partition now, if the sender is wrong about it (KIP-595, KIP-951).
    #[field(versions = "12+", tag = 1)]
    pub current_leader: LeaderIdAndEpoch,
    /// The snapshot to fetch first, because the log no longer holds the offset asked for (KIP-630).
    #[field(versions = "12+", tag = 2)]
    pub snapshot_id: SnapshotId,
    /// Aborted transactions in `records`, with read committed; null otherwise (KIP-98).
    #[field(default = empty, ignorable)]
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// The replica that the consumer should fetch from instead; -1 for none (KIP-392).
    #[field(versions = "11+", default = -1)]
    pub preferred_read_replica: BrokerId,
    /// Record batches from the one that holds the offset on; the last may be cut off. Null for none.
    pub records: Option<Records>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where the logs of leader and follower part (KIP-595).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EpochEndOffset {
    /// The largest epoch that both know.
    #[field(versions = "12+", default = -1)]
    pub epoch: i32,
    /// The offset at which it ends on the leader.
    #[field(versions = "12+", default = -1)]
    pub end_offset: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A partition's leader, as far as the answering broker knows.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    /// The leader; -1 if not known.
    #[field(versions = "12+", default = -1)]
    pub leader_id: BrokerId,
    /// Its epoch; -1 if not known.
    #[field(versions = "12+", default = -1)]
    pub leader_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Names a snapshot of the metadata log (KIP-630).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SnapshotId {
    /// First offset that the snapshot does not cover; -1 for no snapshot.
    #[field(default = -1)]
    pub end_offset: i64,
    /// Leader epoch of the last record in it; -1 for no snapshot.
    #[field(default = -1)]
    pub epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A transaction whose records are to be skipped (KIP-98).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AbortedTransaction {
    /// Whose transaction it was.
    pub producer_id: ProducerId,
    /// Offset of its first record; it ends with the abort marker of the same producer.
    pub first_offset: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a broker listens (KIP-951).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    /// The broker.
    #[field(versions = "16+", key)]
    pub node_id: BrokerId,
    /// Its host name or address.
    #[field(versions = "16+")]
    pub host: ByteString,
    /// Its port.
    #[field(versions = "16+")]
    pub port: i32,
    /// Its rack; null if it has none.
    #[field(versions = "16+")]
    pub rack: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
