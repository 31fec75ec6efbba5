//! Callback: the sender's task tells of each record, in the order of its partition.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use milena_producer::{Producer, ProducerConfig, Record};
use mock_broker::{ClusterConfig, MockCluster};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start(ClusterConfig::new(3).topic("orders", 6)).await?;
    let producer = Producer::connect(ProducerConfig::new(cluster.bootstrap_servers().split(','))).await?;

    let stored = Arc::new(AtomicU32::new(0));
    for number in 0..1000 {
        let stored = Arc::clone(&stored);
        let record = Record::to("orders").key(format!("customer-{number}")).value("an order");
        let sent = producer.send_with(record, move |outcome| match outcome {
            Ok(_) => drop(stored.fetch_add(1, Ordering::Relaxed)),
            Err(error) => println!("order {number}: {error}"),
        });
        sent.await?;
    }

    // Ready when every callback has run.
    producer.flush().await?;
    println!("{} orders are stored", stored.load(Ordering::Relaxed));
    Ok(())
}
