//! AddPartitionsToTxn (key 24): take partitions into a transaction before writing to them (KIP-98).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{ProducerId, TopicName, TransactionalId};
use crate::wire::{IntArray, TaggedFields};

/// AddPartitionsToTxn (key 24): take partitions into a transaction before writing to them (KIP-98).
///
/// Versions 0–5. 0 to 3 are for producers, one transaction each. 3: flexible (KIP-482). From 4 on it is for
/// brokers: many transactions at once, to be changed or only verified (KIP-890).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct AddPartitionsToTxnRequest {
    /// What to add or verify, by transaction (KIP-890).
    #[field(versions = "4+")]
    pub transactions: Vec<AddPartitionsToTxnTransaction>,
    /// The transactional id.
    #[field(versions = "0-3")]
    pub v3_and_below_transactional_id: TransactionalId,
    /// The producer id.
    #[field(versions = "0-3")]
    pub v3_and_below_producer_id: ProducerId,
    /// The producer epoch.
    #[field(versions = "0-3")]
    pub v3_and_below_producer_epoch: i16,
    /// The partitions to add, by topic.
    #[field(versions = "0-3")]
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to add to one transaction, or to verify in it (KIP-890).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnTransaction {
    /// The transactional id.
    #[field(versions = "4+", key)]
    pub transactional_id: TransactionalId,
    /// The producer id.
    #[field(versions = "4+")]
    pub producer_id: ProducerId,
    /// The producer epoch.
    #[field(versions = "4+")]
    pub producer_epoch: i16,
    /// Whether only to check that the partitions are in the transaction already.
    #[field(versions = "4+")]
    pub verify_only: bool,
    /// The partitions, by topic.
    #[field(versions = "4+")]
    pub topics: Vec<AddPartitionsToTxnTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnTopic {
    /// The topic.
    #[field(key)]
    pub name: TopicName,
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each partition fared.
///
/// Versions 0–5. 2: may say `PRODUCER_FENCED` (KIP-588). 3: flexible (KIP-482). 4: by transaction (KIP-890).
/// 5: may say `TRANSACTION_ABORTABLE` (KIP-890).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct AddPartitionsToTxnResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    #[field(versions = "4+", ignorable)]
    pub error_code: ErrorCode,
    /// Outcomes by transaction.
    #[field(versions = "4+")]
    pub results_by_transaction: Vec<AddPartitionsToTxnResult>,
    /// Outcomes by topic, for the one transaction.
    #[field(versions = "0-3")]
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one transaction fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnResult {
    /// The transactional id.
    #[field(versions = "4+", key)]
    pub transactional_id: TransactionalId,
    /// Outcomes by topic.
    #[field(versions = "4+")]
    pub topic_results: Vec<AddPartitionsToTxnTopicResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnTopicResult {
    /// The topic.
    #[field(key)]
    pub name: TopicName,
    /// Outcomes by partition.
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnPartitionResult {
    /// The partition.
    #[field(key)]
    pub partition_index: i32,
    /// Why it is not in the transaction, as an error code; 0 for none.
    pub partition_error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
