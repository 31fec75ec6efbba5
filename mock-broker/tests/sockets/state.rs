//! Clocks that a test holds, and states that it begins from.

use std::time::Duration;

use milena_mock_broker::{
    Action, ClusterConfig, Fault, Listen, MockCluster, Reaction, Recording, Time, TopicSpec,
};
use protocol::ApiKey;
use protocol::messages::{FetchRequest, MetadataRequest};
use protocol::names::{BrokerId, Timestamp};

use crate::client::{Client, fetch, produce, within};

const HOUR: Duration = Duration::from_secs(3600);

fn config() -> ClusterConfig {
    ClusterConfig::new(1).topic("orders", 1)
}

async fn records(cluster: &MockCluster) -> i64 {
    let mut client = Client::connect(cluster, 1).await;
    client.ask(12, &fetch("orders", 0, 0)).await.unwrap().responses[0].partitions[0].high_watermark
}

/// Waits until the broker has seen what was sent to it.
async fn arrived(cluster: &MockCluster, requests: usize) {
    while cluster.journal().len() < requests {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn on_a_stepped_clock_nothing_is_due_until_the_test_says_so() {
    let cluster = MockCluster::start(config().time(Time::Stepped).time_from(Timestamp(1000))).await.unwrap();
    let mut client = Client::connect(&cluster, 1).await;
    client.send(12, &fetch("orders", 0, 3_600_000)).await;
    arrived(&cluster, 1).await;
    cluster.advance(HOUR - Duration::from_millis(1));
    let none = tokio::time::timeout(Duration::from_millis(20), client.receive::<FetchRequest>(12)).await;
    assert!(none.is_err(), "a millisecond is missing");
    cluster.advance(Duration::from_millis(1));
    assert!(within(client.receive::<FetchRequest>(12)).await.is_some());
    let journal = cluster.journal();
    assert_eq!(journal[0].time, Timestamp(1000));
    client.ask(12, &MetadataRequest::default()).await.unwrap();
    assert_eq!(cluster.journal()[1].time, Timestamp(1000) + HOUR);
}

#[tokio::test]
async fn what_is_due_on_the_way_happens_at_its_own_moment() {
    let late = |millis| Reaction::DelayBefore(Duration::from_millis(millis));
    let config = config().time(Time::Stepped).time_from(Timestamp(0));
    let config = config.fault(Fault::on(ApiKey::PRODUCE).nth(1).then(late(50)));
    let cluster =
        MockCluster::start(config.fault(Fault::on(ApiKey::PRODUCE).nth(2).then(late(20)))).await.unwrap();
    let (mut one, mut other) = (Client::connect(&cluster, 1).await, Client::connect(&cluster, 1).await);
    one.send(9, &produce("orders", 1, b"one")).await;
    arrived(&cluster, 1).await;
    other.send(9, &produce("orders", 1, b"other")).await;
    arrived(&cluster, 2).await;
    cluster.advance(Duration::from_secs(1));
    let offset = |entry: usize| cluster.journal()[entry].partitions[0].base_offset;
    assert_eq!((offset(0), offset(1)), (1, 0), "the second was due first");
}

#[tokio::test]
async fn an_idle_clock_does_not_let_anybody_wait() {
    let cluster = MockCluster::start(config().time(Time::Idle).time_from(Timestamp(0))).await.unwrap();
    let mut client = Client::connect(&cluster, 1).await;
    for _ in 0..3 {
        within(client.ask(12, &fetch("orders", 0, 3_600_000))).await.unwrap();
    }
    let times: Vec<_> = cluster.journal().iter().map(|entry| entry.time).collect();
    assert_eq!(times, [0, 1, 2].map(|hours| Timestamp(0) + hours * HOUR));
}

#[tokio::test]
async fn one_prepared_state_serves_many_clusters() {
    let prepared = {
        let cluster = MockCluster::start(config()).await.unwrap();
        let mut client = Client::connect(&cluster, 1).await;
        for _ in 0..3 {
            client.ask(9, &produce("orders", -1, b"prepared")).await.unwrap();
        }
        cluster.snapshot()
    };
    for _ in 0..3 {
        let cluster = MockCluster::start_from(&prepared, Listen::default()).await.unwrap();
        assert_eq!(cluster.snapshot(), prepared);
        let mut client = Client::connect(&cluster, 1).await;
        client.ask(9, &produce("orders", -1, b"more")).await.unwrap();
        assert_eq!(records(&cluster).await, 4);
        assert_ne!(cluster.snapshot(), prepared);
    }
}

#[tokio::test]
async fn a_reset_cluster_is_as_it_was_started() {
    let config = ClusterConfig::new(3).topic("orders", 1).seed(7);
    let cluster = MockCluster::start(config.fault(Fault::on(ApiKey::FETCH).nth(2).then(Reaction::Close)))
        .await
        .unwrap();
    let start = cluster.snapshot();
    for _ in 0..3 {
        let leader = cluster.topics()[0].partitions()[0].leader();
        let mut client = Client::connect(&cluster, leader.0 as usize).await;
        let response = client.ask(9, &produce("orders", -1, b"v")).await.unwrap();
        assert_eq!(response.responses[0].partition_responses[0].base_offset, 0);
        cluster.perform(Action::CrashBroker(leader)).unwrap();
        assert!(tokio::net::TcpStream::connect(cluster.addresses()[leader.0 as usize - 1]).await.is_err());
        let mut other = Client::connect(&cluster, leader.0 as usize % 3 + 1).await;
        other.send(12, &fetch("orders", 0, 60_000)).await;
        arrived(&cluster, 2).await;

        cluster.reset();
        assert_eq!(cluster.snapshot(), start);
        assert!(cluster.journal().is_empty());
        while other.receive::<FetchRequest>(12).await.is_some() {}
        while cluster.open_connections() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_state_in_which_a_broker_is_down_is_restored_with_its_port_closed() {
    let cluster = MockCluster::start(ClusterConfig::new(2).topic("orders", 1)).await.unwrap();
    cluster.perform(Action::StopBroker(BrokerId(2))).unwrap();
    let without = cluster.snapshot();
    cluster.perform(Action::StartBroker(BrokerId(2))).unwrap();
    Client::connect(&cluster, 2).await;
    cluster.restore(&without);
    assert!(tokio::net::TcpStream::connect(cluster.addresses()[1]).await.is_err());
    let other = MockCluster::start_from(&without, Listen::default()).await.unwrap();
    assert!(tokio::net::TcpStream::connect(other.addresses()[1]).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_over_sockets_is_played_again_with_the_same_bytes() {
    let delay = Reaction::DelayAfter(Duration::from_millis(3));
    let config =
        ClusterConfig::new(2).topic("orders", 1).fault(Fault::on(ApiKey::PRODUCE).every(7).then(delay));
    let cluster = MockCluster::start(config.record(10_000_000)).await.unwrap();
    let leader = cluster.topics()[0].partitions()[0].leader();
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = Client::connect(&cluster, leader.0 as usize).await;
        clients.push(tokio::spawn(async move {
            for size in 0..30 {
                let value = vec![b'v'; size * size * 100];
                client.ask(9, &produce("orders", -1, &value)).await.unwrap();
                client.ask(12, &fetch("orders", 0, 5)).await.unwrap();
            }
        }));
    }
    cluster.create_topic(TopicSpec::new("other")).unwrap();
    for client in clients {
        within(client).await.unwrap();
    }
    let file = cluster.recording().unwrap().to_bytes();
    let recording = Recording::from_bytes(file.into()).unwrap();
    assert_eq!(recording.replay().unwrap().snapshot(), cluster.snapshot());

    let again = MockCluster::start_recorded(&recording, Listen::default(), Time::Real, None).await.unwrap();
    assert_eq!(again.snapshot(), cluster.snapshot());
    let mut client = Client::connect(&again, leader.0 as usize).await;
    let response = client.ask(9, &produce("orders", -1, b"v")).await.unwrap();
    assert_eq!(response.responses[0].partition_responses[0].base_offset, 120);
}
