//! Produce.

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::{Acks, BrokerId, TopicName, TransactionalId, Uuid};
use crate::wire::{Records, TaggedFields};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "3-13", flexible = "9+")]
pub struct ProduceRequest {
    pub transactional_id: Option<TransactionalId>,
    pub acks: Acks,
    pub timeout_ms: i32,
    pub topic_data: Vec<TopicProduceData>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicProduceData {
    #[field(versions = "3-12", ignorable, key)]
    pub name: TopicName,
    #[field(versions = "13+", ignorable, key)]
    pub topic_id: Uuid,
    pub partition_data: Vec<PartitionProduceData>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionProduceData {
    pub index: i32,
    pub records: Option<Records>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "3-13", flexible = "9+")]
pub struct ProduceResponse {
    pub responses: Vec<TopicProduceResponse>,
    #[field(ignorable)]
    pub throttle_time_ms: i32,
    #[field(versions = "10+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicProduceResponse {
    #[field(versions = "3-12", ignorable, key)]
    pub name: TopicName,
    #[field(versions = "13+", ignorable, key)]
    pub topic_id: Uuid,
    pub partition_responses: Vec<PartitionProduceResponse>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionProduceResponse {
    pub index: i32,
    pub error_code: ErrorCode,
    pub base_offset: i64,
    #[field(default = -1, ignorable)]
    pub log_append_time_ms: i64,
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    #[field(versions = "8+", ignorable)]
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    #[field(versions = "8+", ignorable)]
    pub error_message: Option<ByteString>,
    #[field(versions = "10+", tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct BatchIndexAndErrorMessage {
    #[field(versions = "8+")]
    pub batch_index: i32,
    #[field(versions = "8+")]
    pub batch_index_error_message: Option<ByteString>,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    #[field(versions = "10+", default = -1)]
    pub leader_id: BrokerId,
    #[field(versions = "10+", default = -1)]
    pub leader_epoch: i32,
    pub unknown_tagged_fields: TaggedFields,
}

#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    #[field(versions = "10+", key)]
    pub node_id: BrokerId,
    #[field(versions = "10+")]
    pub host: ByteString,
    #[field(versions = "10+")]
    pub port: i32,
    #[field(versions = "10+")]
    pub rack: Option<ByteString>,
    pub unknown_tagged_fields: TaggedFields,
}
