//! The connections: which to open, which to give up, and what is known of those that cannot be reached.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use protocol::names::{BrokerId, Timestamp};
use protocol::random::Random;

use super::connection::{Connection, ConnectionId, Content, InFlight, Sent, State};
use super::{Action, Connections, Core};
use crate::config::{Address, Recovery, Settings};
use crate::error::Unreachable;

#[derive(Debug)]
pub(crate) struct Links {
    pub(crate) connections: Connections,
    bootstrap: Vec<Address>,
    peers: BTreeMap<Address, Peer>,
    next_id: u64,
    /// Since when there is no connection that works, though one is wanted; and whether that was said.
    outage: Option<Outage>,
}

/// What is remembered of an address between connections to it.
#[derive(Clone, Debug)]
struct Peer {
    failures: u32,
    retry_at: Timestamp,
    tried_at: Timestamp,
    failed_at: Timestamp,
    /// Why it could not be reached, if that is how it stands.
    reason: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    since: Timestamp,
    is_reported: bool,
}

/// How long one address is waited for before the next is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);
/// When an outage is reported, even if some address has not failed yet: within a second, timers included.
const REPORT_AFTER: Duration = Duration::from_millis(800);

impl Links {
    pub(crate) fn new(settings: &Settings, random: &mut Random) -> Self {
        let mut bootstrap = settings.bootstrap.clone();
        // Not every producer in the world begins with the first address of the list.
        let start = random.below(bootstrap.len());
        bootstrap.rotate_left(start);
        Self { connections: Connections::new(), bootstrap, peers: BTreeMap::new(), next_id: 0, outage: None }
    }

    /// The connection to a broker, if there is one, usable or not.
    pub(crate) fn to_broker(&self, broker: BrokerId) -> Option<ConnectionId> {
        self.connections.iter().find(|(_, link)| link.broker == Some(broker)).map(|(&id, _)| id)
    }

    /// The usable connection with the fewest requests under way.
    pub(crate) fn least_loaded(&self, max_in_flight: usize, now: Timestamp) -> Option<ConnectionId> {
        let usable = self.connections.iter().filter(|(_, link)| link.has_room(max_in_flight, now));
        usable.min_by_key(|(_, link)| link.load()).map(|(&id, _)| id)
    }

    pub(crate) fn batches_in_flight(&self) -> impl Iterator<Item = &Sent> {
        let requests =
            self.connections.values().flat_map(|link| link.in_flight.iter().chain(&link.unwritten));
        requests.flat_map(|request| match &request.content {
            Content::Produce(sent) => sent.as_slice(),
            _ => &[],
        })
    }

    pub(crate) fn batches_in_flight_mut(&mut self) -> impl Iterator<Item = &mut Sent> {
        let links = self.connections.values_mut();
        let requests = links.flat_map(|link| link.in_flight.iter_mut().chain(&mut link.unwritten));
        requests.flat_map(|request| match &mut request.content {
            Content::Produce(sent) => sent.as_mut_slice(),
            _ => &mut [],
        })
    }

    /// The addresses that cannot be reached, and the system's reasons.
    pub(crate) fn unreachable(&self) -> Unreachable {
        let failures = self.peers.iter().filter_map(|(address, peer)| {
            let is_connecting =
                || self.links_to(address).any(|link| matches!(link.state, State::Connecting { .. }));
            let reason =
                peer.reason.clone().or_else(|| is_connecting().then(|| "no answer yet".to_owned()))?;
            Some((address.to_string(), reason))
        });
        Unreachable::new(failures)
    }

    fn links_to<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = &'a Connection> {
        self.connections.values().filter(move |link| link.address == *address)
    }

    /// Closes everything; gives the batches that were under way.
    pub(crate) fn close_all(&mut self, actions: &mut VecDeque<Action>) -> Vec<Sent> {
        let mut batches = Vec::new();
        for (connection, link) in std::mem::take(&mut self.connections) {
            actions.push_back(Action::Close { connection });
            for request in link.in_flight.into_iter().chain(link.unwritten) {
                if let Content::Produce(sent) = request.content {
                    batches.extend(sent);
                }
            }
        }
        batches
    }

    fn peer(&mut self, address: &Address) -> &mut Peer {
        let new = || Peer {
            failures: 0,
            retry_at: Timestamp(i64::MIN),
            tried_at: Timestamp(i64::MIN),
            failed_at: Timestamp(i64::MIN),
            reason: None,
        };
        self.peers.entry(address.clone()).or_insert_with(new)
    }

    /// The address works.
    pub(crate) fn worked(&mut self, address: &Address) {
        let peer = self.peer(address);
        (peer.failures, peer.reason) = (0, None);
        if self.outage.take().is_some_and(|outage| outage.is_reported) {
            tracing::info!("{address} is in reach again");
        }
    }
}

impl Core {
    /// Opens a connection, unless the address is to be left alone for a while; when, if so.
    pub(super) fn connect(
        &mut self,
        address: &Address,
        broker: Option<BrokerId>,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let setup = self.settings.setup_timeout;
        let peer = self.links.peer(address);
        if peer.retry_at > now {
            return Err(peer.retry_at);
        }
        peer.tried_at = now;
        let failures = peer.failures;
        // Each failure gives the next attempt more time, up to the maximum.
        let timeout = setup.after(failures + 1, &mut self.random);
        let connection = ConnectionId(self.links.next_id);
        self.links.next_id += 1;
        let link = Connection::new(address.clone(), broker, now, now + timeout);
        self.links.connections.insert(connection, link);
        if !self.links.connections.values().any(|link| link.versions().is_some()) {
            self.links.outage.get_or_insert(Outage { since: now, is_reported: false });
        }
        self.actions.push_back(Action::Connect { connection, address: address.clone() });
        Ok(())
    }

    /// Opens some connection, when any broker will do: to the address that was tried least recently.
    pub(super) fn connect_anywhere(&mut self, now: Timestamp) {
        let pending = self.links.connections.values().filter(|link| link.versions().is_none());
        let youngest = pending.map(|link| match link.state {
            State::Connecting { since, .. } => since,
            _ => link.last_used,
        });
        if let Some(since) = youngest.max()
            && since + STAGGER > now
        {
            self.wake_at(since + STAGGER);
            return;
        }
        let busy: BTreeSet<&Address> = self.links.connections.values().map(|link| &link.address).collect();
        let known = self.metadata.brokers().iter().map(|(&id, address)| (address.clone(), Some(id)));
        let bootstrap = self.links.bootstrap.iter().map(|address| (address.clone(), None));
        // Without recovery, they are only where it began.
        let is_over = self.settings.recovery == Recovery::None && !self.metadata.brokers().is_empty();
        let bootstrap = bootstrap.filter(|_| !is_over);
        let candidates: Vec<_> =
            known.chain(bootstrap).filter(|(address, _)| !busy.contains(address)).collect();
        let tried_at = |address: &Address| {
            self.links.peers.get(address).map_or(Timestamp(i64::MIN), |peer| peer.tried_at)
        };
        let retry_at = |address: &Address| {
            self.links.peers.get(address).map_or(Timestamp(i64::MIN), |peer| peer.retry_at)
        };
        let ready = candidates.iter().filter(|(address, _)| retry_at(address) <= now);
        match ready.min_by_key(|(address, _)| tried_at(address)).cloned() {
            Some((address, broker)) => {
                if self.connect(&address, broker, now).is_ok() {
                    self.wake_at(now + STAGGER);
                }
            }
            None => {
                let next = candidates.iter().map(|(address, _)| retry_at(address)).min();
                self.wake_at(next.unwrap_or(Timestamp::NEVER));
            }
        }
    }

    /// Looks after what connections are due for: too slow, idle, out of reach.
    pub(super) fn watch_links(&mut self, now: Timestamp) {
        let max_idle = self.settings.connections_max_idle;
        let links = self.links.connections.iter();
        let due: Vec<_> = links.filter_map(|(&id, link)| Some((id, overdue(link, max_idle, now)?))).collect();
        for (connection, reason) in due {
            match reason {
                Overdue::Idle => self.hang_up(connection),
                Overdue::Slow(reason) => self.drop_link(connection, &reason, now),
            }
        }
        let links = self.links.connections.values();
        let next = links.map(|link| link.next_deadline(max_idle, now)).min();
        self.wake_at(next.unwrap_or(Timestamp::NEVER));
        self.report_outage(now);
    }

    /// One warning for each outage, within a second, when every address has failed or the second is nearly over.
    fn report_outage(&mut self, now: Timestamp) {
        let Some(outage) = self.links.outage.filter(|outage| !outage.is_reported) else { return };
        let failed = |address: &Address| {
            let peer = self.links.peers.get(address);
            peer.is_some_and(|peer| peer.reason.is_some() && peer.failed_at >= outage.since)
        };
        let all_failed = self.links.bootstrap.iter().chain(self.metadata.brokers().values()).all(failed);
        let due = outage.since + REPORT_AFTER;
        if !all_failed && due > now {
            self.wake_at(due);
            return;
        }
        self.links.outage = Some(Outage { is_reported: true, ..outage });
        tracing::warn!("no broker is in reach: {}", self.links.unreachable());
    }

    /// Closes a connection that nobody needs.
    fn hang_up(&mut self, connection: ConnectionId) {
        self.links.connections.remove(&connection);
        self.actions.push_back(Action::Close { connection });
    }

    /// Gives a connection up from this side.
    pub(super) fn drop_link(&mut self, connection: ConnectionId, reason: &str, now: Timestamp) {
        if let Some(link) = self.links.connections.get(&connection) {
            tracing::warn!("the connection to {} is closed: it {reason}", link.address);
            self.actions.push_back(Action::Close { connection });
            self.disconnected(connection, reason, now);
        }
    }

    /// A connection is gone, or never was: what was under way on it is to be asked again.
    pub(super) fn disconnected(&mut self, connection: ConnectionId, reason: &str, now: Timestamp) {
        let Some(link) = self.links.connections.remove(&connection) else { return };
        let backoff = self.settings.reconnect_backoff;
        let failures = self.links.peer(&link.address).failures + 1;
        let wait = backoff.after(failures, &mut self.random);
        let peer = self.links.peer(&link.address);
        (peer.failures, peer.retry_at) = (failures, now + wait);
        (peer.failed_at, peer.reason) = (now, Some(reason.to_owned()));
        tracing::debug!("{}: {reason}", link.address);
        // The broker may be gone for good, and its partitions with others.
        self.metadata.refresh();
        let what = format!("the connection to {} ended before the answer: {reason}", link.address);
        for request in link.in_flight.into_iter().chain(link.unwritten) {
            self.unanswered(request, &what, now);
        }
    }

    fn unanswered(&mut self, request: InFlight, reason: &str, now: Timestamp) {
        match request.content {
            Content::ApiVersions => {}
            Content::Metadata => self.metadata.failed(now, &mut self.random),
            Content::InitProducerId => self.identity_failed(now),
            Content::Produce(batches) => {
                for sent in batches {
                    self.retry_unanswered(sent, reason, now);
                }
            }
        }
    }
}

enum Overdue {
    Idle,
    Slow(String),
}

fn overdue(link: &Connection, max_idle: Duration, now: Timestamp) -> Option<Overdue> {
    if let State::Connecting { since, deadline } = link.state {
        let waited = deadline.saturating_since(since).as_millis();
        let reason = || {
            Overdue::Slow(format!("could not be opened in {waited} ms (socket.connection.setup.timeout.ms)"))
        };
        return (deadline <= now).then(reason);
    }
    let oldest =
        link.in_flight.front().into_iter().chain(link.unwritten.front()).map(|request| request.deadline);
    match oldest.min() {
        Some(deadline) if deadline <= now => {
            Some(Overdue::Slow("did not answer within request.timeout.ms".to_owned()))
        }
        Some(_) => None,
        None => (link.last_used + max_idle <= now).then_some(Overdue::Idle),
    }
}
