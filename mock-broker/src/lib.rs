//! A Kafka cluster in memory, for tests.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use milena_mock_broker::{ClusterConfig, MockCluster};
//!
//! let cluster = MockCluster::start(ClusterConfig::new(3).topic("orders", 6)).await?;
//! println!("bootstrap.servers={}", cluster.bootstrap_servers());
//! # Ok(())
//! # }
//! ```

mod cluster;
mod config;
mod fault;
mod handlers;
mod journal;
#[cfg(feature = "net")]
mod net;
mod random;

/// The wire protocol, for those who drive a [`Cluster`] by hand.
pub use protocol;

pub use self::cluster::{
    AdminError, CloseReason, Cluster, ConnectionId, Effect, Effects, Endpoint, Input, Partition, Topic,
};
pub use self::config::{ClusterConfig, ConfigError, TopicSpec};
pub use self::fault::{Fault, FaultId, FaultRule, Reaction};
pub use self::journal::{Journal, JournalEntry, Outcome, PartitionOutcome, ProducedBatch};
#[cfg(feature = "net")]
pub use self::net::{Listen, MockCluster, StartError};
