//! FindCoordinator (key 10): which broker coordinates a group, a transactional id or a share partition.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::BrokerId;
use crate::wire::TaggedFields;

/// FindCoordinator (key 10): which broker coordinates a group, a transactional id or a share partition.
///
/// Versions 0–6. 1: transactional ids too (KIP-98). 3: flexible (KIP-482). 4: many keys at once (KIP-699). 6:
/// share partitions too (KIP-932).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "3+")]
pub struct FindCoordinatorRequest {
    /// The group or transactional id to find the coordinator of.
    #[field(versions = "0-3")]
    pub key: ByteString,
    /// What the keys are: 0 groups, 1 transactional ids (KIP-98), 2 share partitions (KIP-932).
    #[field(versions = "1+")]
    pub key_type: i8,
    /// The keys to find the coordinators of; for a share partition `group:topic id:partition` (KIP-699).
    #[field(versions = "4+")]
    pub coordinator_keys: Vec<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The coordinators.
///
/// Versions 0–6. 1: throttling, error message. 3: flexible (KIP-482). 4: many keys at once (KIP-699). 5: may
/// say `TRANSACTION_ABORTABLE` (KIP-890).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "3+")]
pub struct FindCoordinatorResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// Why there is no coordinator, or none.
    #[field(versions = "0-3")]
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(versions = "1-3", default = empty, ignorable)]
    pub error_message: Option<ByteString>,
    /// The coordinator; -1 if there was an error.
    #[field(versions = "0-3")]
    pub node_id: BrokerId,
    /// Its host name or address.
    #[field(versions = "0-3")]
    pub host: ByteString,
    /// Its port.
    #[field(versions = "0-3")]
    pub port: i32,
    /// The coordinators, one a key (KIP-699).
    #[field(versions = "4+")]
    pub coordinators: Vec<Coordinator>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The coordinator of one key (KIP-699).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Coordinator {
    /// The key that was asked about.
    #[field(versions = "4+")]
    pub key: ByteString,
    /// The coordinator; -1 if there was an error.
    #[field(versions = "4+")]
    pub node_id: BrokerId,
    /// Its host name or address.
    #[field(versions = "4+")]
    pub host: ByteString,
    /// Its port.
    #[field(versions = "4+")]
    pub port: i32,
    /// Why there is no coordinator, or none.
    #[field(versions = "4+")]
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(versions = "4+", default = empty, ignorable)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
