//! Produce (key 0): append record batches to partition logs.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{Acks, BrokerId, TopicName, TransactionalId, Uuid};
use crate::wire::{Records, TaggedFields};

/// Produce (key 0): append record batches to partition logs.
///
/// Versions 3–13. 3: record batches of magic 2 and transactions (KIP-98). 7: zstd may be used (KIP-110). 9:
/// flexible (KIP-482). 12: a transactional batch adds its partition to the transaction by itself (KIP-890).
/// 13: topics are named by id instead of name (KIP-516).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "3-13", flexible = "9+")]
pub struct ProduceRequest {
    /// Whose transaction the batches belong to; null outside a transaction.
    pub transactional_id: Option<TransactionalId>,
    /// How many replicas must hold the records before the broker answers; with none it never answers.
    pub acks: Acks,
    /// How long the broker may wait for the replicas, in milliseconds.
    pub timeout_ms: i32,
    /// What to append, by topic.
    pub topic_data: Vec<TopicProduceData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to append to one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicProduceData {
    /// The topic by name.
    #[field(versions = "3-12", ignorable, key)]
    pub name: TopicName,
    /// The topic by id (KIP-516).
    #[field(versions = "13+", ignorable, key)]
    pub topic_id: Uuid,
    /// What to append, by partition.
    pub partition_data: Vec<PartitionProduceData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to append to one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionProduceData {
    /// The partition.
    pub index: i32,
    /// One record batch of magic 2, no more; null carries none.
    pub records: Option<Records>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each partition fared. There is no response at all to a request with `acks` none.
///
/// Versions 3–13. 5: log start offset. 8: tells which records were refused (KIP-467). 9: flexible (KIP-482).
/// 10: leader hints (KIP-951). 11: may say `TRANSACTION_ABORTABLE` (KIP-890). 13: topics by id (KIP-516).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "3-13", flexible = "9+")]
pub struct ProduceResponse {
    /// Outcomes by topic.
    pub responses: Vec<TopicProduceResponse>,
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// Where the leaders hinted at by `current_leader` listen (KIP-951).
    #[field(versions = "10+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicProduceResponse {
    /// The topic by name.
    #[field(versions = "3-12", ignorable, key)]
    pub name: TopicName,
    /// The topic by id (KIP-516).
    #[field(versions = "13+", ignorable, key)]
    pub topic_id: Uuid,
    /// Outcomes by partition.
    pub partition_responses: Vec<PartitionProduceResponse>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionProduceResponse {
    /// The partition.
    pub index: i32,
    /// Why nothing was acknowledged, or none.
    pub error_code: ErrorCode,
    /// Offset of the first record appended; -1 if there was an error.
    pub base_offset: i64,
    /// When the broker appended, in milliseconds since the epoch; -1 if records keep their own time.
    #[field(default = -1, ignorable)]
    pub log_append_time_ms: i64,
    /// First offset that the log still holds; -1 if not known.
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    /// Records that made the broker refuse the whole batch (KIP-467).
    #[field(versions = "8+", ignorable)]
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    /// One explanation of why the whole batch was refused; null if there is none (KIP-467).
    #[field(versions = "8+", ignorable)]
    pub error_message: Option<ByteString>,
    /// Who leads the partition now, sent along with an error that says it moved (KIP-951).
    #[field(versions = "10+", tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A record that the broker refused (KIP-467).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BatchIndexAndErrorMessage {
    /// Position of the record in its batch, from 0.
    #[field(versions = "8+")]
    pub batch_index: i32,
    /// What is wrong with it, in words for people; null if there is nothing to add.
    #[field(versions = "8+")]
    pub batch_index_error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A partition's leader, as far as the answering broker knows (KIP-951).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    /// The leader; -1 if not known.
    #[field(versions = "10+", default = -1)]
    pub leader_id: BrokerId,
    /// Its epoch; -1 if not known.
    #[field(versions = "10+", default = -1)]
    pub leader_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a broker listens (KIP-951).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    /// The broker.
    #[field(versions = "10+", key)]
    pub node_id: BrokerId,
    /// Its host name or address.
    #[field(versions = "10+")]
    pub host: ByteString,
    /// Its port.
    #[field(versions = "10+")]
    pub port: i32,
    /// Its rack; null if it has none.
    #[field(versions = "10+")]
    pub rack: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
