//! What all partitions share: the memory, who waits for it, and which of them have something new.
//!
//! One lock, taken when a batch opens, fills or ends; never for a record.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use protocol::names::Timestamp;

use super::lock;
use super::receipt::{Callback, Delivery, Ticket};
use crate::error::SendError;
use crate::record::Record;

/// Room in a buffer beyond its batch: the builder asks for the longest length a record can have before it knows it.
const SLACK: usize = 16;

#[derive(Debug)]
pub(crate) struct Ledger {
    batch_size: usize,
    state: Mutex<State>,
    signal: Signal,
}

#[derive(Debug)]
struct State {
    /// Bytes of `buffer.memory` that no batch has.
    available: usize,
    /// Buffers of the usual size that were used before.
    spare: Vec<Vec<u8>>,
    parked: VecDeque<Parked>,
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

/// A record that waits for room or for its topic.
pub(crate) struct Parked {
    pub(crate) record: Record<'static>,
    pub(crate) callback: Option<Callback>,
    pub(crate) ticket: Arc<Ticket<Delivery>>,
    pub(crate) since: Timestamp,
    /// The version of the metadata that did not know the topic or partition.
    pub(crate) seen: u64,
    /// The version of the metadata when the core first saw it wait: only a later one is about it.
    pub(crate) waits_since: Option<u64>,
    /// Whether memory was the cause.
    pub(crate) for_memory: bool,
}

impl std::fmt::Debug for Parked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parked({} since {})", self.record.topic, self.since.0)
    }
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
    pub(crate) fn new(buffer_memory: usize, batch_size: usize) -> Self {
        let state = State {
            available: buffer_memory,
            spare: Vec::new(),
            parked: VecDeque::new(),
            touched: Vec::new(),
            generation: 0,
            unfinished: BTreeMap::new(),
            flushes: Vec::new(),
            closers: Vec::new(),
            closing: None,
        };
        Self { batch_size, state: Mutex::new(state), signal: Signal::default() }
    }

    /// Reserves memory for a batch of partition `slot` that begins with a record of up to `bytes`.
    ///
    /// A newcomer gets none while others wait for it, so that a small record never overtakes a large one for ever.
    pub(crate) fn open(&self, slot: usize, bytes: usize, is_newcomer: bool) -> Result<Grant, NoGrant> {
        let reserved = bytes.max(self.batch_size);
        let mut state = lock(&self.state);
        if state.closing.is_some() {
            return Err(NoGrant::Closed);
        }
        let is_passed_over = is_newcomer && state.parked.iter().any(|parked| parked.for_memory);
        if reserved > state.available || is_passed_over {
            return Err(NoGrant::Full);
        }
        state.available -= reserved;
        let buffer = if reserved == self.batch_size { state.spare.pop() } else { None };
        let generation = state.generation;
        *state.unfinished.entry(generation).or_default() += 1;
        state.touched.push(slot);
        drop(state);
        self.signal.raise();
        let buffer = buffer.unwrap_or_else(|| Vec::with_capacity(reserved + SLACK));
        Ok(Grant { buffer, reserved, generation })
    }

    /// Tells the core that a batch of partition `slot` is full.
    pub(crate) fn touch(&self, slot: usize) {
        lock(&self.state).touched.push(slot);
        self.signal.raise();
    }

    pub(crate) fn signal(&self) -> &Signal {
        &self.signal
    }

    pub(crate) fn take_touched(&self) -> Vec<usize> {
        std::mem::take(&mut lock(&self.state).touched)
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
        if state.closing.is_some() || state.parked.iter().any(|parked| parked.for_memory) {
            return Urgency::All;
        }
        Urgency::Before(state.generation)
    }

    /// Puts a record in the queue, unless the producer closes.
    pub(crate) fn park(&self, parked: Parked) -> Result<(), SendError> {
        let mut state = lock(&self.state);
        if state.closing.is_some() {
            return Err(SendError::Closed);
        }
        state.parked.push_back(parked);
        drop(state);
        self.signal.raise();
        Ok(())
    }

    pub(crate) fn take_parked(&self) -> VecDeque<Parked> {
        std::mem::take(&mut lock(&self.state).parked)
    }

    /// Puts back those that still wait, before those that came meanwhile.
    pub(crate) fn put_back(&self, mut waiting: VecDeque<Parked>) {
        let mut state = lock(&self.state);
        waiting.append(&mut state.parked);
        state.parked = waiting;
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

/// How sending tasks wake the one that owns the core.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Signal {
    fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel)
            && let Some(waker) = lock(&self.waker).take()
        {
            waker.wake();
        }
    }

    /// Ready, once, after it was raised.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.raised.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        *lock(&self.waker) = Some(context.waker().clone());
        // It may have been raised before the waker was there to be woken.
        if self.raised.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Puts it down; before looking for what it was raised for, so that nothing is missed.
    pub(crate) fn lower(&self) -> bool {
        self.raised.swap(false, Ordering::AcqRel)
    }
}
