//! Topics and their partitions: names, ids, leaders, settings.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::names::{BrokerId, Timestamp, TopicName, Uuid};
use protocol::records::TimestampType;
use protocol::wire::IntArray;

use super::log::Log;
use super::producers::Producers;
use super::replicas::Replication;
use crate::config::{ClusterConfig, ReplicationRules, TOPIC_KEYS, TopicSetting, topic_setting};

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub(crate) name: TopicName,
    pub(crate) id: Uuid,
    pub(crate) partitions: Vec<Partition>,
    pub(crate) configs: BTreeMap<&'static str, String>,
    pub(crate) rules: TopicRules,
}

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    pub(crate) leader: BrokerId,
    pub(crate) leader_epoch: i32,
    pub(crate) replicas: IntArray<BrokerId>,
    pub(crate) log: Log,
    pub(crate) producers: Producers,
    /// How the replicas differ; `None` while they do not, so that the usual case costs nothing.
    pub(crate) replication: Option<Box<Replication>>,
}

/// The settings of a topic that the broker acts on, read once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TopicRules {
    pub(crate) max_message_bytes: usize,
    pub(crate) timestamp_type: TimestampType,
    pub(crate) timestamp_before_max_ms: i64,
    pub(crate) timestamp_after_max_ms: i64,
    pub(crate) compacted: bool,
    pub(crate) producer_id_expiration_ms: i64,
    pub(crate) unclean_leader_election: bool,
    pub(crate) replica_lag_time_max: Duration,
    min_insync_replicas: usize,
    replication: ReplicationRules,
}

impl Topic {
    pub(crate) fn new(
        name: TopicName,
        id: Uuid,
        assignment: Vec<IntArray<BrokerId>>,
        configs: BTreeMap<&'static str, String>,
        cluster: &ClusterConfig,
    ) -> Self {
        let rules = TopicRules::new(&configs, cluster);
        let partitions = assignment.into_iter().map(Partition::new).collect();
        Self { name, id, partitions, configs, rules }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &TopicName {
        &self.name
    }

    /// Its id (KIP-516).
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Its partitions; their place is their number.
    #[must_use]
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    pub(crate) fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(index).ok()?)
    }

    /// The settings it was created with, by Kafka's names; for the others the cluster's hold.
    pub fn configs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.configs.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// All topics, by name and by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Topics {
    by_name: BTreeMap<TopicName, Topic>,
    names: BTreeMap<Uuid, TopicName>,
    /// Names with '.' or '_' in them, by what they look like where these are the same, as in Kafka's metrics.
    look_alikes: BTreeMap<String, TopicName>,
    partitions: usize,
}

impl Topics {
    pub(crate) fn get(&self, name: &str) -> Option<&Topic> {
        self.by_name.get(name)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Topic> {
        self.by_name.get_mut(name)
    }

    pub(crate) fn name_of(&self, id: Uuid) -> Option<&TopicName> {
        self.names.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.by_name.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Topic> {
        self.by_name.values_mut()
    }

    /// How many partitions all topics have together.
    pub(crate) fn partitions(&self) -> usize {
        self.partitions
    }

    pub(crate) fn insert(&mut self, topic: Topic) {
        self.partitions += topic.partitions.len();
        self.names.insert(topic.id, topic.name.clone());
        if let Some(plain) = plain(&topic.name) {
            self.look_alikes.insert(plain, topic.name.clone());
        }
        self.by_name.insert(topic.name.clone(), topic);
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Topic> {
        let topic = self.by_name.remove(name)?;
        self.names.remove(&topic.id);
        if let Some(plain) = plain(name) {
            self.look_alikes.remove(&plain);
        }
        self.partitions -= topic.partitions.len();
        Some(topic)
    }

    /// A topic whose name cannot be told from this one where '.' and '_' are the same.
    pub(crate) fn colliding_with(&self, name: &str) -> Option<&TopicName> {
        self.look_alikes.get(&plain(name)?).filter(|known| *known != name)
    }
}

/// What a name looks like where '.' and '_' are the same, if it has any.
fn plain(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}

/// Every setting of a topic with its value, by name.
pub(crate) fn settings<'a>(
    configs: &'a BTreeMap<&'static str, String>,
    cluster: &'a ClusterConfig,
) -> impl Iterator<Item = TopicSetting<'a>> {
    TOPIC_KEYS.iter().map(move |key| topic_setting(key, configs, cluster))
}

impl Partition {
    fn new(replicas: IntArray<BrokerId>) -> Self {
        let leader = replicas.first().copied().unwrap_or(BrokerId::NONE);
        let mut log = Log::default();
        log.begin_epoch(0);
        Self { leader, leader_epoch: 0, replicas, log, producers: Producers::default(), replication: None }
    }

    /// The broker that takes writes.
    #[must_use]
    pub fn leader(&self) -> BrokerId {
        self.leader
    }

    /// How often the leader has changed.
    #[must_use]
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    /// The brokers that have a copy.
    #[must_use]
    pub fn replicas(&self) -> &[BrokerId] {
        &self.replicas
    }

    /// The first offset that is kept.
    #[must_use]
    pub fn log_start_offset(&self) -> i64 {
        self.log.start_offset()
    }

    /// Up to where consumers may read who want no open transactions.
    pub(crate) fn last_stable_offset(&self) -> i64 {
        self.producers.last_stable_offset(self.high_watermark())
    }
}

impl TopicRules {
    fn new(configs: &BTreeMap<&'static str, String>, cluster: &ClusterConfig) -> Self {
        let value = |name: &str| {
            let mut settings = settings(configs, cluster);
            settings.find(|setting| setting.name == name).map_or("", |setting| setting.value.trim())
        };
        let number = |name| value(name).parse::<i64>().unwrap_or_default();
        Self {
            max_message_bytes: usize::try_from(number("max.message.bytes")).unwrap_or_default(),
            timestamp_type: match value("message.timestamp.type") {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            timestamp_before_max_ms: number("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: number("message.timestamp.after.max.ms"),
            compacted: value("cleanup.policy").split(',').any(|word| word.trim() == "compact"),
            producer_id_expiration_ms: cluster.number("producer.id.expiration.ms"),
            unclean_leader_election: value("unclean.leader.election.enable").eq_ignore_ascii_case("true"),
            replica_lag_time_max: cluster.milliseconds("replica.lag.time.max.ms"),
            min_insync_replicas: usize::try_from(number("min.insync.replicas")).unwrap_or(1),
            replication: cluster.replication_rules,
        }
    }

    /// How many replicas must be in sync for acks=all.
    pub(crate) fn min_in_sync(&self, replicas: usize) -> usize {
        match self.replication {
            ReplicationRules::Kafka4 => self.min_insync_replicas.min(replicas),
            ReplicationRules::BeforeKafka37 => self.min_insync_replicas,
        }
    }

    /// Whether the high watermark stands still while fewer are in sync.
    pub(crate) fn holds_high_watermark(&self) -> bool {
        self.replication == ReplicationRules::Kafka4
    }

    /// Whether it is kept who may lead when nobody is in sync (KIP-966).
    pub(crate) fn keeps_eligible_leaders(&self) -> bool {
        self.replication == ReplicationRules::Kafka4
    }

    /// Whether a record may have this timestamp; −1 is none, and where the broker sets them any will do.
    pub(crate) fn accepts_timestamp(&self, timestamp: i64, now: Timestamp) -> bool {
        if self.timestamp_type == TimestampType::LogAppendTime || timestamp == -1 {
            return true;
        }
        let behind = i128::from(now.0) - i128::from(timestamp);
        behind <= i128::from(self.timestamp_before_max_ms)
            && -behind <= i128::from(self.timestamp_after_max_ms)
    }
}
