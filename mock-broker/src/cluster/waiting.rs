//! Requests that are answered later: what they wait for, and until when.

use std::collections::{BTreeMap, BTreeSet};

use protocol::messages::FetchRequest;
use protocol::names::{Timestamp, Uuid};
use protocol::{Request, Response};

use super::{Asked, ConnectionId};
use crate::handlers::PendingProduce;

/// The requests that wait. A connection has at most one: the next is looked at when that one is answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting {
    parked: BTreeMap<ConnectionId, Parked>,
    deadlines: BTreeSet<(Timestamp, ConnectionId)>,
    /// Who waits for something to happen to a partition.
    watchers: BTreeMap<(Uuid, i32), BTreeSet<ConnectionId>>,
    /// Who has something to look at.
    woken: BTreeSet<ConnectionId>,
}

/// A request that waits.
#[derive(Clone, Debug)]
pub(crate) struct Parked {
    pub(crate) asked: Asked,
    pub(crate) until: Timestamp,
    pub(crate) held: Held,
}

/// What is done with it when it wakes.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    /// The fetch is tried again.
    Fetch {
        request: Box<FetchRequest>,
        /// The partitions it waits for.
        partitions: Vec<(Uuid, i32)>,
    },
    /// The records are appended; the answer waits for the in-sync replicas.
    Produce(Box<PendingProduce>),
    /// The request has not been handled yet; a fault holds it back.
    Request(Box<Request>),
    /// The answer is ready since long; a fault holds it back.
    Answer(Box<Response>),
    /// A coordinator decides on the answer when other members have come, or their time is over.
    Group(Option<Box<Response>>),
}

impl Held {
    /// The partitions whose changes end the wait.
    fn watched(&self) -> Vec<(Uuid, i32)> {
        match self {
            Self::Fetch { partitions, .. } => partitions.clone(),
            Self::Produce(pending) => pending.watched().collect(),
            Self::Request(_) | Self::Answer(_) | Self::Group(_) => Vec::new(),
        }
    }
}

impl Waiting {
    pub(crate) fn park(&mut self, parked: Parked) {
        let connection = parked.asked.connection;
        if parked.until != Timestamp::NEVER {
            self.deadlines.insert((parked.until, connection));
        }
        for partition in parked.held.watched() {
            self.watchers.entry(partition).or_default().insert(connection);
        }
        self.parked.insert(connection, parked);
    }

    pub(crate) fn is_parked(&self, connection: ConnectionId) -> bool {
        self.parked.contains_key(&connection)
    }

    /// Ends the wait of a connection.
    pub(crate) fn take(&mut self, connection: ConnectionId) -> Option<Parked> {
        let parked = self.parked.remove(&connection)?;
        self.woken.remove(&connection);
        self.deadlines.remove(&(parked.until, connection));
        for partition in parked.held.watched() {
            if let Some(watchers) = self.watchers.get_mut(&partition) {
                watchers.remove(&connection);
                if watchers.is_empty() {
                    self.watchers.remove(&partition);
                }
            }
        }
        Some(parked)
    }

    /// Gives a request that waits for a coordinator its answer. One that has gone away meanwhile needs none.
    pub(crate) fn answer(&mut self, connection: ConnectionId, response: Response) {
        if let Some(Parked { held: Held::Group(answer), .. }) = self.parked.get_mut(&connection) {
            *answer = Some(Box::new(response));
            self.woken.insert(connection);
        }
    }

    /// Wakes those who wait for something to happen to this partition.
    pub(crate) fn touch(&mut self, topic: Uuid, partition: i32) {
        if let Some(watchers) = self.watchers.get(&(topic, partition)) {
            self.woken.extend(watchers);
        }
    }

    /// Wakes those for whom that is so.
    pub(crate) fn wake_if(&mut self, is_due: impl Fn(&Parked) -> bool) {
        let due = self.parked.iter().filter(|(_, parked)| is_due(parked));
        self.woken.extend(due.map(|(connection, _)| *connection));
    }

    /// A request that has something to look at, or whose time has come. Its wait is over.
    pub(crate) fn wake(&mut self, now: Timestamp) -> Option<Parked> {
        let due = || self.deadlines.first().filter(|(until, _)| *until <= now).map(|(_, due)| *due);
        let connection = self.woken.first().copied().or_else(due)?;
        self.take(connection)
    }

    /// When to look again; long ago if there is something to do at once.
    pub(crate) fn next_wakeup(&self) -> Option<Timestamp> {
        if !self.woken.is_empty() {
            return Some(Timestamp(i64::MIN));
        }
        self.deadlines.first().map(|(until, _)| *until)
    }
}
