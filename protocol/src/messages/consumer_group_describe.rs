//! ConsumerGroupDescribe (key 69): describe groups of the new consumer protocol (KIP-848).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// ConsumerGroupDescribe (key 69): describe groups of the new consumer protocol (KIP-848).
///
/// Versions 0–1, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupDescribeRequest {
    /// The groups to describe.
    pub group_ids: Vec<GroupId>,
    /// Whether to tell what the sender may do with each group (KIP-430).
    pub include_authorized_operations: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The groups.
///
/// Versions 0–1, flexible. 1: tells which protocol a member uses (KIP-1099).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupDescribeResponse {
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
    /// Its state: `Empty`, `Assigning`, `Reconciling`, `Stable` or `Dead`; empty if there was an error.
    pub group_state: ByteString,
    /// Grows whenever a new assignment is due.
    pub group_epoch: i32,
    /// The group epoch that the target assignment was computed for.
    pub assignment_epoch: i32,
    /// The assignor in use on the broker.
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
    /// Its static instance id; null if it has none (KIP-345).
    pub instance_id: Option<ByteString>,
    /// Its rack; null if it has none.
    pub rack_id: Option<ByteString>,
    /// The epoch of the assignment that it has.
    pub member_epoch: i32,
    /// The client id that it gives in its requests.
    pub client_id: ByteString,
    /// The host it is connected from.
    pub client_host: ByteString,
    /// The topics that it subscribes to by name.
    pub subscribed_topic_names: Vec<TopicName>,
    /// The expression that it subscribes by; null if none.
    pub subscribed_topic_regex: Option<ByteString>,
    /// What it has now.
    pub assignment: Assignment,
    /// What it is to have.
    pub target_assignment: Assignment,
    /// Its protocol: 0 classic, 1 consumer; -1 if not known (KIP-1099).
    #[field(versions = "1+", default = -1, ignorable)]
    pub member_type: i8,
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
