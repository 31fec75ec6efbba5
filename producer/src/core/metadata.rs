//! Which brokers there are, who leads what, and how fresh that is.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::ErrorCode;
use protocol::messages::metadata::{MetadataRequestTopic, MetadataResponseTopic};
use protocol::messages::{MetadataRequest, MetadataResponse};
use protocol::names::{BrokerId, Timestamp, TopicName, Uuid};
use protocol::random::Random;

use super::retry::Backoff;
use super::sequences::Leadership;
use crate::config::Address;

/// What is known of the cluster.
#[derive(Debug)]
pub(crate) struct Metadata {
    brokers: BTreeMap<BrokerId, Address>,
    topics: BTreeMap<TopicName, TopicMetadata>,
    /// Counts the answers, so that waiting records know which they have seen.
    pub(crate) version: u64,
    /// Whether it is to be asked for as soon as may be.
    is_wanted: bool,
    pub(crate) is_asked: bool,
    not_before: Timestamp,
    /// When it is too old.
    stale_at: Timestamp,
    /// Since when it is wanted and not had.
    missed_since: Option<Timestamp>,
    failures: u32,
    max_age: Duration,
    backoff: Backoff,
}

/// What is known of a topic.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TopicMetadata {
    pub(crate) id: Uuid,
    /// What the broker last said about the topic.
    pub(crate) error: ErrorCode,
    /// By partition; empty until it is known.
    pub(crate) leaders: Vec<Option<Leadership>>,
    /// The last epochs heard of: older news is no news.
    epochs: Vec<i32>,
    /// Whether the topic of this name is another one than before.
    pub(crate) is_another: bool,
    /// When a record last waited for it.
    wanted_at: Timestamp,
}

impl Metadata {
    pub(crate) fn new(max_age: Duration, backoff: Backoff) -> Self {
        Self {
            brokers: BTreeMap::new(),
            topics: BTreeMap::new(),
            version: 0,
            is_wanted: true,
            is_asked: false,
            not_before: Timestamp(i64::MIN),
            stale_at: Timestamp::NEVER,
            missed_since: None,
            failures: 0,
            max_age,
            backoff,
        }
    }

    /// The brokers, and where they listen.
    pub(crate) fn brokers(&self) -> &BTreeMap<BrokerId, Address> {
        &self.brokers
    }

    pub(crate) fn topic(&self, name: &str) -> Option<&TopicMetadata> {
        self.topics.get(name)
    }

    pub(crate) fn topic_by_id(&self, id: Uuid) -> Option<&TopicName> {
        self.topics.iter().find(|(_, topic)| topic.id == id).map(|(name, _)| name)
    }

    /// Adds a topic to those asked for, now if it is new; and asks again if what is known is not newer than `seen`.
    pub(crate) fn want(&mut self, name: &TopicName, seen: u64, now: Timestamp) {
        if !self.topics.contains_key(name) {
            self.topics.insert(name.clone(), TopicMetadata::default());
            self.not_before = Timestamp(i64::MIN);
            self.is_wanted = true;
        } else if self.topics[name].leaders.is_empty() || self.version <= seen {
            self.is_wanted = true;
        }
        if let Some(topic) = self.topics.get_mut(name) {
            topic.wanted_at = now;
        }
    }

    /// The topics that no record has waited for since.
    pub(crate) fn unwanted_since(&self, limit: Timestamp) -> Vec<TopicName> {
        let unwanted = self.topics.iter().filter(|(_, topic)| topic.wanted_at <= limit);
        unwanted.map(|(name, _)| name.clone()).collect()
    }

    /// Asks for a topic no more.
    pub(crate) fn forget(&mut self, name: &TopicName) {
        self.topics.remove(name);
    }

    /// Something does not fit what is known: ask again.
    pub(crate) fn refresh(&mut self) {
        self.is_wanted = true;
    }

    /// It is due, and not there yet.
    pub(crate) fn is_missed(&mut self, now: Timestamp) {
        self.missed_since.get_or_insert(now);
    }

    /// Since when it is asked for in vain.
    pub(crate) fn missed_since(&self) -> Option<Timestamp> {
        self.missed_since
    }

    /// No broker is known any more: whom to ask is to be learned anew.
    pub(crate) fn forget_brokers(&mut self, now: Timestamp) {
        self.brokers.clear();
        self.missed_since = Some(now);
        (self.is_asked, self.is_wanted) = (false, true);
    }

    /// When to ask.
    pub(crate) fn due_at(&self) -> Timestamp {
        match (self.is_asked, self.is_wanted) {
            (true, _) => Timestamp::NEVER,
            (false, true) => self.not_before.min(self.stale_at),
            (false, false) => self.stale_at,
        }
    }

    pub(crate) fn request(&mut self) -> MetadataRequest {
        self.is_asked = true;
        self.is_wanted = false;
        let topic =
            |name: &TopicName| MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
        MetadataRequest { topics: Some(self.topics.keys().map(topic).collect()), ..Default::default() }
    }

    /// The request brought nothing.
    pub(crate) fn failed(&mut self, now: Timestamp, random: &mut Random) {
        self.is_asked = false;
        self.is_wanted = true;
        self.failures += 1;
        self.not_before = now + self.backoff.after(self.failures, random);
    }

    /// Takes the answer over; gives the topics that are known better now.
    pub(crate) fn absorb(
        &mut self,
        response: MetadataResponse,
        now: Timestamp,
        random: &mut Random,
    ) -> Vec<TopicName> {
        self.version += 1;
        self.is_asked = false;
        self.missed_since = None;
        self.stale_at = now + self.max_age;
        let mut has_news = false;
        let brokers = response.brokers.into_iter().filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            Some((broker.node_id, Address { host: broker.host.to_string(), port }))
        });
        let brokers: BTreeMap<_, _> = brokers.collect();
        if !brokers.is_empty() {
            has_news |= self.brokers != brokers;
            self.brokers = brokers;
        }
        let mut changed = Vec::new();
        for answer in response.topics {
            let Some(name) = answer.name.clone() else { continue };
            // Version 0 and a broker with ideas of its own may tell of topics that nobody asked for.
            let Some(topic) = self.topics.get_mut(&name) else { continue };
            let before = topic.clone();
            topic.absorb(&answer);
            has_news |= *topic != before;
            if answer.error_code == ErrorCode::NONE {
                changed.push(name);
            }
        }
        // Only questions that bring nothing new are asked ever more slowly.
        self.failures = if has_news { 0 } else { self.failures + 1 };
        self.not_before = now + self.backoff.after(self.failures.max(1), random);
        changed
    }

    /// Takes over what a broker says about a leader while it refuses a batch (KIP-951); false if that is old news.
    pub(crate) fn hint(&mut self, name: &TopicName, partition: usize, leader: Leadership) -> bool {
        let Some(topic) = self.topics.get_mut(name) else { return false };
        let Some(known) = topic.epochs.get_mut(partition) else { return false };
        if leader.broker.0 < 0 || leader.epoch <= *known || !self.brokers.contains_key(&leader.broker) {
            return false;
        }
        *known = leader.epoch;
        topic.leaders[partition] = Some(leader);
        true
    }

    /// Takes over where a broker listens.
    pub(crate) fn learn_broker(&mut self, broker: BrokerId, address: Address) {
        self.brokers.insert(broker, address);
    }
}

impl TopicMetadata {
    fn absorb(&mut self, answer: &MetadataResponseTopic) {
        self.error = answer.error_code;
        self.is_another = false;
        if answer.error_code != ErrorCode::NONE {
            return;
        }
        if answer.topic_id != Uuid::ZERO && self.id != answer.topic_id {
            // Deleted and created again: its epochs begin anew, and none of the old is worth anything.
            self.is_another = self.id != Uuid::ZERO;
            self.id = answer.topic_id;
            self.leaders.clear();
            self.epochs.clear();
        }
        let highest = answer.partitions.iter().map(|partition| partition.partition_index).max().unwrap_or(-1);
        // No more partitions than the answer has: an index is the peer's word.
        let count = usize::try_from(highest + 1).unwrap_or(0).min(answer.partitions.len());
        let count = count.max(self.leaders.len());
        self.leaders.resize(count, None);
        self.epochs.resize(count, -1);
        for partition in &answer.partitions {
            let index = usize::try_from(partition.partition_index).unwrap_or(usize::MAX);
            let Some(known) = self.epochs.get_mut(index) else { continue };
            // Brokers learn of elections one after the other: an older epoch is yesterday's news. Versions before 7
            // tell none.
            if partition.leader_epoch >= 0 && partition.leader_epoch < *known {
                continue;
            }
            *known = partition.leader_epoch;
            let leader = Leadership { broker: partition.leader_id, epoch: partition.leader_epoch };
            self.leaders[index] = (leader.broker.0 >= 0).then_some(leader);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::messages::metadata::{MetadataResponseBroker, MetadataResponsePartition};

    use super::*;

    fn metadata() -> Metadata {
        let ms = Duration::from_millis;
        Metadata::new(ms(300_000), Backoff { first: ms(100), max: ms(1000) })
    }

    fn answer(topic_id: u128, leaders: &[(i32, i32)]) -> MetadataResponse {
        let partition = |(index, &(leader, epoch)): (usize, &(i32, i32))| MetadataResponsePartition {
            partition_index: index as i32,
            leader_id: BrokerId(leader),
            leader_epoch: epoch,
            ..Default::default()
        };
        let broker = |id| MetadataResponseBroker {
            node_id: BrokerId(id),
            host: "h".into(),
            port: 9000 + id,
            ..Default::default()
        };
        MetadataResponse {
            brokers: vec![broker(1), broker(2)],
            topics: vec![MetadataResponseTopic {
                name: Some("t".into()),
                topic_id: Uuid::from_u128(topic_id),
                partitions: leaders.iter().enumerate().map(partition).collect(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn leader(metadata: &Metadata) -> (i32, i32) {
        let leader = metadata.topic("t").unwrap().leaders[0].unwrap();
        (leader.broker.0, leader.epoch)
    }

    #[test]
    fn older_epochs_are_ignored_until_the_topic_is_another() {
        let (mut metadata, mut random) = (metadata(), Random::new(1));
        metadata.want(&"t".into(), 0, Timestamp(0));
        for (topic_id, (broker, epoch), expected) in
            [(1, (1, 5), (1, 5)), (1, (2, 4), (1, 5)), (1, (2, 6), (2, 6)), (9, (1, 0), (1, 0))]
        {
            metadata.absorb(answer(topic_id, &[(broker, epoch)]), Timestamp(0), &mut random);
            assert_eq!(leader(&metadata), expected);
        }
    }

    #[test]
    fn a_hint_counts_if_it_is_news_and_names_a_broker_that_is_known() {
        let (mut metadata, mut random) = (metadata(), Random::new(1));
        metadata.want(&"t".into(), 0, Timestamp(0));
        metadata.absorb(answer(1, &[(1, 5)]), Timestamp(0), &mut random);
        let hint = |broker, epoch| Leadership { broker: BrokerId(broker), epoch };
        assert!(!metadata.hint(&"t".into(), 0, hint(2, 5)));
        assert!(!metadata.hint(&"t".into(), 0, hint(3, 6)));
        assert!(!metadata.hint(&"t".into(), 1, hint(2, 6)));
        assert!(metadata.hint(&"t".into(), 0, hint(2, 6)));
        assert_eq!(leader(&metadata), (2, 6));
    }

    #[test]
    fn a_new_topic_is_asked_for_at_once_and_an_unknown_one_ever_more_slowly() {
        let (mut metadata, mut random) = (metadata(), Random::new(1));
        metadata.want(&"u".into(), 0, Timestamp(0));
        assert!(metadata.due_at() <= Timestamp(0));
        let mut waits = Vec::new();
        let mut now = Timestamp(0);
        for _ in 0..6 {
            metadata.request();
            assert_eq!(metadata.due_at(), Timestamp::NEVER);
            let mut unknown = answer(0, &[]);
            unknown.topics[0].name = Some("u".into());
            unknown.topics[0].error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            metadata.absorb(unknown, now, &mut random);
            metadata.want(&"u".into(), 0, Timestamp(0));
            waits.push(metadata.due_at().saturating_since(now).as_millis());
            now = metadata.due_at();
        }
        assert!(waits[0] <= 120 && waits[5] >= 800, "{waits:?}");
        metadata.want(&"t".into(), 0, Timestamp(0));
        assert!(metadata.due_at() <= now);
    }

    #[test]
    fn metadata_grows_stale_by_age() {
        let (mut metadata, mut random) = (metadata(), Random::new(1));
        metadata.request();
        metadata.absorb(answer(1, &[]), Timestamp(1000), &mut random);
        assert_eq!(metadata.due_at(), Timestamp(301_000));
    }

    #[test]
    fn a_partition_index_from_nowhere_allocates_nothing() {
        let (mut metadata, mut random) = (metadata(), Random::new(1));
        metadata.want(&"t".into(), 0, Timestamp(0));
        let mut hostile = answer(1, &[(1, 5)]);
        hostile.topics[0].partitions[0].partition_index = i32::MAX - 1;
        metadata.absorb(hostile, Timestamp(0), &mut random);
        assert_eq!(metadata.topic("t").unwrap().leaders, [None]);
    }
}
