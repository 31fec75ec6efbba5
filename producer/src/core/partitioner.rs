//! Which partition a record goes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

use protocol::random::Random;
use protocol::records::murmur2;

use crate::config::Partitioning;

/// How records without a partition are spread over a topic's partitions.
#[derive(Clone, Debug)]
pub(crate) struct Partitioner {
    partitioning: Partitioning,
    ignore_keys: bool,
    /// All partitions there are: what keys are spread over.
    count: i32,
    /// Those with a leader: what records without a key are spread over, unless there are none.
    available: Vec<i32>,
    state: Arc<State>,
}

/// What goes on when the metadata changes, shared by all sending tasks: it is atomic, and changes once a batch.
#[derive(Debug)]
struct State {
    /// Where records without a key go until that partition has had its share.
    sticky: AtomicI32,
    /// Counts records, for the round robin.
    turn: AtomicU32,
    /// The state of the generator: it is advanced by adding.
    random: AtomicU64,
}

/// A partition, and whether it was chosen because it is the sticky one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) partition: i32,
    pub(crate) is_sticky: bool,
}

impl Partitioner {
    pub(crate) fn new(partitioning: Partitioning, ignore_keys: bool, seed: u64) -> Self {
        Self {
            partitioning,
            ignore_keys,
            count: 0,
            available: Vec::new(),
            state: Arc::new(State {
                sticky: AtomicI32::new(-1),
                turn: AtomicU32::new(0),
                random: AtomicU64::new(seed),
            }),
        }
    }

    /// Learns how many partitions there are and which have a leader.
    pub(crate) fn update(&mut self, count: i32, available: Vec<i32>) {
        (self.count, self.available) = (count, available);
        let sticky = self.state.sticky.load(Ordering::Acquire);
        if sticky < 0 || (!self.available.is_empty() && !self.available.contains(&sticky)) {
            self.move_on(sticky);
        }
    }

    /// How many partitions there are.
    pub(crate) fn count(&self) -> i32 {
        self.count
    }

    /// The partition for a record: the one it names, else by its key, else as the partitioning says.
    #[inline]
    pub(crate) fn choose(&self, named: Option<i32>, key: Option<&[u8]>) -> Choice {
        let fixed = |partition| Choice { partition, is_sticky: false };
        if let Some(partition) = named {
            return fixed(partition);
        }
        if self.partitioning == Partitioning::RoundRobin {
            let turn = self.state.turn.fetch_add(1, Ordering::Relaxed) as usize;
            return fixed(match self.available.len() {
                0 => (turn % self.count.max(1) as usize) as i32,
                some => self.available[turn % some],
            });
        }
        match key {
            Some(key) if !self.ignore_keys => fixed(murmur2::partition_for_key(key, self.count)),
            _ => Choice { partition: self.state.sticky.load(Ordering::Acquire), is_sticky: true },
        }
    }

    /// Whether this is still where records without a key go.
    #[inline]
    pub(crate) fn is_sticky(&self, partition: i32) -> bool {
        self.state.sticky.load(Ordering::Acquire) == partition
    }

    /// Sends records without a key elsewhere from now on; it may be the same partition again.
    pub(crate) fn move_on(&self, from: i32) {
        let mut random = Random::new(self.state.random.fetch_add(Random::STEP, Ordering::Relaxed));
        let next = match self.available.len() {
            0 => random.below(self.count.max(1) as usize) as i32,
            some => self.available[random.below(some)],
        };
        // Another task may have been first.
        let _ = self.state.sticky.compare_exchange(from, next, Ordering::AcqRel, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitioner(partitioning: Partitioning, ignore_keys: bool) -> Partitioner {
        let mut partitioner = Partitioner::new(partitioning, ignore_keys, 7);
        partitioner.update(6, vec![0, 2, 4]);
        partitioner
    }

    #[test]
    fn a_named_partition_wins_over_everything() {
        for partitioning in [Partitioning::Default, Partitioning::RoundRobin] {
            let choice = partitioner(partitioning, true).choose(Some(5), Some(b"key"));
            assert_eq!(choice, Choice { partition: 5, is_sticky: false });
        }
    }

    #[test]
    fn a_key_is_hashed_over_all_partitions_even_those_without_a_leader() {
        let partitioner = partitioner(Partitioning::Default, false);
        // 1940962471 and 275646681, the positive hashes of the two keys, modulo six.
        for key in [&b"abcd"[..], b"", b"k1", b"k2", b"k3"] {
            let expected = murmur2::partition_for_key(key, 6);
            assert_eq!(partitioner.choose(None, Some(key)), Choice { partition: expected, is_sticky: false });
        }
        assert_eq!(partitioner.choose(None, Some(b"")).partition, 275_646_681 % 6);
    }

    #[test]
    fn without_a_key_one_partition_with_a_leader_is_kept_until_it_is_left() {
        let partitioner = partitioner(Partitioning::Default, false);
        let mut seen = [0; 6];
        for _ in 0..300 {
            let first = partitioner.choose(None, None);
            assert!(first.is_sticky && partitioner.is_sticky(first.partition));
            assert_eq!(partitioner.choose(None, None), first);
            seen[first.partition as usize] += 1;
            partitioner.move_on(first.partition);
        }
        assert!([0, 2, 4].iter().all(|&partition| seen[partition] > 60), "{seen:?}");
        assert_eq!(seen[1] + seen[3] + seen[5], 0);
    }

    #[test]
    fn the_sticky_partition_moves_when_it_loses_its_leader() {
        let mut partitioner = partitioner(Partitioning::Default, false);
        let sticky = partitioner.choose(None, None).partition;
        partitioner.update(6, vec![(sticky + 1) % 6]);
        assert_eq!(partitioner.choose(None, None).partition, (sticky + 1) % 6);
    }

    #[test]
    fn keys_can_be_ignored() {
        assert!(partitioner(Partitioning::Default, true).choose(None, Some(b"key")).is_sticky);
    }

    #[test]
    fn round_robin_takes_the_partitions_with_a_leader_in_turn_whatever_the_key() {
        let partitioner = partitioner(Partitioning::RoundRobin, false);
        let turns: Vec<_> = (0..4).map(|_| partitioner.choose(None, Some(b"key")).partition).collect();
        assert_eq!(turns, [0, 2, 4, 0]);
    }
}
