//! AllocateProducerIds (key 67): a broker asks the controller for a block of producer ids (KIP-730).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, ProducerId};
use crate::wire::TaggedFields;

/// AllocateProducerIds (key 67): a broker asks the controller for a block of producer ids (KIP-730).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AllocateProducerIdsRequest {
    /// The broker that asks.
    pub broker_id: BrokerId,
    /// The epoch that its registration gave it; -1 if not known.
    #[field(default = -1)]
    pub broker_epoch: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The block of producer ids.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AllocateProducerIdsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// First producer id of the block.
    pub producer_id_start: ProducerId,
    /// How many there are in the block.
    pub producer_id_len: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
