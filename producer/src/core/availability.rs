//! Which brokers have taken no batches for long, so that records without a key go elsewhere (KIP-794).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::names::{BrokerId, Timestamp};

#[derive(Debug)]
pub(crate) struct Availability {
    /// Zero is that nobody asks.
    timeout: Duration,
    /// Of each broker that has had a batch waiting: when it last could take one.
    took_at: BTreeMap<BrokerId, Timestamp>,
    stuck: BTreeSet<BrokerId>,
}

impl Availability {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, took_at: BTreeMap::new(), stuck: BTreeSet::new() }
    }

    /// A batch waits for this broker, and it can take it or not; whether it counts as stuck from now on, if that changes.
    pub(crate) fn saw(&mut self, broker: BrokerId, can_take: bool, now: Timestamp) -> Option<bool> {
        if self.timeout.is_zero() {
            return None;
        }
        let took_at = self.took_at.entry(broker).or_insert(now);
        if can_take {
            *took_at = now;
        }
        let is_stuck = now.saturating_since(*took_at) > self.timeout;
        let is_news = if is_stuck { self.stuck.insert(broker) } else { self.stuck.remove(&broker) };
        is_news.then_some(is_stuck)
    }

    pub(crate) fn is_stuck(&self, broker: BrokerId) -> bool {
        self.stuck.contains(&broker)
    }

    /// Forgets brokers that the cluster has no more.
    pub(crate) fn keep(&mut self, is_known: impl Fn(BrokerId) -> bool) {
        self.took_at.retain(|&broker, _| is_known(broker));
        self.stuck.retain(|&broker| is_known(broker));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_stuck_while_it_has_taken_nothing_for_longer_than_the_timeout() {
        let mut availability = Availability::new(Duration::from_millis(100));
        let broker = BrokerId(1);
        for (time, can_take, expected) in [
            (1000, false, None),
            (1100, false, None),
            (1101, false, Some(true)),
            (1200, false, None),
            (1300, true, Some(false)),
            (1400, false, None),
            (1401, false, Some(true)),
        ] {
            assert_eq!(availability.saw(broker, can_take, Timestamp(time)), expected, "at {time}");
        }
        availability.keep(|_| false);
        assert!(!availability.is_stuck(broker));
    }

    #[test]
    fn without_a_timeout_no_broker_is_ever_stuck() {
        let mut availability = Availability::new(Duration::ZERO);
        for time in [0, 1_000_000] {
            assert_eq!(availability.saw(BrokerId(1), false, Timestamp(time)), None);
        }
    }
}
