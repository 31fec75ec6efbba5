//! AlterUserScramCredentials (key 51): set and delete users' SCRAM credentials (KIP-554).

use bytes::Bytes;
use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// AlterUserScramCredentials (key 51): set and delete users' SCRAM credentials (KIP-554).
///
/// The password itself never travels. Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AlterUserScramCredentialsRequest {
    /// The credentials to delete.
    pub deletions: Vec<ScramCredentialDeletion>,
    /// The credentials to add or to replace.
    pub upsertions: Vec<ScramCredentialUpsertion>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A credential to delete.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ScramCredentialDeletion {
    /// The user.
    pub name: ByteString,
    /// For which mechanism: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A credential to add or to replace.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ScramCredentialUpsertion {
    /// The user.
    pub name: ByteString,
    /// For which mechanism: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    /// How often the password was hashed.
    pub iterations: i32,
    /// Random bytes that the client chose.
    pub salt: Bytes,
    /// The password hashed with the salt.
    pub salted_password: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each user fared.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AlterUserScramCredentialsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes by user.
    pub results: Vec<AlterUserScramCredentialsResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the credentials of one user fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterUserScramCredentialsResult {
    /// The user.
    pub user: ByteString,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
