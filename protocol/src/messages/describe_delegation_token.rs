//! DescribeDelegationToken (key 41): list delegation tokens (KIP-48).

use bytes::Bytes;
use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// DescribeDelegationToken (key 41): list delegation tokens (KIP-48).
///
/// Versions 1–3. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-3", flexible = "2+")]
pub struct DescribeDelegationTokenRequest {
    /// Whose tokens; null for all that the sender may see.
    #[field(default = empty)]
    pub owners: Option<Vec<DescribeDelegationTokenOwner>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A principal that owns tokens.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeDelegationTokenOwner {
    /// Its type, `User` for instance.
    pub principal_type: ByteString,
    /// Its name.
    pub principal_name: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The tokens.
///
/// Versions 1–3. 2: flexible (KIP-482). 3: tells who asked for them (KIP-373).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-3", flexible = "2+")]
pub struct DescribeDelegationTokenResponse {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The tokens.
    pub tokens: Vec<DescribedDelegationToken>,
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedDelegationToken {
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
    pub issue_timestamp: i64,
    /// When it expires unless it is renewed, in milliseconds since the epoch.
    pub expiry_timestamp: i64,
    /// When it expires for good, in milliseconds since the epoch.
    pub max_timestamp: i64,
    /// Its id.
    pub token_id: ByteString,
    /// The secret that goes with the token and identifies it.
    pub hmac: Bytes,
    /// Who may renew it besides its owner.
    pub renewers: Vec<DescribedDelegationTokenRenewer>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A principal that may renew the token.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedDelegationTokenRenewer {
    /// Its type, `User` for instance.
    pub principal_type: ByteString,
    /// Its name.
    pub principal_name: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
