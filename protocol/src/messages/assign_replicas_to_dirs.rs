//! AssignReplicasToDirs (key 73): a broker tells the controller which log directory holds what (KIP-858).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, Uuid};
use crate::wire::TaggedFields;

/// AssignReplicasToDirs (key 73): a broker tells the controller which log directory holds what (KIP-858).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AssignReplicasToDirsRequest {
    /// The broker that tells.
    pub broker_id: BrokerId,
    /// The epoch that its registration gave it; -1 if not known.
    #[field(default = -1)]
    pub broker_epoch: i64,
    /// What its directories hold.
    pub directories: Vec<DirectoryData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What one directory holds.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DirectoryData {
    /// The directory.
    pub id: Uuid,
    /// The partitions in it, by topic.
    pub topics: Vec<TopicData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicData {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// The partitions.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the controller has taken note.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AssignReplicasToDirsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// Outcomes by directory.
    pub directories: Vec<AssignReplicasToDirsResponseDirectoryData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions in one directory fared. `DirectoryData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "DirectoryData")]
pub struct AssignReplicasToDirsResponseDirectoryData {
    /// The directory.
    pub id: Uuid,
    /// Outcomes by topic.
    pub topics: Vec<AssignReplicasToDirsResponseTopicData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared. `TopicData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "TopicData")]
pub struct AssignReplicasToDirsResponseTopicData {
    /// The topic, by id.
    pub topic_id: Uuid,
    /// Outcomes by partition.
    pub partitions: Vec<AssignReplicasToDirsResponsePartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared. `PartitionData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "PartitionData")]
pub struct AssignReplicasToDirsResponsePartitionData {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
