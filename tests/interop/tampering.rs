//! A byte changed on the wire, between the real broker and each client: none may pass it off as what was sent.

use harness::{
    cases::{Cases, Trouble},
    proxy::{Tamper, Way},
    real_kafka::RealKafka,
    rows::{self, Row},
};

use crate::{
    parties::Parties,
    plan::{Leg, PARTITIONS, Party, Place},
};

const PARTIES: [Party; 3] = [Party::Milena, Party::Librdkafka, Party::Java];

/// The topics these cases need.
pub(crate) fn topics() -> Vec<String> {
    let written = PARTIES.map(|party| format!("tampered.{party}"));
    written.into_iter().chain(["tampered.read".to_owned()]).collect()
}

/// Runs them all: each client reads what is changed on its way, and writes what is changed on its way.
pub(crate) fn run(cases: &Cases, parties: &Parties, kafka: &Result<RealKafka, Trouble>) {
    let mut sent = rows::sample(0xbad, 48, PARTITIONS);
    // Long values only, so that the byte in the middle of a batch is one of a value.
    sent.iter_mut().for_each(|row| row.value = Some(vec![b'v'; 5_000]));
    let bootstrap = kafka.as_ref().map(RealKafka::bootstrap_servers).map_err(Trouble::clone);
    let stored = bootstrap.clone().and_then(|bootstrap| {
        parties.write(&leg(Party::Java, "read"), &bootstrap, &sent)?;
        Ok(bootstrap)
    });
    for reader in PARTIES {
        for (what, tamper) in [
            ("unchanged bytes", Tamper::Nothing),
            ("a byte changed with checksum", Tamper::FetchedWithChecksum),
        ] {
            let case = format!("kafka > {what} > {reader}");
            cases.run(&case, || {
                let way = Way::to(&stored.clone()?, tamper);
                let outcome = read_back(parties, reader, &way.bootstrap_servers(), "tampered.read", &sent);
                if tamper == Tamper::Nothing { outcome } else { expect_noticed(&way, outcome) }
            });
        }
    }
    for writer in PARTIES {
        let case = format!("{writer} > a byte changed with checksum > kafka");
        cases.run(&case, || written(parties, writer, &bootstrap.clone()?, &sent));
    }
}

/// Lets a party read once more, what is changed on its way: it must refuse it, or read something else.
pub(crate) fn prove(
    parties: &Parties,
    reader: Party,
    bootstrap: &str,
    topic: &str,
    sent: &[Row],
) -> Result<(), Trouble> {
    let way = Way::to(bootstrap, Tamper::Fetched);
    expect_noticed(&way, read_back(parties, reader, &way.bootstrap_servers(), topic, sent))
}

fn read_back(
    parties: &Parties,
    reader: Party,
    bootstrap: &str,
    topic: &str,
    sent: &[Row],
) -> Result<(), Trouble> {
    let read = parties.read(reader, bootstrap, topic, PARTITIONS, sent.len())?;
    Ok(rows::compare(sent, &read)?)
}

fn written(parties: &Parties, writer: Party, bootstrap: &str, sent: &[Row]) -> Result<(), Trouble> {
    let way = Way::to(bootstrap, Tamper::ProducedWithChecksum);
    let leg = leg(writer, &writer.to_string());
    // The broker may refuse the batch. If it does not, whoever reads it must see the difference.
    let outcome = parties
        .write(&leg, &way.bootstrap_servers(), sent)
        .and_then(|()| read_back(parties, Party::Java, bootstrap, &leg.topic, sent));
    expect_noticed(&way, outcome)
}

fn expect_noticed(way: &Way, outcome: Result<(), Trouble>) -> Result<(), Trouble> {
    match (outcome, way.changed()) {
        (Err(Trouble::Failed(_)), 1..) => Ok(()),
        (Err(Trouble::Failed(e)), 0) => Err(format!("it failed, but no byte was changed: {e}").into()),
        (Err(missing), _) => Err(missing),
        (Ok(()), changed) => {
            Err(format!("{changed} bytes were changed on the way, and nothing was noticed").into())
        }
    }
}

/// Acks 1: with a refusal there is nothing to repeat for.
fn leg(writer: Party, topic: &str) -> Leg {
    let topic = format!("tampered.{topic}");
    Leg { topic, writer, place: Place::Kafka, acks: "1", compression: "none", readers: Vec::new() }
}
