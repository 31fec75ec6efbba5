//! CreatePartitions (key 37): give topics more partitions (KIP-195).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName};
use crate::wire::{IntArray, TaggedFields};

/// CreatePartitions (key 37): give topics more partitions (KIP-195).
///
/// Versions 0–3. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct CreatePartitionsRequest {
    /// What to add, by topic.
    pub topics: Vec<CreatePartitionsTopic>,
    /// How long the broker may wait until they are there, in milliseconds.
    pub timeout_ms: i32,
    /// Whether only to check that they could be added.
    pub validate_only: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to add to one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatePartitionsTopic {
    /// The topic.
    #[field(key)]
    pub name: TopicName,
    /// How many partitions it is to have in all.
    pub count: i32,
    /// Where the new ones go, one entry each; null leaves that to the controller.
    #[field(default = empty)]
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where one new partition goes.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatePartitionsAssignment {
    /// The brokers that are to hold it, the preferred leader first.
    pub broker_ids: IntArray<BrokerId>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each topic fared.
///
/// Versions 0–3. 2: flexible (KIP-482). 3: may say `THROTTLING_QUOTA_EXCEEDED` (KIP-599).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct CreatePartitionsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes by topic.
    pub results: Vec<CreatePartitionsTopicResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatePartitionsTopicResult {
    /// The topic.
    pub name: TopicName,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
