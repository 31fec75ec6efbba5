//! DescribeLogDirs (key 35): what lies in a broker's log directories (KIP-113).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::TopicName;
use crate::wire::{IntArray, TaggedFields};

/// DescribeLogDirs (key 35): what lies in a broker's log directories (KIP-113).
///
/// Versions 1–5. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-5", flexible = "2+")]
pub struct DescribeLogDirsRequest {
    /// The partitions asked about, by topic; null for all.
    #[field(default = empty)]
    pub topics: Option<Vec<DescribableLogDirTopic>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribableLogDirTopic {
    /// The topic.
    #[field(key)]
    pub topic: TopicName,
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The log directories.
///
/// Versions 1–5. 2: flexible (KIP-482). 3: an error for the whole. 4: size of the volume (KIP-827). 5:
/// cordoned directories (KIP-1066).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-5", flexible = "2+")]
pub struct DescribeLogDirsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    #[field(versions = "3+", ignorable)]
    pub error_code: ErrorCode,
    /// What lies where, by directory.
    pub results: Vec<DescribeLogDirsResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What lies in one log directory.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeLogDirsResult {
    /// What is wrong with the directory, or none.
    pub error_code: ErrorCode,
    /// Its absolute path.
    pub log_dir: ByteString,
    /// The partitions in it, by topic.
    pub topics: Vec<DescribeLogDirsTopic>,
    /// Size of the volume that it is on, in bytes; -1 if not known (KIP-827).
    #[field(versions = "4+", default = -1, ignorable)]
    pub total_bytes: i64,
    /// Free space on the volume that it is on, in bytes; -1 if not known (KIP-827).
    #[field(versions = "4+", default = -1, ignorable)]
    pub usable_bytes: i64,
    /// Whether it is to get no new partitions (KIP-1066).
    #[field(versions = "5+", ignorable)]
    pub is_cordoned: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeLogDirsTopic {
    /// The topic.
    pub name: TopicName,
    /// The partitions.
    pub partitions: Vec<DescribeLogDirsPartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A replica.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeLogDirsPartition {
    /// The partition.
    pub partition_index: i32,
    /// Size of its log segments, in bytes.
    pub partition_size: i64,
    /// How many offsets its end lies behind the high watermark, or behind the replica it will replace.
    pub offset_lag: i64,
    /// Whether it is being moved here from another directory and will replace the replica there.
    pub is_future_key: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
