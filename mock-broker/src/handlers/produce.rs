//! Produce (key 0): append batches to partitions.

use protocol::messages::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use protocol::messages::{ProduceRequest, ProduceResponse};
use protocol::names::{Acks, BrokerId, Timestamp, TopicName};
use protocol::records::{Part, RecordBatch, batches};
use protocol::{ByteString, ErrorCode, Response};

use super::{Answer, hinted, leader_hint, outcome, resolve, unknown_name};
use crate::cluster::append::{Appended, Refused, only_batch};
use crate::cluster::log::COPY_BELOW;
use crate::cluster::{Asked, Cluster, Endpoint};
use crate::fault::Site;
use crate::journal::ProducedBatch;

/// Appends each batch to its partition's log; answers unless nobody waits.
pub(super) fn produce(
    cluster: &mut Cluster,
    asked: &mut Asked,
    request: ProduceRequest,
    now: Timestamp,
) -> Answer {
    let acks = request.acks;
    asked.acks = Some(acks);
    let whole = refusal_of_all(&request);
    let mut response = ProduceResponse::default();
    for topic in request.topic_data {
        response.responses.push(topic_response(cluster, asked, topic, acks, whole, now));
    }
    detach(cluster, asked);
    if asked.version >= FIRST_VERSION_WITH_HINTS {
        response.node_endpoints = node_endpoints(cluster, &response);
    }
    let partitions = || response.responses.iter().flat_map(|topic| &topic.partition_responses);
    match acks {
        Acks::NONE if partitions().any(|partition| partition.error_code != ErrorCode::NONE) => Answer::Close,
        Acks::NONE => Answer::Never,
        _ => Answer::Now(Response::Produce(response)),
    }
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
    acks: Acks,
    whole: Option<ErrorCode>,
    now: Timestamp,
) -> TopicProduceResponse {
    let name = resolve(cluster, asked, FIRST_VERSION_WITH_IDS, &topic.name, topic.topic_id);
    let known = name.clone().unwrap_or_else(|_| unknown_name(&topic.name));
    let mut partition_responses = Vec::with_capacity(topic.partition_data.len());
    for data in topic.partition_data {
        let index = data.index;
        let batch = match (&name, whole) {
            (_, Some(error_code)) => Err(Refused::early(error_code)),
            (Err(error_code), None) => Err(Refused::early(*error_code)),
            (Ok(name), None) => check(cluster, asked, name, data, acks),
        };
        let (batch, appended) = match batch {
            Ok(batch) => {
                let appended = append(cluster, name.as_deref().unwrap_or_default(), index, &batch, now);
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
    cluster: &Cluster,
    asked: &Asked,
    name: &TopicName,
    data: PartitionProduceData,
    acks: Acks,
) -> Result<RecordBatch, Refused> {
    let refuse = |error_code| Err(Refused::early(error_code));
    let Some(partition) = cluster.topics.get(name).and_then(|topic| topic.partition(data.index)) else {
        return refuse(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    };
    let batch = only_batch(asked.version, data.records)?;
    if !matches!(acks, Acks::NONE | Acks::LEADER | Acks::ALL) {
        return refuse(ErrorCode::INVALID_REQUIRED_ACKS);
    }
    if let Some(error_code) = cluster.verdict(asked, Site::Partition(name, data.index)) {
        return refuse(error_code);
    }
    if partition.leader != asked.broker {
        return refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    }
    if batch.header().attributes.is_transactional() && batch.header().producer_id.0 >= 0 {
        // No transaction can have been begun here.
        return refuse(ErrorCode::INVALID_TXN_STATE);
    }
    Ok(batch)
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
    let wants_hint = refused.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER;
    if let Some((leader_id, leader_epoch)) = leader_hint(cluster, name, index)
        && wants_hint
        && asked.version >= FIRST_VERSION_WITH_HINTS
    {
        response.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
    }
    response
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
        duplicate: matches!(appended, Ok(Appended { duplicate: true, .. })),
    }
}
