//! Answers on their way to a client.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes};
use protocol::frame::EncodedFrame;
use tokio::net::TcpStream;

/// What is still to be written, in order. Record batches in it are the slices that lie in the logs, not copies.
#[derive(Default)]
pub(super) struct Outbox {
    parts: VecDeque<Bytes>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// How many bytes there are.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, frame: &EncodedFrame) {
        self.bytes += frame.len();
        self.parts.extend(frame.parts().cloned());
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
