//! Interoperation with real things that no one here wrote: librdkafka, Kafka's Java client, an Apache Kafka broker.
//!
//! ```text
//! cargo test --release -p milena-tests --test interop [-- WORDS OF A CASE'S NAME…]
//! ```
//!
//! Every case sends records one way and compares what another party reads back byte for byte. A case that cannot fail
//! proves nothing: after it passed, the comparison is made again with one byte of the records changed, and the records
//! are read again over a way that changes one byte of the fetched batches, and both must fail. The cases of
//! [`tampering`] fit the checksum to that byte; those of [`program`] use the program `milena`.
//!
//! What a machine lacks is fetched through `mvn` and `pip` into `target/interop`; what cannot be had is skipped by name,
//! or fails with `CI=true`.
#![expect(clippy::print_stdout, reason = "a test reports on standard output")]

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use harness::{
    cases::{self, Cases, Trouble, Work},
    java::Java,
    random::Random,
    real_kafka::RealKafka,
    rows::{self, Row},
    tools::Missing,
};
use mock_broker::{ClusterConfig, MockCluster};
use tokio::runtime::Runtime;

use crate::{
    parties::Parties,
    plan::{Leg, PARTITIONS, Place},
};

#[path = "interop/answers.rs"]
mod answers;
#[path = "interop/groups.rs"]
mod groups;
#[path = "interop/ours.rs"]
mod ours;
#[path = "interop/parties.rs"]
mod parties;
#[path = "interop/plan.rs"]
mod plan;
#[path = "interop/program.rs"]
mod program;
#[path = "interop/tampering.rs"]
mod tampering;

/// Records of a case: enough for every odd kind of them in each partition.
const RECORDS: usize = 64;

/// Pieces of work under way at a time: each waits for a client or a broker most of its time.
const LANES: usize = 3;

/// What clients are pointed at, and the program that can be pointed at it.
struct Places {
    mock: Result<MockCluster, Trouble>,
    kafka: Result<RealKafka, Trouble>,
    /// Built when the first case needs it.
    program: OnceLock<Result<PathBuf, String>>,
    /// Cases that were shown to be able to fail.
    proven: AtomicUsize,
}

fn main() -> ExitCode {
    let cases = Cases::new("interop");
    let mut legs = Leg::all();
    legs.retain(|leg| leg.readers.iter().any(|reader| cases.wants(&leg.case(*reader))));

    let java = Java::with_kafka();
    let parties = Parties::start(&java);
    let runtime = Runtime::new().expect("the system gives a runtime what it needs");
    let places = Places {
        mock: start_mock(&runtime, &legs),
        kafka: start_kafka(&java, &parties, &legs),
        program: OnceLock::new(),
        proven: AtomicUsize::new(0),
    };

    let mut work: Vec<Work<'_>> = Vec::new();
    let run = |seed, leg| run(leg, seed, &places, &parties, &cases);
    for (seed, leg) in (1..).zip(&legs) {
        work.push(Box::new(move || run(seed, leg)));
    }
    work.extend(program::work(&cases, &parties, &places));
    work.extend(answers::work(&cases, &places));
    work.extend(groups::work(&cases, &parties, &places));
    work.push(Box::new(|| tampering::run(&cases, &parties, &places.kafka)));
    cases::in_lanes(LANES, work);

    println!(
        "interop: {} cases were compared again with one byte changed, and each failed then",
        places.proven.load(Ordering::Relaxed)
    );
    cases.finish()
}

fn start_mock(runtime: &Runtime, legs: &[Leg]) -> Result<MockCluster, Trouble> {
    let topics = legs.iter().filter(|leg| leg.place == Place::Mock).map(|leg| leg.topic.as_str());
    let config = topics.fold(ClusterConfig::new(3), |config, topic| config.topic(topic, PARTITIONS));
    let config = groups::topics().fold(config, |config, topic| config.topic(&topic, PARTITIONS));
    runtime.block_on(MockCluster::start(config)).map_err(|e| Trouble::Failed(e.to_string()))
}

fn start_kafka(java: &Result<Java, Missing>, parties: &Parties, legs: &[Leg]) -> Result<RealKafka, Trouble> {
    let kafka = RealKafka::start(java.as_ref().map_err(Missing::clone)?)?;
    let mut topics: Vec<String> =
        legs.iter().filter(|leg| leg.place == Place::Kafka).map(|leg| leg.topic.clone()).collect();
    topics.extend(tampering::topics());
    topics.extend(groups::topics());
    parties.create_topics(&kafka.bootstrap_servers(), &topics, PARTITIONS)?;
    Ok(kafka)
}

impl Places {
    /// The address of one of them.
    fn bootstrap_servers(&self, place: Place) -> Result<String, Trouble> {
        let address = match place {
            Place::Mock => self.mock.as_ref().map(MockCluster::bootstrap_servers),
            Place::Kafka => self.kafka.as_ref().map(RealKafka::bootstrap_servers),
        };
        address.map_err(Trouble::clone)
    }
}

/// Fills the leg's topic and lets each reader read it; counts the comparisons that were proven to be able to fail.
fn run(leg: &Leg, seed: u64, places: &Places, parties: &Parties, cases: &Cases) {
    let sent = rows::sample(seed, RECORDS, PARTITIONS);
    let written = places.bootstrap_servers(leg.place).and_then(|bootstrap| {
        parties.write(leg, &bootstrap, &sent)?;
        Ok(bootstrap)
    });
    let mut random = Random::new(seed);
    for &reader in &leg.readers {
        cases.run(&leg.case(reader), || {
            let bootstrap = written.clone()?;
            let read = parties.read(reader, &bootstrap, &leg.topic, PARTITIONS, RECORDS)?;
            compare_and_prove(&sent, read, &mut random)?;
            tampering::prove(parties, reader, &bootstrap, &leg.topic, &sent)?;
            places.proven.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
    }
}

/// Compares, and then shows that the comparison fails when one byte differs.
fn compare_and_prove(sent: &[Row], mut read: Vec<Row>, random: &mut Random) -> Result<(), String> {
    rows::compare(sent, &read)?;
    rows::change_one_byte(&mut read, random);
    match rows::compare(sent, &read) {
        Err(_) => Ok(()),
        Ok(()) => Err("with one byte changed the comparison still passes".to_owned()),
    }
}
