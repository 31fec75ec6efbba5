//! Every place in a request that fault rules can name.

use std::fmt;

use protocol::names::{ProducerId, TopicName, Uuid};
use protocol::records::{Part, batches};
use protocol::wire::Records;
use protocol::{ApiKey, Request};

use super::find_coordinator;
use crate::cluster::topic::{Topic, Topics};
use crate::fault::{Site, Whole};

/// What a rule can name in a request, by the rule's word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Topic,
    Partition,
    ProducerId,
    Group,
    TransactionalId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Topic => "topic",
            Self::Partition => "partition",
            Self::ProducerId => "producer_id",
            Self::Group => "group",
            Self::TransactionalId => "transactional_id",
        })
    }
}

/// What requests of an API have, in some of its versions: what [`sites`] finds there.
pub(crate) fn places(api_key: ApiKey) -> &'static [Place] {
    use Place::{Group, Partition, ProducerId, Topic, TransactionalId};
    match api_key {
        ApiKey::PRODUCE => &[Topic, Partition, ProducerId, TransactionalId],
        ApiKey::FETCH
        | ApiKey::LIST_OFFSETS
        | ApiKey::OFFSET_FOR_LEADER_EPOCH
        | ApiKey::METADATA
        | ApiKey::DESCRIBE_PRODUCERS
        | ApiKey::WRITE_TXN_MARKERS => &[Topic, Partition],
        ApiKey::CREATE_TOPICS | ApiKey::DELETE_TOPICS => &[Topic],
        ApiKey::FIND_COORDINATOR | ApiKey::ADD_OFFSETS_TO_TXN => &[Group, TransactionalId],
        ApiKey::INIT_PRODUCER_ID => &[ProducerId, TransactionalId],
        ApiKey::ADD_PARTITIONS_TO_TXN => &[Topic, Partition, TransactionalId],
        ApiKey::END_TXN | ApiKey::DESCRIBE_TRANSACTIONS => &[TransactionalId],
        ApiKey::TXN_OFFSET_COMMIT => &[Topic, Partition, ProducerId, Group, TransactionalId],
        ApiKey::OFFSET_COMMIT | ApiKey::OFFSET_DELETE => &[Topic, Partition, Group],
        ApiKey::JOIN_GROUP
        | ApiKey::SYNC_GROUP
        | ApiKey::HEARTBEAT
        | ApiKey::LEAVE_GROUP
        | ApiKey::OFFSET_FETCH
        | ApiKey::DESCRIBE_GROUPS
        | ApiKey::DELETE_GROUPS => &[Group],
        _ => &[],
    }
}

/// What a request says for all of it, and every place in it. Only asked while there are rules.
pub(crate) fn sites<'a>(topics: &'a Topics, request: &'a Request) -> (Whole, Vec<Site<'a>>) {
    let named = |name: &'a TopicName, id: Uuid| topics.name_of(id).unwrap_or(name).as_str();
    let mut whole = Whole::default();
    let mut sites = vec![Site::REQUEST];
    match request {
        Request::Produce(request) => {
            whole.transactional_id = request.transactional_id.as_deref().map(Into::into);
            for topic in &request.topic_data {
                let name = named(&topic.name, topic.topic_id);
                sites.extend(topic.partition_data.iter().map(|data| {
                    let site = Site::partition(name, data.index);
                    producer_of(data.records.as_ref()).map_or(site, |producer| site.of_producer(producer))
                }));
            }
        }
        Request::Fetch(request) => {
            for topic in &request.topics {
                let name = named(&topic.topic, topic.topic_id);
                sites.extend(topic.partitions.iter().map(|data| Site::partition(name, data.partition)));
            }
        }
        Request::ListOffsets(request) => {
            for topic in &request.topics {
                let partitions = topic.partitions.iter();
                sites.extend(partitions.map(|data| Site::partition(&topic.name, data.partition_index)));
            }
        }
        Request::OffsetForLeaderEpoch(request) => {
            for topic in &request.topics {
                let partitions = topic.partitions.iter();
                sites.extend(partitions.map(|data| Site::partition(&topic.topic, data.partition)));
            }
        }
        Request::Metadata(request) => match &request.topics {
            None => sites.extend(topics.iter().flat_map(metadata_sites)),
            Some(asked) => {
                for topic in asked {
                    let name = topic.name.as_ref().or_else(|| topics.name_of(topic.topic_id));
                    let Some(name) = name else { continue };
                    sites.push(Site::topic(name));
                    sites.extend(topics.get(name).into_iter().flat_map(metadata_sites));
                }
            }
        },
        Request::FindCoordinator(request) => {
            let keys =
                request.coordinator_keys.iter().chain(Some(&request.key).filter(|key| !key.is_empty()));
            sites.extend(keys.map(|key| find_coordinator::site(key, request.key_type)));
        }
        Request::InitProducerId(request) => {
            whole.transactional_id = request.transactional_id.as_deref().map(Into::into);
            whole.producer_id = Some(request.producer_id).filter(|id| *id != ProducerId::NONE);
        }
        Request::AddPartitionsToTxn(request) => {
            let ids = request.transactions.iter().map(|transaction| &transaction.transactional_id);
            let old = Some(&request.v3_and_below_transactional_id).filter(|id| !id.is_empty());
            whole.transactional_id = old.map(|id| id.as_str().into());
            sites.extend(ids.map(|id| Site::transactional_id(id)));
            let topics = request.transactions.iter().flat_map(|transaction| &transaction.topics);
            for topic in topics.chain(&request.v3_and_below_topics) {
                sites.extend(topic.partitions.iter().map(|index| Site::partition(&topic.name, *index)));
            }
        }
        Request::AddOffsetsToTxn(request) => {
            whole.transactional_id = Some(request.transactional_id.as_str().into());
            whole.group = Some(request.group_id.as_str().into());
        }
        Request::EndTxn(request) => {
            whole.transactional_id = Some(request.transactional_id.as_str().into());
        }
        Request::TxnOffsetCommit(request) => {
            whole.transactional_id = Some(request.transactional_id.clone().into());
            whole.producer_id = Some(request.producer_id);
            sites.push(Site::group(&request.group_id));
            for topic in &request.topics {
                let partitions = topic.partitions.iter();
                sites.extend(partitions.map(|data| Site::partition(&topic.name, data.partition_index)));
            }
        }
        Request::DescribeTransactions(request) => {
            sites.extend(request.transactional_ids.iter().map(|id| Site::transactional_id(id)));
        }
        Request::DescribeProducers(request) => {
            for topic in &request.topics {
                let partitions = topic.partition_indexes.iter();
                sites.extend(partitions.map(|index| Site::partition(&topic.name, *index)));
            }
        }
        Request::WriteTxnMarkers(request) => {
            for topic in request.markers.iter().flat_map(|marker| &marker.topics) {
                let partitions = topic.partition_indexes.iter();
                sites.extend(partitions.map(|index| Site::partition(&topic.name, *index)));
            }
        }
        Request::CreateTopics(request) => {
            sites.extend(request.topics.iter().map(|topic| Site::topic(&topic.name)));
        }
        Request::DeleteTopics(request) => {
            sites.extend(request.topic_names.iter().map(|name| Site::topic(name)));
            for topic in &request.topics {
                let name = topic.name.as_ref().or_else(|| topics.name_of(topic.topic_id));
                sites.extend(name.map(|name| Site::topic(name)));
            }
        }
        Request::JoinGroup(request) => whole.group = Some(request.group_id.as_str().into()),
        Request::SyncGroup(request) => whole.group = Some(request.group_id.as_str().into()),
        Request::Heartbeat(request) => whole.group = Some(request.group_id.as_str().into()),
        Request::LeaveGroup(request) => whole.group = Some(request.group_id.as_str().into()),
        Request::OffsetCommit(request) => {
            whole.group = Some(request.group_id.as_str().into());
            for topic in &request.topics {
                let name = named(&topic.name, topic.topic_id);
                let partitions = topic.partitions.iter();
                sites.extend(partitions.map(|data| Site::partition(name, data.partition_index)));
            }
        }
        Request::OffsetFetch(request) => {
            sites.extend(request.groups.iter().map(|group| Site::group(&group.group_id)));
            whole.group = Some(request.group_id.as_str().into()).filter(|_| request.groups.is_empty());
        }
        Request::OffsetDelete(request) => {
            whole.group = Some(request.group_id.as_str().into());
            for topic in &request.topics {
                let partitions = topic.partitions.iter();
                sites.extend(partitions.map(|data| Site::partition(&topic.name, data.partition_index)));
            }
        }
        Request::DescribeGroups(request) => sites.extend(request.groups.iter().map(|id| Site::group(id))),
        Request::DeleteGroups(request) => {
            sites.extend(request.groups_names.iter().map(|id| Site::group(id)));
        }
        _ => {}
    }
    (whole, sites)
}

fn metadata_sites(topic: &Topic) -> impl Iterator<Item = Site<'_>> {
    let partitions = (0..topic.partitions.len()).map(|index| Site::partition(&topic.name, index as i32));
    std::iter::once(Site::topic(&topic.name)).chain(partitions)
}

/// The producer of the first batch among these records.
fn producer_of(records: Option<&Records>) -> Option<ProducerId> {
    match batches(&records?.to_bytes()).next() {
        Some(Ok(Part::Batch(batch))) => Some(batch.header().producer_id),
        _ => None,
    }
}
