//! Envelope (key 58): a broker forwards a client's request to the controller (KIP-590).

use bytes::Bytes;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// Envelope (key 58): a broker forwards a client's request to the controller (KIP-590).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct EnvelopeRequest {
    /// The client's request, header and body, without the length prefix.
    pub request_data: Bytes,
    /// Who the client is, as `DefaultPrincipalData` unless the broker is set up otherwise; null if not said.
    #[field(default = empty)]
    pub request_principal: Option<Bytes>,
    /// The client's IP address, 4 or 16 bytes.
    pub client_host_address: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The controller's answer, to be passed on to the client.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct EnvelopeResponse {
    /// The response, header and body, without the length prefix; null if there was an error.
    pub response_data: Option<Bytes>,
    /// Why the envelope itself was refused, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
