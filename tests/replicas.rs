//! What acknowledgements are worth when brokers crash, stop and come back: the same examples on the mock cluster and on three
//! real Kafka brokers, with the same answers; asked on the wire, by our producer, and by librdkafka.
//!
//! ```text
//! cargo test --release -p milena-tests --test replicas [-- WORDS OF A CASE'S NAME…]
//! ```
//!
//! Each case is asserted on what a consumer reads, on the high watermark, and on the producer's answer. What a machine lacks
//! is skipped by name, or fails with `CI=true`.
#![expect(clippy::print_stdout, reason = "a test reports on standard output")]

use std::process::ExitCode;

use harness::{
    cases::{self, Cases, Trouble, Work},
    java::Java,
};

use crate::{
    parties::{Librdkafka, Party},
    place::{Mock, Place, Real},
};

#[path = "replicas/examples.rs"]
mod examples;
#[path = "replicas/parties.rs"]
mod parties;
#[path = "replicas/place.rs"]
mod place;
#[path = "replicas/table.rs"]
mod table;

fn main() -> ExitCode {
    let cases = Cases::new("replicas");
    let librdkafka = Librdkafka::default();
    let mock = || run("mock", &cases, &librdkafka, || Ok(Box::new(Mock::start()?)));
    let real = || run("kafka", &cases, &librdkafka, || Ok(Box::new(Real::start(&Java::with_kafka()?)?)));
    let work: Vec<Work<'_>> = vec![Box::new(mock), Box::new(real)];
    cases::in_lanes(2, work);
    println!("replicas: each case was held against what is read, the high watermark and the answer");
    cases.finish()
}

/// Plays everything that is wanted at one place.
fn run(
    name: &str,
    cases: &Cases,
    librdkafka: &Librdkafka,
    start: impl FnOnce() -> Result<Box<dyn Place>, Trouble>,
) {
    let parties = [Party::Wire, Party::Milena, Party::Librdkafka(librdkafka)];
    let trials = table::trials(name, cases, &parties);
    // A real broker takes seconds to come and go, and what it does then does not depend on who sent the records.
    let players = if name == "kafka" { &parties[..1] } else { &parties[..] };
    let examples = examples::wanted(name, cases, players);
    if trials.is_empty() && examples.is_empty() {
        return;
    }
    match start() {
        Ok(mut place) => {
            table::run(cases, &trials, place.as_mut());
            examples::run(cases, &examples, place.as_mut());
        }
        Err(trouble) => cases.note(&format!("{name}, all"), Err(trouble)),
    }
}
