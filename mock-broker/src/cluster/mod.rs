//! The pure core: a cluster as a value. Input and time go in, effects come out.
//!
//! ```text
//! Input ──> handle ──> faults ──> handlers ──> log, topics, producers
//!              │                      │
//!              │   later answers: waiting, next_wakeup
//!              v
//!           Effects: send, close, stop and resume reading
//! ```
//!
//! Nothing here knows a socket, a clock or a thread. The same seed and the same inputs give the same bytes.

mod admin;
pub(crate) mod append;
mod asked;
mod brokers;
mod check;
mod coordinators;
mod effect;
mod elections;
mod faults;
pub(crate) mod groups;
mod journaling;
pub(crate) mod log;
mod markers;
mod panics;
mod perform;
pub(crate) mod producers;
mod recorded;
mod replicas;
mod retained;
mod schedule;
mod snapshot;
mod stage;
mod timers;
pub(crate) mod topic;
pub(crate) mod transactions;
pub(crate) mod waiting;

use std::collections::BTreeMap;

use bytes::Bytes;

use protocol::frame::encode_response;
use protocol::names::{BrokerId, Timestamp, Uuid};
use protocol::random::Random;
use protocol::records::Decompressor;
use protocol::{ByteString, ErrorCode, Request, Response};

pub use self::admin::AdminError;
pub(crate) use self::admin::Assignment;
pub(crate) use self::asked::Asked;
use self::asked::{Connection, api_of, read};
pub(crate) use self::brokers::Broker;
pub use self::brokers::BrokerState;
pub(crate) use self::coordinators::partition_of;
pub use self::effect::{CloseReason, ConnectionId, Effect, Effects, Input};
use self::faults::Aftermath;
use self::groups::Groups;
use self::panics::AtWork;
use self::schedule::Schedule;
pub use self::snapshot::Snapshot;
use self::stage::Stage;
use self::topic::Topics;
pub use self::topic::{Partition, Topic};
use self::transactions::Transactions;
use self::waiting::{Held, Parked, Waiting};
use crate::config::{ClusterConfig, ConfigError};
use crate::fault::Faults;
use crate::handlers::{self, Answer};
use crate::journal::{self, Journal, Outcome};
use crate::recording::{Recorder, Slot};

/// A Kafka cluster in memory.
///
/// A copy goes its own way; records are shared, and what happens to the copy is not recorded.
///
/// It takes whole frames and the time, and says what to send. [`MockCluster`](crate::MockCluster) puts it behind
/// sockets; a simulation drives it by hand:
///
/// ```
/// use milena_mock_broker::protocol::{frame, messages::MetadataRequest, names::{BrokerId, Timestamp}};
/// use milena_mock_broker::{Cluster, ClusterConfig, ConnectionId, Effect, Input};
///
/// let mut cluster = Cluster::new(ClusterConfig::new(3).topic("orders", 6).seed(42));
/// let (connection, now) = (ConnectionId(1), Timestamp(0));
/// cluster.handle(Input::Opened { connection, broker: BrokerId(1) }, now);
///
/// let request = frame::encode_request(7, Some("me"), 12, &MetadataRequest::default())?.into_bytes();
/// let effects = cluster.handle(Input::Frame { connection, frame: request.slice(4..) }, now);
/// assert!(matches!(effects[..], [Effect::Send { .. }]));
/// # Ok::<(), milena_mock_broker::protocol::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(crate) config: ClusterConfig,
    pub(crate) id: ByteString,
    pub(crate) brokers: BTreeMap<BrokerId, Broker>,
    pub(crate) topics: Topics,
    pub(crate) waiting: Waiting,
    /// When it was told the time last.
    now: Timestamp,
    /// What was due before an action that was refused: to be done with what comes next.
    undone: Effects,
    /// When replicas are looked after next.
    schedule: Schedule,
    /// Whether partitions that lose their leader stay without one.
    holds_elections: bool,
    pub(crate) groups: Groups,
    pub(crate) random: Random,
    pub(crate) transactions: Transactions,
    pub(crate) decompressor: Decompressor,
    /// What the logs hold at most: see `retained`.
    retained: usize,
    connections: BTreeMap<ConnectionId, Connection>,
    /// Whose request is being handled, in case that it panics.
    at_work: Option<AtWork>,
    /// When the first input came.
    began: Option<Timestamp>,
    /// How many connections there have been.
    opened: u64,
    faults: Faults,
    aftermath: Aftermath,
    /// The scripts that are played.
    stage: Stage,
    recorder: Slot,
    journal: Journal,
}

/// Where clients find a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The host, as told to clients.
    pub host: ByteString,
    /// The port.
    pub port: u16,
}

impl Cluster {
    /// A cluster as configured.
    ///
    /// # Panics
    /// If the configuration is not one: see [`Self::try_new`].
    #[must_use]
    pub fn new(config: ClusterConfig) -> Self {
        match Self::try_new(config) {
            Ok(cluster) => cluster,
            Err(error) => panic!("{error}"),
        }
    }

    /// A cluster as configured.
    ///
    /// # Errors
    /// A topic that cannot be created, or no broker at all.
    pub fn try_new(mut config: ClusterConfig) -> Result<Self, ConfigError> {
        let recorder = config.record.map(|limit| Recorder::new(&config, limit));
        let scenarios = std::mem::take(&mut config.scenarios);
        for scenario in &scenarios {
            config = scenario.complete(config).map_err(|error| ConfigError::scenario(scenario, error))?;
        }
        if !(1..=MAX_BROKERS).contains(&config.brokers) {
            return Err(ConfigError::Brokers(config.brokers));
        }
        let mut random = Random::new(config.seed);
        let mut cluster = Self {
            id: Uuid::from_u128(random.wide_bits()).to_string().into(),
            brokers: brokers::configured(&config),
            topics: Topics::default(),
            waiting: Waiting::default(),
            now: Timestamp(0),
            undone: Effects::new(),
            schedule: Schedule::default(),
            holds_elections: false,
            groups: Groups::new(&config),
            random,
            transactions: Transactions::default(),
            decompressor: Decompressor::new(),
            retained: 0,
            connections: BTreeMap::new(),
            at_work: None,
            began: None,
            opened: 0,
            faults: Faults::new(config.seed),
            aftermath: Aftermath::default(),
            stage: Stage::default(),
            recorder: Slot::default(),
            journal: Journal::new(config.journal_limit),
            config,
        };
        for topic in std::mem::take(&mut cluster.config.topics) {
            let name = topic.name.to_string();
            let refused = |error: AdminError| ConfigError::Topic { name, reason: error.to_string() };
            cluster.create_topic(topic).map_err(refused)?;
        }
        for fault in std::mem::take(&mut cluster.config.faults) {
            cluster
                .check_fault(&fault)
                .map_err(|error| ConfigError::Fault { rule: fault.to_string(), reason: error.to_string() })?;
            cluster.add_fault(fault);
        }
        for scenario in &scenarios {
            let refused = |error| ConfigError::scenario(scenario, error);
            cluster.play_scenario(scenario).map_err(refused)?;
        }
        cluster.recorder = Slot(recorder);
        Ok(cluster)
    }

    /// Takes what happened, and says what is to be done.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Effects {
        let mut effects = Effects::new();
        self.handle_into(&mut Some(input), now, &mut effects);
        effects
    }

    /// The same. If it panics, what was to be done until then stands in `effects`, [`Self::recover`] goes on, and an input
    /// that is still there is to be given again.
    pub(crate) fn handle_into(&mut self, input: &mut Option<Input>, now: Timestamp, effects: &mut Effects) {
        self.begin_input(input.as_ref(), now);
        let from = effects.len();
        effects.append(&mut self.undone);
        self.catch_up(now, effects);
        self.keep_rules(now, effects);
        self.take_steps(now, effects);
        match input.take().unwrap_or(Input::Wakeup) {
            Input::Opened { connection, broker } => self.open(connection, broker, effects),
            Input::Frame { connection, frame } => self.receive(connection, frame, now, effects),
            Input::Closed { connection } => self.forget(connection),
            Input::Wakeup => {}
        }
        self.wake(now, effects);
        self.take_steps(now, effects);
        self.end_step(&effects[from..]);
    }

    /// Does what is due, and goes on with the requests that have something to look at, or whose time has come.
    fn wake(&mut self, now: Timestamp, effects: &mut Effects) {
        loop {
            let is_busy = self.groups.tick(now) || self.tick_transactions(now);
            for (connection, response) in self.groups.take_answers() {
                self.waiting.answer(connection, response);
            }
            match self.waiting.wake(now) {
                Some(parked) => self.resume(parked, now, effects),
                None if is_busy => {}
                None => return,
            }
        }
    }

    /// When to come back with [`Input::Wakeup`], if nothing happens before.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let next = [
            (!self.undone.is_empty()).then_some(self.now),
            self.waiting.next_wakeup(),
            self.schedule.next(),
            self.next_rule_change(),
            self.next_step(),
            self.groups.next_wakeup(),
            self.transactions.next_wakeup(),
        ];
        next.into_iter().flatten().min()
    }

    /// The longest frame that is accepted, in bytes: `socket.request.max.bytes`.
    #[must_use]
    pub fn max_frame_bytes(&self) -> usize {
        usize::try_from(self.config.number("socket.request.max.bytes")).unwrap_or_default()
    }

    fn open(&mut self, connection: ConnectionId, broker: BrokerId, effects: &mut Effects) {
        if !self.takes_connections(broker) {
            return effects.push(Effect::Reset { connection });
        }
        let new = self.new_connection(broker);
        self.connections.insert(connection, new);
    }

    /// Takes a frame; if the connection still waits for an answer, its turn comes after that.
    fn receive(&mut self, connection: ConnectionId, frame: Bytes, now: Timestamp, effects: &mut Effects) {
        if self.is_silent(connection) {
            return;
        }
        if !self.must_wait(connection) {
            return self.answer(connection, frame, now, effects);
        }
        let Some(state) = self.connections.get_mut(&connection) else { return };
        if !state.has_room() {
            return self.close(connection, CloseReason::Overrun, effects);
        }
        state.queued_bytes += frame.len();
        state.queue.push_back(frame);
    }

    /// Whether frames of a connection have to wait their turn.
    fn must_wait(&self, connection: ConnectionId) -> bool {
        self.waiting.is_parked(connection) || self.is_held(connection)
    }

    fn answer(&mut self, connection: ConnectionId, frame: Bytes, now: Timestamp, effects: &mut Effects) {
        self.at_work = Some(AtWork { connection, api: None, entry: None });
        self.answer_at_work(connection, frame, now, effects);
        self.at_work = None;
    }

    fn answer_at_work(
        &mut self,
        connection: ConnectionId,
        frame: Bytes,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(state) = self.connections.get(&connection) else { return };
        let broker = state.broker;
        let served = |api_key| self.served(api_key, broker, now);
        if let Some(refusal) = handlers::refuse_api_versions(&frame, served) {
            if let Some(api) = api_of(&frame) {
                self.write_down(connection, api, Outcome::Answered, now);
            }
            return effects.push(Effect::Send { connection, frame: refusal });
        }
        let read = read(&frame, served);
        let Some(state) = self.connections.get_mut(&connection) else { return };
        let (asked, request) = match read {
            Ok((header, request)) => (state.asked(connection, header, frame.len(), now), request),
            Err(error) => {
                let api = api_of(&frame);
                if let Some(api) = api {
                    self.write_down(connection, api, Outcome::Unknown, now);
                }
                return self.close(connection, CloseReason::BadRequest { api, error }, effects);
            }
        };
        self.at_work = Some(AtWork { connection, api: Some((asked.api_key, asked.version)), entry: None });
        if !self.faults.is_empty() {
            return self.answer_struck(asked, request, now, effects);
        }
        self.carry_out(asked, request, now, effects);
    }

    /// Gives a request to its handler, and goes on with what comes of it.
    fn carry_out(&mut self, mut asked: Asked, request: Request, now: Timestamp, effects: &mut Effects) {
        asked.strikes.panic_if_wanted();
        let answer = match self.stale_answer(&asked, &request) {
            Some(response) => Answer::Now(response),
            None => handlers::answer(self, &mut asked, request, now),
        };
        self.settle(asked, answer, now, effects);
    }

    /// Does with a handler's answer what it says.
    fn settle(&mut self, asked: Asked, answer: Answer, now: Timestamp, effects: &mut Effects) {
        match answer {
            Answer::Now(response) => match self.held_until(&asked, now) {
                None => self.end(asked, Ok(Some(response)), effects),
                Some(until) => self.park(asked, until, Held::Answer(Box::new(response)), effects),
            },
            Answer::Never => self.end(asked, Ok(None), effects),
            Answer::Close => self.end(asked, Err(CloseReason::Failed), effects),
            Answer::Later { until, held } => self.park(asked, until, held, effects),
        }
    }

    fn park(&mut self, mut asked: Asked, until: Timestamp, held: Held, effects: &mut Effects) {
        let connection = asked.connection;
        if let Some(state) = self.connections.get_mut(&connection)
            && !std::mem::replace(&mut state.is_stopped, true)
        {
            effects.push(Effect::StopReading { connection });
        }
        if asked.entry.is_none() {
            asked.entry = Some(self.journal.push(asked.journal_entry(Outcome::Waiting)));
        }
        self.waiting.park(Parked { asked, until, held });
    }

    /// Goes on with a request that has waited, and with those behind it.
    fn resume(&mut self, parked: Parked, now: Timestamp, effects: &mut Effects) {
        let Parked { mut asked, until, held } = parked;
        let connection = asked.connection;
        self.at_work = Some(AtWork { connection, api: None, entry: asked.entry });
        match held {
            Held::Request(request) => self.carry_out(asked, *request, now, effects),
            Held::Answer(response) => self.end(asked, Ok(Some(*response)), effects),
            Held::Fetch { request, .. } => {
                asked.outcomes.clear();
                let answer = handlers::fetch_again(self, &mut asked, *request, until, now);
                self.settle(asked, answer, now, effects);
            }
            Held::Produce(pending) => {
                let answer = handlers::produce_again(self, &mut asked, pending, until, now);
                self.settle(asked, answer, now, effects);
            }
            Held::Group(Some(response)) => self.settle(asked, Answer::Now(*response), now, effects),
            // There is no time at which it gives up.
            Held::Group(None) => self.settle(asked, Answer::WHEN_DECIDED, now, effects),
        }
        self.at_work = None;
        self.go_on(connection, now, effects);
    }

    /// Answers the frames of a connection that came while it waited, up to the next one that has to wait.
    fn go_on(&mut self, connection: ConnectionId, now: Timestamp, effects: &mut Effects) {
        while !self.must_wait(connection) {
            let Some(state) = self.connections.get_mut(&connection) else { return };
            let Some(frame) = state.queue.pop_front() else { break };
            state.queued_bytes -= frame.len();
            self.receive(connection, frame, now, effects);
        }
        if self.must_wait(connection) {
            return;
        }
        if let Some(state) = self.connections.get_mut(&connection) {
            state.is_stopped = false;
            effects.push(Effect::ResumeReading { connection });
        }
    }

    /// Sends the answer of a request, or nothing if none is wished, or closes; and writes it down.
    fn end(
        &mut self,
        mut asked: Asked,
        mut answer: Result<Option<Response>, CloseReason>,
        effects: &mut Effects,
    ) {
        let connection = asked.connection;
        let (api, correlation_id) = ((asked.api_key, asked.version), asked.correlation_id);
        if !asked.strikes.is_empty() {
            answer = self.spoil(&mut asked, answer);
        }
        if let Ok(Some(response)) = &answer {
            let (error_code, outcomes) = journal::of_answer(response);
            asked.error_code = error_code;
            asked.outcomes.extend(outcomes);
        }
        let frame = answer.and_then(|response| {
            let encode = |response| encode_response(api.1, correlation_id, &response);
            response.map(encode).transpose().map_err(|error| CloseReason::BadAnswer { api, error })
        });
        let outcome = match &frame {
            Ok(Some(_)) => Outcome::Answered,
            Ok(None) => Outcome::Unanswered,
            Err(_) => Outcome::Closed,
        };
        match asked.entry {
            Some(number) => {
                let outcomes = std::mem::take(&mut asked.outcomes);
                self.journal.settle(number, outcome, asked.error_code, outcomes);
            }
            None => {
                self.journal.push(asked.journal_entry(outcome));
            }
        }
        match frame {
            Ok(frame) if !self.is_unharmed(&asked) => self.send_struck(&asked, frame, effects),
            Ok(Some(frame)) => effects.push(Effect::Send { connection, frame }),
            Ok(None) => {}
            Err(_) if asked.wants_reset() => {
                self.forget(connection);
                effects.push(Effect::Reset { connection });
            }
            Err(reason) => self.close(connection, reason, effects),
        }
    }

    fn close(&mut self, connection: ConnectionId, reason: CloseReason, effects: &mut Effects) {
        self.forget(connection);
        effects.push(Effect::Close { connection, reason });
    }

    /// Drops all that is known of a connection; a request of it that waits is never answered.
    fn forget(&mut self, connection: ConnectionId) {
        self.connections.remove(&connection);
        self.forget_harm(connection);
        if let Some(Parked { asked: Asked { entry: Some(number), outcomes, .. }, .. }) =
            self.waiting.take(connection)
        {
            self.journal.settle(number, Outcome::Closed, ErrorCode::NONE, outcomes);
        }
    }

    /// Tells those who wait that something happened to a partition.
    pub(crate) fn touch(&mut self, topic: Uuid, partition: i32) {
        self.waiting.touch(topic, partition);
    }
}

/// More would not fit into the ports of one address.
const MAX_BROKERS: usize = 10_000;
