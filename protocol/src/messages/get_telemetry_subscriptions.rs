//! GetTelemetrySubscriptions (key 71): which metrics the cluster wants from a client (KIP-714).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::Uuid;
use crate::wire::TaggedFields;

/// GetTelemetrySubscriptions (key 71): which metrics the cluster wants from a client (KIP-714).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct GetTelemetrySubscriptionsRequest {
    /// The client, by the id that an earlier response gave it; all zero at first.
    pub client_instance_id: Uuid,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to push, how and how often.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct GetTelemetrySubscriptionsResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// The id that the client is to keep as long as it lives.
    pub client_instance_id: Uuid,
    /// Names this subscription; to be repeated when pushing.
    pub subscription_id: i32,
    /// Compressions that may be used, best first: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub accepted_compression_types: Vec<i8>,
    /// How long to wait between pushes, in milliseconds.
    pub push_interval_ms: i32,
    /// How many bytes one push may hold.
    pub telemetry_max_bytes: i32,
    /// Whether counters are to be sent as differences since the last push, not as totals.
    pub delta_temporality: bool,
    /// Beginnings of the names of the metrics wanted; one empty string for all, no entry for none.
    pub requested_metrics: Vec<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
