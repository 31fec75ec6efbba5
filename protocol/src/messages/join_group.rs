//! JoinGroup (key 11): join a group of the classic protocol, and wait until all have.

use bytes::Bytes;
use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::GroupId;
use crate::wire::TaggedFields;

/// JoinGroup (key 11): join a group of the classic protocol, and wait until all have.
///
/// Versions 0–9. 1: a timeout of its own for rebalances (KIP-62). 5: static members (KIP-345). 6: flexible
/// (KIP-482). 8: reasons (KIP-800).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-9", flexible = "6+")]
pub struct JoinGroupRequest {
    /// The group.
    pub group_id: GroupId,
    /// After how long without a heartbeat the member is put out, in milliseconds.
    pub session_timeout_ms: i32,
    /// How long the coordinator waits for members to join again, in milliseconds; -1 as the session's.
    #[field(versions = "1+", default = -1, ignorable)]
    pub rebalance_timeout_ms: i32,
    /// The member; empty at first, then as the coordinator says.
    pub member_id: ByteString,
    /// Its static instance id; null if it has none (KIP-345).
    #[field(versions = "5+")]
    pub group_instance_id: Option<ByteString>,
    /// What the members are, `consumer` for instance.
    pub protocol_type: ByteString,
    /// The protocols that the member can use, best first: for consumers, the assignors.
    pub protocols: Vec<JoinGroupRequestProtocol>,
    /// Why it joins, in words for people; null if it does not say (KIP-800).
    #[field(versions = "8+", ignorable)]
    pub reason: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A protocol that the member can use.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct JoinGroupRequestProtocol {
    /// The protocol.
    #[field(key)]
    pub name: ByteString,
    /// What the leader must know about the member: for consumers, a `ConsumerProtocolSubscription`.
    pub metadata: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The new generation of the group; its leader learns who the members are.
///
/// Versions 0–9. 2: throttling. 4: may say `MEMBER_ID_REQUIRED` (KIP-394). 5: static members (KIP-345). 6:
/// flexible (KIP-482). 7: protocol type (KIP-559). 9: the leader may have nothing to assign (KIP-814).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-9", flexible = "6+")]
pub struct JoinGroupResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "2+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The generation that begins; -1 if there was an error.
    #[field(default = -1)]
    pub generation_id: i32,
    /// What the members are; null if there was an error (KIP-559).
    #[field(versions = "7+", ignorable)]
    pub protocol_type: Option<ByteString>,
    /// The protocol that all can use; null, before version 7 empty, if there was an error.
    #[field(nullable = "7+", default = empty)]
    pub protocol_name: Option<ByteString>,
    /// The member that is to assign.
    pub leader: ByteString,
    /// Whether the leader keeps the assignment that there is, as it is a static member come back (KIP-814).
    #[field(versions = "9+")]
    pub skip_assignment: bool,
    /// The member's id.
    pub member_id: ByteString,
    /// All members, for the leader; empty for the others.
    pub members: Vec<JoinGroupResponseMember>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A member of the group.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct JoinGroupResponseMember {
    /// The member.
    pub member_id: ByteString,
    /// Its static instance id; null if it has none (KIP-345).
    #[field(versions = "5+", ignorable)]
    pub group_instance_id: Option<ByteString>,
    /// What it sent for the protocol that was chosen.
    pub metadata: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
