//! A Kafka producer.

pub mod config;
pub mod core;
mod error;
#[cfg(feature = "net")]
mod net;
mod record;

pub use protocol::names::Acks;
pub use protocol::records::Compression;
pub use protocol::{ErrorCode, names::TopicName};

pub use self::config::{ConfigError, Partitioning, ProducerConfig};
pub use self::core::Delivery;
pub use self::error::{Refusal, SendError, Unfinished, Unreachable};
#[cfg(feature = "net")]
pub use self::net::{Producer, Sending};
pub use self::record::{IntoPayload, Payload, Record, RecordMetadata};
