//! The topics that records can go to now, as all sending tasks see them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use protocol::names::TopicName;

use super::accumulator::Partition;
use super::lock;
use super::partitioner::Partitioner;

/// A topic whose partitions are known.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) partitioner: Partitioner,
    pub(crate) partitions: Vec<Arc<Partition>>,
    /// The version of the metadata that it is from.
    pub(crate) version: u64,
}

impl Topic {
    pub(crate) fn new(partitioner: Partitioner) -> Self {
        Self { partitioner, partitions: Vec::new(), version: 0 }
    }
}

/// A state of all topics; it never changes, another takes its place.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    number: u64,
    topics: BTreeMap<TopicName, Arc<Topic>>,
}

impl Snapshot {
    pub(crate) fn get(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name).map(|topic| &**topic)
    }
}

/// The newest state. It is asked for with each record and changes with the metadata, so each thread keeps the one that it
/// saw last and looks only whether its number is still the newest.
#[derive(Debug)]
pub(crate) struct Topics {
    number: AtomicU64,
    newest: Mutex<Arc<Snapshot>>,
}

/// Numbers are never used twice in the process, so that a thread that sends through several producers takes none's state
/// for another's.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// What this thread saw last, of whichever producer. What outlives the producer there is no more than a few hundred
    /// bytes a partition: its batches are gone.
    static SEEN: Cell<Option<Arc<Snapshot>>> = const { Cell::new(None) };
}

impl Topics {
    pub(crate) fn new() -> Self {
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let snapshot = Snapshot { number, topics: BTreeMap::new() };
        Self { number: AtomicU64::new(number), newest: Mutex::new(Arc::new(snapshot)) }
    }

    /// Calls `look` with the newest state.
    #[inline]
    pub(crate) fn with<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        let seen = SEEN.take();
        let snapshot = match seen {
            Some(seen) if seen.number == self.number.load(Ordering::Acquire) => seen,
            _ => Arc::clone(&lock(&self.newest)),
        };
        let outcome = look(&snapshot);
        SEEN.set(Some(snapshot));
        outcome
    }

    /// Puts a new state in the place of the newest.
    pub(crate) fn change(&self, change: impl FnOnce(&mut BTreeMap<TopicName, Arc<Topic>>)) {
        let mut newest = lock(&self.newest);
        let mut topics = newest.topics.clone();
        change(&mut topics);
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        *newest = Arc::new(Snapshot { number, topics });
        self.number.store(number, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(topics: &Topics) -> usize {
        topics.with(|snapshot| snapshot.topics.len())
    }

    fn add(topics: &Topics, name: &str) {
        let settings = crate::ProducerConfig::new(["h:1"]).build().unwrap();
        let partitioner = Partitioner::new(&settings, 7);
        topics.change(|topics| drop(topics.insert(name.into(), Arc::new(Topic::new(partitioner)))));
    }

    #[test]
    fn every_thread_sees_the_newest_state_of_each_producer() {
        let (one, other) = (Topics::new(), Topics::new());
        add(&one, "a");
        assert_eq!((count(&one), count(&other)), (1, 0));
        add(&one, "b");
        add(&other, "c");
        assert_eq!((count(&one), count(&other)), (2, 1));
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!((count(&one), count(&other)), (2, 1)));
        });
    }

    #[test]
    fn looking_may_look_again() {
        let topics = Topics::new();
        assert_eq!(topics.with(|_| count(&topics)), 0);
    }
}
