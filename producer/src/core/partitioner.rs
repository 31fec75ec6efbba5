//! Which partition a record goes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

use protocol::random::Random;
use protocol::records::murmur2;

use crate::config::{Partitioning, Partitions, Settings};
use crate::record::Record;

/// How records without a partition are spread over a topic's partitions.
#[derive(Clone, Debug)]
pub(crate) struct Partitioner {
    partitioning: Partitioning,
    ignore_keys: bool,
    is_adaptive: bool,
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

/// How many batches of a partition wait; `None` if its broker takes none (KIP-794).
pub(crate) type Load<'a> = &'a dyn Fn(i32) -> Option<u32>;

impl Partitioner {
    pub(crate) fn new(settings: &Settings, seed: u64) -> Self {
        Self {
            partitioning: settings.partitioner.clone(),
            ignore_keys: settings.ignore_keys,
            is_adaptive: settings.adaptive,
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
            self.move_on(sticky, &|_| Some(0));
        }
    }

    /// How many partitions there are.
    pub(crate) fn count(&self) -> i32 {
        self.count
    }

    /// The partition for a record: the one it names, else by its key, else as the partitioning says.
    #[inline]
    pub(crate) fn choose(&self, record: &Record<'_>) -> Choice {
        let fixed = |partition| Choice { partition, is_sticky: false };
        if let Some(partition) = record.partition {
            return fixed(partition);
        }
        let by_key = |key| fixed(murmur2::partition_for_key(key, self.count));
        let key = if self.ignore_keys { None } else { record.key_bytes() };
        match (&self.partitioning, key) {
            (Partitioning::Default | Partitioning::RoundRobinKeyed, Some(key)) => by_key(key),
            (Partitioning::Default, None) => {
                Choice { partition: self.state.sticky.load(Ordering::Acquire), is_sticky: true }
            }
            (Partitioning::RoundRobin | Partitioning::RoundRobinKeyed, _) => fixed(self.next_in_turn()),
            (Partitioning::Own(own), _) => {
                let partitions = Partitions { count: self.count, available: &self.available };
                fixed(own.partition(record, &partitions))
            }
        }
    }

    fn next_in_turn(&self) -> i32 {
        let turn = self.state.turn.fetch_add(1, Ordering::Relaxed) as usize;
        match self.available.len() {
            0 => (turn % self.count.max(1) as usize) as i32,
            some => self.available[turn % some],
        }
    }

    /// Whether this is still where records without a key go.
    #[inline]
    pub(crate) fn is_sticky(&self, partition: i32) -> bool {
        self.state.sticky.load(Ordering::Acquire) == partition
    }

    /// Sends records without a key elsewhere from now on; it may be the same partition again.
    #[cold]
    pub(crate) fn move_on(&self, from: i32, load: Load<'_>) {
        let mut random = Random::new(self.state.random.fetch_add(Random::STEP, Ordering::Relaxed));
        let by_load = if self.is_adaptive { self.by_load(&mut random, load) } else { None };
        let next = by_load.unwrap_or_else(|| match self.available.len() {
            0 => random.below(self.count.max(1) as usize) as i32,
            some => self.available[random.below(some)],
        });
        // Another task may have been first.
        let _ = self.state.sticky.compare_exchange(from, next, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// One of the partitions that take batches, the likelier the fewer of its batches wait: with one more than the longest
    /// queue as the measure, one that is as long as that has a chance too.
    fn by_load(&self, random: &mut Random, load: Load<'_>) -> Option<i32> {
        let candidates: Vec<(i32, u32)> =
            self.available.iter().filter_map(|&index| Some((index, load(index)?))).collect();
        if candidates.len() < 2 {
            return None;
        }
        let longest = candidates.iter().map(|&(_, waiting)| waiting).max()?;
        let weight = |waiting: u32| (longest + 1 - waiting) as usize;
        let total: usize = candidates.iter().map(|&(_, waiting)| weight(waiting)).sum();
        let mut drawn = random.below(total);
        let chosen = candidates.iter().find(|&&(_, waiting)| match drawn.checked_sub(weight(waiting)) {
            Some(rest) => {
                drawn = rest;
                false
            }
            None => true,
        });
        chosen.map(|&(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProducerConfig;

    fn with(config: impl FnOnce(ProducerConfig) -> ProducerConfig) -> Partitioner {
        let settings = config(ProducerConfig::new(["h:1"])).build().unwrap();
        let mut partitioner = Partitioner::new(&settings, 7);
        partitioner.update(6, vec![0, 2, 4]);
        partitioner
    }

    fn partitioner(partitioning: Partitioning) -> Partitioner {
        with(|config| config.partitioner(partitioning))
    }

    fn keyed(key: &str) -> Record<'_> {
        Record::to("t").key(key)
    }

    const NO_LOAD: Load<'static> = &|_| Some(0);

    #[test]
    fn a_named_partition_wins_over_everything() {
        let own = Partitioning::Own(Arc::new(|_: &Record<'_>, _: &Partitions<'_>| 3));
        for partitioning in
            [Partitioning::Default, Partitioning::RoundRobin, Partitioning::RoundRobinKeyed, own]
        {
            let choice = partitioner(partitioning).choose(&keyed("key").partition(5));
            assert_eq!(choice, Choice { partition: 5, is_sticky: false });
        }
    }

    #[test]
    fn a_key_is_hashed_over_all_partitions_even_those_without_a_leader() {
        for partitioning in [Partitioning::Default, Partitioning::RoundRobinKeyed] {
            let partitioner = partitioner(partitioning);
            // The positive hashes of the keys, modulo six.
            for (key, hash) in [("abcd", 823_834_100), ("", 275_646_681), ("abcdef", 1_870_650_108)] {
                let expected = Choice { partition: hash % 6, is_sticky: false };
                assert_eq!(partitioner.choose(&keyed(key)), expected, "{key}");
            }
        }
    }

    #[test]
    fn without_a_key_one_partition_with_a_leader_is_kept_until_it_is_left() {
        for adaptive in [false, true] {
            let partitioner = with(|config| config.adaptive_partitioning(adaptive));
            let mut seen = [0; 6];
            for _ in 0..300 {
                let first = partitioner.choose(&Record::to("t"));
                assert!(first.is_sticky && partitioner.is_sticky(first.partition));
                assert_eq!(partitioner.choose(&Record::to("t")), first);
                seen[first.partition as usize] += 1;
                partitioner.move_on(first.partition, NO_LOAD);
            }
            assert!([0, 2, 4].iter().all(|&partition| seen[partition] > 60), "{seen:?}");
            assert_eq!(seen[1] + seen[3] + seen[5], 0);
        }
    }

    /// How often each partition comes with these loads, of 4000 moves.
    fn shares(partitioner: &Partitioner, load: Load<'_>) -> [usize; 6] {
        let mut seen = [0; 6];
        for _ in 0..4000 {
            let from = partitioner.choose(&Record::to("t")).partition;
            partitioner.move_on(from, load);
            seen[partitioner.choose(&Record::to("t")).partition as usize] += 1;
        }
        seen
    }

    #[test]
    fn partitions_whose_batches_wait_come_more_rarely_and_those_of_a_stuck_broker_not_at_all() {
        let adaptive = partitioner(Partitioning::Default);
        // Queues of 0, 3 and 1 weigh 4, 1 and 3 of 8.
        let waiting = |index: i32| Some([0, 9, 3, 9, 1, 9][index as usize]);
        let seen = shares(&adaptive, &waiting);
        for (index, expected) in [(0, 2000_usize), (2, 500), (4, 1500)] {
            assert!(seen[index].abs_diff(expected) < 200, "{seen:?}");
        }
        let seen = shares(&adaptive, &|index| (index != 2).then_some(0));
        assert!(seen[2] == 0 && seen[0] > 1800 && seen[4] > 1800, "{seen:?}");
        // With fewer than two left there is nothing to weigh: all are drawn from.
        let seen = shares(&adaptive, &|index| (index == 2).then_some(0));
        assert!([0, 2, 4].iter().all(|&index| seen[index] > 1100), "{seen:?}");

        let uniform = with(|config| config.adaptive_partitioning(false));
        let seen = shares(&uniform, &waiting);
        assert!([0, 2, 4].iter().all(|&index| seen[index] > 1100), "{seen:?}");
    }

    #[test]
    fn the_sticky_partition_moves_when_it_loses_its_leader() {
        let mut partitioner = partitioner(Partitioning::Default);
        let sticky = partitioner.choose(&Record::to("t")).partition;
        partitioner.update(6, vec![(sticky + 1) % 6]);
        assert_eq!(partitioner.choose(&Record::to("t")).partition, (sticky + 1) % 6);
    }

    #[test]
    fn keys_can_be_ignored() {
        assert!(with(|config| config.ignore_keys(true)).choose(&keyed("key")).is_sticky);
    }

    #[test]
    fn round_robin_takes_the_partitions_with_a_leader_in_turn_whatever_the_key() {
        let partitioner = partitioner(Partitioning::RoundRobin);
        let turns = [0; 4].map(|_| partitioner.choose(&keyed("key")).partition);
        assert_eq!(turns, [0, 2, 4, 0]);
    }

    #[test]
    fn the_keyed_round_robin_rotates_only_what_has_no_key() {
        let partitioner = partitioner(Partitioning::RoundRobinKeyed);
        let turns = [None, Some("abcd"), None, Some("abcd"), None]
            .map(|key| partitioner.choose(&Record::to("t").key(key)).partition);
        assert_eq!(turns, [0, 823_834_100 % 6, 2, 823_834_100 % 6, 4]);
    }

    #[test]
    fn the_users_own_choice_sees_the_record_and_the_partitions() {
        let own = |record: &Record<'_>, partitions: &Partitions<'_>| match record.key_bytes() {
            Some(b"boss") => 0,
            _ => partitions.available()[1] + partitions.count(),
        };
        let partitioner = partitioner(Partitioning::Own(Arc::new(own)));
        assert_eq!(partitioner.choose(&keyed("boss")).partition, 0);
        assert_eq!(partitioner.choose(&keyed("other")).partition, 8);
    }

    #[test]
    fn of_6_partitions_to_12_half_of_the_keys_move_and_those_to_the_partition_6_further() {
        let mut partitioner = partitioner(Partitioning::Default);
        let keys: Vec<String> = (0..6000).map(|number| format!("customer-{number}")).collect();
        let places = |partitioner: &Partitioner| -> Vec<i32> {
            keys.iter().map(|key| partitioner.choose(&keyed(key)).partition).collect()
        };
        let before = places(&partitioner);
        partitioner.update(12, (0..12).collect());
        let after = places(&partitioner);
        let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        assert!((2850..3150).contains(&moved), "{moved} of 6000");
        assert!(before.iter().zip(&after).all(|(before, after)| after % 6 == *before));
    }
}
