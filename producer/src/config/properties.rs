//! Kafka's own keys, letter for letter.

use std::num::NonZeroU32;
use std::time::Duration;

use protocol::names::Acks;
use protocol::nearest;
use protocol::records::Compression;

use super::{ConfigError, Partitioning, ProducerConfig};

impl ProducerConfig {
    /// Reads the settings by Kafka's keys, as a `.properties` file has them. A key given twice: the last one holds.
    ///
    /// # Errors
    /// A key that is not known, with the nearest one that is; a value that its key does not take. The rules between
    /// settings are checked by [`build`](Self::build).
    pub fn from_properties<K: AsRef<str>, V: AsRef<str>>(
        properties: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, ConfigError> {
        let nothing: [&str; 0] = [];
        let mut config = Self::new(nothing);
        for (key, value) in properties {
            config.set(key.as_ref(), value.as_ref())?;
        }
        Ok(config)
    }

    /// Sets one setting by Kafka's key. [`KEYS`] has all that are known.
    ///
    /// # Errors
    /// As [`Self::from_properties`].
    pub fn set(&mut self, key: &str, value: &str) -> Result<&mut Self, ConfigError> {
        let value = value.trim();
        let Some(known) = SETTERS.iter().find(|setter| setter.key == key) else {
            return Err(unknown(key, value));
        };
        match (known.set)(self, value) {
            Ok(()) => Ok(self),
            Err(rule) => Err(ConfigError::rule(known.key, value, rule)),
        }
    }
}

/// The keys that [`ProducerConfig::set`] takes.
pub const KEYS: &[&str] = {
    const NAMES: [&str; SETTERS.len()] = {
        let mut names = [""; SETTERS.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = SETTERS[index].key;
            index += 1;
        }
        names
    };
    &NAMES
};

struct Setter {
    key: &'static str,
    set: fn(&mut ProducerConfig, &str) -> Result<(), String>,
}

macro_rules! setters {
    ($($key:literal => |$config:ident, $value:ident| $set:expr;)*) => {
        /// The table: a key, and what it does with its value.
        const SETTERS: &[Setter] = &[$(Setter {
            key: $key,
            set: |$config, $value| { $set; Ok(()) },
        }),*];
    };
}

setters! {
    "acks" => |config, value| config.acks = Some(acks(value)?);
    "batch.size" => |config, value| config.batch_size = bytes(value, INT)?;
    "bootstrap.servers" => |config, value| config.bootstrap_servers = vec![value.to_owned()];
    "buffer.memory" => |config, value| config.buffer_memory = bytes(value, LONG)?;
    "client.dns.lookup" => |config, value| { let _ = config; dns_lookup(value)? };
    "client.id" => |config, value| config.client_id = value.to_owned();
    "compression.gzip.level" => |config, value| config.gzip_level = int(value)?;
    "compression.lz4.level" => |config, value| config.lz4_level = int(value)?;
    "compression.type" => |config, value| config.compression = compression(value)?;
    "compression.zstd.level" => |config, value| config.zstd_level = int(value)?;
    "connections.max.idle.ms" => |config, value| config.connections_max_idle = idle(value)?;
    "delivery.timeout.ms" => |config, value| config.delivery_timeout = Some(millis(value, INT)?);
    "enable.idempotence" => |config, value| config.enable_idempotence = Some(boolean(value)?);
    "linger.ms" => |config, value| config.linger = millis(value, LONG)?;
    "max.block.ms" => |config, value| config.max_block = millis(value, LONG)?;
    "max.in.flight.requests.per.connection" => |config, value| config.max_in_flight = Some(at_least_one(value)?);
    "max.request.size" => |config, value| config.max_request_size = bytes(value, INT)?;
    "metadata.max.age.ms" => |config, value| config.metadata_max_age = millis(value, LONG)?;
    "metadata.max.idle.ms" => |config, value| config.metadata_max_idle = millis(value, LONG)?;
    "partitioner.class" => |config, value| config.partitioner = partitioner(value)?;
    "partitioner.ignore.keys" => |config, value| config.ignore_keys = boolean(value)?;
    "reconnect.backoff.max.ms" => |config, value| config.reconnect_backoff_max = millis(value, LONG)?;
    "reconnect.backoff.ms" => |config, value| config.reconnect_backoff = millis(value, LONG)?;
    "request.timeout.ms" => |config, value| config.request_timeout = millis(value, INT)?;
    "retries" => |config, value| config.retries = Some(number(value, 0, INT)? as u32);
    "retry.backoff.max.ms" => |config, value| config.retry_backoff_max = millis(value, LONG)?;
    "retry.backoff.ms" => |config, value| config.retry_backoff = millis(value, LONG)?;
    "security.protocol" => |config, value| { let _ = config; security_protocol(value)? };
    "socket.connection.setup.timeout.max.ms" => |config, value| config.setup_timeout_max = millis(value, LONG)?;
    "socket.connection.setup.timeout.ms" => |config, value| config.setup_timeout = millis(value, LONG)?;
}

/// The largest value of Kafka's types INT and LONG.
const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;

/// Keys that Kafka 4.3 has for producers and that have no meaning here yet. Those of `sasl.` and `ssl.` are told by
/// their beginning.
const NOT_YET: &[&str] = &[
    "enable.metrics.push",
    "interceptor.classes",
    "key.serializer",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "partitioner.adaptive.partitioning.enable",
    "partitioner.availability.timeout.ms",
    "receive.buffer.bytes",
    "security.providers",
    "send.buffer.bytes",
    "transaction.timeout.ms",
    "transaction.two.phase.commit.enable",
    "transactional.id",
    "value.serializer",
];

fn unknown(key: &str, value: &str) -> ConfigError {
    if NOT_YET.contains(&key) || key.starts_with("sasl.") || key.starts_with("ssl.") {
        let rule = "Kafka has this setting, and this producer does not have it yet";
        return ConfigError::rule(key.to_owned(), value, rule);
    }
    let nearest = nearest(key, KEYS.iter().copied()).unwrap_or_default();
    ConfigError::rule(key.to_owned(), value, format!("there is no such setting; the nearest is {nearest}"))
}

fn number(value: &str, least: i64, most: i64) -> Result<i64, String> {
    match value.parse::<i64>() {
        Ok(number) if number < least => Err(format!("must be at least {least}")),
        Ok(number) if number > most => Err(format!("must be at most {most}")),
        Ok(number) => Ok(number),
        Err(_) => Err("must be a whole number".to_owned()),
    }
}

fn int(value: &str) -> Result<i32, String> {
    number(value, i64::from(i32::MIN), INT).map(|number| number as i32)
}

fn bytes(value: &str, most: i64) -> Result<usize, String> {
    number(value, 0, most).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn millis(value: &str, most: i64) -> Result<Duration, String> {
    number(value, 0, most).map(|number| Duration::from_millis(number.unsigned_abs()))
}

/// A negative time is for ever, as in Kafka.
fn idle(value: &str) -> Result<Duration, String> {
    let millis = number(value, LONG.wrapping_neg(), LONG)?;
    Ok(u64::try_from(millis).map_or(Duration::MAX, Duration::from_millis))
}

fn at_least_one(value: &str) -> Result<NonZeroU32, String> {
    let number = number(value, 1, INT)?;
    NonZeroU32::new(number as u32).ok_or_else(|| "must be at least 1".to_owned())
}

fn boolean(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

fn acks(value: &str) -> Result<Acks, String> {
    match value {
        "all" | "-1" => Ok(Acks::ALL),
        "0" => Ok(Acks::NONE),
        "1" => Ok(Acks::LEADER),
        _ => Err("must be one of all, -1, 0, 1".to_owned()),
    }
}

fn compression(value: &str) -> Result<Compression, String> {
    Compression::from_name(value).ok_or_else(|| "must be one of none, gzip, snappy, lz4, zstd".to_owned())
}

/// Ours, or the name of the Java class that does the same.
fn partitioner(value: &str) -> Result<Partitioning, String> {
    match value.rsplit_once('.').map_or(value, |(_, class)| class) {
        "default" | "" => Ok(Partitioning::Default),
        "round_robin" | "RoundRobinPartitioner" => Ok(Partitioning::RoundRobin),
        _ => Err("must be one of default, round_robin, RoundRobinPartitioner".to_owned()),
    }
}

fn dns_lookup(value: &str) -> Result<(), String> {
    match value {
        "use_all_dns_ips" => Ok(()),
        "resolve_canonical_bootstrap_servers_only" => {
            Err("Kafka has this value, and this producer does not have it yet".to_owned())
        }
        _ => Err("must be one of use_all_dns_ips, resolve_canonical_bootstrap_servers_only".to_owned()),
    }
}

fn security_protocol(value: &str) -> Result<(), String> {
    match value.to_ascii_uppercase().as_str() {
        "PLAINTEXT" => Ok(()),
        "SSL" | "SASL_PLAINTEXT" | "SASL_SSL" => {
            Err("Kafka has this value, and this producer does not have it yet".to_owned())
        }
        _ => Err("must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL".to_owned()),
    }
}
