//! One request, and what came of it.

use std::fmt;

use protocol::names::{Acks, BrokerId, ProducerId, Timestamp, TopicName};
use protocol::{ApiKey, ByteString, ErrorCode, Response};

use super::filter::acks_name;
use crate::cluster::ConnectionId;
use crate::fault::FaultId;

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
    /// The error of the answer as a whole, where its API has one.
    pub error_code: ErrorCode,
    /// What came of it, for each partition that a Produce, Fetch, ListOffsets or OffsetCommit request names, and each topic that a
    /// CreateTopics or DeleteTopics request does: that has the partition −1.
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
    /// A closed connection, because the request cannot be read, or its API or version is not served.
    Unknown,
}

impl Outcome {
    /// What it is called in filters and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Unanswered => "unanswered",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
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
    /// Its checksum: what two batches have in common that are the same.
    pub crc: u32,
    /// Whether the batch was in the log already, so that it was acknowledged but not appended again.
    pub duplicate: bool,
}

impl JournalEntry {
    /// The request in a line: when, where, who, what, and what came of it.
    pub(super) fn told_since(&self, began: Timestamp) -> String {
        let since = self.time.saturating_since(began);
        let client = self.client_id.as_deref().unwrap_or_default().escape_debug();
        let Self { number, broker, connection, api_key, version, .. } = self;
        let mut told = format!(
            "#{number} +{:.3}s broker {broker} connection {} \"{client}\": {api_key} v{version}",
            since.as_secs_f64(),
            connection.0
        );
        if let Some(acks) = self.acks {
            told.push_str(&format!(" acks={}", acks_name(acks)));
        }
        match self.error_code {
            ErrorCode::NONE => told.push_str(&format!(", {}", self.outcome.name())),
            error_code => told.push_str(&format!(", {} {error_code}", self.outcome.name())),
        }
        for place in self.partitions.iter().take(MAX_PLACES) {
            told.push_str(&format!("; {place}"));
        }
        if self.partitions.len() > MAX_PLACES {
            told.push_str(&format!("; … {} in all", self.partitions.len()));
        }
        if !self.faults.is_empty() {
            told.push_str(&format!("; struck by {} fault rules", self.faults.len()));
        }
        told
    }
}

/// So many places of a request are told.
const MAX_PLACES: usize = 5;

impl fmt::Display for PartitionOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.topic.escape_debug())?;
        if self.partition >= 0 {
            write!(f, "-{}", self.partition)?;
        }
        write!(f, " {}", self.error_code)?;
        if self.base_offset >= 0 {
            write!(f, " at offset {}", self.base_offset)?;
        }
        match self.batch {
            Some(batch) if batch.duplicate => write!(f, " ({} records, a duplicate)", batch.record_count),
            Some(batch) => write!(f, " ({} records)", batch.record_count),
            None => Ok(()),
        }
    }
}

/// What the journal keeps of an answer whose handler has nothing to add: its error, and those of its topics.
pub(crate) fn of_answer(response: &Response) -> (ErrorCode, Vec<PartitionOutcome>) {
    let topic = |topic: Option<&TopicName>, error_code| PartitionOutcome {
        // A copy: a slice would keep the whole request alive.
        topic: topic.map(|name| TopicName::from(shortened(name).as_str())).unwrap_or_default(),
        partition: -1,
        error_code,
        base_offset: -1,
        batch: None,
    };
    match response {
        Response::CreateTopics(response) => {
            let topics = response.topics.iter().map(|it| topic(Some(&it.name), it.error_code));
            (ErrorCode::NONE, topics.collect())
        }
        Response::DeleteTopics(response) => {
            let topics = response.responses.iter().map(|it| topic(it.name.as_ref(), it.error_code));
            (ErrorCode::NONE, topics.collect())
        }
        Response::ApiVersions(response) => (response.error_code, Vec::new()),
        Response::FindCoordinator(response) => {
            let of_each = response.coordinators.iter().map(|it| it.error_code).find(|code| code.is_error());
            (of_each.unwrap_or(response.error_code), Vec::new())
        }
        Response::InitProducerId(response) => (response.error_code, Vec::new()),
        Response::AddOffsetsToTxn(response) => (response.error_code, Vec::new()),
        Response::EndTxn(response) => (response.error_code, Vec::new()),
        Response::AddPartitionsToTxn(response) => {
            let topics = response.results_by_transaction.iter().flat_map(|it| &it.topic_results);
            let topics = topics.chain(&response.results_by_topic_v3_and_below);
            let mut of_each =
                topics.flat_map(|it| &it.results_by_partition).map(|it| it.partition_error_code);
            (of_each.find(|code| code.is_error()).unwrap_or(response.error_code), Vec::new())
        }
        Response::ListTransactions(response) => (response.error_code, Vec::new()),
        Response::DescribeTransactions(response) => {
            let mut of_each = response.transaction_states.iter().map(|it| it.error_code);
            (of_each.find(|code| code.is_error()).unwrap_or_default(), Vec::new())
        }
        Response::JoinGroup(response) => (response.error_code, Vec::new()),
        Response::SyncGroup(response) => (response.error_code, Vec::new()),
        Response::Heartbeat(response) => (response.error_code, Vec::new()),
        Response::LeaveGroup(response) => {
            let of_each = response.members.iter().map(|it| it.error_code).find(|code| code.is_error());
            (of_each.unwrap_or(response.error_code), Vec::new())
        }
        Response::OffsetFetch(response) => {
            let of_each = response.groups.iter().map(|it| it.error_code).find(|code| code.is_error());
            (of_each.unwrap_or(response.error_code), Vec::new())
        }
        Response::OffsetDelete(response) => (response.error_code, Vec::new()),
        Response::ListGroups(response) => (response.error_code, Vec::new()),
        Response::DescribeGroups(response) => {
            let of_each = response.groups.iter().map(|it| it.error_code).find(|code| code.is_error());
            (of_each.unwrap_or_default(), Vec::new())
        }
        Response::DeleteGroups(response) => {
            let of_each = response.results.iter().map(|it| it.error_code).find(|code| code.is_error());
            (of_each.unwrap_or_default(), Vec::new())
        }
        Response::Fetch(response) => (response.error_code, Vec::new()),
        _ => (ErrorCode::NONE, Vec::new()),
    }
}

/// As much of a name from the wire as the journal keeps, for it keeps thousands.
pub(crate) fn shortened(name: &str) -> String {
    name.chars().take(TopicName::MAX_LENGTH).collect()
}
