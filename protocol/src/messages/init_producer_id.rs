//! InitProducerId (key 22): get a producer id and epoch, for idempotence or for transactions (KIP-98).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{ProducerId, TransactionalId};
use crate::wire::TaggedFields;

/// InitProducerId (key 22): get a producer id and epoch, for idempotence or for transactions (KIP-98).
///
/// With a transactional id it also fences earlier producers of that id and ends what they left open. Versions
/// 0–6. 2: flexible (KIP-482). 3: an epoch can be bumped after an error (KIP-360). 6: two-phase commit
/// (KIP-939), not yet stable.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "2+")]
pub struct InitProducerIdRequest {
    /// The transactional id; null for idempotence alone.
    #[field(default = empty)]
    pub transactional_id: Option<TransactionalId>,
    /// After which the coordinator aborts an open transaction, in milliseconds.
    pub transaction_timeout_ms: i32,
    /// The producer id to keep; -1 for a new one (KIP-360).
    #[field(versions = "3+", default = -1)]
    pub producer_id: ProducerId,
    /// The epoch that goes with `producer_id`; -1 for none (KIP-360).
    #[field(versions = "3+", default = -1)]
    pub producer_epoch: i16,
    /// Whether an outside coordinator decides the transactions, so that they never time out (KIP-939).
    #[field(versions = "6+")]
    pub enable2_pc: bool,
    /// Whether a transaction that is open stays open instead of being aborted (KIP-939).
    #[field(versions = "6+")]
    pub keep_prepared_txn: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The producer id and epoch to use.
///
/// Versions 0–6. 2: flexible (KIP-482). 4: may say `PRODUCER_FENCED` (KIP-588). 5: may say
/// `TRANSACTION_ABORTABLE` (KIP-890). 6: tells of the transaction that was kept open (KIP-939).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "2+")]
pub struct InitProducerIdResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// Why there is no producer id, or none.
    pub error_code: ErrorCode,
    /// The producer id to use; -1 if there was an error.
    #[field(default = -1)]
    pub producer_id: ProducerId,
    /// The epoch to use with it.
    pub producer_epoch: i16,
    /// Producer id of the transaction that was kept open; -1 if there is none (KIP-939).
    #[field(versions = "6+", default = -1)]
    pub ongoing_txn_producer_id: ProducerId,
    /// Its epoch; -1 if there is none (KIP-939).
    #[field(versions = "6+", default = -1)]
    pub ongoing_txn_producer_epoch: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
