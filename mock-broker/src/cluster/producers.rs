//! Idempotence: what a partition remembers of each producer, to refuse gaps and recognise duplicates (KIP-98, KIP-360).

use std::collections::BTreeMap;

use protocol::ErrorCode;
use protocol::names::{ProducerId, Timestamp};
use protocol::records::{BatchHeader, ControlRecord, Limits, RecordBatch};

use super::log::Log;

/// The producers that have written to a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Producers {
    by_id: BTreeMap<ProducerId, Producer>,
    /// Open transactions, by their first offsets.
    open: BTreeMap<i64, ProducerId>,
    /// Transactions that have ended, by their first offsets: the aborted ones all, the others until the end is replicated.
    ended: Vec<Ended>,
    /// At how many producers the expired ones are looked for next.
    next_sweep: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Producer {
    epoch: i16,
    /// The newest last.
    remembered: Vec<Remembered>,
    last_seen: Timestamp,
    /// The highest timestamp of its last batch, or the time of its last marker.
    last_timestamp: i64,
    /// The first offset of its open transaction.
    transaction: Option<i64>,
    /// Of the coordinator that ended its last transaction; −1 if none has.
    coordinator_epoch: i32,
}

/// A transaction that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) producer_id: ProducerId,
    pub(crate) first_offset: i64,
    /// Where the marker is.
    pub(crate) last_offset: i64,
    pub(crate) is_commit: bool,
}

/// What an administrator is told of a producer (KIP-664).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ActiveProducer {
    pub(crate) producer_id: ProducerId,
    pub(crate) epoch: i16,
    pub(crate) last_sequence: i32,
    pub(crate) last_timestamp: i64,
    pub(crate) coordinator_epoch: i32,
    pub(crate) transaction: Option<i64>,
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
        if producer.transaction.is_some() && !batch.attributes.is_transactional() {
            return Err(ErrorCode::INVALID_TXN_STATE);
        }
        let is_next = if batch.producer_epoch > producer.epoch {
            batch.base_sequence == 0
        } else {
            if let Some(duplicate) = producer.find(batch) {
                return Ok(Sequenced::Duplicate(duplicate));
            }
            let last = producer.remembered.last();
            // Its epoch began with the end of a transaction: it starts over.
            let expected = last.map_or(0, |last| next_sequence(last.last_sequence));
            batch.base_sequence == expected
        };
        if is_next { Ok(Sequenced::Next) } else { Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER) }
    }

    /// Remembers a batch that was appended.
    pub(crate) fn appended(&mut self, batch: &BatchHeader, base_offset: i64, timestamp: i64, now: Timestamp) {
        let new = || Producer::new(batch.producer_epoch, now);
        let producer = self.by_id.entry(batch.producer_id).or_insert_with(new);
        producer.enter_epoch(batch.producer_epoch);
        if batch.attributes.is_transactional() && producer.transaction.is_none() {
            producer.transaction = Some(base_offset);
            self.open.insert(base_offset, batch.producer_id);
        }
        producer.last_timestamp = timestamp;
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

    /// Whether the end of a transaction may be written: not of a producer, nor by a coordinator, that another has followed.
    pub(crate) fn check_marker(
        &self,
        producer_id: ProducerId,
        epoch: i16,
        coordinator_epoch: i32,
    ) -> Result<(), ErrorCode> {
        match self.by_id.get(&producer_id) {
            Some(producer) if epoch < producer.epoch => Err(ErrorCode::INVALID_PRODUCER_EPOCH),
            Some(producer) if coordinator_epoch < producer.coordinator_epoch => {
                Err(ErrorCode::TRANSACTION_COORDINATOR_FENCED)
            }
            _ => Ok(()),
        }
    }

    /// Remembers the end of a producer's transaction, which stands at this offset.
    pub(crate) fn ended(
        &mut self,
        (producer_id, epoch): (ProducerId, i16),
        is_commit: bool,
        coordinator_epoch: i32,
        last_offset: i64,
        high_watermark: i64,
        now: Timestamp,
    ) {
        // What was committed is of interest only until its end is replicated.
        self.ended.retain(|ended| !ended.is_commit || ended.last_offset >= high_watermark);
        let producer = self.by_id.entry(producer_id).or_insert_with(|| Producer::new(epoch, now));
        producer.enter_epoch(epoch);
        producer.coordinator_epoch = coordinator_epoch;
        producer.last_seen = now;
        producer.last_timestamp = now.0;
        if let Some(first_offset) = producer.transaction.take() {
            self.open.remove(&first_offset);
            self.ended.push(Ended { producer_id, first_offset, last_offset, is_commit });
        }
    }

    /// Whether a producer writes to the partition in a transaction already.
    pub(crate) fn is_in_transaction(&self, producer_id: ProducerId, epoch: i16) -> bool {
        let producer = self.by_id.get(&producer_id);
        producer.is_some_and(|producer| producer.transaction.is_some() && producer.epoch == epoch)
    }

    /// Up to where every transaction has ended, and the end is below the high watermark.
    pub(crate) fn last_stable_offset(&self, high_watermark: i64) -> i64 {
        let open = self.open.keys().next().copied();
        let unsafe_yet = self.ended.iter().rev().take_while(|ended| ended.last_offset >= high_watermark);
        let first = unsafe_yet.map(|ended| ended.first_offset).chain(open).min();
        first.unwrap_or(high_watermark).min(high_watermark)
    }

    /// The aborted transactions that have records from one offset up to another, by their ends.
    pub(crate) fn aborted(&self, from: i64, to: i64) -> impl Iterator<Item = &Ended> {
        let touches = move |ended: &&Ended| ended.last_offset >= from && ended.first_offset < to;
        self.ended.iter().filter(|ended| !ended.is_commit).filter(touches)
    }

    /// Who writes here.
    pub(crate) fn active(&self) -> impl Iterator<Item = ActiveProducer> {
        self.by_id.iter().map(|(id, producer)| ActiveProducer {
            producer_id: *id,
            epoch: producer.epoch,
            last_sequence: producer.remembered.last().map_or(-1, |last| last.last_sequence),
            last_timestamp: producer.last_timestamp,
            coordinator_epoch: producer.coordinator_epoch,
            transaction: producer.transaction,
        })
    }

    /// What a log says of its producers: the memory of a leader whose log was cut, or another than the last leader's.
    /// What was committed counts as replicated only below the high watermark.
    pub(crate) fn of(log: &Log, high_watermark: i64) -> Self {
        let mut producers = Self::default();
        for (batch, appended) in log.batches().filter(|(batch, _)| batch.header().producer_id.0 >= 0) {
            let header = batch.header();
            match marker(&batch) {
                Some((is_commit, epoch)) => {
                    let producer = (header.producer_id, header.producer_epoch);
                    producers.ended(producer, is_commit, epoch, header.base_offset, high_watermark, appended);
                }
                None => producers.appended(header, header.base_offset, header.max_timestamp, appended),
            }
        }
        producers
    }

    /// Forgets producers not seen for `expiration_ms`, each time their number has doubled.
    pub(crate) fn expire(&mut self, now: Timestamp, expiration_ms: i64) {
        if self.by_id.len() < self.next_sweep.max(FIRST_SWEEP) {
            return;
        }
        self.by_id.retain(|_, producer| {
            producer.transaction.is_some() || now.0 - producer.last_seen.0 < expiration_ms
        });
        self.next_sweep = self.by_id.len() * 2;
    }
}

/// What a marker says: whether it commits, and the coordinator's epoch.
fn marker(batch: &RecordBatch) -> Option<(bool, i32)> {
    if !batch.header().attributes.is_control() {
        return None;
    }
    let records = batch.records(&Limits::default()).ok()?;
    match ControlRecord::read(&records.iter().next()?.ok()?).ok()? {
        ControlRecord::Commit(marker) => Some((true, marker.coordinator_epoch)),
        ControlRecord::Abort(marker) => Some((false, marker.coordinator_epoch)),
        _ => None,
    }
}

impl Producer {
    fn new(epoch: i16, now: Timestamp) -> Self {
        let (remembered, transaction) = (Vec::new(), None);
        Self { epoch, remembered, last_seen: now, last_timestamp: -1, transaction, coordinator_epoch: -1 }
    }

    fn enter_epoch(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.remembered.clear();
        }
    }

    fn find(&self, batch: &BatchHeader) -> Option<Remembered> {
        let sequences = (batch.base_sequence, batch.last_sequence());
        self.remembered.iter().find(|known| (known.first_sequence, known.last_sequence) == sequences).copied()
    }
}

/// Sequence numbers have 31 bits: after the highest comes 0.
fn next_sequence(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}
