//! A byte changed on the wire, between the real broker and each client: none may pass it off as what was sent.

use harness::{
    cases::{Cases, Trouble},
    proxy::Tamper,
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
    let sent = rows::sample(0xbad, 48, PARTITIONS);
    let kafka = kafka.as_ref().map_err(Trouble::clone);
    let stored = kafka.clone().and_then(|kafka| {
        parties.write(&leg(Party::Java, "read"), &kafka.bootstrap_servers(), &sent)?;
        Ok(kafka)
    });
    let on_the_way_to_a_reader = [
        ("unchanged bytes", Tamper::Nothing),
        ("a byte changed", Tamper::Fetched),
        ("a byte changed with checksum", Tamper::FetchedWithChecksum),
    ];
    for reader in PARTIES {
        for (what, tamper) in on_the_way_to_a_reader {
            let case = format!("kafka > {what} > {reader}");
            cases.run(&case, || read_back(parties, reader, stored.clone()?, tamper, &sent));
        }
    }
    for writer in PARTIES {
        let case = format!("{writer} > a byte changed with checksum > kafka");
        cases.run(&case, || written(parties, writer, kafka.clone()?, &sent));
    }
}

fn read_back(
    parties: &Parties,
    reader: Party,
    kafka: &RealKafka,
    tamper: Tamper,
    sent: &[Row],
) -> Result<(), Trouble> {
    let way = kafka.tampered_way();
    let before = way.changed();
    way.tamper(tamper);
    let read = parties.read(reader, &way.bootstrap_servers(), "tampered.read", PARTITIONS, sent.len());
    way.tamper(Tamper::Nothing);
    let outcome = read.and_then(|read| Ok(rows::compare(sent, &read)?));
    if tamper == Tamper::Nothing {
        return outcome;
    }
    expect_noticed(way.changed() - before, outcome)
}

fn written(parties: &Parties, writer: Party, kafka: &RealKafka, sent: &[Row]) -> Result<(), Trouble> {
    let way = kafka.tampered_way();
    let before = way.changed();
    let leg = leg(writer, &writer.to_string());
    way.tamper(Tamper::ProducedWithChecksum);
    let outcome = parties.write(&leg, &way.bootstrap_servers(), sent);
    way.tamper(Tamper::Nothing);
    // The broker may have refused the batch. If not, whoever reads it must see the difference.
    let outcome = outcome.and_then(|()| {
        let read =
            parties.read(Party::Java, &kafka.bootstrap_servers(), &leg.topic, PARTITIONS, sent.len())?;
        Ok(rows::compare(sent, &read)?)
    });
    expect_noticed(way.changed() - before, outcome)
}

fn expect_noticed(changed: usize, outcome: Result<(), Trouble>) -> Result<(), Trouble> {
    match outcome {
        Err(Trouble::Failed(_)) if changed > 0 => Ok(()),
        Err(Trouble::Failed(e)) => Err(format!("it failed, but no byte was changed: {e}").into()),
        Err(missing) => Err(missing),
        Ok(()) => Err(format!("{changed} bytes were changed, and nothing was noticed").into()),
    }
}

/// Acks 1: with a refusal there is nothing to repeat for.
fn leg(writer: Party, topic: &str) -> Leg {
    let topic = format!("tampered.{topic}");
    Leg { topic, writer, place: Place::Kafka, acks: "1", compression: "none", readers: Vec::new() }
}
