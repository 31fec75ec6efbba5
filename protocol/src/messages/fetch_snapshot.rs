//! FetchSnapshot (key 59): read a snapshot of the metadata log from the quorum's leader (KIP-630).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName, Uuid};
use crate::wire::{Records, TaggedFields};

/// FetchSnapshot (key 59): read a snapshot of the metadata log from the quorum's leader (KIP-630).
///
/// Versions 0–1, flexible. 1: directory ids (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct FetchSnapshotRequest {
    /// The cluster that the sender means to talk to; null if it does not say.
    #[field(tag = 0)]
    pub cluster_id: Option<ByteString>,
    /// The replica that asks; -1 if it is none.
    #[field(default = -1)]
    pub replica_id: BrokerId,
    /// How many bytes to answer with at most.
    #[field(default = 0x7fffffff)]
    pub max_bytes: i32,
    /// What to read, by topic.
    pub topics: Vec<TopicSnapshot>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to read of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicSnapshot {
    /// The topic.
    pub name: TopicName,
    /// What to read, by partition.
    pub partitions: Vec<PartitionSnapshot>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to read of one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionSnapshot {
    /// The partition.
    pub partition: i32,
    /// The leader epoch that the sender believes in; -1 skips the check.
    pub current_leader_epoch: i32,
    /// Which snapshot.
    pub snapshot_id: SnapshotId,
    /// From which byte of the snapshot on.
    pub position: i64,
    /// The directory that holds the sender's log; all zero if not said (KIP-853).
    #[field(versions = "1+", tag = 0, ignorable)]
    pub replica_directory_id: Uuid,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Names a snapshot.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SnapshotId {
    /// First offset that the snapshot does not cover.
    pub end_offset: i64,
    /// Leader epoch of the last record in it.
    pub epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A piece of each snapshot.
///
/// Versions 0–1, flexible. 1: where the leaders listen (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct FetchSnapshotResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// The pieces, by topic.
    pub topics: Vec<FetchSnapshotResponseTopicSnapshot>,
    /// Where the leaders hinted at by `current_leader` listen (KIP-853).
    #[field(versions = "1+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The pieces for one topic. `TopicSnapshot` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "TopicSnapshot")]
pub struct FetchSnapshotResponseTopicSnapshot {
    /// The topic.
    pub name: TopicName,
    /// The pieces, by partition.
    pub partitions: Vec<FetchSnapshotResponsePartitionSnapshot>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The piece for one partition. `PartitionSnapshot` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "PartitionSnapshot")]
pub struct FetchSnapshotResponsePartitionSnapshot {
    /// The partition.
    pub index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The snapshot that it is a piece of.
    pub snapshot_id: SnapshotId,
    /// Who leads the partition now, if the sender is wrong about it.
    #[field(tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    /// Size of the whole snapshot, in bytes.
    pub size: i64,
    /// At which byte of the snapshot the piece begins.
    pub position: i64,
    /// The piece. It may begin and end in the middle of a record batch.
    pub unaligned_records: Records,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A partition's leader, as far as the answering node knows.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    /// The leader; -1 if not known.
    pub leader_id: BrokerId,
    /// Its epoch.
    pub leader_epoch: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a node listens (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    /// The node.
    #[field(versions = "1+", key)]
    pub node_id: BrokerId,
    /// Its host name or address.
    #[field(versions = "1+")]
    pub host: ByteString,
    /// Its port.
    #[field(versions = "1+")]
    pub port: u16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
