//! KRaftVersionRecord: the control record that sets the version of the metadata quorum's protocol (KIP-853).

use milena_protocol_derive::Message;

use crate::wire::TaggedFields;

/// The control record that sets the version of the metadata quorum's protocol (KIP-853).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct KRaftVersionRecord {
    /// Version of this record.
    pub version: i16,
    /// The version of `kraft.version` in use from here on.
    pub k_raft_version: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
