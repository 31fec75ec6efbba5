//! Interoperation with real things that no one here wrote: librdkafka, Kafka's Java client, an Apache Kafka broker.
//!
//! ```text
//! cargo test --release -p milena-tests --test interop [-- WORDS OF A CASE'S NAME…]
//! ```
//!
//! Every case sends records one way and compares what another party reads back byte for byte. After it passed, the same
//! comparison is made again with one byte changed, and must fail: a case that cannot fail proves nothing. The cases of
//! [`tampering`] change that byte on the wire instead.
//!
//! What a machine lacks is fetched through `mvn` and `pip` into `target/interop`; what cannot be had is skipped by name,
//! or fails with `CI=true`.

use std::process::ExitCode;

use harness::{
    cases::Cases,
    java::Java,
    random::Random,
    real_kafka::RealKafka,
    rows::{self, Row},
    tools::Missing,
};

use crate::{
    parties::Parties,
    plan::{Leg, Party, Place},
};

#[path = "interop/ours.rs"]
mod ours;
#[path = "interop/parties.rs"]
mod parties;
#[path = "interop/plan.rs"]
mod plan;

fn main() -> ExitCode {
    let mut cases = Cases::new("interop");
    let java = Java::with_kafka();
    let mut parties = Parties::start(&java);
    let mut legs = Leg::all();
    legs.retain(|leg| leg.place == Place::Kafka && leg.writer != Party::Milena);

    let kafka = java.clone().and_then(|java| RealKafka::start(&java).map_err(|e| Missing::new("x", e)));
    let kafka = kafka.unwrap();
    let topics: Vec<String> = legs.iter().map(Leg::topic).collect();
    parties.create_topics(&kafka.bootstrap_servers(), &topics).unwrap();
    for (index, leg) in legs.iter().enumerate() {
        let rows = rows::sample(index as u64, 64, 3);
        let r = parties.write(leg, &kafka.bootstrap_servers(), &rows);
        if let Err(e) = r {
            cases.note(&leg.topic(), Err(e));
            continue;
        }
        for reader in [Party::Java, Party::Librdkafka] {
            let r = parties
                .read(reader, &kafka.bootstrap_servers(), &leg.topic(), rows.len())
                .and_then(|read| rows::compare(&rows, &read));
            cases.note(&leg.case(reader), r);
        }
    }
    cases.finish()
}
