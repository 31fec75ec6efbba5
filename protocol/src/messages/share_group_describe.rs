//! ShareGroupDescribe (key 77): describe share groups (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// ShareGroupDescribe (key 77): describe share groups (KIP-932).
///
/// Version 1, flexible. 0 was a preview.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1", flexible = "0+")]
pub struct ShareGroupDescribeRequest {
    /// The groups to describe.
    pub group_ids: Vec<GroupId>,
    /// Whether to tell what the sender may do with each group (KIP-430).
    pub include_authorized_operations: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The groups.
///
/// Version 1, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1", flexible = "0+")]
pub struct ShareGroupDescribeResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
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
    pub error_message: Option<ByteString>,
    /// The group.
    pub group_id: GroupId,
    /// Its state: `Empty`, `Stable` or `Dead`; empty if there was an error.
    pub group_state: ByteString,
    /// Grows whenever a new assignment is due.
    pub group_epoch: i32,
    /// The group epoch that the assignment was computed for.
    pub assignment_epoch: i32,
    /// The assignor in use.
    pub assignor_name: ByteString,
    /// Its members.
    pub members: Vec<Member>,
    /// Bit n set: operation n on the group is permitted; `i32::MIN` if not asked.
    #[field(default = -2147483648)]
    pub authorized_operations: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A member of the group.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Member {
    /// The member.
    pub member_id: ByteString,
    /// Its rack; null if it has none.
    pub rack_id: Option<ByteString>,
    /// The epoch of the assignment that it has.
    pub member_epoch: i32,
    /// The client id that it gives in its requests.
    pub client_id: ByteString,
    /// The host it is connected from.
    pub client_host: ByteString,
    /// The topics that it subscribes to.
    pub subscribed_topic_names: Vec<TopicName>,
    /// What it has.
    pub assignment: Assignment,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What is assigned to a member.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Assignment {
    /// The partitions, by topic.
    pub topic_partitions: Vec<TopicPartitions>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitions {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// Its name.
    pub topic_name: TopicName,
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
