//! RenewDelegationToken (key 39): make a delegation token expire later (KIP-48).

use bytes::Bytes;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// RenewDelegationToken (key 39): make a delegation token expire later (KIP-48).
///
/// Versions 1–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "2+")]
pub struct RenewDelegationTokenRequest {
    /// The secret that goes with the token and identifies it.
    pub hmac: Bytes,
    /// For how many milliseconds from now; the token's maximum lifetime stays the limit.
    pub renew_period_ms: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// When the token expires.
///
/// Versions 1–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "2+")]
pub struct RenewDelegationTokenResponse {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// When it expires, in milliseconds since the epoch.
    pub expiry_timestamp_ms: i64,
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
