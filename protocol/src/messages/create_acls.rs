//! CreateAcls (key 30): add access rules (KIP-140).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// CreateAcls (key 30): add access rules (KIP-140).
///
/// Versions 1–3. 1: rules for names with a prefix (KIP-290). 2: flexible (KIP-482). 3: rules for users
/// (KIP-373).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-3", flexible = "2+")]
pub struct CreateAclsRequest {
    /// The rules to add.
    pub creations: Vec<AclCreation>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A rule to add.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AclCreation {
    /// On what: 2 topic, 3 group, 4 cluster, 5 transactional id, 6 delegation token, 7 user.
    pub resource_type: i8,
    /// Name of the resource, or its beginning.
    pub resource_name: ByteString,
    /// How the name is meant: 3 literally, 4 as a prefix (KIP-290).
    #[field(default = 3)]
    pub resource_pattern_type: i8,
    /// Whom it is about, `User:alice` for instance.
    pub principal: ByteString,
    /// The address that it is about; `*` for all.
    pub host: ByteString,
    /// What it is about, by the number of the operation; 2 is all of them, 3 reading, 4 writing.
    pub operation: i8,
    /// 2 denies, 3 allows.
    pub permission_type: i8,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each rule fared, in the order of the request.
///
/// Versions 1–3. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-3", flexible = "2+")]
pub struct CreateAclsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes, one a rule.
    pub results: Vec<AclCreationResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one rule fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AclCreationResult {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
