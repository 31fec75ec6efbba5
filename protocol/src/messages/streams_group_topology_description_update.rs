//! StreamsGroupTopologyDescriptionUpdate (key 93): a member describes the topology that its group runs
//! (KIP-1331).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{GroupId, TopicName};
use crate::wire::TaggedFields;

/// StreamsGroupTopologyDescriptionUpdate (key 93): a member describes the topology that its group runs
/// (KIP-1331).
///
/// Sent when a StreamsGroupHeartbeat response asks for it. Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct StreamsGroupTopologyDescriptionUpdateRequest {
    /// The group.
    pub group_id: GroupId,
    /// The member.
    pub member_id: ByteString,
    /// Epoch of the topology that is described.
    pub topology_epoch: i32,
    /// The topology.
    pub topology_description: TopologyDescription,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A topology, down to its nodes.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescription {
    /// Its parts.
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    /// State that every member holds wholly.
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A part of a topology.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionSubtopology {
    /// Its id.
    pub subtopology_id: ByteString,
    /// Its nodes.
    pub nodes: Vec<TopologyDescriptionNode>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A node that records pass through.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionNode {
    /// Its name.
    pub name: ByteString,
    /// What it is: 1 source, 2 processor, 3 sink.
    pub node_type: i8,
    /// The topics that a source reads; empty if they are found out only while it runs.
    pub source_topics: Vec<TopicName>,
    /// The topic that a sink writes; null for other nodes, or if each record decides.
    pub sink_topic: Option<TopicName>,
    /// The state stores that a processor uses.
    pub stores: Vec<ByteString>,
    /// The nodes that get its records.
    pub successors: Vec<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// State that every member holds wholly.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopologyDescriptionGlobalStore {
    /// The node that reads its topic.
    pub source: TopologyDescriptionNode,
    /// The node that fills it.
    pub processor: TopologyDescriptionNode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the description was stored.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct StreamsGroupTopologyDescriptionUpdateResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
