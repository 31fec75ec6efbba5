//! DeleteAcls (key 31): delete the access rules that filters match (KIP-140).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// DeleteAcls (key 31): delete the access rules that filters match (KIP-140).
///
/// Versions 1–3. 1: rules for names with a prefix (KIP-290). 2: flexible (KIP-482). 3: rules for users
/// (KIP-373).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-3", flexible = "2+")]
pub struct DeleteAclsRequest {
    /// The filters; what any of them matches is deleted.
    pub filters: Vec<DeleteAclsFilter>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A filter; a rule must match all of it.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteAclsFilter {
    /// On what: 1 anything, 2 topic, 3 group, 4 cluster, 5 transactional id, 6 token, 7 user.
    pub resource_type_filter: i8,
    /// Name of the resource; null for any.
    #[field(default = empty)]
    pub resource_name_filter: Option<ByteString>,
    /// How rule names are meant: 1 any, 2 all that apply to the name, 3 literally, 4 as a prefix (KIP-290).
    #[field(default = 3)]
    pub pattern_type_filter: i8,
    /// Whom it is about; null for anybody.
    #[field(default = empty)]
    pub principal_filter: Option<ByteString>,
    /// The address that it is about; null for any.
    #[field(default = empty)]
    pub host_filter: Option<ByteString>,
    /// What it is about, by the number of the operation; 1 for anything.
    pub operation: i8,
    /// 1 both, 2 those that deny, 3 those that allow.
    pub permission_type: i8,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What each filter deleted, in the order of the request.
///
/// Versions 1–3. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-3", flexible = "2+")]
pub struct DeleteAclsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes, one a filter.
    pub filter_results: Vec<DeleteAclsFilterResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What one filter deleted.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteAclsFilterResult {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// The rules that matched.
    pub matching_acls: Vec<DeleteAclsMatchingAcl>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteAclsMatchingAcl {
    /// Why it was not deleted, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// On what it is: 2 topic, 3 group, 4 cluster, 5 transactional id, 6 delegation token, 7 user.
    pub resource_type: i8,
    /// Name of the resource, or its beginning.
    pub resource_name: ByteString,
    /// How the name is meant: 3 literally, 4 as a prefix (KIP-290).
    #[field(default = 3)]
    pub pattern_type: i8,
    /// Whom it is about.
    pub principal: ByteString,
    /// The address that it is about; `*` for all.
    pub host: ByteString,
    /// What it is about, by the number of the operation.
    pub operation: i8,
    /// 2 denies, 3 allows.
    pub permission_type: i8,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
