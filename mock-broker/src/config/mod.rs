//! What a cluster is made of: brokers, topics, settings, seed.

mod keys;
mod time;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use protocol::names::{BrokerId, Timestamp, TopicName};

use self::keys::{BROKER_KEYS, BROKER_SESSION_TIMEOUT, Key, REPLICATION_RULES, check};
pub(crate) use self::keys::{RACK_AWARE_SELECTOR, TOPIC_KEYS, check_topic_key};
pub use self::time::Time;
pub(crate) use self::time::TimeConfig;
use crate::fault::Fault;
use crate::scenario::{Scenario, ScenarioError};

/// A cluster to start: how many brokers, which topics, which settings.
///
/// Without more than [`ClusterConfig::new`] it behaves as Kafka 4.3 does by default: topics are created when clients ask
/// for them, with one partition and one replica.
///
/// ```
/// use milena_mock_broker::{ClusterConfig, TopicSpec};
///
/// let config = ClusterConfig::new(3)
///     .topic("orders", 6)
///     .topic_with(TopicSpec::new("audit").partitions(2).replication_factor(3).config("max.message.bytes", "1000")?)
///     .config("auto.create.topics.enable", "false")?
///     .seed(42);
///
/// let error = config.config("num.partition", "3").unwrap_err();
/// assert!(error.to_string().contains("num.partitions"));
/// # Ok::<(), milena_mock_broker::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    pub(crate) brokers: usize,
    pub(crate) topics: Vec<TopicSpec>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) seed: u64,
    pub(crate) journal_limit: usize,
    pub(crate) time: TimeConfig,
    pub(crate) replication_rules: ReplicationRules,
    pub(crate) broker_session_timeout: Duration,
    pub(crate) racks: BTreeMap<BrokerId, String>,
    pub(crate) settings: BTreeMap<&'static str, String>,
    pub(crate) record: Option<usize>,
}

impl ClusterConfig {
    /// A cluster of so many brokers; their ids are 1, 2, 3 …
    #[must_use]
    pub fn new(brokers: usize) -> Self {
        Self {
            brokers,
            topics: Vec::new(),
            faults: Vec::new(),
            scenarios: Vec::new(),
            seed: 0,
            journal_limit: DEFAULT_JOURNAL_LIMIT,
            time: TimeConfig::default(),
            replication_rules: ReplicationRules::default(),
            broker_session_timeout: Duration::ZERO,
            racks: BTreeMap::new(),
            settings: BTreeMap::new(),
            record: None,
        }
    }

    /// Adds a topic that is there from the start, with one replica per partition unless `default.replication.factor`
    /// says otherwise.
    #[must_use]
    pub fn topic(self, name: &str, partitions: i32) -> Self {
        self.topic_with(TopicSpec::new(name).partitions(partitions))
    }

    /// Adds a topic that is there from the start.
    #[must_use]
    pub fn topic_with(mut self, topic: TopicSpec) -> Self {
        self.topics.push(topic);
        self
    }

    /// Adds a fault rule that is there from the start.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Plays a scenario. What it lacks is added: its topic, if that is not configured, and settings, of the topic too, where none are.
    #[must_use]
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.scenarios.push(scenario);
        self
    }

    /// Sets one of Kafka's broker settings, by Kafka's name for it; or one of ours, which begin with `milena.`.
    ///
    /// These limit what a client can ask for:
    ///
    /// | key | default | what it limits |
    /// |---|---|---|
    /// | `socket.request.max.bytes` | 104857600 | a frame |
    /// | `connections.max.idle.ms` | 600000 | how long a connection may ask for nothing; −1: for ever |
    /// | `max.connections` | 10000 (Kafka: 2147483647) | connections to one broker; the next is closed at once |
    /// | `max.connections.per.ip` | 2147483647 | the same, of one address |
    /// | `milena.frame.deadline.ms` | 30000 | the time from a frame's first byte to its last |
    /// | `milena.write.buffer.bytes` | 1048576 | answers that a client has not taken: with so many, or one that is longer, no more requests of it are read |
    /// | `milena.write.deadline.ms` | 30000 | the time a client may take for as many bytes; and for its last answers, after it has closed its half |
    /// | `milena.retained.bytes` | 1073741824 | what all logs hold; batches that do not fit are refused with KAFKA_STORAGE_ERROR, which clients try again |
    /// | `milena.max.partitions` | 100000 | partitions in all; topics beyond are refused with POLICY_VIOLATION |
    ///
    /// `milena.replication.rules` is `kafka-4` or `before-kafka-3.7`: see [`ReplicationRules`]. `broker.session.timeout.ms` is 0
    /// unless it is set: see [`Self::broker_session_timeout`].
    ///
    /// # Errors
    /// A key that is not known here, or a value that breaks the key's rule.
    pub fn config(mut self, key: &str, value: &str) -> Result<Self, ConfigError> {
        let known = check(BROKER_KEYS, "broker", key, value)?;
        let value = value.trim();
        match known.name {
            // These two have a method each, and no other place.
            BROKER_SESSION_TIMEOUT => {
                let timeout = Duration::from_millis(value.parse().unwrap_or_default());
                self = self.broker_session_timeout(timeout);
            }
            REPLICATION_RULES => {
                let is_old = value != known.default;
                let rules = if is_old { ReplicationRules::BeforeKafka37 } else { ReplicationRules::Kafka4 };
                self = self.replication_rules(rules);
            }
            name => drop(self.settings.insert(name, value.to_owned())),
        }
        Ok(self)
    }

    /// What chance is made of: topic ids, the cluster id, which broker leads a topic's first partition, which requests
    /// rules with a probability strike, the bytes of garbage. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Which clock the cluster runs on behind sockets. Default: the real one.
    #[must_use]
    pub fn time(mut self, time: Time) -> Self {
        self.time.time = time;
        self
    }

    /// What its clock shows when it begins. Default: the real time. Brokers refuse records with timestamps more than an hour
    /// ahead (`message.timestamp.after.max.ms`), which is what those of real clients are on a clock that is far behind.
    #[must_use]
    pub fn time_from(mut self, from: Timestamp) -> Self {
        self.time.from = Some(from);
        self
    }

    /// Records all that happens to the cluster, up to so many bytes: see [`Recording`](crate::Recording). Default: nothing is.
    #[must_use]
    pub fn record(mut self, limit: usize) -> Self {
        self.record = Some(limit);
        self
    }

    /// How much the [`Journal`](crate::Journal) keeps: requests and partitions in them, together. Default: 65,536,
    /// some 8 MiB. The oldest go first, and are counted.
    #[must_use]
    pub fn journal_limit(mut self, limit: usize) -> Self {
        self.journal_limit = limit;
        self
    }

    /// Which releases' rules hold for replicas. Default: those of Kafka 4.3.
    #[must_use]
    pub fn replication_rules(mut self, rules: ReplicationRules) -> Self {
        self.replication_rules = rules;
        self
    }

    /// How long after a crash the other brokers notice, and elect leaders. Default: 0, at once; Kafka's default for
    /// `broker.session.timeout.ms` is 9 s.
    #[must_use]
    pub fn broker_session_timeout(mut self, timeout: Duration) -> Self {
        self.broker_session_timeout = timeout;
        self
    }

    /// Says in which rack a broker stands: its `broker.rack`. Default: none.
    ///
    /// With `replica.selector.class` set to `org.apache.kafka.common.replica.RackAwareReplicaSelector`, consumers are sent to
    /// an in-sync replica in their own rack (KIP-392).
    #[must_use]
    pub fn rack(mut self, broker: BrokerId, rack: &str) -> Self {
        self.racks.insert(broker, rack.to_owned());
        self
    }

    /// The value of a broker setting: as set, or Kafka's default.
    pub(crate) fn setting(&self, key: &str) -> &str {
        let default = || find(BROKER_KEYS, key).map_or("", |known| known.default);
        self.settings.get(key).map_or_else(default, String::as_str)
    }

    /// Whether a broker setting was set, and to what.
    pub(crate) fn explicit_setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.setting(key).eq_ignore_ascii_case("true")
    }

    pub(crate) fn number(&self, key: &str) -> i64 {
        self.setting(key).parse().unwrap_or_default()
    }

    pub(crate) fn milliseconds(&self, key: &str) -> Duration {
        Duration::from_millis(u64::try_from(self.number(key)).unwrap_or_default())
    }
}

/// Where the releases of Kafka differ in what `min.insync.replicas` means and in who may become the leader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplicationRules {
    /// As Kafka 4.3 in a cluster of its own making: a `min.insync.replicas` above the replication factor counts as that. While
    /// fewer are in sync, the high watermark stands still, and records acknowledged to acks=1 are not readable yet. Who leaves the in-sync
    /// set then is eligible to lead when nobody is in it any more (KIP-966).
    #[default]
    Kafka4,
    /// As releases before 3.7: a `min.insync.replicas` above the replication factor refuses every acks=all, and the high watermark
    /// follows the in-sync set however small it is. Its last member never leaves it.
    BeforeKafka37,
}

/// See [`ClusterConfig::journal_limit`].
const DEFAULT_JOURNAL_LIMIT: usize = 65_536;

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    pub(crate) name: TopicName,
    pub(crate) partitions: Option<i32>,
    pub(crate) replication_factor: Option<i16>,
    pub(crate) configs: BTreeMap<&'static str, String>,
}

impl TopicSpec {
    /// A topic with as many partitions and replicas as the cluster's settings say.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), partitions: None, replication_factor: None, configs: BTreeMap::new() }
    }

    /// How many partitions. Default: `num.partitions`, which is 1.
    #[must_use]
    pub fn partitions(mut self, partitions: i32) -> Self {
        self.partitions = Some(partitions);
        self
    }

    /// How many replicas each partition has. Default: `default.replication.factor`, which is 1.
    #[must_use]
    pub fn replication_factor(mut self, replicas: i16) -> Self {
        self.replication_factor = Some(replicas);
        self
    }

    /// Sets one of Kafka's topic settings, by Kafka's name for it.
    ///
    /// # Errors
    /// A key that is not known here, or a value that breaks the key's rule.
    pub fn config(mut self, key: &str, value: &str) -> Result<Self, ConfigError> {
        let known = check_topic_key(key, value)?;
        self.configs.insert(known.name, value.trim().to_owned());
        Ok(self)
    }
}

/// A setting of a topic as the broker describes it, and where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicSetting<'a> {
    pub(crate) name: &'static str,
    pub(crate) value: &'a str,
    pub(crate) source: ConfigSource,
}

/// Where a value comes from, as Kafka numbers it (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigSource {
    Topic = 1,
    Broker = 4,
    Default = 5,
}

/// The value of a topic setting: the topic's own, or the broker setting that stands behind it, or Kafka's default.
pub(crate) fn topic_setting<'a>(
    key: &'static Key,
    topic: &'a BTreeMap<&'static str, String>,
    cluster: &'a ClusterConfig,
) -> TopicSetting<'a> {
    let behind = || key.broker_key.and_then(|key| cluster.explicit_setting(key));
    let (value, source) = match (topic.get(key.name), behind()) {
        (Some(value), _) => (value.as_str(), ConfigSource::Topic),
        (None, Some(value)) => (value, ConfigSource::Broker),
        (None, None) => (key.default, ConfigSource::Default),
    };
    TopicSetting { name: key.name, value, source }
}

fn find(keys: &'static [Key], name: &str) -> Option<&'static Key> {
    keys.iter().find(|key| key.name == name)
}

/// A setting or a topic that cannot be: which, and what the rule is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The key is not one that is known here.
    UnknownKey {
        /// What has settings of its own: `broker` or `topic`.
        of: &'static str,
        /// The key as given.
        key: String,
        /// The value as given.
        value: String,
        /// The known key that looks most like it.
        nearest: &'static str,
    },
    /// The value breaks the rule of its key.
    BadValue {
        /// The key.
        key: &'static str,
        /// The value as given.
        value: String,
        /// What a value must be.
        rule: String,
    },
    /// A topic of the configuration cannot be created.
    Topic {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A fault rule of the configuration can never do what it says.
    Fault {
        /// The rule.
        rule: String,
        /// Why not.
        reason: String,
    },
    /// A scenario of the configuration cannot be played.
    Scenario {
        /// The scenario.
        scenario: String,
        /// Why not.
        reason: String,
    },
    /// There must be at least one broker, and at most 10,000.
    Brokers(usize),
}

impl ConfigError {
    pub(crate) fn scenario(scenario: &Scenario, error: ScenarioError) -> Self {
        Self::Scenario { scenario: scenario.to_string(), reason: error.to_string() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { of, key, value, nearest } => write!(
                f,
                "`{key}` (set to `{value}`) is no {of} setting that is known here; the nearest is `{nearest}`"
            ),
            Self::BadValue { key, value, rule } => {
                write!(f, "`{key}` cannot be `{value}`: it must be {rule}")
            }
            Self::Topic { name, reason } => write!(f, "topic `{name}` cannot be created: {reason}"),
            Self::Fault { rule, reason } => write!(f, "the fault rule `{rule}` cannot be: {reason}"),
            Self::Scenario { scenario, reason } => {
                write!(f, "the scenario `{scenario}` cannot be played: {reason}")
            }
            Self::Brokers(count) => write!(f, "a cluster has 1 to 10000 brokers, not {count}"),
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_method_of_its_own_has_a_key_too() {
        let config = ClusterConfig::new(1).config("broker.session.timeout.ms", "9000").unwrap();
        assert_eq!(config.broker_session_timeout, Duration::from_secs(9));
        let config = config.config("milena.replication.rules", "before-kafka-3.7").unwrap();
        assert_eq!(config.replication_rules, ReplicationRules::BeforeKafka37);
        let error = config.config("milena.replication.rules", "old").unwrap_err().to_string();
        assert!(error.contains("one of kafka-4, before-kafka-3.7"), "{error}");
    }
}
