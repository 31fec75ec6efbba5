//! ListGroups (key 16): the groups that a broker coordinates.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::GroupId;
use crate::wire::TaggedFields;

/// ListGroups (key 16): the groups that a broker coordinates.
///
/// Versions 0–5. 3: flexible (KIP-482). 4: by state (KIP-518). 5: by type (KIP-848).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct ListGroupsRequest {
    /// The states that groups must be in; empty for any (KIP-518).
    #[field(versions = "4+")]
    pub states_filter: Vec<ByteString>,
    /// The types that groups must be of, `classic` or `consumer` for instance; empty for any (KIP-848).
    #[field(versions = "5+")]
    pub types_filter: Vec<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The groups.
///
/// Versions 0–5. 1: throttling. 3: flexible (KIP-482). 4: states (KIP-518). 5: types (KIP-848).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct ListGroupsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The groups.
    pub groups: Vec<ListedGroup>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListedGroup {
    /// The group.
    pub group_id: GroupId,
    /// What its members are, `consumer` for instance.
    pub protocol_type: ByteString,
    /// Its state (KIP-518).
    #[field(versions = "4+", ignorable)]
    pub group_state: ByteString,
    /// Its type, `classic` or `consumer` for instance (KIP-848).
    #[field(versions = "5+", ignorable)]
    pub group_type: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
