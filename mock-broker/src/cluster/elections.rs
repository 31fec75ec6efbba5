//! Who leads a partition: brokers that go and come, elections, and what they cost.
//!
//! A new leader's log is the log from then on. What others have beyond it becomes their tail: it is cut off when they copy
//! again, or comes back if one of them becomes the leader in an unclean election.
//!
//! Source: Kafka's `PartitionChangeBuilder`, KIP-966.

use protocol::names::{BrokerId, Timestamp};

use super::producers::Producers;
use super::replicas::Replication;
use super::topic::{Partition, TopicRules};
use crate::action::{ElectionKind, Lag};

/// Who may be elected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    /// Nobody: elections are held up.
    Held,
    /// Whoever is in sync, or eligible when nobody is; the first of the assignment only if the leader cannot stay.
    Clean,
    /// The first of the assignment, if it is in sync.
    Preferred,
    /// Whoever is alive, if nobody else can be.
    Unclean,
}

impl From<ElectionKind> for Election {
    fn from(kind: ElectionKind) -> Self {
        match kind {
            ElectionKind::Preferred => Self::Preferred,
            ElectionKind::Unclean => Self::Unclean,
        }
    }
}

/// Who is elected, and whether records may be lost by it.
struct Elected {
    broker: BrokerId,
    unclean: bool,
}

impl Partition {
    /// A replica's broker runs no more; the others have not noticed.
    pub(super) fn lose(&mut self, broker: BrokerId) {
        if broker == self.leader {
            self.note_leader();
        }
        if let Some(replica) = self.replication_mut().replica_mut(broker) {
            replica.is_up = false;
        }
    }

    /// Writes down what the leader has, which then is one replica among others.
    fn note_leader(&mut self) {
        let (leader, end_offset, high_watermark) =
            (self.leader, self.log.end_offset(), self.high_watermark());
        if let Some(replica) = self.replication_mut().replica_mut(leader) {
            (replica.end_offset, replica.high_watermark) = (end_offset, high_watermark);
        }
    }

    /// The others notice that a replica's broker runs no more: it leaves the in-sync set, and if it led, another is elected.
    pub(super) fn fence(&mut self, broker: BrokerId, election: Election, rules: &TopicRules, now: Timestamp) {
        let leader = self.leader;
        let replication = self.replication_mut();
        let Some(replica) = replication.replica_mut(broker) else { return };
        replica.is_fenced = true;
        replication.leave(broker, leader, rules);
        self.elect(election, now);
    }

    /// A replica's broker is back. One that crashed may have lost records and is no longer eligible to lead, unless nobody
    /// else is and it was the last that led.
    pub(super) fn regain(&mut self, broker: BrokerId, crashed: bool, election: Election, now: Timestamp) {
        let replication = self.replication_mut();
        if crashed {
            replication.eligible.retain(|member| *member != broker);
        }
        let Some(replica) = replication.replica_mut(broker) else { return };
        (replica.is_up, replica.is_fenced) = (true, false);
        self.elect(election, now);
    }

    /// Elects a leader, if the one there is cannot stay; whether anything changed.
    pub(super) fn elect(&mut self, election: Election, now: Timestamp) -> bool {
        let leader = self.leader;
        let elected = self.candidate(election);
        let next = elected.as_ref().map_or(BrokerId::NONE, |elected| elected.broker);
        if next == leader {
            return false;
        }
        match elected {
            Some(Elected { broker, unclean }) => {
                let replication = self.replication_mut();
                if unclean || replication.eligible.contains(&broker) {
                    replication.in_sync = vec![broker];
                }
                if unclean {
                    replication.eligible.clear();
                }
                replication.eligible.retain(|member| *member != broker);
                replication.last_known_leader = None;
                self.lead(broker, now);
            }
            None => {
                self.note_leader();
                // While elections are held up, the others may go too before there is a leader again.
                self.replication_mut().last_known_leader = Some(leader);
                self.leader = BrokerId::NONE;
                self.leader_epoch += 1;
            }
        }
        true
    }

    /// Who would be elected; the leader there is, if it can stay.
    fn candidate(&mut self, election: Election) -> Option<Elected> {
        let leader = self.leader;
        let replication = self.replication_mut();
        let clean = |broker| Some(Elected { broker, unclean: false });
        let unclean = |broker| Some(Elected { broker, unclean: true });
        let first = replication.replicas.first()?.broker;
        if election == Election::Preferred && replication.may_lead(first) {
            return clean(first);
        }
        if replication.may_lead(leader) {
            return clean(leader);
        }
        if election == Election::Held {
            return None;
        }
        let alive = replication.ordered(|broker| replication.is_alive(broker));
        if let Some(broker) = alive.iter().find(|broker| replication.may_lead(**broker)) {
            return clean(*broker);
        }
        if replication.in_sync.is_empty()
            && replication.eligible.is_empty()
            && let Some(last) = replication.last_known_leader.filter(|last| replication.is_alive(*last))
        {
            return unclean(last);
        }
        match election {
            Election::Unclean => unclean(*alive.first()?),
            _ => None,
        }
    }

    /// Makes `broker` the leader. If it has no replica, it takes the place of the leader that was, and gets its log; without a
    /// leader that runs there is nothing to get, and nothing happens.
    pub(super) fn move_leader(&mut self, broker: BrokerId, now: Timestamp) -> bool {
        if !self.replicas.contains(&broker) {
            let old = self.leader;
            if old == BrokerId::NONE {
                return false;
            }
            let leader = self.replication.as_ref().and_then(|replication| replication.replica(old));
            if leader.is_some_and(|leader| !leader.is_up) {
                return false;
            }
            self.note_leader();
            let renamed = |id: &BrokerId| if *id == old { broker } else { *id };
            let replication = self.replication_mut();
            replication.in_sync = replication.in_sync.iter().map(renamed).collect();
            if let Some(replica) = replication.replica_mut(old) {
                (replica.broker, replica.lag) = (broker, Lag::None);
            }
            self.replicas = self.replicas.iter().map(renamed).collect();
        }
        self.lead(broker, now);
        true
    }

    /// The partition is new: brokers that do not run are not in sync, and do not lead.
    pub(super) fn begin(&mut self, is_live: impl Fn(BrokerId) -> bool) {
        if self.replicas.iter().all(|broker| is_live(*broker)) {
            return;
        }
        let replication = self.replication_mut();
        for replica in replication.replicas.iter_mut().filter(|replica| !is_live(replica.broker)) {
            (replica.is_up, replica.is_fenced) = (false, true);
        }
        replication.in_sync = replication.ordered(&is_live);
        if replication.in_sync.is_empty() {
            replication.eligible = replication.ordered(|_| true);
        }
        self.leader = replication.in_sync.first().copied().unwrap_or(BrokerId::NONE);
    }

    /// Makes a replica the leader: its log is the log from now on.
    pub(super) fn lead(&mut self, broker: BrokerId, now: Timestamp) {
        self.note_leader();
        let log = &mut self.log;
        let Some(replication) = &mut self.replication else { return };
        let Some(new) = replication.replica_mut(broker) else { return };
        let old_end = log.end_offset();
        let (start, own_tail) = (new.end_offset, new.tail.take());
        let high_watermark = new.high_watermark;
        let is_cut = start < old_end || own_tail.is_some();
        for replica in replication.replicas.iter_mut().filter(|replica| replica.end_offset > start) {
            let mut tail = log.tail(start, replica.end_offset);
            if let Some(beyond) = replica.tail.take() {
                let own = std::mem::replace(&mut tail, beyond);
                tail.prepend(own);
            }
            replica.end_offset = start;
            replica.high_watermark = replica.high_watermark.min(start);
            replica.tail = Some(tail);
        }
        if start < old_end {
            log.truncate(start);
        }
        if let Some(tail) = own_tail {
            log.extend(tail);
        }
        self.leader = broker;
        self.leader_epoch += 1;
        log.begin_epoch(self.leader_epoch);
        replication.high_watermark = high_watermark.min(log.end_offset());
        replication.epoch_start = log.end_offset();
        replication.led_since = now;
        if is_cut {
            self.producers = Producers::of(&self.log, replication.high_watermark);
        }
    }
}

impl Replication {
    pub(super) fn is_alive(&self, broker: BrokerId) -> bool {
        self.replica(broker).is_some_and(|replica| !replica.is_fenced)
    }

    fn may_lead(&self, broker: BrokerId) -> bool {
        let is_entitled =
            self.in_sync.contains(&broker) || (self.in_sync.is_empty() && self.eligible.contains(&broker));
        is_entitled && self.is_alive(broker)
    }
}
