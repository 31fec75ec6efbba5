//! ConsumerProtocolSubscription: what a member of a classic consumer group tells the leader.

use bytes::Bytes;
use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::names::TopicName;
use crate::wire::IntArray;

/// What a member of a classic consumer group tells the leader.
///
/// The bytes of JoinGroup's `metadata`, after its version as an i16. Versions 0–3, not flexible. 1: what it
/// has (KIP-429). 2: since which generation (KIP-792). 3: racks (KIP-881).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-3")]
pub struct ConsumerProtocolSubscription {
    /// The topics that it subscribes to.
    pub topics: Vec<ByteString>,
    /// What the assignor adds for itself; null for nothing.
    pub user_data: Option<Bytes>,
    /// The partitions that it has (KIP-429).
    #[field(versions = "1+", ignorable)]
    pub owned_partitions: Vec<TopicPartition>,
    /// The generation that it got them in; -1 if not known (KIP-792).
    #[field(versions = "2+", default = -1, ignorable)]
    pub generation_id: i32,
    /// Its rack; null if it has none (KIP-881).
    #[field(versions = "3+", ignorable)]
    pub rack_id: Option<ByteString>,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartition {
    /// The topic.
    #[field(versions = "1+", key)]
    pub topic: TopicName,
    /// The partitions.
    #[field(versions = "1+")]
    pub partitions: IntArray<i32>,
}
