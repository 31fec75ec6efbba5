//! DescribeUserScramCredentials (key 50): which SCRAM credentials users have (KIP-554).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// DescribeUserScramCredentials (key 50): which SCRAM credentials users have (KIP-554).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeUserScramCredentialsRequest {
    /// The users to describe; null or empty for all.
    #[field(default = empty)]
    pub users: Option<Vec<UserName>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A user to describe.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct UserName {
    /// The user.
    pub name: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The users and their credentials, without anything secret.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeUserScramCredentialsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// The credentials, by user.
    pub results: Vec<DescribeUserScramCredentialsResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The credentials of one user.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeUserScramCredentialsResult {
    /// The user.
    pub user: ByteString,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// The credentials.
    pub credential_infos: Vec<CredentialInfo>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A credential.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CredentialInfo {
    /// For which mechanism: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    /// How often the password was hashed.
    pub iterations: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
