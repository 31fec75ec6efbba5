//! The producer without sockets and clocks: a value that takes input and time, and says what to do.
//!
//! # How to drive it
//!
//! ```text
//!            records ─ send ─┐                 ┌─ Connect ─> open a connection: Connected or ConnectFailed comes back
//!                            v                 ├─ Transmit > write the frame: Transmitted comes back
//! network ─ events ─ handle ─> Core ─ poll ────┤
//!                            ^                 ├─ Close ───> drop the connection: nothing comes back
//!            time ─ next_wakeup                └─ Complete > deliver() it: receipts wake, callbacks run
//! ```
//!
//! After every `send` and `handle`, and when [`Core::next_wakeup`] has come, call [`Core::poll`] until it gives nothing
//! more, and perform each [`Action`] in order. The same seed and the same calls give the same actions, byte for byte.
//!
//! Frames of one connection are to be written in the order of their actions. Events about a connection that the core
//! has closed, or was told is gone, are ignored, so that a network need not keep the two in step.

mod accumulator;
mod answers;
mod availability;
mod batch;
mod connection;
mod drain;
mod lane;
mod ledger;
mod links;
mod metadata;
mod parking;
mod partitioner;
mod receipt;
pub(crate) mod retry;
mod sequences;
mod signal;
#[cfg(test)]
mod tests;
mod topics;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::frame::EncodedFrame;
use protocol::names::{Timestamp, TopicName};
use protocol::random::Random;
use protocol::records::Compressor;

pub(crate) use self::accumulator::Accumulator;
use self::accumulator::Partition;
use self::availability::Availability;
use self::batch::Batch;
use self::connection::Connection;
pub use self::connection::ConnectionId;
use self::lane::Lane;
use self::links::Links;
use self::metadata::Metadata;
use self::parking::{Parked, Wait};
use self::partitioner::Partitioner;
pub(crate) use self::receipt::Callback;
use self::receipt::Stored;
pub use self::receipt::{Completion, Delivery, Flush};
use self::sequences::Identity;
use self::topics::Topic;
pub use crate::config::Address;
use crate::config::Settings;
use crate::error::{Failed, Refusal, SendError};
use crate::record::Record;

/// What the core wants done.
#[derive(Debug)]
#[must_use = "the core counts on it being done"]
pub enum Action {
    /// Open a connection to this address. [`Event::Connected`] or [`Event::ConnectFailed`] is to follow.
    Connect {
        /// What the connection is called from now on.
        connection: ConnectionId,
        /// Where to.
        address: Address,
    },
    /// Write this frame. [`Event::Transmitted`] is to follow when the last byte of it is written.
    Transmit {
        /// On this connection, behind what was given for it before.
        connection: ConnectionId,
        /// The request's number, for the event.
        correlation_id: i32,
        /// What to write; record batches in it are not copied.
        frame: EncodedFrame,
    },
    /// Drop the connection, or the attempt to open it, and what is not written yet. No event is needed.
    Close {
        /// Which one.
        connection: ConnectionId,
    },
    /// Tell the senders of a batch what became of it: call [`Completion::deliver`].
    Complete(Completion),
}

/// What happened outside.
#[derive(Debug)]
pub enum Event {
    /// The connection is open.
    Connected {
        /// Which one.
        connection: ConnectionId,
    },
    /// The connection could not be opened.
    ConnectFailed {
        /// Which one.
        connection: ConnectionId,
        /// The system's reason, for people.
        reason: String,
    },
    /// Bytes came in, cut anywhere.
    Received {
        /// On this connection.
        connection: ConnectionId,
        /// The bytes, behind those that came before.
        bytes: Bytes,
    },
    /// A frame was written to its last byte.
    Transmitted {
        /// On this connection.
        connection: ConnectionId,
        /// The number that came with the frame.
        correlation_id: i32,
    },
    /// The connection was closed or reset by the other side, or failed.
    Disconnected {
        /// Which one.
        connection: ConnectionId,
        /// The system's reason, for people.
        reason: String,
    },
}

/// A producer: accumulator, metadata, sequences and connections, as one value.
///
/// ```
/// use milena_producer::core::{Action, Core};
/// use milena_producer::{ProducerConfig, Record, Timestamp};
///
/// let settings = ProducerConfig::new(["broker:9092"]).build()?;
/// let now = Timestamp(1_700_000_000_000);
/// let mut core = Core::new(settings, 42, now);
/// let delivery = core.send(Record::to("orders").value("an order"), now)?;
/// let Some(Action::Connect { address, .. }) = core.poll(now) else { panic!() };
/// assert_eq!(address.to_string(), "broker:9092");
/// assert!(core.next_wakeup() > now);
/// # drop(delivery);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    accumulator: Arc<Accumulator>,
    metadata: Metadata,
    identity: Identity,
    links: Links,
    availability: Availability,
    lanes: Vec<Lane>,
    /// Lanes whose topic was forgotten.
    free_slots: Vec<usize>,
    /// Lanes that have something to send or under way.
    active: BTreeSet<usize>,
    actions: VecDeque<Action>,
    compressor: Compressor,
    random: Random,
    /// Whether something happened since the core last looked at everything.
    is_dirty: bool,
    wakeup: Timestamp,
    /// No batch is too old before this.
    next_expiry: Timestamp,
    /// Turns the order of partitions, so that each is first once.
    turn: usize,
    lost_at_close: usize,
    is_closed: bool,
}

impl Core {
    /// A producer that has not sent anything yet. All its choices come from `seed`.
    #[must_use]
    pub fn new(settings: Settings, seed: u64, now: Timestamp) -> Self {
        let mut random = Random::new(seed);
        Self {
            accumulator: Arc::new(Accumulator::new(&settings, now)),
            metadata: Metadata::new(settings.metadata_max_age, settings.retry_backoff),
            identity: Identity::new(),
            links: Links::new(&settings, &mut random),
            availability: Availability::new(settings.availability_timeout),
            lanes: Vec::new(),
            free_slots: Vec::new(),
            active: BTreeSet::new(),
            actions: VecDeque::new(),
            compressor: Compressor::new(),
            random,
            is_dirty: true,
            wakeup: now,
            next_expiry: now,
            turn: 0,
            lost_at_close: 0,
            is_closed: false,
            settings,
        }
    }

    /// What all sending tasks share.
    pub(crate) fn accumulator(&self) -> &Arc<Accumulator> {
        &self.accumulator
    }

    /// The sizes of a socket's buffers for sending and receiving.
    #[cfg(feature = "net")]
    pub(crate) fn socket_buffers(&self) -> [Option<u32>; 2] {
        [self.settings.send_buffer, self.settings.receive_buffer]
    }

    /// Takes a record. If there is no room for it, or its topic is not known yet, it waits for up to `max.block.ms`; an
    /// error then comes by the receipt.
    ///
    /// # Errors
    /// What is known at once: [`Refusal::TooLarge`], [`Refusal::Invalid`], [`SendError::Closed`].
    pub fn send(&mut self, record: Record<'_>, now: Timestamp) -> Result<Delivery, Failed> {
        self.accumulator.set_clock(now);
        self.accumulator.send(record, None, &|| now)
    }

    /// Takes a record if it need not wait. If its topic is not known yet, it is asked for.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`Refusal::NotNow`].
    pub fn try_send(&mut self, record: Record<'_>, now: Timestamp) -> Result<Delivery, Failed> {
        self.accumulator.set_clock(now);
        self.accumulator.try_send(record, None, &|| now)
    }

    /// Sends what is there without lingering; the future is ready when every record taken before has its outcome.
    pub fn flush(&mut self) -> Flush {
        Flush(self.accumulator.ledger.flush())
    }

    /// Takes no more records. What is there is sent; what has no outcome after `timeout` gets an error.
    pub fn close(&mut self, timeout: Duration) {
        let _ = self.accumulator.ledger.close(timeout);
    }

    /// Whether all is over: every record has its outcome, every connection is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed && self.actions.is_empty()
    }

    /// Takes in what happened.
    pub fn handle(&mut self, event: Event, now: Timestamp) {
        self.is_dirty = true;
        match event {
            Event::Connected { connection } => self.connected(connection, now),
            Event::ConnectFailed { connection, reason } => self.disconnected(connection, &reason, now),
            Event::Received { connection, bytes } => self.received(connection, &bytes, now),
            Event::Transmitted { connection, correlation_id } => {
                self.transmitted(connection, correlation_id);
            }
            Event::Disconnected { connection, reason } => self.disconnected(connection, &reason, now),
        }
    }

    /// What to do next; nothing more when it gives `None`, until something happens or [`Self::next_wakeup`] comes.
    pub fn poll(&mut self, now: Timestamp) -> Option<Action> {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return Some(action);
            }
            if self.is_closed {
                self.accumulator.ledger.end(self.lost_at_close);
                return None;
            }
            let was_raised = self.accumulator.ledger.signal().lower();
            if !was_raised && !self.is_dirty && now < self.wakeup {
                return None;
            }
            self.is_dirty = false;
            self.look_at_everything(now);
        }
    }

    /// When to poll even if nothing happens.
    #[must_use]
    pub fn next_wakeup(&self) -> Timestamp {
        self.wakeup
    }

    /// Bytes of `buffer.memory` that are not in use.
    #[must_use]
    pub fn available_memory(&self) -> usize {
        self.accumulator.ledger.available()
    }

    /// Batches that have no outcome yet.
    #[must_use]
    pub fn unfinished_batches(&self) -> usize {
        self.accumulator.ledger.unfinished()
    }

    /// Everything that may be due, in the order in which one thing leads to the next.
    fn look_at_everything(&mut self, now: Timestamp) {
        self.accumulator.set_clock(now);
        self.wakeup = Timestamp::NEVER;
        if let Some(deadline) = self.accumulator.ledger.closing_until(now) {
            self.accumulator.refuse_parked(&SendError::Closed);
            if self.accumulator.ledger.unfinished() == 0 || deadline <= now {
                self.shut_down();
                return;
            }
            self.wake_at(deadline);
        }
        self.admit(now);
        for slot in self.accumulator.ledger.take_touched() {
            self.lanes[slot].last_used = now;
            self.active.insert(slot);
        }
        self.expire(now);
        self.watch_links(now);
        self.ask_for_metadata(now);
        self.introduce(now);
        self.drain(now);
        self.accumulator.ledger.rest(self.wakeup, self.patience(now));
    }

    fn wake_at(&mut self, time: Timestamp) {
        self.wakeup = self.wakeup.min(time);
    }

    /// Tries the records that wait for room or their topic.
    fn admit(&mut self, now: Timestamp) {
        let max_block = self.settings.max_block;
        let (metadata, links) = (&self.metadata, &self.links);
        let limit = now.less(max_block);
        let give_up =
            |wait: &Wait, parked: &Parked| waited_too_long(wait, parked, metadata, links, limit, now);
        self.accumulator.admit(now, limit, give_up);
        let ledger = &self.accumulator.ledger;
        for (topic, seen) in ledger.wanted() {
            self.metadata.want(&topic, seen, now);
        }
        if let Some(since) = ledger.parked_since() {
            self.wake_at(since + max_block);
        }
    }

    /// Gives up batches that are older than `delivery.timeout.ms`, under way or not.
    fn expire(&mut self, now: Timestamp) {
        if now < self.next_expiry {
            self.wake_at(self.next_expiry);
            return;
        }
        let timeout = self.settings.delivery_timeout;
        let is_old = |batch: &Batch| batch.created + timeout <= now;
        let active: Vec<usize> = self.active.iter().copied().collect();
        for slot in active {
            while self.lanes[slot].retries.front().is_some_and(is_old) {
                if let Some(batch) = self.lanes[slot].take_retry() {
                    self.give_up(slot, batch, now);
                }
            }
            while self.lanes[slot].shared.oldest().is_some_and(|created| created + timeout <= now) {
                if let Some(batch) = self.lanes[slot].shared.take() {
                    self.give_up(slot, batch, now);
                }
            }
        }
        self.expire_in_flight(now);
        let in_flight = self.links.batches_in_flight().filter(|sent| !sent.batch.is_done);
        let in_flight = in_flight.map(|sent| sent.batch.created).min();
        let queued = self.active.iter().filter_map(|&slot| self.lanes[slot].oldest()).min();
        // Batches that open from now on are younger than any that is there.
        let oldest = [in_flight, queued].into_iter().flatten().min().unwrap_or(now);
        self.next_expiry = oldest + timeout;
        self.wake_at(self.next_expiry);
    }

    /// Batches under way: their senders are told, but the bytes stay with the connection until it is done with them.
    /// Were the buffer used again before, another record's bytes could go out in this one's place (CVE-2026-35554).
    fn expire_in_flight(&mut self, now: Timestamp) {
        let timeout = self.settings.delivery_timeout;
        let ledger = &self.accumulator.ledger;
        let reason = "delivery.timeout.ms passed while it was on the way";
        for sent in self.links.batches_in_flight_mut() {
            let batch = &mut sent.batch;
            if batch.is_done || batch.created + timeout > now {
                continue;
            }
            let error = unknown(batch, reason);
            self.actions.push_back(Action::Complete(batch.complete(Err(error), ledger)));
        }
    }

    /// Ends a batch that is not under way because its time is up.
    fn give_up(&mut self, slot: usize, batch: Batch, now: Timestamp) {
        let error = match &batch.last_error {
            _ if batch.may_be_stored => {
                unknown(&batch, "delivery.timeout.ms passed before it could be sent again")
            }
            Some((code, message)) => SendError::Rejected {
                code: *code,
                topic: batch.cell.topic.clone(),
                partition: Some(batch.cell.partition),
                message: message.clone(),
            },
            None => SendError::Refused(Refusal::Expired {
                topic: batch.cell.topic.clone(),
                partition: batch.cell.partition,
                waited: now.saturating_since(batch.created),
                unreachable: self.links.unreachable(),
            }),
        };
        self.fail(slot, batch, error);
    }

    /// Ends a batch with an error.
    fn fail(&mut self, slot: usize, batch: Batch, error: SendError) {
        if let Some(sequence) = batch.sequence {
            self.lanes[slot].sequences.given_up(sequence);
        }
        self.end(batch, Err(error));
    }

    /// Tells the outcome of a batch that nothing holds any more, and gives its memory back.
    fn end(&mut self, mut batch: Batch, outcome: Result<Stored, SendError>) {
        let ledger = &self.accumulator.ledger;
        if !batch.is_done {
            self.actions.push_back(Action::Complete(batch.complete(outcome, ledger)));
        }
        ledger.free(batch.reserved, batch.into_buffer());
        self.is_dirty = true;
    }

    /// Ends everything: nothing is sent any more.
    fn shut_down(&mut self) {
        let mut lost = 0;
        let mut count = |batch: &Batch| lost += if batch.is_done { 0 } else { batch.record_count as usize };
        for sent in self.links.close_all(&mut self.actions) {
            count(&sent.batch);
            let error = unknown(&sent.batch, "the producer was closed before the answer came");
            self.end(sent.batch, Err(error));
        }
        for slot in 0..self.lanes.len() {
            for batch in self.lanes[slot].take_all() {
                count(&batch);
                let error = match batch.may_be_stored {
                    true => unknown(&batch, "the producer was closed before it could be sent again"),
                    false => SendError::Closed,
                };
                self.end(batch, Err(error));
            }
        }
        if lost > 0 {
            tracing::warn!("the producer was closed with {lost} records that were not acknowledged");
        }
        self.active.clear();
        (self.lost_at_close, self.is_closed) = (lost, true);
    }

    /// Takes over what is known of topics: lanes for their partitions, and where records may go.
    fn publish(&mut self, names: &[TopicName], now: Timestamp) {
        let version = self.metadata.version;
        self.accumulator.ledger.learned(version);
        if names.is_empty() {
            return;
        }
        let (lanes, free) = (&mut self.lanes, &mut self.free_slots);
        let (settings, random, availability) = (&self.settings, &mut self.random, &self.availability);
        self.accumulator.update_topics(|topics| {
            for name in names {
                let Some(known) = self.metadata.topic(name) else { continue };
                let mut topic = topics.get(name).map_or_else(
                    || Topic::new(Partitioner::new(settings, random.bits())),
                    |topic| Topic::clone(topic),
                );
                for index in topic.partitions.len()..known.leaders.len() {
                    let slot = free.pop().unwrap_or(lanes.len());
                    let partition = Partition::new(name.clone(), index as i32, slot);
                    topic.partitions.push(Arc::clone(&partition));
                    let lane = Lane::new(partition, now);
                    match lanes.get_mut(slot) {
                        Some(freed) => *freed = lane,
                        None => lanes.push(lane),
                    }
                }
                let mut available = Vec::with_capacity(known.leaders.len());
                for (index, leader) in known.leaders.iter().enumerate() {
                    let lane = &mut lanes[topic.partitions[index].slot];
                    lane.follow(*leader);
                    lane.shared.set_stuck(leader.is_some_and(|leader| availability.is_stuck(leader.broker)));
                    if known.is_another {
                        lane.sequences.forget_leader();
                    }
                    if leader.is_some() {
                        available.push(index as i32);
                    }
                }
                topic.partitioner.update(known.leaders.len() as i32, available);
                topic.version = version;
                topics.insert(name.clone(), Arc::new(topic));
            }
        });
    }

    /// Forgets the topics that were not sent to for `metadata.max.idle.ms`: they are asked for no more.
    fn forget_idle_topics(&mut self, now: Timestamp) {
        let limit = now.less(self.settings.metadata_max_idle);
        for name in self.metadata.unwanted_since(limit) {
            let partitions = self.accumulator.partitions(&name);
            let is_idle = partitions.iter().all(|partition| self.lanes[partition.slot].is_idle_since(limit));
            if !is_idle {
                continue;
            }
            // A record may be on its way there this very moment: either it finds the partition retired and waits for
            // the topic, or it keeps the topic.
            if !partitions.iter().all(|partition| partition.retire()) {
                partitions.iter().for_each(|partition| partition.revive());
                continue;
            }
            for partition in &partitions {
                self.identity.leave_behind(&self.lanes[partition.slot].sequences);
                self.active.remove(&partition.slot);
                self.free_slots.push(partition.slot);
            }
            self.accumulator.update_topics(|topics| drop(topics.remove(&name)));
            self.metadata.forget(&name);
            tracing::debug!("topic {name} is forgotten: nothing was sent to it for metadata.max.idle.ms");
        }
    }
}

impl Drop for Core {
    /// Nobody will poll any more: whoever waits is told now.
    fn drop(&mut self) {
        // Records that are taken in this moment open no batch any more, so none is overlooked.
        let _ = self.accumulator.ledger.close(Duration::ZERO);
        self.accumulator.refuse_parked(&SendError::Closed);
        if !self.is_closed {
            self.shut_down();
        }
        for action in self.actions.drain(..) {
            if let Action::Complete(completion) = action {
                completion.deliver();
            }
        }
        self.accumulator.ledger.end(self.lost_at_close);
    }
}

/// Why a record is to wait no longer, if so: those that came at `limit` or before have waited for `max.block.ms`.
fn waited_too_long(
    wait: &Wait,
    parked: &Parked,
    metadata: &Metadata,
    links: &Links,
    limit: Timestamp,
    now: Timestamp,
) -> Option<SendError> {
    let code = wait.topic().and_then(|name| metadata.topic(name)).map(|topic| topic.error);
    let code = code.filter(|code| code.is_error());
    let topic = TopicName::from(parked.record.topic());
    // What was said before the record came may have been mended since: ask, and believe the answer.
    let is_fresh = metadata.version > parked.seen;
    if let Some(code) = code.filter(|code| is_fresh && !code.is_retriable()) {
        let partition = parked.record.partition;
        return Some(SendError::Rejected { code, topic, partition, message: None });
    }
    if parked.since > limit {
        return None;
    }
    let (waited, unreachable) = (now.saturating_since(parked.since), links.unreachable());
    Some(SendError::Refused(match wait {
        Wait::Memory => Refusal::BufferFull { waited, unreachable },
        Wait::Topic(_) | Wait::Partition(..) => Refusal::NoMetadata { topic, waited, code, unreachable },
    }))
}

/// The error for a batch of which nobody knows whether it is stored.
fn unknown(batch: &Batch, reason: &str) -> SendError {
    let (topic, partition) = (batch.cell.topic.clone(), batch.cell.partition);
    SendError::Unknown { topic, partition, reason: reason.into() }
}

/// Time less a duration; the beginning of all time, if that is before it.
trait Less {
    fn less(self, duration: Duration) -> Self;
}

impl Less for Timestamp {
    fn less(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Locks what nobody leaves in pieces: a panic elsewhere must not stop everyone else.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connections, by number.
type Connections = BTreeMap<ConnectionId, Connection>;
