//! AlterPartition (key 56): a leader asks the controller to change the in-sync replicas (KIP-497).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// AlterPartition (key 56): a leader asks the controller to change the in-sync replicas (KIP-497).
///
/// Versions 2–3, flexible. 2: topics are named by id (KIP-516). 3: tells the epoch of each replica (KIP-903).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-3", flexible = "0+")]
pub struct AlterPartitionRequest {
    /// The leader that asks.
    pub broker_id: BrokerId,
    /// The epoch that its registration gave it; -1 if not known.
    #[field(default = -1)]
    pub broker_epoch: i64,
    /// What to change, by topic.
    pub topics: Vec<TopicData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to change in one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicData {
    /// The topic, by id.
    #[field(ignorable)]
    pub topic_id: Uuid,
    /// What to change, by partition.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The proposed state of one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// The leader epoch of the sender.
    pub leader_epoch: i32,
    /// The replicas that are to be in sync.
    #[field(versions = "2")]
    pub new_isr: IntArray<BrokerId>,
    /// The replicas that are to be in sync, with their broker epochs (KIP-903).
    #[field(versions = "3+")]
    pub new_isr_with_epochs: Vec<BrokerState>,
    /// 0 the log is whole; 1 the leader recovers from an unclean election (KIP-704).
    pub leader_recovery_state: i8,
    /// Counts the changes of the partition's state; what the sender believes it to be.
    pub partition_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A replica and the epoch of its broker (KIP-903).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BrokerState {
    /// The broker.
    #[field(versions = "3+")]
    pub broker_id: BrokerId,
    /// The epoch that its registration gave it; -1 skips the check.
    #[field(versions = "3+", default = -1)]
    pub broker_epoch: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The state that each partition has now.
///
/// Versions 2–3, flexible. 2: topics are named by id (KIP-516). 3: may say `INELIGIBLE_REPLICA` for an epoch
/// (KIP-903).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-3", flexible = "0+")]
pub struct AlterPartitionResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// The outcome, by topic.
    pub topics: Vec<AlterPartitionResponseTopicData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The partitions of one topic. `TopicData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "TopicData")]
pub struct AlterPartitionResponseTopicData {
    /// The topic, by id.
    #[field(ignorable)]
    pub topic_id: Uuid,
    /// The outcome, by partition.
    pub partitions: Vec<AlterPartitionResponsePartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The state of one partition. `PartitionData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "PartitionData")]
pub struct AlterPartitionResponsePartitionData {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The leader.
    pub leader_id: BrokerId,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// The replicas that are in sync.
    pub isr: IntArray<BrokerId>,
    /// 0 the log is whole; 1 the leader recovers from an unclean election (KIP-704).
    #[field(ignorable)]
    pub leader_recovery_state: i8,
    /// Counts the changes of the partition's state.
    pub partition_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
