//! Every scenario of the broker: a client without the right setting loses, doubles, reorders or gives up records, and one
//! with it does not.
//!
//! Our producer, all of them on a simulated network and clock, some over TCP; `cli`'s tests play some more through the
//! program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::time::Duration;

use harness::world::World;
use milena::reader::{Partitions, Reader, Start};
use mock_broker::{ClusterConfig, MockCluster, Scenario, TopicSpec};
use producer::{Producer, ProducerConfig, Record};

/// What is wrong with what a client did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flaw {
    /// It was said to be stored, and is not.
    Lost,
    /// It is stored more than once.
    Doubled,
    /// Records are not in the order in which they were sent.
    Reordered,
    /// It was given up.
    GivenUp,
}
use Flaw::{Doubled, GivenUp, Lost, Reordered};

/// Settings, by Kafka's keys, between blanks.
type Settings = &'static str;

/// A scenario, and two clients that meet it.
struct Case {
    name: &'static str,
    /// What both have.
    common: Settings,
    without: (Settings, Flaw),
    with: Settings,
    /// Settings of the topic, where the remedy is one: without and with it.
    topic: Option<(Settings, Settings)>,
    /// How the records come.
    load: Load,
}

#[derive(Clone, Copy)]
enum Load {
    /// One every 100 ms, for six seconds.
    Steady,
    /// One every 3 ms, so that always some are under way.
    Dense,
    /// All at once.
    Burst,
    /// As [`Self::Steady`], two thousand bytes each.
    Large,
}

const fn case(name: &'static str, without: (Settings, Flaw), with: Settings) -> Case {
    Case { name, common: "linger.ms=0", without, with, topic: None, load: Load::Steady }
}

const IMPATIENT: Settings = "delivery.timeout.ms=1500 request.timeout.ms=1000";
const ONE_TRY: Settings = "enable.idempotence=false retries=0";
const NOT_IDEMPOTENT: Settings = "enable.idempotence=false";

const CASES: &[Case] = &[
    case("follower-down", (IMPATIENT, GivenUp), ""),
    case("followers-down", (IMPATIENT, GivenUp), ""),
    case("single-replica-down", (IMPATIENT, GivenUp), ""),
    case("leader-crash-after-ack1", ("acks=1", Lost), "acks=all"),
    case("leader-crash-during-acks-all", (ONE_TRY, GivenUp), ""),
    case("election-in-progress", (IMPATIENT, GivenUp), ""),
    Case {
        topic: Some((
            "min.insync.replicas=1 unclean.leader.election.enable=true",
            "min.insync.replicas=2 unclean.leader.election.enable=true",
        )),
        ..case("unclean-election", ("", Lost), "")
    },
    Case {
        common: "linger.ms=0 request.timeout.ms=1000",
        ..case("replicas-too-slow", (NOT_IDEMPOTENT, Doubled), "enable.idempotence=true")
    },
    case("in-sync-set-shrinks-after-append", (NOT_IDEMPOTENT, Doubled), "enable.idempotence=true"),
    case(
        "min-isr-above-replicas",
        ("acks=all delivery.timeout.ms=1500 request.timeout.ms=1000", GivenUp),
        "acks=1",
    ),
    case("lost-ack", (NOT_IDEMPOTENT, Doubled), "enable.idempotence=true"),
    case("half-ack", (NOT_IDEMPOTENT, Doubled), "enable.idempotence=true"),
    case("lost-request", ("acks=0", Lost), "acks=all"),
    Case {
        common: "linger.ms=0 request.timeout.ms=1000",
        ..case("late-ack", (NOT_IDEMPOTENT, Doubled), "enable.idempotence=true")
    },
    case(
        "silent-broker",
        ("request.timeout.ms=10000 delivery.timeout.ms=10000", GivenUp),
        "request.timeout.ms=2000 delivery.timeout.ms=10000",
    ),
    Case {
        load: Load::Burst,
        ..case("error-amid-others", ("enable.idempotence=false batch.size=0", Reordered), "batch.size=0")
    },
    case("storage-error", (ONE_TRY, GivenUp), ""),
    Case {
        load: Load::Large,
        ..case("message-too-large", ("compression.type=none", GivenUp), "compression.type=lz4")
    },
    case("leader-moved", (ONE_TRY, GivenUp), ""),
    case("stale-metadata", (IMPATIENT, GivenUp), ""),
    case("coordinator-loading", (IMPATIENT, GivenUp), ""),
    case("old-broker", ("compression.type=zstd", GivenUp), "compression.type=lz4"),
    Case { load: Load::Dense, ..case("rolling-restart", (ONE_TRY, GivenUp), "") },
    case("brokers-not-up-yet", ("max.block.ms=1000", GivenUp), "max.block.ms=60000"),
    case("slow-disk", (IMPATIENT, GivenUp), ""),
    case("full-disk", (IMPATIENT, GivenUp), ""),
    case("flapping-leader", (ONE_TRY, GivenUp), ""),
    case("flaky-network", (NOT_IDEMPOTENT, Doubled), "enable.idempotence=true"),
];

/// Plays a scenario with a client, and gives what went wrong.
fn play(case: &Case, client: Settings, topic: Option<Settings>, seed: u64) -> Played {
    let scenario = Scenario::named(case.name).unwrap();
    let name = scenario.topic().to_owned();
    let cluster = |config: ClusterConfig| {
        let config = match topic {
            Some(settings) => {
                let replicas = scenario.brokers() as i16;
                let spec = TopicSpec::new(&name).partitions(1).replication_factor(replicas);
                let set = |spec: TopicSpec, (key, value)| spec.config(key, value).unwrap();
                config.topic_with(pairs(settings).fold(spec, set))
            }
            None => config,
        };
        config.scenario(scenario.clone())
    };
    let producer = |mut config: ProducerConfig| {
        for (key, value) in pairs(case.common).chain(pairs(client)) {
            config.set(key, value).unwrap();
        }
        config
    };
    let mut world = World::new(seed, scenario.brokers(), cluster, producer);
    let (count, pause, padding) = match case.load {
        Load::Steady => (60, 100, 0),
        Load::Dense => (2000, 3, 0),
        Load::Burst => (60, 0, 0),
        Load::Large => (60, 100, 2000),
    };
    for number in 0..count {
        let value = format!("{number} {}", "x".repeat(padding));
        world.send(Record::to(&name), None, value.as_bytes());
        world.run_for(Duration::from_millis(pause));
    }
    world.run_until_answered();
    world.run_for(Duration::from_secs(30));
    assert!(world.cluster.failed_steps().is_empty(), "{case}: {:?}", world.cluster.failed_steps());
    Played { flaws: flaws(&mut world, &name), steps_to_come: world.cluster.steps_to_come() }
}

struct Played {
    flaws: BTreeSet<Flaw>,
    steps_to_come: usize,
}

fn pairs(settings: Settings) -> impl Iterator<Item = (&'static str, &'static str)> {
    settings.split_whitespace().map(|pair| pair.split_once('=').unwrap())
}

fn flaws(world: &mut World, topic: &str) -> BTreeSet<Flaw> {
    let mut flaws = BTreeSet::new();
    // How often each is stored, and in which order they came first: what is stored again comes late, another flaw.
    let mut stored: BTreeMap<String, usize> = BTreeMap::new();
    let mut firsts = Vec::new();
    for value in world.values(topic, 0) {
        let count = stored.entry(value.clone()).or_default();
        *count += 1;
        if *count == 1 {
            firsts.push(value);
        }
    }
    let sent: Vec<String> =
        world.history.iter().map(|sent| String::from_utf8(sent.value.clone()).unwrap()).collect();
    for (value, sent) in sent.iter().zip(&world.history) {
        let count = stored.get(value).copied().unwrap_or_default();
        let (outcome, _) = sent.outcome.as_ref().unwrap();
        if outcome.is_err() {
            flaws.insert(GivenUp);
        } else if count == 0 {
            flaws.insert(Lost);
        }
        if count > 1 {
            flaws.insert(Doubled);
        }
    }
    let expected = sent.into_iter().filter(|value| stored.contains_key(value));
    if !expected.eq(firsts) {
        flaws.insert(Reordered);
    }
    flaws
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const SEEDS: std::ops::Range<u64> = 0..5;

#[test]
fn a_client_without_the_right_setting_fails_and_one_with_it_does_not() {
    let mut wrong = String::new();
    for case in CASES {
        let (bad_topic, good_topic) = case.topic.unzip();
        let (settings, flaw) = case.without;
        for seed in SEEDS {
            let bad = play(case, settings, bad_topic, seed).flaws;
            if !bad.contains(&flaw) {
                writeln!(wrong, "{case}, seed {seed}, with {settings:?}: {bad:?}, not {flaw:?}").unwrap();
            }
            let good = play(case, case.with, good_topic, seed);
            if !good.flaws.is_empty() {
                writeln!(wrong, "{case}, seed {seed}, with {:?}: {:?}", case.with, good.flaws).unwrap();
            }
            assert_eq!(good.steps_to_come, 0, "{case}, seed {seed}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The same over TCP, those that need no long silence, with what is stored in the end.
#[tokio::test]
async fn over_tcp_it_is_the_same() {
    let names = [
        "lost-ack",
        "half-ack",
        "leader-moved",
        "storage-error",
        "full-disk",
        "flapping-leader",
        "rolling-restart",
    ];
    let cases: Vec<&Case> = CASES.iter().filter(|case| names.contains(&case.name)).collect();
    assert_eq!(cases.len(), names.len());
    let mut plays = tokio::task::JoinSet::new();
    for case in cases {
        plays.spawn(async move { (case.name, play_over_tcp(case, case.with).await) });
        // A client that is not idempotent doubles also here; what is given up depends on the moment.
        if case.without.1 == Doubled {
            plays.spawn(async move { (case.name, play_over_tcp(case, case.without.0).await) });
        }
    }
    let mut doubled = BTreeSet::new();
    let mut sound = BTreeSet::new();
    while let Some(played) = plays.join_next().await {
        let (name, stored) = played.unwrap();
        let numbers: Vec<usize> = stored.iter().map(|value| value.parse().unwrap()).collect();
        let is_sound = numbers.iter().copied().eq(0..numbers.len());
        if is_sound {
            sound.insert(name)
        } else {
            doubled.insert(name)
        };
    }
    assert_eq!(sound, BTreeSet::from(names));
    assert_eq!(doubled, BTreeSet::from(["half-ack", "lost-ack"]));
}

/// Sends numbers until all has happened, and gives what is stored then. All must be acknowledged.
async fn play_over_tcp(case: &Case, client: Settings) -> Vec<String> {
    let scenario = Scenario::named(case.name).unwrap();
    let topic = scenario.topic().to_owned();
    let config = ClusterConfig::new(scenario.brokers()).scenario(scenario);
    let cluster = MockCluster::start(config).await.unwrap();
    let servers = cluster.bootstrap_servers();
    let mut settings = ProducerConfig::new([&servers]);
    for (key, value) in pairs(case.common).chain(pairs(client)) {
        settings.set(key, value).unwrap();
    }
    let producer = Producer::connect(settings).await.unwrap();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let mut deliveries = Vec::new();
    while deliveries.len() < 20 || cluster.with(|cluster| cluster.steps_to_come()) > 0 {
        let value = deliveries.len().to_string();
        deliveries.push(producer.send(Record::to(&topic).value(value.as_bytes())).await.unwrap());
        pace.tick().await;
    }
    let count = deliveries.len();
    for delivery in deliveries {
        tokio::time::timeout(WATCHDOG, delivery).await.expect("it hangs").unwrap();
    }
    producer.close(WATCHDOG).await.unwrap();
    assert!(cluster.with(|cluster| cluster.failed_steps().is_empty()), "{case}");
    let mut reader = Reader::connect(&servers).await.unwrap();
    reader.assign(&topic, Partitions::All, Start::Earliest).await.unwrap();
    let records = reader.read_to_end().await.unwrap();
    assert!(records.len() >= count, "{case}: {} of {count}", records.len());
    let value = |record: &milena::reader::Record| record.value.as_deref().unwrap_or_default().to_vec();
    records.iter().map(|record| String::from_utf8(value(record)).unwrap()).collect()
}

/// Far above what anything here takes.
const WATCHDOG: Duration = Duration::from_secs(60);

#[test]
fn every_scenario_has_its_two_clients_and_its_row_in_the_docs() {
    let names: Vec<&str> = Scenario::all().map(|scenario| scenario.name()).collect();
    assert_eq!(CASES.iter().map(|case| case.name).collect::<Vec<_>>(), names);
    let docs = include_str!("../docs/scenarios.md");
    for scenario in Scenario::all() {
        let row = format!("| `{}` | {} | {} |", scenario.name(), scenario.happens(), scenario.remedy());
        assert!(docs.contains(&row), "docs/scenarios.md lacks:\n{row}");
    }
    let rows = docs.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, names.len(), "docs/scenarios.md has rows for what is not there");
}
