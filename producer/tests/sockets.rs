//! The producer on real sockets and a real clock, against the mock broker.

use std::collections::BTreeSet;
use std::io::Write;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use milena_producer::{Acks, Compression, Delivery, Producer, ProducerConfig, Record, Refusal, SendError};
use mock_broker::protocol::ApiKey;
use mock_broker::protocol::names::BrokerId;
use mock_broker::{ClusterConfig, Fault, MockCluster, Reaction};

/// Against hanging, not against being slow.
const WATCHDOG: Duration = Duration::from_secs(60);

fn config_for(cluster: &MockCluster) -> ProducerConfig {
    ProducerConfig::new(cluster.bootstrap_servers().split(','))
}

async fn start(config: ClusterConfig) -> (MockCluster, Producer) {
    let cluster = MockCluster::start(config).await.unwrap();
    let producer = Producer::connect(config_for(&cluster)).await.unwrap();
    (cluster, producer)
}

/// How many records a topic holds.
fn stored(cluster: &MockCluster, topic: &str) -> i64 {
    cluster.with(|cluster| {
        let topic = cluster.topic(topic).unwrap();
        topic
            .partitions()
            .iter()
            .map(|partition| partition.high_watermark() - partition.log_start_offset())
            .sum()
    })
}

async fn send_many(producer: &Producer, count: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for number in 0..count {
        let record = Record::to("orders").key(format!("key {}", number % 7)).value(format!("value {number}"));
        deliveries.push(producer.send(record).await.unwrap());
    }
    deliveries
}

/// Awaits all; the number of different places where they are stored.
async fn places(deliveries: Vec<Delivery>) -> usize {
    let mut places = BTreeSet::new();
    for delivery in deliveries {
        let metadata = tokio::time::timeout(WATCHDOG, delivery).await.expect("an outcome").unwrap();
        places.insert((metadata.partition, metadata.offset));
    }
    places.len()
}

#[test]
fn a_producer_is_shared_by_threads_and_its_futures_move_between_them() {
    fn is_shared<T: Send + Sync + Clone>() {}
    fn moves<T: Send>(_: &T) {}
    fn check(producer: &Producer) {
        moves(&producer.send(Record::to("t")));
        moves(&producer.send_with(Record::to("t"), |_| ()));
        moves(&producer.flush());
        moves(&producer.close(Duration::ZERO));
    }
    is_shared::<Producer>();
    let _ = check;
}

#[tokio::test]
async fn a_record_is_stored_and_its_receipt_says_where() {
    let (_cluster, producer) = start(ClusterConfig::new(3).topic("orders", 6)).await;
    let record = Record::to("orders").key("k").value("v").header("h", b"x").partition(3).timestamp(77);
    let stored = producer.send(record).await.unwrap().await.unwrap();
    assert_eq!((&*stored.topic, stored.partition, stored.offset), ("orders", 3, 0));
    assert_eq!(stored.timestamp.0, 77);
    assert_eq!((stored.serialized_key_size, stored.serialized_value_size), (Some(1), Some(1)));
    producer.close(WATCHDOG).await.unwrap();
}

#[tokio::test]
async fn every_acks_and_compression_reaches_the_log() {
    use Compression::{Gzip, Lz4, None, Snappy, Zstd};
    let (cluster, _) = start(ClusterConfig::new(3).topic("orders", 6)).await;
    let mut expected = 0;
    for compression in [None, Gzip, Snappy, Lz4, Zstd] {
        for acks in [Acks::NONE, Acks::LEADER, Acks::ALL] {
            let config = config_for(&cluster).compression(compression).acks(acks);
            let producer = Producer::connect(config).await.unwrap();
            for delivery in send_many(&producer, 100).await {
                let metadata = delivery.await.unwrap();
                assert_eq!(metadata.offset == -1, acks == Acks::NONE);
            }
            producer.close(WATCHDOG).await.unwrap();
            expected += 100;
        }
    }
    // What nobody acknowledges may still be on its way through the sockets.
    let arrived = async {
        while stored(&cluster, "orders") < expected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WATCHDOG, arrived).await.unwrap();
    assert_eq!(stored(&cluster, "orders"), expected);
}

#[tokio::test]
async fn lost_requests_and_lost_answers_neither_lose_nor_duplicate() {
    for reaction in [Reaction::DropRequest, Reaction::DropResponse] {
        let (cluster, producer) = start(ClusterConfig::new(3).topic("orders", 6)).await;
        let fault = cluster.add_fault(Fault::on(ApiKey::PRODUCE).every(3).then(reaction));
        assert_eq!(places(send_many(&producer, 2000).await).await, 2000);
        assert_eq!(stored(&cluster, "orders"), 2000);
        assert!(cluster.fault_hits(fault).unwrap() > 0);
        producer.close(WATCHDOG).await.unwrap();
    }
}

#[tokio::test]
async fn a_leader_that_moves_is_followed() {
    let cluster = MockCluster::start(ClusterConfig::new(3).topic("orders", 1)).await.unwrap();
    let producer = Producer::connect(config_for(&cluster).batch_size(500)).await.unwrap();
    let mut deliveries = Vec::new();
    for broker in [1, 2, 3, 1] {
        let _ = cluster.move_leader("orders", 0, BrokerId(broker));
        deliveries.extend(send_many(&producer, 300).await);
    }
    let mut offsets = Vec::new();
    for delivery in deliveries {
        offsets.push(delivery.await.unwrap().offset);
    }
    assert_eq!(offsets, (0..1200).collect::<Vec<_>>(), "in the order of sending");
    assert_eq!(stored(&cluster, "orders"), 1200);
}

#[tokio::test]
async fn batches_that_the_broker_finds_too_large_are_stored_in_pieces() {
    let config = ClusterConfig::new(1).topic("orders", 1).config("message.max.bytes", "1000").unwrap();
    let (cluster, producer) = start(config).await;
    assert_eq!(places(send_many(&producer, 500).await).await, 500);
    assert_eq!(stored(&cluster, "orders"), 500);
}

#[tokio::test]
async fn one_bootstrap_server_that_lives_is_enough() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let dead = unused_address();
    for servers in [[dead.clone(), cluster.bootstrap_servers()], [cluster.bootstrap_servers(), dead]] {
        let producer = Producer::connect(ProducerConfig::new(servers)).await.unwrap();
        assert_eq!(places(send_many(&producer, 10).await).await, 10);
    }
}

/// An address where nobody listens: it was given to a listener that is gone.
fn unused_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_broker_in_reach_is_one_warning_and_an_error_that_name_each_address_and_the_reason() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let servers = [unused_address(), unused_address()];
    let config = ProducerConfig::new(servers.clone()).max_block(Duration::from_millis(1500));
    let producer = Producer::connect(config).await.unwrap();

    let error = producer.send(Record::to("orders").value("v")).await.unwrap_err();
    let SendError::Refused(Refusal::NoMetadata { unreachable, .. }) = error.error() else {
        panic!("{error}")
    };
    let tried: BTreeSet<_> = unreachable.iter().map(|(address, _)| address.to_owned()).collect();
    assert_eq!(tried, servers.iter().cloned().collect());
    assert!(unreachable.iter().all(|(_, reason)| reason.contains("refused")), "{error}");

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let warnings: Vec<_> = text.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{text}");
    for part in [servers[0].as_str(), servers[1].as_str(), "refused"] {
        assert!(warnings[0].contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_configuration_error() {
    let error = Producer::connect(ProducerConfig::new(["no.such.host.invalid:9092"])).await.unwrap_err();
    assert_eq!((error.key(), error.value()), ("bootstrap.servers", "no.such.host.invalid:9092"));
}

#[tokio::test]
async fn callbacks_come_once_each_and_in_the_order_of_their_partition() {
    let (_cluster, producer) = start(ClusterConfig::new(1).topic("orders", 1)).await;
    let offsets = Arc::new(Mutex::new(Vec::new()));
    for number in 0..1000 {
        let offsets = Arc::clone(&offsets);
        let heard = move |outcome: Result<milena_producer::RecordMetadata, _>| {
            offsets.lock().unwrap().push((number, outcome.unwrap().offset));
        };
        producer.send_with(Record::to("orders").value("v"), heard).await.unwrap();
    }
    producer.flush().await.unwrap();
    assert_eq!(*offsets.lock().unwrap(), (0..1000).map(|number| (number, number)).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_share_a_small_buffer_and_all_get_their_turn() {
    let cluster = MockCluster::start(ClusterConfig::new(3).topic("orders", 6)).await.unwrap();
    let config = config_for(&cluster).batch_size(1000).buffer_memory(8000).linger(Duration::ZERO);
    let producer = Producer::connect(config).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let producer = producer.clone();
            tokio::spawn(async move { places(send_many(&producer, 500).await).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(tokio::time::timeout(WATCHDOG, task).await.unwrap().unwrap(), 500);
    }
    assert_eq!(stored(&cluster, "orders"), 8000);
}

#[tokio::test]
async fn closing_sends_what_lingers_and_dropping_says_that_it_did_not() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let config = config_for(&cluster).linger(Duration::from_secs(50));
    let producer = Producer::connect(config.clone()).await.unwrap();
    let delivery = producer.send(Record::to("orders").value("v")).await.unwrap();
    producer.close(WATCHDOG).await.unwrap();
    assert_eq!(delivery.await.unwrap().offset, 0);
    assert_eq!(producer.send(Record::to("orders").value("v")).await.unwrap_err(), SendError::Closed);
    assert_eq!(producer.flush().await, Err(SendError::Closed));

    let producer = Producer::connect(config).await.unwrap();
    let delivery = producer.send(Record::to("orders").value("v")).await.unwrap();
    drop(producer);
    assert_eq!(tokio::time::timeout(WATCHDOG, delivery).await.unwrap().unwrap_err(), SendError::Closed);
    assert_eq!(stored(&cluster, "orders"), 1);
}

#[test]
fn a_runtime_that_goes_away_leaves_no_receipt_without_an_outcome() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (cluster, producer, delivery) = runtime.block_on(async {
        let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
        let config = config_for(&cluster).linger(Duration::from_secs(50));
        let producer = Producer::connect(config).await.unwrap();
        let delivery = producer.send(Record::to("orders").value("v")).await.unwrap();
        (cluster, producer, delivery)
    });
    drop(runtime);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(delivery).unwrap_err(), SendError::Closed);
    assert_eq!(runtime.block_on(producer.send(Record::to("orders"))).unwrap_err(), SendError::Closed);
    drop(cluster);
}

#[tokio::test]
async fn one_request_in_flight_keeps_the_order_even_without_idempotence() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    cluster.add_fault(Fault::on(ApiKey::PRODUCE).every(2).then(Reaction::DropRequest));
    let config = config_for(&cluster).enable_idempotence(false).batch_size(200);
    let config = config.max_in_flight(NonZeroU32::MIN);
    let producer = Producer::connect(config).await.unwrap();
    let mut offsets = Vec::new();
    for delivery in send_many(&producer, 30).await {
        offsets.push(delivery.await.unwrap().offset);
    }
    assert_eq!(offsets, (0..30).collect::<Vec<_>>());
}

#[test]
fn code_without_a_runtime_sends_waits_flushes_and_closes() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cluster = runtime.block_on(MockCluster::start(ClusterConfig::new(3).topic("orders", 6))).unwrap();
    let producer = Producer::connect_blocking(config_for(&cluster)).unwrap();
    let stored_at =
        producer.send_blocking(Record::to("orders").partition(2).value("v")).unwrap().wait().unwrap();
    assert_eq!((stored_at.partition, stored_at.offset), (2, 0));
    let heard = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (producer, heard) = (producer.clone(), Arc::clone(&heard));
            std::thread::spawn(move || {
                for _ in 0..250 {
                    let heard = Arc::clone(&heard);
                    let count =
                        move |outcome: Result<_, _>| *heard.lock().unwrap() += i32::from(outcome.is_ok());
                    producer.send_blocking_with(Record::to("orders").value("v"), count).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    producer.flush_blocking().unwrap();
    assert_eq!(*heard.lock().unwrap(), 1000);
    producer.close_blocking(WATCHDOG).unwrap();
    assert_eq!(stored(&cluster, "orders"), 1001);
    assert_eq!(producer.send_blocking(Record::to("orders")).unwrap_err(), SendError::Closed);
}

#[tokio::test]
async fn trying_does_not_wait_and_calls_back_only_what_was_taken() {
    let (cluster, producer) = start(ClusterConfig::new(1).topic("orders", 1)).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let attempt = || {
        let heard = Arc::clone(&heard);
        let hear = move |outcome: Result<milena_producer::RecordMetadata, _>| {
            heard.lock().unwrap().push(outcome.unwrap().offset);
        };
        producer.try_send_with(Record::to("orders").value("v"), hear)
    };
    assert!(attempt().unwrap_err().is_retriable());
    let taken = async {
        while attempt().is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WATCHDOG, taken).await.unwrap();
    producer.flush().await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [0]);
    assert!(producer.try_send(Record::to("orders").value("v")).unwrap().await.is_ok());
    assert_eq!(stored(&cluster, "orders"), 2);
}

#[tokio::test]
async fn a_producer_that_is_dropped_logs_how_many_records_it_leaves() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let producer = Producer::connect(config_for(&cluster).linger(Duration::from_secs(50))).await.unwrap();
    let deliveries = send_many(&producer, 7).await;
    drop(producer);
    for delivery in deliveries {
        let failed = tokio::time::timeout(WATCHDOG, delivery).await.unwrap().unwrap_err();
        assert_eq!(failed, SendError::Closed);
        assert!(failed.into_record().is_some_and(|record| record.key_bytes().is_some()));
    }
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("closed with 7 records that were not acknowledged"), "{text}");
}

#[test]
fn the_examples_run() {
    // Cargo builds them beside the tests.
    let directory = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples");
    for (name, last) in [
        ("fire_and_forget", "sent 1000 records"),
        ("await_each", "1001 orders are stored"),
        ("callback", "1000 orders are stored"),
    ] {
        let output = std::process::Command::new(directory.join(name)).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(text.lines().last(), Some(last), "{name}");
    }
}
