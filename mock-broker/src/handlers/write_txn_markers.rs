//! WriteTxnMarkers (key 27): commit and abort markers, as an operator has them written who ends a transaction that hangs
//! (KIP-98, KIP-664).

use protocol::ErrorCode;
use protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerPartitionResult, WritableTxnMarkerResult,
    WritableTxnMarkerTopicResult,
};
use protocol::messages::{WriteTxnMarkersRequest, WriteTxnMarkersResponse};
use protocol::names::Timestamp;

use super::check_partition;
use crate::cluster::{Asked, Cluster};

/// Writes each marker into the partitions that this broker leads.
pub(super) fn write_txn_markers(
    cluster: &mut Cluster,
    asked: &Asked,
    request: WriteTxnMarkersRequest,
    now: Timestamp,
) -> WriteTxnMarkersResponse {
    let markers = request.markers.into_iter().map(|marker| written(cluster, asked, marker, now));
    WriteTxnMarkersResponse { markers: markers.collect(), ..Default::default() }
}

fn written(
    cluster: &mut Cluster,
    asked: &Asked,
    marker: WritableTxnMarker,
    now: Timestamp,
) -> WritableTxnMarkerResult {
    let producer = (marker.producer_id, marker.producer_epoch);
    let mut topics = Vec::with_capacity(marker.topics.len());
    for topic in marker.topics {
        let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
        for partition_index in topic.partition_indexes.iter().copied() {
            let name = &topic.name;
            let written = check_leader(cluster, asked, name, partition_index).and_then(|()| {
                let (is_commit, epoch) = (marker.transaction_result, marker.coordinator_epoch);
                cluster.write_marker(name, partition_index, producer, is_commit, epoch, now)
            });
            let error_code = written.err().unwrap_or_default();
            partitions.push(WritableTxnMarkerPartitionResult {
                partition_index,
                error_code,
                ..Default::default()
            });
        }
        topics.push(WritableTxnMarkerTopicResult { name: topic.name, partitions, ..Default::default() });
    }
    WritableTxnMarkerResult { producer_id: marker.producer_id, topics, ..Default::default() }
}

fn check_leader(cluster: &Cluster, asked: &Asked, name: &str, index: i32) -> Result<(), ErrorCode> {
    check_partition(cluster, asked, name, index)?;
    let partition = cluster.topics.get(name).and_then(|topic| topic.partition(index));
    // A broker that has no replica does not know that there is such a partition.
    let is_leader = partition.is_some_and(|partition| partition.leader == asked.broker);
    if is_leader { Ok(()) } else { Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) }
}
