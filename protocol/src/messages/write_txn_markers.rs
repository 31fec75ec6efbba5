//! WriteTxnMarkers (key 27): a transaction coordinator has commit and abort markers written (KIP-98).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{ProducerId, TopicName};
use crate::wire::{IntArray, TaggedFields};

/// WriteTxnMarkers (key 27): a transaction coordinator has commit and abort markers written (KIP-98).
///
/// Sent to the leaders of the partitions. Versions 1–2, flexible. 2: tells the transaction's version
/// (KIP-1228).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "1+")]
pub struct WriteTxnMarkersRequest {
    /// The markers.
    pub markers: Vec<WritableTxnMarker>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The marker of one transaction.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarker {
    /// The producer id.
    pub producer_id: ProducerId,
    /// The producer epoch.
    pub producer_epoch: i16,
    /// Whether it was committed; if not, it was aborted.
    pub transaction_result: bool,
    /// The partitions to write it to, by topic.
    pub topics: Vec<WritableTxnMarkerTopic>,
    /// Epoch of the coordinator, so that an earlier one is fenced.
    pub coordinator_epoch: i32,
    /// 2 if every transaction has an epoch of its own; 0 and 1 if not (KIP-1228).
    #[field(versions = "2+", ignorable)]
    pub transaction_version: i8,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerTopic {
    /// The topic.
    pub name: TopicName,
    /// The partitions.
    pub partition_indexes: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each marker fared.
///
/// Versions 1–2, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-2", flexible = "1+")]
pub struct WriteTxnMarkersResponse {
    /// Outcomes by marker.
    pub markers: Vec<WritableTxnMarkerResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the marker of one transaction fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerResult {
    /// The producer id.
    pub producer_id: ProducerId,
    /// Outcomes by topic.
    pub topics: Vec<WritableTxnMarkerTopicResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the partitions of one topic fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerTopicResult {
    /// The topic.
    pub name: TopicName,
    /// Outcomes by partition.
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one partition fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct WritableTxnMarkerPartitionResult {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
