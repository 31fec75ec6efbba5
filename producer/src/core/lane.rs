//! The sender's side of a partition: what has been taken from the accumulator and is not acknowledged.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use protocol::names::Timestamp;

use super::accumulator::{Partition, Readiness};
use super::batch::Batch;
use super::ledger::Urgency;
use super::sequences::{Identity, Leadership, Sequences};

#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) shared: Arc<Partition>,
    pub(crate) leader: Option<Leadership>,
    /// Batches to be sent again, oldest first.
    pub(crate) retries: VecDeque<Batch>,
    /// How many batches are under way.
    pub(crate) in_flight: usize,
    /// No retry before this.
    pub(crate) retry_at: Timestamp,
    /// The version of the metadata that named a wrong leader: no retry before there is a newer one.
    pub(crate) misled_by: Option<u64>,
    pub(crate) sequences: Sequences,
    /// When the last batch was opened or filled.
    pub(crate) last_used: Timestamp,
    /// Counts records, to give each batch its place.
    next_position: u64,
}

/// The rules that all lanes send by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) idempotent: bool,
    /// Whether one batch at a time is on the way, so that not even a retry changes the order.
    pub(crate) one_at_a_time: bool,
    pub(crate) linger: Duration,
    pub(crate) urgency: Urgency,
    /// The version of the metadata.
    pub(crate) metadata: u64,
}

/// What a lane could do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nothing to send and nothing under way.
    Idle,
    /// Something is on the way, and nothing can go before it is answered.
    Waiting,
    /// Nothing before this time.
    Until(Timestamp),
    /// Batches, and nobody to send them to.
    NoLeader,
    /// Batches, and no producer id to send them under.
    NoProducer,
    /// A batch for this leader, which need not wait for others longer than this.
    Ready(Leadership, Timestamp),
}

impl Lane {
    pub(crate) fn new(shared: Arc<Partition>, now: Timestamp) -> Self {
        Self {
            shared,
            leader: None,
            retries: VecDeque::new(),
            in_flight: 0,
            retry_at: Timestamp(i64::MIN),
            misled_by: None,
            sequences: Sequences::new(),
            last_used: now,
            next_position: 0,
        }
    }

    /// Whether nothing has been sent for so long, and nothing is left to be sent or answered.
    pub(crate) fn is_idle_since(&self, limit: Timestamp) -> bool {
        self.last_used <= limit && self.in_flight == 0 && self.retries.is_empty()
    }

    /// Learns who leads. A new leader is no reason to wait for what the old one did.
    pub(crate) fn follow(&mut self, leader: Option<Leadership>) {
        if leader.is_some() && self.leader != leader {
            self.retry_at = Timestamp(i64::MIN);
            self.misled_by = None;
        }
        self.leader = leader;
    }

    /// What could be sent now. Sequence numbers are put in order on the way, if it is time.
    pub(crate) fn status(&mut self, rules: &Rules, identity: &mut Identity, now: Timestamp) -> Status {
        let waiting = if self.in_flight > 0 { Status::Waiting } else { Status::Idle };
        let is_retry = !self.retries.is_empty();
        let mut due = now;
        if !is_retry {
            match self.shared.readiness(now, rules.linger, rules.urgency) {
                Readiness::Now => {}
                Readiness::Full(time) => due = time,
                Readiness::At(time) => return Status::Until(time),
                Readiness::Nothing => return waiting,
            }
        } else if self.retry_at > now {
            return Status::Until(self.retry_at);
        } else if self.misled_by == Some(rules.metadata) {
            return Status::NoLeader;
        }
        let Some(leader) = self.leader else { return Status::NoLeader };
        if self.in_flight > 0 && !self.may_pipeline(rules, is_retry, leader) {
            return Status::Waiting;
        }
        if rules.idempotent && self.in_flight == 0 && !self.settle(identity) {
            return Status::NoProducer;
        }
        Status::Ready(leader, due)
    }

    /// Whether a batch may go while others are on the way.
    fn may_pipeline(&self, rules: &Rules, is_retry: bool, leader: Leadership) -> bool {
        if !rules.idempotent {
            return !rules.one_at_a_time;
        }
        // A retry goes alone, so that a batch never overtakes an earlier one; and so does the first batch to a leader,
        // which takes any number from a producer that it does not know.
        !is_retry && !self.sequences.is_unsettled() && self.sequences.may_pipeline_to(leader)
    }

    /// Puts the sequence numbers in order; false if that takes a producer id that is not there yet.
    fn settle(&mut self, identity: &mut Identity) -> bool {
        let first = self.retries.front().and_then(|batch| batch.sequence);
        if self.sequences.settle(identity, first.map(|sequence| sequence.base)) {
            for batch in self.retries.iter_mut().filter(|batch| batch.sequence.is_some()) {
                if let Some(sequence) = self.sequences.assign(batch.record_count) {
                    batch.set_sequence(sequence);
                }
            }
        }
        self.sequences.has_producer() && !self.sequences.is_unsettled()
    }

    /// Bytes of the batch that goes next.
    pub(crate) fn next_size(&self) -> usize {
        self.retries.front().map_or_else(|| self.shared.next_size(), Batch::size)
    }

    /// Takes the batch that goes next, with its sequence number.
    pub(crate) fn take(&mut self, rules: &Rules) -> Option<Batch> {
        if let Some(batch) = self.take_retry() {
            return Some(batch);
        }
        let mut batch = self.shared.take()?;
        batch.position = self.next_position;
        self.next_position += u64::from(batch.record_count);
        if rules.idempotent {
            batch.sequence = self.sequences.assign(batch.record_count);
        }
        Some(batch)
    }

    /// Takes the oldest batch that is to be sent again.
    pub(crate) fn take_retry(&mut self) -> Option<Batch> {
        let batch = self.retries.pop_front()?;
        self.shared.count_waiting(-1);
        Some(batch)
    }

    /// Takes every batch that is not under way, in order.
    pub(crate) fn take_all(&mut self) -> Vec<Batch> {
        let mut all: Vec<Batch> = std::iter::from_fn(|| self.take_retry()).collect();
        all.extend(std::iter::from_fn(|| self.shared.take()));
        all
    }

    /// Puts a batch back, in its place among those that are to be sent again.
    pub(crate) fn put_back(&mut self, batch: Batch) {
        let place = self.retries.partition_point(|other| other.position < batch.position);
        self.retries.insert(place, batch);
        self.shared.count_waiting(1);
    }

    /// When the oldest batch that is not under way was opened.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        let retry = self.retries.iter().map(|batch| batch.created).min();
        [retry, self.shared.oldest()].into_iter().flatten().min()
    }
}
