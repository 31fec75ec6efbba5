//! DefaultPrincipalData: who a client is, as an Envelope carries it (KIP-590).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::wire::TaggedFields;

/// Who a client is, as an Envelope carries it (KIP-590).
///
/// After its version as an i16. Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DefaultPrincipalData {
    /// Type of the principal, `User` for instance.
    pub r#type: ByteString,
    /// Its name.
    pub name: ByteString,
    /// Whether it came with a delegation token.
    pub token_authenticated: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
