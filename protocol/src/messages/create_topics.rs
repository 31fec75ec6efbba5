//! CreateTopics.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName, Uuid};
use crate::wire::{IntArray, TaggedFields};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-7", flexible = "5+")]
pub struct CreateTopicsRequest {
    pub topics: Vec<CreatableTopic>,
    #[field(default = 60000, name = "timeoutMs")]
    pub timeout_ms: i32,
    #[field(name = "validateOnly")]
    pub validate_only: bool,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopic {
    #[field(key)]
    pub name: TopicName,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableReplicaAssignment {
    #[field(key)]
    pub partition_index: i32,
    pub broker_ids: IntArray<BrokerId>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicConfig {
    #[field(key)]
    pub name: ByteString,
    #[field(default = empty)]
    pub value: Option<ByteString>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "2-7", flexible = "5+")]
pub struct CreateTopicsResponse {
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicResult {
    #[field(key)]
    pub name: TopicName,
    #[field(versions = "7+", ignorable)]
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    #[field(default = empty, ignorable)]
    pub error_message: Option<ByteString>,
    #[field(versions = "5+", tag = 0, ignorable)]
    pub topic_config_error_code: i16,
    #[field(versions = "5+", default = -1, ignorable)]
    pub num_partitions: i32,
    #[field(versions = "5+", default = -1, ignorable)]
    pub replication_factor: i16,
    #[field(versions = "5+", default = empty, ignorable)]
    pub configs: Option<Vec<CreatableTopicConfigs>>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicConfigs {
    #[field(versions = "5+")]
    pub name: ByteString,
    #[field(versions = "5+", default = empty)]
    pub value: Option<ByteString>,
    #[field(versions = "5+")]
    pub read_only: bool,
    #[field(versions = "5+", default = -1, ignorable)]
    pub config_source: i8,
    #[field(versions = "5+")]
    pub is_sensitive: bool,
    pub unknown_tagged_fields: TaggedFields,
}
