//! DescribeCluster (key 60): the cluster's id, controller and nodes (KIP-700).

use bytestring::ByteString;

use milena_protocol_derive::Message;

use crate::error_code::ErrorCode;
use crate::names::BrokerId;
use crate::wire::TaggedFields;

/// DescribeCluster (key 60): the cluster's id, controller and nodes (KIP-700).
///
/// Versions 0–2, flexible. 1: brokers or controllers (KIP-919). 2: fenced brokers too (KIP-1073).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct DescribeClusterRequest {
    /// Whether to tell what the sender may do with the cluster (KIP-430).
    pub include_cluster_authorized_operations: bool,
    /// Which nodes: 1 brokers, 2 controllers (KIP-919).
    #[field(versions = "1+", default = 1)]
    pub endpoint_type: i8,
    /// Whether fenced brokers are listed too (KIP-1073).
    #[field(versions = "2+")]
    pub include_fenced_brokers: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// The cluster.
///
/// Versions 0–2, flexible. 1: brokers or controllers (KIP-919). 2: tells who is fenced (KIP-1073).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct DescribeClusterResponse {
    /// How long the client should pause because of its quota, in milliseconds; 0 for none.
    pub throttle_time_ms: i32,
    /// What went wrong, or none.
    pub error_code: ErrorCode,
    /// What went wrong, in words for people; null if nothing or nothing to add.
    pub error_message: Option<ByteString>,
    /// Which nodes these are: 1 brokers, 2 controllers (KIP-919).
    #[field(versions = "1+", default = 1)]
    pub endpoint_type: i8,
    /// The cluster's id.
    pub cluster_id: ByteString,
    /// The broker to send controller requests to, or the active controller; -1 if there is none.
    #[field(default = -1)]
    pub controller_id: BrokerId,
    /// The nodes.
    pub brokers: Vec<DescribeClusterBroker>,
    /// Bit n set: operation n on the cluster is permitted; `i32::MIN` if not asked.
    #[field(default = -2147483648)]
    pub cluster_authorized_operations: i32,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}

/// A node and where it listens.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeClusterBroker {
    /// The node.
    #[field(key)]
    pub broker_id: BrokerId,
    /// Its host name or address.
    pub host: ByteString,
    /// Its port.
    pub port: i32,
    /// Its rack; null if it has none.
    pub rack: Option<ByteString>,
    /// Whether it is fenced (KIP-1073).
    #[field(versions = "2+")]
    pub is_fenced: bool,
    /// Tagged fields that this schema does not know, kept as they came.
    pub unknown_tagged_fields: TaggedFields,
}
