//! DeleteTopics (key 20): delete topics with all that is in them (KIP-4).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{TopicName, Uuid};
use crate::wire::TaggedFields;

/// DeleteTopics (key 20): delete topics with all that is in them (KIP-4).
///
/// Versions 1–6. 4: flexible (KIP-482). 6: topics may be named by id (KIP-516).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-6", flexible = "4+")]
pub struct DeleteTopicsRequest {
    /// The topics to delete, each by name or by id (KIP-516).
    #[field(versions = "6+")]
    pub topics: Vec<DeleteTopicState>,
    /// The topics to delete, by name.
    #[field(versions = "1-5", ignorable)]
    pub topic_names: Vec<TopicName>,
    /// How long the broker may wait until they are deleted, in milliseconds.
    pub timeout_ms: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A topic to delete, by name or by id (KIP-516).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteTopicState {
    /// The topic by name; null if it is named by id.
    #[field(versions = "6+")]
    pub name: Option<TopicName>,
    /// The topic by id; all zero if it is named by name.
    #[field(versions = "6+")]
    pub topic_id: Uuid,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each topic fared.
///
/// Versions 1–6. 3: may say `TOPIC_DELETION_DISABLED` (KIP-322). 4: flexible (KIP-482). 5: error messages,
/// and may say `THROTTLING_QUOTA_EXCEEDED` (KIP-599). 6: topic ids (KIP-516).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-6", flexible = "4+")]
pub struct DeleteTopicsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// Outcomes by topic.
    pub responses: Vec<DeletableTopicResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeletableTopicResult {
    /// The topic by name; null if it was asked for by id and is not known or not for the sender to see.
    #[field(nullable = "6+", default = empty, key)]
    pub name: Option<TopicName>,
    /// The topic by id; all zero if not known (KIP-516).
    #[field(versions = "6+", ignorable)]
    pub topic_id: Uuid,
    /// Why it was not deleted, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(versions = "5+", ignorable)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
