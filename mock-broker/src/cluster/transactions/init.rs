//! Giving a transactional id its producer id and epoch, which fences whoever had it before (KIP-98, KIP-360).

use std::collections::BTreeSet;

use protocol::ErrorCode;
use protocol::names::{ProducerId, Timestamp, TransactionalId};

use super::{LAST_EPOCH, MAX_TRANSACTIONAL_IDS, NO_EPOCH, State, Transaction, Transactions};
use crate::cluster::Cluster;

impl Cluster {
    /// The producer id and epoch for who comes with a transactional id, and, if it had one, with what it thinks they are.
    ///
    /// # Errors
    /// [`ErrorCode::CONCURRENT_TRANSACTIONS`] while a transaction of whoever had it before is aborted: it is to ask again.
    pub(crate) fn init_transactional(
        &mut self,
        id: &str,
        timeout_ms: i32,
        expected: Option<(ProducerId, i16)>,
        now: Timestamp,
    ) -> Result<(ProducerId, i16), ErrorCode> {
        self.transactions.create(id, timeout_ms)?;
        let Some(transaction) = self.transactions.by_id.get(id) else {
            return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
        };
        if !expected.is_none_or(|expected| transaction.may_be(expected)) {
            return Err(ErrorCode::PRODUCER_FENCED);
        }
        match transaction.state {
            State::PrepareCommit | State::PrepareAbort => Err(ErrorCode::CONCURRENT_TRANSACTIONS),
            State::Ongoing => {
                self.fence_producer(id, now);
                Err(ErrorCode::CONCURRENT_TRANSACTIONS)
            }
            State::Empty | State::CompleteCommit | State::CompleteAbort => {
                self.transactions.next_epoch(id, timeout_ms, expected.map(|(_, epoch)| epoch))
            }
        }
    }
}

impl Transactions {
    fn create(&mut self, id: &str, timeout_ms: i32) -> Result<(), ErrorCode> {
        if self.by_id.contains_key(id) {
            return Ok(());
        }
        if self.by_id.len() >= MAX_TRANSACTIONAL_IDS {
            return Err(ErrorCode::POLICY_VIOLATION);
        }
        let transaction = Transaction {
            producer_id: self.new_producer_id(),
            previous_producer_id: ProducerId::NONE,
            next_producer_id: None,
            epoch: NO_EPOCH,
            last_epoch: NO_EPOCH,
            timeout_ms,
            state: State::Empty,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
            started: Timestamp(-1),
            bumps: false,
        };
        // A copy: a slice would keep the whole request alive.
        self.by_id.insert(TransactionalId::from(id), transaction);
        Ok(())
    }

    fn next_epoch(
        &mut self,
        id: &str,
        timeout_ms: i32,
        expected: Option<i16>,
    ) -> Result<(ProducerId, i16), ErrorCode> {
        let new_id = ProducerId(self.next_producer_id);
        let transaction = self.by_id.get_mut(id).ok_or(ErrorCode::UNKNOWN_SERVER_ERROR)?;
        let epoch = transaction.epoch;
        if transaction.is_exhausted() && expected.is_none_or(|expected| expected == epoch) {
            self.next_producer_id += 1;
            transaction.previous_producer_id = transaction.producer_id;
            transaction.producer_id = new_id;
            transaction.epoch = 0;
            transaction.last_epoch = if expected.is_some() { epoch } else { NO_EPOCH };
        } else {
            match expected {
                None => {
                    transaction.epoch = epoch + 1;
                    transaction.last_epoch = NO_EPOCH;
                }
                Some(expected) if epoch == NO_EPOCH || expected == epoch => {
                    transaction.epoch = epoch + 1;
                    transaction.last_epoch = epoch;
                }
                // It lost the answer to the same question.
                Some(expected) if expected == transaction.last_epoch => {}
                Some(_) => return Err(ErrorCode::PRODUCER_FENCED),
            }
        }
        transaction.state = State::Empty;
        transaction.timeout_ms = timeout_ms;
        transaction.started = Timestamp(-1);
        transaction.bumps = false;
        Ok((transaction.producer_id, transaction.epoch))
    }
}

impl Transaction {
    /// Whether who thinks it has this producer id and epoch may be right, or was, and has only lost an answer.
    fn may_be(&self, (producer_id, epoch): (ProducerId, i16)) -> bool {
        self.epoch == NO_EPOCH
            || producer_id == self.producer_id
            || (producer_id == self.previous_producer_id && epoch >= LAST_EPOCH)
    }
}
