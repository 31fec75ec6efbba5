//! AlterConfigs (key 33): replace all settings of topics, brokers and the like (KIP-133).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// AlterConfigs (key 33): replace all settings of topics, brokers and the like (KIP-133).
///
/// What is not named goes back to its default; IncrementalAlterConfigs has taken over (KIP-339). Versions
/// 0–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct AlterConfigsRequest {
    /// What to change, by resource.
    pub resources: Vec<AlterConfigsResource>,
    /// Whether only to check, and to change nothing.
    pub validate_only: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The settings of one resource.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterConfigsResource {
    /// Kind of the resource: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    #[field(key)]
    pub resource_type: i8,
    /// Which one; for brokers the id, or empty for the default of all.
    #[field(key)]
    pub resource_name: ByteString,
    /// All settings that it is to have.
    pub configs: Vec<AlterableConfig>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterableConfig {
    /// Its key.
    #[field(key)]
    pub name: ByteString,
    /// Its value; null for the default.
    #[field(default = empty)]
    pub value: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each resource fared.
///
/// Versions 0–2. 2: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct AlterConfigsResponse {
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
