//! SyncGroup (key 14): the leader of a classic group hands out the assignments, each member gets its own.

use bytes::Bytes;
use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::GroupId;
use crate::wire::TaggedFields;

/// SyncGroup (key 14): the leader of a classic group hands out the assignments, each member gets its own.
///
/// Versions 0–5. 3: static members (KIP-345). 4: flexible (KIP-482). 5: protocol, so that a mismatch is
/// noticed (KIP-559).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct SyncGroupRequest {
    /// The group.
    pub group_id: GroupId,
    /// The generation that the member is in.
    pub generation_id: i32,
    /// The member.
    pub member_id: ByteString,
    /// Its static instance id; null if it has none (KIP-345).
    #[field(versions = "3+")]
    pub group_instance_id: Option<ByteString>,
    /// What it takes the members for; null if it does not say (KIP-559).
    #[field(versions = "5+", ignorable)]
    pub protocol_type: Option<ByteString>,
    /// The protocol that it takes to be chosen; null if it does not say (KIP-559).
    #[field(versions = "5+", ignorable)]
    pub protocol_name: Option<ByteString>,
    /// The assignments, from the leader; empty from the others.
    pub assignments: Vec<SyncGroupRequestAssignment>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The assignment of one member.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SyncGroupRequestAssignment {
    /// The member.
    pub member_id: ByteString,
    /// What it is to have: for consumers, a `ConsumerProtocolAssignment`.
    pub assignment: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The member's assignment.
///
/// Versions 0–5. 1: throttling. 4: flexible (KIP-482). 5: protocol (KIP-559).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct SyncGroupResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What the members are; null if there was an error (KIP-559).
    #[field(versions = "5+", ignorable)]
    pub protocol_type: Option<ByteString>,
    /// The protocol that was chosen; null if there was an error (KIP-559).
    #[field(versions = "5+", ignorable)]
    pub protocol_name: Option<ByteString>,
    /// What the member is to have: for consumers, a `ConsumerProtocolAssignment`.
    pub assignment: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
