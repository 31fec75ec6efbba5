//! The rules between settings, checked once.

use std::time::Duration;

use protocol::names::Acks;
use protocol::records::Compression;

use super::{Address, ConfigError, Key, Partitioning, ProducerConfig, Recovery};
use crate::core::retry::Backoff;

impl ProducerConfig {
    /// Checks every setting and every rule between them.
    ///
    /// # Errors
    /// The first setting that breaks a rule, with its key, its value and the rule.
    pub fn build(self) -> Result<Settings, ConfigError> {
        let bootstrap = self.addresses()?;
        self.check_ranges()?;
        let acks = self.acks.unwrap_or(Acks::ALL);
        let idempotent = self.idempotence(acks)?;
        self.check_transactions(acks, idempotent)?;
        let delivery_timeout = self.delivery_timeout_checked()?;
        self.warn();
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
            send_buffer: self.send_buffer,
            receive_buffer: self.receive_buffer,
            recovery: self.recovery,
            rebootstrap_trigger: self.rebootstrap_trigger,
            partitioner: self.partitioner,
            ignore_keys: self.ignore_keys,
            adaptive: self.adaptive,
            availability_timeout: self.availability_timeout,
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
            ("compression.gzip.level", Some(self.gzip_level)),
            ("compression.lz4.level", self.lz4_level),
            ("compression.zstd.level", Some(self.zstd_level)),
        ];
        for (name, level) in levels {
            if let (Some(key), Some(level)) = (Key::find(name), level) {
                key.check(&level.to_string())?;
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

    /// The rules about transactions, which this producer does not have yet.
    fn check_transactions(&self, acks: Acks, idempotent: bool) -> Result<(), ConfigError> {
        let Some(id) = &self.transactional_id else { return Ok(()) };
        let rule = |rule| Err(ConfigError::rule("transactional.id", id, rule));
        if !idempotent {
            let cause = match (self.enable_idempotence, acks) {
                (Some(false), _) => "needs idempotence, which enable.idempotence = false turns off",
                (_, Acks::ALL) => "needs idempotence, which retries = 0 turns off",
                _ => "needs idempotence, which takes acks = all",
            };
            return rule(cause);
        }
        if let (true, Some(timeout)) = (self.two_phase_commit, self.transaction_timeout) {
            let rule = "must not be set while transaction.two.phase.commit.enable is true: such transactions do not expire";
            return Err(ConfigError::rule("transaction.timeout.ms", timeout.as_millis(), rule));
        }
        rule("Kafka has this setting, and this producer does not have it yet")
    }

    /// Tells once of each setting that does nothing.
    fn warn(&self) {
        for (key, reason) in &self.without_effect {
            tracing::warn!("the setting {key} has no effect: {reason}");
        }
        if let (Some(level), Compression::Lz4) = (self.lz4_level, self.compression) {
            tracing::warn!("compression.lz4.level = {level} has no effect: the codec has one level");
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
    pub(crate) send_buffer: Option<u32>,
    pub(crate) receive_buffer: Option<u32>,
    pub(crate) recovery: Recovery,
    pub(crate) rebootstrap_trigger: Duration,
    pub(crate) partitioner: Partitioning,
    pub(crate) ignore_keys: bool,
    pub(crate) adaptive: bool,
    pub(crate) availability_timeout: Duration,
}
