//! Who asks, and what: connections, and requests on them.

use std::collections::VecDeque;

use bytes::Bytes;
use protocol::names::{Acks, BrokerId, Timestamp};
use protocol::{
    ApiKey, ByteString, DecodeError, DecodeErrorKind, ErrorCode, Request, RequestHeader, VersionRange,
};

use super::ConnectionId;
use crate::fault::Strikes;
use crate::journal::{self, PartitionOutcome};

/// A client, as seen by the broker it is connected to.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) broker: BrokerId,
    /// The how-manieth of the cluster it is, from 1.
    pub(super) nth: u64,
    /// What the client called itself last: kept, so that the journal needs no copy for each request.
    pub(super) client_id: Option<ByteString>,
    /// Frames that came while an earlier request waits, from a driver that had read them before it was to stop: a
    /// connection is answered in order.
    pub(super) queue: VecDeque<Bytes>,
    pub(super) queued_bytes: usize,
    pub(super) is_stopped: bool,
}

/// More queued frames than these, or more bytes behind the first, close the connection.
const MAX_QUEUED_FRAMES: usize = 1000;
const MAX_QUEUED_BYTES: usize = 1024 * 1024;

/// A request that is being handled: who asked, and what came of it so far.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) connection: ConnectionId,
    pub(super) nth_connection: u64,
    pub(crate) broker: BrokerId,
    pub(crate) api_key: ApiKey,
    pub(crate) version: i16,
    /// Filled in by handlers, for the journal.
    pub(crate) acks: Option<Acks>,
    pub(crate) outcomes: Vec<PartitionOutcome>,
    pub(super) error_code: ErrorCode,
    pub(crate) client_id: Option<ByteString>,
    pub(super) correlation_id: i32,
    pub(crate) arrived: Timestamp,
    pub(super) strikes: Strikes,
    /// How long its frame is.
    pub(crate) frame_bytes: usize,
    /// Its number in the journal, once it is there.
    pub(super) entry: Option<u64>,
}

impl Connection {
    pub(super) fn new(broker: BrokerId, nth: u64) -> Self {
        let queue = VecDeque::new();
        Self { broker, nth, client_id: None, queue, queued_bytes: 0, is_stopped: false }
    }

    /// Who asks, with nothing come of it yet.
    pub(super) fn asked(
        &mut self,
        connection: ConnectionId,
        header: RequestHeader,
        frame_bytes: usize,
        now: Timestamp,
    ) -> Asked {
        if self.client_id != header.client_id {
            // A copy: the name must not keep the whole frame alive.
            self.client_id = header.client_id.as_deref().map(|name| journal::shortened(name).into());
        }
        Asked {
            connection,
            nth_connection: self.nth,
            broker: self.broker,
            api_key: header.request_api_key,
            version: header.request_api_version,
            acks: None,
            outcomes: Vec::new(),
            error_code: ErrorCode::NONE,
            correlation_id: header.correlation_id,
            client_id: self.client_id.clone(),
            arrived: now,
            strikes: Strikes::default(),
            frame_bytes,
            entry: None,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.queue.len() < MAX_QUEUED_FRAMES && self.queued_bytes < MAX_QUEUED_BYTES
    }
}

impl Asked {
    /// Nobody in particular, for looking at what an answer would be.
    pub(crate) fn nobody() -> Self {
        let header = RequestHeader { request_api_version: i16::MAX, ..RequestHeader::default() };
        Connection::new(BrokerId::NONE, 0).asked(ConnectionId(u64::MAX), header, 0, Timestamp(0))
    }
}

/// Reads a frame: who asks, and what.
pub(super) fn read(
    frame: &Bytes,
    served: impl Fn(ApiKey) -> Option<VersionRange>,
) -> Result<(RequestHeader, Request), DecodeError> {
    let (header, body) = RequestHeader::read(frame)?;
    let (api_key, version) = (header.request_api_key, header.request_api_version);
    let Some(served) = served(api_key) else {
        return Err(DecodeError::new(DecodeErrorKind::UnknownApiKey(api_key.0), 0));
    };
    if !served.contains(version) {
        let (lowest, highest) = (served.lowest(), served.highest());
        return Err(DecodeError::new(DecodeErrorKind::UnsupportedVersion { version, lowest, highest }, 2));
    }
    let request = decode(api_key, version, &body)?;
    Ok((header, request))
}

/// What a frame seems to ask for, however little of it there is.
pub(super) fn api_of(frame: &[u8]) -> Option<(ApiKey, i16)> {
    let number = |at: usize| frame.get(at..)?.first_chunk().map(|bytes| i16::from_be_bytes(*bytes));
    Some((ApiKey(number(0)?), number(2)?))
}

/// Reads a request's body. Bytes after its end are overlooked, as Kafka does: librdkafka 2.16 sends three of them with every
/// Metadata request of version 13.
fn decode(api_key: ApiKey, version: i16, body: &Bytes) -> Result<Request, DecodeError> {
    Request::decode(api_key, version, body).or_else(|error| match error.kind() {
        DecodeErrorKind::TrailingBytes(count) if *count <= body.len() => {
            Request::decode(api_key, version, &body.slice(..body.len() - count))
        }
        _ => Err(error),
    })
}
