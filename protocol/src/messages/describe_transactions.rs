//! DescribeTransactions (key 65): the state of transactions, from their coordinator (KIP-664).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{ProducerId, TopicName, TransactionalId};
use crate::wire::{IntArray, TaggedFields};

/// DescribeTransactions (key 65): the state of transactions, from their coordinator (KIP-664).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeTransactionsRequest {
    /// The transactional ids to describe.
    pub transactional_ids: Vec<TransactionalId>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The transactions.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeTransactionsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// The transactions, one a transactional id.
    pub transaction_states: Vec<TransactionState>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TransactionState {
    /// Why it cannot be described, or none.
    pub error_code: ErrorCode,
    /// The transactional id.
    pub transactional_id: TransactionalId,
    /// Its state, `Ongoing` or `PrepareCommit` for instance.
    pub transaction_state: ByteString,
    /// After which the coordinator aborts it, in milliseconds.
    pub transaction_timeout_ms: i32,
    /// When it began, in milliseconds since the epoch; -1 if none is open.
    pub transaction_start_time_ms: i64,
    /// The producer id.
    pub producer_id: ProducerId,
    /// The producer epoch.
    pub producer_epoch: i16,
    /// The partitions in it, by topic.
    pub topics: Vec<TopicData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicData {
    /// The topic.
    #[field(key)]
    pub topic: TopicName,
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
