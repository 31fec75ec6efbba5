//! OffsetDelete (key 47): delete what is stored of a group's offsets in some partitions (KIP-496).

use protocol::ErrorCode;
use protocol::messages::offset_delete::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse};

use super::{check_group, check_partition, is_absent};
use crate::cluster::{Asked, Cluster};

/// Deletes offsets of topics that no member of the group reads.
pub(super) fn offset_delete(
    cluster: &mut Cluster,
    asked: &Asked,
    request: OffsetDeleteRequest,
) -> OffsetDeleteResponse {
    let id = &request.group_id;
    let checked = check_group(cluster, asked, id).and_then(|()| match id.is_empty() {
        true => Err(ErrorCode::INVALID_GROUP_ID),
        false => cluster.groups.check_offset_delete(id).map(drop),
    });
    if let Err(error_code) = checked {
        return OffsetDeleteResponse { error_code, ..Default::default() };
    }
    let mut response = OffsetDeleteResponse::default();
    for topic in request.topics {
        let name = topic.name;
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in topic.partitions {
            let partition_index = partition.partition_index;
            let is_read = cluster.groups.get(id).is_some_and(|group| group.classic.is_subscribed(&name));
            let deleted =
                check_partition(cluster, asked, &name, partition_index).and_then(|()| match is_read {
                    true => Err(ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC),
                    false => {
                        cluster.groups.delete_offset(id, &name, partition_index);
                        Ok(())
                    }
                });
            let error_code = deleted.err().unwrap_or_default();
            partitions.push(OffsetDeleteResponsePartition { partition_index, error_code });
        }
        partitions.sort_by_key(|partition| !is_absent(partition.error_code));
        response.topics.push(OffsetDeleteResponseTopic { name, partitions });
    }
    response.topics.sort_by_key(|topic| !topic.partitions.iter().any(|one| is_absent(one.error_code)));
    response
}
