//! DescribeClientQuotas (key 48): list quotas of users, clients and addresses (KIP-546).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::wire::TaggedFields;

/// DescribeClientQuotas (key 48): list quotas of users, clients and addresses (KIP-546).
///
/// Versions 0–1. 1: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct DescribeClientQuotasRequest {
    /// What the parts of an entity must match.
    pub components: Vec<ComponentData>,
    /// Whether entities with further parts are left out.
    pub strict: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// What one part of an entity must match.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ComponentData {
    /// Kind of the part: `user`, `client-id` or `ip`.
    pub entity_type: ByteString,
    /// 0 the name in `match`, 1 the default of its kind, 2 any name.
    pub match_type: i8,
    /// The name; null unless one is asked for.
    #[field(default = empty)]
    pub r#match: Option<ByteString>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The entities that match and their quotas.
///
/// Versions 0–1. 1: flexible (KIP-482).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct DescribeClientQuotasResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    #[field(default = empty)]
    pub error_message: Option<ByteString>,
    /// The entities; null if there was an error.
    #[field(default = empty)]
    pub entries: Option<Vec<EntryData>>,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The quotas of one entity.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EntryData {
    /// The entity: all parts together.
    pub entity: Vec<EntityData>,
    /// Its quotas.
    pub values: Vec<ValueData>,
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

/// A quota.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ValueData {
    /// Which one, `producer_byte_rate` for instance.
    pub key: ByteString,
    /// Its value, in its own unit.
    pub value: f64,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
