//! DeleteShareGroupOffsets (key 92): make an empty share group forget topics (KIP-932).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName, Uuid};
use crate::wire::TaggedFields;

/// DeleteShareGroupOffsets (key 92): make an empty share group forget topics (KIP-932).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DeleteShareGroupOffsetsRequest {
    /// The group.
    pub group_id: GroupId,
    /// The topics to forget.
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A topic to forget.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteShareGroupOffsetsRequestTopic {
    /// The topic.
    pub topic_name: TopicName,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Which topics were forgotten.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DeleteShareGroupOffsetsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Outcomes by topic.
    pub responses: Vec<DeleteShareGroupOffsetsResponseTopic>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteShareGroupOffsetsResponseTopic {
    /// The topic.
    pub topic_name: TopicName,
    /// Its id.
    pub topic_id: Uuid,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
