//! DescribeConfigs (key 32): the settings of topics, brokers and the like (KIP-133).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// DescribeConfigs (key 32): the settings of topics, brokers and the like (KIP-133).
///
/// Versions 1–4. 1: synonyms (KIP-226). 3: documentation (KIP-569). 4: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-4", flexible = "4+")]
pub struct DescribeConfigsRequest {
    /// What to describe.
    pub resources: Vec<DescribeConfigsResource>,
    /// Whether to list where else a value could come from (KIP-226).
    pub include_synonyms: bool,
    /// Whether to send what each setting means (KIP-569).
    #[field(versions = "3+")]
    pub include_documentation: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A resource to describe.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsResource {
    /// Kind of the resource: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    pub resource_type: i8,
    /// Which one; for brokers the id, or empty for the default of all.
    pub resource_name: ByteString,
    /// The settings asked for; null for all.
    #[field(default = empty)]
    pub configuration_keys: Option<Vec<ByteString>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The settings.
///
/// Versions 1–4. 1: synonyms (KIP-226). 3: types and documentation (KIP-569). 4: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "1-4", flexible = "4+")]
pub struct DescribeConfigsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// The settings, by resource.
    pub results: Vec<DescribeConfigsResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The settings of one resource.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsResult {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Kind of the resource, as in the request.
    pub resource_type: i8,
    /// Which one.
    pub resource_name: ByteString,
    /// Its settings.
    pub configs: Vec<DescribeConfigsResourceResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsResourceResult {
    /// Its key.
    pub name: ByteString,
    /// Its value; null if it is sensitive or not set.
    #[field(default = empty)]
    pub value: Option<ByteString>,
    /// Whether it cannot be changed while the broker runs.
    pub read_only: bool,
    /// Where it comes from: 1 topic, 2 broker, 3 all brokers, 4 broker's file, 5 default; -1 if not told.
    #[field(default = -1, ignorable)]
    pub config_source: i8,
    /// Whether the value is kept secret.
    pub is_sensitive: bool,
    /// All places that it could come from, the one that counts first (KIP-226).
    #[field(ignorable)]
    pub synonyms: Vec<DescribeConfigsSynonym>,
    /// What its value is: 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password.
    #[field(versions = "3+", ignorable)]
    pub config_type: i8,
    /// What it means, in words for people; null if not asked for (KIP-569).
    #[field(versions = "3+", default = empty, ignorable)]
    pub documentation: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A place that a setting could come from (KIP-226).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsSynonym {
    /// The key there.
    pub name: ByteString,
    /// The value there; null if it is sensitive or not set.
    #[field(default = empty)]
    pub value: Option<ByteString>,
    /// Which place it is, numbered as `config_source`.
    pub source: i8,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
