//! DeleteGroups (key 42): delete empty groups with their offsets (KIP-229).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::GroupId;
use crate::wire::TaggedFields;

/// DeleteGroups (key 42): delete empty groups with their offsets (KIP-229).
///
/// Versions 0–3. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct DeleteGroupsRequest {
    /// The groups to delete.
    pub groups_names: Vec<GroupId>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each group fared.
///
/// Versions 0–3. 2: flexible (KIP-482). 3: error messages (KIP-1331).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct DeleteGroupsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes by group.
    pub results: Vec<DeletableGroupResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one group fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeletableGroupResult {
    /// The group.
    #[field(key)]
    pub group_id: GroupId,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(versions = "3+", ignorable)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
