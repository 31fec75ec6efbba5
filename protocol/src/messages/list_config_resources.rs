//! ListConfigResources (key 74): which resources have settings of their own (KIP-1000, KIP-1142).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// ListConfigResources (key 74): which resources have settings of their own (KIP-1000, KIP-1142).
///
/// Versions 0–1, flexible. 0: only client metrics, under another name (KIP-1000). 1: any type (KIP-1142).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ListConfigResourcesRequest {
    /// Which types: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group; empty for all.
    #[field(versions = "1+")]
    pub resource_types: Vec<i8>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The resources.
///
/// Versions 0–1, flexible. 1: tells the type of each (KIP-1142).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ListConfigResourcesResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The resources.
    pub config_resources: Vec<ConfigResource>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ConfigResource {
    /// Its name.
    pub resource_name: ByteString,
    /// Its type, numbered as in the request; in version 0 always 16 (KIP-1142).
    #[field(versions = "1+", default = 16, ignorable)]
    pub resource_type: i8,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
