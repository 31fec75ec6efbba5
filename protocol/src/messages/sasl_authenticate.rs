//! SaslAuthenticate (key 36): one step of a SASL exchange (KIP-152).

use bytes::Bytes;
use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// SaslAuthenticate (key 36): one step of a SASL exchange (KIP-152).
///
/// Versions 0–2. 1: sessions that end (KIP-368). 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct SaslAuthenticateRequest {
    /// What the client's side of the mechanism says.
    pub auth_bytes: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The next step of the exchange.
///
/// Versions 0–2. 1: sessions that end (KIP-368). 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct SaslAuthenticateResponse {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// What the broker's side of the mechanism says.
    pub auth_bytes: Bytes,
    /// In how many milliseconds to authenticate again on this connection; 0 for never (KIP-368).
    #[field(versions = "1+", ignorable)]
    pub session_lifetime_ms: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
