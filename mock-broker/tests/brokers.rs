//! Brokers that go and come, seen from sockets on the loopback address.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use milena_mock_broker::{Action, ClusterConfig, MockCluster, TopicSpec};
use protocol::names::BrokerId;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

async fn cluster() -> MockCluster {
    let topic = TopicSpec::new("orders").partitions(3).replication_factor(3);
    MockCluster::start(ClusterConfig::new(3).topic_with(topic)).await.unwrap()
}

async fn is_refused(address: SocketAddr) -> bool {
    match TcpStream::connect(address).await {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
            true
        }
    }
}

/// How a connection ends: what the read says that finds it out.
async fn end(mut stream: TcpStream) -> Result<usize, ErrorKind> {
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut [0])).await.expect("it ends");
    read.map_err(|error| error.kind())
}

#[tokio::test]
async fn a_crashed_broker_resets_its_connections_and_refuses_new_ones_until_it_is_back() {
    let cluster = cluster().await;
    let addresses = cluster.addresses().to_vec();
    for _ in 0..3 {
        let connected = [connect(addresses[0]).await, connect(addresses[1]).await];
        // Both are known to the cluster once it has taken a third one.
        while cluster.with(|cluster| cluster.connections_to(BrokerId(2))) == 0 {
            tokio::task::yield_now().await;
        }
        cluster.perform(Action::CrashBroker(BrokerId(2))).unwrap();
        assert!(is_refused(addresses[1]).await);
        assert!(!is_refused(addresses[0]).await);
        let [other, broken] = connected;
        assert_eq!(end(broken).await, Err(ErrorKind::ConnectionReset));
        assert_eq!(other.try_read(&mut [0]).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));

        cluster.perform(Action::StartBroker(BrokerId(2))).unwrap();
        assert!(!is_refused(addresses[1]).await);
    }
}

#[tokio::test]
async fn a_broker_that_is_stopped_closes_its_connections_and_keeps_its_port() {
    let cluster = cluster().await;
    let address = cluster.addresses()[1];
    let connected = connect(address).await;
    while cluster.with(|cluster| cluster.connections_to(BrokerId(2))) == 0 {
        tokio::task::yield_now().await;
    }
    cluster.perform(Action::StopBroker(BrokerId(2))).unwrap();
    assert!(is_refused(address).await);
    assert_eq!(end(connected).await, Ok(0));
    assert!(TcpStream::connect(address).await.is_err());
    assert!(std::net::TcpListener::bind(address).is_err(), "nobody else gets the port");
    cluster.perform(Action::StartBroker(BrokerId(2))).unwrap();
    assert!(!is_refused(address).await);
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}
