//! Fetch (key 1): read batches from partitions, waiting for them if need be.

use std::time::Duration;

use protocol::messages::fetch::{
    AbortedTransaction, EpochEndOffset, FetchPartition, FetchTopic, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use protocol::messages::{FetchRequest, FetchResponse};
use protocol::names::{BrokerId, IsolationLevel, Timestamp, Uuid};
use protocol::wire::Records;
use protocol::{ErrorCode, Response};

use super::{Answer, check_epoch, hinted, leader_hint, outcome, resolve, unknown_name};
use crate::cluster::topic::Partition;
use crate::cluster::waiting::Held;
use crate::cluster::{Asked, Cluster, Endpoint};
use crate::config::RACK_AWARE_SELECTOR;
use crate::fault::Site;

/// Answers at once if there is enough, or something to say; else waits as long as the client likes.
///
/// Fetch sessions (KIP-227) are not kept: session id 0 in the answer says so, and clients then send whole fetches.
pub(super) fn fetch(
    cluster: &mut Cluster,
    asked: &mut Asked,
    request: FetchRequest,
    now: Timestamp,
) -> Answer {
    if request.session_epoch > 0 {
        let error_code = ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
        return FetchResponse { error_code, ..Default::default() }.into();
    }
    if let Some(error_code) = cluster.verdict(asked, Site::REQUEST).filter(|code| OF_SESSIONS.contains(code))
    {
        return FetchResponse { error_code, ..Default::default() }.into();
    }
    if !matches!(request.isolation_level, IsolationLevel::READ_UNCOMMITTED | IsolationLevel::READ_COMMITTED) {
        return refuse_all(request).into();
    }
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    fetch_again(cluster, asked, request, now + wait, now)
}

/// The errors that Kafka tells of the whole request, not of partitions: those of its session (KIP-227, KIP-516).
const OF_SESSIONS: [ErrorCode; 3] = [
    ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
    ErrorCode::INVALID_FETCH_SESSION_EPOCH,
    ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR,
];

/// From this version on topics are named by id (KIP-516).
const FIRST_VERSION_WITH_IDS: i16 = 13;
/// From this version on followers answer consumers (KIP-392).
const FIRST_VERSION_FROM_FOLLOWERS: i16 = 11;
/// From this version on a broker that does not lead says who does (KIP-951).
const FIRST_VERSION_WITH_HINTS: i16 = 16;

/// Looks whether there is enough by now; after `until` anything is.
pub(crate) fn fetch_again(
    cluster: &mut Cluster,
    asked: &mut Asked,
    request: FetchRequest,
    until: Timestamp,
    now: Timestamp,
) -> Answer {
    let max_bytes = request.max_bytes.min(cluster.config.number("fetch.max.bytes") as i32);
    let enough = request.min_bytes.min(max_bytes).max(0) as usize;
    let mut reader = Reader {
        cluster,
        asked,
        isolation_level: request.isolation_level,
        rack: &request.rack_id,
        left: usize::try_from(max_bytes).ok(),
        read: 0,
        must_answer: request.topics.is_empty(),
        watched: Vec::new(),
    };
    let responses: Vec<_> = request.topics.iter().map(|topic| reader.topic(topic)).collect();

    if reader.read < enough && !reader.must_answer && now < until {
        let partitions = std::mem::take(&mut reader.watched);
        asked.outcomes.clear();
        return Answer::Later { until, held: Held::Fetch { request: Box::new(request), partitions } };
    }
    let mut response = FetchResponse { responses, ..Default::default() };
    if asked.version >= FIRST_VERSION_WITH_HINTS {
        response.node_endpoints = node_endpoints(cluster, &response);
    }
    Answer::Now(Response::Fetch(response))
}

/// Reads partition after partition, and keeps count.
struct Reader<'a> {
    cluster: &'a Cluster,
    asked: &'a mut Asked,
    isolation_level: IsolationLevel,
    /// Where the client says it is.
    rack: &'a str,
    /// Bytes that the answer still has room for; `None` if the client asked for fewer than none.
    left: Option<usize>,
    read: usize,
    /// An error is told at once.
    must_answer: bool,
    watched: Vec<(Uuid, i32)>,
}

impl Reader<'_> {
    fn topic(&mut self, topic: &FetchTopic) -> FetchableTopicResponse {
        let name = resolve(self.cluster, self.asked, FIRST_VERSION_WITH_IDS, &topic.topic, topic.topic_id);
        let known = name.clone().unwrap_or_else(|_| unknown_name(&topic.topic));
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for wanted in &topic.partitions {
            let data = match &name {
                Ok(name) => self.partition(name, wanted),
                Err(error_code) => Err(*error_code),
            };
            let data = data.unwrap_or_else(|error_code| self.failed(&known, wanted.partition, error_code));
            self.asked.outcomes.push(outcome(&known, wanted.partition, data.error_code, wanted.fetch_offset));
            partitions.push(data);
        }
        FetchableTopicResponse {
            topic: topic.topic.clone(),
            topic_id: topic.topic_id,
            partitions,
            ..Default::default()
        }
    }

    fn partition(&mut self, name: &str, wanted: &FetchPartition) -> Result<PartitionData, ErrorCode> {
        let index = wanted.partition;
        let topic = self.cluster.topics.get(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let partition = topic.partition(index).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        if let Some(error_code) = self.cluster.verdict(self.asked, Site::partition(name, index)) {
            return Err(error_code);
        }
        let (own_end, high_watermark) = self.check_replica(partition)?;
        check_epoch(partition, wanted.current_leader_epoch)?;
        self.watched.push((topic.id, index));
        if let Some(diverging_epoch) = diverging(partition, wanted)? {
            self.must_answer = true;
            return Ok(PartitionData { diverging_epoch, ..self.data(index, partition, high_watermark) });
        }
        if let Some(replica) = preferred_read_replica(self.cluster, self.asked, self.rack, partition, wanted)
        {
            self.must_answer = true;
            let preferred_read_replica = replica;
            return Ok(PartitionData {
                preferred_read_replica,
                ..self.data(index, partition, high_watermark)
            });
        }
        // Between the high watermark and the end of the log there is nothing to read, but nothing wrong either.
        if !(partition.log_start_offset()..=own_end).contains(&wanted.fetch_offset) {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let end = match self.isolation_level {
            IsolationLevel::READ_COMMITTED => partition.last_stable_offset().min(high_watermark),
            _ => high_watermark,
        };
        // Kafka stumbles over negative limits.
        let max_bytes = usize::try_from(wanted.partition_max_bytes).ok();
        let (Some(max_bytes), Some(left)) = (max_bytes, self.left) else {
            return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
        };
        let mut slices = Vec::new();
        // The first batch of all comes however large it is, for else its reader would never get past it.
        let read =
            partition.log.read(wanted.fetch_offset, end, max_bytes.min(left), self.read == 0, &mut slices);
        self.read += read;
        self.left = Some(left.saturating_sub(read));
        let mut data = self.data(index, partition, high_watermark);
        if let Some(aborted) = &mut data.aborted_transactions {
            let read_to = partition.log.end_of_read(wanted.fetch_offset, read);
            let touched = partition.producers.aborted(wanted.fetch_offset, read_to);
            aborted.extend(touched.map(|ended| AbortedTransaction {
                producer_id: ended.producer_id,
                first_offset: ended.first_offset,
                ..Default::default()
            }));
        }
        data.records = Some(Records::from_slices(slices));
        Ok(data)
    }

    /// What this broker has of a partition, and the high watermark that it knows; if it may answer for it: as its leader, or,
    /// for newer clients, as one of its replicas.
    fn check_replica(&self, partition: &Partition) -> Result<(i64, i64), ErrorCode> {
        let broker = self.asked.broker;
        if partition.leader != broker && self.asked.version < FIRST_VERSION_FROM_FOLLOWERS {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        partition.seen_by(broker).ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)
    }

    fn data(&self, partition_index: i32, partition: &Partition, high_watermark: i64) -> PartitionData {
        PartitionData {
            partition_index,
            high_watermark,
            last_stable_offset: partition.last_stable_offset().min(high_watermark),
            log_start_offset: partition.log_start_offset(),
            // Only a reader that leaves out aborted transactions is told which those are.
            aborted_transactions: (self.isolation_level == IsolationLevel::READ_COMMITTED).then(Vec::new),
            records: Some(Records::default()),
            ..Default::default()
        }
    }

    fn failed(&mut self, name: &str, partition_index: i32, error_code: ErrorCode) -> PartitionData {
        self.must_answer = true;
        let mut data = refused(partition_index, error_code);
        if !matches!(error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID) {
            // Kafka noticed while it was reading, and there is another kind of nothing then.
            data.aborted_transactions = None;
        }
        let wants_hint =
            matches!(error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH);
        if let Some((leader_id, leader_epoch)) = leader_hint(self.cluster, name, partition_index)
            && wants_hint
            && self.asked.version >= FIRST_VERSION_WITH_HINTS
        {
            data.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
        }
        data
    }
}

fn refused(partition_index: i32, error_code: ErrorCode) -> PartitionData {
    let records = Some(Records::default());
    PartitionData { partition_index, error_code, high_watermark: -1, records, ..Default::default() }
}

/// The answer to a fetch that Kafka stumbles over.
fn refuse_all(request: FetchRequest) -> FetchResponse {
    let error_code = ErrorCode::UNKNOWN_SERVER_ERROR;
    let partition = |wanted: FetchPartition| refused(wanted.partition, error_code);
    let responses = request.topics.into_iter().map(|topic| FetchableTopicResponse {
        topic: topic.topic,
        topic_id: topic.topic_id,
        partitions: topic.partitions.into_iter().map(partition).collect(),
        ..Default::default()
    });
    FetchResponse { error_code, responses: responses.collect(), ..Default::default() }
}

/// Where the log of a reader that names the epoch of its last record parts from this one, if it does (KIP-595).
fn diverging(partition: &Partition, wanted: &FetchPartition) -> Result<Option<EpochEndOffset>, ErrorCode> {
    if wanted.last_fetched_epoch < 0 {
        return Ok(None);
    }
    let end = partition.log.end_of_epoch(wanted.last_fetched_epoch);
    let (epoch, end_offset) = end.ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?;
    let parts = epoch < wanted.last_fetched_epoch || end_offset < wanted.fetch_offset;
    Ok(parts.then(|| EpochEndOffset { epoch, end_offset, ..Default::default() }))
}

/// The follower that a consumer should read from instead of the leader: one in its own rack that is in sync and has what it
/// wants (KIP-392). Source: Kafka's `RackAwareReplicaSelector`.
fn preferred_read_replica(
    cluster: &Cluster,
    asked: &Asked,
    rack: &str,
    partition: &Partition,
    wanted: &FetchPartition,
) -> Option<BrokerId> {
    if rack.is_empty()
        || partition.leader != asked.broker
        || asked.version < FIRST_VERSION_FROM_FOLLOWERS
        || cluster.config.setting("replica.selector.class") != RACK_AWARE_SELECTOR
    {
        return None;
    }
    let is_near = |broker: &BrokerId| {
        let broker = cluster.brokers.get(broker);
        broker.is_some_and(|broker| !broker.is_fenced && broker.rack.as_deref() == Some(rack))
    };
    if is_near(&partition.leader) {
        return None;
    }
    let near = partition.in_sync_replicas().iter().filter(|broker| is_near(broker));
    let ends = near.filter_map(|broker| Some((partition.seen_by(*broker)?.0, *broker)));
    ends.filter(|(end, _)| *end >= wanted.fetch_offset).max().map(|(_, broker)| broker)
}

/// The addresses of the leaders that the answer names.
fn node_endpoints(cluster: &Cluster, response: &FetchResponse) -> Vec<NodeEndpoint> {
    let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
    let leaders = hinted(cluster, partitions.map(|partition| partition.current_leader.leader_id));
    let endpoint = |(node_id, endpoint): (BrokerId, &Endpoint)| {
        let (host, port) = (endpoint.host.clone(), endpoint.port.into());
        NodeEndpoint { node_id, host, port, ..Default::default() }
    };
    leaders.into_iter().map(endpoint).collect()
}
