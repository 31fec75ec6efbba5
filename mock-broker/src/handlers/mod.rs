//! One file an API: the request in, the answer out.

mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod api_versions;
mod create_topics;
mod delete_groups;
mod delete_topics;
mod describe_groups;
mod describe_producers;
mod describe_transactions;
mod end_txn;
mod fetch;
mod find_coordinator;
mod heartbeat;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_groups;
mod list_offsets;
mod list_transactions;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sites;
mod sync_group;
mod txn_offset_commit;
mod write_txn_markers;

use bytes::Bytes;

use protocol::frame::EncodedFrame;
use protocol::names::{BrokerId, Timestamp, TopicName, Uuid};
use protocol::{ApiKey, ErrorCode, Request, RequestHeader, Response, VersionRange};

pub(crate) use self::fetch::fetch_again;
pub(crate) use self::metadata::StaleMetadata;
pub(crate) use self::produce::{PendingProduce, produce_again};
pub(crate) use self::sites::{Place, places, sites};
use crate::cluster::topic::Partition;
use crate::cluster::waiting::Held;
use crate::cluster::{Asked, Cluster, Endpoint};
use crate::fault::Site;
use crate::journal::{PartitionOutcome, shortened};

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It is answered.
    Now(Response),
    /// It is never answered: nobody waits.
    Never,
    /// The connection is closed: the only way to tell someone who wants no answer.
    Close,
    /// It is looked at again when something happened, or at the latest then.
    Later { until: Timestamp, held: Held },
}

impl Answer {
    /// It is answered when its coordinator has decided.
    pub(crate) const WHEN_DECIDED: Self = Self::Later { until: Timestamp::NEVER, held: Held::Group(None) };
}

impl<R: Into<Response>> From<R> for Answer {
    fn from(response: R) -> Self {
        Self::Now(response.into())
    }
}

/// What is served, and in which versions: those of Kafka 4.3, of what is here.
///
/// InitProducerId has a version 6 that Kafka itself counts as unstable and does not show; ApiVersions 5,
/// TxnOffsetCommit 6 and DeleteGroups 3 are younger than 4.3.
pub(crate) const SERVED: &[(ApiKey, VersionRange)] = &[
    (ApiKey::PRODUCE, VersionRange::new(3, 13)),
    (ApiKey::FETCH, VersionRange::new(4, 18)),
    (ApiKey::LIST_OFFSETS, VersionRange::new(1, 11)),
    (ApiKey::METADATA, VersionRange::new(0, 13)),
    (ApiKey::OFFSET_COMMIT, VersionRange::new(2, 10)),
    (ApiKey::OFFSET_FETCH, VersionRange::new(1, 10)),
    (ApiKey::FIND_COORDINATOR, VersionRange::new(0, 6)),
    (ApiKey::JOIN_GROUP, VersionRange::new(0, 9)),
    (ApiKey::HEARTBEAT, VersionRange::new(0, 4)),
    (ApiKey::LEAVE_GROUP, VersionRange::new(0, 5)),
    (ApiKey::SYNC_GROUP, VersionRange::new(0, 5)),
    (ApiKey::DESCRIBE_GROUPS, VersionRange::new(0, 6)),
    (ApiKey::LIST_GROUPS, VersionRange::new(0, 5)),
    (ApiKey::API_VERSIONS, VersionRange::new(0, 4)),
    (ApiKey::CREATE_TOPICS, VersionRange::new(2, 7)),
    (ApiKey::DELETE_TOPICS, VersionRange::new(1, 6)),
    (ApiKey::INIT_PRODUCER_ID, VersionRange::new(0, 5)),
    (ApiKey::OFFSET_FOR_LEADER_EPOCH, VersionRange::new(2, 4)),
    (ApiKey::ADD_PARTITIONS_TO_TXN, VersionRange::new(0, 5)),
    (ApiKey::ADD_OFFSETS_TO_TXN, VersionRange::new(0, 4)),
    (ApiKey::END_TXN, VersionRange::new(0, 5)),
    (ApiKey::WRITE_TXN_MARKERS, VersionRange::new(1, 2)),
    (ApiKey::TXN_OFFSET_COMMIT, VersionRange::new(0, 5)),
    (ApiKey::DELETE_GROUPS, VersionRange::new(0, 2)),
    (ApiKey::OFFSET_DELETE, VersionRange::new(0, 0)),
    (ApiKey::DESCRIBE_PRODUCERS, VersionRange::new(0, 0)),
    (ApiKey::DESCRIBE_TRANSACTIONS, VersionRange::new(0, 0)),
    (ApiKey::LIST_TRANSACTIONS, VersionRange::new(0, 2)),
];

/// The versions of an API that are served.
pub(crate) fn served(api_key: ApiKey) -> Option<VersionRange> {
    SERVED.iter().find(|(key, _)| *key == api_key).map(|(_, versions)| *versions)
}

/// The one `match`: gives a request to its handler.
pub(crate) fn answer(cluster: &mut Cluster, asked: &mut Asked, request: Request, now: Timestamp) -> Answer {
    match request {
        Request::Produce(request) => produce::produce(cluster, asked, request, now),
        Request::Fetch(request) => fetch::fetch(cluster, asked, request, now),
        Request::ListOffsets(request) => list_offsets::list_offsets(cluster, asked, request).into(),
        Request::Metadata(request) => metadata::metadata(cluster, asked, request).into(),
        Request::FindCoordinator(request) => {
            find_coordinator::find_coordinator(cluster, asked, request).into()
        }
        Request::ApiVersions(request) => api_versions::api_versions(cluster, asked, request).into(),
        Request::CreateTopics(request) => create_topics::create_topics(cluster, asked, request).into(),
        Request::DeleteTopics(request) => delete_topics::delete_topics(cluster, asked, request).into(),
        Request::InitProducerId(request) => {
            init_producer_id::init_producer_id(cluster, asked, request, now).into()
        }
        Request::AddPartitionsToTxn(request) => {
            add_partitions_to_txn::add_partitions_to_txn(cluster, asked, request, now).into()
        }
        Request::AddOffsetsToTxn(request) => {
            add_offsets_to_txn::add_offsets_to_txn(cluster, asked, &request, now).into()
        }
        Request::EndTxn(request) => end_txn::end_txn(cluster, asked, &request, now).into(),
        Request::TxnOffsetCommit(request) => {
            txn_offset_commit::txn_offset_commit(cluster, asked, &request, now).into()
        }
        Request::DescribeTransactions(request) => {
            describe_transactions::describe_transactions(cluster, asked, request).into()
        }
        Request::ListTransactions(request) => {
            list_transactions::list_transactions(cluster, asked, request, now).into()
        }
        Request::DescribeProducers(request) => {
            describe_producers::describe_producers(cluster, asked, request).into()
        }
        Request::WriteTxnMarkers(request) => {
            write_txn_markers::write_txn_markers(cluster, asked, request, now).into()
        }
        Request::JoinGroup(request) => join_group::join_group(cluster, asked, &request, now),
        Request::SyncGroup(request) => sync_group::sync_group(cluster, asked, &request, now),
        Request::Heartbeat(request) => heartbeat::heartbeat(cluster, asked, &request, now).into(),
        Request::LeaveGroup(request) => leave_group::leave_group(cluster, asked, request, now).into(),
        Request::OffsetCommit(request) => offset_commit::offset_commit(cluster, asked, request, now).into(),
        Request::OffsetFetch(request) => offset_fetch::offset_fetch(cluster, asked, request).into(),
        Request::OffsetDelete(request) => offset_delete::offset_delete(cluster, asked, request).into(),
        Request::OffsetForLeaderEpoch(request) => {
            offset_for_leader_epoch::offset_for_leader_epoch(cluster, asked, request).into()
        }
        Request::ListGroups(request) => list_groups::list_groups(cluster, asked, &request).into(),
        Request::DescribeGroups(request) => describe_groups::describe_groups(cluster, asked, request).into(),
        Request::DeleteGroups(request) => delete_groups::delete_groups(cluster, asked, request).into(),
        // `read` lets through only what is served.
        _ => Answer::Close,
    }
}

/// The answer to ApiVersions in a version that is not served, which nobody can read: an old one that says so (KIP-511).
pub(crate) fn refuse_api_versions(
    frame: &Bytes,
    served: impl Fn(ApiKey) -> Option<VersionRange>,
) -> Option<EncodedFrame> {
    let (api_key, version, correlation_id) = RequestHeader::peek(frame)?;
    if api_key != ApiKey::API_VERSIONS || served(api_key)?.contains(version) {
        return None;
    }
    api_versions::refusal(correlation_id, served)
}

/// The name that a request means: given by name, or from version `by_id` on by id.
fn resolve(
    cluster: &Cluster,
    asked: &Asked,
    by_id: i16,
    name: &TopicName,
    id: Uuid,
) -> Result<TopicName, ErrorCode> {
    let known = if asked.version >= by_id {
        cluster.topics.name_of(id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?
    } else {
        let topic = cluster.topics.get(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        &topic.name
    };
    Ok(known.clone())
}

/// Whether there is such a partition, and no rule says otherwise.
fn check_partition(cluster: &Cluster, asked: &Asked, name: &str, index: i32) -> Result<(), ErrorCode> {
    known_partition(cluster, asked, name, index).map(drop)
}

/// The partition that a request names, if there is one and no rule says otherwise.
fn known_partition<'c>(
    cluster: &'c Cluster,
    asked: &Asked,
    name: &str,
    index: i32,
) -> Result<&'c Partition, ErrorCode> {
    let partition = cluster.topics.get(name).and_then(|topic| topic.partition(index));
    let partition = partition.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    cluster.verdict(asked, Site::partition(name, index)).map_or(Ok(partition), Err)
}

/// Whether an error says that there is no such partition. Where Kafka hands on to a coordinator what does exist, the rest
/// comes first in the answer.
fn is_absent(error_code: ErrorCode) -> bool {
    matches!(error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID)
}

/// Whether this broker may answer for a group: it coordinates it, and no rule says otherwise.
fn check_group(cluster: &Cluster, asked: &Asked, id: &str) -> Result<(), ErrorCode> {
    if let Some(error_code) = cluster.verdict(asked, Site::group(id)) {
        return Err(error_code);
    }
    // A group without a name has no coordinator; Kafka finds that out first.
    if id.is_empty() { Ok(()) } else { cluster.check_coordinator(asked, id) }
}

/// Whether this broker may answer for a transactional id: it coordinates it, and no rule says otherwise.
fn check_transaction(cluster: &Cluster, asked: &Asked, id: &str) -> Result<(), ErrorCode> {
    if let Some(error_code) = cluster.verdict(asked, Site::transactional_id(id)) {
        return Err(error_code);
    }
    if id.is_empty() { Ok(()) } else { cluster.check_coordinator(asked, id) }
}

/// The error for a client that does not know PRODUCER_FENCED yet, which came with this version (KIP-588).
fn older(asked: &Asked, first_with_fenced: i16, error_code: ErrorCode) -> ErrorCode {
    match error_code {
        ErrorCode::PRODUCER_FENCED if asked.version < first_with_fenced => ErrorCode::INVALID_PRODUCER_EPOCH,
        other => other,
    }
}

/// Compares the epoch in which a client thinks the leader is with the real one (KIP-320); −1 is no thought.
fn check_epoch(partition: &Partition, current_leader_epoch: i32) -> Result<(), ErrorCode> {
    match current_leader_epoch {
        -1 => Ok(()),
        epoch if epoch < partition.leader_epoch => Err(ErrorCode::FENCED_LEADER_EPOCH),
        epoch if epoch > partition.leader_epoch => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
        _ => Ok(()),
    }
}

/// The partition that a request asks its leader about, if it asks the leader, in the epoch in which it leads.
fn led<'c>(
    cluster: &'c Cluster,
    asked: &Asked,
    topic: &TopicName,
    index: i32,
    current_leader_epoch: i32,
) -> Result<&'c Partition, ErrorCode> {
    let partition = known_partition(cluster, asked, topic, index)?;
    check_epoch(partition, current_leader_epoch)?;
    if partition.leader == asked.broker { Ok(partition) } else { Err(ErrorCode::NOT_LEADER_OR_FOLLOWER) }
}

/// The leader of a partition and its epoch, for an answer that says "not I" (KIP-951).
fn leader_hint(cluster: &Cluster, topic: &str, index: i32) -> Option<(BrokerId, i32)> {
    let partition = cluster.topics.get(topic)?.partition(index)?;
    Some((partition.leader, partition.leader_epoch))
}

/// What the journal keeps of a partition in a request.
fn outcome(topic: &TopicName, partition: i32, error_code: ErrorCode, base_offset: i64) -> PartitionOutcome {
    PartitionOutcome { topic: topic.clone(), partition, error_code, base_offset, batch: None }
}

/// What the journal keeps of a name that no topic has: a copy, for a slice would keep the whole request alive as long as
/// the journal does; and of a name that is too long, the beginning.
fn unknown_name(name: &TopicName) -> TopicName {
    shortened(name).as_str().into()
}

/// The addresses of the leaders that an answer names as hints, each once.
fn hinted(cluster: &Cluster, leaders: impl Iterator<Item = BrokerId>) -> Vec<(BrokerId, &Endpoint)> {
    let mut leaders: Vec<_> = leaders.filter(|leader| *leader != BrokerId::NONE).collect();
    leaders.sort_unstable();
    leaders.dedup();
    let alive = |leader: &BrokerId| cluster.brokers.get(leader).filter(|broker| !broker.is_fenced);
    leaders.into_iter().filter_map(|leader| Some((leader, &alive(&leader)?.endpoint))).collect()
}
