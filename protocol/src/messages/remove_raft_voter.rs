//! RemoveRaftVoter (key 81): take a controller out of the voters of the metadata quorum (KIP-853).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::Uuid;
use crate::wire::TaggedFields;

/// RemoveRaftVoter (key 81): take a controller out of the voters of the metadata quorum (KIP-853).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct RemoveRaftVoterRequest {
    /// The cluster that the sender means to talk to; null if it does not say.
    #[field(default = empty)]
    pub cluster_id: Option<ByteString>,
    /// The node that is to vote no more.
    pub voter_id: i32,
    /// The directory that holds its metadata log.
    pub voter_directory_id: Uuid,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the controller votes no more.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct RemoveRaftVoterResponse {
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
