//! What all partitions share: the memory, who waits for it, and which of them have something new.
//!
//! One lock, taken when a batch opens, fills or ends; never for a record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::names::{Timestamp, TopicName};

use super::lock;
use super::parking::{Parked, Parking, Wait};
use super::receipt::Ticket;
use super::signal::{Rest, Signal};
use crate::error::{Failed, Refusal, SendError};

/// Room in a buffer beyond its batch: the builder asks for the longest length a record can have before it knows it.
const SLACK: usize = 16;

/// How many topics are noted at once that nobody waits for.
const MOST_MISSED: usize = 100;

#[derive(Debug)]
pub(crate) struct Ledger {
    batch_size: usize,
    buffer_memory: usize,
    state: Mutex<State>,
    signal: Signal,
    /// Whether records wait: then newcomers have to look whether they may go before them.
    has_parked: AtomicBool,
    has_missed: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// Bytes of `buffer.memory` that no batch has.
    available: usize,
    /// Buffers of the usual size that were used before.
    spare: Vec<Vec<u8>>,
    parking: Parking,
    /// Topics that somebody would send to who does not wait.
    missed: BTreeSet<TopicName>,
    /// The version of the metadata.
    metadata: u64,
    rest: Rest,
    /// Partitions where a batch opened or filled since the core last asked.
    touched: Vec<usize>,
    /// Counts flushes: a batch belongs to the generation that it was opened in.
    generation: u64,
    /// Batches without an outcome, by generation.
    unfinished: BTreeMap<u64, usize>,
    flushes: Vec<(u64, Arc<Ticket<()>>)>,
    closers: Vec<Arc<Ticket<usize>>>,
    closing: Option<Closing>,
}

#[derive(Clone, Copy, Debug)]
enum Closing {
    /// Asked for; the time is counted from when the core sees it.
    Asked(Duration),
    Until(Timestamp),
    Over {
        lost: usize,
    },
}

/// What a batch gets when it opens.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) buffer: Vec<u8>,
    pub(crate) reserved: usize,
    pub(crate) generation: u64,
}

/// Why a batch cannot open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoGrant {
    Full,
    Closed,
}

impl Ledger {
    pub(crate) fn new(buffer_memory: usize, batch_size: usize, linger: Duration) -> Self {
        let state = State {
            available: buffer_memory,
            spare: Vec::new(),
            parking: Parking::new(buffer_memory),
            missed: BTreeSet::new(),
            metadata: 0,
            rest: Rest::new(linger),
            touched: Vec::new(),
            generation: 0,
            unfinished: BTreeMap::new(),
            flushes: Vec::new(),
            closers: Vec::new(),
            closing: None,
        };
        Self {
            batch_size,
            buffer_memory,
            state: Mutex::new(state),
            signal: Signal::default(),
            has_parked: AtomicBool::new(false),
            has_missed: AtomicBool::new(false),
        }
    }

    /// Reserves memory for a batch of partition `slot` that begins with a record of up to `bytes`.
    ///
    /// A newcomer gets none while others wait for it, so that a small record never overtakes a large one for ever.
    pub(crate) fn open(
        &self,
        slot: usize,
        bytes: usize,
        is_newcomer: bool,
        now: Timestamp,
    ) -> Result<Grant, NoGrant> {
        let reserved = bytes.max(self.batch_size);
        let mut state = lock(&self.state);
        if state.closing.is_some() {
            return Err(NoGrant::Closed);
        }
        let is_passed_over = is_newcomer && state.parking.waits_for_memory();
        if reserved > state.available || is_passed_over {
            return Err(NoGrant::Full);
        }
        state.available -= reserved;
        let buffer = if reserved == self.batch_size { state.spare.pop() } else { None };
        let generation = state.generation;
        *state.unfinished.entry(generation).or_default() += 1;
        state.touched.push(slot);
        let is_news = state.rest.opened(now);
        drop(state);
        if is_news {
            self.signal.raise();
        }
        let buffer = buffer.unwrap_or_else(|| Vec::with_capacity(reserved + SLACK));
        Ok(Grant { buffer, reserved, generation })
    }

    /// Tells the core that a batch of partition `slot` is full.
    pub(crate) fn touch(&self, slot: usize, bytes: usize) {
        let mut state = lock(&self.state);
        state.touched.push(slot);
        if state.rest.filled(bytes) {
            drop(state);
            self.signal.raise();
        }
    }

    pub(crate) fn signal(&self) -> &Signal {
        &self.signal
    }

    pub(crate) fn take_touched(&self) -> Vec<usize> {
        let mut state = lock(&self.state);
        state.rest.looked();
        std::mem::take(&mut state.touched)
    }

    /// The core rests until then, or until so many bytes of full batches are there; whether it must look again first.
    pub(crate) fn rest(&self, until: Timestamp, bytes: usize) {
        if lock(&self.state).rest.begin(until, bytes) {
            self.signal.raise();
        }
    }

    /// Gives memory back, and the buffer if there still is one.
    pub(crate) fn free(&self, reserved: usize, buffer: Vec<u8>) {
        let mut state = lock(&self.state);
        state.available += reserved;
        self.keep(&mut state, buffer);
    }

    /// Takes a buffer that is free, and gives one back in exchange: for compression.
    pub(crate) fn spare(&self) -> Vec<u8> {
        lock(&self.state).spare.pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&self, buffer: Vec<u8>) {
        self.keep(&mut lock(&self.state), buffer);
    }

    fn keep(&self, state: &mut State, buffer: Vec<u8>) {
        let usual = self.batch_size + SLACK;
        // One more than the memory allows can never be asked for; an odd size is not worth keeping.
        if buffer.capacity() == usual && (state.spare.len() + 1) * usual <= state.available {
            state.spare.push(buffer);
        }
    }

    /// Notes that a batch was split into so many.
    pub(crate) fn split(&self, generation: u64, pieces: usize) {
        if let Some(count) = lock(&self.state).unfinished.get_mut(&generation) {
            *count = *count + pieces - 1;
        }
    }

    /// Notes that everyone knows the outcome of a batch.
    pub(crate) fn finish(&self, generation: u64) {
        let mut state = lock(&self.state);
        let State { unfinished, flushes, .. } = &mut *state;
        let Some(count) = unfinished.get_mut(&generation) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        unfinished.remove(&generation);
        let oldest = unfinished.keys().next().copied().unwrap_or(u64::MAX);
        let (over, waiting): (Vec<_>, Vec<_>) =
            flushes.drain(..).partition(|(generation, _)| *generation < oldest);
        *flushes = waiting;
        let is_closing = state.closing.is_some();
        drop(state);
        over.into_iter().for_each(|(_, ticket)| ticket.resolve(Ok(())));
        if is_closing {
            self.signal.raise();
        }
    }

    /// Begins a flush: batches of this generation and before no longer linger.
    pub(crate) fn flush(&self) -> Arc<Ticket<()>> {
        let ticket = Ticket::new();
        let mut state = lock(&self.state);
        if matches!(state.closing, Some(Closing::Over { .. })) {
            ticket.resolve(Err(SendError::Closed));
        } else if state.unfinished.is_empty() {
            ticket.resolve(Ok(()));
        } else {
            let generation = state.generation;
            state.generation += 1;
            state.flushes.push((generation, Arc::clone(&ticket)));
            drop(state);
            self.signal.raise();
        }
        ticket
    }

    /// Which open batches are to be sent at once.
    pub(crate) fn urgency(&self) -> Urgency {
        let state = lock(&self.state);
        if state.closing.is_some() || state.parking.waits_for_memory() {
            return Urgency::All;
        }
        Urgency::Before(state.generation)
    }

    /// Whether some record waits.
    #[inline]
    pub(crate) fn has_parked(&self) -> bool {
        self.has_parked.load(Ordering::Acquire)
    }

    /// What a newcomer has to wait for, because an earlier record does.
    pub(crate) fn behind(&self, topic: &str, partition: Option<i32>) -> Option<Wait> {
        lock(&self.state).parking.behind(topic, partition)
    }

    /// Puts a record in a queue, unless the producer closes or too much waits already.
    pub(crate) fn park(&self, wait: Wait, mut parked: Parked) -> Result<(), Failed> {
        let mut state = lock(&self.state);
        if state.closing.is_some() {
            return Err(Failed::new(SendError::Closed, Some(parked.record)));
        }
        if !state.parking.has_room_for(parked.bytes) {
            let error = Refusal::TooManyWaiting { limit: self.buffer_memory };
            return Err(Failed::new(error.into(), Some(parked.record)));
        }
        if parked.seen == 0 {
            parked.seen = state.metadata;
        }
        state.parking.park(wait, parked);
        self.has_parked.store(true, Ordering::Release);
        drop(state);
        self.signal.raise();
        Ok(())
    }

    /// Changes who waits.
    pub(crate) fn parking<T>(&self, change: impl FnOnce(&mut Parking) -> T) -> T {
        let mut state = lock(&self.state);
        let outcome = change(&mut state.parking);
        self.has_parked.store(!state.parking.is_empty(), Ordering::Release);
        outcome
    }

    /// There is newer metadata.
    pub(crate) fn learned(&self, version: u64) {
        let mut state = lock(&self.state);
        state.metadata = version;
        state.parking.stir_topics();
    }

    /// The queues to look at, all whose first has waited since `limit` among them.
    pub(crate) fn take_stirred(&self, limit: Timestamp) -> BTreeSet<Wait> {
        if !self.has_parked() {
            return BTreeSet::new();
        }
        self.parking(|parking| {
            parking.stir_older_than(limit);
            parking.take_stirred()
        })
    }

    /// The topics that records wait for, or would have to wait for, and the newest metadata that is not enough for them.
    pub(crate) fn wanted(&self) -> Vec<(TopicName, u64)> {
        if !self.has_parked() && !self.has_missed.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let mut state = lock(&self.state);
        let mut wanted = state.parking.wanted();
        wanted.extend(std::mem::take(&mut state.missed).into_iter().map(|topic| (topic, 0)));
        wanted
    }

    /// Notes that a topic is not known, so that it is asked for though no record waits. Of more than a few at a time, others
    /// are noted when they are missed again.
    pub(crate) fn miss(&self, topic: &str) {
        let mut state = lock(&self.state);
        if state.missed.len() < MOST_MISSED {
            state.missed.insert(topic.into());
        }
        drop(state);
        self.has_missed.store(true, Ordering::Release);
        self.signal.raise();
    }

    /// Since when the first of all that wait does.
    pub(crate) fn parked_since(&self) -> Option<Timestamp> {
        if self.has_parked() { lock(&self.state).parking.oldest() } else { None }
    }

    /// Takes no more records; what is there has so long to be sent. The ticket tells how many were not.
    pub(crate) fn close(&self, timeout: Duration) -> Arc<Ticket<usize>> {
        let ticket = Ticket::new();
        let mut state = lock(&self.state);
        match state.closing {
            Some(Closing::Over { lost }) => ticket.resolve(Ok(lost)),
            _ => {
                state.closing = Some(Closing::Asked(timeout));
                state.closers.push(Arc::clone(&ticket));
            }
        }
        drop(state);
        self.signal.raise();
        ticket
    }

    /// Until when, if the producer closes.
    pub(crate) fn closing_until(&self, now: Timestamp) -> Option<Timestamp> {
        let mut state = lock(&self.state);
        let deadline = match state.closing {
            None | Some(Closing::Over { .. }) => return None,
            Some(Closing::Until(deadline)) => deadline,
            Some(Closing::Asked(timeout)) => now + timeout,
        };
        state.closing = Some(Closing::Until(deadline));
        Some(deadline)
    }

    /// Closed: nothing is taken any more, and everyone who waited for it learns how many records were lost.
    pub(crate) fn end(&self, lost: usize) {
        let mut state = lock(&self.state);
        state.closing = Some(Closing::Over { lost });
        let (flushes, closers) = (std::mem::take(&mut state.flushes), std::mem::take(&mut state.closers));
        drop(state);
        flushes.into_iter().for_each(|(_, ticket)| ticket.resolve(Err(SendError::Closed)));
        closers.into_iter().for_each(|ticket| ticket.resolve(Ok(lost)));
    }

    /// Batches without an outcome.
    pub(crate) fn unfinished(&self) -> usize {
        lock(&self.state).unfinished.values().sum()
    }

    /// Bytes that no batch has.
    pub(crate) fn available(&self) -> usize {
        lock(&self.state).available
    }
}

/// Which open batches do not wait for company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// All: memory is short, or the producer closes.
    All,
    /// Those of generations before this one: they are being flushed.
    Before(u64),
}

impl Urgency {
    pub(crate) fn concerns(self, generation: u64) -> bool {
        match self {
            Self::All => true,
            Self::Before(limit) => generation < limit,
        }
    }
}
