//! What happened, one thing after another.

use bytes::Bytes;
use protocol::ByteString;
use protocol::names::{BrokerId, Timestamp};

use super::bytes::{Bad, Reader, put_blob};
use super::script;
use crate::action::Action;
use crate::cluster::{ConnectionId, Effect, Endpoint};
use crate::fault::{Fault, FaultId};
use crate::scenario::Script;

/// One thing that happened to a cluster.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Opened {
        connection: ConnectionId,
        broker: BrokerId,
        now: Timestamp,
    },
    Frame {
        connection: ConnectionId,
        frame: Bytes,
        now: Timestamp,
    },
    Closed {
        connection: ConnectionId,
        now: Timestamp,
    },
    Wakeup {
        now: Timestamp,
    },
    Perform {
        action: Action,
        now: Timestamp,
    },
    /// The same by a method of its own, which wakes nobody.
    Directly(Action),
    AddFault(Fault),
    ReplaceFault(FaultId, Fault),
    RemoveFault(FaultId),
    ReleaseFault(FaultId),
    Endpoint(BrokerId, Endpoint),
    Play(Script),
    /// What the step before was answered with.
    Told {
        effects: u32,
        hash: u64,
    },
}

impl Step {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Opened { connection, broker, now } => {
                head(out, 0, *now);
                out.extend_from_slice(&connection.0.to_be_bytes());
                out.extend_from_slice(&broker.0.to_be_bytes());
            }
            Self::Frame { connection, frame, now } => {
                head(out, 1, *now);
                out.extend_from_slice(&connection.0.to_be_bytes());
                put_blob(out, frame);
            }
            Self::Closed { connection, now } => {
                head(out, 2, *now);
                out.extend_from_slice(&connection.0.to_be_bytes());
            }
            Self::Wakeup { now } => head(out, 3, *now),
            Self::Perform { action, now } => {
                head(out, 4, *now);
                put_blob(out, action.to_string().as_bytes());
            }
            Self::Directly(action) => {
                out.push(5);
                put_blob(out, action.to_string().as_bytes());
            }
            Self::AddFault(fault) => {
                out.push(6);
                put_blob(out, fault.to_string().as_bytes());
            }
            Self::ReplaceFault(id, fault) => {
                out.push(7);
                out.extend_from_slice(&id.0.to_be_bytes());
                put_blob(out, fault.to_string().as_bytes());
            }
            Self::RemoveFault(id) => {
                out.push(8);
                out.extend_from_slice(&id.0.to_be_bytes());
            }
            Self::ReleaseFault(id) => {
                out.push(9);
                out.extend_from_slice(&id.0.to_be_bytes());
            }
            Self::Endpoint(broker, Endpoint { host, port }) => {
                out.push(10);
                out.extend_from_slice(&broker.0.to_be_bytes());
                out.extend_from_slice(&port.to_be_bytes());
                put_blob(out, host.as_bytes());
            }
            Self::Play(script) => {
                out.push(12);
                script::write(script, out);
            }
            Self::Told { effects, hash } => {
                out.push(11);
                out.extend_from_slice(&effects.to_be_bytes());
                out.extend_from_slice(&hash.to_be_bytes());
            }
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Bad> {
        let at = reader.at();
        let kind = reader.u8()?;
        let now = match kind {
            0..=4 => Timestamp(reader.i64()?),
            _ => Timestamp(0),
        };
        Ok(match kind {
            0 => Self::Opened { connection: connection(reader)?, broker: BrokerId(reader.i32()?), now },
            1 => Self::Frame { connection: connection(reader)?, frame: reader.blob()?, now },
            2 => Self::Closed { connection: connection(reader)?, now },
            3 => Self::Wakeup { now },
            4 => Self::Perform { action: parsed(reader)?, now },
            5 => Self::Directly(parsed(reader)?),
            6 => Self::AddFault(parsed(reader)?),
            7 => Self::ReplaceFault(FaultId(reader.u64()?), parsed(reader)?),
            8 => Self::RemoveFault(FaultId(reader.u64()?)),
            9 => Self::ReleaseFault(FaultId(reader.u64()?)),
            10 => {
                let (broker, port) = (BrokerId(reader.i32()?), reader.u16()?);
                let host = ByteString::from(reader.text()?);
                Self::Endpoint(broker, Endpoint { host, port })
            }
            12 => Self::Play(script::read(reader)?),
            11 => Self::Told { effects: reader.u32()?, hash: reader.u64()? },
            _ => return Err((at, format!("no step is of kind {kind}"))),
        })
    }
}

fn head(out: &mut Vec<u8>, kind: u8, now: Timestamp) {
    out.push(kind);
    out.extend_from_slice(&now.0.to_be_bytes());
}

fn connection(reader: &mut Reader) -> Result<ConnectionId, Bad> {
    reader.u64().map(ConnectionId)
}

pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(reader: &mut Reader) -> Result<T, Bad> {
    let at = reader.at();
    reader.text()?.parse().map_err(|error: T::Err| (at, error.to_string()))
}

/// The steps of a recording, in order.
#[derive(Debug)]
pub(super) struct Steps(pub(super) Reader);

impl Steps {
    pub(super) fn next(&mut self) -> Result<Option<Step>, Bad> {
        if self.0.is_at_end() { Ok(None) } else { Step::read(&mut self.0).map(Some) }
    }
}

/// A hash of what was to be done: every kind, connection and byte of it (FNV-1a, 64 bits).
pub(crate) fn hash(effects: &[Effect]) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    for effect in effects {
        let (kind, number) = match effect {
            Effect::Send { connection, .. } => (0, connection.0),
            Effect::SendSlowly { connection, .. } => (1, connection.0),
            Effect::Close { connection, .. } => (2, connection.0),
            Effect::StopReading { connection } => (3, connection.0),
            Effect::ResumeReading { connection } => (4, connection.0),
            Effect::Reset { connection } => (5, connection.0),
            Effect::Listen { broker, open } => (6 + u8::from(*open), broker.0 as u64),
        };
        hash.add(&[kind]);
        hash.add(&number.to_be_bytes());
        if let Effect::SendSlowly { bytes_per_second, .. } = effect {
            hash.add(&bytes_per_second.to_be_bytes());
        }
        if let Effect::Send { frame, .. } | Effect::SendSlowly { frame, .. } = effect {
            hash.add(&(frame.len() as u64).to_be_bytes());
            frame.parts().for_each(|part| hash.add(part));
        }
    }
    hash.0
}

struct Hash(u64);

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
