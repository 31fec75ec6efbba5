//! DescribeGroups (key 15): describe groups of the classic protocol.

use bytes::Bytes;
use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::GroupId;
use crate::wire::TaggedFields;

/// DescribeGroups (key 15): describe groups of the classic protocol.
///
/// Versions 0–6. 3: authorized operations (KIP-430). 5: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "5+")]
pub struct DescribeGroupsRequest {
    /// The groups to describe.
    pub groups: Vec<GroupId>,
    /// Whether to tell what the sender may do with each group (KIP-430).
    #[field(versions = "3+")]
    pub include_authorized_operations: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The groups.
///
/// Versions 0–6. 1: throttling. 3: authorized operations (KIP-430). 4: static members (KIP-345). 5: flexible
/// (KIP-482). 6: an unknown group is an error, with a message (KIP-1043).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "5+")]
pub struct DescribeGroupsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// The groups, one for each that was asked about.
    pub groups: Vec<DescribedGroup>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedGroup {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(versions = "6+")]
    pub error_message: Option<ByteString>,
    /// The group.
    pub group_id: GroupId,
    /// Its state: `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable` or `Dead`.
    pub group_state: ByteString,
    /// What its members are, `consumer` for instance.
    pub protocol_type: ByteString,
    /// The protocol that they agreed on: for consumers, the assignor.
    pub protocol_data: ByteString,
    /// Its members.
    pub members: Vec<DescribedGroupMember>,
    /// Bit n set: operation n on the group is permitted; `i32::MIN` if not asked.
    #[field(versions = "3+", default = -2147483648)]
    pub authorized_operations: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A member of the group.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedGroupMember {
    /// The member.
    pub member_id: ByteString,
    /// Its static instance id; null if it has none (KIP-345).
    #[field(versions = "4+", ignorable)]
    pub group_instance_id: Option<ByteString>,
    /// The client id that it gives in its requests.
    pub client_id: ByteString,
    /// The host it is connected from.
    pub client_host: ByteString,
    /// What it sent when it joined: for consumers, a `ConsumerProtocolSubscription`.
    pub member_metadata: Bytes,
    /// What it was given: for consumers, a `ConsumerProtocolAssignment`.
    pub member_assignment: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
