//! The ends of transactions in a partition's log.

use protocol::ErrorCode;
use protocol::names::{ProducerId, Timestamp};
use protocol::records::{EndTransactionMarker, Part, TimestampType, batches};

use super::Cluster;
use super::log::Stamp;
use super::topic::Partition;

impl Cluster {
    /// Writes the end of a producer's transaction into a partition.
    ///
    /// # Errors
    /// [`ErrorCode::LEADER_NOT_AVAILABLE`] while nobody leads it; [`ErrorCode::KAFKA_STORAGE_ERROR`] while the logs are full; the
    /// partition is not there; the producer or the coordinator has been fenced.
    pub(crate) fn write_marker(
        &mut self,
        topic: &str,
        index: i32,
        producer: (ProducerId, i16),
        is_commit: bool,
        coordinator_epoch: i32,
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        if self.topics.get(topic).and_then(|topic| topic.partition(index)).is_none() {
            return Err(unknown);
        }
        self.make_room(MARKER).map_err(|_| ErrorCode::KAFKA_STORAGE_ERROR)?;
        let topic = self.topics.get_mut(topic).ok_or(unknown)?;
        let (id, expiration_ms) = (topic.id, topic.rules.producer_id_expiration_ms);
        let partition = topic.partition_mut(index).ok_or(unknown)?;
        let leader = partition.leader;
        if self.brokers.get(&leader).is_none_or(|broker| broker.is_fenced) {
            return Err(ErrorCode::LEADER_NOT_AVAILABLE);
        }
        partition.append_marker(producer, is_commit, coordinator_epoch, now)?;
        partition.producers.expire(now, expiration_ms);
        if partition.replication.is_some() {
            self.replicate(id, index, now);
        }
        self.touch(id, index);
        Ok(())
    }
}

/// How many bytes a marker has: the header of its batch, and one record.
const MARKER: usize = 78;

impl Partition {
    fn append_marker(
        &mut self,
        (producer_id, epoch): (ProducerId, i16),
        is_commit: bool,
        coordinator_epoch: i32,
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        self.producers.check_marker(producer_id, epoch, coordinator_epoch)?;
        let marker = EndTransactionMarker { coordinator_epoch };
        let made = match is_commit {
            true => marker.commit(now.0, producer_id, epoch),
            false => marker.abort(now.0, producer_id, epoch),
        };
        let bytes = made.map_err(|_| ErrorCode::UNKNOWN_SERVER_ERROR)?;
        let Some(Ok(Part::Batch(batch))) = batches(&bytes).next() else {
            return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
        };
        let stamp = Stamp { timestamp_type: TimestampType::CreateTime, max_timestamp: now.0 };
        let high_watermark = self.high_watermark();
        let offset = self.log.append(&batch, self.leader_epoch, stamp, now);
        self.producers.ended((producer_id, epoch), is_commit, coordinator_epoch, offset, high_watermark, now);
        Ok(())
    }
}
