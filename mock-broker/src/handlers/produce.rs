//! Produce (key 0): append batches to partitions.

use std::time::Duration;

use protocol::messages::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use protocol::messages::{ProduceRequest, ProduceResponse};
use protocol::names::{Acks, BrokerId, Timestamp, TopicName, TransactionalId, Uuid};
use protocol::records::{Part, RecordBatch, batches};
use protocol::{ByteString, ErrorCode, Response};

use super::{Answer, hinted, leader_hint, outcome, resolve, unknown_name};
use crate::cluster::append::{Appended, Refused, only_batch};
use crate::cluster::log::COPY_BELOW;
use crate::cluster::waiting::Held;
use crate::cluster::{Asked, Cluster, Endpoint};
use crate::fault::Site;
use crate::journal::{PartitionOutcome, ProducedBatch};

/// Appends each batch to its partition's log; answers unless nobody waits.
pub(super) fn produce(
    cluster: &mut Cluster,
    asked: &mut Asked,
    request: ProduceRequest,
    now: Timestamp,
) -> Answer {
    let acks = request.acks;
    asked.acks = Some(acks);
    let refusal = refusal_of_all(&request);
    let whole = Whole { acks, transactional_id: request.transactional_id, refusal };
    let mut response = ProduceResponse::default();
    let mut missing = Vec::new();
    for topic in request.topic_data {
        let topic = topic_response(cluster, asked, topic, &whole, &mut missing, now);
        response.responses.push(topic);
    }
    detach(cluster, asked);
    let partitions = || response.responses.iter().flat_map(|topic| &topic.partition_responses);
    match acks {
        Acks::NONE if partitions().any(|partition| partition.error_code != ErrorCode::NONE) => Answer::Close,
        Acks::NONE => Answer::Never,
        _ if missing.is_empty() => finished(cluster, asked, response),
        _ => {
            let wait = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
            let pending = PendingProduce { response, missing, outcomes: asked.outcomes.clone() };
            produce_again(cluster, asked, Box::new(pending), now + wait, now)
        }
    }
}

/// What a request says for all of its partitions.
struct Whole {
    acks: Acks,
    transactional_id: Option<TransactionalId>,
    /// The error for all of them, if there is something wrong with the whole request.
    refusal: Option<ErrorCode>,
}

fn finished(cluster: &Cluster, asked: &Asked, mut response: ProduceResponse) -> Answer {
    if asked.version >= FIRST_VERSION_WITH_HINTS {
        response.node_endpoints = node_endpoints(cluster, &response);
    }
    Answer::Now(Response::Produce(response))
}

/// A produce request whose records are appended, but not yet in all in-sync replicas.
#[derive(Clone, Debug)]
pub(crate) struct PendingProduce {
    response: ProduceResponse,
    outcomes: Vec<PartitionOutcome>,
    missing: Vec<Missing>,
}

/// A partition that is waited for.
#[derive(Clone, Copy, Debug)]
struct Missing {
    topic: Uuid,
    index: i32,
    /// What the high watermark must reach.
    required: i64,
    /// Which of the request's partitions it is, over all topics.
    place: usize,
}

impl PendingProduce {
    /// The partitions that are waited for.
    pub(crate) fn watched(&self) -> impl Iterator<Item = (Uuid, i32)> {
        self.missing.iter().map(|missing| (missing.topic, missing.index))
    }
}

/// Looks whether the in-sync replicas have everything by now. What they lack after `until` is told as timed out, and stays
/// in the log.
pub(crate) fn produce_again(
    cluster: &mut Cluster,
    asked: &mut Asked,
    mut pending: Box<PendingProduce>,
    until: Timestamp,
    now: Timestamp,
) -> Answer {
    let PendingProduce { response, outcomes, missing } = &mut *pending;
    missing.retain(|missing| {
        let error_code = match replicated(cluster, asked, missing) {
            Some(Ok(())) => return false,
            Some(Err(error_code)) => error_code,
            None if now >= until => ErrorCode::REQUEST_TIMED_OUT,
            None => return true,
        };
        let mut partitions = response.responses.iter_mut().flat_map(|topic| &mut topic.partition_responses);
        if let Some(partition) = partitions.nth(missing.place) {
            partition.error_code = error_code;
            let name = cluster.topics.name_of(missing.topic);
            if let Some(leader) = name.and_then(|name| hint(cluster, asked, name, missing.index, error_code))
            {
                partition.current_leader = leader;
            }
        }
        if let Some(outcome) = outcomes.get_mut(missing.place) {
            outcome.error_code = error_code;
        }
        false
    });
    asked.outcomes.clone_from(&pending.outcomes);
    if !pending.missing.is_empty() {
        return Answer::Later { until, held: Held::Produce(pending) };
    }
    finished(cluster, asked, pending.response)
}

/// What is known of a partition that is waited for; `None` if nothing yet. Source: Kafka's
/// `Partition.checkEnoughReplicasReachOffset`.
fn replicated(cluster: &Cluster, asked: &Asked, missing: &Missing) -> Option<Result<(), ErrorCode>> {
    let topic = cluster.topics.name_of(missing.topic).and_then(|name| cluster.topics.get(name));
    let Some((topic, partition)) = topic.and_then(|topic| Some((topic, topic.partition(missing.index)?)))
    else {
        return Some(Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    };
    if partition.leader != asked.broker {
        return Some(Err(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    }
    if partition.high_watermark() < missing.required {
        return None;
    }
    if partition.has_too_few_in_sync(&topic.rules) {
        return Some(Err(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND));
    }
    Some(Ok(()))
}

/// From this version on topics are named by id (KIP-516).
const FIRST_VERSION_WITH_IDS: i16 = 13;
/// From this version on a broker that does not lead says who does (KIP-951).
const FIRST_VERSION_WITH_HINTS: i16 = 10;

/// The error for every partition, if there is something wrong with the whole request.
fn refusal_of_all(request: &ProduceRequest) -> Option<ErrorCode> {
    let is_transactional = |data: &PartitionProduceData| {
        let Some(records) = &data.records else { return false };
        let first = batches(&records.to_bytes()).next();
        matches!(first, Some(Ok(Part::Batch(batch))) if batch.header().attributes.is_transactional())
    };
    let mut partitions = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
    if request.transactional_id.is_none() && partitions.any(is_transactional) {
        return Some(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    None
}

fn topic_response(
    cluster: &mut Cluster,
    asked: &mut Asked,
    topic: TopicProduceData,
    whole: &Whole,
    missing: &mut Vec<Missing>,
    now: Timestamp,
) -> TopicProduceResponse {
    let name = resolve(cluster, asked, FIRST_VERSION_WITH_IDS, &topic.name, topic.topic_id);
    let known = name.clone().unwrap_or_else(|_| unknown_name(&topic.name));
    let mut partition_responses = Vec::with_capacity(topic.partition_data.len());
    for data in topic.partition_data {
        let index = data.index;
        let batch = match (&name, whole.refusal) {
            (_, Some(error_code)) => Err(Refused::early(error_code)),
            (Err(error_code), None) => Err(Refused::early(*error_code)),
            (Ok(name), None) => check(cluster, asked, whole, name, data, now),
        };
        let (batch, appended) = match batch {
            Ok(batch) => {
                let appended = append(cluster, name.as_deref().unwrap_or_default(), index, &batch, now);
                let is_lacked = |appended: &Appended| appended.may_be_lacked && whole.acks == Acks::ALL;
                if let Some(appended) = appended.as_ref().ok().filter(|appended| is_lacked(appended)) {
                    let place = asked.outcomes.len();
                    missing.extend(lacking(
                        cluster,
                        name.as_deref().unwrap_or_default(),
                        index,
                        appended,
                        place,
                    ));
                }
                (Some(batch), appended)
            }
            Err(refused) => (None, Err(refused)),
        };
        let response =
            partition_response(cluster, asked, name.as_deref().unwrap_or_default(), index, &appended);
        let mut outcome = outcome(&known, index, response.error_code, response.base_offset);
        outcome.batch = batch.map(|batch| produced(&batch, &appended));
        asked.outcomes.push(outcome);
        partition_responses.push(response);
    }
    TopicProduceResponse {
        name: topic.name,
        topic_id: topic.topic_id,
        partition_responses,
        ..Default::default()
    }
}

/// What is checked before the partition's log is looked at, in Kafka's order.
fn check(
    cluster: &mut Cluster,
    asked: &Asked,
    whole: &Whole,
    name: &TopicName,
    data: PartitionProduceData,
    now: Timestamp,
) -> Result<RecordBatch, Refused> {
    let refuse = |error_code| Err(Refused::early(error_code));
    let topic = cluster.topics.get(name);
    let Some((topic, partition)) = topic.and_then(|topic| Some((topic, topic.partition(data.index)?))) else {
        return refuse(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    };
    let batch = only_batch(asked.version, data.records)?;
    if !matches!(whole.acks, Acks::NONE | Acks::LEADER | Acks::ALL) {
        return refuse(ErrorCode::INVALID_REQUIRED_ACKS);
    }
    if let Some(error_code) =
        cluster.verdict(asked, Site::partition(name, data.index).of_producer(batch.header().producer_id))
    {
        return refuse(error_code);
    }
    if partition.leader != asked.broker {
        return refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    }
    let has_too_few_in_sync = whole.acks == Acks::ALL && partition.has_too_few_in_sync(&topic.rules);
    if batch.header().attributes.is_transactional() && batch.header().producer_id.0 >= 0 {
        let id = whole.transactional_id.as_deref().unwrap_or_default();
        let verified = cluster.verify_write(asked.version, id, batch.header(), (name, data.index), now);
        verified.map_err(Refused::unverified)?;
    }
    if has_too_few_in_sync {
        return Err(Refused::by_log(ErrorCode::NOT_ENOUGH_REPLICAS));
    }
    Ok(batch)
}

/// What an acknowledgement by all has to wait for, if it has to.
fn lacking(cluster: &Cluster, name: &str, index: i32, appended: &Appended, place: usize) -> Option<Missing> {
    let topic = cluster.topics.get(name)?;
    let partition = topic.partition(index)?;
    let required = appended.next_offset;
    (partition.high_watermark() < required).then_some(Missing { topic: topic.id, index, required, place })
}

fn append(
    cluster: &mut Cluster,
    name: &str,
    index: i32,
    batch: &RecordBatch,
    now: Timestamp,
) -> Result<Appended, Refused> {
    let unknown = || Refused::early(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    cluster.make_room(batch.size()).map_err(Refused::full)?;
    let topic = cluster.topics.get_mut(name).ok_or_else(unknown)?;
    let (id, rules) = (topic.id, topic.rules);
    let partition = topic.partition_mut(index).ok_or_else(unknown)?;
    let appended =
        partition.append(batch, &rules, || format!("{name}-{index}"), &mut cluster.decompressor, now)?;
    if appended.may_be_lacked {
        cluster.replicate(id, index, now);
    }
    cluster.touch(id, index);
    Ok(appended)
}

/// Large batches are stored as slices of their request, and keep all of it alive. Where most of it was not stored, they
/// are copied, so that the logs hold what they are counted for.
fn detach(cluster: &mut Cluster, asked: &Asked) {
    let is_slice = |batch: &&ProducedBatch| !batch.duplicate && batch.size >= COPY_BELOW;
    let stored = asked.outcomes.iter().filter(|outcome| outcome.error_code == ErrorCode::NONE);
    let slices = stored.filter(|outcome| outcome.batch.as_ref().filter(is_slice).is_some());
    let bytes: usize = slices.clone().filter_map(|outcome| outcome.batch).map(|batch| batch.size).sum();
    if bytes >= asked.frame_bytes / 4 * 3 {
        return;
    }
    for outcome in slices {
        let topic = cluster.topics.get_mut(&outcome.topic);
        if let Some(partition) = topic.and_then(|topic| topic.partition_mut(outcome.partition)) {
            partition.log.detach(outcome.base_offset);
        }
    }
}

fn partition_response(
    cluster: &Cluster,
    asked: &Asked,
    name: &str,
    index: i32,
    appended: &Result<Appended, Refused>,
) -> PartitionProduceResponse {
    let log_start = || {
        let partition = cluster.topics.get(name).and_then(|topic| topic.partition(index));
        partition.map_or(-1, |partition| partition.log_start_offset())
    };
    let refused = match appended {
        Ok(appended) => {
            return PartitionProduceResponse {
                index,
                base_offset: appended.base_offset,
                log_append_time_ms: appended.log_append_time,
                log_start_offset: log_start(),
                ..Default::default()
            };
        }
        Err(refused) => refused,
    };
    let mut response = PartitionProduceResponse {
        index,
        error_code: refused.error_code,
        base_offset: -1,
        log_start_offset: if refused.tells_log_start { log_start() } else { -1 },
        record_errors: refused.records.iter().map(record_error).collect(),
        error_message: refused.message.as_deref().map(ByteString::from),
        ..Default::default()
    };
    if let Some(leader) = hint(cluster, asked, name, index, refused.error_code) {
        response.current_leader = leader;
    }
    response
}

/// Who leads a partition, for whom a broker answers that it does not (KIP-951).
fn hint(
    cluster: &Cluster,
    asked: &Asked,
    name: &str,
    index: i32,
    error_code: ErrorCode,
) -> Option<LeaderIdAndEpoch> {
    let is_wanted =
        error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER && asked.version >= FIRST_VERSION_WITH_HINTS;
    let (leader_id, leader_epoch) = leader_hint(cluster, name, index).filter(|_| is_wanted)?;
    Some(LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() })
}

fn record_error((batch_index, message): &(i32, String)) -> BatchIndexAndErrorMessage {
    let batch_index_error_message = Some(ByteString::from(message.as_str()));
    BatchIndexAndErrorMessage { batch_index: *batch_index, batch_index_error_message, ..Default::default() }
}

/// The addresses of the leaders that the answer names.
fn node_endpoints(cluster: &Cluster, response: &ProduceResponse) -> Vec<NodeEndpoint> {
    let partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    let leaders = hinted(cluster, partitions.map(|partition| partition.current_leader.leader_id));
    let endpoint = |(node_id, endpoint): (BrokerId, &Endpoint)| {
        let (host, port) = (endpoint.host.clone(), endpoint.port.into());
        NodeEndpoint { node_id, host, port, ..Default::default() }
    };
    leaders.into_iter().map(endpoint).collect()
}

/// What the journal keeps of a batch.
fn produced(batch: &RecordBatch, appended: &Result<Appended, Refused>) -> ProducedBatch {
    let header = batch.header();
    ProducedBatch {
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        record_count: header.record_count,
        size: batch.size(),
        crc: header.crc,
        duplicate: matches!(appended, Ok(Appended { duplicate: true, .. })),
    }
}
