//! LeaveGroup (key 13): leave a group of the classic protocol.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::GroupId;
use crate::wire::TaggedFields;

/// LeaveGroup (key 13): leave a group of the classic protocol.
///
/// Versions 0–5. 3: many members at once, so that an operator can remove static ones (KIP-345). 4: flexible
/// (KIP-482). 5: reasons (KIP-800).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct LeaveGroupRequest {
    /// The group.
    pub group_id: GroupId,
    /// The member that leaves.
    #[field(versions = "0-2")]
    pub member_id: ByteString,
    /// The members that leave (KIP-345).
    #[field(versions = "3+")]
    pub members: Vec<MemberIdentity>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A member that leaves (KIP-345).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MemberIdentity {
    /// The member; empty if it is named by its instance id alone.
    #[field(versions = "3+")]
    pub member_id: ByteString,
    /// Its static instance id; null if it has none.
    #[field(versions = "3+")]
    pub group_instance_id: Option<ByteString>,
    /// Why it leaves, in words for people; null if not said (KIP-800).
    #[field(versions = "5+", ignorable)]
    pub reason: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the members have left.
///
/// Versions 0–5. 1: throttling. 3: outcomes by member (KIP-345). 4: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct LeaveGroupResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// Outcomes by member (KIP-345).
    #[field(versions = "3+")]
    pub members: Vec<MemberResponse>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one member fared (KIP-345).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MemberResponse {
    /// The member.
    #[field(versions = "3+")]
    pub member_id: ByteString,
    /// Its static instance id; null if it has none.
    #[field(versions = "3+", default = empty)]
    pub group_instance_id: Option<ByteString>,
    /// What went wrong, or none.
    #[field(versions = "3+")]
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
