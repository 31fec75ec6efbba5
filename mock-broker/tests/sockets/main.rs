//! The cluster behind real sockets on the loopback address.

mod client;
mod state;

use std::io::{self, Read};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::client::{Client, fetch, produce, within};
use milena_mock_broker::{ClusterConfig, Fault, Filter, Listen, MockCluster, Reaction, StartError};
use protocol::ErrorCode;
use protocol::api::ApiKey;
use protocol::frame::encode_request;
use protocol::messages::{ApiVersionsRequest, FetchRequest, MetadataRequest};
use protocol::names::{Acks, BrokerId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn records_are_produced_and_read_back() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let mut client = Client::connect(&cluster, 1).await;
    for (offset, size) in [10, 1000, 20_000, 40_000, 1_000_000].into_iter().enumerate() {
        let value = vec![b'x'; size];
        let response = client.ask(9, &produce("orders", -1, &value)).await.unwrap();
        let partition = &response.responses[0].partition_responses[0];
        assert_eq!((partition.error_code, partition.base_offset), (ErrorCode::NONE, offset as i64));
        let response = client.ask(12, &fetch("orders", offset as i64, 0)).await.unwrap();
        let records = response.responses[0].partitions[0].records.as_ref().unwrap().to_bytes();
        assert!(records.windows(size).any(|window| window == value));
    }
}

#[tokio::test]
async fn metadata_names_addresses_that_answer() {
    let cluster = MockCluster::start(ClusterConfig::new(3)).await.unwrap();
    let mut client = Client::connect(&cluster, 1).await;
    let response = client.ask(12, &MetadataRequest::default()).await.unwrap();
    let told: Vec<_> =
        response.brokers.iter().map(|broker| format!("{}:{}", broker.host, broker.port)).collect();
    assert_eq!(told.join(","), cluster.bootstrap_servers());
    for broker in 1..=3 {
        let mut client = Client::connect(&cluster, broker).await;
        client.ask(4, &ApiVersionsRequest::default()).await.unwrap();
    }
}

#[tokio::test]
async fn a_waiting_fetch_is_woken_by_another_connection_and_by_time() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let (mut reader, mut writer) = (Client::connect(&cluster, 1).await, Client::connect(&cluster, 1).await);
    reader.send(12, &fetch("orders", 0, 60_000)).await;
    // The reader's request has arrived when the journal says so.
    while cluster.journal().is_empty() {
        tokio::task::yield_now().await;
    }
    writer.ask(9, &produce("orders", 1, b"v")).await.unwrap();
    let (_, response) = reader.receive::<FetchRequest>(12).await.unwrap();
    assert!(!response.responses[0].partitions[0].records.as_ref().unwrap().is_empty());

    let response = reader.ask(12, &fetch("orders", 1, 20)).await.unwrap();
    assert!(response.responses[0].partitions[0].records.as_ref().unwrap().is_empty());
}

#[tokio::test]
async fn answers_keep_the_order_of_the_requests() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let mut client = Client::connect(&cluster, 1).await;
    client.send(12, &fetch("orders", 0, 30)).await;
    for _ in 0..200 {
        client.send(12, &MetadataRequest::default()).await;
    }
    let (first, _) = client.receive::<FetchRequest>(12).await.unwrap();
    assert_eq!(first, 1);
    for expected in 2..=201 {
        let (correlation_id, _) = client.receive::<MetadataRequest>(12).await.unwrap();
        assert_eq!(correlation_id, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_fetch_is_never_overtaken_by_a_later_request() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let (mut client, mut writer) = (Client::connect(&cluster, 1).await, Client::connect(&cluster, 1).await);
    let (now, mut turns) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while turns.recv().await.is_some() {
            writer.ask(9, &produce("orders", -1, b"v")).await.unwrap();
        }
    });
    // They come in one piece, and the fetch is woken while the broker goes through it.
    const LATER: i32 = 100;
    for offset in 0..500 {
        let wanted = fetch("orders", offset, 60_000);
        let mut together = encode_request(0, None, 12, &wanted).unwrap().into_bytes().to_vec();
        for later in 1..=LATER {
            let request = encode_request(later, None, 12, &MetadataRequest::default()).unwrap();
            together.extend_from_slice(&request.into_bytes());
        }
        client.stream.write_all(&together).await.unwrap();
        now.send(()).unwrap();
        assert_eq!(client.receive::<FetchRequest>(12).await.unwrap().0, 0);
        for later in 1..=LATER {
            assert_eq!(client.receive::<MetadataRequest>(12).await.unwrap().0, later);
        }
    }
}

#[tokio::test]
async fn acks_of_none_are_never_answered() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let mut client = Client::connect(&cluster, 1).await;
    client.send(9, &produce("orders", 0, b"v")).await;
    assert!(client.ask(4, &ApiVersionsRequest::default()).await.is_some());
    client.send(9, &produce("nowhere", 0, b"v")).await;
    assert!(client.ask(4, &ApiVersionsRequest::default()).await.is_none());
}

#[tokio::test]
async fn faults_reach_the_socket() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let id =
        cluster.add_fault(Fault::on(ApiKey::PRODUCE).topic("orders").nth(1).then(Reaction::DropResponse));
    let mut client = Client::connect(&cluster, 1).await;
    assert!(client.ask(9, &produce("orders", -1, b"v")).await.is_none());
    let mut client = Client::connect(&cluster, 1).await;
    let response = client.ask(9, &produce("orders", -1, b"v")).await.unwrap();
    assert_eq!(response.responses[0].partition_responses[0].base_offset, 1);
    assert_eq!(cluster.fault_hits(id), Some(1));

    cluster.add_fault(Fault::on(ApiKey::METADATA).then(Reaction::DelayAfter(Duration::from_millis(20))));
    assert!(client.ask(12, &MetadataRequest::default()).await.is_some());
}

#[tokio::test]
async fn what_is_no_kafka_closes_its_connection_and_harms_no_other() {
    let cluster = MockCluster::start(ClusterConfig::new(1)).await.unwrap();
    let mut good = Client::connect(&cluster, 1).await;
    let bad: [&[u8]; 8] = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x7f\xff\xff\xff\0\x12\0\x03",
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"\0\0\0\x08\x7d\0\0\x01\0\0\0\x05",
        b"\0\0\0\x0a\0\x03\0\x63\0\0\0\x05\xff\xff",
        b"\0\0\0\x0e\0\x03\0\x04\0\0\0\x05\xff\xff\x7f\xff\xff\xff",
    ];
    for bytes in bad {
        let mut client = Client::connect(&cluster, 1).await;
        client.stream.write_all(bytes).await.unwrap();
        let closed = within(client.stream.read_buf(&mut client.received)).await;
        assert!(matches!(closed, Ok(0) | Err(_)), "{bytes:?}: {closed:?}");
        assert!(good.ask(4, &ApiVersionsRequest::default()).await.is_some());
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_connection_that_is_closed_for_its_bytes_gets_one_line_with_peer_api_version_and_reason() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let cluster = MockCluster::start(ClusterConfig::new(1)).await.unwrap();
    let cases: [(&[u8], &[&str]); 7] = [
        (b"GET / HTTP/1.1\r\n\r\n", &["an HTTP request"]),
        (b"\x16\x03\x01\x02\x00", &["a TLS hello"]),
        // A frame of 2 GiB, a frame that stops after 8 of 32 bytes, and one that stops within its length.
        (b"\x7f\xff\xff\xff\0\x12\0\x03\0\0\0\x05", &["api_key=ApiVersions", "version=3", "2147483647"]),
        (b"\0\0\0\x20\0\x03\0\x04\0\0\0\x05", &["api_key=Metadata", "version=4", "24 bytes before"]),
        (b"\0\0", &["api_key=\"none\"", "version=\"none\"", "2 bytes before"]),
        (b"\0\0\0\x08\x7d\0\0\x01\0\0\0\x05", &["api_key=api key 32000", "version=1", "not served"]),
        (b"\0\0\0\x0a\0\x03\0\x63\0\0\0\x05\xff\xff", &["api_key=Metadata", "version=99", "not served"]),
    ];
    for (bytes, words) in cases {
        lines.0.lock().unwrap().clear();
        let mut client = Client::connect(&cluster, 1).await;
        let peer = client.stream.local_addr().unwrap();
        client.stream.write_all(bytes).await.unwrap();
        client.stream.shutdown().await.unwrap();
        let closed = within(client.stream.read_buf(&mut client.received)).await;
        assert!(matches!(closed, Ok(0) | Err(_)), "{bytes:?}: {closed:?}");
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches("WARN").count(), 1, "{bytes:?}: {text}");
        for word in [&*format!("peer={peer}"), "closing"].iter().chain(words) {
            assert!(text.contains(word), "{word}: {text}");
        }
    }

    lines.0.lock().unwrap().clear();
    let mut silent = Client::connect(&cluster, 1).await;
    silent.stream.shutdown().await.unwrap();
    assert_eq!(within(silent.stream.read_buf(&mut silent.received)).await.unwrap(), 0);
    assert!(lines.0.lock().unwrap().is_empty(), "who says nothing is not blamed");
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let cluster = MockCluster::start(ClusterConfig::new(1)).await.unwrap();
    let mut client = Client::connect(&cluster, 1).await;
    client.stream.set_nodelay(true).unwrap();
    let frame = encode_request(1, None, 4, &ApiVersionsRequest::default()).unwrap().into_bytes();
    for byte in frame {
        client.stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(client.receive::<ApiVersionsRequest>(4).await.is_some());
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_not_read_for_ever() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let mut client = Client::connect(&cluster, 1).await;
    client.ask(9, &produce("orders", -1, &[0; 900_000])).await.unwrap();
    let request = encode_request(7, None, 12, &fetch("orders", 0, 0)).unwrap().into_bytes();
    // Each asks for 900 kB: the socket's buffers fill up, and then the broker stops reading.
    let (mut refused, mut sent) = (0, 0);
    while refused < 10_000 && sent < 100_000_000 {
        match client.stream.try_write(&request) {
            Ok(count) => (refused, sent) = (0, sent + count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => refused += 1,
            Err(error) => panic!("{error}"),
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(refused, 10_000);
    assert!(cluster.with(|cluster| cluster.journal().requests()) < 1000);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = MockCluster::start(ClusterConfig::new(1)).await.unwrap();
    let address = taken.addresses()[0];
    let listen = Listen::on("127.0.0.1", address.port());
    let error = MockCluster::start_on(ClusterConfig::new(1), listen).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on {address}: ")), "{error}");
    assert!(matches!(error, StartError::Bind { error, .. } if error.kind() == io::ErrorKind::AddrInUse));
}

#[tokio::test]
async fn all_interfaces_need_a_host_to_advertise() {
    let listen = Listen::on("0.0.0.0", 0);
    let error = MockCluster::start_on(ClusterConfig::new(1), listen).await.unwrap_err();
    assert!(matches!(error, StartError::NoAdvertisedHost(_)), "{error}");
    let listen = Listen::on("127.0.0.1", 0).advertised_host("kafka.test");
    let cluster = MockCluster::start_on(ClusterConfig::new(1), listen).await.unwrap();
    assert!(cluster.bootstrap_servers().starts_with("kafka.test:"));
}

#[tokio::test]
async fn a_bad_configuration_does_not_start() {
    let error = MockCluster::start(ClusterConfig::new(1).topic("bad name!", 1)).await.unwrap_err();
    assert!(error.to_string().contains("bad name!"));
    let listen = Listen::on("127.0.0.1", 65_535);
    let error = MockCluster::start_on(ClusterConfig::new(2), listen).await.unwrap_err();
    assert!(matches!(error, StartError::TooFewPorts { .. }), "{error}");
}

#[tokio::test]
async fn a_dropped_cluster_closes_its_sockets() {
    let cluster = MockCluster::start(ClusterConfig::new(1)).await.unwrap();
    let address = cluster.addresses()[0];
    let mut client = Client::connect(&cluster, 1).await;
    client.ask(4, &ApiVersionsRequest::default()).await.unwrap();
    cluster.stop().await;
    assert!(client.ask(4, &ApiVersionsRequest::default()).await.is_none());
    assert!(TcpStream::connect(address).await.is_err());

    let cluster = MockCluster::start(ClusterConfig::new(1)).await.unwrap();
    let mut client = Client::connect(&cluster, 1).await;
    client.ask(4, &ApiVersionsRequest::default()).await.unwrap();
    drop(cluster);
    assert!(client.receive::<ApiVersionsRequest>(4).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_socket_is_closed_when_stopping_is_over() {
    for _ in 0..20 {
        let cluster = MockCluster::start(ClusterConfig::new(1)).await.unwrap();
        let mut clients = Vec::new();
        for _ in 0..20 {
            let mut client = Client::connect(&cluster, 1).await;
            client.ask(4, &ApiVersionsRequest::default()).await.unwrap();
            clients.push(client.stream.into_std().unwrap());
        }
        cluster.stop().await;
        for mut client in clients {
            // The socket does not block: it says at once whether it is closed.
            let closed = client.read(&mut [0]);
            let is_open = matches!(&closed, Ok(1..))
                || closed.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::WouldBlock);
            assert!(!is_open, "{closed:?}");
        }
    }
}

#[tokio::test]
async fn leaders_move_while_clients_wait() {
    let cluster = MockCluster::start(ClusterConfig::new(2).topic("orders", 1)).await.unwrap();
    let leader = cluster.topics()[0].partitions()[0].leader();
    let mut client = Client::connect(&cluster, leader.0 as usize).await;
    client.send(12, &fetch("orders", 0, 60_000)).await;
    while cluster.journal().is_empty() {
        tokio::task::yield_now().await;
    }
    cluster.move_leader("orders", 0, BrokerId(3 - leader.0)).unwrap();
    let (_, response) = client.receive::<FetchRequest>(12).await.unwrap();
    assert_eq!(response.responses[0].partitions[0].error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

/// What users rely on when they keep a cluster in a static or share it between tasks.
#[test]
fn a_cluster_can_be_shared_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<MockCluster>();
}

#[tokio::test]
async fn a_test_waits_until_enough_was_asked_or_is_told_what_came_instead() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let safe = Filter::on(ApiKey::PRODUCE).acks(Acks::ALL);
    let mut client = Client::connect(&cluster, 1).await;
    let asking = async {
        for acks in [-1, 1, -1, -1] {
            client.ask(9, &produce("orders", acks, b"v")).await.unwrap();
        }
    };
    let (arrived, ()) = tokio::join!(cluster.wait_for(&safe, 3, Duration::from_secs(30)), asking);
    assert_eq!(arrived.unwrap().iter().map(|entry| entry.number).collect::<Vec<_>>(), [0, 2, 3]);

    let unmet = cluster.wait_for(&safe, 4, Duration::from_millis(1)).await.unwrap_err();
    assert!(unmet.to_string().starts_with("expected: at_least n=4 on=Produce acks=all\n    seen: 3 such"));
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        cluster.assert(&"only_acks=all".parse().unwrap());
    }));
    assert!(failed.unwrap_err().downcast_ref::<String>().unwrap().contains("#1 +"));
}
