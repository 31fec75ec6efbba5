//! SnapshotFooterRecord: the control record at the end of a snapshot (KIP-630).

use milena_protocol_derive::Message;

use crate::wire::TaggedFields;

/// The control record at the end of a snapshot (KIP-630).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct SnapshotFooterRecord {
    /// Version of this record.
    pub version: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
