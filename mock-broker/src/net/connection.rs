//! One connection: frames in, frames out, in order.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use protocol::frame::{EncodedFrame, Framer};
use protocol::names::BrokerId;
use protocol::{ApiKey, DecodeError, DecodeErrorKind, RequestHeader};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Inbox, Shared};
use crate::cluster::{CloseReason, ConnectionId, Effect, Effects};

/// Serves a client until one of the two closes, or the cluster is dropped.
pub(super) async fn serve(shared: Arc<Shared>, broker: BrokerId, stream: TcpStream, peer: SocketAddr) {
    // An answer is written whole; waiting for more to send with it only costs time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
    }
    let (id, inbox) = shared.open(broker);
    let framer = Framer::new(shared.lock().cluster.max_frame_bytes());
    let mut connection = Connection {
        shared: &shared,
        id,
        stream,
        inbox,
        framer,
        received: BytesMut::new(),
        outbox: Vec::new(),
        outbox_bytes: 0,
        is_reading: true,
        has_spoken: false,
    };
    match connection.run().await {
        Ok(End::Peer) => {}
        Ok(End::Broker(reason)) => {
            // What was answered before still goes out.
            let _ = connection.flush().await;
            log(peer, broker, &reason);
        }
        Ok(End::NotKafka(what)) => {
            tracing::warn!(%peer, %broker, "closing: this looks like {what}, and is no Kafka request");
        }
        Ok(End::BadFrame(error)) => {
            let _ = connection.flush().await;
            log_frame(peer, broker, &connection.received, &error);
        }
        Ok(End::CutOff { missing }) => {
            let reason = format!("the client closed the connection {missing} bytes before the frame's end");
            log_frame(peer, broker, &connection.received, &reason);
        }
        Err(error) => tracing::debug!(%peer, %broker, %error, "connection lost"),
    }
}

/// Why a connection ends.
enum End {
    Peer,
    Broker(CloseReason),
    NotKafka(&'static str),
    BadFrame(DecodeError),
    /// The peer closes within a frame.
    CutOff {
        missing: usize,
    },
}

struct Connection<'a> {
    shared: &'a Shared,
    id: ConnectionId,
    stream: TcpStream,
    inbox: Inbox,
    framer: Framer,
    received: BytesMut,
    outbox: Vec<Bytes>,
    outbox_bytes: usize,
    is_reading: bool,
    /// Whether a whole frame has come, so that it is a Kafka client.
    has_spoken: bool,
}

impl Drop for Connection<'_> {
    /// However it ends, even by a panic, the cluster forgets it.
    fn drop(&mut self) {
        self.shared.closed(self.id);
    }
}

/// What is asked of the socket at once, while frames are small.
const SMALL_READ: usize = 16 * 1024;
/// Frames from this size on get a buffer of exactly their size, for batches in them are stored where they are.
const OWN_BUFFER: usize = crate::cluster::log::COPY_BELOW;
/// A buffer grows to this many times what has arrived: a length alone buys nothing. A megabyte after the first 16 KiB is
/// copied once instead of three times, and memory that nothing is written to costs nothing.
const GROWTH: usize = 64;
/// Answers are written when there are so many bytes of them, even if more requests are waiting to be read.
const MAX_OUTBOX: usize = 1024 * 1024;

impl Connection<'_> {
    async fn run(&mut self) -> io::Result<End> {
        loop {
            tokio::select! {
                biased;
                Some(effect) = self.inbox.recv() => {
                    if let Some(reason) = self.perform(vec![effect]) {
                        return Ok(End::Broker(reason));
                    }
                }
                ready = self.stream.readable(), if self.is_reading => {
                    ready?;
                    self.make_room();
                    match self.stream.try_read_buf(&mut self.received) {
                        Ok(0) if self.received.is_empty() => return Ok(End::Peer),
                        Ok(0) => return Ok(End::CutOff { missing: self.framer.missing(&self.received) }),
                        Ok(_) => {
                            if let Some(end) = self.frames().await? {
                                return Ok(end);
                            }
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            self.flush().await?;
        }
    }

    /// Makes room for what comes next: the rest of a large frame and no more, or a small piece.
    fn make_room(&mut self) {
        let have = self.received.len();
        let total = have + self.framer.missing(&self.received);
        if total < OWN_BUFFER {
            self.received.reserve(SMALL_READ);
            return;
        }
        let capacity = total.min(have.max(SMALL_READ) * GROWTH);
        if self.received.capacity() == have || self.received.capacity() > total {
            let mut larger = BytesMut::with_capacity(capacity);
            larger.extend_from_slice(&self.received);
            self.received = larger;
        }
    }

    /// Gives the core every whole frame that has come.
    async fn frames(&mut self) -> io::Result<Option<End>> {
        if !self.has_spoken
            && let Some(what) = other_protocol(&self.received)
        {
            return Ok(Some(End::NotKafka(what)));
        }
        loop {
            let frame = match self.framer.next(&mut self.received) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(End::BadFrame(error))),
            };
            self.has_spoken = true;
            let effects = self.shared.handle_frame(self.id, frame, &mut self.inbox);
            if let Some(reason) = self.perform(effects) {
                return Ok(Some(End::Broker(reason)));
            }
            if self.outbox_bytes > MAX_OUTBOX {
                self.flush().await?;
            }
        }
    }

    /// Does what the core says; gives the reason if that is to close.
    fn perform(&mut self, effects: Effects) -> Option<CloseReason> {
        for effect in effects {
            match effect {
                Effect::Send { frame, .. } => {
                    self.outbox_bytes += frame.len();
                    self.outbox.extend(frame.parts().cloned());
                }
                Effect::Close { reason, .. } => return Some(reason),
                Effect::StopReading { .. } => self.is_reading = false,
                Effect::ResumeReading { .. } => self.is_reading = true,
            }
        }
        None
    }

    /// Writes all answers in as few calls as possible. While the client does not take them, nothing is read from it.
    async fn flush(&mut self) -> io::Result<()> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        self.outbox_bytes = 0;
        let mut frames = EncodedFrame::from_parts(std::mem::take(&mut self.outbox));
        self.stream.write_all_buf(&mut frames).await
    }
}

/// The protocol that someone speaks who has come to the wrong port, told by the first bytes.
fn other_protocol(received: &[u8]) -> Option<&'static str> {
    const HTTP: [&[u8]; 9] =
        [b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"OPTI", b"PATC", b"CONN", b"TRAC"];
    match received {
        // Handshake, version 3.x: as a length it would be 369 MB.
        [0x16, 0x03, ..] => Some("a TLS hello"),
        _ if HTTP.iter().any(|method| received.starts_with(method)) => Some("an HTTP request"),
        _ if received.starts_with(b"HTTP") => Some("an HTTP answer"),
        _ if received.starts_with(b"PRI ") => Some("an HTTP/2 preface"),
        _ if received.starts_with(b"SSH-") => Some("an SSH greeting"),
        _ => None,
    }
}

/// The line for what is no whole frame. What it was to become is in its first bytes, if so many came.
fn log_frame(peer: SocketAddr, broker: BrokerId, received: &[u8], reason: &dyn fmt::Display) {
    const BEHIND_LENGTH: std::ops::Range<usize> = 4..12;
    let head = received.get(BEHIND_LENGTH).map(Bytes::copy_from_slice);
    let api =
        head.and_then(|head| RequestHeader::peek(&head)).map(|(api_key, version, _)| (api_key, version));
    log_bad_request(peer, broker, api, reason);
}

fn log_bad_request(
    peer: SocketAddr,
    broker: BrokerId,
    api: Option<(ApiKey, i16)>,
    reason: &dyn fmt::Display,
) {
    match api {
        Some((api_key, version)) => {
            tracing::warn!(%peer, %broker, %api_key, version, %reason, "closing: not a request");
        }
        None => {
            tracing::warn!(%peer, %broker, api_key = "none", version = "none", %reason, "closing: not a request");
        }
    }
}

/// One line for each connection that the broker closes: a warning if the client is to blame.
fn log(peer: SocketAddr, broker: BrokerId, reason: &CloseReason) {
    match reason {
        CloseReason::BadRequest { api: Some((api_key, version)), error } => match error.kind() {
            DecodeErrorKind::UnsupportedVersion { .. } | DecodeErrorKind::UnknownApiKey(_) => {
                tracing::warn!(%peer, %broker, %api_key, version, %reason, "closing: not served");
            }
            _ => log_bad_request(peer, broker, Some((*api_key, *version)), reason),
        },
        CloseReason::BadRequest { api: None, .. } => log_bad_request(peer, broker, None, reason),
        CloseReason::BadAnswer { api: (api_key, version), .. } => {
            tracing::warn!(%peer, %broker, %api_key, version, %reason, "closing");
        }
        CloseReason::Failed | CloseReason::Fault(_) => tracing::debug!(%peer, %broker, %reason, "closing"),
    }
}
