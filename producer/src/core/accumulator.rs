//! Records to batches: the part of the core that all sending tasks share.
//!
//! `send` finds the topic, chooses a partition, takes that partition's lock and writes the record into the open
//! batch. A record costs no allocation, no clock and no wake-up; those come with a batch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::names::{Timestamp, TopicName};
use protocol::records::{self, BatchOptions};

use super::batch::{Batch, OpenBatch};
use super::ledger::{Ledger, NoGrant, Urgency};
use super::lock;
use super::parking::{Parked, Wait};
use super::receipt::{Callback, Cell, Delivery, Entry, Ticket};
use super::topics::{Topic, Topics};
use crate::config::Settings;
use crate::error::{Failed, Refusal, SendError};
use crate::record::Record;

/// The open batches of all partitions, and what it takes to open one.
#[derive(Debug)]
pub(crate) struct Accumulator {
    topics: Topics,
    pub(crate) ledger: Arc<Ledger>,
    /// The time when the core last ran or a batch was opened: what records without a time of their own get.
    clock: AtomicI64,
    options: BatchOptions,
    batch_size: usize,
    max_record: (usize, &'static str),
}

/// The sending tasks' side of a partition.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) topic: TopicName,
    pub(crate) index: i32,
    /// Its place in the core's list.
    pub(crate) slot: usize,
    queue: Mutex<Queue>,
    /// How many batches wait to be sent, first or again.
    waiting: AtomicU32,
    /// Whether its broker has taken no batches for longer than `partitioner.availability.timeout.ms`.
    is_stuck: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    full: VecDeque<OpenBatch>,
    open: Option<OpenBatch>,
    /// Bytes since the partition became the sticky one.
    sticky_bytes: usize,
    /// Whether the core knows it no more: its topic was not sent to for long.
    is_retired: bool,
}

/// Why a record cannot go into a batch now.
#[derive(Debug)]
enum Obstacle {
    /// Neither now nor later.
    Refused(SendError),
    /// Not before its topic is known.
    Topic,
    /// Not before the topic has so many partitions, and the metadata is newer than this version.
    Partition { index: i32, partitions: i32, seen: u64 },
    /// Not before there is memory.
    Memory,
    /// Not before an earlier record that waits for this.
    Behind(Wait),
}

impl Obstacle {
    /// What the record has to wait for, and the version of the metadata that is not enough, if it is another than the
    /// newest.
    fn wait(self, topic: &str) -> Result<(Wait, u64), SendError> {
        Ok(match self {
            Self::Refused(error) => return Err(error),
            Self::Topic => (Wait::Topic(topic.into()), 0),
            Self::Partition { index, seen, .. } => (Wait::Partition(topic.into(), index), seen),
            Self::Memory => (Wait::Memory, 0),
            Self::Behind(wait) => (wait, 0),
        })
    }
}

impl From<SendError> for Box<Obstacle> {
    #[cold]
    fn from(error: SendError) -> Self {
        Self::new(Obstacle::Refused(error))
    }
}

impl Obstacle {
    #[cold]
    fn boxed(self) -> Box<Self> {
        Box::new(self)
    }
}

/// A record on its way into a batch.
struct Attempt<'a, 'r> {
    record: &'a Record<'r>,
    callback: &'a mut Option<Callback>,
    clock: &'a dyn Fn() -> Timestamp,
    turn: Turn,
    /// The most bytes that a batch with this record alone takes.
    bytes: usize,
    /// What it got as its time.
    timestamp: i64,
}

impl<'a, 'r> Attempt<'a, 'r> {
    #[inline]
    fn new(
        record: &'a Record<'r>,
        callback: &'a mut Option<Callback>,
        clock: &'a dyn Fn() -> Timestamp,
        turn: Turn,
    ) -> Self {
        Self { record, callback, clock, turn, bytes: upper_bound(record), timestamp: 0 }
    }

    /// The receipt for a record that has its place.
    #[inline]
    fn receipt(&self, Placed { cell, index }: Placed) -> Delivery {
        Delivery::batched(cell, Entry::of(self.record, index, self.timestamp))
    }
}

/// Where a record has its place. It is passed on in registers: the receipt is made of it where the sender wants it.
struct Placed {
    cell: Arc<Cell>,
    index: u32,
}

/// What is to be sent of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Nothing,
    /// It is full, and need wait no longer than this for company in its request.
    Full(Timestamp),
    Now,
    At(Timestamp),
}

impl Accumulator {
    pub(crate) fn new(settings: &Settings, now: Timestamp) -> Self {
        let options = BatchOptions {
            compression: settings.compression,
            level: settings.level,
            ..BatchOptions::default()
        };
        let limits =
            [(settings.max_request_size, "max.request.size"), (settings.buffer_memory, "buffer.memory")];
        Self {
            topics: Topics::new(),
            ledger: Arc::new(Ledger::new(settings.buffer_memory, settings.batch_size, settings.linger)),
            clock: AtomicI64::new(now.0),
            options,
            batch_size: settings.batch_size,
            max_record: limits.into_iter().min().unwrap_or_default(),
        }
    }

    /// Takes a record: into a batch, or into the queue of those that wait for room or their topic.
    ///
    /// `clock` is asked when a batch opens.
    #[inline]
    pub(crate) fn send(
        &self,
        record: Record<'_>,
        mut callback: Option<Callback>,
        clock: &dyn Fn() -> Timestamp,
    ) -> Result<Delivery, Failed> {
        let mut attempt = Attempt::new(&record, &mut callback, clock, Turn::Newcomer);
        match self.append(&mut attempt) {
            Ok(placed) => Ok(attempt.receipt(placed)),
            Err(obstacle) => self.park(record, callback, clock, *obstacle),
        }
    }

    /// Takes a record into a batch, or not at all.
    pub(crate) fn try_send(
        &self,
        record: Record<'_>,
        mut callback: Option<Callback>,
        clock: &dyn Fn() -> Timestamp,
    ) -> Result<Delivery, Failed> {
        let mut attempt = Attempt::new(&record, &mut callback, clock, Turn::Newcomer);
        let obstacle = match self.append(&mut attempt) {
            Ok(placed) => return Ok(attempt.receipt(placed)),
            Err(obstacle) => *obstacle,
        };
        let error = wait_for(obstacle, &record).map_or_else(
            |error| error,
            |(wait, _)| {
                if let Some(topic) = wait.topic() {
                    self.ledger.miss(topic);
                }
                let wait = match wait {
                    Wait::Memory => "room in buffer.memory",
                    Wait::Topic(_) => "the topic's partitions to be learned",
                    Wait::Partition(..) => "a partition that the topic does not have",
                };
                Refusal::NotNow { topic: (&*record.topic).into(), wait }.into()
            },
        );
        Err(Failed::new(error, Some(record.into_owned())))
    }

    #[cold]
    fn park(
        &self,
        record: Record<'_>,
        callback: Option<Callback>,
        clock: &dyn Fn() -> Timestamp,
        obstacle: Obstacle,
    ) -> Result<Delivery, Failed> {
        let bytes = upper_bound(&record);
        let (wait, seen) = match wait_for(obstacle, &record) {
            Ok(wait) => wait,
            Err(error) => return Err(Failed::new(error, Some(record.into_owned()))),
        };
        let ticket = Ticket::new();
        let (record, since) = (record.into_owned(), clock());
        self.ledger
            .park(wait, Parked { record, callback, ticket: Arc::clone(&ticket), since, seen, bytes })?;
        Ok(Delivery::parked(ticket))
    }

    #[inline]
    fn append(&self, attempt: &mut Attempt<'_, '_>) -> Result<Placed, Box<Obstacle>> {
        let (record, bytes) = (attempt.record, attempt.bytes);
        let (limit, setting) = self.max_record;
        if bytes > limit {
            return Err(SendError::from(Refusal::TooLarge { size: bytes, limit, setting }).into());
        }
        if attempt.turn == Turn::Newcomer
            && self.ledger.has_parked()
            && let Some(wait) = self.ledger.behind(&record.topic, record.partition)
        {
            return Err(Obstacle::Behind(wait).boxed());
        }
        self.topics.with(|topics| match topics.get(&record.topic) {
            Some(topic) => self.append_to(topic, attempt),
            None => Err(Obstacle::Topic.boxed()),
        })
    }

    #[inline]
    fn append_to(&self, topic: &Topic, attempt: &mut Attempt<'_, '_>) -> Result<Placed, Box<Obstacle>> {
        let (record, bytes) = (attempt.record, attempt.bytes);
        loop {
            let choice = topic.partitioner.choose(record);
            let Some(partition) =
                usize::try_from(choice.partition).ok().and_then(|at| topic.partitions.get(at))
            else {
                return Err(topic.lacks(choice.partition));
            };
            let mut queue = lock(&partition.queue);
            if choice.is_sticky && !topic.partitioner.is_sticky(choice.partition) {
                continue;
            }
            if queue.is_retired {
                return Err(Obstacle::Topic.boxed());
            }
            let mut timestamp = record.timestamp.unwrap_or_else(|| self.clock.load(Ordering::Relaxed));
            if timestamp < 0 {
                return Err(SendError::invalid("timestamp", timestamp, "is 0 or more").into());
            }
            if let Some(open) = &queue.open
                && !open.has_room_for(self.batch_size, bytes, record, timestamp)
            {
                // Closed, so that no smaller record slips in before this one.
                let size = queue.close_open();
                self.ledger.touch(partition.slot, size);
                if choice.is_sticky {
                    queue.sticky_bytes = 0;
                    topic.move_on(choice.partition);
                    continue;
                }
            }
            if queue.open.is_none() {
                let now = (attempt.clock)();
                let is_newcomer = attempt.turn != Turn::ForMemory;
                let grant = self.ledger.open(partition.slot, bytes, is_newcomer, now);
                let grant = grant.map_err(|reason| match reason {
                    NoGrant::Full => Obstacle::Memory.boxed(),
                    NoGrant::Closed => SendError::Closed.into(),
                })?;
                self.set_clock(now);
                timestamp = record.timestamp.unwrap_or(now.0);
                let cell = Cell::new(partition.topic.clone(), partition.index);
                queue.open = Some(OpenBatch::new(grant, self.options, cell, now));
                partition.count_waiting(1);
            }
            attempt.timestamp = timestamp;
            return self.write(topic, partition, &mut queue, attempt, choice.is_sticky);
        }
    }

    #[inline]
    fn write(
        &self,
        topic: &Topic,
        partition: &Partition,
        queue: &mut Queue,
        attempt: &mut Attempt<'_, '_>,
        is_sticky: bool,
    ) -> Result<Placed, Box<Obstacle>> {
        let Some(open) = &mut queue.open else { return Err(Obstacle::Memory.boxed()) };
        let before = open.written_bytes();
        let record = attempt.record;
        let (cell, index) = open
            .append(record, attempt.timestamp, attempt.callback)
            .map_err(|error| SendError::invalid("record", &record.topic, error.to_string()))?;
        let written = open.written_bytes() - before;
        let is_full = open.is_full(self.batch_size);
        if is_full {
            let size = queue.close_open();
            self.ledger.touch(partition.slot, size);
        }
        if is_sticky {
            queue.sticky_bytes += written;
            let share = self.batch_size.max(1);
            if queue.sticky_bytes >= share * 2 || (is_full && queue.sticky_bytes >= share) {
                queue.sticky_bytes = 0;
                topic.move_on(partition.index);
            }
        }
        Ok(Placed { cell, index })
    }

    /// Tries again those that wait for something that may have come, or that came before `limit`, in order. `give_up`
    /// says why a record is to wait no longer.
    pub(crate) fn admit(
        &self,
        now: Timestamp,
        limit: Timestamp,
        mut give_up: impl FnMut(&Wait, &Parked) -> Option<SendError>,
    ) {
        for wait in self.ledger.take_stirred(limit) {
            while let Some(mut parked) = self.ledger.parking(|parking| parking.first(&wait)) {
                let (topic, bytes) = (TopicName::from(parked.record.topic()), parked.bytes);
                if !parked.ticket.is_cancelled() {
                    let turn = if wait == Wait::Memory { Turn::ForMemory } else { Turn::Other };
                    let clock = || now;
                    let mut attempt = Attempt::new(&parked.record, &mut parked.callback, &clock, turn);
                    match self.append(&mut attempt).map(|placed| attempt.receipt(placed)) {
                        Ok(delivery) => parked.ticket.resolve(Ok(delivery)),
                        Err(obstacle) => match self.keep_waiting(&wait, parked, *obstacle, &mut give_up) {
                            Kept::Here => break,
                            Kept::Elsewhere => continue,
                            Kept::No => {}
                        },
                    }
                }
                self.ledger.parking(|parking| parking.leave(&wait, &topic, bytes));
            }
        }
    }

    /// Lets the first of a queue wait on, in this queue or another, unless there is no use.
    fn keep_waiting(
        &self,
        wait: &Wait,
        parked: Parked,
        obstacle: Obstacle,
        give_up: &mut impl FnMut(&Wait, &Parked) -> Option<SendError>,
    ) -> Kept {
        let refuse = |parked: Parked, error| {
            parked.refuse(error);
            Kept::No
        };
        if let Obstacle::Partition { index, partitions, seen } = obstacle
            && seen > parked.seen
        {
            let rule = format!("topic {} has the partitions 0 to {}", parked.record.topic, partitions - 1);
            return refuse(parked, SendError::invalid("partition", index, rule));
        }
        let next = match obstacle.wait(&parked.record.topic) {
            Ok((next, _)) => next,
            Err(error) => return refuse(parked, error),
        };
        if let Some(error) = give_up(&next, &parked) {
            return refuse(parked, error);
        }
        if next == *wait {
            self.ledger.parking(|parking| parking.put_back(wait, parked));
            return Kept::Here;
        }
        self.ledger.parking(|parking| parking.pass_on(wait, next, parked));
        Kept::Elsewhere
    }

    /// Refuses everything that waits.
    pub(crate) fn refuse_parked(&self, error: &SendError) {
        for parked in self.ledger.parking(super::parking::Parking::take_all) {
            parked.refuse(error.clone());
        }
    }

    pub(crate) fn set_clock(&self, now: Timestamp) {
        self.clock.store(now.0, Ordering::Relaxed);
    }

    pub(crate) fn options(&self) -> BatchOptions {
        self.options
    }

    /// The partitions of a topic, as far as records can go there.
    pub(crate) fn partitions(&self, topic: &str) -> Vec<Arc<Partition>> {
        self.topics.with(|topics| topics.get(topic).map_or_else(Vec::new, |topic| topic.partitions.clone()))
    }

    /// Changes what records can go to.
    pub(crate) fn update_topics(&self, change: impl FnOnce(&mut BTreeMap<TopicName, Arc<Topic>>)) {
        self.topics.change(change);
    }
}

/// What a record has to wait for, and the version of the metadata that is not enough, if it is another than the newest.
fn wait_for(obstacle: Obstacle, record: &Record<'_>) -> Result<(Wait, u64), SendError> {
    let wait = obstacle.wait(&record.topic)?;
    match TopicName::fault(&record.topic) {
        Some(rule) => Err(SendError::invalid("topic", &record.topic, rule)),
        None => Ok(wait),
    }
}

/// Who wants a record appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// One who has not waited: it is not to go before those who do.
    Newcomer,
    /// The first of those who wait for memory.
    ForMemory,
    /// The first of those who wait for something else; for memory others may have come before.
    Other,
}

/// What has become of a record that could not be appended.
enum Kept {
    Here,
    Elsewhere,
    /// Its sender has been told why not.
    No,
}

/// The most bytes that a batch with this record alone takes.
#[inline]
fn upper_bound(record: &Record<'_>) -> usize {
    records::record_size_upper_bound(record.key_bytes(), record.value_bytes(), record.headers())
}

impl Topic {
    /// Lets records without a key go to another partition.
    fn move_on(&self, from: i32) {
        self.partitioner.move_on(from, &|index| self.partitions.get(index as usize)?.load());
    }

    /// What it means that there is no such partition: refused at once if it cannot be one, else perhaps not yet.
    #[cold]
    fn lacks(&self, partition: i32) -> Box<Obstacle> {
        if partition < 0 {
            return SendError::invalid("partition", partition, "is 0 or more").into();
        }
        let partitions = self.partitioner.count();
        Obstacle::Partition { index: partition, partitions, seen: self.version }.boxed()
    }
}

impl Queue {
    /// Lets no more records into the open batch; its bytes.
    fn close_open(&mut self) -> usize {
        let size = self.open.as_ref().map_or(0, OpenBatch::written_bytes);
        let full = self.open.take();
        self.full.extend(full);
        size
    }
}

impl Partition {
    pub(crate) fn new(topic: TopicName, index: i32, slot: usize) -> Arc<Self> {
        Arc::new(Self {
            topic,
            index,
            slot,
            queue: Mutex::default(),
            waiting: AtomicU32::new(0),
            is_stuck: AtomicBool::new(false),
        })
    }

    /// Whether there is a batch to be sent.
    pub(crate) fn readiness(&self, now: Timestamp, linger: Duration, urgency: Urgency) -> Readiness {
        let queue = lock(&self.queue);
        let Some(oldest) = queue.full.front().or(queue.open.as_ref()) else { return Readiness::Nothing };
        let due = oldest.created + linger;
        if due <= now || urgency.concerns(oldest.generation) {
            return Readiness::Now;
        }
        match queue.full.len() {
            0 => Readiness::At(due),
            1 => Readiness::Full(due),
            // A request takes one batch of a partition: there is no company to wait for.
            _ => Readiness::Now,
        }
    }

    /// Bytes of the batch that would be taken next.
    pub(crate) fn next_size(&self) -> usize {
        let queue = lock(&self.queue);
        queue.full.front().or(queue.open.as_ref()).map_or(0, OpenBatch::written_bytes)
    }

    /// When the oldest batch was opened.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        let queue = lock(&self.queue);
        queue.full.front().or(queue.open.as_ref()).map(|batch| batch.created)
    }

    /// Takes no more records, unless some are there; whether that is so now.
    pub(crate) fn retire(&self) -> bool {
        let mut queue = lock(&self.queue);
        queue.is_retired = queue.full.is_empty() && queue.open.is_none();
        queue.is_retired
    }

    /// Takes records again.
    pub(crate) fn revive(&self) {
        lock(&self.queue).is_retired = false;
    }

    /// Takes the oldest batch, closed.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut queue = lock(&self.queue);
        let batch = queue.full.pop_front().or_else(|| queue.open.take())?;
        self.count_waiting(-1);
        Some(batch.close())
    }

    /// Counts batches that wait to be sent.
    pub(crate) fn count_waiting(&self, change: i32) {
        self.waiting.fetch_add(change as u32, Ordering::Relaxed);
    }

    /// Notes whether its broker takes batches.
    pub(crate) fn set_stuck(&self, is_stuck: bool) {
        self.is_stuck.store(is_stuck, Ordering::Relaxed);
    }

    /// How many batches wait; `None` if its broker takes none.
    fn load(&self) -> Option<u32> {
        (!self.is_stuck.load(Ordering::Relaxed)).then(|| self.waiting.load(Ordering::Relaxed))
    }
}
