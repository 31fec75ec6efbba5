//! ApiVersions (key 18): which APIs, versions and features a broker offers.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// ApiVersions (key 18): which APIs, versions and features a broker offers.
///
/// The first request on a connection, so its version is a guess: a broker that does not know it answers in
/// version 0 with `UNSUPPORTED_VERSION`. Versions 0–5. 3: flexible (KIP-482), tells the client's software
/// (KIP-511). 5: tells whom the client means to reach (KIP-1242).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct ApiVersionsRequest {
    /// The client library, letters, digits, `-` and `.`; not empty (KIP-511).
    #[field(versions = "3+", ignorable)]
    pub client_software_name: ByteString,
    /// Its version, of the same characters (KIP-511).
    #[field(versions = "3+", ignorable)]
    pub client_software_version: ByteString,
    /// The cluster that the client means to reach; null if it does not say (KIP-1242).
    #[field(versions = "5+", ignorable)]
    pub cluster_id: Option<ByteString>,
    /// The broker that the client means to reach; -1 if it does not say (KIP-1242).
    #[field(versions = "5+", default = -1, ignorable)]
    pub node_id: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What the broker offers. Its header is always of version 0, so that any client can read it.
///
/// Versions 0–5. 1: throttling. 3: flexible (KIP-482), features in tagged fields (KIP-584). 4: the lowest
/// version of a supported feature may be 0; before, such a feature is left out. 5: may say
/// `REBOOTSTRAP_REQUIRED` (KIP-1242).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct ApiVersionsResponse {
    /// `UNSUPPORTED_VERSION` if the request's version is not offered, or none.
    pub error_code: ErrorCode,
    /// The APIs offered and their versions.
    pub api_keys: Vec<ApiVersion>,
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// Features that this broker could take part in (KIP-584).
    #[field(versions = "3+", tag = 0, ignorable)]
    pub supported_features: Vec<SupportedFeatureKey>,
    /// Grows with every change of the finalized features; -1 if not known (KIP-584).
    #[field(versions = "3+", tag = 1, default = -1, ignorable)]
    pub finalized_features_epoch: i64,
    /// Features that the cluster has agreed to use (KIP-584).
    #[field(versions = "3+", tag = 2, ignorable)]
    pub finalized_features: Vec<FinalizedFeatureKey>,
    /// Whether a KRaft controller is ready for a migration from ZooKeeper (KIP-866).
    #[field(versions = "3+", tag = 3, ignorable)]
    pub zk_migration_ready: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// An API and its versions.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ApiVersion {
    /// The API.
    #[field(key)]
    pub api_key: i16,
    /// Lowest version offered.
    pub min_version: i16,
    /// Highest version offered, inclusive.
    pub max_version: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A feature that the broker could take part in (KIP-584).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SupportedFeatureKey {
    /// The feature, `metadata.version` for instance.
    #[field(versions = "3+", key)]
    pub name: ByteString,
    /// Lowest version supported.
    #[field(versions = "3+")]
    pub min_version: i16,
    /// Highest version supported, inclusive.
    #[field(versions = "3+")]
    pub max_version: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A feature that the cluster has agreed to use (KIP-584).
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FinalizedFeatureKey {
    /// The feature, `metadata.version` for instance.
    #[field(versions = "3+", key)]
    pub name: ByteString,
    /// Highest version of the finalized range: the one in use.
    #[field(versions = "3+")]
    pub max_version_level: i16,
    /// Lowest version of the finalized range.
    #[field(versions = "3+")]
    pub min_version_level: i16,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
