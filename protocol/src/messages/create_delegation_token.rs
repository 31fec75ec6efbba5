//! CreateDelegationToken (key 38): get a token that stands in for one's own credentials (KIP-48).

use bytes::Bytes;
use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// CreateDelegationToken (key 38): get a token that stands in for one's own credentials (KIP-48).
///
/// Versions 1–3. 2: flexible (KIP-482). 3: for another owner than the sender (KIP-373).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-3", flexible = "2+")]
pub struct CreateDelegationTokenRequest {
    /// Type of the owner; null for the sender (KIP-373).
    #[field(versions = "3+", default = empty)]
    pub owner_principal_type: Option<ByteString>,
    /// Name of the owner; null for the sender (KIP-373).
    #[field(versions = "3+", default = empty)]
    pub owner_principal_name: Option<ByteString>,
    /// Who may renew the token besides its owner.
    pub renewers: Vec<CreatableRenewers>,
    /// How long it can be renewed at most, in milliseconds; -1 for the broker's maximum.
    pub max_lifetime_ms: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A principal that may renew the token.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableRenewers {
    /// Its type, `User` for instance.
    pub principal_type: ByteString,
    /// Its name.
    pub principal_name: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The token.
///
/// Versions 1–3. 2: flexible (KIP-482). 3: tells who asked for it (KIP-373).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-3", flexible = "2+")]
pub struct CreateDelegationTokenResponse {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Type of its owner.
    pub principal_type: ByteString,
    /// Name of its owner.
    pub principal_name: ByteString,
    /// Type of who asked for it (KIP-373).
    #[field(versions = "3+")]
    pub token_requester_principal_type: ByteString,
    /// Name of who asked for it (KIP-373).
    #[field(versions = "3+")]
    pub token_requester_principal_name: ByteString,
    /// When it was made, in milliseconds since the epoch.
    pub issue_timestamp_ms: i64,
    /// When it expires unless it is renewed, in milliseconds since the epoch.
    pub expiry_timestamp_ms: i64,
    /// When it expires for good, in milliseconds since the epoch.
    pub max_timestamp_ms: i64,
    /// Its id.
    pub token_id: ByteString,
    /// The secret that goes with the token and identifies it.
    pub hmac: Bytes,
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
