//! CreateTopics (key 19): create topics (KIP-4).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

/// CreateTopics (key 19): create topics (KIP-4).
///
/// Versions 2–7. 4: partitions and replicas may be left to the broker (KIP-464). 5: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-7", flexible = "5+")]
pub struct CreateTopicsRequest {
    /// The topics to create.
    pub topics: Vec<CreatableTopic>,
    /// How long the broker may wait until they are created, in milliseconds.
    #[field(default = 60000, name = "timeoutMs")]
    pub timeout_ms: i32,
    /// Whether only to check that the topics could be created.
    #[field(name = "validateOnly")]
    pub validate_only: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopic {
    /// Its name.
    #[field(key)]
    pub name: TopicName,
    /// How many partitions; -1 with `assignments`, or since version 4 for the broker's default.
    pub num_partitions: i32,
    /// How many replicas each; -1 with `assignments`, or since version 4 for the broker's default.
    pub replication_factor: i16,
    /// Which brokers hold which partition; empty leaves that to the controller.
    pub assignments: Vec<CreatableReplicaAssignment>,
    /// Settings of its own.
    pub configs: Vec<CreatableTopicConfig>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Which brokers hold one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableReplicaAssignment {
    /// The partition, from 0 without gaps.
    #[field(key)]
    pub partition_index: i32,
    /// The brokers, the preferred leader first.
    pub broker_ids: IntArray<BrokerId>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A setting of the new topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicConfig {
    /// Its key, `cleanup.policy` for instance.
    #[field(key)]
    pub name: ByteString,
    /// Its value; the schema permits null.
    #[field(default = empty)]
    pub value: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each topic fared.
///
/// Versions 2–7. 5: flexible (KIP-482), tells what was created (KIP-525). 6: may say
/// `THROTTLING_QUOTA_EXCEEDED` (KIP-599). 7: topic ids (KIP-516).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-7", flexible = "5+")]
pub struct CreateTopicsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// Outcomes by topic.
    pub topics: Vec<CreatableTopicResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicResult {
    /// The topic.
    #[field(key)]
    pub name: TopicName,
    /// Its id; all zero if it was not created (KIP-516).
    #[field(versions = "7+", ignorable)]
    pub topic_id: Uuid,
    /// Why it was not created, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty, ignorable)]
    pub error_message: Option<ByteString>,
    /// Why `configs` is null, if the sender may not see it (KIP-525).
    #[field(versions = "5+", tag = 0, ignorable)]
    pub topic_config_error_code: ErrorCode,
    /// How many partitions it has; -1 if not told (KIP-525).
    #[field(versions = "5+", default = -1, ignorable)]
    pub num_partitions: i32,
    /// How many replicas each has; -1 if not told (KIP-525).
    #[field(versions = "5+", default = -1, ignorable)]
    pub replication_factor: i16,
    /// The settings in force for it; null if not told (KIP-525).
    #[field(versions = "5+", default = empty, ignorable)]
    pub configs: Option<Vec<CreatableTopicConfigs>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A setting in force for the new topic (KIP-525).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicConfigs {
    /// Its key.
    #[field(versions = "5+")]
    pub name: ByteString,
    /// Its value; null if it is sensitive or not set.
    #[field(versions = "5+", default = empty)]
    pub value: Option<ByteString>,
    /// Whether it cannot be changed.
    #[field(versions = "5+")]
    pub read_only: bool,
    /// Where it comes from: 1 topic, 2 broker, 3 all brokers, 4 broker's file, 5 default; -1 if not told.
    #[field(versions = "5+", default = -1, ignorable)]
    pub config_source: i8,
    /// Whether the value is kept secret.
    #[field(versions = "5+")]
    pub is_sensitive: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
