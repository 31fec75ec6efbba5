//! The producer on real sockets, against the mock broker.

use std::time::Duration;

use milena_producer::{Producer, ProducerConfig, Record};
use mock_broker::{ClusterConfig, MockCluster};

async fn start(config: ClusterConfig) -> (MockCluster, Producer) {
    let cluster = MockCluster::start(config).await.unwrap();
    let config = ProducerConfig::new(cluster.bootstrap_servers().split(','));
    let producer = Producer::connect(config).await.unwrap();
    (cluster, producer)
}

#[tokio::test]
async fn a_record_is_stored_and_its_receipt_says_where() {
    let (_cluster, producer) = start(ClusterConfig::new(3).topic("orders", 6)).await;
    let record = Record::to("orders").key("k").value("v").header("h", b"x").partition(3).timestamp(77);
    let stored = producer.send(record).await.unwrap().await.unwrap();
    assert_eq!((&*stored.topic, stored.partition, stored.offset), ("orders", 3, 0));
    assert_eq!(stored.timestamp.0, 77);
    assert_eq!((stored.serialized_key_size, stored.serialized_value_size), (Some(1), Some(1)));
    producer.close(Duration::from_secs(10)).await.unwrap();
}
