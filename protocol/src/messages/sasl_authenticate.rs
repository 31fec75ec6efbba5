//! SaslAuthenticate (key 36): one step of a SASL exchange (KIP-152).

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// SaslAuthenticate (key 36): one step of a SASL exchange (KIP-152).
///
/// Versions 0–2. 1: sessions that end (KIP-368). 2: flexible (KIP-482).
#[derive(Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct SaslAuthenticateRequest {
    /// What the client's side of the mechanism says.
    pub auth_bytes: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Shows how many bytes the mechanism says, not which: they may hold a password, and this is what gets into logs.
impl fmt::Debug for SaslAuthenticateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaslAuthenticateRequest")
            .field("auth_bytes", &format_args!("({} bytes)", self.auth_bytes.len()))
            .field("unknown_tagged_fields", &self.unknown_tagged_fields)
            .finish()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_get_into_logs() {
        let auth_bytes = Bytes::from_static(b"\0alice\0secret");
        let request = SaslAuthenticateRequest { auth_bytes, ..Default::default() };
        let shown = format!("{:?}", crate::Request::from(request));
        assert!(shown.contains("auth_bytes: (13 bytes)") && !shown.contains("secret"), "{shown}");
    }
}
