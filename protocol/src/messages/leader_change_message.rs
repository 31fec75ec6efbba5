//! LeaderChangeMessage: the control record that opens the epoch of a leader of the metadata quorum (KIP-595).

use milena_protocol_derive::Message;

use crate::names::{BrokerId, Uuid};
use crate::wire::TaggedFields;

/// The control record that opens the epoch of a leader of the metadata quorum (KIP-595).
///
/// Versions 0–1, flexible. 1: voters have directory ids (KIP-853).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct LeaderChangeMessage {
    /// Version of this record.
    pub version: i16,
    /// The leader.
    pub leader_id: BrokerId,
    /// Who could vote.
    pub voters: Vec<Voter>,
    /// Who voted for the leader.
    pub granting_voters: Vec<Voter>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A voter.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Voter {
    /// The node.
    pub voter_id: i32,
    /// The directory that holds its log; all zero if not known (KIP-853).
    #[field(versions = "1+")]
    pub voter_directory_id: Uuid,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
