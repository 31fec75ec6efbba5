//! How long it takes to begin again: `cargo run --release -p milena-mock-broker --example reset`.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "an example that measures")]

use std::time::{Duration, Instant};

use milena_mock_broker::{ClusterConfig, MockCluster};

const ROUNDS: u32 = 10_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (what, config) in [
        ("empty, 3 brokers", ClusterConfig::new(3)),
        ("3 brokers, 10 topics of 10 partitions", topics(ClusterConfig::new(3))),
    ] {
        let cluster = MockCluster::start(config).await?;
        println!("{what}:");
        println!("  reset    {:?}", each(|| cluster.reset()));
        println!("  snapshot {:?}", each(|| drop(cluster.snapshot())));
    }
    Ok(())
}

fn topics(config: ClusterConfig) -> ClusterConfig {
    (0..10).fold(config, |config, number| config.topic(&format!("topic-{number}"), 10))
}

fn each(work: impl Fn()) -> Duration {
    let start = Instant::now();
    (0..ROUNDS).for_each(|_| work());
    start.elapsed() / ROUNDS
}
