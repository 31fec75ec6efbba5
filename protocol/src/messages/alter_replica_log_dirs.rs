//! AlterReplicaLogDirs (key 34): move replicas to another log directory of the same broker (KIP-113).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::TopicName;
use crate::wire::{IntArray, TaggedFields};

/// AlterReplicaLogDirs (key 34): move replicas to another log directory of the same broker (KIP-113).
///
/// Versions 1–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "2+")]
pub struct AlterReplicaLogDirsRequest {
    /// What to move, by destination.
    pub dirs: Vec<AlterReplicaLogDir>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What is to move to one directory.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterReplicaLogDir {
    /// The absolute path of the directory.
    #[field(key)]
    pub path: ByteString,
    /// The partitions to move there, by topic.
    pub topics: Vec<AlterReplicaLogDirTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterReplicaLogDirTopic {
    /// The topic.
    #[field(key)]
    pub name: TopicName,
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether each move has begun.
///
/// Versions 1–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "2+")]
pub struct AlterReplicaLogDirsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes by topic.
    pub results: Vec<AlterReplicaLogDirTopicResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterReplicaLogDirTopicResult {
    /// The topic.
    pub topic_name: TopicName,
    /// Outcomes by partition.
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterReplicaLogDirPartitionResult {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
