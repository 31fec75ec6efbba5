//! OffsetCommit (key 8): store how far a group has read.

use std::time::Duration;

use protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};
use protocol::names::Timestamp;
use protocol::{ByteString, ErrorCode};

use super::{check_group, check_partition, is_absent, outcome, resolve, unknown_name};
use crate::cluster::groups::offsets::{Committed, Committer};
use crate::cluster::{Asked, Cluster};

/// From this version on topics are named by id (KIP-848).
const FIRST_VERSION_WITH_IDS: i16 = 10;
/// From this version on a group that is not there is told from a generation that is not.
const FIRST_VERSION_WITH_GROUP_NOT_FOUND: i16 = 9;

/// Stores the offset of each partition that exists, if the group takes it.
pub(super) fn offset_commit(
    cluster: &mut Cluster,
    asked: &mut Asked,
    request: OffsetCommitRequest,
    now: Timestamp,
) -> OffsetCommitResponse {
    let id = &request.group_id;
    let by = Committer {
        member: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
        generation: request.generation_id_or_member_epoch,
        is_transactional: false,
    };
    let unknown = match asked.version {
        FIRST_VERSION_WITH_GROUP_NOT_FOUND.. => ErrorCode::GROUP_ID_NOT_FOUND,
        _ => ErrorCode::ILLEGAL_GENERATION,
    };
    // The coordinator is asked only if there is something to store.
    let mut group = None;
    let expires = u64::try_from(request.retention_time_ms).ok().map(|ms| now + Duration::from_millis(ms));
    let mut response = OffsetCommitResponse::default();
    for topic in &request.topics {
        let name = resolve(cluster, asked, FIRST_VERSION_WITH_IDS, &topic.name, topic.topic_id);
        let known = name.clone().unwrap_or_else(|_| unknown_name(&topic.name));
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for wanted in &topic.partitions {
            let index = wanted.partition_index;
            let stored = name.clone().and_then(|name| {
                check_partition(cluster, asked, &name, index)?;
                group
                    .get_or_insert_with(|| {
                        check_group(cluster, asked, id)?;
                        cluster.groups.check_commit(id, by, unknown, now)
                    })
                    .to_owned()?;
                cluster.groups.commit(id, (name, index), committed(wanted, now, expires), None)
            });
            let error_code = stored.err().unwrap_or_default();
            asked.outcomes.push(outcome(&known, index, error_code, wanted.committed_offset));
            partitions.push(OffsetCommitResponsePartition {
                partition_index: index,
                error_code,
                ..Default::default()
            });
        }
        partitions.sort_by_key(|partition| !is_absent(partition.error_code));
        let (name, topic_id) = (topic.name.clone(), topic.topic_id);
        response.topics.push(OffsetCommitResponseTopic { name, topic_id, partitions, ..Default::default() });
    }
    response.topics.sort_by_key(|topic| !topic.partitions.iter().any(|one| is_absent(one.error_code)));
    response
}

fn committed(wanted: &OffsetCommitRequestPartition, at: Timestamp, expires: Option<Timestamp>) -> Committed {
    Committed {
        offset: wanted.committed_offset,
        leader_epoch: wanted.committed_leader_epoch,
        metadata: ByteString::from(wanted.committed_metadata.as_deref().unwrap_or_default()),
        at,
        expires,
    }
}
