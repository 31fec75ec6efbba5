//! The table of APIs: key, name, request and response. All else that goes by API key is made from it.

use std::fmt;

use bytes::Bytes;

use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::messages::*;
use crate::schema::{Struct, StructSchema};
use crate::version::VersionRange;
use crate::wire::{Message, Output};

/// Which request this is, as the number on the wire.
///
/// Open: a key that is not in the table survives, it just has no name, no versions and no messages.
///
/// ```
/// use milena_protocol::ApiKey;
///
/// assert_eq!(ApiKey(18), ApiKey::API_VERSIONS);
/// assert_eq!(ApiKey::FETCH.name(), Some("Fetch"));
/// assert_eq!(ApiKey(32_000).versions(), None);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKey(pub i16);

/// A request: a message that has an API key and an answer.
pub trait RequestMessage: Message + Into<Request> {
    /// Its key.
    const KEY: ApiKey;
    /// What a broker answers.
    type Response: ResponseMessage;
}

/// A response: the answer to the request of the same key and version.
pub trait ResponseMessage: Message + Into<Response> {
    /// Its key.
    const KEY: ApiKey;
}

macro_rules! apis {
    ($($key:literal, $constant:ident, $name:ident, $request:ident, $response:ident;)*) => {
        impl ApiKey {
            $(#[doc = concat!(stringify!($name), ".")]
            pub const $constant: Self = Self($key);)*

            /// Every key in the table, ascending.
            pub const ALL: &[Self] = &[$(Self::$constant),*];

            /// Kafka's name of the API, if the key is in the table.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($key => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// The versions that this crate reads and writes, if the key is in the table.
            #[must_use]
            pub const fn versions(self) -> Option<VersionRange> {
                match self.0 {
                    $($key => Some(<$request as Message>::VERSIONS),)*
                    _ => None,
                }
            }

            /// The schemas of request and response, if the key is in the table.
            #[must_use]
            pub const fn schemas(self) -> Option<[&'static StructSchema; 2]> {
                match self.0 {
                    $($key => Some([<$request as Struct>::SCHEMA, <$response as Struct>::SCHEMA]),)*
                    _ => None,
                }
            }

            /// The first version with compact lengths and tagged fields (KIP-482), if there is one.
            #[must_use]
            pub const fn flexible_from(self) -> Option<i16> {
                match self.0 {
                    $($key => <$request as Message>::FLEXIBLE_FROM,)*
                    _ => None,
                }
            }
        }

        /// Any request.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Request {
            $(#[doc = concat!(stringify!($name), " (key ", stringify!($key), ").")]
            $name($request),)*
        }

        /// Any response.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Response {
            $(#[doc = concat!(stringify!($name), " (key ", stringify!($key), ").")]
            $name($response),)*
        }

        any_message!(Request, request, $($constant, $name, $request;)*);
        any_message!(Response, response, $($constant, $name, $response;)*);

        $(
            impl RequestMessage for $request {
                const KEY: ApiKey = ApiKey::$constant;
                type Response = $response;
            }

            impl ResponseMessage for $response {
                const KEY: ApiKey = ApiKey::$constant;
            }
        )*
    };
}

macro_rules! any_message {
    ($any:ident, $word:ident, $($constant:ident, $name:ident, $message:ident;)*) => {
        impl $any {
            /// Reads a whole body, header excluded.
            ///
            /// A broker that refuses an ApiVersions request answers in version 0, whatever was asked:
            /// [`answered_version`](crate::negotiation::answered_version) gives the version of a response.
            ///
            /// # Errors
            /// [`DecodeErrorKind::UnknownApiKey`] for a key outside the table; else as [`Message::read`].
            pub fn decode(api_key: ApiKey, version: i16, body: &Bytes) -> Result<Self, DecodeError> {
                match api_key {
                    $(ApiKey::$constant => $message::read(body, version).map(Self::$name),)*
                    ApiKey(key) => Err(DecodeError::new(DecodeErrorKind::UnknownApiKey(key), 0)),
                }
            }

            /// Appends the body, header excluded.
            ///
            /// # Errors
            /// As [`Message::write`].
            pub fn encode(&self, version: i16, output: &mut Output) -> Result<(), EncodeError> {
                match self {
                    $(Self::$name(message) => message.write(version, output),)*
                }
            }

            /// Its key.
            #[must_use]
            pub fn api_key(&self) -> ApiKey {
                match self {
                    $(Self::$name(_) => ApiKey::$constant,)*
                }
            }

            /// Its JSON form.
            ///
            /// # Errors
            /// As [`Message::write`].
            #[cfg(feature = "json")]
            pub fn to_json(&self, version: i16) -> Result<crate::json::Value, EncodeError> {
                match self {
                    $(Self::$name(message) => crate::json::JsonForm::to_json(message, version),)*
                }
            }

            /// Reads its JSON form; `None` for a key outside the table.
            ///
            /// # Errors
            /// A version that the message does not have; a field that is missing or not what it should be.
            #[cfg(feature = "json")]
            pub fn from_json(
                api_key: ApiKey,
                version: i16,
                json: &crate::json::Value,
            ) -> Option<Result<Self, crate::json::JsonError>> {
                match api_key {
                    $(ApiKey::$constant => {
                        let mut message = $message::default();
                        let read = crate::json::JsonForm::read_json(&mut message, json, version);
                        Some(read.map(|()| Self::$name(message)))
                    })*
                    _ => None,
                }
            }
        }

        $(impl From<$message> for $any {
            fn from(message: $message) -> Self {
                Self::$name(message)
            }
        })*
    };
}

apis! {
    0, PRODUCE, Produce, ProduceRequest, ProduceResponse;
    1, FETCH, Fetch, FetchRequest, FetchResponse;
    2, LIST_OFFSETS, ListOffsets, ListOffsetsRequest, ListOffsetsResponse;
    3, METADATA, Metadata, MetadataRequest, MetadataResponse;
    8, OFFSET_COMMIT, OffsetCommit, OffsetCommitRequest, OffsetCommitResponse;
    9, OFFSET_FETCH, OffsetFetch, OffsetFetchRequest, OffsetFetchResponse;
    10, FIND_COORDINATOR, FindCoordinator, FindCoordinatorRequest, FindCoordinatorResponse;
    11, JOIN_GROUP, JoinGroup, JoinGroupRequest, JoinGroupResponse;
    12, HEARTBEAT, Heartbeat, HeartbeatRequest, HeartbeatResponse;
    13, LEAVE_GROUP, LeaveGroup, LeaveGroupRequest, LeaveGroupResponse;
    14, SYNC_GROUP, SyncGroup, SyncGroupRequest, SyncGroupResponse;
    15, DESCRIBE_GROUPS, DescribeGroups, DescribeGroupsRequest, DescribeGroupsResponse;
    16, LIST_GROUPS, ListGroups, ListGroupsRequest, ListGroupsResponse;
    17, SASL_HANDSHAKE, SaslHandshake, SaslHandshakeRequest, SaslHandshakeResponse;
    18, API_VERSIONS, ApiVersions, ApiVersionsRequest, ApiVersionsResponse;
    19, CREATE_TOPICS, CreateTopics, CreateTopicsRequest, CreateTopicsResponse;
    20, DELETE_TOPICS, DeleteTopics, DeleteTopicsRequest, DeleteTopicsResponse;
    21, DELETE_RECORDS, DeleteRecords, DeleteRecordsRequest, DeleteRecordsResponse;
    22, INIT_PRODUCER_ID, InitProducerId, InitProducerIdRequest, InitProducerIdResponse;
    23, OFFSET_FOR_LEADER_EPOCH, OffsetForLeaderEpoch, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse;
    24, ADD_PARTITIONS_TO_TXN, AddPartitionsToTxn, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse;
    25, ADD_OFFSETS_TO_TXN, AddOffsetsToTxn, AddOffsetsToTxnRequest, AddOffsetsToTxnResponse;
    26, END_TXN, EndTxn, EndTxnRequest, EndTxnResponse;
    27, WRITE_TXN_MARKERS, WriteTxnMarkers, WriteTxnMarkersRequest, WriteTxnMarkersResponse;
    28, TXN_OFFSET_COMMIT, TxnOffsetCommit, TxnOffsetCommitRequest, TxnOffsetCommitResponse;
    29, DESCRIBE_ACLS, DescribeAcls, DescribeAclsRequest, DescribeAclsResponse;
    30, CREATE_ACLS, CreateAcls, CreateAclsRequest, CreateAclsResponse;
    31, DELETE_ACLS, DeleteAcls, DeleteAclsRequest, DeleteAclsResponse;
    32, DESCRIBE_CONFIGS, DescribeConfigs, DescribeConfigsRequest, DescribeConfigsResponse;
    33, ALTER_CONFIGS, AlterConfigs, AlterConfigsRequest, AlterConfigsResponse;
    34, ALTER_REPLICA_LOG_DIRS, AlterReplicaLogDirs, AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse;
    35, DESCRIBE_LOG_DIRS, DescribeLogDirs, DescribeLogDirsRequest, DescribeLogDirsResponse;
    36, SASL_AUTHENTICATE, SaslAuthenticate, SaslAuthenticateRequest, SaslAuthenticateResponse;
    37, CREATE_PARTITIONS, CreatePartitions, CreatePartitionsRequest, CreatePartitionsResponse;
    38, CREATE_DELEGATION_TOKEN, CreateDelegationToken, CreateDelegationTokenRequest, CreateDelegationTokenResponse;
    39, RENEW_DELEGATION_TOKEN, RenewDelegationToken, RenewDelegationTokenRequest, RenewDelegationTokenResponse;
    40, EXPIRE_DELEGATION_TOKEN, ExpireDelegationToken, ExpireDelegationTokenRequest, ExpireDelegationTokenResponse;
    41, DESCRIBE_DELEGATION_TOKEN, DescribeDelegationToken, DescribeDelegationTokenRequest, DescribeDelegationTokenResponse;
    42, DELETE_GROUPS, DeleteGroups, DeleteGroupsRequest, DeleteGroupsResponse;
    43, ELECT_LEADERS, ElectLeaders, ElectLeadersRequest, ElectLeadersResponse;
    44, INCREMENTAL_ALTER_CONFIGS, IncrementalAlterConfigs, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse;
    45, ALTER_PARTITION_REASSIGNMENTS, AlterPartitionReassignments, AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse;
    46, LIST_PARTITION_REASSIGNMENTS, ListPartitionReassignments, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse;
    47, OFFSET_DELETE, OffsetDelete, OffsetDeleteRequest, OffsetDeleteResponse;
    48, DESCRIBE_CLIENT_QUOTAS, DescribeClientQuotas, DescribeClientQuotasRequest, DescribeClientQuotasResponse;
    49, ALTER_CLIENT_QUOTAS, AlterClientQuotas, AlterClientQuotasRequest, AlterClientQuotasResponse;
    50, DESCRIBE_USER_SCRAM_CREDENTIALS, DescribeUserScramCredentials, DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse;
    51, ALTER_USER_SCRAM_CREDENTIALS, AlterUserScramCredentials, AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse;
    52, VOTE, Vote, VoteRequest, VoteResponse;
    53, BEGIN_QUORUM_EPOCH, BeginQuorumEpoch, BeginQuorumEpochRequest, BeginQuorumEpochResponse;
    54, END_QUORUM_EPOCH, EndQuorumEpoch, EndQuorumEpochRequest, EndQuorumEpochResponse;
    55, DESCRIBE_QUORUM, DescribeQuorum, DescribeQuorumRequest, DescribeQuorumResponse;
    56, ALTER_PARTITION, AlterPartition, AlterPartitionRequest, AlterPartitionResponse;
    57, UPDATE_FEATURES, UpdateFeatures, UpdateFeaturesRequest, UpdateFeaturesResponse;
    58, ENVELOPE, Envelope, EnvelopeRequest, EnvelopeResponse;
    59, FETCH_SNAPSHOT, FetchSnapshot, FetchSnapshotRequest, FetchSnapshotResponse;
    60, DESCRIBE_CLUSTER, DescribeCluster, DescribeClusterRequest, DescribeClusterResponse;
    61, DESCRIBE_PRODUCERS, DescribeProducers, DescribeProducersRequest, DescribeProducersResponse;
    62, BROKER_REGISTRATION, BrokerRegistration, BrokerRegistrationRequest, BrokerRegistrationResponse;
    63, BROKER_HEARTBEAT, BrokerHeartbeat, BrokerHeartbeatRequest, BrokerHeartbeatResponse;
    64, UNREGISTER_BROKER, UnregisterBroker, UnregisterBrokerRequest, UnregisterBrokerResponse;
    65, DESCRIBE_TRANSACTIONS, DescribeTransactions, DescribeTransactionsRequest, DescribeTransactionsResponse;
    66, LIST_TRANSACTIONS, ListTransactions, ListTransactionsRequest, ListTransactionsResponse;
    67, ALLOCATE_PRODUCER_IDS, AllocateProducerIds, AllocateProducerIdsRequest, AllocateProducerIdsResponse;
    68, CONSUMER_GROUP_HEARTBEAT, ConsumerGroupHeartbeat, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse;
    69, CONSUMER_GROUP_DESCRIBE, ConsumerGroupDescribe, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse;
    70, CONTROLLER_REGISTRATION, ControllerRegistration, ControllerRegistrationRequest, ControllerRegistrationResponse;
    71, GET_TELEMETRY_SUBSCRIPTIONS, GetTelemetrySubscriptions, GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse;
    72, PUSH_TELEMETRY, PushTelemetry, PushTelemetryRequest, PushTelemetryResponse;
    73, ASSIGN_REPLICAS_TO_DIRS, AssignReplicasToDirs, AssignReplicasToDirsRequest, AssignReplicasToDirsResponse;
    74, LIST_CONFIG_RESOURCES, ListConfigResources, ListConfigResourcesRequest, ListConfigResourcesResponse;
    75, DESCRIBE_TOPIC_PARTITIONS, DescribeTopicPartitions, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse;
    76, SHARE_GROUP_HEARTBEAT, ShareGroupHeartbeat, ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse;
    77, SHARE_GROUP_DESCRIBE, ShareGroupDescribe, ShareGroupDescribeRequest, ShareGroupDescribeResponse;
    78, SHARE_FETCH, ShareFetch, ShareFetchRequest, ShareFetchResponse;
    79, SHARE_ACKNOWLEDGE, ShareAcknowledge, ShareAcknowledgeRequest, ShareAcknowledgeResponse;
    80, ADD_RAFT_VOTER, AddRaftVoter, AddRaftVoterRequest, AddRaftVoterResponse;
    81, REMOVE_RAFT_VOTER, RemoveRaftVoter, RemoveRaftVoterRequest, RemoveRaftVoterResponse;
    82, UPDATE_RAFT_VOTER, UpdateRaftVoter, UpdateRaftVoterRequest, UpdateRaftVoterResponse;
    83, INITIALIZE_SHARE_GROUP_STATE, InitializeShareGroupState, InitializeShareGroupStateRequest, InitializeShareGroupStateResponse;
    84, READ_SHARE_GROUP_STATE, ReadShareGroupState, ReadShareGroupStateRequest, ReadShareGroupStateResponse;
    85, WRITE_SHARE_GROUP_STATE, WriteShareGroupState, WriteShareGroupStateRequest, WriteShareGroupStateResponse;
    86, DELETE_SHARE_GROUP_STATE, DeleteShareGroupState, DeleteShareGroupStateRequest, DeleteShareGroupStateResponse;
    87, READ_SHARE_GROUP_STATE_SUMMARY, ReadShareGroupStateSummary, ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse;
    88, STREAMS_GROUP_HEARTBEAT, StreamsGroupHeartbeat, StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse;
    89, STREAMS_GROUP_DESCRIBE, StreamsGroupDescribe, StreamsGroupDescribeRequest, StreamsGroupDescribeResponse;
    90, DESCRIBE_SHARE_GROUP_OFFSETS, DescribeShareGroupOffsets, DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse;
    91, ALTER_SHARE_GROUP_OFFSETS, AlterShareGroupOffsets, AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse;
    92, DELETE_SHARE_GROUP_OFFSETS, DeleteShareGroupOffsets, DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse;
    93, STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE, StreamsGroupTopologyDescriptionUpdate, StreamsGroupTopologyDescriptionUpdateRequest, StreamsGroupTopologyDescriptionUpdateResponse;
    94, UNREGISTER_CONTROLLER, UnregisterController, UnregisterControllerRequest, UnregisterControllerResponse;
}

impl ApiKey {
    /// The version of the request header that goes with `version` of this API: 2 if it is flexible, else 1.
    #[must_use]
    pub fn request_header_version(self, version: i16) -> i16 {
        if self.flexible_from().is_some_and(|first| version >= first) { 2 } else { 1 }
    }

    /// The version of the response header that goes with `version` of this API: 1 if it is flexible, else 0.
    ///
    /// ApiVersions always has 0, for a client cannot know yet what the broker speaks (KIP-511).
    #[must_use]
    pub fn response_header_version(self, version: i16) -> i16 {
        if self == Self::API_VERSIONS { 0 } else { self.request_header_version(version) - 1 }
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "api key {}", self.0),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
