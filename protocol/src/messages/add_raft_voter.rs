//! AddRaftVoter (key 80): add a controller to the voters of the metadata quorum (KIP-853).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::Uuid;
use crate::wire::TaggedFields;

/// AddRaftVoter (key 80): add a controller to the voters of the metadata quorum (KIP-853).
///
/// Versions 0–1, flexible. 1: the answer may come before the change is committed (KIP-1186).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct AddRaftVoterRequest {
    /// The cluster that the sender means to talk to; null if it does not say.
    #[field(default = empty)]
    pub cluster_id: Option<ByteString>,
    /// How long the leader may take for the change, in milliseconds.
    pub timeout_ms: i32,
    /// The node that is to vote.
    pub voter_id: i32,
    /// The directory that holds its metadata log.
    pub voter_directory_id: Uuid,
    /// Where other controllers reach it.
    pub listeners: Vec<Listener>,
    /// Whether to answer only when the change is committed, not as soon as the leader has it (KIP-1186).
    #[field(versions = "1+", default = true)]
    pub ack_when_committed: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a controller listens.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Listener {
    /// The listener.
    #[field(key)]
    pub name: ByteString,
    /// Its host name or address.
    pub host: ByteString,
    /// Its port.
    pub port: u16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the controller votes now.
///
/// Versions 0–1, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct AddRaftVoterResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty, ignorable)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
