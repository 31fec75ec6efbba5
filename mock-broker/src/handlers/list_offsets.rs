//! ListOffsets (key 2): offsets by timestamp, and the ends of a log.

use std::collections::BTreeSet;

use protocol::ErrorCode;
use protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use protocol::names::{IsolationLevel, TopicName};

use super::{led, outcome, unknown_name};
use crate::cluster::log::Found;
use crate::cluster::{Asked, Cluster};

/// Timestamps that stand for something else, and the first version that knows them. Of the tiered ones: nothing is ever
/// moved away from the brokers here, so that the earliest local record is the earliest, and there is no other.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: (i64, i16) = (-3, 7);
const EARLIEST_LOCAL: (i64, i16) = (-4, 8);
const LATEST_TIERED: (i64, i16) = (-5, 9);
const EARLIEST_PENDING_UPLOAD: (i64, i16) = (-6, 11);

/// From this version on there is a place for leader epochs (KIP-320).
const FIRST_VERSION_WITH_EPOCHS: i16 = 4;

/// From this version on a new leader can say that it does not know yet.
const FIRST_VERSION_WITH_NOT_AVAILABLE: i16 = 5;

/// Answers for each partition that this broker leads.
pub(super) fn list_offsets(
    cluster: &mut Cluster,
    asked: &mut Asked,
    request: ListOffsetsRequest,
) -> ListOffsetsResponse {
    let mut response = ListOffsetsResponse::default();
    for topic in request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        let known = cluster.topics.get(&topic.name);
        let known = known.map_or_else(|| unknown_name(&topic.name), |known| known.name.clone());
        let mut asked_for = BTreeSet::new();
        for wanted in &topic.partitions {
            let index = wanted.partition_index;
            let found = match asked_for.insert(index) {
                false => Err(ErrorCode::INVALID_REQUEST),
                true => find(cluster, asked, &topic.name, wanted, request.isolation_level),
            };
            let mut partition = partition_response(index, found);
            if asked.version < FIRST_VERSION_WITH_EPOCHS {
                partition.leader_epoch = -1;
            }
            asked.outcomes.push(outcome(&known, index, partition.error_code, partition.offset));
            partitions.push(partition);
        }
        response.topics.push(ListOffsetsTopicResponse { name: topic.name, partitions, ..Default::default() });
    }
    response
}

/// Whether a version of the request has this timestamp, which stands for something else if it is negative.
fn knows_timestamp(version: i16, timestamp: i64) -> bool {
    let newer = [MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD];
    let newer = newer.iter().find(|(known, _)| *known == timestamp);
    timestamp >= 0
        || matches!(timestamp, LATEST | EARLIEST)
        || newer.is_some_and(|(_, first)| version >= *first)
}

fn find(
    cluster: &Cluster,
    asked: &Asked,
    name: &TopicName,
    wanted: &ListOffsetsPartition,
    isolation_level: IsolationLevel,
) -> Result<Option<Found>, ErrorCode> {
    if !knows_timestamp(asked.version, wanted.timestamp) {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    let partition = led(cluster, asked, name, wanted.partition_index, wanted.current_leader_epoch)?;
    let last = match isolation_level {
        IsolationLevel::READ_COMMITTED => partition.last_stable_offset(),
        _ => partition.high_watermark(),
    };
    // A new leader does not know yet what was safe with the last one.
    let is_behind = partition.epoch_start() > partition.high_watermark();
    let unknown = match asked.version >= FIRST_VERSION_WITH_NOT_AVAILABLE {
        true => ErrorCode::OFFSET_NOT_AVAILABLE,
        false => ErrorCode::LEADER_NOT_AVAILABLE,
    };
    let end_of_log = |offset, leader_epoch| Some(Found { offset, timestamp: -1, leader_epoch });
    let earliest = partition.log.earliest_epoch().unwrap_or(-1);
    let readable = |found: &Found| found.offset < last;
    Ok(match wanted.timestamp {
        LATEST if is_behind => return Err(unknown),
        LATEST => end_of_log(last, partition.leader_epoch),
        EARLIEST => end_of_log(partition.log_start_offset(), earliest),
        timestamp if timestamp == EARLIEST_LOCAL.0 => end_of_log(partition.log_start_offset(), earliest),
        timestamp if timestamp == LATEST_TIERED.0 || timestamp == EARLIEST_PENDING_UPLOAD.0 => None,
        timestamp if timestamp == MAX_TIMESTAMP.0 => partition.log.find_max_timestamp().filter(readable),
        timestamp => match partition.log.find_timestamp(timestamp).filter(readable) {
            None if is_behind => return Err(unknown),
            found => found,
        },
    })
}

fn partition_response(
    partition_index: i32,
    found: Result<Option<Found>, ErrorCode>,
) -> ListOffsetsPartitionResponse {
    let nothing = ListOffsetsPartitionResponse { partition_index, ..Default::default() };
    match found {
        Ok(Some(Found { offset, timestamp, leader_epoch })) => {
            ListOffsetsPartitionResponse { offset, timestamp, leader_epoch, ..nothing }
        }
        Ok(None) => nothing,
        Err(error_code) => ListOffsetsPartitionResponse { error_code, ..nothing },
    }
}
