//! EndTxn (key 26): commit or abort a transaction (KIP-98).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{ProducerId, TransactionalId};
use crate::wire::TaggedFields;

/// EndTxn (key 26): commit or abort a transaction (KIP-98).
///
/// Versions 0–5. 3: flexible (KIP-482). 5: every transaction ends with a new epoch (KIP-890).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct EndTxnRequest {
    /// The transactional id.
    pub transactional_id: TransactionalId,
    /// The producer id.
    pub producer_id: ProducerId,
    /// The producer epoch.
    pub producer_epoch: i16,
    /// Whether it is committed; if not, it is aborted.
    pub committed: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the coordinator has taken note; the markers may still be on their way to the partitions.
///
/// Versions 0–5. 2: may say `PRODUCER_FENCED` (KIP-588). 3: flexible (KIP-482). 4: may say
/// `TRANSACTION_ABORTABLE` (KIP-890). 5: the producer id and epoch for the next transaction (KIP-890).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct EndTxnResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The producer id to go on with; -1 if there was an error (KIP-890).
    #[field(versions = "5+", default = -1, ignorable)]
    pub producer_id: ProducerId,
    /// The epoch to go on with; -1 if there was an error (KIP-890).
    #[field(versions = "5+", default = -1, ignorable)]
    pub producer_epoch: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
