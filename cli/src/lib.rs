//! A small Kafka client for reading: what `milena consume` and the tests read with.
//!
//! [`reader::Reader`] reads assigned partitions by ListOffsets and Fetch, from any Kafka cluster; there are no groups.
//! Below it lie [`client::Client`], which knows a cluster's brokers and asks the right one, and
//! [`connection::Connection`], one socket on which one request is answered at a time.
//!
//! ```
//! use milena::reader::{Partitions, Reader, Start};
//! use mock_broker::{ClusterConfig, MockCluster};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let cluster = MockCluster::start(ClusterConfig::new(3).topic("orders", 6)).await?;
//!
//! let mut reader = Reader::connect(&cluster.bootstrap_servers()).await?;
//! reader.assign("orders", Partitions::All, Start::Earliest).await?;
//! assert!(reader.read_to_end().await?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod client;
pub mod connection;
mod error;
pub mod reader;

pub use self::error::{ClientError, ClientErrorKind};
