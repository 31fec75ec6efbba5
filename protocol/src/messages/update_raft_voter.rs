//! UpdateRaftVoter (key 82): a voter tells the quorum's leader where it listens and what it supports
//! (KIP-853).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, Uuid};
use crate::wire::TaggedFields;

/// UpdateRaftVoter (key 82): a voter tells the quorum's leader where it listens and what it supports
/// (KIP-853).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct UpdateRaftVoterRequest {
    /// The cluster that the sender means to talk to; null if it does not say.
    #[field(default = empty)]
    pub cluster_id: Option<ByteString>,
    /// The leader epoch that the sender believes in.
    pub current_leader_epoch: i32,
    /// The voter.
    pub voter_id: i32,
    /// The directory that holds its metadata log.
    pub voter_directory_id: Uuid,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// Which versions of the quorum's protocol it supports.
    pub k_raft_version_feature: KRaftVersionFeature,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a voter listens.
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

/// Which versions of `kraft.version` a voter supports.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct KRaftVersionFeature {
    /// Lowest version supported.
    pub min_supported_version: i16,
    /// Highest version supported, inclusive.
    pub max_supported_version: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the leader has taken note.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct UpdateRaftVoterResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Who leads the quorum, as far as the answering node knows.
    #[field(tag = 0)]
    pub current_leader: CurrentLeader,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The leader of the quorum and where it listens.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CurrentLeader {
    /// The leader; -1 if not known.
    #[field(default = -1)]
    pub leader_id: BrokerId,
    /// Its epoch; -1 if not known.
    #[field(default = -1)]
    pub leader_epoch: i32,
    /// Its host name or address.
    pub host: ByteString,
    /// Its port.
    pub port: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
