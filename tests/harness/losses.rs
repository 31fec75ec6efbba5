//! What elections cost: which offsets a partition's log lost, when, and whether the loser had been entitled to keep them.
//!
//! A new leader's log is the log from then on. What the old one had beyond it is cut off; Kafka allows that for records
//! that were not acknowledged by all in-sync replicas, or where the new leader was none of them (an unclean election).

use std::collections::BTreeMap;

use mock_broker::{Cluster, Partition, Topic};
use protocol::names::{BrokerId, Timestamp};

/// A piece of a log that is gone since an election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Of which partition.
    pub partition: i32,
    /// The first offset that was cut off.
    pub from: i64,
    /// The offset behind the last one.
    pub to: i64,
    /// When.
    pub at: Timestamp,
    /// Whether the new leader was neither in sync nor eligible.
    pub unclean: bool,
}

/// Watches the partitions of one topic.
#[derive(Debug, Default)]
pub struct Losses {
    /// How many elections there were.
    pub elections: usize,
    cuts: Vec<Cut>,
    last: BTreeMap<i32, Look>,
}

/// A partition as it was when it was last looked at with a leader.
#[derive(Debug)]
struct Look {
    leader_epoch: i32,
    end_offset: i64,
    /// In sync, or eligible: who may lead without loss of what all have.
    entitled: Vec<BrokerId>,
    /// How much of the log each replica has.
    common: Vec<(BrokerId, i64)>,
}

impl Look {
    fn at(partition: &Partition, end_offset: i64) -> Self {
        let common =
            partition.replicas().iter().filter_map(|id| Some((*id, partition.common_end_offset(*id)?)));
        Self {
            leader_epoch: partition.leader_epoch(),
            end_offset,
            entitled: entitled(partition),
            common: common.collect(),
        }
    }

    /// How much of the log a broker had; one that had no replica gets all of it before it leads.
    fn common_end(&self, broker: BrokerId) -> i64 {
        let common = self.common.iter().find(|(id, _)| *id == broker);
        common.map_or(self.end_offset, |(_, end_offset)| *end_offset)
    }
}

impl Losses {
    /// Looks at the cluster's one topic; to be called after everything that happens to it.
    pub fn watch(&mut self, cluster: &Cluster, now: Timestamp) {
        let partitions = cluster.topics().next().map_or(&[][..], Topic::partitions);
        for (index, partition) in (0..).zip(partitions) {
            self.watch_partition(index, partition, now);
        }
    }

    fn watch_partition(&mut self, index: i32, partition: &Partition, now: Timestamp) {
        let Some(end_offset) = partition.log_end_offset(partition.leader()) else {
            // Without a leader nothing is appended; who is entitled may still change.
            if let Some(last) = self.last.get_mut(&index) {
                last.entitled = entitled(partition);
            }
            return;
        };
        let Some(last) = self.last.insert(index, Look::at(partition, end_offset)) else { return };
        if last.leader_epoch == partition.leader_epoch() {
            return;
        }
        self.elections += 1;
        let (from, to) = (last.common_end(partition.leader()), last.end_offset);
        if from < to {
            let unclean = !last.entitled.contains(&partition.leader());
            self.cuts.push(Cut { partition: index, from, to, at: now, unclean });
        }
    }

    /// What was cut off so far.
    pub fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// Whether a record of a partition that was sent at some moment may be missing from an offset.
    pub fn allow(&self, partition: i32, offset: i64, sent: Timestamp, acks_all: bool) -> bool {
        self.cuts.iter().any(|cut| {
            let is_there = cut.partition == partition && (cut.from..cut.to).contains(&offset);
            is_there && cut.at >= sent && (cut.unclean || !acks_all)
        })
    }

    /// How many of the elections lost what nobody may lose.
    pub fn unclean(&self) -> usize {
        self.cuts.iter().filter(|cut| cut.unclean).count()
    }
}

fn entitled(partition: &Partition) -> Vec<BrokerId> {
    [partition.in_sync_replicas(), partition.eligible_leader_replicas()].concat()
}
