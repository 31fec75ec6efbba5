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
    let mock =
        || run("mock", &cases, &librdkafka, Mock::start().map(|mock| Box::new(mock) as Box<dyn Place>));
    let real = || {
        let kafka = Java::with_kafka().map_err(Trouble::from).and_then(|java| Ok(Real::start(&java)?));
        run("kafka", &cases, &librdkafka, kafka.map(|kafka| Box::new(kafka) as Box<dyn Place>));
    };
    let work: Vec<Work<'_>> = vec![Box::new(mock), Box::new(real)];
    cases::in_lanes(2, work);
    println!("replicas: each case was held against what is read, the high watermark and the answer");
    cases.finish()
}

/// Plays everything at one place.
fn run(name: &str, cases: &Cases, librdkafka: &Librdkafka, place: Result<Box<dyn Place>, Trouble>) {
    let mut place = match place {
        Ok(place) => place,
        Err(trouble) => return cases.note(&format!("{name}, all"), Err(trouble)),
    };
    let parties = [Party::Wire, Party::Milena, Party::Librdkafka(librdkafka)];
    table::run(name, cases, &parties, place.as_mut());
    examples::run(name, cases, place.as_mut());
}
