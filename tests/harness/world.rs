//! The producer's core and the cluster's core in one thread, on one clock, with one seed.
//!
//! ```text
//!  send ─▶ producer Core ◀──── Network: delays, cuts, refusals ────▶ Cluster ◀─ faults, leaders that move
//!             │                                                          │
//!             └────────── history of outcomes ──▶ check ◀── logs ────────┘
//! ```
//!
//! Nothing here waits: when all is quiet, the clock jumps to whatever comes next. Same seed, same bytes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mock_broker::{Action as Deed, Cluster, ClusterConfig, ConnectionId, Effect, Endpoint, Input};
use producer::core::{Action, ConnectionId as ClientId, Core, Event};
use producer::{Delivery, Failed, ProducerConfig, Record, RecordMetadata};
use protocol::frame::{self, Framer};
use protocol::messages::fetch::{FetchPartition, FetchTopic};
use protocol::messages::{FetchRequest, FetchResponse};
use protocol::names::{BrokerId, Timestamp};
use protocol::records::{self, Limits, OwnedRecord, Part};
use protocol::{ApiKey, Message, ResponseHeader};

use crate::losses::Losses;
use crate::mischief::{self, Mischief};
use crate::network::{End, Happening, Network};
use crate::random::Random;

/// How often the network and the cluster misbehave: once in so many, 0 is never; or how often they did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trouble {
    /// Connections that are refused.
    pub refused: usize,
    /// Requests that are cut off on their way.
    pub lost_requests: usize,
    /// Responses that are cut off on their way.
    pub lost_responses: usize,
    /// Frames after which a leader moves.
    pub moved_leaders: usize,
    /// Frames after which a broker dies.
    pub crashes: usize,
    /// Frames after which a broker shuts down.
    pub stops: usize,
    /// Frames after which a broker copies late.
    pub lags: usize,
    /// Frames after which elections take their time.
    pub held_elections: usize,
    /// Frames after which a partition without a leader gets one at any price.
    pub unclean_elections: usize,
}

/// One of the numbers of a [`Trouble`].
type Counter = fn(&mut Trouble) -> &mut usize;

/// A producer, a cluster and the network between them.
#[derive(Debug)]
pub struct World {
    /// The moment.
    pub now: Timestamp,
    /// The cluster's core.
    pub cluster: Cluster,
    /// The producer's core.
    pub producer: Core,
    /// What goes wrong from here on.
    pub trouble: Trouble,
    /// How often each went wrong so far.
    pub troubled: Trouble,
    /// What was sent, in order.
    pub history: Vec<Sent>,
    /// What elections cost so far.
    pub losses: Losses,
    /// What a consumer has read along the way.
    pub seen: Vec<Seen>,
    /// What is going to be done to the cluster, and when.
    agenda: BTreeMap<(Timestamp, u64), Deed>,
    planned: u64,
    network: Network<ClientId>,
    random: Random,
    /// A hash of every byte that was sent, for comparing two runs.
    fingerprint: DefaultHasher,
}

/// A record that was handed to the producer, and what became of it.
#[derive(Debug)]
pub struct Sent {
    /// Its key, if it had one.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Vec<u8>,
    /// When it was sent.
    pub at: Timestamp,
    /// What the producer said, and when.
    pub outcome: Option<(Result<RecordMetadata, Failed>, Timestamp)>,
    delivery: Option<Delivery>,
}

/// A record that a consumer has read: it must never be another one afterwards.
#[derive(Debug)]
pub struct Seen {
    /// Where it is from.
    pub partition: i32,
    /// When it was read.
    pub at: Timestamp,
    /// The record.
    pub record: OwnedRecord,
}

/// When every world begins.
const BEGINNING: Timestamp = Timestamp(1_700_000_000_000);
/// Broker 1 listens here, broker 2 on the next port.
const FIRST_PORT: i32 = 9001;
/// More steps than any run takes: it hangs.
const MAX_STEPS: usize = 2_000_000;

impl World {
    /// A world of `brokers` brokers; `configure` completes the cluster's and the producer's configuration.
    ///
    /// # Panics
    /// If the configuration is not valid.
    pub fn new(
        seed: u64,
        brokers: usize,
        cluster: impl FnOnce(ClusterConfig) -> ClusterConfig,
        producer: impl FnOnce(ProducerConfig) -> ProducerConfig,
    ) -> Self {
        let mut random = Random::new(seed);
        let mut cluster = Cluster::new(cluster(ClusterConfig::new(brokers).seed(random.bits())));
        let ids: Vec<BrokerId> = cluster.brokers().map(|(id, _)| id).collect();
        for &id in &ids {
            let port = (FIRST_PORT - 1 + id.0) as u16;
            cluster.set_endpoint(id, Endpoint { host: "broker".into(), port });
        }
        let bootstrap = ids.iter().map(|id| format!("broker:{}", FIRST_PORT - 1 + id.0));
        let settings = producer(ProducerConfig::new(bootstrap)).build().expect("a valid configuration");
        Self {
            now: BEGINNING,
            cluster,
            producer: Core::new(settings, random.bits(), BEGINNING),
            trouble: Trouble::default(),
            troubled: Trouble::default(),
            history: Vec::new(),
            losses: Losses::default(),
            seen: Vec::new(),
            agenda: BTreeMap::new(),
            planned: 0,
            network: Network::new(Duration::from_millis(4)),
            random,
            fingerprint: DefaultHasher::new(),
        }
    }

    /// Hands a record to the producer.
    pub fn send(&mut self, record: Record<'_>, key: Option<&[u8]>, value: &[u8]) {
        let record = match key {
            Some(key) => record.key(key),
            None => record,
        };
        let mut sent = Sent {
            key: key.map(<[u8]>::to_vec),
            value: value.to_vec(),
            at: self.now,
            outcome: None,
            delivery: None,
        };
        match self.producer.send(record.value(value), self.now) {
            Ok(delivery) => sent.delivery = Some(delivery),
            Err(error) => sent.outcome = Some((Err(error), self.now)),
        }
        self.history.push(sent);
        self.settle();
    }

    /// Runs until every record has its outcome.
    pub fn run_until_answered(&mut self) {
        self.run(|world| world.history.iter().all(|sent| sent.outcome.is_some()), Timestamp::NEVER);
    }

    /// Runs for so long.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.run(|_| false, end);
        self.now = end;
        self.settle();
    }

    fn run(&mut self, is_done: impl Fn(&Self) -> bool, end: Timestamp) {
        for _ in 0..MAX_STEPS {
            self.settle();
            if is_done(self) {
                return;
            }
            let wakeups = [
                self.network.next_arrival().unwrap_or(Timestamp::NEVER),
                self.producer.next_wakeup(),
                self.cluster.next_wakeup().unwrap_or(Timestamp::NEVER),
                self.agenda.first_key_value().map_or(Timestamp::NEVER, |((at, _), _)| *at),
            ];
            let next = wakeups.into_iter().min().unwrap_or(Timestamp::NEVER);
            if next > end {
                return;
            }
            assert_ne!(next, Timestamp::NEVER, "nothing will ever happen again, but records have no outcome");
            self.now = self.now.max(next);
            while let Some((client, happening)) = self.network.arrival(self.now) {
                self.happen(client, happening);
            }
            while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let action = entry.remove();
                self.do_to_cluster(action);
            }
            self.tell_cluster(Input::Wakeup);
        }
        panic!("the world does not come to rest");
    }

    /// Lets the producer act until it has nothing more to do now, and notes the outcomes.
    fn settle(&mut self) {
        while let Some(action) = self.producer.poll(self.now) {
            self.act(action);
        }
        let now = self.now;
        for sent in &mut self.history {
            let Some(outcome) = sent.delivery.as_mut().and_then(Delivery::outcome) else { continue };
            assert!(sent.outcome.is_none(), "a record has two outcomes");
            sent.outcome = Some((outcome, now));
            sent.delivery = None;
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Connect { connection, address } => {
                let broker = BrokerId(i32::from(address.port) - FIRST_PORT + 1);
                let is_refused = self.strikes(|trouble| &mut trouble.refused);
                let broker =
                    Some(broker).filter(|broker| self.cluster.takes_connections(*broker) && !is_refused);
                self.network.open(connection, broker, self.now, &mut self.random);
            }
            Action::Transmit { connection, correlation_id, frame } => {
                let bytes = frame.into_bytes();
                bytes.hash(&mut self.fingerprint);
                self.producer.handle(Event::Transmitted { connection, correlation_id }, self.now);
                let is_lost = self.strikes(|trouble| &mut trouble.lost_requests);
                self.transfer(connection, End::Broker, bytes, is_lost);
            }
            Action::Close { connection } => {
                if let Some(id) = self.network.remove(connection) {
                    self.tell_cluster(Input::Closed { connection: id });
                }
            }
            Action::Complete(completion) => completion.deliver(),
        }
    }

    fn happen(&mut self, connection: ClientId, happening: Happening) {
        let event = match happening {
            Happening::Opened => {
                let Some(link) = self.network.link(connection) else { return };
                let (id, broker) = (link.id, link.broker);
                // It may have gone down while the connection was being made.
                if !self.cluster.takes_connections(broker) {
                    self.network.remove(connection);
                    return self.tell_producer(Event::ConnectFailed {
                        connection,
                        reason: "connection refused".to_owned(),
                    });
                }
                self.tell_cluster(Input::Opened { connection: id, broker });
                Event::Connected { connection }
            }
            Happening::Refused => {
                Event::ConnectFailed { connection, reason: "connection refused".to_owned() }
            }
            Happening::AtClient(bytes) => Event::Received { connection, bytes },
            Happening::AtBroker(bytes) => return self.reach_broker(connection, &bytes),
            Happening::Cut => {
                let Some(id) = self.network.remove(connection) else { return };
                self.tell_cluster(Input::Closed { connection: id });
                Event::Disconnected { connection, reason: "connection reset".to_owned() }
            }
        };
        self.tell_producer(event);
    }

    fn tell_producer(&mut self, event: Event) {
        self.producer.handle(event, self.now);
        self.settle();
    }

    fn tell_cluster(&mut self, input: Input) {
        let effects = self.cluster.handle(input, self.now);
        self.losses.watch(&self.cluster, self.now);
        self.perform_effects(effects);
    }

    /// Does something to the cluster, if it can be done: brokers may be gone or back already.
    pub fn do_to_cluster(&mut self, action: Deed) {
        let performed = self.cluster.perform(action, self.now);
        self.losses.watch(&self.cluster, self.now);
        if let Ok(effects) = performed {
            self.perform_effects(effects);
        }
    }

    /// Does something to the cluster later.
    pub fn plan(&mut self, after: Duration, action: Deed) {
        self.planned += 1;
        self.agenda.insert((self.now + after, self.planned), action);
    }

    fn reach_broker(&mut self, connection: ClientId, bytes: &[u8]) {
        for frame in self.network.frames(connection, bytes) {
            let Some(link) = self.network.link(connection) else { return };
            self.tell_cluster(Input::Frame { connection: link.id, frame });
            self.make_mischief();
        }
    }

    /// Does to the brokers what the seed says.
    fn make_mischief(&mut self) {
        let kinds: [(Counter, Mischief); 6] = [
            (|trouble| &mut trouble.moved_leaders, Mischief::MoveLeader),
            (|trouble| &mut trouble.crashes, Mischief::Crash),
            (|trouble| &mut trouble.stops, Mischief::Stop),
            (|trouble| &mut trouble.lags, Mischief::Lag),
            (|trouble| &mut trouble.held_elections, Mischief::HoldElections),
            (|trouble| &mut trouble.unclean_elections, Mischief::UncleanElection),
        ];
        for (trouble, kind) in kinds {
            if self.strikes(trouble)
                && let Some((action, end)) = mischief::plan(kind, &self.cluster, &mut self.random)
            {
                self.do_to_cluster(action);
                if let Some((after, action)) = end {
                    self.plan(after, action);
                }
            }
        }
    }

    /// Ends all trouble: no rule strikes, and every broker runs, copies and leads as it should.
    pub fn heal(&mut self) {
        self.trouble = Trouble::default();
        let rules: Vec<_> = self.cluster.faults().map(|(id, _)| id).collect();
        for rule in rules {
            self.cluster.release_fault(rule);
        }
        while let Some((_, action)) = self.agenda.pop_first() {
            self.do_to_cluster(action);
        }
        self.tell_cluster(Input::Wakeup);
    }

    fn perform_effects(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { connection, frame } => {
                    let bytes = frame.into_bytes();
                    bytes.hash(&mut self.fingerprint);
                    let is_lost = self.strikes(|trouble| &mut trouble.lost_responses);
                    if let Some(client) = self.network.client_of(connection) {
                        self.transfer(client, End::Client, bytes, is_lost);
                    }
                }
                Effect::Close { connection, .. } => {
                    if let Some(client) = self.network.client_of(connection) {
                        self.network.cut(client, End::Client, self.now, &mut self.random);
                    }
                }
                Effect::SendSlowly { connection, frame, bytes_per_second } => {
                    let bytes = frame.into_bytes();
                    bytes.hash(&mut self.fingerprint);
                    if let Some(client) = self.network.client_of(connection) {
                        let (now, random) = (self.now, &mut self.random);
                        self.network.send_slowly(client, bytes, bytes_per_second, now, random);
                    }
                }
                Effect::Reset { connection } => {
                    if let Some(client) = self.network.client_of(connection) {
                        self.network.reset(client, self.now, &mut self.random);
                    }
                }
                // Who connects asks the cluster.
                Effect::Listen { .. } => {}
                // The network has no buffer that could be full; what comes nevertheless, the cluster keeps.
                Effect::StopReading { .. } | Effect::ResumeReading { .. } => {}
                other => panic!("the world does not know {other:?}"),
            }
        }
    }

    /// Sends a frame; one that is lost arrives in part, or not at all, and the connection is cut behind it.
    fn transfer(&mut self, client: ClientId, to: End, mut bytes: Bytes, is_lost: bool) {
        if is_lost {
            bytes.truncate(self.random.below(bytes.len()));
        }
        self.network.send(client, to, bytes, self.now, &mut self.random);
        if is_lost {
            self.network.cut(client, to, self.now, &mut self.random);
        }
    }

    /// Whether this kind of trouble strikes now.
    fn strikes(&mut self, kind: Counter) -> bool {
        let one_in = *kind(&mut self.trouble);
        let strikes = one_in > 0 && self.random.one_in(one_in);
        *kind(&mut self.troubled) += usize::from(strikes);
        strikes
    }

    /// One number for every byte that went over the network so far.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint.finish()
    }

    /// What a consumer reads from a topic, by partition.
    pub fn read(&mut self, topic: &str) -> BTreeMap<i32, Vec<OwnedRecord>> {
        let partitions: Vec<BrokerId> = match self.cluster.topic(topic) {
            Some(topic) => topic.partitions().iter().map(|partition| partition.leader()).collect(),
            None => Vec::new(),
        };
        let read = |(index, leader)| (index as i32, self.read_partition(topic, index as i32, leader));
        partitions.into_iter().enumerate().map(read).collect()
    }

    /// Lets a consumer read what it can of a topic now, and remembers it.
    pub fn peek(&mut self, topic: &str) {
        let leaders: Vec<BrokerId> = match self.cluster.topic(topic) {
            Some(topic) => topic.partitions().iter().map(|partition| partition.leader()).collect(),
            None => Vec::new(),
        };
        for (partition, leader) in (0..).zip(leaders) {
            if self.cluster.is_up(leader) {
                let at = self.now;
                let records = self.read_partition(topic, partition, leader);
                self.seen.extend(records.into_iter().map(|record| Seen { partition, at, record }));
            }
        }
    }

    /// The values of one partition, as a consumer reads them.
    pub fn values(&mut self, topic: &str, partition: i32) -> Vec<String> {
        let records = self.read(topic).remove(&partition).unwrap_or_default();
        records
            .iter()
            .map(|record| String::from_utf8_lossy(record.value().unwrap_or_default()).into())
            .collect()
    }

    fn read_partition(&mut self, topic: &str, index: i32, leader: BrokerId) -> Vec<OwnedRecord> {
        const READER: ConnectionId = ConnectionId(u64::MAX);
        let mut records = Vec::new();
        loop {
            let offset = records.last().map_or(0, |record: &OwnedRecord| record.offset + 1);
            let request = fetch_request(topic, index, offset);
            let frame =
                frame::encode_request(1, None, FETCH_VERSION, &request).expect("it can be said").into_bytes();
            self.cluster.handle(Input::Opened { connection: READER, broker: leader }, self.now);
            let effects =
                self.cluster.handle(Input::Frame { connection: READER, frame: frame.slice(4..) }, self.now);
            self.cluster.handle(Input::Closed { connection: READER }, self.now);
            let [Effect::Send { frame, .. }] = &effects[..] else { panic!("no answer: {effects:?}") };
            let read = fetched(frame.clone().into_bytes());
            if read.is_empty() {
                return records;
            }
            records.extend(read.into_iter().filter(|record| record.offset >= offset));
        }
    }
}

/// The newest version that names topics by name.
const FETCH_VERSION: i16 = 12;

fn fetch_request(topic: &str, partition: i32, fetch_offset: i64) -> FetchRequest {
    let partition =
        FetchPartition { partition, fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: topic.into(), partitions: vec![partition], ..Default::default() };
    FetchRequest { topics: vec![topic], max_wait_ms: 0, ..Default::default() }
}

fn fetched(answer: Bytes) -> Vec<OwnedRecord> {
    let mut answer = BytesMut::from(&answer[..]);
    let frame = Framer::default().next(&mut answer).expect("a frame").expect("a whole frame");
    let (_, body) = ResponseHeader::read(ApiKey::FETCH, FETCH_VERSION, &frame).expect("a header");
    let response = FetchResponse::read(&body, FETCH_VERSION).expect("a response");
    let partition = &response.responses[0].partitions[0];
    assert!(!partition.error_code.is_error(), "fetching: {}", partition.error_code);
    let bytes = partition.records.as_ref().map(|records| records.to_bytes()).unwrap_or_default();
    let mut read = Vec::new();
    for part in records::batches(&bytes) {
        let Part::Batch(batch) = part.expect("a batch") else { continue };
        read.extend(
            batch.records(&Limits::default()).expect("sound records").to_owned().expect("sound records"),
        );
    }
    read
}
