//! ControllerRegistration (key 70): a controller registers with the active one (KIP-919).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::Uuid;
use crate::wire::TaggedFields;

/// ControllerRegistration (key 70): a controller registers with the active one (KIP-919).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ControllerRegistrationRequest {
    /// The controller that registers.
    pub controller_id: i32,
    /// A new random id for every start of the process.
    pub incarnation_id: Uuid,
    /// Whether it is ready for a migration from ZooKeeper (KIP-866).
    pub zk_migration_ready: bool,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// The features that it supports (KIP-584).
    pub features: Vec<Feature>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where the controller listens.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Listener {
    /// The listener.
    #[field(key)]
    pub name: ByteString,
    /// Its host name or address.
    pub host: ByteString,
    /// Its port.
    pub port: u16,
    /// How it is secured: 0 plaintext, 1 SSL, 2 SASL over plaintext, 3 SASL over SSL.
    pub security_protocol: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A feature that the controller supports (KIP-584).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Feature {
    /// The feature.
    #[field(key)]
    pub name: ByteString,
    /// Lowest version supported.
    pub min_supported_version: i16,
    /// Highest version supported, inclusive.
    pub max_supported_version: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the controller is registered.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ControllerRegistrationResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
