//! AlterClientQuotas (key 49): change quotas of users, clients and addresses (KIP-546).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// AlterClientQuotas (key 49): change quotas of users, clients and addresses (KIP-546).
///
/// Versions 0–1. 1: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct AlterClientQuotasRequest {
    /// What to change, by entity.
    pub entries: Vec<EntryData>,
    /// Whether only to check, and to change nothing.
    pub validate_only: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What to change for one entity.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EntryData {
    /// The entity: all parts together, for instance a user and a client id.
    pub entity: Vec<EntityData>,
    /// The changes.
    pub ops: Vec<OpData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// One part of an entity.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EntityData {
    /// Kind of the part: `user`, `client-id` or `ip`.
    pub entity_type: ByteString,
    /// Which one; null for the default of its kind.
    #[field(default = empty)]
    pub entity_name: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A change of one quota.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OpData {
    /// The quota, `producer_byte_rate` for instance.
    pub key: ByteString,
    /// Its new value, in the quota's own unit; without meaning if it is removed.
    pub value: f64,
    /// Whether the quota is removed instead of set.
    pub remove: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How each entity fared.
///
/// Versions 0–1. 1: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct AlterClientQuotasResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// Outcomes by entity.
    pub entries: Vec<AlterClientQuotasResponseEntryData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// How one entity fared. `EntryData` in Kafka's schema, as the request's is.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(name = "EntryData")]
pub struct AlterClientQuotasResponseEntryData {
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// The entity: all parts together.
    pub entity: Vec<EntityData>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
