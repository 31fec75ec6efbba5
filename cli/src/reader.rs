//! Reads assigned partitions: ListOffsets to find where to begin, Fetch with long polling to go on.
//!
//! A fetch to each leader is under way whenever there is room for what it brings: nothing is fetched of a partition
//! whose records were not all taken yet, so that memory stays bounded by one answer a partition
//! ([`ReaderOptions::partition_bytes`]) and one unpacked batch. Leaders that move are followed; a broker that is lost is
//! asked again until [`ReaderOptions::patience`] runs out.

mod chunk;
mod leaders;
mod offsets;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use protocol::messages::{FetchRequest, FetchResponse};
use protocol::names::{BrokerId, IsolationLevel, TopicName, Uuid};
use protocol::records::{Decompressor, OwnedHeaders, OwnedRecord, TimestampType};
use protocol::wire::Records;
use protocol::{ApiKey, ErrorCode};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::chunk::Chunk;
use crate::client::{Client, REQUEST_TIMEOUT};
use crate::connection::Connection;
use crate::{ClientError, ClientErrorKind};

/// How long to wait before asking again what went wrong.
const BACKOFF: Duration = Duration::from_millis(50);

/// How much time is between warnings of brokers that are gone.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// What brokers say of a leader that is not, or not yet, where we look for it.
const MOVED: [ErrorCode; 3] =
    [ErrorCode::NOT_LEADER_OR_FOLLOWER, ErrorCode::FENCED_LEADER_EPOCH, ErrorCode::UNKNOWN_LEADER_EPOCH];

/// From this version on a fetch names topics by id (KIP-516).
const FETCH_BY_ID: i16 = 13;

/// Which partitions of a topic to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partitions {
    /// Every one there is.
    All,
    /// These.
    Only(Vec<i32>),
}

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first record there is.
    Earliest,
    /// After the last record there is: with what is still to come.
    Latest,
    /// At this offset.
    Offset(i64),
    /// With the first record of this time or later, in milliseconds since the Unix epoch; after the last if none is.
    Timestamp(i64),
}

/// Where to go on when an offset is not there (any more).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// With the first record there is.
    Earliest,
    /// After the last record there is.
    Latest,
}

impl From<Reset> for Start {
    fn from(reset: Reset) -> Self {
        match reset {
            Reset::Earliest => Self::Earliest,
            Reset::Latest => Self::Latest,
        }
    }
}

/// How to read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReaderOptions {
    /// Whether records of undecided and aborted transactions are seen; they are by default, as in Kafka.
    pub isolation_level: IsolationLevel,
    /// Where to go on when an offset is not there (any more); `None`, the default, makes it an error.
    pub reset: Option<Reset>,
    /// How much of one partition a fetch brings at most, in bytes, unless its next batch is larger
    /// (`max.partition.fetch.bytes`); 1 MiB.
    pub partition_bytes: i32,
    /// How much a fetch brings at most, in bytes, unless its first batch is larger (`fetch.max.bytes`); 50 MiB.
    pub max_bytes: i32,
    /// How much a broker waits for before it answers a fetch, in bytes (`fetch.min.bytes`); 1.
    pub min_bytes: i32,
    /// How long it waits at most, in milliseconds (`fetch.max.wait.ms`); 500.
    pub max_wait_ms: i32,
    /// How long a connection attempt or an answer may take; 30 s.
    pub request_timeout: Duration,
    /// For how long everything may go wrong before it is an error; 60 s.
    pub patience: Duration,
}

impl Default for ReaderOptions {
    fn default() -> Self {
        Self {
            isolation_level: IsolationLevel::READ_UNCOMMITTED,
            reset: None,
            partition_bytes: 1 << 20,
            max_bytes: 50 << 20,
            min_bytes: 1,
            max_wait_ms: 500,
            request_timeout: REQUEST_TIMEOUT,
            patience: Duration::from_secs(60),
        }
    }
}

/// A record, and where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its topic.
    pub topic: TopicName,
    /// Its partition.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// Milliseconds since the Unix epoch; −1 is none.
    pub timestamp: i64,
    /// Who set the timestamp; nobody in message format 0, which has none.
    pub timestamp_type: Option<TimestampType>,
    /// The leader's epoch when it was appended; −1 is unknown.
    pub leader_epoch: i32,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value.
    pub value: Option<Bytes>,
    /// Its headers.
    pub headers: OwnedHeaders,
}

impl Record {
    /// A record of a partition, its timestamp set by its producer and its leader epoch unknown.
    #[must_use]
    pub fn new(topic: TopicName, partition: i32, record: OwnedRecord) -> Self {
        Self {
            topic,
            partition,
            offset: record.offset,
            timestamp: record.timestamp,
            timestamp_type: Some(TimestampType::CreateTime),
            leader_epoch: -1,
            key: record.key_bytes(),
            value: record.value_bytes(),
            headers: record.owned_headers(),
        }
    }
}

/// Reads assigned partitions of a Kafka cluster.
#[derive(Debug)]
pub struct Reader {
    client: Client,
    options: ReaderOptions,
    partitions: Vec<Assigned>,
    fetches: JoinSet<Fetched>,
    /// The brokers with a fetch under way.
    busy: BTreeSet<BrokerId>,
    /// What was fetched and not taken yet, by place in `partitions`.
    chunks: VecDeque<(usize, Chunk)>,
    decompressor: Decompressor,
    must_refresh: bool,
    failing_since: Option<Instant>,
    warned_at: Option<Instant>,
}

/// A partition that is being read.
#[derive(Debug)]
struct Assigned {
    topic: TopicName,
    topic_id: Uuid,
    index: i32,
    leader: BrokerId,
    leader_epoch: i32,
    start: Start,
    /// The next offset to fetch, once `start` is known as an offset.
    position: Option<i64>,
    max_bytes: i32,
    state: State,
}

/// What goes on with a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It can be fetched.
    Idle,
    /// A fetch is under way, or what it brought was not all taken.
    Busy,
    /// Fetched again it would fail again.
    Failed,
}

/// A fetch that has ended.
#[derive(Debug)]
struct Fetched {
    broker: BrokerId,
    address: String,
    /// The partitions asked for, with the offsets.
    asked: Vec<(usize, i64)>,
    answer: Result<(FetchResponse, Connection), ClientError>,
}

impl Reader {
    /// Connects to a cluster by one of its brokers, `host:port,host:port`.
    ///
    /// # Errors
    /// None of them answers.
    pub async fn connect(bootstrap: &str) -> Result<Self, ClientError> {
        Self::connect_with(bootstrap, ReaderOptions::default()).await
    }

    /// The same, with options.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_with(bootstrap: &str, options: ReaderOptions) -> Result<Self, ClientError> {
        Ok(Self {
            client: Client::connect_within(bootstrap, options.request_timeout).await?,
            options,
            partitions: Vec::new(),
            fetches: JoinSet::new(),
            busy: BTreeSet::new(),
            chunks: VecDeque::new(),
            decompressor: Decompressor::new(),
            must_refresh: false,
            failing_since: None,
            warned_at: None,
        })
    }

    /// Adds partitions of a topic to what is read. The topic is not created.
    ///
    /// # Errors
    /// The topic or a partition is not there; no broker answers.
    pub async fn assign(
        &mut self,
        topic: &str,
        partitions: Partitions,
        start: Start,
    ) -> Result<(), ClientError> {
        let described = self.describe(&TopicName::from(topic)).await?;
        let mut known: Vec<i32> =
            described.partitions.iter().map(|partition| partition.partition_index).collect();
        known.sort_unstable();
        let wanted = match partitions {
            Partitions::All => known.clone(),
            Partitions::Only(wanted) => wanted,
        };
        if let Some(missing) = wanted.iter().find(|index| !known.contains(index)) {
            let (address, subject) = (self.client.any_address(), format!("partition {topic}-{missing}"));
            let there = format!("the topic has partitions 0 to {}", known.len().saturating_sub(1));
            let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            return Err(ClientError::answered(address, ApiKey::METADATA, subject, code, Some(&there)));
        }
        self.partitions.extend(wanted.into_iter().map(|index| Assigned {
            topic: TopicName::from(topic),
            topic_id: Uuid::ZERO,
            index,
            leader: BrokerId::NONE,
            leader_epoch: -1,
            start,
            position: None,
            max_bytes: self.options.partition_bytes,
            state: State::Idle,
        }));
        self.learn(&[described]);
        // Now, not when the first record is asked for: a later `Latest` would miss what was written in between.
        while !self.find_positions().await? {
            self.refresh().await?;
        }
        Ok(())
    }

    /// The next record, however long it takes to come; records of one partition come in its order.
    ///
    /// It can be given up at any time, and called again.
    ///
    /// # Errors
    /// A batch that cannot be read, a partition that may not be read, a cluster that stays away. After an error about
    /// one partition the others can still be read.
    pub async fn next(&mut self) -> Result<Record, ClientError> {
        loop {
            if let Some(record) = self.next_fetched()? {
                return Ok(record);
            }
            self.advance().await?;
        }
    }

    /// Everything from where the reader is up to where the partitions end now.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn read_to_end(&mut self) -> Result<Vec<Record>, ClientError> {
        let ends = self.ends().await?;
        let mut records = Vec::new();
        loop {
            while let Some(record) = self.next_fetched()? {
                records.push(record);
            }
            let is_at_end =
                |(assigned, end): (&Assigned, &i64)| assigned.position.is_some_and(|at| at >= *end);
            if self.partitions.iter().zip(&ends).all(is_at_end) {
                return Ok(records);
            }
            self.advance().await?;
        }
    }

    /// The next offset of each assigned partition, in the order they were assigned.
    pub fn positions(&self) -> impl Iterator<Item = (&TopicName, i32, Option<i64>)> {
        self.partitions.iter().map(|assigned| (&assigned.topic, assigned.index, assigned.position))
    }

    /// The next record of those that were fetched already; never waits.
    ///
    /// # Errors
    /// A batch that cannot be read.
    pub fn next_fetched(&mut self) -> Result<Option<Record>, ClientError> {
        while let Some((place, chunk)) = self.chunks.front_mut() {
            let assigned = &mut self.partitions[*place];
            let next = chunk.next(&mut self.decompressor);
            assigned.position = Some(chunk.position());
            match next {
                Ok(Some(unpacked)) => return Ok(Some(assigned.record(unpacked))),
                Ok(None) => {
                    let (place, has_moved, cut) = (*place, chunk.has_moved(), chunk.cut());
                    assigned.state = State::Idle;
                    self.chunks.pop_front();
                    self.finish_chunk(place, has_moved, cut)?;
                }
                Err(error) => {
                    assigned.state = State::Failed;
                    let address = self.client.address_of(assigned.leader).unwrap_or("?").to_owned();
                    let error = error.in_field("records");
                    self.chunks.pop_front();
                    return Err(ClientError::new(
                        &address,
                        Some(ApiKey::FETCH),
                        ClientErrorKind::Decode(error),
                    ));
                }
            }
        }
        Ok(None)
    }

    /// Looks at how far a chunk led that was all taken, and at the size of the batch that was cut off at its end.
    fn finish_chunk(&mut self, place: usize, has_moved: bool, cut: Option<usize>) -> Result<(), ClientError> {
        let assigned = &mut self.partitions[place];
        let size = cut.map_or(0, |size| i32::try_from(size).unwrap_or(i32::MAX));
        // A batch larger than what a fetch asks for would be cut again and again.
        let asks_for_more = size > assigned.max_bytes;
        assigned.max_bytes = assigned.max_bytes.max(size);
        if has_moved {
            self.failing_since = None;
        }
        if has_moved || asks_for_more {
            return Ok(());
        }
        let (subject, offset) = (format!("partition {}", assigned.name()), assigned.position.unwrap_or(-1));
        let address = self.client.address_of(assigned.leader).unwrap_or("?").to_owned();
        let kind = ClientErrorKind::NoProgress { subject, offset };
        self.bear(ClientError::new(&address, Some(ApiKey::FETCH), kind))
    }

    /// One step towards more records: starts what can be started, waits for something to end.
    async fn advance(&mut self) -> Result<(), ClientError> {
        if self.partitions.iter().all(|assigned| assigned.state == State::Failed) {
            return Err(ClientErrorKind::NothingToRead.into());
        }
        if self.must_refresh {
            self.refresh().await?;
        }
        self.find_positions().await?;
        self.start_fetches();
        match self.fetches.join_next().await {
            Some(Ok(fetched)) => self.accept(fetched),
            // A fetch has nothing in it that panics, and nobody else ends it.
            Some(Err(_)) => Ok(()),
            None => {
                self.must_refresh = true;
                Ok(())
            }
        }
    }

    /// Starts a fetch to each leader that has none under way and of which something is wanted.
    fn start_fetches(&mut self) {
        let mut wanted: BTreeMap<BrokerId, Vec<(usize, i64)>> = BTreeMap::new();
        for (place, assigned) in self.partitions.iter().enumerate() {
            let (leader, Some(position)) = (assigned.leader, assigned.position) else { continue };
            if assigned.state == State::Idle && leader != BrokerId::NONE && !self.busy.contains(&leader) {
                wanted.entry(leader).or_default().push((place, position));
            }
        }
        for (broker, asked) in wanted {
            let Some(address) = self.client.address_of(broker).map(str::to_owned) else {
                self.must_refresh = true;
                continue;
            };
            asked.iter().for_each(|(place, _)| self.partitions[*place].state = State::Busy);
            self.busy.insert(broker);
            let request = self.fetch_request(&asked);
            let (connection, timeout) = (self.client.take_connection(broker), self.client.timeout());
            self.fetches.spawn(async move {
                let answer = fetch(connection, &address, timeout, request).await;
                Fetched { broker, address, asked, answer }
            });
        }
    }

    fn fetch_request(&self, asked: &[(usize, i64)]) -> FetchRequest {
        let mut topics: Vec<FetchTopic> = Vec::new();
        for &(place, fetch_offset) in asked {
            let assigned = &self.partitions[place];
            let partition = FetchPartition {
                partition: assigned.index,
                current_leader_epoch: assigned.leader_epoch,
                fetch_offset,
                partition_max_bytes: assigned.max_bytes,
                ..Default::default()
            };
            match topics.iter_mut().find(|topic| topic.topic == assigned.topic) {
                Some(topic) => topic.partitions.push(partition),
                None => topics.push(FetchTopic {
                    topic: assigned.topic.clone(),
                    topic_id: assigned.topic_id,
                    partitions: vec![partition],
                    ..Default::default()
                }),
            }
        }
        FetchRequest {
            max_wait_ms: self.options.max_wait_ms,
            min_bytes: self.options.min_bytes,
            max_bytes: self.options.max_bytes,
            isolation_level: self.options.isolation_level,
            topics,
            ..Default::default()
        }
    }

    /// Takes what a fetch brought.
    fn accept(&mut self, fetched: Fetched) -> Result<(), ClientError> {
        let Fetched { broker, address, asked, answer } = fetched;
        self.busy.remove(&broker);
        asked.iter().for_each(|(place, _)| self.partitions[*place].state = State::Idle);
        let response = match answer {
            Ok((response, connection)) => {
                self.client.put_connection(broker, connection);
                response
            }
            Err(error) => return self.bear(error),
        };
        if response.error_code.is_error() {
            return self.bear(ClientError::refused(
                &address,
                ApiKey::FETCH,
                "the fetch",
                response.error_code,
            ));
        }
        let mut outcome = Ok(());
        for topic in response.responses {
            for data in topic.partitions {
                let is_it = |assigned: &Assigned| {
                    assigned.index == data.partition_index
                        && (assigned.topic == topic.topic || assigned.has_id(topic.topic_id))
                };
                let Some(&(place, position)) =
                    asked.iter().find(|(place, _)| is_it(&self.partitions[*place]))
                else {
                    continue;
                };
                outcome = outcome.and(self.accept_partition(&address, place, position, data));
            }
        }
        outcome
    }

    fn accept_partition(
        &mut self,
        address: &str,
        place: usize,
        position: i64,
        data: PartitionData,
    ) -> Result<(), ClientError> {
        let assigned = &mut self.partitions[place];
        if data.error_code.is_error() {
            let subject = match data.error_code {
                ErrorCode::OFFSET_OUT_OF_RANGE => {
                    format!("offset {position} of partition {}", assigned.name())
                }
                _ => format!("partition {}", assigned.name()),
            };
            let error = ClientError::refused(address, ApiKey::FETCH, subject, data.error_code);
            if data.error_code == ErrorCode::OFFSET_OUT_OF_RANGE
                && let Some(reset) = self.options.reset
            {
                (assigned.start, assigned.position) = (reset.into(), None);
                return self.put_off(error);
            }
            if !error.is_retriable() {
                assigned.state = State::Failed;
            }
            return self.bear(error);
        }
        if data.records.as_ref().is_none_or(Records::is_empty) {
            self.failing_since = None;
        } else {
            let committed_only = self.options.isolation_level == IsolationLevel::READ_COMMITTED;
            assigned.state = State::Busy;
            self.chunks.push_back((place, Chunk::new(data, position, committed_only)));
        }
        Ok(())
    }

    /// Lets an error pass that may go away, for as long as there is patience; the metadata is asked for anew.
    fn bear(&mut self, error: ClientError) -> Result<(), ClientError> {
        if error.is_retriable() { self.put_off(error) } else { Err(error) }
    }

    fn put_off(&mut self, error: ClientError) -> Result<(), ClientError> {
        self.must_refresh = true;
        let since = *self.failing_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.options.patience {
            self.failing_since = None;
            return Err(error);
        }
        // A leader that moved is nothing to worry about; all else may be, but not all the time.
        let has_moved = error.code().is_some_and(|code| MOVED.contains(&code));
        if !has_moved && self.warned_at.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            self.warned_at = Some(Instant::now());
            tracing::warn!("{error}; asking again");
        } else {
            tracing::debug!("{error}; asking again");
        }
        Ok(())
    }
}

impl Assigned {
    fn name(&self) -> String {
        format!("{}-{}", self.topic, self.index)
    }

    fn has_id(&self, id: Uuid) -> bool {
        id != Uuid::ZERO && self.topic_id == id
    }

    fn record(&self, unpacked: chunk::Unpacked) -> Record {
        let chunk::Unpacked { record, timestamp_type, leader_epoch } = unpacked;
        Record { timestamp_type, leader_epoch, ..Record::new(self.topic.clone(), self.index, record) }
    }
}

/// One fetch, on a new connection if there is none.
async fn fetch(
    connection: Option<Connection>,
    address: &str,
    timeout: Duration,
    request: FetchRequest,
) -> Result<(FetchResponse, Connection), ClientError> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => Connection::open(address, timeout).await?,
    };
    let mut version = connection.version_of::<FetchRequest>()?;
    // Of a topic without an id, which an old cluster has, only versions that go by name can be asked.
    if version >= FETCH_BY_ID && request.topics.iter().any(|topic| topic.topic_id == Uuid::ZERO) {
        version = FETCH_BY_ID - 1;
    }
    let response = connection.ask_at(version, &request).await?;
    Ok((response, connection))
}
