//! Serves a cluster of three brokers on free ports until it is killed, and prints its address.
//!
//! ```text
//! cargo run -p milena-mock-broker --example serve [brokers] [first port]
//! ```

use milena_mock_broker::{ClusterConfig, Listen, MockCluster};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut arguments = std::env::args().skip(1);
    let brokers = arguments.next().map_or(Ok(3), |brokers| brokers.parse())?;
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let config = ClusterConfig::new(brokers).topic("orders", 6);
    let cluster = MockCluster::start_on(config, Listen::on("127.0.0.1", port)).await?;
    #[expect(clippy::print_stdout, reason = "this is what the example is for")]
    {
        println!("bootstrap.servers={}", cluster.bootstrap_servers());
    }
    std::future::pending().await
}
