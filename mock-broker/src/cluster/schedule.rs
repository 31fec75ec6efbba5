//! When which partition's replicas are looked after, and when brokers are missed.

use std::collections::{BTreeMap, BTreeSet};

use protocol::names::{Timestamp, Uuid};

use super::{Cluster, Effects};

/// The partitions whose replicas have something to do at a time to come: to copy, or to be found out of sync.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    due: BTreeSet<(Timestamp, Uuid, i32)>,
    times: BTreeMap<(Uuid, i32), Timestamp>,
    /// When the next broker that crashed is missed.
    pub(super) missed: Option<Timestamp>,
}

impl Schedule {
    /// Sets when a partition is looked at next, if ever.
    fn set(&mut self, topic: Uuid, partition: i32, next: Option<Timestamp>) {
        if let Some(before) = self.times.remove(&(topic, partition)) {
            self.due.remove(&(before, topic, partition));
        }
        if let Some(next) = next {
            self.times.insert((topic, partition), next);
            self.due.insert((next, topic, partition));
        }
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        let due = self.due.first().map(|(time, ..)| *time);
        [due, self.missed].into_iter().flatten().min()
    }
}

impl Cluster {
    /// Looks after a partition's replicas, and tells those who wait if that changed anything.
    pub(crate) fn replicate(&mut self, topic: Uuid, index: i32, now: Timestamp) {
        let name = self.topics.name_of(topic).cloned();
        let found = name.and_then(|name| self.topics.get_mut(&name));
        let Some((rules, partition)) =
            found.and_then(|topic| Some((topic.rules, topic.partition_mut(index)?)))
        else {
            return self.schedule.set(topic, index, None);
        };
        let replicated = partition.replicate(&rules, now);
        self.schedule.set(topic, index, replicated.next);
        if replicated.changed {
            self.touch(topic, index);
        }
    }

    /// Lets happen what was due up to now, in the order in which it was.
    pub(super) fn catch_up(&mut self, now: Timestamp, effects: &mut Effects) {
        self.now = now;
        let next = |cluster: &Self| {
            let (groups, transactions) = (cluster.groups.next_wakeup(), cluster.transactions.next_wakeup());
            let next = [cluster.schedule.next(), groups, transactions];
            next.into_iter().flatten().min()
        };
        while let Some(moment) = next(self).filter(|moment| *moment <= now) {
            // Whoever waits no longer than that has waited in vain.
            self.wake(Timestamp(moment.0 - 1), effects);
            if self.schedule.missed == Some(moment) {
                self.miss_brokers(moment);
            }
            while let Some((_, topic, index)) =
                self.schedule.due.first().copied().filter(|due| due.0 <= moment)
            {
                self.replicate(topic, index, moment);
            }
            self.wake(moment, effects);
        }
    }
}
