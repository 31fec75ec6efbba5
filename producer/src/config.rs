//! How a producer is set up: [`ProducerConfig`], by setters or by Kafka's own keys.

mod address;
mod build;
mod error;
mod file;
mod keys;
mod partitioning;
mod properties;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use protocol::names::Acks;
use protocol::records::Compression;

pub use self::address::Address;
pub use self::build::Settings;
pub use self::error::ConfigError;
pub use self::file::properties_of;
pub use self::keys::{Effect, KEYS, Key, Kind};
pub use self::partitioning::{ChoosePartition, Partitioning, Partitions};

/// The settings of a producer, each at Kafka 4's default until it is set.
///
/// ```
/// use std::time::Duration;
/// use milena_producer::ProducerConfig;
///
/// let config = ProducerConfig::new(["127.0.0.1:9092"]).linger(Duration::from_millis(20)).batch_size(65_536);
/// let same = ProducerConfig::from_properties([
///     ("bootstrap.servers", "127.0.0.1:9092"),
///     ("linger.ms", "20"),
///     ("batch.size", "65536"),
/// ])?;
/// assert_eq!(config, same);
/// # Ok::<(), milena_producer::ConfigError>(())
/// ```
///
/// The rules between settings are checked once, by [`Self::build`], before any socket opens.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerConfig {
    bootstrap_servers: Vec<String>,
    client_id: String,
    acks: Option<Acks>,
    enable_idempotence: Option<bool>,
    retries: Option<u32>,
    max_in_flight: Option<NonZeroU32>,
    delivery_timeout: Option<Duration>,
    batch_size: usize,
    linger: Duration,
    buffer_memory: usize,
    max_block: Duration,
    max_request_size: usize,
    compression: Compression,
    gzip_level: i32,
    lz4_level: Option<i32>,
    zstd_level: i32,
    retry_backoff: Duration,
    retry_backoff_max: Duration,
    reconnect_backoff: Duration,
    reconnect_backoff_max: Duration,
    request_timeout: Duration,
    metadata_max_age: Duration,
    metadata_max_idle: Duration,
    connections_max_idle: Duration,
    setup_timeout: Duration,
    setup_timeout_max: Duration,
    send_buffer: Option<u32>,
    receive_buffer: Option<u32>,
    recovery: Recovery,
    rebootstrap_trigger: Duration,
    partitioner: Partitioning,
    ignore_keys: bool,
    adaptive: bool,
    availability_timeout: Duration,
    transactional_id: Option<String>,
    transaction_timeout: Option<Duration>,
    two_phase_commit: bool,
    is_strict: bool,
    /// Keys that were given and do nothing, and why.
    without_effect: BTreeMap<String, String>,
}

/// What a producer does that reaches none of the brokers it knows (`metadata.recovery.strategy`, KIP-899).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recovery {
    /// It begins again with the bootstrap servers.
    #[default]
    Rebootstrap,
    /// It goes on with those it knows.
    None,
}

impl ProducerConfig {
    /// Begins with the addresses to ask for the cluster first, each as `host:port` (`bootstrap.servers`); several may
    /// stand in one text, between commas, as in Kafka's properties.
    ///
    /// More than one, so that the producer starts while one of them is down. All other brokers are learned from them.
    #[must_use]
    pub fn new(bootstrap_servers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let ms = Duration::from_millis;
        Self {
            bootstrap_servers: bootstrap_servers.into_iter().map(Into::into).collect(),
            client_id: "milena-producer".to_owned(),
            acks: None,
            enable_idempotence: None,
            retries: None,
            max_in_flight: None,
            delivery_timeout: None,
            batch_size: 16_384,
            linger: ms(5),
            buffer_memory: 32 * 1024 * 1024,
            max_block: ms(60_000),
            max_request_size: 1024 * 1024,
            compression: Compression::None,
            gzip_level: -1,
            lz4_level: None,
            zstd_level: 3,
            retry_backoff: ms(100),
            retry_backoff_max: ms(1000),
            reconnect_backoff: ms(50),
            reconnect_backoff_max: ms(1000),
            request_timeout: ms(30_000),
            metadata_max_age: ms(300_000),
            metadata_max_idle: ms(300_000),
            connections_max_idle: ms(540_000),
            setup_timeout: ms(10_000),
            setup_timeout_max: ms(30_000),
            send_buffer: Some(131_072),
            receive_buffer: Some(32_768),
            recovery: Recovery::Rebootstrap,
            rebootstrap_trigger: ms(300_000),
            partitioner: Partitioning::Default,
            ignore_keys: false,
            adaptive: true,
            availability_timeout: Duration::ZERO,
            transactional_id: None,
            transaction_timeout: None,
            two_phase_commit: false,
            is_strict: true,
            without_effect: BTreeMap::new(),
        }
    }

    /// What brokers know this client by, in logs and quotas (`client.id`). Default: `milena-producer`.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = client_id.into();
        self
    }

    /// Who must have a record before it counts as stored: [`Acks::ALL`] (the default), [`Acks::LEADER`] or
    /// [`Acks::NONE`] (`acks`). Anything but all turns idempotence off, unless that is asked for.
    #[must_use]
    pub fn acks(mut self, acks: Acks) -> Self {
        self.acks = Some(acks);
        self
    }

    /// Whether retries are kept from storing a record twice or out of order (`enable.idempotence`, KIP-98). Default:
    /// yes, if `acks` and `retries` allow it.
    #[must_use]
    pub fn enable_idempotence(mut self, enable: bool) -> Self {
        self.enable_idempotence = Some(enable);
        self
    }

    /// How often a batch is sent again (`retries`). Default: 2³¹−1, so that
    /// [`delivery_timeout`](Self::delivery_timeout) decides.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// How many requests may wait for their answers on one connection (`max.in.flight.requests.per.connection`).
    /// Default: 5, and no more with idempotence.
    #[must_use]
    pub fn max_in_flight(mut self, requests: NonZeroU32) -> Self {
        self.max_in_flight = Some(requests);
        self
    }

    /// How long after its batch was opened a record is given up (`delivery.timeout.ms`, KIP-91). Default: 2 minutes;
    /// at least [`linger`](Self::linger) and [`request_timeout`](Self::request_timeout) together.
    #[must_use]
    pub fn delivery_timeout(mut self, timeout: Duration) -> Self {
        self.delivery_timeout = Some(timeout);
        self
    }

    /// The size at which a batch is full, in bytes (`batch.size`). Default: 16,384; 0 sends each record alone.
    #[must_use]
    pub fn batch_size(mut self, bytes: usize) -> Self {
        self.batch_size = bytes;
        self
    }

    /// How long a batch waits for company before it is sent (`linger.ms`). Default: 5 ms.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// The memory for records that are not acknowledged yet, in bytes (`buffer.memory`). Default: 32 MiB.
    #[must_use]
    pub fn buffer_memory(mut self, bytes: usize) -> Self {
        self.buffer_memory = bytes;
        self
    }

    /// How long `send` waits for room and for the topic's partitions (`max.block.ms`). Default: a minute.
    #[must_use]
    pub fn max_block(mut self, limit: Duration) -> Self {
        self.max_block = limit;
        self
    }

    /// The size of a request at which no more batches are added to it, and the largest record, before compression, in
    /// bytes (`max.request.size`). Default: 1 MiB.
    #[must_use]
    pub fn max_request_size(mut self, bytes: usize) -> Self {
        self.max_request_size = bytes;
        self
    }

    /// How batches are compressed (`compression.type`). Default: not at all.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// How hard gzip tries (`compression.gzip.level`, KIP-390): 1 to 9, or −1 for its default.
    #[must_use]
    pub fn gzip_level(mut self, level: i32) -> Self {
        self.gzip_level = level;
        self
    }

    /// How hard lz4 tries (`compression.lz4.level`): 1 to 17. It is checked and has no effect, of which one warning tells:
    /// the codec has one level.
    #[must_use]
    pub fn lz4_level(mut self, level: i32) -> Self {
        self.lz4_level = Some(level);
        self
    }

    /// How hard zstd tries (`compression.zstd.level`): −131072 to 22. Default: 3.
    #[must_use]
    pub fn zstd_level(mut self, level: i32) -> Self {
        self.zstd_level = level;
        self
    }

    /// The first wait before a request is sent again, and the longest (`retry.backoff.ms`, `retry.backoff.max.ms`,
    /// KIP-580). Default: 100 ms and 1 s.
    #[must_use]
    pub fn retry_backoff(mut self, first: Duration, max: Duration) -> Self {
        (self.retry_backoff, self.retry_backoff_max) = (first, max);
        self
    }

    /// The first wait before a broker is connected to again, and the longest (`reconnect.backoff.ms`,
    /// `reconnect.backoff.max.ms`). Default: 50 ms and 1 s.
    #[must_use]
    pub fn reconnect_backoff(mut self, first: Duration, max: Duration) -> Self {
        (self.reconnect_backoff, self.reconnect_backoff_max) = (first, max);
        self
    }

    /// How long an answer may take before its connection is given up (`request.timeout.ms`). Default: 30 s.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How old metadata gets before it is asked for again without need (`metadata.max.age.ms`). Default: 5 minutes.
    #[must_use]
    pub fn metadata_max_age(mut self, age: Duration) -> Self {
        self.metadata_max_age = age;
        self
    }

    /// How long a topic that nothing is sent to is kept in the metadata (`metadata.max.idle.ms`, KIP-526); then it is
    /// forgotten when metadata is asked for next, and learned anew when it is sent to again. Default: 5 minutes; at
    /// least 5 seconds.
    #[must_use]
    pub fn metadata_max_idle(mut self, idle: Duration) -> Self {
        self.metadata_max_idle = idle;
        self
    }

    /// How long a connection is kept without use (`connections.max.idle.ms`). Default: 9 minutes.
    #[must_use]
    pub fn connections_max_idle(mut self, idle: Duration) -> Self {
        self.connections_max_idle = idle;
        self
    }

    /// How long connecting may take at first, and after failures at most (`socket.connection.setup.timeout.ms`,
    /// `socket.connection.setup.timeout.max.ms`, KIP-601). Default: 10 s and 30 s.
    #[must_use]
    pub fn setup_timeout(mut self, first: Duration, max: Duration) -> Self {
        (self.setup_timeout, self.setup_timeout_max) = (first, max);
        self
    }

    /// How partitions are chosen (`partitioner.class`).
    #[must_use]
    pub fn partitioner(mut self, partitioner: Partitioning) -> Self {
        self.partitioner = partitioner;
        self
    }

    /// Whether records with a key are spread as those without (`partitioner.ignore.keys`). Default: no.
    #[must_use]
    pub fn ignore_keys(mut self, ignore: bool) -> Self {
        self.ignore_keys = ignore;
        self
    }

    /// Whether records without a key go rather to partitions whose batches wait less (KIP-794,
    /// `partitioner.adaptive.partitioning.enable`). Default: yes.
    #[must_use]
    pub fn adaptive_partitioning(mut self, adaptive: bool) -> Self {
        self.adaptive = adaptive;
        self
    }

    /// How long batches may wait for a broker before records without a key go to others instead (KIP-794,
    /// `partitioner.availability.timeout.ms`). Default: 0, which is for ever.
    #[must_use]
    pub fn availability_timeout(mut self, timeout: Duration) -> Self {
        self.availability_timeout = timeout;
        self
    }

    /// The sizes of the socket's buffers in the system, in bytes; `None` leaves them to the system (`send.buffer.bytes`,
    /// `receive.buffer.bytes`). Default: 128 KiB and 32 KiB.
    #[must_use]
    pub fn socket_buffers(mut self, send: Option<u32>, receive: Option<u32>) -> Self {
        (self.send_buffer, self.receive_buffer) = (send, receive);
        self
    }

    /// What to do when no known broker is in reach, and after how long without metadata to do it even so
    /// (`metadata.recovery.strategy`, `metadata.recovery.rebootstrap.trigger.ms`, KIP-899, KIP-1102). Default: to begin
    /// with the bootstrap servers again, and 5 minutes.
    #[must_use]
    pub fn metadata_recovery(mut self, recovery: Recovery, trigger: Duration) -> Self {
        (self.recovery, self.rebootstrap_trigger) = (recovery, trigger);
        self
    }

    /// Whether a key that Kafka does not know is an error (the default) or, as in Java, one warning.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.is_strict = strict;
        self
    }

    /// The keys that were given and have no effect, each with the reason: what the warnings say.
    pub fn without_effect(&self) -> impl Iterator<Item = (&str, &str)> {
        self.without_effect.iter().map(|(key, reason)| (key.as_str(), reason.as_str()))
    }
}

#[cfg(test)]
mod tests;
