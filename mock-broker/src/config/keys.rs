//! The settings: Kafka's names, defaults and rules.

use protocol::nearest;

use super::ConfigError;

/// A setting.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    rule: Rule,
    /// For a topic's setting, the broker setting that gives topics without it their value.
    pub(crate) broker_key: Option<&'static str>,
}

/// What a value must be.
#[derive(Debug)]
enum Rule {
    /// `true` or `false`.
    Flag,
    /// A whole number within these bounds.
    Number(i64, i64),
    /// A number from 0 to 1.
    Share,
    /// One of these words.
    One(&'static [&'static str]),
    /// Some of these words, between commas.
    Some(&'static [&'static str]),
    /// Anything.
    Text,
}

impl Rule {
    fn allows(&self, value: &str) -> bool {
        match self {
            Self::Flag => ["true", "false"].iter().any(|word| word.eq_ignore_ascii_case(value)),
            Self::Number(lowest, highest) => {
                value.parse::<i64>().is_ok_and(|number| (*lowest..=*highest).contains(&number))
            }
            Self::Share => value.parse::<f64>().is_ok_and(|number| (0.0..=1.0).contains(&number)),
            Self::One(words) => words.contains(&value),
            Self::Some(words) => value.split(',').all(|word| words.contains(&word.trim())),
            Self::Text => true,
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Number(lowest, i64::MAX) => format!("a whole number of at least {lowest}"),
            Self::Number(lowest, highest) => format!("a whole number from {lowest} to {highest}"),
            Self::Share => "a number from 0 to 1".to_owned(),
            Self::One(words) => format!("one of {}", words.join(", ")),
            Self::Some(words) => format!("some of {}, between commas", words.join(", ")),
            Self::Text => "text".to_owned(),
        }
    }
}

/// The key of this name, if the value keeps its rule.
pub(super) fn check(
    keys: &'static [Key],
    of: &'static str,
    key: &str,
    value: &str,
) -> Result<&'static Key, ConfigError> {
    let Some(known) = super::find(keys, key) else {
        let nearest = nearest(key, keys.iter().map(|known| known.name)).unwrap_or_default();
        return Err(ConfigError::UnknownKey { of, key: key.to_owned(), value: value.to_owned(), nearest });
    };
    if known.rule.allows(value.trim()) {
        return Ok(known);
    }
    Err(ConfigError::BadValue { key: known.name, value: value.to_owned(), rule: known.rule.in_words() })
}

/// The topic setting of this name, if the value keeps its rule.
pub(crate) fn check_topic_key(key: &str, value: &str) -> Result<&'static Key, ConfigError> {
    // A broker's name for a topic's setting is the likeliest slip, and not always the nearest by letters.
    if let Some(meant) = TOPIC_KEYS.iter().find(|known| known.broker_key == Some(key) && known.name != key) {
        let (of, nearest) = ("topic", meant.name);
        return Err(ConfigError::UnknownKey { of, key: key.to_owned(), value: value.to_owned(), nearest });
    }
    check(TOPIC_KEYS, "topic", key, value)
}

const fn key(name: &'static str, default: &'static str, rule: Rule) -> Key {
    Key { name, default, rule, broker_key: None }
}

const fn topic_key(name: &'static str, broker_key: &'static str, default: &'static str, rule: Rule) -> Key {
    Key { name, default, rule, broker_key: Some(broker_key) }
}

const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;
const COMPRESSIONS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
const CLEANUPS: &[&str] = &["delete", "compact"];
pub(super) const BROKER_SESSION_TIMEOUT: &str = "broker.session.timeout.ms";
pub(super) const REPLICATION_RULES: &str = "milena.replication.rules";
const RULES: &[&str] = &["kafka-4", "before-kafka-3.7"];
const REPLICA_SELECTORS: &[&str] =
    &["", "org.apache.kafka.common.replica.LeaderSelector", RACK_AWARE_SELECTOR];
/// Sends consumers to a replica in their own rack (KIP-392).
pub(crate) const RACK_AWARE_SELECTOR: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
const TIMESTAMP_TYPES: &[&str] = &["CreateTime", "LogAppendTime"];

/// The broker settings that have an effect here, and those that stand behind a topic's settings. Kafka's defaults, but for
/// `max.connections`, of which Kafka has no end, and `broker.session.timeout.ms`, which is 9000 there; what begins with `milena.` is ours.
pub(super) const BROKER_KEYS: &[Key] = &[
    key("auto.create.topics.enable", "true", Rule::Flag),
    key(BROKER_SESSION_TIMEOUT, "0", Rule::Number(0, INT)),
    key("compression.type", "producer", Rule::One(COMPRESSIONS)),
    key("connections.max.idle.ms", "600000", Rule::Number(-1, LONG)),
    key("default.replication.factor", "1", Rule::Number(1, 32_767)),
    key("delete.topic.enable", "true", Rule::Flag),
    key("fetch.max.bytes", "57671680", Rule::Number(1024, INT)),
    key("group.initial.rebalance.delay.ms", "0", Rule::Number(0, INT)),
    key("group.max.session.timeout.ms", "1800000", Rule::Number(0, INT)),
    key("group.max.size", "2147483647", Rule::Number(1, INT)),
    key("group.min.session.timeout.ms", "6000", Rule::Number(0, INT)),
    key("log.cleaner.delete.retention.ms", "86400000", Rule::Number(0, LONG)),
    key("log.cleaner.max.compaction.lag.ms", "9223372036854775807", Rule::Number(1, LONG)),
    key("log.cleaner.min.cleanable.ratio", "0.5", Rule::Share),
    key("log.cleaner.min.compaction.lag.ms", "0", Rule::Number(0, LONG)),
    key("log.cleanup.policy", "delete", Rule::Some(CLEANUPS)),
    key("log.index.interval.bytes", "4096", Rule::Number(0, INT)),
    key("log.index.size.max.bytes", "10485760", Rule::Number(4, INT)),
    key("log.message.timestamp.after.max.ms", "3600000", Rule::Number(0, LONG)),
    key("log.message.timestamp.before.max.ms", "9223372036854775807", Rule::Number(0, LONG)),
    key("log.message.timestamp.type", "CreateTime", Rule::One(TIMESTAMP_TYPES)),
    key("log.preallocate", "false", Rule::Flag),
    key("log.retention.bytes", "-1", Rule::Number(-1, LONG)),
    key("log.retention.ms", "604800000", Rule::Number(-1, LONG)),
    key("log.roll.jitter.ms", "0", Rule::Number(0, LONG)),
    key("log.roll.ms", "604800000", Rule::Number(1, LONG)),
    key("log.segment.bytes", "1073741824", Rule::Number(1024 * 1024, INT)),
    key("log.segment.delete.delay.ms", "60000", Rule::Number(0, LONG)),
    key("max.connections", "10000", Rule::Number(0, INT)),
    key("max.connections.per.ip", "2147483647", Rule::Number(0, INT)),
    key("message.max.bytes", "1048588", Rule::Number(0, INT)),
    key("milena.frame.deadline.ms", "30000", Rule::Number(1, LONG)),
    key("milena.max.partitions", "100000", Rule::Number(1, INT)),
    key(REPLICATION_RULES, "kafka-4", Rule::One(RULES)),
    key("milena.retained.bytes", "1073741824", Rule::Number(0, LONG)),
    key("milena.write.buffer.bytes", "1048576", Rule::Number(1, INT)),
    key("milena.write.deadline.ms", "30000", Rule::Number(1, LONG)),
    key("min.insync.replicas", "1", Rule::Number(1, INT)),
    key("num.partitions", "1", Rule::Number(1, INT)),
    key("offset.metadata.max.bytes", "4096", Rule::Number(0, INT)),
    key("offsets.retention.check.interval.ms", "600000", Rule::Number(1, LONG)),
    key("offsets.retention.minutes", "10080", Rule::Number(1, INT)),
    key("producer.id.expiration.ms", "86400000", Rule::Number(1, INT)),
    key("replica.lag.time.max.ms", "30000", Rule::Number(1, LONG)),
    key("replica.selector.class", "", Rule::One(REPLICA_SELECTORS)),
    key("socket.request.max.bytes", "104857600", Rule::Number(1, INT)),
    key("transaction.max.timeout.ms", "900000", Rule::Number(1, INT)),
    key("unclean.leader.election.enable", "false", Rule::Flag),
];

/// The topic settings of Kafka 4.3, by name, as a broker describes them. Acted on are `cleanup.policy` (records without a key are
/// refused when it compacts), `max.message.bytes`, the `message.timestamp.*`, `min.insync.replicas` and
/// `unclean.leader.election.enable`; the others are kept and told.
pub(crate) const TOPIC_KEYS: &[Key] = &[
    topic_key("cleanup.policy", "log.cleanup.policy", "delete", Rule::Some(CLEANUPS)),
    key("compression.gzip.level", "-1", Rule::Number(-1, 9)),
    key("compression.lz4.level", "9", Rule::Number(1, 17)),
    topic_key("compression.type", "compression.type", "producer", Rule::One(COMPRESSIONS)),
    key("compression.zstd.level", "3", Rule::Number(-131_072, 22)),
    topic_key("delete.retention.ms", "log.cleaner.delete.retention.ms", "86400000", Rule::Number(0, LONG)),
    topic_key("file.delete.delay.ms", "log.segment.delete.delay.ms", "60000", Rule::Number(0, LONG)),
    key("flush.messages", "9223372036854775807", Rule::Number(1, LONG)),
    key("flush.ms", "9223372036854775807", Rule::Number(0, LONG)),
    key("follower.replication.throttled.replicas", "", Rule::Text),
    topic_key("index.interval.bytes", "log.index.interval.bytes", "4096", Rule::Number(0, INT)),
    key("leader.replication.throttled.replicas", "", Rule::Text),
    key("local.retention.bytes", "-2", Rule::Number(-2, LONG)),
    key("local.retention.ms", "-2", Rule::Number(-2, LONG)),
    topic_key(
        "max.compaction.lag.ms",
        "log.cleaner.max.compaction.lag.ms",
        "9223372036854775807",
        Rule::Number(1, LONG),
    ),
    topic_key("max.message.bytes", "message.max.bytes", "1048588", Rule::Number(0, INT)),
    topic_key(
        "message.timestamp.after.max.ms",
        "log.message.timestamp.after.max.ms",
        "3600000",
        Rule::Number(0, LONG),
    ),
    topic_key(
        "message.timestamp.before.max.ms",
        "log.message.timestamp.before.max.ms",
        "9223372036854775807",
        Rule::Number(0, LONG),
    ),
    topic_key(
        "message.timestamp.type",
        "log.message.timestamp.type",
        "CreateTime",
        Rule::One(TIMESTAMP_TYPES),
    ),
    topic_key("min.cleanable.dirty.ratio", "log.cleaner.min.cleanable.ratio", "0.5", Rule::Share),
    topic_key("min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms", "0", Rule::Number(0, LONG)),
    topic_key("min.insync.replicas", "min.insync.replicas", "1", Rule::Number(1, INT)),
    topic_key("preallocate", "log.preallocate", "false", Rule::Flag),
    key("remote.log.copy.disable", "false", Rule::Flag),
    key("remote.log.delete.on.disable", "false", Rule::Flag),
    key("remote.storage.enable", "false", Rule::Flag),
    topic_key("retention.bytes", "log.retention.bytes", "-1", Rule::Number(-1, LONG)),
    topic_key("retention.ms", "log.retention.ms", "604800000", Rule::Number(-1, LONG)),
    topic_key("segment.bytes", "log.segment.bytes", "1073741824", Rule::Number(1024 * 1024, INT)),
    topic_key("segment.index.bytes", "log.index.size.max.bytes", "10485760", Rule::Number(4, INT)),
    topic_key("segment.jitter.ms", "log.roll.jitter.ms", "0", Rule::Number(0, LONG)),
    topic_key("segment.ms", "log.roll.ms", "604800000", Rule::Number(1, LONG)),
    topic_key("unclean.leader.election.enable", "unclean.leader.election.enable", "false", Rule::Flag),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_keeps_its_own_rule_and_every_broker_key_exists() {
        for key in BROKER_KEYS.iter().chain(TOPIC_KEYS) {
            assert!(key.rule.allows(key.default), "{}", key.name);
            if let Some(behind) = key.broker_key {
                let behind = crate::config::find(BROKER_KEYS, behind).expect("a broker key of that name");
                assert_eq!(behind.default, key.default, "{}", key.name);
            }
        }
        assert!(BROKER_KEYS.is_sorted_by_key(|key| key.name));
        assert!(TOPIC_KEYS.is_sorted_by_key(|key| key.name));
    }

    #[test]
    fn a_bad_value_is_refused_with_key_value_and_rule() {
        let cases = [
            ("num.partitions", "0", "a whole number from 1 to 2147483647"),
            ("num.partitions", "many", "a whole number from 1 to 2147483647"),
            ("auto.create.topics.enable", "yes", "`true` or `false`"),
            ("log.message.timestamp.type", "Now", "one of CreateTime, LogAppendTime"),
            ("log.cleanup.policy", "delete,shrink", "some of delete, compact, between commas"),
        ];
        for (key, value, rule) in cases {
            let error = check(BROKER_KEYS, "broker", key, value).unwrap_err().to_string();
            assert_eq!(error, format!("`{key}` cannot be `{value}`: it must be {rule}"));
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let nearest = |error| match error {
            ConfigError::UnknownKey { nearest, .. } => nearest,
            other => panic!("{other}"),
        };
        assert_eq!(
            nearest(check(BROKER_KEYS, "broker", "num.partition", "3").unwrap_err()),
            "num.partitions"
        );
        assert_eq!(nearest(check_topic_key("max.mesage.bytes", "3").unwrap_err()), "max.message.bytes");
        assert_eq!(nearest(check_topic_key("message.max.bytes", "3").unwrap_err()), "max.message.bytes");
        assert_eq!(nearest(check_topic_key("log.retention.ms", "3").unwrap_err()), "retention.ms");
    }
}
