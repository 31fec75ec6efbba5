//! What a sender holds while its record is under way: one shared cell per batch, and an index into it.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use protocol::names::{Timestamp, TopicName};
use protocol::records::{self, Limits, OwnedRecord, Part};

use super::ledger::Ledger;
use super::lock;
use crate::error::{Failed, SendError};
use crate::record::{Record, RecordMetadata};
use crate::serializer::IntoPayload;

/// Called once with what became of a record, in the order of the partition's records.
pub(crate) type Callback = Box<dyn FnOnce(Result<RecordMetadata, Failed>) + Send>;

/// Where a batch was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// −1 if the broker does not tell.
    pub(crate) base_offset: i64,
    /// The time that holds for all records, if the topic says so.
    pub(crate) log_append_time: Option<Timestamp>,
}

/// Why a batch failed, and its records, for whoever wants theirs back.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: SendError,
    /// The batch, if somebody may ask for a record of it.
    batch: Bytes,
    /// Read when the first asks.
    records: OnceLock<Vec<OwnedRecord>>,
}

impl Failure {
    pub(crate) fn new(error: SendError, batch: Bytes) -> Self {
        Self { error, batch, records: OnceLock::new() }
    }

    fn records(&self) -> &[OwnedRecord] {
        self.records.get_or_init(|| match records::batches(&self.batch).next() {
            Some(Ok(Part::Batch(batch))) => {
                batch.records(&Limits::default()).and_then(|records| records.to_owned()).unwrap_or_default()
            }
            _ => Vec::new(),
        })
    }

    /// The record as it was given to `send`.
    fn record(&self, cell: &Cell, entry: Entry) -> Option<Record<'static>> {
        let own = self.records().get(entry.index as usize)?;
        let mut record = Record::to(cell.topic.to_string()).key(own.key_bytes()).value(own.value_bytes());
        if entry.named_partition {
            record = record.partition(cell.partition);
        }
        if entry.own_timestamp {
            record = record.timestamp(entry.timestamp);
        }
        for header in own.headers().iter() {
            let value = header.value.map(Bytes::copy_from_slice);
            record.headers.push((header.key.to_owned().into(), value.into_payload()));
        }
        Some(record)
    }
}

/// What became of a batch.
pub(crate) type Outcome = Result<Stored, Arc<Failure>>;

/// The state that all receipts of a batch share.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) topic: TopicName,
    pub(crate) partition: i32,
    state: Mutex<CellState>,
}

#[derive(Debug)]
enum CellState {
    Open(Vec<Waker>),
    Done(Outcome),
    /// The batch was too large and went on as several: the index of the first record of each, ascending.
    Split(Vec<(u32, Arc<Cell>)>),
}

impl Cell {
    pub(crate) fn new(topic: TopicName, partition: i32) -> Arc<Self> {
        Arc::new(Self { topic, partition, state: Mutex::new(CellState::Open(Vec::new())) })
    }

    fn close(&self, state: CellState) {
        let before = std::mem::replace(&mut *lock(&self.state), state);
        if let CellState::Open(wakers) = before {
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    /// Lets the receipts go on with the batches that this one was split into.
    pub(crate) fn split(&self, parts: Vec<(u32, Arc<Self>)>) {
        self.close(CellState::Split(parts));
    }
}

/// One record of a batch, as far as its sender wants to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) index: u32,
    pub(crate) timestamp: i64,
    /// −1 without a key.
    pub(crate) key_size: i32,
    /// −1 for null.
    pub(crate) value_size: i32,
    /// Whether the record itself names its partition, and its time.
    pub(crate) named_partition: bool,
    pub(crate) own_timestamp: bool,
}

impl Entry {
    #[inline]
    pub(crate) fn of(record: &Record<'_>, index: u32, timestamp: i64) -> Self {
        let size = |bytes: Option<&[u8]>| bytes.map_or(-1, |bytes| bytes.len() as i32);
        Self {
            index,
            timestamp,
            key_size: size(record.key_bytes()),
            value_size: size(record.value_bytes()),
            named_partition: record.partition.is_some(),
            own_timestamp: record.timestamp.is_some(),
        }
    }

    fn outcome(self, cell: &Cell, outcome: &Outcome) -> Result<RecordMetadata, Failed> {
        let stored = outcome
            .as_ref()
            .map_err(|failure| Failed::new(failure.error.clone(), failure.record(cell, self)))?;
        let offset = if stored.base_offset < 0 { -1 } else { stored.base_offset + i64::from(self.index) };
        Ok(RecordMetadata {
            topic: cell.topic.clone(),
            partition: cell.partition,
            offset,
            timestamp: stored.log_append_time.unwrap_or(Timestamp(self.timestamp)),
            serialized_key_size: usize::try_from(self.key_size).ok(),
            serialized_value_size: usize::try_from(self.value_size).ok(),
        })
    }
}

/// The receipt for a record: a future of what became of it.
///
/// The record is under way whether or not this is awaited; to drop it is to fire and forget.
#[must_use = "the record is sent either way, but only the receipt tells whether it was stored: await it, or drop() it"]
pub struct Delivery(Inner);

enum Inner {
    /// In a batch; `waker` is where in the cell this receipt's waker is.
    Batched { cell: Arc<Cell>, entry: Entry, waker: Option<u32> },
    /// Waiting for room or for its topic.
    Parked(Arc<Ticket<Delivery, Failed>>),
}

impl Delivery {
    pub(crate) fn batched(cell: Arc<Cell>, entry: Entry) -> Self {
        Self(Inner::Batched { cell, entry, waker: None })
    }

    pub(crate) fn parked(ticket: Arc<Ticket<Self, Failed>>) -> Self {
        Self(Inner::Parked(ticket))
    }

    /// What became of the record, if that is known; without waiting.
    pub fn outcome(&mut self) -> Option<Result<RecordMetadata, Failed>> {
        match self.poll_outcome(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    /// Waits until the record has a place in a batch: what `send` awaits.
    pub(crate) fn poll_admitted(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        if let Inner::Parked(ticket) = &self.0 {
            match ticket.poll(context) {
                Poll::Ready(Ok(delivery)) => *self = delivery,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Gives the record up if it has no place in a batch yet.
    pub(crate) fn cancel(&self) {
        if let Inner::Parked(ticket) = &self.0 {
            ticket.cancel();
        }
    }

    fn poll_outcome(&mut self, context: &mut Context<'_>) -> Poll<Result<RecordMetadata, Failed>> {
        match self.poll_admitted(context) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
        while let Inner::Batched { cell, entry, waker } = &mut self.0 {
            let part = match &mut *lock(&cell.state) {
                CellState::Done(outcome) => return Poll::Ready(entry.outcome(cell, outcome)),
                CellState::Open(wakers) => {
                    match waker.and_then(|place| wakers.get_mut(place as usize)) {
                        Some(known) => known.clone_from(context.waker()),
                        None => {
                            *waker = Some(wakers.len() as u32);
                            wakers.push(context.waker().clone());
                        }
                    }
                    return Poll::Pending;
                }
                CellState::Split(parts) => {
                    let part = parts.partition_point(|(first, _)| *first <= entry.index).saturating_sub(1);
                    let (first, cell) = &parts[part];
                    entry.index -= first;
                    Arc::clone(cell)
                }
            };
            (*cell, *waker) = (part, None);
        }
        Poll::Pending
    }
}

impl Future for Delivery {
    type Output = Result<RecordMetadata, Failed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_outcome(context)
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Batched { cell, entry, .. } => {
                write!(f, "Delivery({}-{}, record {} of its batch)", cell.topic, cell.partition, entry.index)
            }
            Inner::Parked(_) => f.write_str("Delivery(waiting for room)"),
        }
    }
}

/// The outcome of a batch, ready to be told to everyone who waits for it.
///
/// To perform [`Action::Complete`](super::Action::Complete) is to call [`deliver`](Self::deliver): it wakes the
/// receipts and runs the callbacks, in the order of the records.
#[must_use = "nobody learns of it until it is delivered"]
pub struct Completion {
    pub(crate) cell: Arc<Cell>,
    pub(crate) outcome: Outcome,
    pub(crate) callbacks: Vec<(Entry, Callback)>,
    pub(crate) records: u32,
    pub(crate) generation: u64,
    pub(crate) ledger: Arc<Ledger>,
}

impl Completion {
    /// Tells everyone. A callback that panics is logged and harms nobody else.
    pub fn deliver(self) {
        for (entry, callback) in self.callbacks {
            let outcome = entry.outcome(&self.cell, &self.outcome);
            if catch_unwind(AssertUnwindSafe(|| callback(outcome))).is_err() {
                tracing::error!("a callback for topic {} panicked", self.cell.topic);
            }
        }
        self.cell.close(CellState::Done(self.outcome));
        self.ledger.finish(self.generation);
    }

    /// The topic and partition of the batch.
    #[must_use]
    pub fn partition(&self) -> (&TopicName, i32) {
        (&self.cell.topic, self.cell.partition)
    }

    /// How many records it is about.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.records
    }

    /// The offset of the first record (−1 if the broker does not tell), or why the batch failed.
    pub fn outcome(&self) -> Result<i64, &SendError> {
        self.outcome.as_ref().map(|stored| stored.base_offset).map_err(|failure| &failure.error)
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self { cell, records, .. }, outcome) = (self, self.outcome());
        write!(f, "Completion({}-{}, {records} records, {outcome:?})", cell.topic, cell.partition)
    }
}

/// A place in a queue: filled once, by the core.
#[derive(Debug)]
pub(crate) struct Ticket<T, E = SendError>(Mutex<TicketState<T, E>>);

#[derive(Debug)]
enum TicketState<T, E> {
    Waiting(Option<Waker>),
    Done(Result<T, E>),
    Cancelled,
}

impl<T, E: From<SendError>> Ticket<T, E> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(TicketState::Waiting(None))))
    }

    pub(crate) fn resolve(&self, outcome: Result<T, E>) {
        let mut state = lock(&self.0);
        if let TicketState::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = TicketState::Done(outcome);
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        }
    }

    fn cancel(&self) {
        *lock(&self.0) = TicketState::Cancelled;
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(*lock(&self.0), TicketState::Cancelled)
    }

    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut state = lock(&self.0);
        match &mut *state {
            TicketState::Waiting(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            // A future that is polled after it was ready has no outcome left to give.
            TicketState::Cancelled => Poll::Ready(Err(SendError::Closed.into())),
            TicketState::Done(_) => match std::mem::replace(&mut *state, TicketState::Cancelled) {
                TicketState::Done(outcome) => Poll::Ready(outcome),
                _ => Poll::Ready(Err(SendError::Closed.into())),
            },
        }
    }
}

/// A future of everything that was sent before it having an outcome.
#[derive(Debug)]
#[must_use = "a flush is over when it is awaited to the end"]
pub struct Flush(pub(crate) Arc<Ticket<()>>);

impl Future for Flush {
    type Output = Result<(), SendError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context)
    }
}
