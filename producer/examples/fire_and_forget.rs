//! Fire and forget: records are sent and nobody asks what became of each.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use milena_producer::{Producer, ProducerConfig, Record};
use mock_broker::{ClusterConfig, MockCluster};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start(ClusterConfig::new(3).topic("measurements", 6)).await?;
    let producer = Producer::connect(ProducerConfig::new(cluster.bootstrap_servers().split(','))).await?;

    for number in 0..1000 {
        // Waits for room in the buffer, if there is none; never for a broker. The receipt is dropped.
        drop(producer.send(Record::to("measurements").value(format!("measurement {number}"))).await?);
    }

    // What was sent last still lingers. Closing waits for it; dropping the producer would not.
    producer.close(std::time::Duration::from_secs(10)).await?;
    println!("sent 1000 records");
    Ok(())
}
