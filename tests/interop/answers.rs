//! The same requests to the mock and to a real broker: the same answers.
//!
//! What a broker makes up (member ids, producer ids, topic ids) is replaced by a name where it first comes up; nothing
//! else is set aside.

use harness::{
    cases::{Cases, Trouble, Work},
    raw::{Raw, Transcript},
    real_kafka::RealKafka,
};
use mock_broker::{ClusterConfig, MockCluster};
use protocol::{
    ErrorCode,
    messages::{
        CreateTopicsRequest, DescribeTransactionsRequest, FindCoordinatorRequest, HeartbeatRequest,
        ListOffsetsRequest,
        create_topics::CreatableTopic,
        list_offsets::{ListOffsetsPartition, ListOffsetsTopic},
    },
};

use crate::Places;

#[path = "answers/groups.rs"]
mod groups;
#[path = "answers/transactions.rs"]
mod transactions;

/// A sequence of requests: asks the broker at this address, and writes down what it answers.
type Sequence = fn(&str, &mut Transcript) -> Result<(), String>;

const SEQUENCES: [(&str, Sequence); 9] = [
    ("a member of a classic group", groups::one_member),
    ("two members rebalancing", groups::two_members),
    ("static members", groups::static_members),
    ("groups that are not there", groups::nobody),
    ("transactions of the old protocol", transactions::old_protocol),
    ("transactions of the new protocol", transactions::new_protocol),
    ("a producer that comes again", transactions::fencing),
    ("offsets in a transaction", transactions::offsets),
    ("markers by hand", transactions::markers),
];

/// One case for each sequence.
pub(crate) fn work<'a>(cases: &'a Cases, places: &'a Places) -> Vec<Work<'a>> {
    let case = |(name, sequence): (&'static str, Sequence)| -> Work<'a> {
        Box::new(move || {
            let case = format!("raw > mock = kafka, {name}");
            cases.run(&case, || compare(sequence, &places.kafka));
        })
    };
    SEQUENCES.map(case).into()
}

fn compare(sequence: Sequence, kafka: &Result<RealKafka, Trouble>) -> Result<(), Trouble> {
    let kafka = kafka.as_ref().map_err(Trouble::clone)?.bootstrap_servers();
    let runtime = tokio::runtime::Runtime::new().expect("the system gives a runtime what it needs");
    let mock = runtime.block_on(MockCluster::start(ClusterConfig::new(1))).map_err(|e| e.to_string())?;
    let [ours, theirs] = [mock.bootstrap_servers(), kafka].map(|address| {
        let mut transcript = Transcript::default();
        let played = sequence(&address, &mut transcript);
        (transcript, played)
    });
    // The first difference says more than a sequence that got stuck because of it.
    theirs.1.map_err(|e| format!("kafka: {e}"))?;
    ours.0.compare(&theirs.0).map_err(|difference| format!("mock and kafka differ:{difference}"))?;
    Ok(ours.1?)
}

/// A topic to commit offsets of. It is there already if an earlier sequence made it.
fn create_topic(raw: &mut Raw, name: &str, partitions: i32) -> Result<(), String> {
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() };
    let response = raw.ask(5, &request)?;
    match response.topics.first().map(|topic| topic.error_code) {
        Some(ErrorCode::NONE | ErrorCode::TOPIC_ALREADY_EXISTS) => await_leader(raw, name),
        other => Err(format!("{name} cannot be created: {other:?}")),
    }
}

/// A real broker leads a new partition some time after it has said so.
fn await_leader(raw: &mut Raw, name: &str) -> Result<(), String> {
    let partition = ListOffsetsPartition { timestamp: -1, ..Default::default() };
    let topic = ListOffsetsTopic { name: name.into(), partitions: vec![partition], ..Default::default() };
    let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
    for _ in 0..200 {
        if raw.ask(6, &request)?.topics[0].partitions[0].error_code == ErrorCode::NONE {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Err(format!("nobody leads {name}"))
}

/// Waits until a broker that has just started coordinates.
fn await_coordinator(raw: &mut Raw, key: &str, key_type: i8) -> Result<(), String> {
    for _ in 0..200 {
        let request =
            FindCoordinatorRequest { coordinator_keys: vec![key.into()], key_type, ..Default::default() };
        let found = raw.ask(6, &request)?;
        let is_found = found.coordinators.iter().all(|one| one.error_code == ErrorCode::NONE);
        let probe =
            HeartbeatRequest { group_id: key.into(), member_id: "probe".into(), ..Default::default() };
        // A real one says that a group that it is still loading is fine.
        let is_loaded = match key_type {
            0 => raw.ask(4, &probe)?.error_code == ErrorCode::UNKNOWN_MEMBER_ID,
            _ => {
                let probe =
                    DescribeTransactionsRequest { transactional_ids: vec![key.into()], ..Default::default() };
                raw.ask(0, &probe)?.transaction_states[0].error_code == ErrorCode::TRANSACTIONAL_ID_NOT_FOUND
            }
        };
        if is_found && is_loaded {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err(format!("nobody coordinates {key}"))
}
