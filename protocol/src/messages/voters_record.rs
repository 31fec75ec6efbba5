//! VotersRecord: the control record that says who votes in the metadata quorum (KIP-853).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::names::{BrokerId, Uuid};
use crate::wire::TaggedFields;

/// The control record that says who votes in the metadata quorum (KIP-853).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct VotersRecord {
    /// Version of this record.
    pub version: i16,
    /// Who votes from here on.
    pub voters: Vec<Voter>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A voter.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Voter {
    /// The node.
    pub voter_id: BrokerId,
    /// The directory that holds its log.
    pub voter_directory_id: Uuid,
    /// Where it listens.
    pub endpoints: Vec<Endpoint>,
    /// Which versions of the quorum's protocol it supports.
    pub k_raft_version_feature: KRaftVersionFeature,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where a voter listens.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Endpoint {
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
