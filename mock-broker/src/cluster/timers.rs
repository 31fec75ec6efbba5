//! What is to happen at a given time, unless it is called off before.

use std::collections::{BTreeMap, BTreeSet};

use protocol::names::Timestamp;

/// Timers by key: a key is set at most once, and setting it again moves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timers<K> {
    by_time: BTreeSet<(Timestamp, K)>,
    by_key: BTreeMap<K, Timestamp>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { by_time: BTreeSet::new(), by_key: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Timers<K> {
    pub(crate) fn set(&mut self, key: K, at: Timestamp) {
        self.cancel(&key);
        self.by_time.insert((at, key.clone()));
        self.by_key.insert(key, at);
    }

    pub(crate) fn cancel(&mut self, key: &K) {
        if let Some(at) = self.by_key.remove(key) {
            self.by_time.remove(&(at, key.clone()));
        }
    }

    /// Takes the earliest timer whose time has come.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<K> {
        let (at, _) = self.by_time.first()?;
        if *at > now {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    /// When the earliest is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_in_the_order_of_their_times_and_once() {
        let mut timers = Timers::default();
        timers.set("late", Timestamp(30));
        timers.set("early", Timestamp(10));
        timers.set("moved", Timestamp(5));
        timers.set("moved", Timestamp(20));
        timers.set("gone", Timestamp(1));
        timers.cancel(&"gone");
        assert_eq!(timers.next(), Some(Timestamp(10)));
        assert_eq!(timers.take_due(Timestamp(9)), None);
        assert_eq!(timers.take_due(Timestamp(25)), Some("early"));
        assert_eq!(timers.take_due(Timestamp(25)), Some("moved"));
        assert_eq!(timers.take_due(Timestamp(25)), None);
        assert_eq!(timers.next(), Some(Timestamp(30)));
    }
}
