//! BrokerHeartbeat (key 63): a broker tells the controller that it is alive (KIP-631).

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{BrokerId, Uuid};
use crate::wire::TaggedFields;

/// BrokerHeartbeat (key 63): a broker tells the controller that it is alive (KIP-631).
///
/// Versions 0–2, flexible. 1: failed log directories (KIP-858). 2: cordoned log directories (KIP-1066).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct BrokerHeartbeatRequest {
    /// The broker that is alive.
    pub broker_id: BrokerId,
    /// The epoch that its registration gave it; -1 if not known.
    #[field(default = -1)]
    pub broker_epoch: i64,
    /// The last offset of the metadata log that it has applied.
    pub current_metadata_offset: i64,
    /// Whether it wants to be fenced, so that it leads nothing.
    pub want_fence: bool,
    /// Whether it wants to shut down and hand over what it leads.
    pub want_shut_down: bool,
    /// Its log directories that have failed (KIP-858).
    #[field(versions = "1+", tag = 0)]
    pub offline_log_dirs: Vec<Uuid>,
    /// Its log directories that are to get no new partitions; null if it does not say (KIP-1066).
    #[field(versions = "2+", tag = 1)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What the controller makes of the broker.
///
/// Versions 0–2, flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct BrokerHeartbeatResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// Whether the broker has applied the metadata log nearly to its end.
    pub is_caught_up: bool,
    /// Whether the broker is fenced.
    #[field(default = true)]
    pub is_fenced: bool,
    /// Whether the broker may stop now.
    pub should_shut_down: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
