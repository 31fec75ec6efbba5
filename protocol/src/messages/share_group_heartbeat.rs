//! ShareGroupHeartbeat (key 76): join, stay in and leave a share group (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// ShareGroupHeartbeat (key 76): join, stay in and leave a share group (KIP-932).
///
/// What has not changed since the last heartbeat may be left out. Version 1, flexible. 0 was a preview.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1", flexible = "0+")]
pub struct ShareGroupHeartbeatRequest {
    /// The group.
    pub group_id: GroupId,
    /// The member, by an id that it makes up and keeps as long as it lives.
    pub member_id: ByteString,
    /// The epoch that it is at; 0 joins, -1 leaves.
    pub member_epoch: i32,
    /// Its rack; null if it has none or it is unchanged.
    pub rack_id: Option<ByteString>,
    /// The topics that it subscribes to; null if unchanged.
    pub subscribed_topic_names: Option<Vec<TopicName>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What the coordinator wants from the member.
///
/// Version 1, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1", flexible = "0+")]
pub struct ShareGroupHeartbeatResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// The member's id; null if it is not told.
    pub member_id: Option<ByteString>,
    /// The epoch that the member is at now.
    pub member_epoch: i32,
    /// How long to wait until the next heartbeat, in milliseconds.
    pub heartbeat_interval_ms: i32,
    /// What the member has; null if unchanged.
    pub assignment: Option<Assignment>,
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
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
