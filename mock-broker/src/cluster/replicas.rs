//! Replication of one partition: who has how much of the leader's log, who is in sync, and up to where records are safe.
//!
//! ```text
//! leader's log      0 1 2 3 4 5 6 7      the one log that is kept
//! follower, slow    0 1 2 3              has a beginning of it: its end offset says how much
//! leader of old     0 1 2 3 4│x y        has a beginning of it, and a tail that nobody else has
//! high watermark            ^            the lowest end of the in-sync set
//! ```
//!
//! Where every replica runs, copies at once and is in sync, as in most tests, nothing of this is kept: the high watermark is
//! the end of the log. The elections stand in [`super::elections`].
//!
//! Source: Kafka's `Partition` and `PartitionChangeBuilder`.

use std::time::Duration;

use protocol::names::{BrokerId, Timestamp};

use super::log::{Log, Tail};
use super::topic::{Partition, TopicRules};
use crate::action::Lag;

/// The state of a partition's replicas, while they are not all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replication {
    /// In the order of the assignment.
    pub(super) replicas: Vec<Replica>,
    /// Of the leader; without one, of the last.
    pub(super) high_watermark: i64,
    /// In the order of the assignment. It is empty while there is no leader.
    pub(super) in_sync: Vec<BrokerId>,
    /// Who left the in-sync set when it was too small already, and thus has every record below the high watermark (KIP-966).
    pub(super) eligible: Vec<BrokerId>,
    /// Who led last, while nobody leads.
    pub(super) last_known_leader: Option<BrokerId>,
    /// Where the leader's epoch begins, and when it did.
    pub(super) epoch_start: i64,
    pub(super) led_since: Timestamp,
}

/// One copy of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(super) broker: BrokerId,
    /// Whether its broker runs.
    pub(super) is_up: bool,
    /// Whether its broker is known not to run.
    pub(super) is_fenced: bool,
    pub(super) lag: Lag,
    /// How much of the leader's log it has. Of the leader itself this is not kept up to date.
    pub(super) end_offset: i64,
    /// The high watermark as far as it knows.
    pub(super) high_watermark: i64,
    /// What it has behind that and the leader has not.
    pub(super) tail: Option<Tail>,
}

/// What came of looking after a partition's replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replicated {
    /// Whether anything is different now.
    pub(crate) changed: bool,
    /// When there is something to do again, if nothing happens before.
    pub(crate) next: Option<Timestamp>,
}

impl Partition {
    /// The brokers that have all that is acknowledged to all: the leader and the followers that keep up with it.
    #[must_use]
    pub fn in_sync_replicas(&self) -> &[BrokerId] {
        self.replication.as_ref().map_or(&self.replicas, |replication| &replication.in_sync)
    }

    /// The brokers that may lead when nobody is in sync any more, for they have every record below the high watermark
    /// (KIP-966).
    #[must_use]
    pub fn eligible_leader_replicas(&self) -> &[BrokerId] {
        self.replication.as_ref().map_or(&[], |replication| &replication.eligible)
    }

    /// Up to where consumers may read: what all in-sync replicas have.
    #[must_use]
    pub fn high_watermark(&self) -> i64 {
        self.replication
            .as_ref()
            .map_or_else(|| self.log.end_offset(), |replication| replication.high_watermark)
    }

    /// The offset behind the last record that a broker has, also of those that the leader has not; `None` for a broker without
    /// a replica.
    #[must_use]
    pub fn log_end_offset(&self, broker: BrokerId) -> Option<i64> {
        let (end, _) = self.seen_by(broker)?;
        let replica = self.replication.as_ref().and_then(|replication| replication.replica(broker));
        let tail = replica.and_then(|replica| replica.tail.as_ref()?.end_offset());
        Some(tail.unwrap_or(end))
    }

    /// Up to which offset a broker's log is the same as the leader's; `None` for a broker without a replica.
    #[must_use]
    pub fn common_end_offset(&self, broker: BrokerId) -> Option<i64> {
        self.seen_by(broker).map(|(end, _)| end)
    }

    /// What is kept of logs that part from the leader's, in bytes.
    pub(super) fn tail_bytes(&self) -> usize {
        let replicas = self.replication.iter().flat_map(|replication| &replication.replicas);
        replicas.filter_map(|replica| replica.tail.as_ref()).map(Tail::retained_bytes).sum()
    }

    /// How much of the log a replica has, and the high watermark as far as it knows.
    pub(crate) fn seen_by(&self, broker: BrokerId) -> Option<(i64, i64)> {
        if broker == self.leader {
            return Some((self.log.end_offset(), self.high_watermark()));
        }
        match &self.replication {
            None => self.replicas.contains(&broker).then(|| (self.log.end_offset(), self.log.end_offset())),
            Some(replication) => {
                let replica = replication.replica(broker)?;
                Some((replica.end_offset, replica.high_watermark))
            }
        }
    }

    /// Where the epoch of the leader begins, as far as that is not long past.
    pub(crate) fn epoch_start(&self) -> i64 {
        self.replication.as_ref().map_or(0, |replication| replication.epoch_start)
    }

    /// Whether a produce request that wants to be sure of all replicas is refused before anything is appended.
    pub(crate) fn has_too_few_in_sync(&self, rules: &TopicRules) -> bool {
        self.in_sync_replicas().len() < rules.min_in_sync(self.replicas.len())
    }

    /// The state of the replicas, which from here on is kept until all are the same again.
    pub(super) fn replication_mut(&mut self) -> &mut Replication {
        self.replication.get_or_insert_with(|| {
            let end_offset = self.log.end_offset();
            let replica = |broker: &BrokerId| Replica {
                broker: *broker,
                is_up: true,
                is_fenced: false,
                lag: Lag::None,
                end_offset,
                high_watermark: end_offset,
                tail: None,
            };
            Box::new(Replication {
                replicas: self.replicas.iter().map(replica).collect(),
                high_watermark: end_offset,
                in_sync: self.replicas.to_vec(),
                eligible: Vec::new(),
                last_known_leader: None,
                epoch_start: 0,
                led_since: Timestamp(i64::MIN),
            })
        })
    }

    /// Sets how late a broker copies; it must have a replica.
    pub(super) fn set_lag(&mut self, broker: BrokerId, lag: Lag) {
        if lag == Lag::None && self.replication.is_none() {
            return;
        }
        if let Some(replica) = self.replication_mut().replica_mut(broker) {
            replica.lag = lag;
        }
    }

    /// Lets followers copy what they would have copied by now, and sees who is in sync.
    pub(crate) fn replicate(&mut self, rules: &TopicRules, now: Timestamp) -> Replicated {
        let Some(replication) = &mut self.replication else { return Replicated::default() };
        let mut round = Round {
            leader: self.leader,
            log: &self.log,
            rules,
            min_in_sync: rules.min_in_sync(self.replicas.len()),
            now,
            changed: false,
        };
        if !replication.replica(self.leader).is_some_and(|leader| leader.is_up) {
            return Replicated::default();
        }
        round.copy(replication);
        round.shrink(replication);
        round.expand(replication);
        round.raise(replication);
        let replicated = Replicated { changed: round.changed, next: round.next(replication) };
        if replication.is_uniform(self.leader, &self.log) {
            self.replication = None;
        }
        replicated
    }
}

impl Replication {
    pub(super) fn replica(&self, broker: BrokerId) -> Option<&Replica> {
        self.replicas.iter().find(|replica| replica.broker == broker)
    }

    pub(super) fn replica_mut(&mut self, broker: BrokerId) -> Option<&mut Replica> {
        self.replicas.iter_mut().find(|replica| replica.broker == broker)
    }

    /// Some of the brokers, in the order of the assignment.
    pub(super) fn ordered(&self, wanted: impl Fn(BrokerId) -> bool) -> Vec<BrokerId> {
        self.replicas.iter().map(|replica| replica.broker).filter(|broker| wanted(*broker)).collect()
    }

    /// Takes a broker out of the in-sync set. What becomes of it then, and of the last one, depends on the rules.
    pub(super) fn leave(&mut self, broker: BrokerId, leader: BrokerId, rules: &TopicRules) {
        if !self.in_sync.contains(&broker) {
            return;
        }
        if !rules.keeps_eligible_leaders() {
            // The last one stays, for only it may lead again.
            if self.in_sync.len() > 1 {
                self.in_sync.retain(|member| *member != broker);
            }
            return;
        }
        self.in_sync.retain(|member| *member != broker);
        if self.in_sync.len() < rules.min_in_sync(self.replicas.len()) {
            let eligible = std::mem::take(&mut self.eligible);
            self.eligible = self.ordered(|member| member == broker || eligible.contains(&member));
        }
        if self.in_sync.is_empty() && leader != BrokerId::NONE {
            self.last_known_leader = Some(leader);
        }
    }

    /// Whether all replicas are alike, so that nothing need be known of each.
    fn is_uniform(&self, leader: BrokerId, log: &Log) -> bool {
        let end = log.end_offset();
        let is_plain = |replica: &Replica| {
            replica.is_up
                && !replica.is_fenced
                && replica.lag == Lag::None
                && replica.tail.is_none()
                && (replica.broker == leader || (replica.end_offset, replica.high_watermark) == (end, end))
        };
        self.high_watermark == end
            && self.in_sync.len() == self.replicas.len()
            && self.replicas.iter().all(is_plain)
    }
}

/// One look at the replicas of a partition that has a leader.
struct Round<'a> {
    leader: BrokerId,
    log: &'a Log,
    rules: &'a TopicRules,
    min_in_sync: usize,
    now: Timestamp,
    changed: bool,
}

impl Round<'_> {
    /// Followers that run and are not frozen drop what the leader has not, and copy what they would have by now.
    fn copy(&mut self, replication: &mut Replication) {
        let end = self.log.end_offset();
        for replica in &mut replication.replicas {
            if replica.broker == self.leader || !replica.is_up || replica.lag == Lag::Frozen {
                continue;
            }
            let copied = match replica.lag {
                Lag::Time(lag) => self.log.end_at(earlier(self.now, lag)),
                Lag::Records(lag) => self.log.whole_before(end.saturating_sub(lag)),
                Lag::None | Lag::Frozen => end,
            };
            self.changed |= replica.tail.take().is_some() || copied > replica.end_offset;
            replica.end_offset = replica.end_offset.max(copied);
        }
    }

    /// Followers that have lacked a record for longer than `replica.lag.time.max.ms` leave the in-sync set.
    fn shrink(&mut self, replication: &mut Replication) {
        let late: Vec<_> = replication
            .replicas
            .iter()
            .filter(|replica| replication.in_sync.contains(&replica.broker))
            .filter(|replica| self.is_late(replica, replication.led_since))
            .map(|replica| replica.broker)
            .collect();
        for broker in late {
            replication.leave(broker, self.leader, self.rules);
            self.changed = true;
        }
    }

    /// Followers that have reached the high watermark and the leader's epoch come into the in-sync set.
    ///
    /// Kafka lets one in that it throws out again at its next check, for a record that it has lacked for too long; here
    /// this would all happen in one moment, and it stays outside.
    fn expand(&mut self, replication: &mut Replication) {
        let reached = replication.high_watermark.max(replication.epoch_start);
        let joins = |replica: &Replica| {
            replica.is_up
                && !replica.is_fenced
                && replica.lag != Lag::Frozen
                && replica.end_offset >= reached
                && !replication.in_sync.contains(&replica.broker)
                && !self.is_late(replica, Timestamp(i64::MIN))
        };
        let joined: Vec<_> = replication
            .replicas
            .iter()
            .filter(|replica| joins(replica))
            .map(|replica| replica.broker)
            .collect();
        if joined.is_empty() {
            return;
        }
        self.changed = true;
        replication.in_sync =
            replication.ordered(|broker| joined.contains(&broker) || replication.in_sync.contains(&broker));
        if replication.in_sync.len() >= self.min_in_sync {
            replication.eligible.clear();
        }
        replication.eligible.retain(|broker| !joined.contains(broker));
    }

    /// The high watermark rises to what all in-sync replicas have, and followers hear of it.
    ///
    /// Since Kafka 3.7 it stands still while they are fewer than `min.insync.replicas`.
    fn raise(&mut self, replication: &mut Replication) {
        let end = |broker: &BrokerId| match replication.replica(*broker) {
            Some(replica) if *broker != self.leader => replica.end_offset,
            _ => self.log.end_offset(),
        };
        let safe = replication.in_sync.iter().map(end).min().unwrap_or(0);
        let is_held = self.rules.holds_high_watermark() && replication.in_sync.len() < self.min_in_sync;
        if safe > replication.high_watermark && !is_held {
            replication.high_watermark = safe;
            self.changed = true;
        }
        for replica in &mut replication.replicas {
            if replica.is_up && replica.lag != Lag::Frozen {
                let heard = replication.high_watermark.min(replica.end_offset);
                self.changed |= heard > replica.high_watermark;
                replica.high_watermark = replica.high_watermark.max(heard);
            }
        }
    }

    /// Since when a follower lacks a record, if it does.
    fn lacks_since(&self, replica: &Replica) -> Option<Timestamp> {
        if replica.broker == self.leader { None } else { self.log.appended_at(replica.end_offset) }
    }

    /// Whether a follower has lacked a record for too long; a new leader gives everyone time.
    fn is_late(&self, replica: &Replica, led_since: Timestamp) -> bool {
        let lacks_since = self.lacks_since(replica).map(|since| since.max(led_since));
        lacks_since.is_some_and(|since| self.now.saturating_since(since) > self.rules.replica_lag_time_max)
    }

    /// When a follower copies next, or leaves the in-sync set if it does not.
    fn next(&self, replication: &Replication) -> Option<Timestamp> {
        let next = |replica: &Replica| {
            let since = self.lacks_since(replica)?;
            let copies = match replica.lag {
                Lag::Time(lag) if replica.is_up => since + lag,
                _ => Timestamp::NEVER,
            };
            let leaves = match replication.in_sync.contains(&replica.broker) {
                true => since.max(replication.led_since) + self.rules.replica_lag_time_max + TICK,
                false => Timestamp::NEVER,
            };
            Some(copies.min(leaves))
        };
        let next = replication.replicas.iter().filter_map(next).min();
        next.filter(|next| *next != Timestamp::NEVER)
    }
}

/// The clock of a cluster counts in milliseconds.
const TICK: Duration = Duration::from_millis(1);

fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}
