//! ConsumerGroupHeartbeat (key 68): join, stay in and leave a group of the new consumer protocol (KIP-848).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// ConsumerGroupHeartbeat (key 68): join, stay in and leave a group of the new consumer protocol (KIP-848).
///
/// What has not changed since the last heartbeat may be left out. Versions 0–1, flexible. 1: subscription by
/// an expression, and the client makes up its member id (KIP-1082).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupHeartbeatRequest {
    /// The group.
    pub group_id: GroupId,
    /// The member, by an id that it keeps as long as it lives.
    pub member_id: ByteString,
    /// The epoch that it is at; 0 joins, -1 leaves, -2 leaves as a static member that will be back.
    pub member_epoch: i32,
    /// Its static instance id; null if it has none or it is unchanged (KIP-345).
    pub instance_id: Option<ByteString>,
    /// Its rack; null if it has none or it is unchanged.
    pub rack_id: Option<ByteString>,
    /// How long it may take to give up partitions, in milliseconds; -1 if unchanged.
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    /// The topics that it subscribes to by name; null if unchanged.
    pub subscribed_topic_names: Option<Vec<TopicName>>,
    /// The expression that it subscribes by; null if unchanged, empty to end that.
    #[field(versions = "1+")]
    pub subscribed_topic_regex: Option<ByteString>,
    /// The assignor that it wants the broker to use; null if it does not mind or it is unchanged.
    pub server_assignor: Option<ByteString>,
    /// The partitions that it has; null if unchanged.
    pub topic_partitions: Option<Vec<TopicPartitions>>,
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

/// What the coordinator wants from the member.
///
/// Versions 0–1, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupHeartbeatResponse {
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
    /// What the member is to have; null if unchanged.
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
