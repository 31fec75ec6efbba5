//! A network of one thread: connections as queues of bytes on a virtual clock.
//!
//! Bytes of one direction of a connection arrive in order, cut anywhere, after a delay from the seed. A connection that
//! is cut loses what is still under way, in both directions.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mock_broker::ConnectionId;
use protocol::frame::Framer;
use protocol::names::{BrokerId, Timestamp};

use crate::random::Random;

/// What the network does at a moment.
#[derive(Debug)]
pub enum Happening {
    /// A connection that was asked for is open.
    Opened,
    /// Nobody listens, or nobody answers.
    Refused,
    /// Bytes reach the broker.
    AtBroker(Bytes),
    /// Bytes reach the client.
    AtClient(Bytes),
    /// The connection is gone, for both.
    Cut,
}

/// Slow bytes come in so many pieces.
const PIECES_PER_SECOND: u32 = 10;

/// One connection, seen from the middle.
#[derive(Debug)]
pub struct Link {
    /// The broker at its end.
    pub broker: BrokerId,
    /// Its name at the broker.
    pub id: ConnectionId,
    /// What reached the broker and is not a whole frame yet.
    received: BytesMut,
    /// No byte arrives before those that were sent before it.
    earliest: [Timestamp; 2],
    /// Whether a cut is under way: nothing sent after it arrives.
    is_cut: bool,
}

/// The ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The cluster's.
    Broker,
    /// The producer's.
    Client,
}

/// All connections, and all that is under way on them. `K` is what the client calls a connection.
#[derive(Debug)]
pub struct Network<K> {
    links: BTreeMap<K, Link>,
    under_way: BTreeMap<(Timestamp, u64), (K, Happening)>,
    sent: u64,
    opened: u64,
    max_delay_ms: usize,
}

impl<K: Copy + Ord> Network<K> {
    /// A network where nothing takes longer than `max_delay`.
    pub fn new(max_delay: Duration) -> Self {
        let max_delay_ms = max_delay.as_millis() as usize;
        Self { links: BTreeMap::new(), under_way: BTreeMap::new(), sent: 0, opened: 0, max_delay_ms }
    }

    /// The connection of this name.
    pub fn link(&self, client: K) -> Option<&Link> {
        self.links.get(&client)
    }

    /// The client's name of the connection that the broker knows as `id`.
    pub fn client_of(&self, id: ConnectionId) -> Option<K> {
        self.links.iter().find(|(_, link)| link.id == id).map(|(client, _)| *client)
    }

    /// Begins to open a connection, or to find out that it cannot be opened.
    pub fn open(&mut self, client: K, broker: Option<BrokerId>, now: Timestamp, random: &mut Random) {
        let at = now + self.delay(random);
        let Some(broker) = broker else { return self.schedule(at, client, Happening::Refused) };
        self.opened += 1;
        let id = ConnectionId(self.opened);
        let link = Link { broker, id, received: BytesMut::new(), earliest: [at; 2], is_cut: false };
        self.links.insert(client, link);
        self.schedule(at, client, Happening::Opened);
    }

    /// Sends bytes to one end, in pieces.
    pub fn send(&mut self, client: K, to: End, mut bytes: Bytes, now: Timestamp, random: &mut Random) {
        while !bytes.is_empty() {
            let size = if random.one_in(3) { 1 + random.below(bytes.len()) } else { bytes.len() };
            let piece = bytes.split_to(size);
            let happening = match to {
                End::Broker => Happening::AtBroker(piece),
                End::Client => Happening::AtClient(piece),
            };
            self.deliver(client, to, happening, now, random);
        }
    }

    /// Sends bytes to the client, so many a second.
    pub fn send_slowly(
        &mut self,
        client: K,
        mut bytes: Bytes,
        bytes_per_second: u32,
        now: Timestamp,
        random: &mut Random,
    ) {
        let per_piece = (bytes_per_second / PIECES_PER_SECOND).max(1) as usize;
        let pause = Duration::from_secs(1) * per_piece as u32 / bytes_per_second.max(1);
        let mut at = now;
        while !bytes.is_empty() {
            let piece = bytes.split_to(per_piece.min(bytes.len()));
            self.deliver(client, End::Client, Happening::AtClient(piece), at, random);
            at = at + pause;
        }
    }

    /// Resets the connection: what is under way to the client is lost.
    pub fn reset(&mut self, client: K, now: Timestamp, random: &mut Random) {
        self.under_way
            .retain(|_, (of, happening)| *of != client || !matches!(happening, Happening::AtClient(_)));
        self.cut(client, End::Client, now, random);
    }

    /// Cuts the connection behind what was sent to one end so far.
    pub fn cut(&mut self, client: K, behind: End, now: Timestamp, random: &mut Random) {
        self.deliver(client, behind, Happening::Cut, now, random);
        if let Some(link) = self.links.get_mut(&client) {
            link.is_cut = true;
        }
    }

    fn deliver(&mut self, client: K, to: End, happening: Happening, now: Timestamp, random: &mut Random) {
        let delay = self.delay(random);
        let Some(link) = self.links.get_mut(&client).filter(|link| !link.is_cut) else { return };
        let earliest = &mut link.earliest[to as usize];
        *earliest = (*earliest).max(now + delay);
        let at = *earliest;
        self.schedule(at, client, happening);
    }

    fn delay(&self, random: &mut Random) -> Duration {
        Duration::from_millis(random.below(self.max_delay_ms + 1) as u64)
    }

    fn schedule(&mut self, at: Timestamp, client: K, happening: Happening) {
        self.sent += 1;
        self.under_way.insert((at, self.sent), (client, happening));
    }

    /// When the next thing arrives.
    pub fn next_arrival(&self) -> Option<Timestamp> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// What arrives by `now`, one at a time, in order.
    pub fn arrival(&mut self, now: Timestamp) -> Option<(K, Happening)> {
        let entry = self.under_way.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    /// The whole frames that a broker has with these bytes.
    ///
    /// # Panics
    /// If they are no frames: only producers send here.
    pub fn frames(&mut self, client: K, bytes: &[u8]) -> Vec<Bytes> {
        let Some(link) = self.links.get_mut(&client) else { return Vec::new() };
        link.received.extend_from_slice(bytes);
        let next =
            |received: &mut BytesMut| Framer::default().next(received).expect("a producer sends frames");
        std::iter::from_fn(|| next(&mut link.received)).collect()
    }

    /// Forgets a connection and all that is under way on it; gives its name at the broker.
    pub fn remove(&mut self, client: K) -> Option<ConnectionId> {
        self.under_way.retain(|_, (of, _)| *of != client);
        self.links.remove(&client).map(|link| link.id)
    }
}
