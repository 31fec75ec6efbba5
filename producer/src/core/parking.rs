//! Records that have no place in a batch yet, each behind those that wait for the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use protocol::names::{Timestamp, TopicName};

use super::receipt::{Callback, Delivery, Ticket};
use crate::error::{Failed, SendError};
use crate::record::Record;

/// What a record waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wait {
    /// Room in `buffer.memory`.
    Memory,
    /// The partitions of its topic.
    Topic(TopicName),
    /// A partition that its topic does not have, or not yet.
    Partition(TopicName, i32),
}

impl Wait {
    pub(crate) fn topic(&self) -> Option<&TopicName> {
        match self {
            Self::Memory => None,
            Self::Topic(topic) | Self::Partition(topic, _) => Some(topic),
        }
    }
}

/// A record that waits for room or for its topic.
pub(crate) struct Parked {
    pub(crate) record: Record<'static>,
    pub(crate) callback: Option<Callback>,
    pub(crate) ticket: Arc<Ticket<Delivery, Failed>>,
    pub(crate) since: Timestamp,
    /// The version of the metadata that did not know the topic or partition: only a later one is about it.
    pub(crate) seen: u64,
    /// Bytes that it takes.
    pub(crate) bytes: usize,
}

impl Parked {
    /// Tells the sender that it was not taken, and gives the record back.
    pub(crate) fn refuse(self, error: SendError) {
        self.ticket.resolve(Err(Failed::new(error, Some(self.record))));
    }
}

impl fmt::Debug for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parked({} since {})", self.record.topic, self.since.0)
    }
}

/// All that wait, in the order in which they came for the same thing.
///
/// One event costs a look at the first of each queue, however many wait behind it.
#[derive(Debug)]
pub(crate) struct Parking {
    queues: BTreeMap<Wait, VecDeque<Parked>>,
    /// Queues whose first record may have got what it waits for.
    stirred: BTreeSet<Wait>,
    /// How many wait for memory, by topic: later records of these topics must not overtake them.
    for_memory: BTreeMap<TopicName, usize>,
    /// Bytes of all.
    bytes: usize,
    limit: usize,
}

impl Parking {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            queues: BTreeMap::new(),
            stirred: BTreeSet::new(),
            for_memory: BTreeMap::new(),
            bytes: 0,
            limit,
        }
    }

    /// The queue that a newcomer has to go to, because an earlier record waits there for the same partition, or may.
    pub(crate) fn behind(&self, topic: &str, partition: Option<i32>) -> Option<Wait> {
        if self.for_memory.contains_key(topic) {
            return Some(Wait::Memory);
        }
        let topic = TopicName::from(topic);
        let queues = [Some(Wait::Topic(topic.clone())), partition.map(|index| Wait::Partition(topic, index))];
        queues.into_iter().flatten().find(|wait| self.queues.contains_key(wait))
    }

    /// Whether there is still room for a record of so many bytes: always for the first.
    pub(crate) fn has_room_for(&self, bytes: usize) -> bool {
        self.bytes == 0 || self.bytes + bytes <= self.limit
    }

    /// Puts a record behind those that wait for the same.
    pub(crate) fn park(&mut self, wait: Wait, parked: Parked) {
        self.bytes += parked.bytes;
        self.stirred.insert(wait.clone());
        self.enqueue(wait, parked);
    }

    fn enqueue(&mut self, wait: Wait, parked: Parked) {
        if wait == Wait::Memory {
            *self.for_memory.entry(TopicName::from(parked.record.topic())).or_default() += 1;
        }
        self.queues.entry(wait).or_default().push_back(parked);
    }

    /// Takes the first of a queue, to try whether it need wait no longer; it counts as waiting until
    /// [`leave`](Self::leave), and its queue is there until then.
    pub(crate) fn first(&mut self, wait: &Wait) -> Option<Parked> {
        self.queues.get_mut(wait)?.pop_front()
    }

    /// Puts the first of a queue back.
    pub(crate) fn put_back(&mut self, wait: &Wait, parked: Parked) {
        self.queues.entry(wait.clone()).or_default().push_front(parked);
    }

    /// Lets the first of one queue wait in another, behind those that are there.
    pub(crate) fn pass_on(&mut self, from: &Wait, to: Wait, parked: Parked) {
        let topic = TopicName::from(parked.record.topic());
        self.stirred.insert(to.clone());
        self.enqueue(to, parked);
        self.forget(from, &topic);
    }

    /// The first of a queue waits no longer.
    pub(crate) fn leave(&mut self, wait: &Wait, topic: &TopicName, bytes: usize) {
        self.bytes -= bytes;
        self.forget(wait, topic);
    }

    fn forget(&mut self, wait: &Wait, topic: &TopicName) {
        if *wait == Wait::Memory
            && let Some(count) = self.for_memory.get_mut(topic)
        {
            *count -= 1;
            if *count == 0 {
                self.for_memory.remove(topic);
            }
        }
        if self.queues.get(wait).is_some_and(VecDeque::is_empty) {
            self.queues.remove(wait);
        }
    }

    /// Notes that those who wait for topics may have got theirs.
    pub(crate) fn stir_topics(&mut self) {
        self.stirred.extend(self.queues.keys().filter(|wait| **wait != Wait::Memory).cloned());
    }

    /// Notes that the time of some may be over.
    pub(crate) fn stir_older_than(&mut self, limit: Timestamp) {
        let old =
            self.queues.iter().filter(|(_, queue)| queue.front().is_some_and(|parked| parked.since <= limit));
        self.stirred.extend(old.map(|(wait, _)| wait.clone()));
    }

    /// The queues to look at.
    pub(crate) fn take_stirred(&mut self) -> BTreeSet<Wait> {
        let mut stirred = std::mem::take(&mut self.stirred);
        if self.waits_for_memory() {
            stirred.insert(Wait::Memory);
        }
        stirred
    }

    pub(crate) fn waits_for_memory(&self) -> bool {
        !self.for_memory.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// When the one came that has waited longest.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.queues.values().filter_map(|queue| queue.front()).map(|parked| parked.since).min()
    }

    /// What metadata is wanted for: each topic, and the newest version that its records know not to be enough.
    pub(crate) fn wanted(&self) -> Vec<(TopicName, u64)> {
        let queues = self.queues.iter().filter_map(|(wait, queue)| Some((wait.topic()?, queue.back()?.seen)));
        queues.map(|(topic, seen)| (topic.clone(), seen)).collect()
    }

    /// Takes all of them.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Parked> + use<> {
        (self.bytes, self.for_memory) = (0, BTreeMap::new());
        std::mem::take(&mut self.queues).into_values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked(since: i64, bytes: usize) -> Parked {
        let (record, since) = (Record::to("t"), Timestamp(since));
        Parked { record, callback: None, ticket: Ticket::new(), since, seen: 1, bytes }
    }

    #[test]
    fn a_queue_is_looked_at_when_something_has_happened_to_it_and_else_not() {
        let (mut parking, topic) = (Parking::new(1000), Wait::Topic("t".into()));
        parking.park(topic.clone(), parked(5, 10));
        parking.park(topic.clone(), parked(6, 10));
        assert_eq!(parking.take_stirred(), BTreeSet::from([topic.clone()]));
        assert_eq!(parking.take_stirred(), BTreeSet::new());
        parking.stir_older_than(Timestamp(4));
        assert_eq!(parking.take_stirred(), BTreeSet::new());
        parking.stir_older_than(Timestamp(5));
        assert_eq!(parking.take_stirred(), BTreeSet::from([topic.clone()]));
        parking.stir_topics();
        assert_eq!(parking.take_stirred(), BTreeSet::from([topic]));
    }

    #[test]
    fn a_record_that_is_being_tried_is_still_in_the_way_of_others() {
        let mut parking = Parking::new(1000);
        parking.park(Wait::Memory, parked(5, 10));
        let first = parking.first(&Wait::Memory).unwrap();
        assert_eq!(parking.behind("t", None), Some(Wait::Memory));
        assert_eq!(parking.behind("u", None), None);
        parking.pass_on(&Wait::Memory, Wait::Topic("t".into()), first);
        assert_eq!(parking.behind("t", Some(3)), Some(Wait::Topic("t".into())));
        parking.first(&Wait::Topic("t".into())).unwrap();
        parking.leave(&Wait::Topic("t".into()), &"t".into(), 10);
        assert_eq!(parking.behind("t", Some(3)), None);
        assert!(parking.is_empty());
    }

    #[test]
    fn there_is_room_for_one_however_large_and_for_more_up_to_the_limit() {
        let mut parking = Parking::new(100);
        assert!(parking.has_room_for(1000));
        parking.park(Wait::Memory, parked(5, 90));
        assert!(parking.has_room_for(10) && !parking.has_room_for(11));
    }
}
