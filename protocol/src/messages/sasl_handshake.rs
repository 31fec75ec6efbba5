//! SaslHandshake (key 17): choose a SASL mechanism (KIP-43).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;

/// SaslHandshake (key 17): choose a SASL mechanism (KIP-43).
///
/// Versions 0–1, not flexible. 0: what follows are bare SASL bytes. 1: SaslAuthenticate requests follow
/// (KIP-152).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1")]
pub struct SaslHandshakeRequest {
    /// The mechanism, `SCRAM-SHA-256` for instance.
    pub mechanism: ByteString,
}

/// Whether the broker offers the mechanism.
///
/// Versions 0–1, not flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1")]
pub struct SaslHandshakeResponse {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The mechanisms that it offers.
    pub mechanisms: Vec<ByteString>,
}
