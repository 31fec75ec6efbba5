//! ExpireDelegationToken (key 40): make a delegation token expire sooner, or now (KIP-48).

use bytes::Bytes;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// ExpireDelegationToken (key 40): make a delegation token expire sooner, or now (KIP-48).
///
/// Versions 1–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "2+")]
pub struct ExpireDelegationTokenRequest {
    /// The secret that goes with the token and identifies it.
    pub hmac: Bytes,
    /// In how many milliseconds it expires; negative for at once.
    pub expiry_time_period_ms: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// When the token expires.
///
/// Versions 1–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "2+")]
pub struct ExpireDelegationTokenResponse {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// When it expires, in milliseconds since the epoch.
    pub expiry_timestamp_ms: i64,
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
