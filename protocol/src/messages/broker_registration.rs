//! BrokerRegistration (key 62): a broker that starts registers with the controller (KIP-631).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, Uuid};
use crate::wire::TaggedFields;

/// BrokerRegistration (key 62): a broker that starts registers with the controller (KIP-631).
///
/// Versions 0–4, flexible. 1: migration from ZooKeeper (KIP-866). 2: log directories (KIP-858). 3: the epoch
/// before (KIP-966). 4: the lowest version of a feature may be 0.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-4", flexible = "0+")]
pub struct BrokerRegistrationRequest {
    /// The broker that registers.
    pub broker_id: BrokerId,
    /// The cluster that it belongs to.
    pub cluster_id: ByteString,
    /// A new random id for every start of the process.
    pub incarnation_id: Uuid,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// The features that it supports (KIP-584).
    pub features: Vec<Feature>,
    /// Its rack; null if it has none.
    #[field(default = empty)]
    pub rack: Option<ByteString>,
    /// Whether it is still run by ZooKeeper and about to migrate (KIP-866).
    #[field(versions = "1+")]
    pub is_migrating_zk_broker: bool,
    /// Its log directories that work (KIP-858).
    #[field(versions = "2+", ignorable)]
    pub log_dirs: Vec<Uuid>,
    /// Its epoch before a clean shutdown; -1 after any other (KIP-966).
    #[field(versions = "3+", default = -1, ignorable)]
    pub previous_broker_epoch: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Where the broker listens.
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

/// A feature that the broker supports (KIP-584).
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

/// The epoch that the broker is known by until it registers again.
///
/// Versions 0–4, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-4", flexible = "0+")]
pub struct BrokerRegistrationResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The broker's epoch; -1 if there was an error.
    #[field(default = -1)]
    pub broker_epoch: i64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
