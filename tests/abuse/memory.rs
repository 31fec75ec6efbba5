//! Producers that never stop, and names without end.

use protocol::ErrorCode;
use protocol::messages::delete_topics::DeleteTopicState;
use protocol::messages::{DeleteTopicsRequest, MetadataRequest};

use crate::broker::{Broker, Watch};
use crate::client::{Client, batch, metadata, produce};

const CAP_MIB: usize = 64;

fn capped() -> Broker {
    Broker::start(&[&format!("milena.retained.bytes={}", CAP_MIB << 20)])
}

/// Half as much again for what the bookkeeping costs, and what a process needs anyway.
fn assert_within_cap(broker: &Broker) {
    let usage = broker.usage();
    println!("with a cap of {CAP_MIB} MiB: {usage}");
    assert!(usage.rss <= CAP_MIB * 1024 * 3 / 2 + 64 * 1024);
}

#[test]
fn a_producer_that_never_stops_is_refused_with_a_code_that_clients_try_again() {
    for size in [1, 10_000, 100_000, 1_000_000] {
        let (broker, stored) = (capped(), batch(size));
        let mut client = Client::connect(broker.address);
        let mut accepted = 0;
        let refused = loop {
            match client.produce("orders", &stored) {
                ErrorCode::NONE => accepted += stored.len(),
                error_code => break error_code,
            }
        };
        println!("batches of {} bytes: {} MiB of them fit", stored.len(), accepted >> 20);
        assert_eq!(refused, ErrorCode::KAFKA_STORAGE_ERROR);
        assert!(refused.is_retriable());
        // It stays so, however often it is tried.
        assert!((0..1000).all(|_| client.produce("orders", &stored) == refused));
        assert_within_cap(&broker);

        // What is deleted makes room.
        let topics = vec![DeleteTopicState { name: Some("orders".into()), ..Default::default() }];
        client.ask(6, &DeleteTopicsRequest { topics, timeout_ms: 1000, ..Default::default() }).unwrap();
        client.ask(12, &metadata(["orders".to_owned()])).unwrap();
        assert_eq!(client.produce("orders", &stored), ErrorCode::NONE);
    }
}

#[test]
fn a_request_of_which_most_is_refused_is_not_kept_for_the_rest() {
    let broker = capped();
    let mut client = Client::connect(broker.address);
    // 40 kB that are stored, and 4 MB for a topic that is not there.
    let (stored, refused) = (batch(40_000), batch(4_000_000));
    for _ in 0..300 {
        let response = client.ask(9, &produce(&[("orders", &stored), ("nowhere", &refused)])).unwrap();
        assert_eq!(response.responses[0].partition_responses[0].error_code, ErrorCode::NONE);
        assert_ne!(response.responses[1].partition_responses[0].error_code, ErrorCode::NONE);
    }
    println!("300 requests of 4 MB, of each of which 40 kB were stored");
    assert_within_cap(&broker);
}

#[test]
fn a_million_topics_are_refused_with_policy_violation() {
    let broker = Broker::start(&[]);
    let mut client = Client::connect(broker.address);
    let before = broker.usage();
    let watch = Watch::start();
    let (mut created, mut refused) = (0, 0);
    for thousand in 0..100 {
        let names = (0..10_000).map(|number| format!("hostile_{thousand}.{number}"));
        let response = client.ask::<MetadataRequest>(12, &metadata(names)).unwrap();
        for topic in response.topics {
            match topic.error_code {
                ErrorCode::NONE => created += 1,
                ErrorCode::POLICY_VIOLATION => refused += 1,
                other => panic!("{other}"),
            }
        }
    }
    let after = broker.usage();
    println!(
        "{created} created, {refused} refused in {:?}\nbefore {before}\nafter  {after}",
        watch.elapsed()
    );
    // One partition is there already.
    assert_eq!((created, refused), (99_999, 900_001));
    assert!(client.is_served());
}
