//! Answers on their way to a client, at once, or slowly because a fault rule wants it so.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes};
use protocol::frame::EncodedFrame;
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant};

/// What is still to be written, in order. Record batches in it are the slices that lie in the logs, not copies.
#[derive(Default)]
pub(super) struct Outbox {
    parts: VecDeque<Bytes>,
    /// What has to wait, from the first slow answer on.
    waiting: VecDeque<Waiting>,
    /// When the next of it may go.
    due: Option<Instant>,
    bytes: usize,
}

/// An answer, or what is left of it, and how many bytes of it may go in a second.
struct Waiting {
    parts: Vec<Bytes>,
    per_second: Option<u32>,
}

/// Slow bytes go so often, unless they are even fewer.
const TICKS_PER_SECOND: u32 = 50;

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.waiting.is_empty()
    }

    /// Whether something may be written now.
    pub(super) fn is_ready(&self) -> bool {
        !self.parts.is_empty()
    }

    /// How many bytes there are.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, frame: &EncodedFrame) {
        self.bytes += frame.len();
        if self.waiting.is_empty() && self.due.is_none() {
            self.parts.extend(frame.parts().cloned());
        } else {
            let parts = frame.parts().cloned().collect();
            self.waiting.push_back(Waiting { parts, per_second: None });
        }
    }

    /// Takes an answer of which no more than so many bytes are written in a second.
    pub(super) fn push_slowly(&mut self, frame: EncodedFrame, bytes_per_second: u32) {
        self.bytes += frame.len();
        let parts = vec![frame.into_bytes()];
        self.waiting.push_back(Waiting { parts, per_second: Some(bytes_per_second.max(1)) });
        if self.due.is_none() {
            self.go_on();
        }
    }

    /// Whether something waits for its time.
    pub(super) fn is_waiting(&self) -> bool {
        self.due.is_some()
    }

    /// Waits until more may go; for ever if nothing waits for its time.
    pub(super) async fn turn(&mut self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
        self.due = None;
        self.go_on();
    }

    /// Lets go what may go now.
    fn go_on(&mut self) {
        while let Some(next) = self.waiting.front_mut() {
            match (next.per_second, next.parts.first_mut()) {
                (Some(per_second), Some(bytes)) if !bytes.is_empty() => {
                    // One byte at least, and then less often. After the last one too, so that what follows is not early.
                    let count = (per_second / TICKS_PER_SECOND).max(1);
                    self.parts.push_back(bytes.split_to(bytes.len().min(count as usize)));
                    self.due = Some(Instant::now() + Duration::from_secs(1) * count / per_second);
                    return;
                }
                (Some(_), _) => {}
                (None, _) => self.parts.extend(next.parts.drain(..)),
            }
            self.waiting.pop_front();
        }
    }

    /// Writes as much as the socket takes, in as few calls as possible; gives how many bytes that is.
    pub(super) fn write_to(&mut self, stream: &TcpStream) -> io::Result<usize> {
        let mut written = 0;
        while !self.parts.is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count =
                slices.iter_mut().zip(&self.parts).map(|(slice, part)| *slice = IoSlice::new(part)).count();
            match stream.try_write_vectored(&slices[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.advance(count);
                    written += count;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    fn advance(&mut self, mut count: usize) {
        self.bytes -= count;
        while let Some(part) = self.parts.front_mut() {
            if count < part.len() {
                part.advance(count);
                return;
            }
            count -= part.len();
            self.parts.pop_front();
        }
        // What one large answer needed is not kept for ever.
        self.parts.shrink_to(MAX_SLICES);
    }
}

/// How many slices one call writes.
const MAX_SLICES: usize = 64;
