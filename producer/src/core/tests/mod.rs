//! The core against a broker written by hand: every answer is a value that the test chooses.

mod accumulating;
mod connections;
mod ending;
mod forgetting;
mod giving_back;
mod retrying;
mod sequencing;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use protocol::frame::{Framer, encode_response};
use protocol::messages::api_versions::ApiVersion;
use protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use protocol::messages::produce::{LeaderIdAndEpoch, PartitionProduceResponse, TopicProduceResponse};
use protocol::messages::{
    ApiVersionsResponse, InitProducerIdResponse, MetadataResponse, ProduceRequest, ProduceResponse,
};
use protocol::names::{BrokerId, ProducerId, Timestamp, Uuid};
use protocol::records::{BatchHeader, Limits, Part, batches};
use protocol::{ApiKey, ErrorCode, Request, RequestHeader, Response};

use super::*;
use crate::{ProducerConfig, Record};

const START: Timestamp = Timestamp(1_000_000);

/// A core, and around it a cluster that connects, introduces itself and tells its metadata by itself. Produce requests
/// wait for the test to answer them.
struct Stage {
    core: Core,
    now: Timestamp,
    /// Leader and epoch of each partition of the topic `t`.
    leaders: Vec<(i32, i32)>,
    topic_error: ErrorCode,
    metadata_error: ErrorCode,
    topic_id: Uuid,
    /// What is answered to InitProducerId.
    identity: (ErrorCode, i64, i16),
    /// Addresses that refuse connections.
    refusing: BTreeSet<String>,
    /// Whether addresses that are not refusing say anything at all.
    is_silent: bool,
    produce_version: i16,
    connected: Vec<(ConnectionId, String)>,
    closed: Vec<ConnectionId>,
    metadata_requests: usize,
    /// The topics of the last of them.
    asked_for: Vec<TopicName>,
    produced: VecDeque<Produced>,
    /// The answers due on each connection, in order: those to Produce are not known yet.
    due: BTreeMap<ConnectionId, VecDeque<(i32, Option<Bytes>)>>,
    /// What was completed: partition, records, base offset or error.
    completed: Vec<(i32, u32, Result<i64, SendError>)>,
}

/// A Produce request, taken apart.
struct Produced {
    connection: ConnectionId,
    correlation_id: i32,
    version: i16,
    batches: Vec<Sent>,
}

/// One batch of it.
#[derive(Clone)]
struct Sent {
    topic: TopicName,
    partition: i32,
    header: BatchHeader,
    values: Vec<String>,
    bytes: Bytes,
}

impl Stage {
    /// One broker, one partition, no lingering, idempotent.
    fn new() -> Self {
        Self::with(config())
    }

    fn with(config: ProducerConfig) -> Self {
        Self {
            core: Core::new(config.build().unwrap(), 7, START),
            now: START,
            leaders: vec![(1, 0)],
            topic_error: ErrorCode::NONE,
            metadata_error: ErrorCode::NONE,
            topic_id: Uuid::ZERO,
            identity: (ErrorCode::NONE, 7, 0),
            refusing: BTreeSet::new(),
            is_silent: false,
            produce_version: 12,
            connected: Vec::new(),
            closed: Vec::new(),
            metadata_requests: 0,
            asked_for: Vec::new(),
            produced: VecDeque::new(),
            due: BTreeMap::new(),
            completed: Vec::new(),
        }
    }

    fn leaders(mut self, leaders: &[(i32, i32)]) -> Self {
        self.leaders = leaders.to_vec();
        self
    }

    /// Sends a record to partition 0 and lets everything run.
    fn send(&mut self, value: &str) -> Delivery {
        self.send_to(0, value)
    }

    fn send_to(&mut self, partition: i32, value: &str) -> Delivery {
        let delivery = self.try_send(Record::to("t").partition(partition).value(value)).unwrap();
        self.run();
        delivery
    }

    fn try_send(&mut self, record: Record<'_>) -> Result<Delivery, Failed> {
        self.core.send(record, self.now)
    }

    /// Performs what the core wants until it wants nothing more.
    fn run(&mut self) {
        while self.step() {}
    }

    /// Performs one thing that the core wants; whether there was one.
    fn step(&mut self) -> bool {
        let Some(action) = self.core.poll(self.now) else { return false };
        match action {
            Action::Connect { connection, address } => self.connect(connection, address.to_string()),
            Action::Transmit { connection, correlation_id, frame } => {
                let event = Event::Transmitted { connection, correlation_id };
                let mut bytes = BytesMut::from(&frame.into_bytes()[..]);
                let frame = Framer::default().next(&mut bytes).unwrap().unwrap();
                assert!(bytes.is_empty());
                if !self.is_silent {
                    self.asked(connection, &frame);
                    self.core.handle(event, self.now);
                }
            }
            Action::Close { connection } => self.closed.push(connection),
            Action::Complete(completion) => {
                let (_, partition) = completion.partition();
                let outcome = completion.outcome().map_err(SendError::clone);
                self.completed.push((partition, completion.records(), outcome));
                completion.deliver();
            }
        }
        true
    }

    fn connect(&mut self, connection: ConnectionId, address: String) {
        let is_refused = self.refusing.contains(&address);
        self.connected.push((connection, address));
        if is_refused {
            let reason = "refused".to_owned();
            self.core.handle(Event::ConnectFailed { connection, reason }, self.now);
        } else if !self.is_silent {
            self.core.handle(Event::Connected { connection }, self.now);
        }
    }

    fn asked(&mut self, connection: ConnectionId, frame: &Bytes) {
        let (header, body) = RequestHeader::read(frame).unwrap();
        let (version, correlation_id) = (header.request_api_version, header.correlation_id);
        let response = match Request::decode(header.request_api_key, version, &body).unwrap() {
            Request::ApiVersions(_) => self.versions().into(),
            Request::Metadata(request) => {
                self.metadata_requests += 1;
                let names = request.topics.unwrap_or_default();
                self.asked_for = names.into_iter().filter_map(|topic| topic.name).collect();
                self.metadata(self.asked_for.clone().into_iter()).into()
            }
            Request::InitProducerId(_) => {
                let (error_code, id, producer_epoch) = self.identity;
                let producer_id = ProducerId(id);
                InitProducerIdResponse { error_code, producer_id, producer_epoch, ..Default::default() }
                    .into()
            }
            Request::Produce(request) => {
                if request.acks != crate::Acks::NONE {
                    self.due.entry(connection).or_default().push_back((correlation_id, None));
                }
                let batches = self.take_apart(&request);
                self.produced.push_back(Produced { connection, correlation_id, version, batches });
                return;
            }
            other => panic!("a producer asks {other:?}"),
        };
        self.due.entry(connection).or_default().push_back((correlation_id, None));
        self.respond(connection, version, correlation_id, &response);
    }

    /// Answers a request; but no sooner than those before it on the same connection, as a broker does.
    fn respond(&mut self, connection: ConnectionId, version: i16, correlation_id: i32, response: &Response) {
        let bytes = encode_response(version, correlation_id, response).unwrap().into_bytes();
        let due = self.due.entry(connection).or_default();
        let known = due.iter_mut().filter(|(id, _)| *id == correlation_id);
        known.for_each(|(_, answer)| *answer = Some(bytes.clone()));
        while let Some((_, Some(bytes))) = due.front().cloned() {
            due.pop_front();
            self.core.handle(Event::Received { connection, bytes }, self.now);
        }
    }

    fn versions(&self) -> ApiVersionsResponse {
        let known = [ApiKey::PRODUCE, ApiKey::METADATA, ApiKey::API_VERSIONS, ApiKey::INIT_PRODUCER_ID];
        let api = |key: ApiKey| ApiVersion {
            api_key: key.0,
            min_version: 0,
            max_version: if key == ApiKey::PRODUCE { self.produce_version } else { 99 },
            ..Default::default()
        };
        ApiVersionsResponse { api_keys: known.into_iter().map(api).collect(), ..Default::default() }
    }

    fn metadata(&self, names: impl Iterator<Item = TopicName>) -> MetadataResponse {
        let partition = |(index, &(leader, epoch)): (usize, &(i32, i32))| MetadataResponsePartition {
            partition_index: index as i32,
            leader_id: BrokerId(leader),
            leader_epoch: epoch,
            ..Default::default()
        };
        let topic = |name| MetadataResponseTopic {
            name: Some(name),
            error_code: self.topic_error,
            topic_id: self.topic_id,
            partitions: self.leaders.iter().enumerate().map(partition).collect(),
            ..Default::default()
        };
        let broker = |id| MetadataResponseBroker {
            node_id: BrokerId(id),
            host: format!("b{id}").into(),
            port: 9092,
            ..Default::default()
        };
        let mut response = MetadataResponse { brokers: vec![broker(1), broker(2)], ..Default::default() };
        response.topics = names.map(topic).collect();
        response.error_code = self.metadata_error;
        response
    }

    fn take_apart(&self, request: &ProduceRequest) -> Vec<Sent> {
        let partitions = request
            .topic_data
            .iter()
            .flat_map(|topic| topic.partition_data.iter().map(|data| (topic.name.clone(), data)));
        let sent = partitions.map(|(topic, data)| {
            let bytes = data.records.as_ref().unwrap().to_bytes();
            let mut parts = batches(&bytes);
            let Some(Ok(Part::Batch(batch))) = parts.next() else { panic!("no batch") };
            assert!(parts.next().is_none(), "one batch for each partition");
            let records = batch.records(&Limits::default()).unwrap();
            let value = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let values = records.iter().map(|record| record.unwrap().value.map_or("null".to_owned(), value));
            Sent { topic, partition: data.index, header: *batch.header(), values: values.collect(), bytes }
        });
        sent.collect()
    }

    /// The Produce request that was sent next.
    fn next(&mut self) -> Produced {
        self.produced.pop_front().expect("a Produce request is under way")
    }

    /// Answers every partition of a request with this code; the offset is the first sequence number.
    fn answer(&mut self, produced: &Produced, code: ErrorCode) {
        self.answer_with(produced, |_, answer| answer.error_code = code);
    }

    fn answer_with(&mut self, produced: &Produced, change: impl Fn(&Sent, &mut PartitionProduceResponse)) {
        let partition = |sent: &Sent| {
            let mut answer = PartitionProduceResponse {
                index: sent.partition,
                base_offset: i64::from(sent.header.base_sequence.max(0)),
                ..Default::default()
            };
            change(sent, &mut answer);
            TopicProduceResponse {
                name: sent.topic.clone(),
                topic_id: self.topic_id,
                partition_responses: vec![answer],
                ..Default::default()
            }
        };
        let responses = produced.batches.iter().map(partition).collect();
        let response = ProduceResponse { responses, ..Default::default() };
        self.reply(produced, response);
    }

    fn reply(&mut self, produced: &Produced, response: ProduceResponse) {
        self.respond(produced.connection, produced.version, produced.correlation_id, &response.into());
        self.run();
    }

    /// Acknowledges whatever comes until nothing more comes; gives the batches.
    fn acknowledge_all(&mut self) -> Vec<Sent> {
        let mut all = Vec::new();
        self.run();
        while let Some(produced) = self.produced.pop_front() {
            self.answer(&produced, ErrorCode::NONE);
            all.extend(produced.batches);
        }
        all
    }

    /// Lets time pass, stopping wherever the core wants to look.
    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.run();
        while self.core.next_wakeup() <= end {
            assert!(self.core.next_wakeup() > self.now, "the core wakes without getting on");
            self.now = self.core.next_wakeup();
            self.run();
        }
        self.now = end;
        self.run();
    }

    fn disconnect(&mut self, connection: ConnectionId) {
        let reason = "reset".to_owned();
        self.core.handle(Event::Disconnected { connection, reason }, self.now);
        self.run();
    }

    /// Whether all of `buffer.memory` is free.
    fn is_drained(&self) -> bool {
        self.core.available_memory() == self.core.settings.buffer_memory
            && self.core.unfinished_batches() == 0
    }
}

impl Produced {
    /// Partition, epoch, first sequence number and values of its only batch.
    fn only(&self) -> (i16, i32, Vec<&str>) {
        let [sent] = &self.batches[..] else { panic!("{} batches", self.batches.len()) };
        let values = sent.values.iter().map(String::as_str).collect();
        (sent.header.producer_epoch, sent.header.base_sequence, values)
    }

    fn values(&self) -> Vec<&str> {
        self.batches.iter().flat_map(|sent| &sent.values).map(String::as_str).collect()
    }
}

fn config() -> ProducerConfig {
    ProducerConfig::new(["b1:9092"]).linger(Duration::ZERO)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn hint(leader: i32, epoch: i32) -> LeaderIdAndEpoch {
    LeaderIdAndEpoch { leader_id: BrokerId(leader), leader_epoch: epoch, ..Default::default() }
}

/// How often each value comes, for whoever does not care for order.
fn counted<'a>(values: impl IntoIterator<Item = &'a String>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value.as_str()).or_default() += 1;
    }
    counts
}
