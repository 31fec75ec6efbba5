//! One connection: frames in, frames out, in order, and an end to everything that takes too long.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use protocol::DecodeError;
use protocol::frame::Framer;
use protocol::names::BrokerId;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::clock::FAR;
use super::limits::Limits;
use super::outbox::Outbox;
use super::shared::{Inbox, Shared};
use super::stranger::{log_close, log_frame, other_protocol};
use crate::cluster::{CloseReason, ConnectionId, Effect, Effects};

/// Serves a client until one of the two closes, or the cluster is dropped.
pub(super) async fn serve(shared: Arc<Shared>, broker: BrokerId, stream: TcpStream, peer: SocketAddr) {
    // An answer is written whole; waiting for more to send with it only costs time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
    }
    let (id, inbox) = shared.open(broker);
    let limits = shared.limits;
    let mut connection = Connection {
        shared: &shared,
        id,
        stream,
        inbox,
        limits,
        framer: Framer::new(limits.frame_bytes),
        received: BytesMut::new(),
        outbox: Outbox::default(),
        is_reading: true,
        has_spoken: false,
        steps: 0,
        is_busy: false,
        active: Instant::now(),
        frame_began: None,
        write: None,
        ended: None,
    };
    let Err(end) = connection.run().await;
    match end {
        End::Peer => {}
        End::Broker(reason) => {
            // What was answered before still goes out.
            connection.finish().await;
            log_close(peer, broker, &reason);
        }
        End::NotKafka(what) => {
            tracing::warn!(%peer, %broker, "closing: this looks like {what}, and is no Kafka request");
        }
        End::BadFrame(error) => {
            connection.finish().await;
            log_frame(peer, broker, &connection.received, &error);
        }
        End::CutOff { missing } => {
            let reason = format!("the client closed the connection {missing} bytes before the frame's end");
            log_frame(peer, broker, &connection.received, &reason);
        }
        End::TooSlow { missing } => {
            let limit = limits.frame_deadline;
            let reason = format!("{missing} bytes of the frame are missing {limit:?} after its first one");
            log_frame(peer, broker, &connection.received, &reason);
        }
        End::Unread { bytes } => {
            let limit = limits.write_deadline;
            tracing::warn!(%peer, %broker, bytes, "closing: the client has not read its answers for {limit:?}");
        }
        End::Reset => {
            // Closing sends the peer a reset, and throws away what it has not taken.
            if let Err(error) = connection.stream.set_zero_linger() {
                tracing::debug!(%peer, %error, "cannot set SO_LINGER");
            }
        }
        End::Idle => tracing::debug!(%peer, %broker, "closing: nothing was asked for {:?}", limits.idle),
        End::Lost(error) => tracing::debug!(%peer, %broker, %error, "connection lost"),
    }
}

/// Why a connection ends.
enum End {
    /// The client has closed it, and has all its answers.
    Peer,
    Broker(CloseReason),
    NotKafka(&'static str),
    BadFrame(DecodeError),
    /// The client closes within a frame.
    CutOff {
        missing: usize,
    },
    /// A frame does not end.
    TooSlow {
        missing: usize,
    },
    /// The client does not read.
    Unread {
        bytes: usize,
    },
    Idle,
    Reset,
    Lost(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

struct Connection<'a> {
    shared: &'a Shared,
    id: ConnectionId,
    stream: TcpStream,
    inbox: Inbox,
    limits: Limits,
    framer: Framer,
    received: BytesMut,
    outbox: Outbox,
    /// Whether the core takes frames.
    is_reading: bool,
    /// Whether a whole frame has come, so that it is a Kafka client.
    has_spoken: bool,
    /// Whether it has said that it has something to do still.
    is_busy: bool,
    /// What it has done since others had their turn.
    steps: usize,
    /// When something last came or went.
    active: Instant,
    /// When the frame began that is not whole yet.
    frame_began: Option<Instant>,
    /// What the client has still to take of its answers.
    write: Option<Write>,
    /// When the client closed its half.
    ended: Option<Instant>,
}

/// Answers that the client has not taken at once. The deadline is for one buffer's worth of them: a long answer has more
/// time, a client that takes a byte now and then has not.
#[derive(Clone, Copy)]
struct Write {
    began: Instant,
    /// Bytes since then.
    taken: usize,
}

impl Drop for Connection<'_> {
    /// However it ends, even by a panic, the cluster forgets it.
    fn drop(&mut self) {
        self.shared.activity.set_busy(&mut self.is_busy, false);
        self.shared.closed(self.id);
    }
}

/// After so many reads and frames it is the others' turn.
const STEPS: usize = 32;
/// What is asked of the socket at once, while frames are small.
const SMALL_READ: usize = 16 * 1024;
/// Frames from this size on get a buffer of exactly their size, for batches in them are stored where they are.
const OWN_BUFFER: usize = crate::cluster::log::COPY_BELOW;
/// A buffer grows to this many times what has arrived: a length alone buys nothing. A megabyte after the first 16 KiB is
/// copied once instead of three times, and memory that nothing is written to costs nothing.
const GROWTH: usize = 64;

impl Connection<'_> {
    async fn run(&mut self) -> Result<std::convert::Infallible, End> {
        let timer = sleep_until(self.deadline());
        tokio::pin!(timer);
        loop {
            // A client that always has more to ask must not keep a thread to itself.
            self.steps += 1;
            if self.steps >= STEPS {
                self.steps = 0;
                tokio::task::yield_now().await;
            }
            tokio::select! {
                biased;
                Some(effect) = self.inbox.recv() => self.perform(vec![effect])?,
                ready = self.stream.writable(), if self.outbox.is_ready() => ready?,
                () = self.outbox.turn(), if self.outbox.is_waiting() => {}
                ready = self.stream.readable(), if self.wants_bytes() => {
                    ready?;
                    self.read()?;
                }
                () = &mut timer => {
                    self.check_deadline()?;
                    timer.as_mut().reset(self.deadline());
                }
            }
            self.work()?;
            let is_busy = !self.outbox.is_empty() || (self.is_reading && !self.received.is_empty());
            self.shared.activity.set_busy(&mut self.is_busy, is_busy);
            if self.ended.is_some() && self.is_reading && self.outbox.is_empty() {
                return Err(self.end_of_peer());
            }
            // A deadline that became later rings too early once, and is set anew then.
            let deadline = self.deadline();
            if deadline < timer.deadline() {
                timer.as_mut().reset(deadline);
            }
        }
    }

    /// Whether bytes are read: not while the client leaves its answers lying. While the core takes no frames, as much as
    /// tells whether the client is still there.
    fn wants_bytes(&self) -> bool {
        let is_welcome = self.is_reading || self.received.is_empty();
        self.ended.is_none() && is_welcome && self.outbox.bytes() <= self.limits.write_buffer
    }

    fn read(&mut self) -> Result<(), End> {
        self.make_room();
        match self.stream.try_read_buf(&mut self.received) {
            Ok(0) => self.ended = Some(Instant::now()),
            Ok(_) => self.active = Instant::now(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // An idle connection holds no buffer.
                if self.received.is_empty() {
                    self.received = BytesMut::new();
                }
            }
            Err(error) => return Err(End::Lost(error)),
        }
        Ok(())
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

    /// Answers what has come, as long as the client takes the answers.
    fn work(&mut self) -> Result<(), End> {
        loop {
            let is_done = self.frames()?;
            self.write()?;
            if is_done || self.outbox.bytes() > self.limits.write_buffer {
                return Ok(());
            }
        }
    }

    /// Gives the core the whole frames that have come, up to so many bytes of answers; whether it takes no more now.
    fn frames(&mut self) -> Result<bool, End> {
        if !self.has_spoken
            && let Some(what) = other_protocol(&self.received)
        {
            return Err(End::NotKafka(what));
        }
        while self.is_reading && self.outbox.bytes() <= self.limits.write_buffer {
            let Some(frame) = self.framer.next(&mut self.received).map_err(End::BadFrame)? else {
                self.frame_began =
                    (!self.received.is_empty()).then(|| self.frame_began.unwrap_or(self.active));
                return Ok(true);
            };
            self.has_spoken = true;
            self.frame_began = None;
            self.steps += 1;
            let effects = self.shared.handle_frame(self.id, frame, &mut self.inbox);
            self.perform(effects)?;
        }
        // Nobody is to blame for a frame that nobody takes.
        self.frame_began = None;
        Ok(!self.is_reading)
    }

    /// Does what the core says; an error if that is to close.
    fn perform(&mut self, effects: Effects) -> Result<(), End> {
        for effect in effects {
            match effect {
                Effect::Send { frame, .. } => self.outbox.push(&frame),
                Effect::SendSlowly { frame, bytes_per_second, .. } => {
                    self.outbox.push_slowly(frame, bytes_per_second);
                }
                Effect::Close { reason, .. } => return Err(End::Broker(reason)),
                Effect::Reset { .. } => return Err(End::Reset),
                Effect::StopReading { .. } => self.is_reading = false,
                Effect::ResumeReading { .. } => {
                    self.is_reading = true;
                    // What the client sent meanwhile is not late.
                    self.active = Instant::now();
                }
                // That is no connection's business.
                Effect::Listen { .. } => {}
            }
        }
        Ok(())
    }

    /// Writes what the socket takes.
    fn write(&mut self) -> Result<(), End> {
        if !self.outbox.is_ready() {
            return Ok(());
        }
        let now = Instant::now();
        let mut write = self.write.unwrap_or(Write { began: now, taken: 0 });
        let taken = self.outbox.write_to(&self.stream)?;
        if taken > 0 {
            self.active = now;
        }
        write.taken += taken;
        if write.taken >= self.limits.write_buffer {
            write = Write { began: now, taken: 0 };
        }
        self.write = self.outbox.is_ready().then_some(write);
        Ok(())
    }

    /// What is still to be written is, if the client takes it in time.
    async fn finish(&mut self) {
        let mut deadline = Instant::now() + self.limits.write_deadline;
        while self.write().is_ok() && !self.outbox.is_empty() {
            if !self.outbox.is_ready() {
                self.outbox.turn().await;
                deadline = Instant::now() + self.limits.write_deadline;
                continue;
            }
            if !matches!(timeout_at(deadline, self.stream.writable()).await, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// When something has taken too long, as things are.
    fn deadline(&self) -> Instant {
        let limits = &self.limits;
        let due = [
            self.write.map(|write| write.began + limits.write_deadline),
            self.ended.map(|ended| ended + limits.write_deadline),
            self.frame_began.map(|began| began + limits.frame_deadline),
            self.is_idle().then(|| self.active + limits.idle),
        ];
        due.into_iter().flatten().min().unwrap_or_else(|| self.active + FAR)
    }

    /// Whether it is the client's turn, and it has not begun.
    fn is_idle(&self) -> bool {
        self.is_reading && self.received.is_empty() && self.outbox.is_empty()
    }

    fn check_deadline(&self) -> Result<(), End> {
        if Instant::now() < self.deadline() {
            return Ok(());
        }
        Err(match (self.write, self.ended, self.frame_began) {
            (Some(_), ..) => End::Unread { bytes: self.outbox.bytes() },
            (None, Some(_), _) => End::Peer,
            (None, None, Some(_)) => End::TooSlow { missing: self.framer.missing(&self.received) },
            (None, None, None) => End::Idle,
        })
    }

    /// What it means that the client has closed its half and has all answers.
    fn end_of_peer(&self) -> End {
        match self.received.is_empty() {
            true => End::Peer,
            false => End::CutOff { missing: self.framer.missing(&self.received) },
        }
    }
}
