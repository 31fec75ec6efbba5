//! How a producer is set up: [`ProducerConfig`], by setters or by Kafka's own keys.

mod error;
mod properties;

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use protocol::names::Acks;
use protocol::records::Compression;

pub use self::error::ConfigError;
pub use self::properties::KEYS;
use crate::core::retry::Backoff;

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
    lz4_level: i32,
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
    partitioner: Partitioning,
    ignore_keys: bool,
}

/// How a partition is chosen for a record that names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Partitioning {
    /// By the murmur2 hash of the key; without a key, one partition until it has had a batch's worth of bytes, then
    /// another at random (KIP-794).
    #[default]
    Default,
    /// One partition after the other, record by record, whatever the key: what Kafka calls `RoundRobinPartitioner`.
    RoundRobin,
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
            lz4_level: 9,
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
            partitioner: Partitioning::Default,
            ignore_keys: false,
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

    /// How hard lz4 tries (`compression.lz4.level`): 1 to 17. It is checked and has no effect: the codec has one level.
    #[must_use]
    pub fn lz4_level(mut self, level: i32) -> Self {
        self.lz4_level = level;
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

    /// Checks every setting and every rule between them.
    ///
    /// # Errors
    /// The first setting that breaks a rule, with its key, its value and the rule.
    pub fn build(self) -> Result<Settings, ConfigError> {
        let bootstrap = self.addresses()?;
        self.check_ranges()?;
        let acks = self.acks.unwrap_or(Acks::ALL);
        let idempotent = self.idempotence(acks)?;
        let delivery_timeout = self.delivery_timeout_checked()?;
        let level = match self.compression {
            Compression::Gzip if self.gzip_level != -1 => Some(self.gzip_level),
            Compression::Zstd => Some(self.zstd_level),
            _ => None,
        };
        Ok(Settings {
            bootstrap,
            client_id: self.client_id,
            acks,
            idempotent,
            retries: self.retries.unwrap_or(i32::MAX as u32),
            max_in_flight: self.max_in_flight.map_or(5, |requests| requests.get() as usize),
            delivery_timeout,
            // A batch larger than the buffer could never open.
            batch_size: self.batch_size.min(self.buffer_memory),
            linger: self.linger,
            buffer_memory: self.buffer_memory,
            max_block: self.max_block,
            max_request_size: self.max_request_size,
            compression: self.compression,
            level,
            retry_backoff: Backoff { first: self.retry_backoff, max: self.retry_backoff_max },
            reconnect_backoff: Backoff { first: self.reconnect_backoff, max: self.reconnect_backoff_max },
            request_timeout: self.request_timeout,
            metadata_max_age: self.metadata_max_age,
            metadata_max_idle: self.metadata_max_idle,
            connections_max_idle: self.connections_max_idle,
            setup_timeout: Backoff { first: self.setup_timeout, max: self.setup_timeout_max },
            partitioner: self.partitioner,
            ignore_keys: self.ignore_keys,
        })
    }

    fn addresses(&self) -> Result<Vec<Address>, ConfigError> {
        const KEY: &str = "bootstrap.servers";
        let texts = self.bootstrap_servers.iter().flat_map(|list| list.split(','));
        let addresses = texts.map(str::trim).filter(|text| !text.is_empty()).map(|text| {
            Address::parse(text).ok_or_else(|| {
                ConfigError::rule(KEY, text, "each address is host:port, with a port from 1 to 65535")
            })
        });
        let addresses: Vec<Address> = addresses.collect::<Result<_, _>>()?;
        if addresses.is_empty() {
            return Err(ConfigError::rule(KEY, "", "at least one address is needed"));
        }
        Ok(addresses)
    }

    fn check_ranges(&self) -> Result<(), ConfigError> {
        if let Some(acks) = self.acks.filter(|acks| ![Acks::ALL, Acks::NONE, Acks::LEADER].contains(acks)) {
            return Err(ConfigError::rule("acks", acks, "must be one of all, -1, 0, 1"));
        }
        let levels = [
            (
                "compression.gzip.level",
                self.gzip_level,
                (1..=9).contains(&self.gzip_level) || self.gzip_level == -1,
                "must be between 1 and 9, or -1",
            ),
            (
                "compression.lz4.level",
                self.lz4_level,
                (1..=17).contains(&self.lz4_level),
                "must be between 1 and 17",
            ),
            (
                "compression.zstd.level",
                self.zstd_level,
                (-131_072..=22).contains(&self.zstd_level),
                "must be between -131072 and 22",
            ),
        ];
        for (key, level, is_allowed, rule) in levels {
            if !is_allowed {
                return Err(ConfigError::rule(key, level, rule));
            }
        }
        if self.metadata_max_idle < LEAST_METADATA_IDLE {
            let millis = self.metadata_max_idle.as_millis();
            return Err(ConfigError::rule("metadata.max.idle.ms", millis, "must be at least 5000"));
        }
        let sizes = [("batch.size", self.batch_size), ("max.request.size", self.max_request_size)];
        for (key, size) in sizes {
            if size > i32::MAX as usize {
                return Err(ConfigError::rule(key, size, "must be at most 2147483647"));
            }
        }
        Ok(())
    }

    /// Whether the producer is idempotent: quietly not, when another setting forbids it and it was not asked for.
    fn idempotence(&self, acks: Acks) -> Result<bool, ConfigError> {
        if self.enable_idempotence == Some(false) {
            return Ok(false);
        }
        let asked = self.enable_idempotence.is_some();
        if self.retries == Some(0) {
            if asked {
                return Err(ConfigError::rule(
                    "retries",
                    0,
                    "must not be 0 while enable.idempotence is true",
                ));
            }
            return Ok(false);
        }
        if acks != Acks::ALL {
            if asked {
                return Err(ConfigError::rule("acks", acks, "must be all while enable.idempotence is true"));
            }
            return Ok(false);
        }
        // Not quiet, even if idempotence was not asked for: that is how Kafka's own client does it.
        match self.max_in_flight {
            Some(requests) if requests.get() > 5 => Err(ConfigError::rule(
                "max.in.flight.requests.per.connection",
                requests,
                "must be at most 5 while the producer is idempotent, which it is unless enable.idempotence is false",
            )),
            _ => Ok(true),
        }
    }

    /// The delivery timeout: raised if only its default is too short.
    fn delivery_timeout_checked(&self) -> Result<Duration, ConfigError> {
        let least = self.linger.saturating_add(self.request_timeout);
        match self.delivery_timeout {
            Some(timeout) if timeout < least => {
                let rule = format!(
                    "must be at least linger.ms + request.timeout.ms, which is {}",
                    least.as_millis()
                );
                Err(ConfigError::rule("delivery.timeout.ms", timeout.as_millis(), rule))
            }
            Some(timeout) => Ok(timeout),
            None if least > DELIVERY_TIMEOUT => {
                let raised = least.as_millis();
                tracing::warn!(
                    "delivery.timeout.ms is raised from its default to linger.ms + request.timeout.ms: {raised}"
                );
                Ok(least)
            }
            None => Ok(DELIVERY_TIMEOUT),
        }
    }
}

/// The least that `metadata.max.idle.ms` can be.
const LEAST_METADATA_IDLE: Duration = Duration::from_secs(5);
/// The default of `delivery.timeout.ms`.
const DELIVERY_TIMEOUT: Duration = Duration::from_millis(120_000);

/// A configuration that was checked: what [`ProducerConfig::build`] gives, and a core runs by.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) bootstrap: Vec<Address>,
    pub(crate) client_id: String,
    pub(crate) acks: Acks,
    pub(crate) idempotent: bool,
    pub(crate) retries: u32,
    pub(crate) max_in_flight: usize,
    pub(crate) delivery_timeout: Duration,
    pub(crate) batch_size: usize,
    pub(crate) linger: Duration,
    pub(crate) buffer_memory: usize,
    pub(crate) max_block: Duration,
    pub(crate) max_request_size: usize,
    pub(crate) compression: Compression,
    pub(crate) level: Option<i32>,
    pub(crate) retry_backoff: Backoff,
    pub(crate) reconnect_backoff: Backoff,
    pub(crate) request_timeout: Duration,
    pub(crate) metadata_max_age: Duration,
    pub(crate) metadata_max_idle: Duration,
    pub(crate) connections_max_idle: Duration,
    pub(crate) setup_timeout: Backoff,
    pub(crate) partitioner: Partitioning,
    pub(crate) ignore_keys: bool,
}

/// Where a broker listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// A name, or an IP address (an IPv6 one without brackets).
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl Address {
    /// Reads `host:port` or `[ipv6]:port`.
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.trim().rsplit_once(':')?;
        // A listener's protocol may stand before the address, as in Kafka: PLAINTEXT://host:port.
        let host = host.rsplit_once("://").map_or(host, |(_, host)| host);
        let host = match host.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']')?,
            None if host.contains(':') => return None,
            None => host,
        };
        let port = port.parse().ok().filter(|&port| port != 0)?;
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests;
