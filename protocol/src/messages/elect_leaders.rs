//! ElectLeaders (key 43): make partitions elect their leaders anew (KIP-183).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::TopicName;
use crate::wire::{IntArray, TaggedFields};

/// ElectLeaders (key 43): make partitions elect their leaders anew (KIP-183).
///
/// Versions 0–2. 0: preferred leaders only. 1: unclean elections too (KIP-460). 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct ElectLeadersRequest {
    /// 0 the preferred leader, 1 any replica alive if none in sync is, which may lose records (KIP-460).
    #[field(versions = "1+")]
    pub election_type: i8,
    /// The partitions, by topic; null for all.
    #[field(default = empty)]
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    /// How long the controller may wait for the elections, in milliseconds.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitions {
    /// The topic.
    #[field(key)]
    pub topic: TopicName,
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each partition fared.
///
/// Versions 0–2. 1: an error for the whole (KIP-460). 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct ElectLeadersResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    #[field(versions = "1+")]
    pub error_code: ErrorCode,
    /// Outcomes by topic.
    pub replica_election_results: Vec<ReplicaElectionResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReplicaElectionResult {
    /// The topic.
    pub topic: TopicName,
    /// Outcomes by partition.
    pub partition_result: Vec<PartitionResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResult {
    /// The partition.
    pub partition_id: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
