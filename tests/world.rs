//! Simulated worlds: our producer against our cluster, on a network that misbehaves, without a socket or a clock.
//!
//! ```text
//! cargo test --release -p milena-tests --test world
//! MILENA_SEEDS=10000 cargo test --release -p milena-tests --test world seeds   plays so many
//! MILENA_SEED=17 cargo test --release -p milena-tests --test world seeds      plays one seed and tells its story
//! ```

use std::io::Write as _;
use std::num::NonZeroU32;
use std::time::Duration;

use harness::history::{Promises, check};
use harness::random::Random;
use harness::world::{Trouble, World};
use mock_broker::{ClusterConfig, ConfigError, Corruption, Fault, Reaction, TopicSpec};
use producer::{Acks, Compression, ProducerConfig, Record};
use protocol::{ApiKey, ErrorCode};

#[path = "world/replicas.rs"]
mod replicas;

const SEEDS: u64 = 200;
const TOPIC: &str = "orders";

/// One partition on one of three brokers, and nothing lingers.
fn simple(seed: u64) -> World {
    World::new(seed, 3, |cluster| cluster.topic(TOPIC, 1), |producer| producer.linger(Duration::ZERO))
}

fn send(world: &mut World, value: &str) {
    world.send(Record::to(TOPIC), None, value.as_bytes());
}

fn offsets(world: &World) -> Vec<Option<i64>> {
    let outcome = |sent: &harness::world::Sent| Some(sent.outcome.as_ref()?.0.as_ref().ok()?.offset);
    world.history.iter().map(outcome).collect()
}

fn produce_requests(world: &World) -> usize {
    world.cluster.journal().entries().filter(|entry| entry.api_key == ApiKey::PRODUCE).count()
}

#[test]
fn a_record_arrives() {
    let mut world = simple(1);
    send(&mut world, "a");
    world.run_until_answered();
    assert_eq!(world.values(TOPIC, 0), ["a"]);
    assert_eq!(offsets(&world), [Some(0)]);
}

#[test]
fn a_lost_acknowledgement_does_not_duplicate_the_record() {
    let mut world = simple(7);
    world.cluster.add_fault(Fault::on(ApiKey::PRODUCE).nth(1).then(Reaction::DropResponse));
    send(&mut world, "a");
    world.run_until_answered();
    assert_eq!(world.values(TOPIC, 0), ["a"]);
    assert_eq!(offsets(&world), [Some(0)]);
    assert_eq!(produce_requests(&world), 2);
}

#[test]
fn a_lost_acknowledgement_duplicates_the_record_without_idempotence() {
    let mut world = World::new(
        7,
        1,
        |cluster| cluster.topic(TOPIC, 1),
        |producer| producer.linger(Duration::ZERO).enable_idempotence(false),
    );
    world.cluster.add_fault(Fault::on(ApiKey::PRODUCE).nth(1).then(Reaction::DropResponse));
    send(&mut world, "a");
    world.run_until_answered();
    assert_eq!(world.values(TOPIC, 0), ["a", "a"]);
}

#[test]
fn a_lost_request_is_sent_again() {
    let mut world = simple(3);
    world.cluster.add_fault(Fault::on(ApiKey::PRODUCE).nth(1).then(Reaction::DropRequest));
    send(&mut world, "a");
    world.run_until_answered();
    assert_eq!(world.values(TOPIC, 0), ["a"]);
    assert_eq!(offsets(&world), [Some(0)]);
    assert_eq!(produce_requests(&world), 2);
}

#[test]
fn a_refused_connection_is_tried_again() {
    let mut world = simple(4);
    world.trouble.refused = 1;
    send(&mut world, "a");
    world.run_for(Duration::from_secs(5));
    assert_eq!(offsets(&world), [None]);
    world.trouble.refused = 0;
    world.run_until_answered();
    assert_eq!(world.values(TOPIC, 0), ["a"]);
}

#[test]
fn records_follow_a_leader_that_moved() {
    let mut world = simple(5);
    send(&mut world, "a");
    world.run_until_answered();
    let leader = world.cluster.topic(TOPIC).unwrap().partitions()[0].leader();
    let other = world.cluster.brokers().map(|(id, _)| id).find(|id| *id != leader).unwrap();
    world.cluster.move_leader(TOPIC, 0, other).unwrap();
    send(&mut world, "b");
    world.run_until_answered();
    assert_eq!(world.values(TOPIC, 0), ["a", "b"]);
    let refused = world.cluster.journal().entries().filter(|entry| {
        entry.partitions.iter().any(|partition| partition.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER)
    });
    assert_eq!(refused.count(), 1);
}

#[test]
fn an_error_that_nothing_mends_reaches_the_sender() {
    let mut world = simple(6);
    let fault = Reaction::Fail(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    world.cluster.add_fault(Fault::on(ApiKey::PRODUCE).first(1).then(fault));
    send(&mut world, "a");
    world.run_until_answered();
    let outcome = &world.history[0].outcome.as_ref().unwrap().0;
    assert_eq!(outcome.as_ref().unwrap_err().code(), Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    assert!(world.values(TOPIC, 0).is_empty());
}

#[test]
fn without_a_broker_the_record_is_given_back_in_time() {
    let mut world = simple(8);
    world.trouble.refused = 1;
    send(&mut world, "a");
    world.run_until_answered();
    let (outcome, at) = world.history[0].outcome.as_ref().unwrap();
    let error = outcome.as_ref().unwrap_err();
    assert!(!error.may_be_stored());
    assert!(error.to_string().contains("broker:9001: connection refused"), "{error}");
    // max.block.ms is a minute.
    assert_eq!(at.saturating_since(world.history[0].at), Duration::from_secs(60));
}

#[test]
fn seeds() {
    if let Some(seed) = number("MILENA_SEED") {
        let mut run = Run::of(seed);
        let outcome = run.play();
        run.tell();
        outcome.unwrap_or_else(|broken| panic!("seed {seed}:\n{broken}"));
        return;
    }
    let seeds = number("MILENA_SEEDS").unwrap_or(SEEDS);
    let mut records = 0;
    let mut troubles = Troubles::default();
    for seed in 0..seeds {
        let mut run = Run::of(seed);
        run.play().unwrap_or_else(|broken| panic!("MILENA_SEED={seed} tells the story of:\n{broken}"));
        records += run.world.history.len();
        troubles.add(&run.world);
    }
    report(&format!("world: {seeds} seeds, {records} records, {troubles:?}"));
    troubles.assert_all_kinds();
}

/// Prints a line also when the test passes, which `println` does not.
fn report(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output is open");
}

/// A number that the environment gives.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

/// What the worlds went through: seeds without trouble would show nothing.
#[derive(Debug, Default)]
struct Troubles {
    refused: usize,
    lost_requests: usize,
    lost_responses: usize,
    moved_leaders: usize,
    crashes: usize,
    stops: usize,
    lags: usize,
    held_elections: usize,
    elections: usize,
    clean_losses: usize,
    unclean_losses: usize,
    struck_by_rules: usize,
    duplicates_refused: usize,
    sent_to_old_leaders: usize,
}

impl Troubles {
    fn add(&mut self, world: &World) {
        self.refused += world.troubled.refused;
        self.lost_requests += world.troubled.lost_requests;
        self.lost_responses += world.troubled.lost_responses;
        self.moved_leaders += world.troubled.moved_leaders;
        self.crashes += world.troubled.crashes;
        self.stops += world.troubled.stops;
        self.lags += world.troubled.lags;
        self.held_elections += world.troubled.held_elections;
        self.elections += world.losses.elections;
        self.clean_losses += world.losses.cuts().len() - world.losses.unclean();
        self.unclean_losses += world.losses.unclean();
        for entry in world.cluster.journal().entries() {
            self.struck_by_rules += entry.faults.len();
            for partition in &entry.partitions {
                let is_duplicate = partition.batch.as_ref().is_some_and(|batch| batch.duplicate);
                self.duplicates_refused += usize::from(is_duplicate);
                let is_old = partition.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER;
                self.sent_to_old_leaders += usize::from(is_old);
            }
        }
    }

    fn assert_all_kinds(&self) {
        let kinds = [
            self.refused,
            self.lost_requests,
            self.lost_responses,
            self.moved_leaders,
            self.crashes,
            self.stops,
            self.lags,
            self.held_elections,
            self.elections,
            self.clean_losses,
            self.unclean_losses,
            self.struck_by_rules,
            self.duplicates_refused,
            self.sent_to_old_leaders,
        ];
        assert!(!kinds.contains(&0), "{self:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for seed in 0..20 {
        let fingerprint = || {
            let mut run = Run::of(seed);
            run.play().unwrap();
            run.world.fingerprint()
        };
        assert_eq!(fingerprint(), fingerprint(), "seed {seed}");
    }
}

/// What goes wrong with a request that may be repaired: it is sent again, or asked for again.
fn a_reaction(api: ApiKey, random: &mut Random) -> Reaction {
    let errors = match api {
        ApiKey::PRODUCE => [ErrorCode::NOT_LEADER_OR_FOLLOWER, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND],
        ApiKey::METADATA => [ErrorCode::LEADER_NOT_AVAILABLE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION],
        _ => [ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, ErrorCode::COORDINATOR_NOT_AVAILABLE],
    };
    let error = *random.pick(&errors);
    let time = *random.pick(&[Duration::from_millis(700), Duration::from_secs(8)]);
    match random.below(19) {
        0 | 1 if api != ApiKey::API_VERSIONS => Reaction::Fail(error),
        2 if api == ApiKey::PRODUCE => Reaction::ApplyThenFail(error),
        3 => Reaction::DelayBefore(time),
        4 => Reaction::DelayAfter(time),
        5 => Reaction::HoldBefore,
        6 => Reaction::HoldAfter,
        7 => Reaction::DropRequest,
        8 => Reaction::DropResponse,
        9 => Reaction::HalfResponse(None),
        10 => Reaction::Close,
        11 => Reaction::Reset,
        12 => Reaction::Corrupt(random.pick(&[Corruption::Length, Corruption::CorrelationId]).clone()),
        13 => Reaction::Duplicate,
        14 => Reaction::Throttle(time),
        15 => Reaction::Bandwidth(2_000),
        16 => Reaction::Silence,
        17 if api == ApiKey::METADATA => Reaction::StaleMetadata,
        18 => Reaction::StopReading,
        _ => Reaction::Reorder,
    }
}

/// A run whose every choice comes from the seed.
struct Run {
    random: Random,
    world: World,
    acks: Acks,
    idempotent: bool,
    records: usize,
    keys: usize,
    pause_ms: usize,
}

/// How long the world misbehaves. What is not stored by then has time enough left.
const TROUBLED: Duration = Duration::from_secs(40);
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(120);
const MAX_BLOCK: Duration = Duration::from_secs(60);

impl Run {
    fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let idempotent = !random.one_in(4);
        let acks = match random.below(3) {
            _ if idempotent => Acks::ALL,
            0 => Acks::NONE,
            1 => Acks::LEADER,
            _ => Acks::ALL,
        };
        let compressions = [Compression::None, Compression::Lz4, Compression::Snappy, Compression::Zstd];
        let compression = *random.pick(&compressions);
        let batch_size = *random.pick(&[0, 100, 1000, 16_384]);
        let linger = Duration::from_millis(random.below(20) as u64);
        let in_flight = NonZeroU32::MIN.saturating_add(random.below(5) as u32);
        let configure = |producer: ProducerConfig| {
            producer
                .enable_idempotence(idempotent)
                .acks(acks)
                .compression(compression)
                .batch_size(batch_size)
                .linger(linger)
                .max_in_flight(in_flight)
                .delivery_timeout(DELIVERY_TIMEOUT)
                .max_block(MAX_BLOCK)
                .request_timeout(Duration::from_secs(5))
        };
        let partitions = 1 + random.below(6) as i32;
        let brokers = 1 + random.below(4);
        let replicas = 1 + random.below(brokers) as i16;
        let min_insync_replicas = 1 + random.below(usize::from(replicas.unsigned_abs()));
        let allows_unclean = random.one_in(4);
        let orders = || -> Result<TopicSpec, ConfigError> {
            TopicSpec::new(TOPIC)
                .partitions(partitions)
                .replication_factor(replicas)
                .config("min.insync.replicas", &min_insync_replicas.to_string())?
                .config("unclean.leader.election.enable", &allows_unclean.to_string())
        };
        let session_timeout = Duration::from_millis(*random.pick(&[0, 0, 300, 9_000]));
        let configure_cluster = |cluster: ClusterConfig| {
            cluster.topic_with(orders().expect("settings of a topic")).broker_session_timeout(session_timeout)
        };
        let mut world = World::new(seed, brokers, configure_cluster, configure);
        // Some worlds are quiet in one way or another.
        let mut once_in = |most: usize| if random.one_in(3) { 0 } else { 4 + random.below(most) };
        world.trouble = Trouble {
            refused: once_in(10),
            lost_requests: once_in(20),
            lost_responses: once_in(20),
            moved_leaders: once_in(20),
            crashes: once_in(60),
            stops: once_in(60),
            lags: once_in(30),
            held_elections: once_in(60),
            unclean_elections: if allows_unclean { once_in(30) } else { 0 },
        };
        for _ in 0..random.below(5) {
            let api = *random.pick(&[
                ApiKey::PRODUCE,
                ApiKey::PRODUCE,
                ApiKey::METADATA,
                ApiKey::INIT_PRODUCER_ID,
                ApiKey::API_VERSIONS,
            ]);
            let rule = Fault::on(api);
            let rule = if random.one_in(4) {
                rule.probability(0.1)
            } else {
                rule.nth(1 + random.below(if api == ApiKey::PRODUCE { 30 } else { 5 }) as u64)
            };
            world.cluster.add_fault(rule.then(a_reaction(api, &mut random)));
        }
        let (records, keys, pause_ms) = (20 + random.below(100), random.below(8), random.below(200));
        Self { random, world, acks, idempotent, records, keys, pause_ms }
    }

    fn play(&mut self) -> Result<(), String> {
        let begin = self.world.now;
        let memory = self.world.producer.available_memory();
        for number in 0..self.records {
            let key = (self.keys > 0).then(|| format!("key {}", self.random.below(self.keys)).into_bytes());
            let padding = "x".repeat(self.random.below(300));
            let value = format!("{number} {padding}");
            self.world.send(Record::to(TOPIC), key.as_deref(), value.as_bytes());
            if self.random.one_in(3) {
                self.world.run_for(Duration::from_millis(self.random.below(self.pause_ms + 1) as u64));
            }
            if self.random.one_in(10) {
                self.world.peek(TOPIC);
            }
        }
        let rest = TROUBLED.saturating_sub(self.world.now.saturating_since(begin));
        self.world.run_for(rest);
        self.world.heal();
        self.world.run_until_answered();

        let promises = Promises {
            idempotent: self.idempotent,
            acknowledged: self.acks != Acks::NONE,
            by_all: self.acks == Acks::ALL,
            longest: DELIVERY_TIMEOUT + MAX_BLOCK,
        };
        let logs = self.world.read(TOPIC);
        check(&self.world.history, &logs, &self.world.losses, &self.world.seen, promises)?;
        // Whose earlier records are gone cannot go on in order.
        if self.idempotent
            && self.world.losses.unclean() == 0
            && let Some(lost) =
                self.world.history.iter().find(|sent| !matches!(sent.outcome, Some((Ok(_), _))))
        {
            return Err(format!("trouble ended in time, and still: {:?}", lost.outcome));
        }
        // Requests that were answered by silence may be under way a little longer than their records.
        self.world.run_for(Duration::from_secs(60));
        let left = self.world.producer.available_memory();
        if left != memory {
            return Err(format!("{} bytes of buffer.memory never came back", memory - left));
        }
        Ok(())
    }

    /// Tells what was asked and answered, what elections cost, and what became of each record.
    fn tell(&self) {
        for entry in self.world.cluster.journal().entries() {
            report(&format!("{entry:?}"));
        }
        for cut in self.world.losses.cuts() {
            report(&format!("{cut:?}"));
        }
        for sent in &self.world.history {
            let value: String = String::from_utf8_lossy(&sent.value).split(' ').take(1).collect();
            report(&format!("{value}: sent at {:?}, {:?}", sent.at, sent.outcome));
        }
    }
}
