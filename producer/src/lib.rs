//! A Kafka producer: pure Rust, async, idempotent, with Kafka's own names and an honest answer for every record.
//!
//! ```text
//! Record ─> partitioner ─> open batch of its partition ─┐        (send: no broker is waited for)
//!                                                       v
//! receipt <─ answer <─ broker <─ one request for all ready partitions of a leader   (the sender's task)
//! ```
//!
//! ```
//! use std::time::Duration;
//! use milena_producer::{Producer, ProducerConfig, Record};
//! # use mock_broker::{ClusterConfig, MockCluster};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cluster = MockCluster::start(ClusterConfig::new(3).topic("orders", 6)).await?;
//! # let bootstrap = cluster.bootstrap_servers();
//! // let bootstrap = "broker-1:9092,broker-2:9092";
//! let config = ProducerConfig::new(bootstrap.split(',')).linger(Duration::from_millis(2));
//! let producer = Producer::connect(config).await?;
//!
//! // Waits for room in the buffer, not for the broker …
//! let delivery = producer.send(Record::to("orders").key("customer-7").value("an order")).await?;
//! // … which the receipt does.
//! let stored = delivery.await?;
//! println!("partition {} offset {}", stored.partition, stored.offset);
//!
//! producer.close(Duration::from_secs(5)).await?;
//! # assert_eq!(stored.offset, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # Three ways of sending
//!
//! | | how | what it costs |
//! |---|---|---|
//! | fire and forget | drop what `send` gives | nothing but the record |
//! | await the result | `send(record).await?.await?`, or keep the receipts and await them later | a receipt of a few words |
//! | callback | `send_with(record, \|outcome\| …).await?` | the callback, boxed if it captures |
//!
//! [`try_send`](Producer::try_send) and `try_send_with` never wait. Code without a runtime has
//! [`connect_blocking`](Producer::connect_blocking), `send_blocking`, [`Delivery::wait`], `flush_blocking` and
//! `close_blocking`.
//!
//! A record that fails comes back with the reason, [`Failed`], whichever way it was sent: from `send` itself, to the callback,
//! or from the receipt. [`errors`] tells what is done about each code that a broker answers.
//!
//! The examples `fire_and_forget`, `await_each` and `callback` run against a mock cluster of their own.
//!
//! # Keys and values
//!
//! Text, bytes, numbers, ids and null are taken as they are, in the bytes of Kafka's own serializers; all else by a
//! [`serializer`], JSON among them behind the feature `json`.
//!
//! # What is guaranteed
//!
//! - **Every record has one outcome.** It is stored, or the error says who can act and whether it may be stored all the
//!   same: [`SendError`]. Closing and dropping the producer are no exception.
//! - **Stored means** what [`acks`](ProducerConfig::acks) says: with all (the default), every in-sync replica has the
//!   record. With `acks=1` a leader that fails can lose it; with `acks=0` the receipt only says that it was written to
//!   the connection, and the offset is −1.
//! - **No duplicates, no gaps in order** by retries, within one partition and one producer, with idempotence, which is on
//!   unless `acks`, `retries` or [`enable_idempotence`](ProducerConfig::enable_idempotence) say otherwise. After a record
//!   with an [unknown outcome](SendError::Unknown), or one that the broker rejects, the producer goes on with the next
//!   ones: what comes later is stored even if that was not.
//! - **Without idempotence**, a retry may store a record twice, and with more than one request in flight it may change
//!   the order. [`max_in_flight(1)`](ProducerConfig::max_in_flight) keeps the order.
//! - **Nothing waits for ever**: `send` at most `max.block.ms`, a record at most `delivery.timeout.ms`.
//! - **Memory is bounded**: records take `buffer.memory`, then `send` waits. Records whose `send` is not awaited wait too,
//!   and may take as much again; then they are refused. A topic that nothing is sent to is forgotten after
//!   `metadata.max.idle.ms`.
//!
//! # Settings
//!
//! [`ProducerConfig`] has a setter for each; [`set`](ProducerConfig::set), [`from_properties`](ProducerConfig::from_properties)
//! and [`from_file`](ProducerConfig::from_file) take them by Kafka's own names. All that Kafka 4.3.1 has are known,
//! [`config::KEYS`], with their types, defaults and rules:
//!
//! | settings | here |
//! |---|---|
//! | a name that Kafka does not know | an error with the nearest one; a warning unless [`strict`](ProducerConfig::strict) |
//! | about Java: `metric.reporters`, `metrics.*`, `config.providers`, `enable.metrics.push` | checked; one warning |
//! | `sasl.*`, `ssl.*` | checked; no `security.protocol` but PLAINTEXT is there yet |
//! | `key.serializer`, `value.serializer` | Kafka's own are taken: the type of what a record is given decides |
//! | `interceptor.classes`, `security.providers` | refused: classes in Java cannot be run |
//! | `compression.lz4.level` | checked; a warning with lz4, whose codec has one level |
//! | `transactional.id`, `client.dns.lookup=resolve_canonical_bootstrap_servers_only` | not there yet: an error says so |
//!
//! [`partitions`] tells how records find their partitions, and how many a topic should have.
//!
//! # What is not there yet
//!
//! Transactions, TLS and SASL, interceptors, metrics, dead letters. A setting for one of them is an error that says so.
//!
//! # Without sockets
//!
//! [`core`] is the whole producer as a value without sockets, clock and threads; `net`, behind the feature of that name
//! (on by default), is tokio around it.

// Without sockets nobody calls what only they need.
#![cfg_attr(not(feature = "net"), allow(dead_code, unused_imports))]

pub mod config;
pub mod core;
mod error;
#[cfg(feature = "net")]
mod net;
mod record;
pub mod serializer;
#[doc = include_str!("../docs/partitions.md")]
pub mod partitions {}
#[doc = include_str!("../docs/errors.md")]
pub mod errors {}

pub use protocol::ErrorCode;
pub use protocol::names::{Acks, Timestamp, TopicName, Uuid};
pub use protocol::records::Compression;

pub use self::config::{
    ChoosePartition, ConfigError, Partitioning, Partitions, ProducerConfig, Recovery, Settings,
};
pub use self::core::{Delivery, Flush};
pub use self::error::{Failed, Refusal, SendError, Unfinished, Unreachable};
#[cfg(feature = "net")]
pub use self::net::{Producer, Sending};
pub use self::record::{Payload, Record, RecordMetadata};
pub use self::serializer::{IntoPayload, Serializer};
