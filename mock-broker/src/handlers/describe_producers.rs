//! DescribeProducers (key 61): who writes to a partition with a producer id (KIP-664).

use protocol::ErrorCode;
use protocol::messages::describe_producers::{PartitionResponse, ProducerState, TopicResponse};
use protocol::messages::{DescribeProducersRequest, DescribeProducersResponse};

use super::check_partition;
use crate::cluster::producers::ActiveProducer;
use crate::cluster::{Asked, Cluster};

/// Describes the producers of each partition that this broker leads.
pub(super) fn describe_producers(
    cluster: &Cluster,
    asked: &Asked,
    request: DescribeProducersRequest,
) -> DescribeProducersResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partition_indexes.iter();
        let partitions = partitions.map(|index| partition(cluster, asked, &topic.name, *index)).collect();
        TopicResponse { name: topic.name.clone(), partitions, ..Default::default() }
    });
    DescribeProducersResponse { topics: topics.collect(), ..Default::default() }
}

fn partition(cluster: &Cluster, asked: &Asked, name: &str, partition_index: i32) -> PartitionResponse {
    let checked = check_partition(cluster, asked, name, partition_index);
    let partition = cluster.topics.get(name).and_then(|topic| topic.partition(partition_index));
    let active_producers = checked.and_then(|()| {
        let partition = partition.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        match partition.leader == asked.broker {
            true => Ok(partition.producers.active().map(state).collect()),
            false => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        }
    });
    match active_producers {
        Ok(active_producers) => PartitionResponse { partition_index, active_producers, ..Default::default() },
        Err(error_code) => {
            // Kafka explains what is wrong with a topic, and not what with a partition.
            let is_absent = cluster.topics.get(name).is_none();
            let error_message = is_absent.then(|| "This server does not host this topic-partition.".into());
            PartitionResponse { partition_index, error_code, error_message, ..Default::default() }
        }
    }
}

fn state(producer: ActiveProducer) -> ProducerState {
    ProducerState {
        producer_id: producer.producer_id,
        producer_epoch: producer.epoch.into(),
        last_sequence: producer.last_sequence,
        last_timestamp: producer.last_timestamp,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.transaction.unwrap_or(-1),
        ..Default::default()
    }
}
