//! `milena demo`: the main job in one go.
//!
//! A mock cluster of three brokers, over real sockets; our producer sends keyed records; one answer is lost and one
//! leader moves while it does. Then everything is read back. What is shown comes from the cluster's journal, its record
//! of requests, and from what was read: not from what the producer believes.

mod figures;
mod report;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use milena::reader::{Partitions, Reader, Start};
use mock_broker::{ClusterConfig, Fault, MockCluster, Reaction, TopicSpec};
use producer::{Failed, Producer, ProducerConfig, Record};
use protocol::ApiKey;
use protocol::names::BrokerId;
use protocol::random::Random;
use tokio::time::Instant;

use self::figures::Figures;
use crate::failure::Failure;

/// Lines of `station|what happens there`.
const STATIONS: &str = include_str!("../demo/stations.txt");

const TOPIC: &str = "stations";
const BROKERS: usize = 3;
const PARTITIONS: i32 = 6;
const REPLICATION_FACTOR: i16 = 3;

/// The header that tells one record from all others: how many were sent before it.
const NUMBER: &str = "number";

/// How long the last records may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Decides when the answer is lost, and when which leader moves where.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many times the file's 240 lines are sent.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=10_000))]
    rounds: u64,
    /// Prints the figures as one JSON object.
    #[arg(long)]
    json: bool,
    /// Sends without the numbers by which brokers tell a duplicate, to see that the demo would notice.
    #[arg(long, hide = true)]
    break_deduplication: bool,
}

/// What is to happen, as the seed has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scenario {
    seed: u64,
    rounds: u64,
    is_idempotent: bool,
    /// Which produce request is not answered, counted from 1.
    lost_answer: u64,
    /// Before which record a leader moves.
    move_before: u64,
    /// The partition whose leader moves.
    moving_partition: i32,
    /// How many brokers further it moves.
    move_by: i32,
}

impl Scenario {
    fn new(arguments: &Arguments) -> Self {
        let mut random = Random::new(arguments.seed);
        let rounds = arguments.rounds;
        let records = rounds * lines().count() as u64;
        Self {
            seed: arguments.seed,
            rounds,
            is_idempotent: !arguments.break_deduplication,
            // Every round ends with a flush, so that there are at least as many requests as rounds.
            lost_answer: between(&mut random, rounds / 10 + 1, rounds),
            move_before: between(&mut random, records / 4, records * 3 / 4),
            moving_partition: between(&mut random, 0, PARTITIONS as u64 - 1) as i32,
            move_by: between(&mut random, 1, BROKERS as u64 - 1) as i32,
        }
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let spec = TopicSpec::new(TOPIC).partitions(PARTITIONS).replication_factor(REPLICATION_FACTOR);
    let config = ClusterConfig::new(BROKERS).topic_with(spec).seed(arguments.seed).journal_limit(usize::MAX);
    let cluster = MockCluster::start(config).await.map_err(|error| Failure::new(error.to_string()))?;
    let figures = perform(&Scenario::new(&arguments), &cluster).await?;

    let mut stdout = std::io::stdout().lock();
    let text = if arguments.json { report::json(&figures) } else { report::text(&figures) };
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(if figures.faults_found().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sends, disturbs, reads back; gives what the cluster has written down and what was read.
async fn perform(scenario: &Scenario, cluster: &MockCluster) -> Result<Figures, Failure> {
    let lost = Fault::on(ApiKey::PRODUCE).topic(TOPIC).nth(scenario.lost_answer).then(Reaction::DropResponse);
    let lost = cluster.add_fault(lost);
    let (moved, failures) = send(scenario, cluster).await?;
    let journal = cluster.journal();

    let started = Instant::now();
    let mut reader = Reader::connect(&cluster.bootstrap_servers()).await?;
    reader.assign(TOPIC, Partitions::All, Start::Earliest).await?;
    let records = reader.read_to_end().await?;
    let reading = started.elapsed();

    let mut figures = Figures::new(scenario, cluster.bootstrap_servers(), moved, failures);
    figures.add_journal(&journal, lost);
    figures.add_records(&records, reading);
    Ok(figures)
}

/// A leader that moved.
#[derive(Clone, Copy, Debug)]
struct Moved {
    partition: i32,
    from: BrokerId,
    to: BrokerId,
}

/// Sends all lines, round after round, and moves a leader in between. Gives the reasons why records failed, too.
async fn send(scenario: &Scenario, cluster: &MockCluster) -> Result<(Moved, BTreeSet<String>), Failure> {
    let config = ProducerConfig::new(cluster.bootstrap_servers().split(',')).client_id("milena-demo");
    let config = if scenario.is_idempotent { config } else { config.enable_idempotence(false) };
    let producer = Producer::connect(config).await.map_err(|error| Failure::new(error.to_string()))?;
    let failures = Arc::new(Mutex::new(BTreeSet::new()));
    let mut moved = None;
    let rounds = (0..scenario.rounds).flat_map(|round| lines().map(move |line| (round, line)));
    let mut last_round = 0;
    for (number, (round, (key, value))) in (0_u64..).zip(rounds) {
        if round != last_round {
            last_round = round;
            producer.flush().await.map_err(|error| Failure::new(error.to_string()))?;
        }
        if number == scenario.move_before {
            moved = Some(move_leader(scenario, cluster)?);
        }
        let record = Record::to(TOPIC).key(key).value(value).header(NUMBER, number.to_string());
        let later = Arc::clone(&failures);
        let sent = producer.send_with(record, move |outcome| note(&later, outcome.map(drop)));
        note(&failures, sent.await);
    }
    producer.close(CLOSE_TIMEOUT).await.map_err(|error| Failure::new(error.to_string()))?;
    let failures = std::mem::take(&mut *failures.lock().unwrap_or_else(PoisonError::into_inner));
    let moved = moved.ok_or_else(|| Failure::new("no leader was moved"))?;
    Ok((moved, failures))
}

/// Keeps the reason if a record failed.
fn note(failures: &Mutex<BTreeSet<String>>, outcome: Result<(), Failed>) {
    if let Err(error) = outcome {
        failures.lock().unwrap_or_else(PoisonError::into_inner).insert(error.to_string());
    }
}

fn move_leader(scenario: &Scenario, cluster: &MockCluster) -> Result<Moved, Failure> {
    let partition = scenario.moving_partition;
    let from = cluster.with(|core| {
        let topic = core.topic(TOPIC)?;
        topic.partitions().get(usize::try_from(partition).ok()?).map(|partition| partition.leader())
    });
    let from = from.ok_or_else(|| Failure::new(format!("partition {TOPIC}-{partition} is not there")))?;
    // Brokers are numbered from 1, and each has a replica of every partition.
    let to = BrokerId((from.0 - 1 + scenario.move_by) % BROKERS as i32 + 1);
    cluster.move_leader(TOPIC, partition, to).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Moved { partition, from, to })
}

/// The keys and values of the file.
fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    STATIONS.lines().filter_map(|line| line.split_once('|'))
}

/// A number from `lowest` to `highest`.
fn between(random: &mut Random, lowest: u64, highest: u64) -> u64 {
    lowest + random.bits() % (highest - lowest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_a_key_on_every_line_and_many_scripts() {
        assert_eq!(lines().count(), STATIONS.lines().count());
        let keys: BTreeSet<_> = lines().map(|(key, _)| key).collect();
        assert_eq!((lines().count(), keys.len()), (240, 24));
        for letter in ['서', '始', '台', 'ш', 'Τ', 'İ', 'ü'] {
            assert!(STATIONS.contains(letter), "{letter}");
        }
    }

    #[test]
    fn the_seed_chooses_the_moments() {
        let scenario =
            |seed| Scenario::new(&Arguments { seed, rounds: 100, json: false, break_deduplication: false });
        assert_eq!(scenario(7), scenario(7));
        for seed in 0..1000 {
            let chosen = scenario(seed);
            assert!((11..=100).contains(&chosen.lost_answer));
            assert!((6_000..=18_000).contains(&chosen.move_before));
            assert!((0..PARTITIONS).contains(&chosen.moving_partition));
            assert!((1..=2).contains(&chosen.move_by));
        }
        let moments: BTreeSet<_> = (0..1000).map(|seed| scenario(seed).move_before).collect();
        assert!(moments.len() > 900);
    }
}
