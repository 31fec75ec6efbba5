//! OffsetFetch (key 9): how far groups have read.

use std::collections::BTreeMap;

use protocol::messages::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponseGroup,
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use protocol::messages::{OffsetFetchRequest, OffsetFetchResponse};
use protocol::names::{TopicName, Uuid};
use protocol::{ByteString, ErrorCode};

use super::{check_group, resolve};
use crate::cluster::groups::offsets::{Committed, Offsets};
use crate::cluster::{Asked, Cluster};

/// From this version on many groups are asked about at once (KIP-709).
const FIRST_BATCHED_VERSION: i16 = 8;
/// From this version on topics are named by id (KIP-848).
const FIRST_VERSION_WITH_IDS: i16 = 10;
/// From this version on there is a place for the error of the group.
const FIRST_VERSION_WITH_GROUP_ERROR: i16 = 2;

/// Tells what each group has committed, for the given partitions or all.
pub(super) fn offset_fetch(
    cluster: &mut Cluster,
    asked: &mut Asked,
    request: OffsetFetchRequest,
) -> OffsetFetchResponse {
    let stable = request.require_stable;
    if asked.version >= FIRST_BATCHED_VERSION {
        let groups = request.groups.iter().map(|group| fetch(cluster, asked, group, stable)).collect();
        return OffsetFetchResponse { groups, ..Default::default() };
    }
    let topics = request.topics.map(|topics| {
        let topics = topics.into_iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..Default::default()
        });
        topics.collect::<Vec<_>>()
    });
    let group = OffsetFetchRequestGroup { group_id: request.group_id, topics, ..Default::default() };
    let mut found = fetch(cluster, asked, &group, stable);
    if asked.version < FIRST_VERSION_WITH_GROUP_ERROR && found.error_code != ErrorCode::NONE {
        found.topics = failed_topics(&group, found.error_code);
    }
    let partition = |found: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: found.partition_index,
        committed_offset: found.committed_offset,
        committed_leader_epoch: found.committed_leader_epoch,
        metadata: found.metadata,
        error_code: found.error_code,
        ..Default::default()
    };
    let topic = |found: OffsetFetchResponseTopics| OffsetFetchResponseTopic {
        name: found.name,
        partitions: found.partitions.into_iter().map(partition).collect(),
        ..Default::default()
    };
    OffsetFetchResponse {
        error_code: found.error_code,
        topics: found.topics.into_iter().map(topic).collect(),
        ..Default::default()
    }
}

fn fetch(
    cluster: &Cluster,
    asked: &Asked,
    wanted: &OffsetFetchRequestGroup,
    stable: bool,
) -> OffsetFetchResponseGroup {
    let group_id = wanted.group_id.clone();
    if let Err(error_code) = check_group(cluster, asked, &group_id) {
        return OffsetFetchResponseGroup { group_id, error_code, ..Default::default() };
    }
    let none = Offsets::default();
    let offsets = cluster.groups.get(&group_id).map_or(&none, |group| &group.offsets);
    let topics = match &wanted.topics {
        None => all(cluster, asked, offsets, stable),
        Some(topics) => topics.iter().map(|topic| some(cluster, asked, offsets, topic, stable)).collect(),
    };
    OffsetFetchResponseGroup { group_id, topics, ..Default::default() }
}

fn some(
    cluster: &Cluster,
    asked: &Asked,
    offsets: &Offsets,
    wanted: &OffsetFetchRequestTopics,
    stable: bool,
) -> OffsetFetchResponseTopics {
    // By name offsets are found whether or not the topic exists.
    let name = match asked.version {
        FIRST_VERSION_WITH_IDS.. => {
            resolve(cluster, asked, FIRST_VERSION_WITH_IDS, &wanted.name, wanted.topic_id)
        }
        _ => Ok(wanted.name.clone()),
    };
    let partition = |index: &i32| match &name {
        Ok(name) => partition(offsets, name, *index, offsets.get(name, *index), stable),
        Err(error_code) => nothing(*index, *error_code),
    };
    OffsetFetchResponseTopics {
        name: wanted.name.clone(),
        topic_id: wanted.topic_id,
        partitions: wanted.partition_indexes.iter().map(partition).collect(),
        ..Default::default()
    }
}

fn all(cluster: &Cluster, asked: &Asked, offsets: &Offsets, stable: bool) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: BTreeMap<&TopicName, Vec<OffsetFetchResponsePartitions>> = BTreeMap::new();
    for (topic, index, committed) in offsets.iter() {
        let found = partition(offsets, topic, index, Some(committed), stable);
        topics.entry(topic).or_default().push(found);
    }
    let topic = |(name, partitions): (&TopicName, _)| {
        let topic_id = cluster.topics.get(name).map(|topic| topic.id);
        if topic_id.is_none() && asked.version >= FIRST_VERSION_WITH_IDS {
            return None;
        }
        let topic_id = topic_id.unwrap_or(Uuid::ZERO);
        Some(OffsetFetchResponseTopics { name: name.clone(), topic_id, partitions, ..Default::default() })
    };
    topics.into_iter().filter_map(topic).collect()
}

fn partition(
    offsets: &Offsets,
    topic: &TopicName,
    index: i32,
    committed: Option<&Committed>,
    stable: bool,
) -> OffsetFetchResponsePartitions {
    if stable && offsets.is_unstable(topic, index) {
        return nothing(index, ErrorCode::UNSTABLE_OFFSET_COMMIT);
    }
    let Some(committed) = committed else { return nothing(index, ErrorCode::NONE) };
    OffsetFetchResponsePartitions {
        partition_index: index,
        committed_offset: committed.offset,
        committed_leader_epoch: committed.leader_epoch,
        metadata: Some(committed.metadata.clone()),
        ..Default::default()
    }
}

fn nothing(partition_index: i32, error_code: ErrorCode) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        error_code,
        committed_offset: -1,
        committed_leader_epoch: -1,
        metadata: Some(ByteString::new()),
        ..Default::default()
    }
}

/// Where there is no place for the error of the group, every partition has it.
fn failed_topics(group: &OffsetFetchRequestGroup, error_code: ErrorCode) -> Vec<OffsetFetchResponseTopics> {
    let topics = group.topics.iter().flatten().map(|topic| OffsetFetchResponseTopics {
        name: topic.name.clone(),
        partitions: topic.partition_indexes.iter().map(|index| nothing(*index, error_code)).collect(),
        ..Default::default()
    });
    topics.collect()
}
