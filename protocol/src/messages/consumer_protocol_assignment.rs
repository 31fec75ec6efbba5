//! ConsumerProtocolAssignment: what the leader of a classic consumer group gives to a member.

use bytes::Bytes;

use milena_protocol_derive::Message;

use crate::names::TopicName;
use crate::wire::IntArray;

/// What the leader of a classic consumer group gives to a member.
///
/// The bytes of SyncGroup's `assignment`, after its version as an i16. Versions 0–3, not flexible, all of the
/// same shape; the numbers follow those of the subscription.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-3")]
pub struct ConsumerProtocolAssignment {
    /// The partitions, by topic.
    pub assigned_partitions: Vec<TopicPartition>,
    /// What the assignor adds for itself; null for nothing.
    pub user_data: Option<Bytes>,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartition {
    /// The topic.
    #[field(key)]
    pub topic: TopicName,
    /// The partitions.
    pub partitions: IntArray<i32>,
}
