//! What was asked and answered, in order: what tests assert on.
//!
//! ```text
//! JournalEntry ──> Journal ──> Filter: which of them · Expectation: what must be true of them · JSON Lines
//! ```

mod entry;
mod expectation;
mod filter;
mod json;

use std::collections::VecDeque;

use protocol::ErrorCode;
use protocol::names::Timestamp;

pub use self::entry::{JournalEntry, Outcome, PartitionOutcome, ProducedBatch};
pub(crate) use self::entry::{of_answer, shortened};
pub use self::expectation::{Expectation, Unmet};
pub use self::filter::Filter;

/// The requests a cluster has had, oldest first.
///
/// It holds a bounded number of them ([`ClusterConfig::journal_limit`](crate::ClusterConfig::journal_limit)); the oldest make room, and
/// [`Self::dropped`] counts them.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: VecDeque<JournalEntry>,
    /// The number of the first entry that is kept.
    first: u64,
    dropped: u64,
    /// How often it has changed.
    changes: u64,
    /// Entries and partitions in them.
    size: usize,
    limit: usize,
    /// When the first request came.
    began: Option<Timestamp>,
}

impl Journal {
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), first: 0, size: 0, limit, dropped: 0, changes: 0, began: None }
    }

    /// The entries that are kept, oldest first.
    #[must_use]
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &JournalEntry> {
        self.entries.iter()
    }

    /// How many entries made room for newer ones.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The entries that a filter lets through, oldest first.
    pub fn matching<'a>(&'a self, filter: &'a Filter) -> impl DoubleEndedIterator<Item = &'a JournalEntry> {
        self.entries.iter().filter(|entry| filter.matches(entry))
    }

    /// The entries from this number on.
    pub fn since(&self, number: u64) -> impl DoubleEndedIterator<Item = &JournalEntry> {
        let skipped = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.entries.range(skipped.min(self.entries.len())..)
    }

    /// Tells whether it has changed since this was asked last.
    #[cfg(feature = "net")]
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// When the first request came.
    fn began(&self) -> Timestamp {
        self.began.unwrap_or(Timestamp(0))
    }

    /// How many requests there have been, the dropped ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The number of the oldest entry that is kept, or else of the next.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Keeps so much from now on: see [`ClusterConfig::journal_limit`](crate::ClusterConfig::journal_limit).
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.trim();
    }

    /// Forgets all entries, and how many had made room; numbers go on.
    pub fn clear(&mut self) {
        self.first += self.entries.len() as u64;
        self.entries.clear();
        (self.size, self.dropped, self.began) = (0, 0, None);
    }

    /// Adds an entry, and gives the number it got.
    pub(crate) fn push(&mut self, mut entry: JournalEntry) -> u64 {
        entry.number = self.requests();
        self.began.get_or_insert(entry.time);
        let number = entry.number;
        self.changes += 1;
        self.size += size(&entry);
        self.entries.push_back(entry);
        self.trim();
        number
    }

    /// Writes down how a request that had to wait ended, and what came of it if that was not known before.
    pub(crate) fn settle(
        &mut self,
        number: u64,
        outcome: Outcome,
        error_code: ErrorCode,
        partitions: Vec<PartitionOutcome>,
    ) {
        let index = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) else { return };
        (entry.outcome, entry.error_code) = (outcome, error_code);
        self.changes += 1;
        if !partitions.is_empty() {
            self.size += partitions.len();
            self.size -= entry.partitions.len();
            entry.partitions = partitions;
            self.trim();
        }
    }

    fn trim(&mut self) {
        while self.size > self.limit {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.size -= size(&oldest);
            self.first += 1;
            self.dropped += 1;
        }
    }
}

fn size(entry: &JournalEntry) -> usize {
    1 + entry.partitions.len()
}

#[cfg(test)]
mod tests {
    use protocol::ApiKey;
    use protocol::names::BrokerId;

    use super::*;
    use crate::cluster::ConnectionId;

    fn entry() -> JournalEntry {
        JournalEntry {
            number: 0,
            time: Timestamp(0),
            broker: BrokerId(1),
            connection: ConnectionId(1),
            client_id: None,
            api_key: ApiKey::METADATA,
            version: 12,
            acks: None,
            error_code: ErrorCode::NONE,
            partitions: Vec::new(),
            outcome: Outcome::Waiting,
            faults: Vec::new(),
        }
    }

    #[test]
    fn the_oldest_entries_make_room_and_are_counted() {
        let mut journal = Journal::new(3);
        assert_eq!((0..5).map(|_| journal.push(entry())).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!((journal.dropped(), journal.requests()), (2, 5));
        assert!(journal.entries().map(|entry| entry.number).eq(2..5));
    }

    #[test]
    fn an_entry_is_settled_later_unless_it_is_gone() {
        let mut journal = Journal::new(2);
        for _ in 0..3 {
            journal.push(entry());
        }
        journal.settle(0, Outcome::Closed, ErrorCode::NONE, Vec::new());
        journal.settle(2, Outcome::Answered, ErrorCode::NONE, Vec::new());
        assert!(journal.entries().map(|entry| entry.outcome).eq([Outcome::Waiting, Outcome::Answered]));
    }
}
