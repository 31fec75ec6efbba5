//! The error codes that brokers answer with: one table.

use std::fmt;

use crate::error::{DecodeError, EncodeError};
use crate::wire::{Decode, Encode, Output, Reader};

/// What a broker says went wrong, as the number on the wire.
///
/// It is data, not a Rust error, and open: a code that a newer broker invents survives a round trip.
///
/// ```
/// use milena_protocol::ErrorCode;
///
/// assert_eq!(ErrorCode::NOT_LEADER_OR_FOLLOWER, ErrorCode(6));
/// assert!(ErrorCode::NOT_LEADER_OR_FOLLOWER.is_retriable());
/// assert_eq!(ErrorCode(6).name(), Some("NOT_LEADER_OR_FOLLOWER"));
/// ```
///
/// Source: Kafka's `Errors` and its exception classes, release 4.4.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub i16);

/// What a client does about an error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// Nothing that asking again would change.
    Final,
    /// Ask again after a while.
    Retriable,
    /// Refresh the metadata, then ask again.
    Refresh,
}

macro_rules! error_codes {
    ($($code:literal, $name:ident, $remedy:ident, $sentence:literal;)*) => {
        impl ErrorCode {
            $(#[doc = concat!($sentence, ".")]
            pub const $name: Self = Self($code);)*

            /// Every code there is, ascending.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Kafka's name of it, if it is known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// What it means, in a sentence without its full stop, if it is known.
            #[must_use]
            pub const fn sentence(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($sentence),)*
                    _ => None,
                }
            }

            const fn remedy(self) -> Remedy {
                match self.0 {
                    $($code => Remedy::$remedy,)*
                    _ => Remedy::Final,
                }
            }
        }
    };
}

error_codes! {
    -1, UNKNOWN_SERVER_ERROR, Final, "The broker failed in a way that it has no code for";
    0, NONE, Final, "No error";
    1, OFFSET_OUT_OF_RANGE, Final, "The offset asked for lies outside what the log still holds or has reached";
    2, CORRUPT_MESSAGE, Retriable, "The records were damaged on the way: a checksum or a size is wrong";
    3, UNKNOWN_TOPIC_OR_PARTITION, Refresh, "The broker does not host this topic or partition, or has not heard of it yet";
    4, INVALID_FETCH_SIZE, Final, "The number of bytes to fetch is not one that the broker accepts";
    5, LEADER_NOT_AVAILABLE, Refresh, "The partition has no leader at the moment; an election may be going on";
    6, NOT_LEADER_OR_FOLLOWER, Refresh, "This broker does not lead the partition, or for a fetch holds no replica of it";
    7, REQUEST_TIMED_OUT, Retriable, "The time given to the request ran out before its condition was met";
    8, BROKER_NOT_AVAILABLE, Final, "The broker asked for is not running or not known";
    9, REPLICA_NOT_AVAILABLE, Refresh, "A replica of the partition cannot be reached on this broker";
    10, MESSAGE_TOO_LARGE, Final, "A record batch is larger than the topic's max.message.bytes allows";
    11, STALE_CONTROLLER_EPOCH, Final, "The request comes from a controller that has been replaced by a newer one";
    12, OFFSET_METADATA_TOO_LARGE, Final, "The text committed along with the offset is longer than the broker keeps";
    13, NETWORK_EXCEPTION, Refresh, "The connection broke before an answer came; clients set this themselves";
    14, COORDINATOR_LOAD_IN_PROGRESS, Retriable, "The coordinator was just elected and is still reading its log";
    15, COORDINATOR_NOT_AVAILABLE, Refresh, "The coordinator cannot serve the request now, or its internal topic does not exist yet";
    16, NOT_COORDINATOR, Refresh, "This broker does not coordinate the group or transactional id: find the coordinator again";
    17, INVALID_TOPIC_EXCEPTION, Final, "The topic name is illegal, or the topic is internal and may not be written to";
    18, RECORD_LIST_TOO_LARGE, Final, "The batch is larger than one log segment may be";
    19, NOT_ENOUGH_REPLICAS, Retriable, "Nothing was appended: fewer replicas are in sync than min.insync.replicas demands";
    20, NOT_ENOUGH_REPLICAS_AFTER_APPEND, Retriable, "Appended, but the in-sync replicas became too few before all of them had it";
    21, INVALID_REQUIRED_ACKS, Final, "Acks must be 0, 1 or -1";
    22, ILLEGAL_GENERATION, Final, "The member speaks for a generation of the group that is not the current one";
    23, INCONSISTENT_GROUP_PROTOCOL, Final, "No assignor or protocol type of this member is shared by the rest of the group";
    24, INVALID_GROUP_ID, Final, "The group id is empty or otherwise not acceptable for this request";
    25, UNKNOWN_MEMBER_ID, Final, "The group has no member of this id: join again";
    26, INVALID_SESSION_TIMEOUT, Final, "The session timeout lies outside the bounds that the broker sets for groups";
    27, REBALANCE_IN_PROGRESS, Final, "A rebalance has begun: join the group again before anything else";
    28, INVALID_COMMIT_OFFSET_SIZE, Final, "The offsets cannot be committed because their batch would be too large";
    29, TOPIC_AUTHORIZATION_FAILED, Final, "The principal lacks the right to do this with the topic";
    30, GROUP_AUTHORIZATION_FAILED, Final, "The principal lacks the right to do this with the group";
    31, CLUSTER_AUTHORIZATION_FAILED, Final, "The principal lacks the right to do this with the cluster";
    32, INVALID_TIMESTAMP, Final, "The record's timestamp differs from the broker's clock by more than the topic permits";
    33, UNSUPPORTED_SASL_MECHANISM, Final, "The broker does not offer this SASL mechanism";
    34, ILLEGAL_SASL_STATE, Final, "This request does not fit the state that the SASL exchange is in";
    35, UNSUPPORTED_VERSION, Final, "The broker does not know this version of the request";
    36, TOPIC_ALREADY_EXISTS, Final, "The topic cannot be created because its name is taken";
    37, INVALID_PARTITIONS, Final, "The number of partitions is not positive, or not more than there are now";
    38, INVALID_REPLICATION_FACTOR, Final, "The replication factor is not positive, or exceeds the brokers that are available";
    39, INVALID_REPLICA_ASSIGNMENT, Final, "The assignment of replicas to brokers is not consistent";
    40, INVALID_CONFIG, Final, "A configuration key is unknown, or its value breaks that key's rule";
    41, NOT_CONTROLLER, Retriable, "Only the active controller can do this, and this broker is not it";
    42, INVALID_REQUEST, Final, "The request contradicts itself, or could never have been right";
    43, UNSUPPORTED_FOR_MESSAGE_FORMAT, Final, "The log's message format is too old for what the request needs";
    44, POLICY_VIOLATION, Final, "A policy that the operator installed refuses the request";
    45, OUT_OF_ORDER_SEQUENCE_NUMBER, Final, "There is a gap: the batch's sequence number does not follow the producer's last one";
    46, DUPLICATE_SEQUENCE_NUMBER, Final, "The batch was appended before but is too old for its offset to be remembered";
    47, INVALID_PRODUCER_EPOCH, Final, "A newer instance of the producer has bumped the epoch, so this one is fenced";
    48, INVALID_TXN_STATE, Final, "The transaction is not in a state that permits this operation";
    49, INVALID_PRODUCER_ID_MAPPING, Final, "The producer id is not, or no longer, the one that belongs to the transactional id";
    50, INVALID_TRANSACTION_TIMEOUT, Final, "The transaction timeout is not positive, or exceeds the broker's maximum";
    51, CONCURRENT_TRANSACTIONS, Retriable, "The previous transaction of this transactional id is still being completed";
    52, TRANSACTION_COORDINATOR_FENCED, Final, "A newer transaction coordinator has taken over from the sender of the markers";
    53, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, Final, "The principal lacks the right to use the transactional id";
    54, SECURITY_DISABLED, Final, "The broker runs without an authorizer, so there are no access rules to work on";
    55, OPERATION_NOT_ATTEMPTED, Final, "Not tried, because something else in the same request failed before it";
    56, KAFKA_STORAGE_ERROR, Refresh, "The disk under the partition's log failed";
    57, LOG_DIR_NOT_FOUND, Final, "The broker has no log directory of this path";
    58, SASL_AUTHENTICATION_FAILED, Final, "The credentials were refused";
    59, UNKNOWN_PRODUCER_ID, Final, "The broker no longer remembers this producer: its records may have expired";
    60, REASSIGNMENT_IN_PROGRESS, Final, "A reassignment of this partition is going on already";
    61, DELEGATION_TOKEN_AUTH_DISABLED, Final, "Delegation tokens are switched off on the broker";
    62, DELEGATION_TOKEN_NOT_FOUND, Final, "The broker has no such delegation token";
    63, DELEGATION_TOKEN_OWNER_MISMATCH, Final, "The principal neither owns the delegation token nor may renew it";
    64, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, Final, "Delegation tokens are not given out over this kind of connection";
    65, DELEGATION_TOKEN_AUTHORIZATION_FAILED, Final, "The principal lacks the right to do this with the delegation token";
    66, DELEGATION_TOKEN_EXPIRED, Final, "The delegation token is past its expiry time";
    67, INVALID_PRINCIPAL_TYPE, Final, "Principals of this type are not supported here";
    68, NON_EMPTY_GROUP, Final, "The group still has members";
    69, GROUP_ID_NOT_FOUND, Final, "No group of this id exists";
    70, FETCH_SESSION_ID_NOT_FOUND, Retriable, "The broker has no such fetch session: open a new one with a full fetch";
    71, INVALID_FETCH_SESSION_EPOCH, Retriable, "The fetch session expected another epoch: open a new one with a full fetch";
    72, LISTENER_NOT_FOUND, Refresh, "The leader has no listener of the name through which this client is connected";
    73, TOPIC_DELETION_DISABLED, Final, "The broker is configured to delete no topics";
    74, FENCED_LEADER_EPOCH, Refresh, "The client knows an older leader epoch than the broker: refresh the metadata";
    75, UNKNOWN_LEADER_EPOCH, Retriable, "The client knows a newer leader epoch than the broker, which has yet to catch up";
    76, UNSUPPORTED_COMPRESSION_TYPE, Final, "The client asks in a version that cannot carry the compression of these records";
    77, STALE_BROKER_EPOCH, Final, "The broker has registered anew since it was given this epoch";
    78, OFFSET_NOT_AVAILABLE, Retriable, "The new leader cannot tell the offset until its high watermark has caught up";
    79, MEMBER_ID_REQUIRED, Final, "Join once more with the member id from this response";
    80, PREFERRED_LEADER_NOT_AVAILABLE, Refresh, "The preferred leader of the partition is not in sync or not alive";
    81, GROUP_MAX_SIZE_REACHED, Final, "The group holds as many members as the broker lets it have";
    82, FENCED_INSTANCE_ID, Final, "Another member has taken over the static instance id";
    83, ELIGIBLE_LEADERS_NOT_AVAILABLE, Refresh, "No replica that may become the leader is alive";
    84, ELECTION_NOT_NEEDED, Refresh, "The partition has the leader already that the election would give it";
    85, NO_REASSIGNMENT_IN_PROGRESS, Final, "There is no reassignment of this partition to change or cancel";
    86, GROUP_SUBSCRIBED_TO_TOPIC, Final, "The offsets of a topic cannot be deleted while the group subscribes to it";
    87, INVALID_RECORD, Final, "The broker examined a record of the batch and refused the whole batch";
    88, UNSTABLE_OFFSET_COMMIT, Retriable, "A transaction that commits these offsets is not decided yet";
    89, THROTTLING_QUOTA_EXCEEDED, Retriable, "The client has used up its quota for changes of topics and partitions";
    90, PRODUCER_FENCED, Final, "Another producer with the same transactional id has started and fenced this one";
    91, RESOURCE_NOT_FOUND, Final, "The thing that the request names does not exist";
    92, DUPLICATE_RESOURCE, Final, "The request names one thing twice, or something that exists already";
    93, UNACCEPTABLE_CREDENTIAL, Final, "The credential cannot be stored in the form that was asked for";
    94, INCONSISTENT_VOTER_SET, Final, "The sender and the receiver disagree about who votes in the quorum";
    95, INVALID_UPDATE_VERSION, Final, "The feature level cannot be updated to this version";
    96, FEATURE_UPDATE_FAILED, Final, "The features could not be updated, so the finalized ones stay as they were";
    97, PRINCIPAL_DESERIALIZATION_FAILURE, Final, "The principal in a forwarded request cannot be read by the controller";
    98, SNAPSHOT_NOT_FOUND, Final, "The leader has no snapshot of this id";
    99, POSITION_OUT_OF_RANGE, Final, "The position lies beyond the end of the snapshot, or before its start";
    100, UNKNOWN_TOPIC_ID, Refresh, "No topic with this id is known, at least not yet";
    101, DUPLICATE_BROKER_REGISTRATION, Final, "Another live broker is registered under the same id";
    102, BROKER_ID_NOT_REGISTERED, Final, "The controller knows no broker of this id";
    103, INCONSISTENT_TOPIC_ID, Refresh, "The topic id in the request is not that of the log on the broker";
    104, INCONSISTENT_CLUSTER_ID, Final, "The request was meant for a cluster with another id";
    105, TRANSACTIONAL_ID_NOT_FOUND, Final, "The transaction coordinator knows no such transactional id";
    106, FETCH_SESSION_TOPIC_ID_ERROR, Retriable, "The fetch session was opened with topic names and is continued with ids, or the reverse";
    107, INELIGIBLE_REPLICA, Final, "A replica in the proposed in-sync set is fenced, shutting down or has another broker epoch";
    108, NEW_LEADER_ELECTED, Final, "The change was made, and it gave the partition a new leader";
    109, OFFSET_MOVED_TO_TIERED_STORAGE, Final, "The records at this offset have moved to remote storage, so a follower cannot copy them";
    110, FENCED_MEMBER_EPOCH, Final, "The member's epoch is not the one that the coordinator holds for it: join again";
    111, UNRELEASED_INSTANCE_ID, Final, "The static instance id still belongs to a member that has not left";
    112, UNSUPPORTED_ASSIGNOR, Final, "The group coordinator does not offer this assignor";
    113, STALE_MEMBER_EPOCH, Final, "The member's epoch is behind: ask again after the next heartbeat has brought the new one";
    114, MISMATCHED_ENDPOINT_TYPE, Final, "The client asks brokers through a controller's listener, or controllers through a broker's";
    115, UNSUPPORTED_ENDPOINT_TYPE, Final, "The server cannot list endpoints of this type";
    116, UNKNOWN_CONTROLLER_ID, Final, "No controller of this id is known";
    117, UNKNOWN_SUBSCRIPTION_ID, Final, "The telemetry subscription has changed: fetch it again before pushing";
    118, TELEMETRY_TOO_LARGE, Final, "The telemetry payload is larger than the broker accepts";
    119, INVALID_REGISTRATION, Final, "The controller refuses the registration, because what it contains does not fit the cluster";
    120, TRANSACTION_ABORTABLE, Final, "Abort the transaction; the producer itself can go on";
    121, INVALID_RECORD_STATE, Final, "The record is not acquired by this member, so it cannot be acknowledged";
    122, SHARE_SESSION_NOT_FOUND, Retriable, "The broker has no such share session: open a new one";
    123, INVALID_SHARE_SESSION_EPOCH, Retriable, "The share session expected another epoch: open a new one";
    124, FENCED_STATE_EPOCH, Final, "A newer state epoch of the share partition exists at its coordinator";
    125, INVALID_VOTER_KEY, Final, "The voter's directory id is not the one that the receiver has";
    126, DUPLICATE_VOTER, Final, "The quorum counts this voter already";
    127, VOTER_NOT_FOUND, Final, "The quorum counts no such voter";
    128, INVALID_REGULAR_EXPRESSION, Final, "The regular expression cannot be compiled";
    129, REBOOTSTRAP_REQUIRED, Final, "Forget the cluster's addresses and start again from the bootstrap servers";
    130, STREAMS_INVALID_TOPOLOGY, Final, "The topology is malformed, or asks for topics in a way that contradicts itself";
    131, STREAMS_INVALID_TOPOLOGY_EPOCH, Final, "The topology's epoch differs from the one that the group uses";
    132, STREAMS_TOPOLOGY_FENCED, Final, "The member runs an older topology than the group";
    133, SHARE_SESSION_LIMIT_REACHED, Retriable, "The broker holds as many share sessions as it may";
    134, GROUP_DELETION_FAILED, Final, "The group could not be deleted wholly: clean-up of what belongs to it failed";
    135, STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED, Final, "The description of the topology could not be stored";
    136, CONTROLLER_ID_NOT_REGISTERED, Final, "The cluster knows no controller of this id";
}

impl ErrorCode {
    /// Whether this is an error at all.
    #[inline]
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 != 0
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retriable(self) -> bool {
        self.remedy() != Remedy::Final
    }

    /// Whether a client should refresh its metadata before it asks again.
    #[must_use]
    pub fn wants_fresh_metadata(self) -> bool {
        self.remedy() == Remedy::Refresh
    }
}

impl From<i16> for ErrorCode {
    fn from(code: i16) -> Self {
        Self(code)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "error code {}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Decode for ErrorCode {
    const MIN_SIZE: usize = 2;

    #[inline]
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.0.decode(reader)
    }
}

impl Encode for ErrorCode {
    #[inline]
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        self.0.encode(output)
    }

    fn is_default(&self) -> bool {
        self.0 == 0
    }
}
