//! What happens to a cluster, and what is to be done because of it.

use std::fmt;

use bytes::Bytes;
use protocol::frame::EncodedFrame;
use protocol::names::BrokerId;
use protocol::{ApiKey, DecodeError, EncodeError};

use crate::fault::FaultId;

/// A connection; whoever drives the cluster numbers them and never uses a number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What happens to a cluster.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input {
    /// A client connects to a broker.
    Opened {
        /// The number the connection gets.
        connection: ConnectionId,
        /// The broker.
        broker: BrokerId,
    },
    /// A whole frame arrives, without the length before it.
    Frame {
        /// The connection.
        connection: ConnectionId,
        /// The frame. Large batches in it are stored as slices of it.
        frame: Bytes,
    },
    /// A connection is gone.
    Closed {
        /// The connection.
        connection: ConnectionId,
    },
    /// Nothing happens, but it is as late as [`Cluster::next_wakeup`](crate::Cluster::next_wakeup) said.
    Wakeup,
}

/// What is to be done, in this order.
pub type Effects = Vec<Effect>;

/// One thing to be done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Write a frame, or the bytes that a fault rule made of one.
    Send {
        /// Where.
        connection: ConnectionId,
        /// What.
        frame: EncodedFrame,
    },
    /// Write a frame, no more than so many bytes a second.
    SendSlowly {
        /// Where.
        connection: ConnectionId,
        /// What.
        frame: EncodedFrame,
        /// How fast.
        bytes_per_second: u32,
    },
    /// Close a connection, after what was to be sent on it.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
    /// Read no more from a connection: its request waits, and as in Kafka the next is looked at when that is answered; or
    /// a fault rule wants it.
    StopReading {
        /// Which.
        connection: ConnectionId,
    },
    /// Read again.
    ResumeReading {
        /// Which.
        connection: ConnectionId,
    },
    /// End a connection at once, with a reset (TCP's RST) where there is such a thing. What was not written yet is lost.
    Reset {
        /// Which.
        connection: ConnectionId,
    },
    /// A broker takes connections from here on, or refuses them.
    Listen {
        /// Which.
        broker: BrokerId,
        /// Whether it takes them.
        open: bool,
    },
}

/// Why a connection is closed by the broker.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// The request cannot be read.
    BadRequest {
        /// What it seems to be, and in which version; `None` if it is too short to say.
        api: Option<(ApiKey, i16)>,
        /// What is wrong.
        error: DecodeError,
    },
    /// The answer cannot be written in the version that was asked for.
    BadAnswer {
        /// The request.
        api: (ApiKey, i16),
        /// What is wrong.
        error: EncodeError,
    },
    /// A produce request with acks 0 failed, and this is the only way to tell.
    Failed,
    /// A fault rule wants it.
    Fault(FaultId),
    /// Its request made the broker panic.
    Panicked,
    /// It sent more than is kept of a connection that is not read.
    Overrun,
    /// The broker shuts down.
    BrokerStopped,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest { error, .. } => write!(f, "{error}"),
            Self::BadAnswer { error, .. } => write!(f, "the answer cannot be written: {error}"),
            Self::Failed => write!(f, "a produce request with acks 0 failed"),
            Self::Fault(_) => write!(f, "a fault rule wants it"),
            Self::Panicked => write!(f, "the broker panicked over its request, which is a bug of the broker"),
            Self::Overrun => write!(f, "it is not read, and sent more than is kept until it is"),
            Self::BrokerStopped => write!(f, "the broker shuts down"),
        }
    }
}
