//! What the demo found out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use milena::reader::Record;
use mock_broker::{FaultId, JournalEntry, ProducedBatch};
use protocol::names::{BrokerId, Timestamp};
use protocol::{ApiKey, ErrorCode};

use super::{Moved, NUMBER, PARTITIONS, Scenario, TOPIC, lines};

/// Everything that is shown.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) seed: u64,
    pub(super) bootstrap_servers: String,
    pub(super) lines: u64,
    pub(super) keys: u64,
    pub(super) sent: u64,
    pub(super) moved: Moved,
    pub(super) failures: BTreeSet<String>,
    pub(super) partitions: Vec<PartitionFigures>,
    // From the journal.
    pub(super) produce_requests: u64,
    /// The places of the requests whose answer was lost, among all produce requests, from 1 on.
    pub(super) lost_answers: Vec<u64>,
    pub(super) appended_bytes: u64,
    pub(super) sending: Duration,
    // From reading back.
    pub(super) reading: Duration,
    pub(super) missing: u64,
    pub(super) twice: u64,
    pub(super) altered: u64,
    pub(super) out_of_order: u64,
}

/// What is shown of one partition.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionFigures {
    // From the journal.
    /// Batches that were sent, each time counted.
    pub(super) batches: u64,
    /// Batches that were sent again.
    pub(super) retries: u64,
    pub(super) duplicates_refused: u64,
    /// Batches that were refused by a broker that led the partition before.
    pub(super) sent_to_old_leader: u64,
    /// The broker that appended last.
    pub(super) leader: Option<BrokerId>,
    // From reading back.
    pub(super) records: u64,
    pub(super) keys: BTreeSet<String>,
    pub(super) out_of_order: u64,
    pub(super) last: String,
}

impl Figures {
    pub(super) fn new(
        scenario: &Scenario,
        bootstrap_servers: String,
        moved: Moved,
        failures: BTreeSet<String>,
    ) -> Self {
        let lines_sent = lines().count() as u64;
        Self {
            seed: scenario.seed,
            bootstrap_servers,
            lines: lines_sent,
            keys: lines().map(|(key, _)| key).collect::<BTreeSet<_>>().len() as u64,
            sent: scenario.rounds * lines_sent,
            moved,
            failures,
            partitions: vec![PartitionFigures::default(); PARTITIONS as usize],
            produce_requests: 0,
            lost_answers: Vec::new(),
            appended_bytes: 0,
            sending: Duration::ZERO,
            reading: Duration::ZERO,
            missing: 0,
            twice: 0,
            altered: 0,
            out_of_order: 0,
        }
    }

    /// Adds what the cluster wrote down of the produce requests.
    pub(super) fn add_journal(&mut self, journal: &[JournalEntry], lost: FaultId) {
        let mut seen = BTreeSet::new();
        let mut times: Option<(Timestamp, Timestamp)> = None;
        for entry in journal.iter().filter(|entry| entry.api_key == ApiKey::PRODUCE) {
            self.produce_requests += 1;
            if entry.faults.contains(&lost) {
                self.lost_answers.push(self.produce_requests);
            }
            times = Some((times.map_or(entry.time, |(first, _)| first), entry.time));
            for outcome in entry.partitions.iter().filter(|outcome| &*outcome.topic == TOPIC) {
                let place = usize::try_from(outcome.partition).ok();
                let Some(figures) = place.and_then(|place| self.partitions.get_mut(place)) else { continue };
                figures.batches += 1;
                if outcome.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER {
                    // The old leader does not look at the batch, which goes to the new one then.
                    figures.sent_to_old_leader += 1;
                    figures.retries += 1;
                    continue;
                }
                let Some(batch) = &outcome.batch else { continue };
                let is_known = is_numbered(batch) && !seen.insert((outcome.partition, identity(batch)));
                figures.retries += u64::from(is_known);
                figures.duplicates_refused += u64::from(batch.duplicate);
                if !outcome.error_code.is_error() && !batch.duplicate {
                    self.appended_bytes += batch.size as u64;
                    figures.leader = Some(entry.broker);
                }
            }
        }
        self.sending = times.map_or(Duration::ZERO, |(first, last)| last.saturating_since(first));
    }

    /// Compares what was read with what was sent.
    pub(super) fn add_records(&mut self, records: &[Record], reading: Duration) {
        self.reading = reading;
        let file: Vec<_> = lines().collect();
        let mut times_read = vec![0_u64; self.sent as usize];
        // Where each key is, and the number of its last record.
        let mut last_of_key: BTreeMap<&[u8], (i32, u64)> = BTreeMap::new();
        for record in records {
            let (key, value) =
                (record.key.as_deref().unwrap_or_default(), record.value.as_deref().unwrap_or_default());
            let number = number_of(record).filter(|number| *number < self.sent);
            let sent = number.map(|number| file[(number % self.lines) as usize]);
            if sent.is_none_or(|(sent_key, sent_value)| {
                sent_key.as_bytes() != key || sent_value.as_bytes() != value
            }) {
                self.altered += 1;
            }
            let Some(figures) =
                usize::try_from(record.partition).ok().and_then(|at| self.partitions.get_mut(at))
            else {
                continue;
            };
            figures.records += 1;
            let name = String::from_utf8_lossy(key);
            figures.last = format!("{name} {}", String::from_utf8_lossy(value));
            figures.keys.insert(name.into_owned());
            let Some(number) = number else { continue };
            times_read[number as usize] += 1;
            let before = last_of_key.insert(key, (record.partition, number));
            if before.is_some_and(|(partition, last)| partition != record.partition || last >= number) {
                figures.out_of_order += 1;
                self.out_of_order += 1;
            }
        }
        self.missing = times_read.iter().filter(|times| **times == 0).count() as u64;
        self.twice = times_read.iter().filter(|times| **times > 1).count() as u64;
    }

    /// A figure of all partitions together.
    pub(super) fn total(&self, figure: impl Fn(&PartitionFigures) -> u64) -> u64 {
        self.partitions.iter().map(figure).sum()
    }

    pub(super) fn records(&self) -> u64 {
        self.total(|partition| partition.records)
    }

    /// What is not as it must be, in words; nothing if all is well.
    pub(super) fn faults_found(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut must = |holds: bool, fault: String| {
            if !holds {
                found.push(fault);
            }
        };
        must(self.missing == 0, format!("{} records are missing", self.missing));
        must(self.twice == 0, format!("{} records are there more than once", self.twice));
        must(self.altered == 0, format!("{} records are not what was sent", self.altered));
        must(self.out_of_order == 0, format!("{} records are out of their key's order", self.out_of_order));
        must(!self.lost_answers.is_empty(), "no answer was lost".to_owned());
        must(
            self.total(|partition| partition.retries) > 0,
            "no batch is known to have been sent again".to_owned(),
        );
        let refused = self.total(|partition| partition.duplicates_refused);
        must(refused > 0, "no duplicate was refused".to_owned());
        found.extend(self.failures.iter().map(|reason| format!("a record failed: {reason}")));
        found
    }
}

/// Whether the batch has the numbers by which it is known again.
fn is_numbered(batch: &ProducedBatch) -> bool {
    batch.base_sequence >= 0
}

fn identity(batch: &ProducedBatch) -> (i64, i16, i32) {
    (batch.producer_id.0, batch.producer_epoch, batch.base_sequence)
}

fn number_of(record: &Record) -> Option<u64> {
    let header = record.headers.iter().find(|header| header.key == NUMBER)?;
    std::str::from_utf8(header.value?).ok()?.parse().ok()
}
