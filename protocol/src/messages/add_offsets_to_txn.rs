//! AddOffsetsToTxn (key 25): take a group's offsets into a transaction (KIP-98).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, ProducerId, TransactionalId};
use crate::wire::TaggedFields;

/// AddOffsetsToTxn (key 25): take a group's offsets into a transaction (KIP-98).
///
/// Sent to the transaction coordinator before TxnOffsetCommit, unless that runs in version 5 or later.
/// Versions 0–4. 3: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-4", flexible = "3+")]
pub struct AddOffsetsToTxnRequest {
    /// The transactional id.
    pub transactional_id: TransactionalId,
    /// The producer id.
    pub producer_id: ProducerId,
    /// The producer epoch.
    pub producer_epoch: i16,
    /// The group whose offsets will be committed in the transaction.
    pub group_id: GroupId,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the transaction covers the group's offsets now.
///
/// Versions 0–4. 2: may say `PRODUCER_FENCED` (KIP-588). 3: flexible (KIP-482). 4: may say
/// `TRANSACTION_ABORTABLE` (KIP-890).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-4", flexible = "3+")]
pub struct AddOffsetsToTxnResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
