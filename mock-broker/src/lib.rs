//! A Kafka cluster in memory, for tests: real clients over TCP, no JVM, no Docker, faults on command.
//!
//! Three lines start one, and it stops when it is dropped:
//!
//! ```
//! use milena_mock_broker::{ClusterConfig, MockCluster};
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let cluster = MockCluster::start(ClusterConfig::new(3).topic("orders", 6)).await?;
//!     println!("bootstrap.servers={}", cluster.bootstrap_servers());
//!     // … any Kafka client, in any language …
//! #   let mut client = tokio::net::TcpStream::connect(cluster.addresses()[0]).await?;
//! #   client.write_all(b"\0\0\0\x0a\0\x12\0\0\0\0\0\x07\xff\xff").await?;
//! #   let mut answer = [0; 10];
//! #   client.read_exact(&mut answer).await?;
//! #   assert_eq!(answer[4..], [0, 0, 0, 7, 0, 0]);
//!     assert_eq!(cluster.topics()[0].partitions().len(), 6);
//!     Ok(())
//! }
//! ```
//!
//! What goes wrong is said with a [`Fault`], built or as text, and what was asked stands in the [`Journal`]:
//!
//! ```
//! # use milena_mock_broker::{Cluster, ClusterConfig};
//! use milena_mock_broker::protocol::{ApiKey, ErrorCode};
//! use milena_mock_broker::{Fault, Reaction};
//!
//! let lost_ack = Fault::on(ApiKey::PRODUCE).topic("orders").nth(2).then(Reaction::DropResponse);
//! let election = Fault::on(ApiKey::PRODUCE).first(3).then(Reaction::Fail(ErrorCode::NOT_LEADER_OR_FOLLOWER));
//! # let cluster = Cluster::new(ClusterConfig::new(1)).with_fault(lost_ack).with_fault(election);
//! ```
//!
//! # How it is made
//!
//! ```text
//! socket ──> net: frames ──> Cluster::handle(Input, now) ──> Effects ──> net ──> socket
//!                            │ faults · handlers · topics, logs, producers · waiting · journal
//!                            └ no socket, no clock, no thread, no chance but a seed
//! ```
//!
//! [`MockCluster`] is the core behind sockets, by tokio (feature `net`, on by default). [`Cluster`] is the core alone,
//! for simulations: the same seed and the same inputs give the same bytes.
//!
//! # What is served
//!
//! As a Kafka 4.3 broker, in whose ApiVersions these APIs look the same:
//!
//! | API | versions | what is there | what is not there yet |
//! |---|---|---|---|
//! | Produce | 3–13 | acks 0, 1, all; `min.insync.replicas`; every check of a real broker on a batch; idempotence; transactions; leader hints; topic ids | |
//! | Fetch | 4–18 | long polling, limits, epochs, reading from followers by rack, topic ids, leader hints | sessions are declined, so that clients ask for all each time |
//! | ListOffsets | 1–11 | the ends, by timestamp, the highest timestamp; tiered storage is empty | |
//! | OffsetForLeaderEpoch | 2–4 | where epochs end, so that consumers notice what was cut off | |
//! | Metadata | 0–13 | by name and id, automatic creation, leader epochs, rights, racks | |
//! | FindCoordinator | 0–6 | a broker for every key | the topics `__consumer_offsets` and `__transaction_state` themselves |
//! | JoinGroup, SyncGroup, Heartbeat, LeaveGroup | 0–9, 0–5, 0–4, 0–5 | classic groups: every error of a real coordinator, static members, session and rebalance timers | |
//! | OffsetCommit, OffsetFetch, OffsetDelete | 2–10, 1–10, 0 | by name and id, retention on the cluster's clock | |
//! | ListGroups, DescribeGroups, DeleteGroups | 0–5, 0–6, 0–2 | filters by state and type | the new group types; all clients are said to be on 127.0.0.1 |
//! | ApiVersions | 0–4 | an unknown version is answered in version 0 with error 35; the feature `transaction.version` | the other features |
//! | CreateTopics | 2–7 | settings checked and told, assignment by hand, validation only | |
//! | DeleteTopics | 1–6 | by name and id | |
//! | InitProducerId | 0–5 | ids and epochs; fencing and epoch bumps for transactional ids | |
//! | AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit, EndTxn | 0–5, 0–4, 0–5, 0–5 | both protocols (KIP-890), markers, timeouts on the cluster's clock | transactional ids never expire |
//! | DescribeTransactions, ListTransactions, DescribeProducers, WriteTxnMarkers | 0, 0–2, 0, 1–2 | as a broker without an authorizer | ListTransactions overlooks the id pattern |
//!
//! A partition's replicas are in sync until an [`Action`] says otherwise: brokers crash and come back, followers lag, and what is lost by
//! it is what Kafka would lose:
//!
//! ```
//! use milena_mock_broker::protocol::names::{BrokerId, Timestamp};
//! use milena_mock_broker::{Action, Cluster, ClusterConfig, Lag, TopicSpec};
//!
//! let topic = TopicSpec::new("orders").partitions(1).replication_factor(3);
//! let mut cluster = Cluster::new(ClusterConfig::new(3).topic_with(topic));
//! let leader = cluster.topic("orders").unwrap().partitions()[0].leader();
//! for broker in [1, 2, 3].map(BrokerId) {
//!     cluster.perform(Action::Lag { topic: None, partition: None, broker, lag: Lag::Frozen }, Timestamp(0))?;
//! }
//! // … records that are acknowledged with acks=1 from here on …
//! cluster.perform(Action::CrashBroker(leader), Timestamp(1000))?;
//! assert_ne!(cluster.topic("orders").unwrap().partitions()[0].leader(), leader);
//! # Ok::<(), milena_mock_broker::AdminError>(())
//! ```
//!
//! A new group does not wait for more members than its first, as with the `server.properties` that Kafka ships:
//! `group.initial.rebalance.delay.ms` is 0, and can be set to the 3000 of a broker that has none. Groups have limits too:
//! 100,000 of them, 10,000 members each, 256 MiB for what all members and offsets say.
//!
//! Records are kept as long as the cluster lives: retention and compaction have no effect. Settings that have no effect
//! here are accepted if Kafka would accept them, and told to who asks.
//!
//! What a client can ask for has limits, listed at [`ClusterConfig::config`]: a frame's length and how long it takes, the
//! connections, how long one may be idle or leave its answers unread, the partitions, and what all logs hold (1 GiB). A
//! buffer grows with the bytes that came, never by what a length claims. As in Kafka, a connection's next request is read
//! when the one before it is answered. The journal keeps [`ClusterConfig::journal_limit`] entries.
//!
//! Which clock it runs on is [`Time`]; what was asked stands in the [`Journal`], and what clients are to do is an
//! [`Expectation`] of it; a [`Snapshot`] is a state to begin again from, a [`Recording`] a run to play again. Together:
//! `docs/running.md`.

mod action;
mod cluster;
mod config;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod handlers;
mod journal;
#[cfg(feature = "net")]
mod net;
mod recording;
mod scenario;
mod words;

/// The wire protocol, for those who drive a [`Cluster`] by hand.
pub use protocol;

pub use self::action::{Action, ActionError, ElectionKind, Lag};
pub use self::cluster::{
    AdminError, BrokerState, CloseReason, Cluster, ConnectionId, Effect, Effects, Endpoint, Input, Partition,
    Snapshot, Topic,
};
pub use self::config::{ClusterConfig, ConfigError, ReplicationRules, Time, TopicSpec};
pub use self::fault::{Corruption, Fault, FaultId, FaultRule, Reaction, RuleError};
pub use self::journal::{
    Expectation, Filter, Journal, JournalEntry, Outcome, PartitionOutcome, ProducedBatch, Unmet,
};
#[cfg(feature = "net")]
pub use self::net::{Listen, MockCluster, StartError};
pub use self::recording::{Recording, RecordingError, ReplayError};
pub use self::scenario::{Deed, Scenario, ScenarioError, Script, Step, When};
