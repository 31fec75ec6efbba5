//! What rules do to an answer before it is written, and to its bytes after.

use bytes::Bytes;

use protocol::frame::EncodedFrame;
use protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use protocol::names::{ProducerId, TopicName, Uuid};
use protocol::records::{Part, batches};
use protocol::wire::Records;
use protocol::{ErrorCode, Response};

use super::{Corruption, Site, Strikes};
use crate::journal::PartitionOutcome;
use protocol::random::Random;

/// Puts the errors that rules want after all into an answer, where Kafka has a place for them.
pub(crate) fn apply_afterthoughts(
    strikes: &Strikes,
    response: &mut Response,
    outcomes: &[PartitionOutcome],
    name_of: &dyn Fn(Uuid) -> Option<TopicName>,
) {
    let producer_of = |topic: &str, partition: i32| {
        let outcome = outcomes.iter().find(|it| it.topic.as_str() == topic && it.partition == partition);
        outcome.and_then(|outcome| outcome.batch).map(|batch| batch.producer_id)
    };
    each_error(response, name_of, &producer_of, &mut |site, error_code| {
        *error_code = strikes.afterthought(site).unwrap_or(*error_code);
    });
    match response {
        // Nobody gets an id together with an error.
        Response::InitProducerId(response) if response.error_code.is_error() => {
            (response.producer_id, response.producer_epoch) = (ProducerId::NONE, -1);
        }
        Response::JoinGroup(response) if response.error_code.is_error() => {
            let (error_code, member_id) = (response.error_code, response.member_id.clone());
            *response = JoinGroupResponse { error_code, member_id, generation_id: -1, ..Default::default() };
        }
        Response::SyncGroup(response) if response.error_code.is_error() => {
            let error_code = response.error_code;
            *response = SyncGroupResponse { error_code, ..Default::default() };
        }
        Response::Fetch(response) => {
            let partitions = response.responses.iter_mut().flat_map(|topic| &mut topic.partitions);
            for partition in partitions.filter(|partition| partition.error_code.is_error()) {
                partition.records = Some(Records::default());
            }
        }
        _ => {}
    }
}

/// The same for what the journal keeps of the request; whether there is an error now.
pub(crate) fn apply_to_outcomes(strikes: &Strikes, outcomes: &mut [PartitionOutcome]) -> bool {
    for outcome in outcomes.iter_mut() {
        let site = Site::partition(&outcome.topic, outcome.partition);
        let site = outcome.batch.map_or(site, |batch| site.of_producer(batch.producer_id));
        outcome.error_code = strikes.afterthought(site).unwrap_or(outcome.error_code);
    }
    outcomes.iter().any(|outcome| outcome.error_code.is_error())
}

/// Shows every error code in an answer together with its place.
fn each_error(
    response: &mut Response,
    name_of: &dyn Fn(Uuid) -> Option<TopicName>,
    producer_of: &dyn Fn(&str, i32) -> Option<ProducerId>,
    visit: &mut dyn FnMut(Site<'_>, &mut ErrorCode),
) {
    let named = |name: &TopicName, id: Uuid| name_of(id).unwrap_or_else(|| name.clone());
    match response {
        Response::Produce(response) => {
            for topic in &mut response.responses {
                let name = named(&topic.name, topic.topic_id);
                for partition in &mut topic.partition_responses {
                    let site = Site::partition(&name, partition.index);
                    let producer = producer_of(&name, partition.index);
                    let site = producer.map_or(site, |producer| site.of_producer(producer));
                    visit(site, &mut partition.error_code);
                }
            }
        }
        Response::Fetch(response) => {
            for topic in &mut response.responses {
                let name = named(&topic.topic, topic.topic_id);
                for partition in &mut topic.partitions {
                    visit(Site::partition(&name, partition.partition_index), &mut partition.error_code);
                }
            }
        }
        Response::ListOffsets(response) => {
            for topic in &mut response.topics {
                for partition in &mut topic.partitions {
                    let site = Site::partition(&topic.name, partition.partition_index);
                    visit(site, &mut partition.error_code);
                }
            }
        }
        Response::OffsetForLeaderEpoch(response) => {
            for topic in &mut response.topics {
                for partition in &mut topic.partitions {
                    visit(Site::partition(&topic.topic, partition.partition), &mut partition.error_code);
                }
            }
        }
        Response::Metadata(response) => {
            for topic in &mut response.topics {
                let name = topic.name.clone().unwrap_or_default();
                visit(Site::topic(&name), &mut topic.error_code);
                for partition in &mut topic.partitions {
                    visit(Site::partition(&name, partition.partition_index), &mut partition.error_code);
                }
            }
        }
        Response::CreateTopics(response) => {
            for topic in &mut response.topics {
                visit(Site::topic(&topic.name), &mut topic.error_code);
            }
        }
        Response::DeleteTopics(response) => {
            for topic in &mut response.responses {
                visit(Site::topic(topic.name.as_deref().unwrap_or_default()), &mut topic.error_code);
            }
        }
        Response::FindCoordinator(response) => {
            visit(Site::REQUEST, &mut response.error_code);
            for coordinator in &mut response.coordinators {
                visit(Site::coordinator_key(&coordinator.key), &mut coordinator.error_code);
            }
        }
        Response::JoinGroup(response) => visit(Site::REQUEST, &mut response.error_code),
        Response::SyncGroup(response) => visit(Site::REQUEST, &mut response.error_code),
        Response::Heartbeat(response) => visit(Site::REQUEST, &mut response.error_code),
        Response::LeaveGroup(response) => visit(Site::REQUEST, &mut response.error_code),
        Response::ListGroups(response) => visit(Site::REQUEST, &mut response.error_code),
        Response::OffsetCommit(response) => {
            for topic in &mut response.topics {
                let name = named(&topic.name, topic.topic_id);
                for partition in &mut topic.partitions {
                    visit(Site::partition(&name, partition.partition_index), &mut partition.error_code);
                }
            }
        }
        Response::OffsetDelete(response) => {
            for topic in &mut response.topics {
                for partition in &mut topic.partitions {
                    visit(Site::partition(&topic.name, partition.partition_index), &mut partition.error_code);
                }
            }
        }
        Response::OffsetFetch(response) => {
            visit(Site::REQUEST, &mut response.error_code);
            for group in &mut response.groups {
                visit(Site::group(&group.group_id), &mut group.error_code);
            }
        }
        Response::DescribeGroups(response) => {
            for group in &mut response.groups {
                visit(Site::group(&group.group_id), &mut group.error_code);
            }
        }
        Response::DeleteGroups(response) => {
            for group in &mut response.results {
                visit(Site::group(&group.group_id), &mut group.error_code);
            }
        }
        Response::AddOffsetsToTxn(response) => visit(Site::REQUEST, &mut response.error_code),
        Response::EndTxn(response) => visit(Site::REQUEST, &mut response.error_code),
        Response::AddPartitionsToTxn(response) => {
            for transaction in &mut response.results_by_transaction {
                let place = Site::transactional_id(&transaction.transactional_id);
                for topic in &mut transaction.topic_results {
                    for partition in &mut topic.results_by_partition {
                        let site = place.in_partition(&topic.name, partition.partition_index);
                        visit(site, &mut partition.partition_error_code);
                    }
                }
            }
            for topic in &mut response.results_by_topic_v3_and_below {
                for partition in &mut topic.results_by_partition {
                    let site = Site::partition(&topic.name, partition.partition_index);
                    visit(site, &mut partition.partition_error_code);
                }
            }
        }
        Response::TxnOffsetCommit(response) => {
            for topic in &mut response.topics {
                for partition in &mut topic.partitions {
                    let site = Site::partition(&topic.name, partition.partition_index);
                    visit(site, &mut partition.error_code);
                }
            }
        }
        Response::ApiVersions(response) => visit(Site::REQUEST, &mut response.error_code),
        Response::InitProducerId(response) => visit(Site::REQUEST, &mut response.error_code),
        _ => {}
    }
}

/// Says in an answer that the client was throttled; versions without a place for it stay silent.
pub(crate) fn throttle(response: &mut Response, time_ms: i32) {
    let place = match response {
        Response::Produce(response) => &mut response.throttle_time_ms,
        Response::Fetch(response) => &mut response.throttle_time_ms,
        Response::ListOffsets(response) => &mut response.throttle_time_ms,
        Response::OffsetForLeaderEpoch(response) => &mut response.throttle_time_ms,
        Response::Metadata(response) => &mut response.throttle_time_ms,
        Response::FindCoordinator(response) => &mut response.throttle_time_ms,
        Response::JoinGroup(response) => &mut response.throttle_time_ms,
        Response::SyncGroup(response) => &mut response.throttle_time_ms,
        Response::Heartbeat(response) => &mut response.throttle_time_ms,
        Response::LeaveGroup(response) => &mut response.throttle_time_ms,
        Response::ListGroups(response) => &mut response.throttle_time_ms,
        Response::DescribeGroups(response) => &mut response.throttle_time_ms,
        Response::DeleteGroups(response) => &mut response.throttle_time_ms,
        Response::OffsetCommit(response) => &mut response.throttle_time_ms,
        Response::OffsetFetch(response) => &mut response.throttle_time_ms,
        Response::OffsetDelete(response) => &mut response.throttle_time_ms,
        Response::AddPartitionsToTxn(response) => &mut response.throttle_time_ms,
        Response::AddOffsetsToTxn(response) => &mut response.throttle_time_ms,
        Response::EndTxn(response) => &mut response.throttle_time_ms,
        Response::TxnOffsetCommit(response) => &mut response.throttle_time_ms,
        Response::DescribeProducers(response) => &mut response.throttle_time_ms,
        Response::DescribeTransactions(response) => &mut response.throttle_time_ms,
        Response::ListTransactions(response) => &mut response.throttle_time_ms,
        Response::ApiVersions(response) => &mut response.throttle_time_ms,
        Response::CreateTopics(response) => &mut response.throttle_time_ms,
        Response::DeleteTopics(response) => &mut response.throttle_time_ms,
        Response::InitProducerId(response) => &mut response.throttle_time_ms,
        _ => return,
    };
    *place = time_ms;
}

/// Turns a bit in the checksum of every record batch of a Fetch answer.
pub(crate) fn break_checksums(response: &mut Response) {
    let Response::Fetch(response) = response else { return };
    for partition in response.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
        let Some(records) = &mut partition.records else { continue };
        let whole = records.to_bytes();
        let mut damaged = whole.to_vec();
        let mut at = 0;
        for part in batches(&whole) {
            let Ok(Part::Batch(batch)) = part else { break };
            damaged[at + CRC] ^= 1;
            at += batch.size();
        }
        *records = damaged.into();
    }
}

/// Where the checksum of a record batch lies in it.
const CRC: usize = 17;
/// What a frame begins with: its length, and the correlation id.
const LENGTH: usize = 4;
const HEAD: usize = 8;

/// Damages the bytes of an answer.
pub(crate) fn corrupt(frame: EncodedFrame, corruption: &Corruption, random: &mut Random) -> EncodedFrame {
    let mut bytes = match corruption {
        Corruption::Raw(raw) => raw.clone(),
        _ => frame.into_bytes().to_vec(),
    };
    match corruption {
        Corruption::Length => {
            let length = (bytes.len() as i32 - LENGTH as i32 - 1).to_be_bytes();
            bytes[..LENGTH].copy_from_slice(&length);
        }
        Corruption::CorrelationId => bytes[LENGTH..HEAD].iter_mut().for_each(|byte| *byte = !*byte),
        Corruption::Garbage => bytes[HEAD..].iter_mut().for_each(|byte| *byte = random.bits() as u8),
        // The one was damaged before it became bytes; the other is what it is.
        Corruption::Crc | Corruption::Raw(_) => {}
    }
    frame_of(bytes)
}

/// The beginning of an answer: so many bytes, or half of it.
pub(crate) fn beginning(frame: EncodedFrame, bytes: Option<usize>) -> EncodedFrame {
    let mut whole = frame.into_bytes();
    whole.truncate(bytes.unwrap_or(whole.len() / 2));
    EncodedFrame::from_parts(vec![whole])
}

fn frame_of(bytes: Vec<u8>) -> EncodedFrame {
    EncodedFrame::from_parts(vec![Bytes::from(bytes)])
}
