//! Settings by Kafka's own keys, letter for letter.

use std::num::NonZeroU32;
use std::time::Duration;

use protocol::names::Acks;
use protocol::nearest;
use protocol::records::Compression;

use super::keys::{Effect, KEYS, Key};
use super::{ConfigError, Partitioning, ProducerConfig, Recovery};

impl ProducerConfig {
    /// Reads the settings by Kafka's keys. A key given twice: the last one holds.
    ///
    /// # Errors
    /// As [`set`](Self::set). The rules between settings are checked by [`build`](Self::build).
    pub fn from_properties<K: AsRef<str>, V: AsRef<str>>(
        properties: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, ConfigError> {
        let nothing: [&str; 0] = [];
        Self::new(nothing).properties(properties)
    }

    /// Sets many settings by Kafka's keys.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn properties<K: AsRef<str>, V: AsRef<str>>(
        mut self,
        properties: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, ConfigError> {
        for (key, value) in properties {
            self.set(key.as_ref(), value.as_ref())?;
        }
        Ok(self)
    }

    /// Sets one setting by Kafka's key. [`KEYS`] has all that are known; those that are about Java are checked, and named
    /// by one warning when the producer is built.
    ///
    /// # Errors
    /// A key that is not known, with the nearest one that is, unless [`strict`](Self::strict) is off; a value that its key
    /// does not take.
    pub fn set(&mut self, key: &str, value: &str) -> Result<&mut Self, ConfigError> {
        let value = value.trim();
        let Some(known) = Key::find(key) else {
            let nearest = nearest(key, KEYS.iter().map(|key| key.name)).unwrap_or_default();
            if self.is_strict {
                let rule = format!("there is no such setting; the nearest is {nearest}");
                return Err(ConfigError::rule(key.to_owned(), value, rule));
            }
            let reason = format!("there is no such setting (the nearest is {nearest})");
            self.without_effect.insert(key.to_owned(), reason);
            return Ok(self);
        };
        known.check(value)?;
        match known.effect {
            Effect::Setting => self.apply(known.name, value).map_err(|rule| known.error(value, rule))?,
            Effect::Security => {}
            Effect::Nothing => {
                let reason = "it is about Kafka's own client in Java".to_owned();
                self.without_effect.insert(key.to_owned(), reason);
            }
        }
        Ok(self)
    }

    /// Takes a value over that was checked.
    fn apply(&mut self, key: &'static str, value: &str) -> Result<(), String> {
        match key {
            "acks" => self.acks = Some(acks(value)),
            "batch.size" => self.batch_size = bytes(value),
            "bootstrap.servers" => self.bootstrap_servers = vec![value.to_owned()],
            "buffer.memory" => self.buffer_memory = bytes(value),
            "client.dns.lookup" if value == "resolve_canonical_bootstrap_servers_only" => {
                return later("value");
            }
            "client.dns.lookup" => {}
            "client.id" => self.client_id = value.to_owned(),
            "compression.gzip.level" => self.gzip_level = int(value),
            "compression.lz4.level" => self.lz4_level = Some(int(value)),
            "compression.type" => {
                self.compression = Compression::from_name(value).ok_or("is not built in")?;
            }
            "compression.zstd.level" => self.zstd_level = int(value),
            // A negative time is for ever, as in Kafka.
            "connections.max.idle.ms" if value.starts_with('-') => self.connections_max_idle = Duration::MAX,
            "connections.max.idle.ms" => self.connections_max_idle = millis(value),
            "delivery.timeout.ms" => self.delivery_timeout = Some(millis(value)),
            "enable.idempotence" => self.enable_idempotence = Some(is_true(value)),
            "interceptor.classes" if !value.is_empty() => {
                return Err("names classes in Java, which this producer cannot run".to_owned());
            }
            "interceptor.classes" => {}
            "key.serializer" | "value.serializer" => serializer(value)?,
            "linger.ms" => self.linger = millis(value),
            "max.block.ms" => self.max_block = millis(value),
            "max.in.flight.requests.per.connection" => {
                self.max_in_flight = NonZeroU32::new(int(value) as u32)
            }
            "max.request.size" => self.max_request_size = bytes(value),
            "metadata.max.age.ms" => self.metadata_max_age = millis(value),
            "metadata.max.idle.ms" => self.metadata_max_idle = millis(value),
            "metadata.recovery.rebootstrap.trigger.ms" => self.rebootstrap_trigger = millis(value),
            "metadata.recovery.strategy" if value.eq_ignore_ascii_case("none") => {
                self.recovery = Recovery::None
            }
            "metadata.recovery.strategy" => self.recovery = Recovery::Rebootstrap,
            "partitioner.adaptive.partitioning.enable" => self.adaptive = is_true(value),
            "partitioner.availability.timeout.ms" => self.availability_timeout = millis(value),
            "partitioner.class" => self.partitioner = partitioner(value)?,
            "partitioner.ignore.keys" => self.ignore_keys = is_true(value),
            // The system's own size.
            "receive.buffer.bytes" if value == "-1" => self.receive_buffer = None,
            "receive.buffer.bytes" => self.receive_buffer = Some(int(value) as u32),
            "reconnect.backoff.max.ms" => self.reconnect_backoff_max = millis(value),
            "reconnect.backoff.ms" => self.reconnect_backoff = millis(value),
            "request.timeout.ms" => self.request_timeout = millis(value),
            "retries" => self.retries = Some(int(value) as u32),
            "retry.backoff.max.ms" => self.retry_backoff_max = millis(value),
            "retry.backoff.ms" => self.retry_backoff = millis(value),
            "security.protocol" if value.eq_ignore_ascii_case("PLAINTEXT") => {}
            "security.protocol" => return later("value"),
            // Not to be passed over: without them a connection would be less safe than was asked for.
            "security.providers" if !value.is_empty() => {
                return Err("names classes in Java, which this producer cannot run".to_owned());
            }
            "security.providers" => {}
            "send.buffer.bytes" if value == "-1" => self.send_buffer = None,
            "send.buffer.bytes" => self.send_buffer = Some(int(value) as u32),
            "socket.connection.setup.timeout.max.ms" => self.setup_timeout_max = millis(value),
            "socket.connection.setup.timeout.ms" => self.setup_timeout = millis(value),
            "transaction.timeout.ms" => self.transaction_timeout = Some(millis(value)),
            "transaction.two.phase.commit.enable" => self.two_phase_commit = is_true(value),
            "transactional.id" => self.transactional_id = Some(value.to_owned()),
            _ => unreachable!("{key} has an effect"),
        }
        Ok(())
    }
}

fn later(what: &str) -> Result<(), String> {
    Err(format!("Kafka has this {what}, and this producer does not have it yet"))
}

// The values below were checked to be what they are read as.

fn int(value: &str) -> i32 {
    value.parse().unwrap_or_default()
}

fn bytes(value: &str) -> usize {
    value.parse::<i64>().map_or(0, |bytes| usize::try_from(bytes).unwrap_or_default())
}

fn millis(value: &str) -> Duration {
    Duration::from_millis(value.parse::<i64>().map_or(0, |millis| u64::try_from(millis).unwrap_or_default()))
}

fn is_true(value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
}

fn acks(value: &str) -> Acks {
    match value {
        "0" => Acks::NONE,
        "1" => Acks::LEADER,
        _ => Acks::ALL,
    }
}

/// Ours, or the name of the Java class that does the same.
fn partitioner(value: &str) -> Result<Partitioning, String> {
    match class(value) {
        "default" | "" => Ok(Partitioning::Default),
        "round_robin" | "RoundRobinPartitioner" => Ok(Partitioning::RoundRobin),
        "round_robin_keyed" => Ok(Partitioning::RoundRobinKeyed),
        _ => Err(
            "must be one of default, round_robin, round_robin_keyed, RoundRobinPartitioner; one of your own is given to \
             the builder"
                .to_owned(),
        ),
    }
}

/// What Kafka's serializers take: here the type of what is given as key or value decides, so that their names are enough.
const SERIALIZERS: &[&str] = &[
    "BooleanSerializer",
    "ByteArraySerializer",
    "ByteBufferSerializer",
    "BytesSerializer",
    "DoubleSerializer",
    "FloatSerializer",
    "IntegerSerializer",
    "LongSerializer",
    "ShortSerializer",
    "StringSerializer",
    "UUIDSerializer",
    "VoidSerializer",
];

fn serializer(value: &str) -> Result<(), String> {
    if SERIALIZERS.contains(&class(value)) {
        return Ok(());
    }
    Err(format!("must be one of Kafka's own: {}", SERIALIZERS.join(", ")))
}

/// The last part of a class's name.
fn class(value: &str) -> &str {
    value.rsplit_once('.').map_or(value, |(_, class)| class)
}
