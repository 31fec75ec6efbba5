//! StreamsGroupDescribe (key 89): describe groups of Kafka Streams (KIP-1071).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName};
use crate::wire::{IntArray, TaggedFields};

/// StreamsGroupDescribe (key 89): describe groups of Kafka Streams (KIP-1071).
///
/// Versions 0–1, flexible. 1: the topology down to its nodes (KIP-1331).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct StreamsGroupDescribeRequest {
    /// The groups to describe.
    pub group_ids: Vec<GroupId>,
    /// Whether to tell what the sender may do with each group (KIP-430).
    pub include_authorized_operations: bool,
    /// Whether to send the topology down to its nodes (KIP-1331).
    #[field(versions = "1+")]
    pub include_topology_description: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The groups.
///
/// Versions 0–1, flexible. 1: the topology down to its nodes (KIP-1331), the assignor (KIP-1357).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct StreamsGroupDescribeResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// The groups, one for each that was asked about.
    pub groups: Vec<DescribedGroup>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedGroup {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// The group.
    pub group_id: GroupId,
    /// Its state, `Stable` or `NotReady` for instance; empty if there was an error.
    pub group_state: ByteString,
    /// Grows whenever a new assignment is due.
    pub group_epoch: i32,
    /// The group epoch that the target assignment was computed for.
    pub assignment_epoch: i32,
    /// What its members run, as the coordinator needs it; null if there is none yet.
    pub topology: Option<Topology>,
    /// Its members.
    pub members: Vec<Member>,
    /// Bit n set: operation n on the group is permitted; `i32::MIN` if not asked.
    #[field(default = -2147483648)]
    pub authorized_operations: i32,
    /// What its members run, down to the nodes; null if there is none to send (KIP-1331).
    #[field(versions = "1+")]
    pub topology_description: Option<TopologyDescription>,
    /// Why: 0 not asked for, 1 not stored, 2 could not be read, 3 it is there (KIP-1331).
    #[field(versions = "1+")]
    pub topology_description_status: i8,
    /// The assignor in use; null if not known (KIP-1357).
    #[field(versions = "1+", ignorable)]
    pub assignor_name: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What the members of a group run, as the coordinator needs it.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Topology {
    /// The topology epoch, which grows with every change of the topology.
    pub epoch: i32,
    /// Its parts; null if the topics that it reads are missing or do not fit.
    pub subtopologies: Option<Vec<Subtopology>>,
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
    /// The repartition topics that it writes.
    pub repartition_sink_topics: Vec<TopicName>,
    /// The changelogs of its state.
    pub state_changelog_topics: Vec<TopicInfo>,
    /// The repartition topics that it reads.
    pub repartition_source_topics: Vec<TopicInfo>,
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

/// A member of the group.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Member {
    /// The member.
    pub member_id: ByteString,
    /// The epoch of the assignment that it has.
    pub member_epoch: i32,
    /// Its static instance id; null if it has none.
    pub instance_id: Option<ByteString>,
    /// Its rack; null if it has none.
    pub rack_id: Option<ByteString>,
    /// The client id that it gives in its requests.
    pub client_id: ByteString,
    /// The host it is connected from.
    pub client_host: ByteString,
    /// Epoch of the topology that it runs.
    pub topology_epoch: i32,
    /// The process that it is part of; others may share it.
    pub process_id: ByteString,
    /// Where the application itself answers queries for its state; null if it does not.
    pub user_endpoint: Option<Endpoint>,
    /// Tags for spreading standby tasks over racks.
    pub client_tags: Vec<KeyValue>,
    /// How far its tasks have restored their state.
    pub task_offsets: Vec<TaskOffset>,
    /// Where the changelogs of those tasks end.
    pub task_end_offsets: Vec<TaskOffset>,
    /// What it has now.
    pub assignment: Assignment,
    /// What it is to have.
    pub target_assignment: Assignment,
    /// Whether it uses the classic protocol still.
    pub is_classic: bool,
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

/// What is assigned to a member.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Assignment {
    /// Tasks that it processes.
    pub active_tasks: Vec<TaskIds>,
    /// Tasks whose state it keeps in case their member fails.
    pub standby_tasks: Vec<TaskIds>,
    /// Tasks whose state it restores because they are to move to it.
    pub warmup_tasks: Vec<TaskIds>,
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

/// What the members of a group run, down to the nodes (KIP-1331).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescription {
    /// Its parts.
    #[field(versions = "1+")]
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    /// State that every member holds wholly.
    #[field(versions = "1+")]
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A part of a topology (KIP-1331).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionSubtopology {
    /// Its id.
    #[field(versions = "1+")]
    pub subtopology_id: ByteString,
    /// Its nodes.
    #[field(versions = "1+")]
    pub nodes: Vec<TopologyDescriptionNode>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A node that records pass through (KIP-1331).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionNode {
    /// Its name.
    #[field(versions = "1+")]
    pub name: ByteString,
    /// What it is: 1 source, 2 processor, 3 sink.
    #[field(versions = "1+")]
    pub node_type: i8,
    /// The topics that a source reads; empty if they are found out only while it runs.
    #[field(versions = "1+")]
    pub source_topics: Vec<TopicName>,
    /// The topic that a sink writes; null for other nodes, or if each record decides.
    #[field(versions = "1+")]
    pub sink_topic: Option<TopicName>,
    /// The state stores that a processor uses.
    #[field(versions = "1+")]
    pub stores: Vec<ByteString>,
    /// The nodes that get its records.
    #[field(versions = "1+")]
    pub successors: Vec<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// State that every member holds wholly (KIP-1331).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionGlobalStore {
    /// The node that reads its topic.
    #[field(versions = "1+")]
    pub source: TopologyDescriptionNode,
    /// The node that fills it.
    #[field(versions = "1+")]
    pub processor: TopologyDescriptionNode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
