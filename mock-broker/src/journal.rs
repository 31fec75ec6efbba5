//! What was asked and answered, in order: what tests assert on.

use std::collections::VecDeque;

use protocol::names::{Acks, BrokerId, ProducerId, Timestamp, TopicName};
use protocol::{ApiKey, ByteString, ErrorCode};

use crate::cluster::ConnectionId;
use crate::fault::FaultId;

/// The requests a cluster has had, oldest first.
///
/// It holds a bounded number of them ([`ClusterConfig::journal_limit`](crate::ClusterConfig::journal_limit)); the oldest make room, and
/// [`Self::dropped`] counts them.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: VecDeque<JournalEntry>,
    /// The number of the first entry that is kept.
    first: u64,
    /// Entries and partitions in them.
    size: usize,
    limit: usize,
}

/// One request, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalEntry {
    /// Its place in the journal, counted from 0.
    pub number: u64,
    /// When it arrived.
    pub time: Timestamp,
    /// Which broker was asked.
    pub broker: BrokerId,
    /// On which connection.
    pub connection: ConnectionId,
    /// What the client calls itself.
    pub client_id: Option<ByteString>,
    /// What was asked.
    pub api_key: ApiKey,
    /// In which version.
    pub version: i16,
    /// What a produce request wants to be sure of.
    pub acks: Option<Acks>,
    /// What came of it, for each partition that a Produce, Fetch or ListOffsets request names.
    pub partitions: Vec<PartitionOutcome>,
    /// What the client got.
    pub outcome: Outcome,
    /// The fault rules that struck it.
    pub faults: Vec<FaultId>,
}

/// What a client got for its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing yet.
    Waiting,
    /// An answer.
    Answered,
    /// Nothing, as it wished (acks 0), or because a fault rule wants silence.
    Unanswered,
    /// A closed connection instead of an answer.
    Closed,
}

/// What came of a request for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionOutcome {
    /// The topic; empty if the request named it by an id that is not known, and cut to 249 letters if it is too long a
    /// name for a topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// The answer's error.
    pub error_code: ErrorCode,
    /// The first offset that was written or read, or the one that was looked up; −1 if there is none.
    pub base_offset: i64,
    /// What was to be written.
    pub batch: Option<ProducedBatch>,
}

/// The batch of a produce request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProducedBatch {
    /// The idempotent producer, or −1.
    pub producer_id: ProducerId,
    /// Its epoch, or −1.
    pub producer_epoch: i16,
    /// The sequence number of the first record, or −1.
    pub base_sequence: i32,
    /// How many records there are.
    pub record_count: i32,
    /// How many bytes there are.
    pub size: usize,
    /// Whether the batch was in the log already, so that it was acknowledged but not appended again.
    pub duplicate: bool,
}

impl Journal {
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), first: 0, size: 0, limit }
    }

    /// The entries that are kept, oldest first.
    #[must_use]
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &JournalEntry> {
        self.entries.iter()
    }

    /// How many entries made room for newer ones.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.first
    }

    /// How many requests there have been, the dropped ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Forgets all entries; they do not count as dropped, and numbers go on.
    pub fn clear(&mut self) {
        self.first += self.entries.len() as u64;
        self.entries.clear();
        self.size = 0;
    }

    /// Adds an entry, and gives the number it got.
    pub(crate) fn push(&mut self, mut entry: JournalEntry) -> u64 {
        entry.number = self.requests();
        let number = entry.number;
        self.size += size(&entry);
        self.entries.push_back(entry);
        self.trim();
        number
    }

    /// Writes down how a request that had to wait ended, and what came of it if that was not known before.
    pub(crate) fn settle(&mut self, number: u64, outcome: Outcome, partitions: Vec<PartitionOutcome>) {
        let index = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) else { return };
        entry.outcome = outcome;
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
        }
    }
}

fn size(entry: &JournalEntry) -> usize {
    1 + entry.partitions.len()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        journal.settle(0, Outcome::Closed, Vec::new());
        journal.settle(2, Outcome::Answered, Vec::new());
        assert!(journal.entries().map(|entry| entry.outcome).eq([Outcome::Waiting, Outcome::Answered]));
    }
}
