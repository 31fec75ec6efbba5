//! One connection to one broker: the versions agreed on, and the requests that wait for their answers.

use std::collections::VecDeque;
use std::fmt;

use bytes::{Bytes, BytesMut};
use protocol::frame::Framer;
use protocol::messages::ApiVersionsRequest;
use protocol::names::{BrokerId, Timestamp};
use protocol::negotiation::{ApiVersionsAnswer, BrokerVersions};
use protocol::{ApiKey, ResponseHeader};

use super::batch::Batch;
use super::sequences::Leadership;
use crate::config::Address;

/// The number of a connection; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) address: Address,
    /// Which broker is at the other end, if that is known yet.
    pub(crate) broker: Option<BrokerId>,
    pub(crate) state: State,
    next_correlation_id: i32,
    /// In the order in which they were sent, which is the order in which a broker answers.
    pub(crate) in_flight: VecDeque<InFlight>,
    /// Those that no answer comes to, until they are written.
    pub(crate) unwritten: VecDeque<InFlight>,
    received: BytesMut,
    /// Until when the broker wants to be left alone (KIP-219).
    pub(crate) muted_until: Timestamp,
    pub(crate) last_used: Timestamp,
}

#[derive(Debug)]
pub(crate) enum State {
    /// Until `deadline` at most.
    Connecting {
        since: Timestamp,
        deadline: Timestamp,
    },
    /// Waiting to hear what the broker speaks.
    Negotiating,
    Ready(Versions),
}

/// The versions of the requests that a producer makes, as both sides have them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Versions {
    pub(crate) produce: i16,
    pub(crate) metadata: i16,
    pub(crate) init_producer_id: Option<i16>,
}

impl Versions {
    /// What a producer cannot do without; else which API is missing.
    pub(crate) fn agree(offered: &BrokerVersions) -> Result<Self, ApiKey> {
        let needed = |key| offered.agree(key).ok_or(key);
        Ok(Self {
            produce: needed(ApiKey::PRODUCE)?,
            metadata: needed(ApiKey::METADATA)?,
            init_producer_id: offered.agree(ApiKey::INIT_PRODUCER_ID),
        })
    }
}

/// A request without its answer.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) correlation_id: i32,
    pub(crate) version: i16,
    pub(crate) deadline: Timestamp,
    pub(crate) content: Content,
}

/// What was asked.
#[derive(Debug)]
pub(crate) enum Content {
    ApiVersions,
    Metadata,
    InitProducerId,
    Produce(Vec<Sent>),
}

/// A batch under way.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) slot: usize,
    pub(crate) leader: Leadership,
    pub(crate) batch: Batch,
}

impl Content {
    fn api_key(&self) -> ApiKey {
        match self {
            Self::ApiVersions => ApiKey::API_VERSIONS,
            Self::Metadata => ApiKey::METADATA,
            Self::InitProducerId => ApiKey::INIT_PRODUCER_ID,
            Self::Produce(_) => ApiKey::PRODUCE,
        }
    }
}

impl Connection {
    pub(crate) fn new(
        address: Address,
        broker: Option<BrokerId>,
        since: Timestamp,
        deadline: Timestamp,
    ) -> Self {
        Self {
            address,
            broker,
            state: State::Connecting { since, deadline },
            next_correlation_id: 0,
            in_flight: VecDeque::new(),
            unwritten: VecDeque::new(),
            received: BytesMut::new(),
            muted_until: Timestamp(i64::MIN),
            last_used: since,
        }
    }

    /// The versions, once they are agreed on.
    pub(crate) fn versions(&self) -> Option<Versions> {
        match self.state {
            State::Ready(versions) => Some(versions),
            _ => None,
        }
    }

    /// Whether another request may be sent.
    pub(crate) fn has_room(&self, max_in_flight: usize, now: Timestamp) -> bool {
        matches!(self.state, State::Ready(_)) && self.muted_until <= now && self.load() < max_in_flight
    }

    /// Whether batches are under way, so that an answer will come soon.
    pub(crate) fn is_producing(&self) -> bool {
        let mut requests = self.in_flight.iter().chain(&self.unwritten);
        requests.any(|request| matches!(request.content, Content::Produce(_)))
    }

    /// How many requests are under way.
    pub(crate) fn load(&self) -> usize {
        self.in_flight.len() + self.unwritten.len()
    }

    /// The number of the next request.
    pub(crate) fn next_correlation_id(&self) -> i32 {
        self.next_correlation_id
    }

    /// Notes that the next request is under way.
    pub(crate) fn sent(&mut self, request: InFlight, has_answer: bool, now: Timestamp) {
        self.next_correlation_id = request.correlation_id.wrapping_add(1) & i32::MAX;
        self.last_used = now;
        let queue = if has_answer { &mut self.in_flight } else { &mut self.unwritten };
        queue.push_back(request);
    }

    /// What to ask first, and in which version.
    pub(crate) fn greeting() -> (i16, ApiVersionsRequest) {
        let request = ApiVersionsRequest {
            client_software_name: "milena-producer".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
            ..Default::default()
        };
        (ApiVersionsAnswer::FIRST_VERSION, request)
    }

    /// Adds bytes that came in.
    pub(crate) fn receive(&mut self, bytes: &[u8], now: Timestamp) {
        self.received.extend_from_slice(bytes);
        self.last_used = now;
    }

    /// Takes the next whole answer, with the request that it answers.
    ///
    /// A broker answers in order, so an answer to anything but the oldest request means that the two sides no longer
    /// agree on what is what: nothing on this connection can be believed any more.
    pub(crate) fn next_answer(&mut self) -> Result<Option<(InFlight, Bytes)>, String> {
        let frame = match Framer::default().next(&mut self.received) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(None),
            Err(error) => return Err(format!("sent what is no answer: {error}")),
        };
        let Some(request) = self.in_flight.front() else {
            return Err("answered a question that nobody asked".to_owned());
        };
        let (header, body) = ResponseHeader::read(request.content.api_key(), request.version, &frame)
            .map_err(|error| format!("sent an answer that cannot be read: {error}"))?;
        if header.correlation_id != request.correlation_id {
            let (got, expected) = (header.correlation_id, request.correlation_id);
            return Err(format!("answered out of order: correlation id {got} where {expected} was due"));
        }
        Ok(self.in_flight.pop_front().map(|request| (request, body)))
    }

    /// What comes first of the times at which this connection must be looked at.
    pub(crate) fn next_deadline(&self, max_idle: std::time::Duration, now: Timestamp) -> Timestamp {
        let own = match self.state {
            State::Connecting { deadline, .. } => deadline,
            _ if self.load() == 0 => self.last_used + max_idle,
            _ => Timestamp::NEVER,
        };
        let oldest = [self.in_flight.front(), self.unwritten.front()];
        let oldest = oldest.into_iter().flatten().map(|request| request.deadline).min();
        let muted = if self.muted_until > now { self.muted_until } else { Timestamp::NEVER };
        own.min(oldest.unwrap_or(Timestamp::NEVER)).min(muted)
    }
}
