//! DeleteTopics.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{TopicName, Uuid};
use crate::wire::TaggedFields;

#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-6", flexible = "4+")]
pub struct DeleteTopicsRequest {
    #[field(versions = "6+")]
    pub topics: Vec<DeleteTopicState>,
    #[field(versions = "1-5", ignorable)]
    pub topic_names: Vec<TopicName>,
    pub timeout_ms: i32,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteTopicState {
    #[field(versions = "6+")]
    pub name: Option<TopicName>,
    #[field(versions = "6+")]
    pub topic_id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-6", flexible = "4+")]
pub struct DeleteTopicsResponse {
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeletableTopicResult {
    #[field(nullable = "6+", default = empty, key)]
    pub name: Option<TopicName>,
    #[field(versions = "6+", ignorable)]
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    #[field(versions = "5+", ignorable)]
    pub error_message: Option<ByteString>,
    pub unknown_tagged_fields: TaggedFields,
}
