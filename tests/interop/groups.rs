//! Real consumers in a group: two share a topic, one leaves, a third goes on where they ended; and the group is looked at
//! and deleted. And real producers with transactions: committed, aborted, with offsets of a group, fenced.

use harness::{
    cases::{Cases, Trouble, Work},
    rows,
};
use serde_json::Value;

use crate::{
    Places, RECORDS, ours,
    parties::Parties,
    plan::{Leg, PARTITIONS, Party, Place},
};

/// A case for each client: the same steps look the same on the mock and on the real broker.
pub(crate) fn work<'a>(cases: &'a Cases, parties: &'a Parties, places: &'a Places) -> Vec<Work<'a>> {
    let case = |(party, what, steps): (Party, &'static str, Steps)| -> Work<'a> {
        Box::new(move || {
            cases.run(&format!("{party} > mock = kafka, {what}"), || {
                let [mock, kafka] =
                    [Place::Mock, Place::Kafka].map(|place| steps(party, place, parties, places));
                let (mock, kafka) = (mock?, kafka?);
                if mock == kafka {
                    return Ok(());
                }
                Err(format!("the steps differ:\n  mock  {mock}\n  kafka {kafka}").into())
            });
        })
    };
    let clients = [Party::Librdkafka, Party::Java];
    let group = clients.map(|party| case((party, "a group", group)));
    let transactions = clients.map(|party| case((party, "transactions", transactions)));
    group.into_iter().chain(transactions).collect()
}

/// What a client says of its steps at a place.
type Steps = fn(Party, Place, &Parties, &Places) -> Result<Value, Trouble>;

fn transactions(party: Party, place: Place, parties: &Parties, places: &Places) -> Result<Value, Trouble> {
    let bootstrap = places.bootstrap_servers(place)?;
    parties.transact(party, &bootstrap, &format!("transactions.{party}"), PARTITIONS)
}

/// The topics that the cases use.
pub(crate) fn topics() -> impl Iterator<Item = String> {
    let parties = [Party::Librdkafka, Party::Java];
    parties.into_iter().flat_map(|party| [format!("group.{party}"), format!("transactions.{party}")])
}

fn group(party: Party, place: Place, parties: &Parties, places: &Places) -> Result<Value, Trouble> {
    let bootstrap = places.bootstrap_servers(place)?;
    let sent = rows::sample(7, RECORDS, PARTITIONS);
    let topic = format!("group.{party}");
    let leg = Leg {
        topic: topic.clone(),
        writer: Party::Milena,
        place,
        acks: "all",
        compression: "lz4",
        readers: Vec::new(),
    };
    ours::write(&bootstrap, &leg, &sent)?;
    let (read, steps) = parties.group(party, &bootstrap, &topic, PARTITIONS, RECORDS)?;
    rows::compare(&sent, &read)?;
    Ok(steps)
}
