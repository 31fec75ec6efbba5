//! The transaction coordinators: which transaction is open, what belongs to it, and how it ends.
//!
//! ```text
//! Empty ──> Ongoing ──> PrepareCommit ──> CompleteCommit ──┐
//!   ▲         │                                            ├──> Ongoing …
//!   │         └───────> PrepareAbort ───> CompleteAbort ───┘
//!   └── InitProducerId, from all but the Prepares
//! ```
//!
//! Both protocols are here: in the old one the epoch stays while a producer lives; in the new one (KIP-890, from EndTxn 5 on)
//! every transaction ends with the next epoch, so that what is late from the last one is told from the next.
//!
//! A transaction stays in `Prepare…` only as long as a partition of it has no leader that could take the marker.
//!
//! Source: Kafka 4.3's `TransactionCoordinator` and `TransactionMetadata`, and what a real broker answers.

mod end;
mod init;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use protocol::ErrorCode;
use protocol::names::{GroupId, ProducerId, Timestamp, TopicName, TransactionalId};

use super::timers::Timers;

/// All transactional ids, with the timers that run for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transactions {
    by_id: BTreeMap<TransactionalId, Transaction>,
    /// When an open transaction is aborted.
    timers: Timers<TransactionalId>,
    /// Those that are ended, but not in all their partitions.
    unfinished: BTreeSet<TransactionalId>,
    next_producer_id: i64,
}

/// What is known of a transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transaction {
    pub(crate) producer_id: ProducerId,
    /// The one before, if that has used up its epochs.
    previous_producer_id: ProducerId,
    /// The one that comes when this transaction is over, if this one has used up its epochs.
    next_producer_id: Option<ProducerId>,
    pub(crate) epoch: i16,
    /// The one before, whose owner may ask again for what it has lost the answer to (KIP-360).
    last_epoch: i16,
    pub(crate) timeout_ms: i32,
    pub(crate) state: State,
    pub(crate) partitions: BTreeSet<(TopicName, i32)>,
    pub(crate) groups: BTreeSet<GroupId>,
    /// When it was begun; −1 if none was.
    pub(crate) started: Timestamp,
    /// Whether the last end was one of the new protocol.
    bumps: bool,
}

/// How far a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Empty,
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
}

impl State {
    /// All of them, as filters may name them.
    pub(crate) const NAMES: [&'static str; 8] = [
        "Empty",
        "Ongoing",
        "PrepareCommit",
        "PrepareAbort",
        "CompleteCommit",
        "CompleteAbort",
        "Dead",
        "PrepareEpochFence",
    ];

    fn is_prepared(self) -> bool {
        matches!(self, Self::PrepareCommit | Self::PrepareAbort)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}

/// Who claims to be the producer of a transactional id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) id: &'a str,
    pub(crate) producer_id: ProducerId,
    pub(crate) epoch: i16,
}

/// More transactional ids than this are refused.
const MAX_TRANSACTIONAL_IDS: usize = 100_000;
/// The last epoch that a producer gets; the one behind it is there to fence it.
const LAST_EPOCH: i16 = i16::MAX - 1;
const NO_EPOCH: i16 = -1;

impl Transactions {
    pub(crate) fn get(&self, id: &str) -> Option<&Transaction> {
        self.by_id.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TransactionalId, &Transaction)> {
        self.by_id.iter()
    }

    /// When the next transaction is to be aborted.
    pub(crate) fn next_wakeup(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<TransactionalId> {
        self.timers.take_due(now)
    }

    pub(super) fn unfinished(&self) -> Vec<TransactionalId> {
        self.unfinished.iter().cloned().collect()
    }

    /// A producer id that nobody has had.
    pub(crate) fn new_producer_id(&mut self) -> ProducerId {
        let id = self.next_producer_id;
        self.next_producer_id += 1;
        ProducerId(id)
    }

    /// Takes partitions and groups into the producer's transaction, and begins one if none is open.
    pub(crate) fn add(
        &mut self,
        claim: Claim<'_>,
        partitions: impl IntoIterator<Item = (TopicName, i32)>,
        group: Option<&str>,
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        if claim.id.is_empty() {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        let transaction = self.by_id.get_mut(claim.id).ok_or(ErrorCode::INVALID_PRODUCER_ID_MAPPING)?;
        transaction.check(claim)?;
        if transaction.state != State::Ongoing {
            transaction.state = State::Ongoing;
            transaction.started = now;
            let timeout = Duration::from_millis(u64::try_from(transaction.timeout_ms).unwrap_or(0));
            self.timers.set(claim.id.into(), now + timeout);
        }
        // Copies: slices would keep the whole request alive.
        let owned = partitions.into_iter().map(|(topic, index)| (TopicName::from(topic.as_str()), index));
        transaction.partitions.extend(owned);
        transaction.groups.extend(group.map(GroupId::from));
        Ok(())
    }

    /// Whether a partition belongs to the producer's transaction.
    pub(crate) fn verify(&self, claim: Claim<'_>, topic: &TopicName, index: i32) -> Result<(), ErrorCode> {
        let transaction = self.checked(claim)?;
        let is_part = transaction.partitions.contains(&(topic.clone(), index));
        if is_part { Ok(()) } else { Err(ErrorCode::TRANSACTION_ABORTABLE) }
    }

    /// Whether the offsets of a group belong to the producer's transaction.
    pub(crate) fn verify_group(&self, claim: Claim<'_>, group: &str) -> Result<(), ErrorCode> {
        let is_part = self.checked(claim)?.groups.contains(group);
        if is_part { Ok(()) } else { Err(ErrorCode::TRANSACTION_ABORTABLE) }
    }

    fn checked(&self, claim: Claim<'_>) -> Result<&Transaction, ErrorCode> {
        if claim.id.is_empty() {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        let transaction = self.by_id.get(claim.id).ok_or(ErrorCode::INVALID_PRODUCER_ID_MAPPING)?;
        transaction.check(claim)?;
        Ok(transaction)
    }
}

impl Transaction {
    /// Whether a producer may go on with its transaction.
    fn check(&self, claim: Claim<'_>) -> Result<(), ErrorCode> {
        if claim.producer_id != self.producer_id {
            return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
        }
        if claim.epoch != self.epoch {
            return Err(ErrorCode::PRODUCER_FENCED);
        }
        if self.state.is_prepared() { Err(ErrorCode::CONCURRENT_TRANSACTIONS) } else { Ok(()) }
    }

    fn is_exhausted(&self) -> bool {
        self.epoch >= LAST_EPOCH
    }
}
