//! IncrementalAlterConfigs (key 44): change single settings of topics, brokers and the like (KIP-339).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// IncrementalAlterConfigs (key 44): change single settings of topics, brokers and the like (KIP-339).
///
/// Versions 0–1. 1: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct IncrementalAlterConfigsRequest {
    /// What to change, by resource.
    pub resources: Vec<AlterConfigsResource>,
    /// Whether only to check, and to change nothing.
    pub validate_only: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to change of one resource.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterConfigsResource {
    /// Kind of the resource: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    #[field(key)]
    pub resource_type: i8,
    /// Which one; for brokers the id, or empty for the default of all.
    #[field(key)]
    pub resource_name: ByteString,
    /// The changes.
    pub configs: Vec<AlterableConfig>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A change of one setting.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterableConfig {
    /// Its key.
    #[field(key)]
    pub name: ByteString,
    /// 0 set it, 1 go back to the default, 2 add to its list, 3 take from its list.
    #[field(key)]
    pub config_operation: i8,
    /// The value to set, add or take; null to go back to the default.
    #[field(default = empty)]
    pub value: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each resource fared.
///
/// Versions 0–1. 1: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct IncrementalAlterConfigsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes by resource.
    pub responses: Vec<AlterConfigsResourceResponse>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one resource fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterConfigsResourceResponse {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Kind of the resource, as in the request.
    pub resource_type: i8,
    /// Which one.
    pub resource_name: ByteString,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
