//! FindCoordinator.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::BrokerId;
use crate::wire::TaggedFields;

#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "3+")]
pub struct FindCoordinatorRequest {
    #[field(versions = "0-3")]
    pub key: ByteString,
    #[field(versions = "1+")]
    pub key_type: i8,
    #[field(versions = "4+")]
    pub coordinator_keys: Vec<ByteString>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-6", flexible = "3+")]
pub struct FindCoordinatorResponse {
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    #[field(versions = "0-3")]
    pub error_code: ErrorCode,
    #[field(versions = "1-3", default = empty, ignorable)]
    pub error_message: Option<ByteString>,
    #[field(versions = "0-3")]
    pub node_id: BrokerId,
    #[field(versions = "0-3")]
    pub host: ByteString,
    #[field(versions = "0-3")]
    pub port: i32,
    #[field(versions = "4+")]
    pub coordinators: Vec<Coordinator>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct Coordinator {
    #[field(versions = "4+")]
    pub key: ByteString,
    #[field(versions = "4+")]
    pub node_id: BrokerId,
    #[field(versions = "4+")]
    pub host: ByteString,
    #[field(versions = "4+")]
    pub port: i32,
    #[field(versions = "4+")]
    pub error_code: ErrorCode,
    #[field(versions = "4+", default = empty, ignorable)]
    pub error_message: Option<ByteString>,
    pub unknown_tagged_fields: TaggedFields,
}
