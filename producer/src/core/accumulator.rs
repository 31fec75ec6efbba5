//! Records to batches: the part of the core that all sending tasks share.
//!
//! `send` finds the topic, chooses a partition, takes that partition's lock and writes the record into the open
//! batch. A record costs no allocation, no clock and no wake-up; those come with a batch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use protocol::names::{Timestamp, TopicName};
use protocol::records::{self, BatchOptions};

use super::batch::{Batch, OpenBatch};
use super::ledger::{Ledger, NoGrant, Parked, Urgency};
use super::lock;
use super::partitioner::Partitioner;
use super::receipt::{Callback, Cell, Delivery, Ticket};
use crate::config::Settings;
use crate::error::{Refusal, SendError};
use crate::record::Record;

/// The open batches of all partitions, and what it takes to open one.
#[derive(Debug)]
pub(crate) struct Accumulator {
    topics: RwLock<BTreeMap<TopicName, Topic>>,
    pub(crate) ledger: Arc<Ledger>,
    /// The time when the core last ran or a batch was opened: what records without a time of their own get.
    clock: AtomicI64,
    options: BatchOptions,
    batch_size: usize,
    max_record: (usize, &'static str),
}

/// A topic whose partitions are known.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) partitioner: Partitioner,
    pub(crate) partitions: Vec<Arc<Partition>>,
    /// The version of the metadata that it is from.
    pub(crate) version: u64,
}

/// The sending tasks' side of a partition.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) topic: TopicName,
    pub(crate) index: i32,
    /// Its place in the core's list.
    pub(crate) slot: usize,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    full: VecDeque<OpenBatch>,
    open: Option<OpenBatch>,
    /// Bytes since the partition became the sticky one.
    sticky_bytes: usize,
}

/// Why a record cannot go into a batch now.
#[derive(Debug)]
enum Obstacle {
    /// Neither now nor later.
    Refused(SendError),
    /// Not before the metadata is newer than this version; `Some` for a partition that is not there.
    Metadata { seen: u64, partitions: Option<i32> },
    /// Not before there is memory.
    Memory,
}

impl From<SendError> for Obstacle {
    fn from(error: SendError) -> Self {
        Self::Refused(error)
    }
}

/// What is to be sent of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Nothing,
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
            topics: RwLock::default(),
            ledger: Arc::new(Ledger::new(settings.buffer_memory, settings.batch_size)),
            clock: AtomicI64::new(now.0),
            options,
            batch_size: settings.batch_size,
            max_record: limits.into_iter().min().unwrap_or_default(),
        }
    }

    /// Takes a record: into a batch, or into the queue of those that wait for room or their topic.
    ///
    /// `clock` is asked when a batch opens.
    pub(crate) fn send(
        &self,
        record: Record<'_>,
        mut callback: Option<Callback>,
        clock: &dyn Fn() -> Timestamp,
    ) -> Result<Delivery, SendError> {
        let obstacle = match self.append(&record, &mut callback, clock, true) {
            Ok(delivery) => return Ok(delivery),
            Err(obstacle) => obstacle,
        };
        let seen = match obstacle {
            Obstacle::Refused(error) => return Err(error),
            Obstacle::Metadata { seen, .. } => seen,
            Obstacle::Memory => 0,
        };
        if let Some(rule) = TopicName::fault(&record.topic) {
            return Err(SendError::invalid("topic", &record.topic, rule));
        }
        let ticket = Ticket::new();
        self.ledger.park(Parked {
            record: record.into_owned(),
            callback,
            ticket: Arc::clone(&ticket),
            since: clock(),
            seen,
            waits_since: None,
            for_memory: matches!(obstacle, Obstacle::Memory),
        })?;
        Ok(Delivery::parked(ticket))
    }

    #[inline]
    fn append(
        &self,
        record: &Record<'_>,
        callback: &mut Option<Callback>,
        clock: &dyn Fn() -> Timestamp,
        is_newcomer: bool,
    ) -> Result<Delivery, Obstacle> {
        let bytes =
            records::record_size_upper_bound(record.key_bytes(), record.value_bytes(), record.headers());
        let (limit, setting) = self.max_record;
        if bytes > limit {
            return Err(SendError::from(Refusal::TooLarge { size: bytes, limit, setting }).into());
        }
        let topics = self.topics();
        let Some(topic) = topics.get(&*record.topic) else {
            return Err(Obstacle::Metadata { seen: 0, partitions: None });
        };
        loop {
            let choice = topic.partitioner.choose(record.partition, record.key_bytes());
            let Some(partition) =
                usize::try_from(choice.partition).ok().and_then(|at| topic.partitions.get(at))
            else {
                return Err(topic.lacks(choice.partition)?);
            };
            let mut queue = lock(&partition.queue);
            if choice.is_sticky && !topic.partitioner.is_sticky(choice.partition) {
                continue;
            }
            let mut timestamp = record.timestamp.unwrap_or_else(|| self.clock.load(Ordering::Relaxed));
            if timestamp < 0 {
                return Err(SendError::invalid("timestamp", timestamp, "is 0 or more").into());
            }
            if let Some(open) = &queue.open
                && !open.has_room_for(self.batch_size, record, timestamp)
            {
                // Closed, so that no smaller record slips in before this one.
                let full = queue.open.take();
                queue.full.extend(full);
                if choice.is_sticky {
                    queue.sticky_bytes = 0;
                    topic.partitioner.move_on(choice.partition);
                    self.ledger.touch(partition.slot);
                    continue;
                }
            }
            if queue.open.is_none() {
                let grant =
                    self.ledger.open(partition.slot, bytes, is_newcomer).map_err(|reason| match reason {
                        NoGrant::Full => Obstacle::Memory,
                        NoGrant::Closed => Obstacle::Refused(SendError::Closed),
                    })?;
                let now = clock();
                self.set_clock(now);
                timestamp = record.timestamp.unwrap_or(now.0);
                let cell = Cell::new(partition.topic.clone(), partition.index);
                queue.open = Some(OpenBatch::new(grant, self.options, cell, now));
            }
            return self.write(topic, partition, &mut queue, record, timestamp, callback, choice.is_sticky);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the end of `append`, apart to be read alone")]
    #[inline]
    fn write(
        &self,
        topic: &Topic,
        partition: &Partition,
        queue: &mut Queue,
        record: &Record<'_>,
        timestamp: i64,
        callback: &mut Option<Callback>,
        is_sticky: bool,
    ) -> Result<Delivery, Obstacle> {
        let Some(open) = &mut queue.open else { return Err(Obstacle::Memory) };
        let before = open.written_bytes();
        let delivery = open
            .append(record, timestamp, callback)
            .map_err(|error| SendError::invalid("record", &record.topic, error.to_string()))?;
        let written = open.written_bytes() - before;
        let is_full = open.is_full(self.batch_size);
        if is_full {
            let full = queue.open.take();
            queue.full.extend(full);
            self.ledger.touch(partition.slot);
        }
        if is_sticky {
            queue.sticky_bytes += written;
            let share = self.batch_size.max(1);
            if queue.sticky_bytes >= share * 2 || (is_full && queue.sticky_bytes >= share) {
                queue.sticky_bytes = 0;
                topic.partitioner.move_on(partition.index);
            }
        }
        Ok(delivery)
    }

    /// Tries again what waits, in order, `metadata_version` being what is known. `give_up` says why a record is to wait no longer; the topics that the others
    /// wait for come back.
    pub(crate) fn admit(
        &self,
        now: Timestamp,
        metadata_version: u64,
        mut give_up: impl FnMut(&Parked) -> Option<SendError>,
    ) -> BTreeMap<TopicName, u64> {
        let mut waiting = VecDeque::new();
        let mut wanted = BTreeMap::new();
        let mut memory_is_short = false;
        for mut parked in self.ledger.take_parked() {
            if parked.ticket.is_cancelled() {
                continue;
            }
            let outcome = match parked.for_memory && memory_is_short {
                true => Err(Obstacle::Memory),
                false => self.append(&parked.record, &mut parked.callback, &|| now, false),
            };
            parked.for_memory = matches!(outcome, Err(Obstacle::Memory));
            memory_is_short |= parked.for_memory;
            let outcome = match outcome {
                Ok(delivery) => Some(Ok(delivery)),
                Err(Obstacle::Refused(error)) => Some(Err(error)),
                Err(Obstacle::Metadata { seen, partitions: Some(count) }) if seen > parked.seen => {
                    let partition = parked.record.partition.unwrap_or_default();
                    let rule = format!("topic {} has the partitions 0 to {}", parked.record.topic, count - 1);
                    Some(Err(SendError::invalid("partition", partition, rule)))
                }
                Err(_) => give_up(&parked).map(Err),
            };
            match outcome {
                Some(outcome) => parked.ticket.resolve(outcome),
                None => {
                    let since = *parked.waits_since.get_or_insert(metadata_version);
                    if !parked.for_memory {
                        let seen = wanted.entry(TopicName::from(&*parked.record.topic)).or_insert(0);
                        *seen = parked.seen.max(since).max(*seen);
                    }
                    waiting.push_back(parked);
                }
            }
        }
        self.ledger.put_back(waiting);
        wanted
    }

    /// Refuses everything that waits.
    pub(crate) fn refuse_parked(&self, error: &SendError) {
        for parked in self.ledger.take_parked() {
            parked.ticket.resolve(Err(error.clone()));
        }
    }

    pub(crate) fn set_clock(&self, now: Timestamp) {
        self.clock.store(now.0, Ordering::Relaxed);
    }

    pub(crate) fn options(&self) -> BatchOptions {
        self.options
    }

    fn topics(&self) -> RwLockReadGuard<'_, BTreeMap<TopicName, Topic>> {
        self.topics.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a topic, or adds it.
    pub(crate) fn update_topic(
        &self,
        name: &TopicName,
        new: impl FnOnce() -> Partitioner,
        change: impl FnOnce(&mut Topic),
    ) {
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        let topic = topics.entry(name.clone()).or_insert_with(|| Topic {
            partitioner: new(),
            partitions: Vec::new(),
            version: 0,
        });
        change(topic);
    }
}

impl Topic {
    /// What it means that there is no such partition: refused at once if it cannot be one, else perhaps not yet.
    #[cold]
    fn lacks(&self, partition: i32) -> Result<Obstacle, SendError> {
        if partition < 0 {
            return Err(SendError::invalid("partition", partition, "is 0 or more"));
        }
        Ok(Obstacle::Metadata { seen: self.version, partitions: Some(self.partitioner.count()) })
    }
}

impl Partition {
    pub(crate) fn new(topic: TopicName, index: i32, slot: usize) -> Arc<Self> {
        Arc::new(Self { topic, index, slot, queue: Mutex::default() })
    }

    /// Whether there is a batch to be sent.
    pub(crate) fn readiness(
        &self,
        now: Timestamp,
        linger: std::time::Duration,
        urgency: Urgency,
    ) -> Readiness {
        let queue = lock(&self.queue);
        match &queue.open {
            _ if !queue.full.is_empty() => Readiness::Now,
            None => Readiness::Nothing,
            Some(open) if urgency.concerns(open.generation) || open.created + linger <= now => Readiness::Now,
            Some(open) => Readiness::At(open.created + linger),
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

    /// Takes the oldest batch, closed.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut queue = lock(&self.queue);
        let batch = queue.full.pop_front().or_else(|| queue.open.take())?;
        Some(batch.close())
    }
}
