//! Ending a transaction: deciding, and writing the decision into every partition.

use protocol::ErrorCode;
use protocol::names::{ProducerId, Timestamp};

use super::{Claim, LAST_EPOCH, State, Transaction, Transactions};
use crate::cluster::Cluster;

impl Cluster {
    /// Commits or aborts the transaction of a producer; gives the producer id and epoch to go on with.
    pub(crate) fn end_transaction(
        &mut self,
        claim: Claim<'_>,
        is_commit: bool,
        bumps: bool,
        now: Timestamp,
    ) -> Result<(ProducerId, i16), ErrorCode> {
        self.transactions.prepare(claim, is_commit, bumps, now)?;
        // What is lacking comes later; it is decided.
        let _ = self.finish(claim.id, now);
        let transaction = self.transactions.get(claim.id).ok_or(ErrorCode::UNKNOWN_SERVER_ERROR)?;
        let next = transaction.next_producer_id.map(|id| (id, 0));
        Ok(next.unwrap_or((transaction.producer_id, transaction.epoch)))
    }

    /// Aborts an open transaction in the next epoch, so that its producer can do nothing more.
    pub(super) fn fence_producer(&mut self, id: &str, now: Timestamp) {
        let Some(transaction) = self.transactions.by_id.get_mut(id) else { return };
        if transaction.state != State::Ongoing {
            return;
        }
        transaction.epoch += 1;
        transaction.last_epoch = super::NO_EPOCH;
        transaction.bumps = false;
        transaction.state = State::PrepareAbort;
        let _ = self.finish(id, now);
    }

    /// Aborts the transactions whose time is over, and ends those that could not be before; whether there was one.
    pub(in crate::cluster) fn tick_transactions(&mut self, now: Timestamp) -> bool {
        let due = self.transactions.take_due(now);
        if let Some(id) = &due {
            self.fence_producer(id, now);
        }
        for id in self.transactions.unfinished() {
            // While the logs are full, it is no use to try the others.
            if self.finish(&id, now) == Err(ErrorCode::KAFKA_STORAGE_ERROR) {
                break;
            }
        }
        due.is_some()
    }

    /// Writes the markers that a decided transaction still lacks; when none is lacking it is complete. Those that cannot be
    /// written yet are tried again: the leader is away, or the logs are full.
    fn finish(&mut self, id: &str, now: Timestamp) -> Result<(), ErrorCode> {
        let Some(transaction) = self.transactions.by_id.get(id) else { return Ok(()) };
        let (producer_id, epoch) = (transaction.producer_id, transaction.epoch);
        let is_commit = transaction.state == State::PrepareCommit;
        let partitions = transaction.partitions.clone();
        let groups = transaction.groups.clone();
        for group in groups {
            self.groups.end_transaction(&group, producer_id, is_commit);
        }
        let mut written = Vec::new();
        let mut lacking = Ok(());
        for (topic, index) in partitions {
            let marked = self.write_marker(&topic, index, (producer_id, epoch), is_commit, 0, now);
            match marked {
                Err(ErrorCode::LEADER_NOT_AVAILABLE | ErrorCode::KAFKA_STORAGE_ERROR) => lacking = marked,
                // What is no longer there needs no marker.
                _ => written.push((topic, index)),
            }
        }
        self.transactions.complete(id, &written);
        lacking
    }
}

impl Transactions {
    /// Decides how a transaction ends, if its producer may say so.
    fn prepare(
        &mut self,
        claim: Claim<'_>,
        is_commit: bool,
        bumps: bool,
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        if claim.id.is_empty() {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        let new_id = ProducerId(self.next_producer_id);
        let transaction = self.by_id.get_mut(claim.id).ok_or(ErrorCode::INVALID_PRODUCER_ID_MAPPING)?;
        let next = transaction.next_end(claim, is_commit, bumps)?;
        let Some(next) = next else { return Ok(()) };
        if transaction.state != State::Ongoing {
            transaction.started = now;
        }
        transaction.state = next;
        transaction.bumps = bumps;
        if bumps {
            if transaction.is_exhausted() {
                transaction.next_producer_id = Some(new_id);
                self.next_producer_id += 1;
            }
            transaction.last_epoch = transaction.epoch;
            transaction.epoch += 1;
        }
        Ok(())
    }

    fn complete(&mut self, id: &str, written: &[(protocol::names::TopicName, i32)]) {
        let Some(transaction) = self.by_id.get_mut(id) else { return };
        if !transaction.state.is_prepared() {
            return;
        }
        self.timers.cancel(&id.into());
        transaction.groups.clear();
        written.iter().for_each(|place| {
            transaction.partitions.remove(place);
        });
        if !transaction.partitions.is_empty() {
            self.unfinished.insert(id.into());
            return;
        }
        self.unfinished.remove(id);
        transaction.state = match transaction.state {
            State::PrepareCommit => State::CompleteCommit,
            _ => State::CompleteAbort,
        };
        if let Some(next) = transaction.next_producer_id.take() {
            transaction.previous_producer_id = transaction.producer_id;
            transaction.producer_id = next;
            transaction.epoch = 0;
        }
    }
}

impl Transaction {
    /// The state that the end of a transaction leads to; `None` if it has ended that way already, and only the answer was
    /// lost.
    fn next_end(&self, claim: Claim<'_>, is_commit: bool, bumps: bool) -> Result<Option<State>, ErrorCode> {
        let lost_bump = self.bumps && claim.epoch.checked_add(1) == Some(self.epoch);
        let lost_id = self.bumps
            && claim.producer_id == self.previous_producer_id
            && claim.epoch == LAST_EPOCH
            && self.epoch == 0;
        if claim.producer_id != self.producer_id && !lost_id {
            return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
        }
        let is_retry = (lost_bump && claim.producer_id == self.producer_id) || lost_id;
        let is_valid = match self.state {
            State::PrepareCommit | State::PrepareAbort if self.bumps => is_retry,
            State::CompleteCommit | State::CompleteAbort if self.bumps => {
                is_retry || claim.epoch == self.epoch
            }
            _ => claim.epoch == self.epoch,
        };
        if !is_valid {
            return Err(ErrorCode::PRODUCER_FENCED);
        }
        let was_commit = matches!(self.state, State::PrepareCommit | State::CompleteCommit);
        match self.state {
            State::Ongoing => Ok(Some(if is_commit { State::PrepareCommit } else { State::PrepareAbort })),
            State::PrepareCommit | State::PrepareAbort if is_commit == was_commit => {
                Err(ErrorCode::CONCURRENT_TRANSACTIONS)
            }
            State::CompleteCommit | State::CompleteAbort
                if is_commit == was_commit && (is_retry || !bumps) =>
            {
                Ok(None)
            }
            // In the new protocol there may be nothing to abort: the client cannot know.
            State::Empty | State::CompleteCommit | State::CompleteAbort
                if bumps && !is_commit && !is_retry =>
            {
                Ok(Some(State::PrepareAbort))
            }
            _ => Err(ErrorCode::INVALID_TXN_STATE),
        }
    }
}
