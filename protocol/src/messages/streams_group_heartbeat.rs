//! StreamsGroupHeartbeat (key 88): join, stay in and leave a group of Kafka Streams (KIP-1071).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName};
use crate::wire::{IntArray, TaggedFields};

/// StreamsGroupHeartbeat (key 88): join, stay in and leave a group of Kafka Streams (KIP-1071).
///
/// What has not changed since the last heartbeat may be left out. Versions 0–1, flexible; the two look the
/// same.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct StreamsGroupHeartbeatRequest {
    /// The group.
    pub group_id: GroupId,
    /// The member, by an id that it makes up and keeps as long as it lives.
    pub member_id: ByteString,
    /// The epoch that it is at; 0 joins, -1 leaves, -2 leaves as a static member that will be back.
    pub member_epoch: i32,
    /// Epoch of the last `partitions_by_user_endpoint` that it got.
    pub endpoint_information_epoch: i32,
    /// Its static instance id; null if it has none or it is unchanged.
    pub instance_id: Option<ByteString>,
    /// Its rack; null if it has none or it is unchanged.
    pub rack_id: Option<ByteString>,
    /// How long it may take to give up tasks, in milliseconds; -1 if unchanged.
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    /// What it runs, told when it joins; null otherwise.
    pub topology: Option<Topology>,
    /// Tasks that it processes; null if unchanged.
    pub active_tasks: Option<Vec<TaskIds>>,
    /// Tasks whose state it keeps in case their member fails; null if unchanged.
    pub standby_tasks: Option<Vec<TaskIds>>,
    /// Tasks whose state it restores because they are to move to it; null if unchanged.
    pub warmup_tasks: Option<Vec<TaskIds>>,
    /// The process that it is part of, which others may share; null if unchanged.
    pub process_id: Option<ByteString>,
    /// Where the application itself answers queries for its state; null if it does not or it is unchanged.
    pub user_endpoint: Option<Endpoint>,
    /// Tags for spreading standby tasks over racks; null if unchanged.
    pub client_tags: Option<Vec<KeyValue>>,
    /// How far its tasks have restored their state; null if unchanged.
    pub task_offsets: Option<Vec<TaskOffset>>,
    /// Where the changelogs of those tasks end; null if unchanged.
    pub task_end_offsets: Option<Vec<TaskOffset>>,
    /// Whether all members of the group are to stop.
    pub shutdown_application: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What a member runs, as the coordinator needs it.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Topology {
    /// The topology epoch, which grows with every change of the topology.
    pub epoch: i32,
    /// Its parts.
    pub subtopologies: Vec<Subtopology>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A part of a topology whose tasks are assigned together.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Subtopology {
    /// Its id.
    pub subtopology_id: ByteString,
    /// The topics that it reads.
    pub source_topics: Vec<TopicName>,
    /// Expressions for further topics that it reads.
    pub source_topic_regex: Vec<ByteString>,
    /// The changelogs of its state, for the coordinator to create.
    pub state_changelog_topics: Vec<TopicInfo>,
    /// The repartition topics that it writes.
    pub repartition_sink_topics: Vec<TopicName>,
    /// The repartition topics that it reads, for the coordinator to create.
    pub repartition_source_topics: Vec<TopicInfo>,
    /// Topics that must have as many partitions as each other.
    pub copartition_groups: Vec<CopartitionGroup>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A topic that belongs to the application.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicInfo {
    /// The topic.
    pub name: TopicName,
    /// How many partitions it has; 0 if that is not fixed.
    pub partitions: i32,
    /// How many replicas each; 0 for the broker's default.
    pub replication_factor: i16,
    /// Settings of its own.
    pub topic_configs: Vec<KeyValue>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct KeyValue {
    /// The key.
    pub key: ByteString,
    /// The value.
    pub value: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Topics that must have as many partitions as each other.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CopartitionGroup {
    /// Positions in the subtopology's `source_topics`.
    pub source_topics: Vec<i16>,
    /// Positions in the subtopology's `source_topic_regex`.
    pub source_topic_regex: Vec<i16>,
    /// Positions in the subtopology's `repartition_source_topics`.
    pub repartition_source_topics: Vec<i16>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Tasks of one subtopology.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TaskIds {
    /// The subtopology.
    pub subtopology_id: ByteString,
    /// The tasks' partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where an application answers queries.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Endpoint {
    /// Its host name or address.
    pub host: ByteString,
    /// Its port.
    pub port: u16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// An offset of one task, summed over its changelogs.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TaskOffset {
    /// The task's subtopology.
    pub subtopology_id: ByteString,
    /// The task's partition.
    pub partition: i32,
    /// The sum.
    pub offset: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What the coordinator wants from the member.
///
/// Versions 0–1, flexible. 1: the acceptable lag is wider, the coordinator asks for the topology's
/// description (KIP-1331).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct StreamsGroupHeartbeatResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// The member.
    pub member_id: ByteString,
    /// The epoch that the member is at now.
    pub member_epoch: i32,
    /// How long to wait until the next heartbeat, in milliseconds.
    pub heartbeat_interval_ms: i32,
    /// As `acceptable_recovery_lag`, with fewer bits.
    #[field(versions = "0")]
    pub acceptable_recovery_lag_legacy: i32,
    /// How long to wait until `task_offsets` are told again, in milliseconds.
    pub task_offset_interval_ms: i32,
    /// How far behind, in offsets, restored state may be to count as ready; -1 if not told.
    #[field(versions = "1+", default = -1, ignorable)]
    pub acceptable_recovery_lag: i64,
    /// What keeps the group from working; null if nothing is told.
    #[field(default = empty)]
    pub status: Option<Vec<Status>>,
    /// Tasks that the member is to process; null if unchanged.
    pub active_tasks: Option<Vec<TaskIds>>,
    /// Tasks whose state it is to keep; null if unchanged.
    pub standby_tasks: Option<Vec<TaskIds>>,
    /// Tasks whose state it is to restore; null if unchanged.
    pub warmup_tasks: Option<Vec<TaskIds>>,
    /// Whether it is to send StreamsGroupTopologyDescriptionUpdate (KIP-1331).
    #[field(versions = "1+")]
    pub topology_description_required: bool,
    /// Epoch of `partitions_by_user_endpoint`.
    pub endpoint_information_epoch: i32,
    /// Which member answers queries for which partitions; null if unchanged.
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Something that keeps the group from working.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Status {
    /// What it is: 0 an old topology, 1 to 3 missing or unfit topics, 4 shutdown, 5 delay, 6 missing tags.
    pub status_code: i8,
    /// The same, in words for people.
    pub status_detail: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The partitions that one endpoint answers queries for.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EndpointToPartitions {
    /// The endpoint.
    pub user_endpoint: Endpoint,
    /// Partitions that it processes.
    pub active_partitions: Vec<TopicPartition>,
    /// Partitions whose state it keeps.
    pub standby_partitions: Vec<TopicPartition>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partitions.
    pub partitions: IntArray<i32>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
