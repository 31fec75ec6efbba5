//! Idempotence: what a partition remembers of each producer, to refuse gaps and recognise duplicates (KIP-98, KIP-360).

use std::collections::BTreeMap;

use protocol::ErrorCode;
use protocol::names::{ProducerId, Timestamp};
use protocol::records::BatchHeader;

use super::log::Log;

/// The producers that have written to a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Producers {
    by_id: BTreeMap<ProducerId, Producer>,
    /// At how many producers the expired ones are looked for next.
    next_sweep: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Producer {
    epoch: i16,
    /// The newest last.
    remembered: Vec<Remembered>,
    last_seen: Timestamp,
}

/// A batch that is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    first_sequence: i32,
    last_sequence: i32,
    pub(crate) base_offset: i64,
    /// The batch's highest timestamp, which Kafka answers a duplicate with.
    pub(crate) timestamp: i64,
}

/// What to do with a batch of a producer that is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sequenced {
    /// Append it.
    Next,
    /// It is in the log already.
    Duplicate(Remembered),
}

/// How many batches of a producer are remembered, as in Kafka; it is why a producer may have five requests in flight.
const REMEMBERED: usize = 5;

/// Below so many producers nobody looks for expired ones.
const FIRST_SWEEP: usize = 1000;

impl Producers {
    /// Where a batch stands in its producer's sequence. A producer without id has none.
    ///
    /// # Errors
    /// [`ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER`], also for a duplicate of a batch that is no longer remembered;
    /// [`ErrorCode::INVALID_PRODUCER_EPOCH`] for an epoch before the newest.
    pub(crate) fn check(&self, batch: &BatchHeader) -> Result<Sequenced, ErrorCode> {
        // A producer that is not known here may begin anywhere: its state may have expired.
        let Some(producer) = self.by_id.get(&batch.producer_id) else { return Ok(Sequenced::Next) };
        if batch.producer_epoch < producer.epoch {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        let is_next = if batch.producer_epoch > producer.epoch {
            batch.base_sequence == 0
        } else {
            if let Some(duplicate) = producer.find(batch) {
                return Ok(Sequenced::Duplicate(duplicate));
            }
            let last = producer.remembered.last();
            last.is_none_or(|last| batch.base_sequence == next_sequence(last.last_sequence))
        };
        if is_next { Ok(Sequenced::Next) } else { Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER) }
    }

    /// Remembers a batch that was appended.
    pub(crate) fn appended(&mut self, batch: &BatchHeader, base_offset: i64, timestamp: i64, now: Timestamp) {
        let new = || Producer { epoch: batch.producer_epoch, remembered: Vec::new(), last_seen: now };
        let producer = self.by_id.entry(batch.producer_id).or_insert_with(new);
        if producer.epoch != batch.producer_epoch {
            producer.epoch = batch.producer_epoch;
            producer.remembered.clear();
        }
        if producer.remembered.len() == REMEMBERED {
            producer.remembered.remove(0);
        }
        producer.last_seen = now;
        producer.remembered.push(Remembered {
            first_sequence: batch.base_sequence,
            last_sequence: batch.last_sequence(),
            base_offset,
            timestamp,
        });
    }

    /// What a log says of its producers: the memory of a leader whose log was cut, or another than the last leader's.
    pub(crate) fn of(log: &Log) -> Self {
        let mut producers = Self::default();
        for (batch, appended) in log.batches().filter(|(batch, _)| batch.header().producer_id.0 >= 0) {
            let header = batch.header();
            producers.appended(header, header.base_offset, header.max_timestamp, appended);
        }
        producers
    }

    /// Forgets producers not seen for `expiration_ms`, each time their number has doubled.
    pub(crate) fn expire(&mut self, now: Timestamp, expiration_ms: i64) {
        if self.by_id.len() < self.next_sweep.max(FIRST_SWEEP) {
            return;
        }
        self.by_id.retain(|_, producer| now.0 - producer.last_seen.0 < expiration_ms);
        self.next_sweep = self.by_id.len() * 2;
    }
}

impl Producer {
    fn find(&self, batch: &BatchHeader) -> Option<Remembered> {
        let sequences = (batch.base_sequence, batch.last_sequence());
        self.remembered.iter().find(|known| (known.first_sequence, known.last_sequence) == sequences).copied()
    }
}

/// Sequence numbers have 31 bits: after the highest comes 0.
fn next_sequence(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}
