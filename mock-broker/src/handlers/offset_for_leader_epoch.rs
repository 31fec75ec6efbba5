//! OffsetForLeaderEpoch (key 23): where an epoch ends, by which a consumer finds out whether what it has read is still there.

use protocol::ErrorCode;
use protocol::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderPartition, OffsetForLeaderTopicResult,
};
use protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use protocol::names::TopicName;

use super::{led, outcome, unknown_name};
use crate::cluster::{Asked, Cluster};

/// Answers for each partition that this broker leads (KIP-320).
pub(super) fn offset_for_leader_epoch(
    cluster: &Cluster,
    asked: &mut Asked,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let mut response = OffsetForLeaderEpochResponse::default();
    for topic in request.topics {
        let known = cluster.topics.get(&topic.topic);
        let known = known.map_or_else(|| unknown_name(&topic.topic), |known| known.name.clone());
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for wanted in &topic.partitions {
            let index = wanted.partition;
            let nothing = EpochEndOffset { partition: index, ..Default::default() };
            let end = match end(cluster, asked, &topic.topic, wanted) {
                Ok(Some((leader_epoch, end_offset))) => {
                    EpochEndOffset { leader_epoch, end_offset, ..nothing }
                }
                Ok(None) => nothing,
                Err(error_code) => EpochEndOffset { error_code, ..nothing },
            };
            asked.outcomes.push(outcome(&known, index, end.error_code, end.end_offset));
            partitions.push(end);
        }
        response.topics.push(OffsetForLeaderTopicResult {
            topic: topic.topic,
            partitions,
            ..Default::default()
        });
    }
    response
}

fn end(
    cluster: &Cluster,
    asked: &Asked,
    name: &TopicName,
    wanted: &OffsetForLeaderPartition,
) -> Result<Option<(i32, i64)>, ErrorCode> {
    let partition = led(cluster, asked, name, wanted.partition, wanted.current_leader_epoch)?;
    Ok(partition.log.end_of_epoch(wanted.leader_epoch))
}
