//! ListTransactions (key 66): the transactions that a broker coordinates (KIP-664).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{ProducerId, TransactionalId};
use crate::wire::TaggedFields;

/// ListTransactions (key 66): the transactions that a broker coordinates (KIP-664).
///
/// Versions 0–2, flexible. 1: by duration (KIP-994). 2: by a pattern (KIP-1152).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct ListTransactionsRequest {
    /// The states that transactions must be in; empty for any.
    pub state_filters: Vec<ByteString>,
    /// The producer ids that they must have; empty for any.
    pub producer_id_filters: Vec<ProducerId>,
    /// How long they must have been running, in milliseconds; negative for any (KIP-994).
    #[field(versions = "1+", default = -1)]
    pub duration_filter: i64,
    /// The expression, RE2, that the transactional id must match; null or empty for any (KIP-1152).
    #[field(versions = "2+")]
    pub transactional_id_pattern: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The transactions.
///
/// Versions 0–2, flexible. 2: may say `INVALID_REGULAR_EXPRESSION` (KIP-1152).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct ListTransactionsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The states in the request that the coordinator does not know.
    pub unknown_state_filters: Vec<ByteString>,
    /// The transactions.
    pub transaction_states: Vec<TransactionState>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TransactionState {
    /// The transactional id.
    pub transactional_id: TransactionalId,
    /// The producer id.
    pub producer_id: ProducerId,
    /// Its state, `Ongoing` or `PrepareCommit` for instance.
    pub transaction_state: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
