//! Vote (key 52): a candidate asks the voters of the metadata quorum for their votes (KIP-595).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, TopicName, Uuid};
use crate::wire::TaggedFields;

/// Vote (key 52): a candidate asks the voters of the metadata quorum for their votes (KIP-595).
///
/// Versions 0–2, flexible. 1: voters have directory ids (KIP-853). 2: asking first without a new epoch
/// (KIP-996).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct VoteRequest {
    /// The cluster that the sender means to talk to; null if it does not say.
    pub cluster_id: Option<ByteString>,
    /// The voter that is asked; -1 if not said (KIP-853).
    #[field(versions = "1+", default = -1, ignorable)]
    pub voter_id: BrokerId,
    /// What is asked, by topic.
    pub topics: Vec<TopicData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What is asked about one topic.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicData {
    /// The topic.
    pub topic_name: TopicName,
    /// What is asked, by partition.
    pub partitions: Vec<PartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What is asked about one partition.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// The epoch that the candidate would lead, or for a pre-vote the one that it is at.
    pub replica_epoch: i32,
    /// The candidate.
    pub replica_id: BrokerId,
    /// The directory that holds the candidate's log; all zero if not said (KIP-853).
    #[field(versions = "1+", ignorable)]
    pub replica_directory_id: Uuid,
    /// The directory that holds the voter's log; all zero if not said (KIP-853).
    #[field(versions = "1+", ignorable)]
    pub voter_directory_id: Uuid,
    /// Leader epoch of the last record in the candidate's log.
    pub last_offset_epoch: i32,
    /// Where the candidate's log ends.
    pub last_offset: i64,
    /// Whether it only asks if it would get the vote (KIP-996).
    #[field(versions = "2+")]
    pub pre_vote: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The vote.
///
/// Versions 0–2, flexible. 1: where the leaders listen (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct VoteResponse {
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// The votes, by topic.
    pub topics: Vec<VoteResponseTopicData>,
    /// Where the leaders named above listen (KIP-853).
    #[field(versions = "1+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The votes on one topic. `TopicData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "TopicData")]
pub struct VoteResponseTopicData {
    /// The topic.
    pub topic_name: TopicName,
    /// The votes, by partition.
    pub partitions: Vec<VoteResponsePartitionData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The vote on one partition. `PartitionData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "PartitionData")]
pub struct VoteResponsePartitionData {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The leader; -1 if not known.
    pub leader_id: BrokerId,
    /// The newest epoch that the voter knows.
    pub leader_epoch: i32,
    /// Whether the candidate has the vote.
    pub vote_granted: bool,
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
