//! Await the result: of one record at once, and of many together.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use milena_producer::{Producer, ProducerConfig, Record};
use mock_broker::{ClusterConfig, MockCluster};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start(ClusterConfig::new(3).topic("orders", 6)).await?;
    let producer = Producer::connect(ProducerConfig::new(cluster.bootstrap_servers().split(','))).await?;

    // One at a time: simple, and as slow as a round trip and the linger for each.
    let stored = producer.send(Record::to("orders").key("customer-7").value("first order")).await?.await?;
    println!("stored in partition {} at offset {}", stored.partition, stored.offset);

    // Many at once: batches fill, and each receipt still tells of its own record.
    let mut deliveries = Vec::new();
    for number in 0..1000 {
        let key = format!("customer-{}", number % 10);
        deliveries.push(producer.send(Record::to("orders").key(&key).value("another order")).await?);
    }
    for delivery in deliveries {
        match delivery.await {
            Ok(_) => {}
            Err(error) if error.may_be_stored() => println!("stored or not, nobody knows: {error}"),
            Err(error) => println!("not stored: {error}"),
        }
    }
    println!("1001 orders are stored");
    Ok(())
}
