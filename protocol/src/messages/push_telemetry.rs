//! PushTelemetry (key 72): a client sends its metrics (KIP-714).

use bytes::Bytes;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::Uuid;
use crate::wire::TaggedFields;

/// PushTelemetry (key 72): a client sends its metrics (KIP-714).
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct PushTelemetryRequest {
    /// The client, by the id that GetTelemetrySubscriptions gave it.
    pub client_instance_id: Uuid,
    /// The subscription that this answers.
    pub subscription_id: i32,
    /// Whether the client is about to stop, so that this is its last push.
    pub terminating: bool,
    /// How the metrics are compressed: 0 not, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub compression_type: i8,
    /// The metrics, in the format of OpenTelemetry.
    pub metrics: Bytes,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// Whether the metrics were taken.
///
/// Version 0, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct PushTelemetryResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
