//! UpdateFeatures (key 57): change which features the cluster has agreed to use (KIP-584).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// UpdateFeatures (key 57): change which features the cluster has agreed to use (KIP-584).
///
/// Versions 0–2, flexible. 1: kinds of downgrade, and only checking (KIP-778).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct UpdateFeaturesRequest {
    /// How long the controller may take, in milliseconds.
    #[field(default = 60000, name = "timeoutMs")]
    pub timeout_ms: i32,
    /// The changes, by feature.
    pub feature_updates: Vec<FeatureUpdateKey>,
    /// Whether only to check, and to change nothing.
    #[field(versions = "1+")]
    pub validate_only: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A change of one feature.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FeatureUpdateKey {
    /// The feature, `metadata.version` for instance.
    #[field(key)]
    pub feature: ByteString,
    /// The version to use; below 1 to end the use of the feature.
    pub max_version_level: i16,
    /// Whether the version may be lower than now. Since version 1 in `upgrade_type`.
    #[field(versions = "0")]
    pub allow_downgrade: bool,
    /// 1 to a higher version only, 2 also to a lower if nothing is lost, 3 to any (KIP-778).
    #[field(versions = "1+", default = 1)]
    pub upgrade_type: i8,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How the changes fared.
///
/// Versions 0–2, flexible. 2: no outcome by feature any more, as all change or none.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct UpdateFeaturesResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Outcomes by feature.
    #[field(versions = "0-1", ignorable)]
    pub results: Vec<UpdatableFeatureResult>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one feature fared.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct UpdatableFeatureResult {
    /// The feature.
    #[field(key)]
    pub feature: ByteString,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
