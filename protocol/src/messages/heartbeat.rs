//! Heartbeat (key 12): stay in a group of the classic protocol.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::GroupId;
use crate::wire::TaggedFields;

/// Heartbeat (key 12): stay in a group of the classic protocol.
///
/// Versions 0–4. 3: static members (KIP-345). 4: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-4", flexible = "4+")]
pub struct HeartbeatRequest {
    /// The group.
    pub group_id: GroupId,
    /// The generation that the member is in.
    pub generation_id: i32,
    /// The member.
    pub member_id: ByteString,
    /// Its static instance id; null if it has none (KIP-345).
    #[field(versions = "3+")]
    pub group_instance_id: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the member is still in; `REBALANCE_IN_PROGRESS` tells it to join again.
///
/// Versions 0–4. 1: throttling. 3: may say `FENCED_INSTANCE_ID` (KIP-345). 4: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-4", flexible = "4+")]
pub struct HeartbeatResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
