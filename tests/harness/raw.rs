//! A client that sends requests as they are told, and writes down what comes back: to compare two brokers answer by
//! answer.

use std::{
    fmt::Debug,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use bytes::Bytes;
use protocol::{ResponseHeader, api::RequestMessage, frame::encode_request, wire::Message};

/// A watchdog: no broker takes so long for an answer that comes at all.
const WATCHDOG: Duration = Duration::from_secs(30);

/// One connection to a broker.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    correlation_id: i32,
}

/// What a broker answered, line by line, with its own ids replaced by names.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: Vec<String>,
    names: Vec<(String, String)>,
}

impl Raw {
    /// Connects to a broker.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|e| format!("{address}: {e}"))?;
        stream.set_read_timeout(Some(WATCHDOG)).map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        Ok(Self { stream, correlation_id: 0 })
    }

    /// Sends a request, and does not wait.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn send<M: RequestMessage>(&mut self, version: i16, request: &M) -> Result<(), String> {
        self.correlation_id += 1;
        let frame = encode_request(self.correlation_id, Some("raw"), version, request);
        let frame = frame.map_err(|e| e.to_string())?.into_bytes();
        self.stream.write_all(&frame).map_err(|e| e.to_string())
    }

    /// Reads the answer to the last request.
    ///
    /// # Errors
    /// The connection is closed, or what comes cannot be read.
    pub fn receive<M: RequestMessage>(&mut self, version: i16) -> Result<M::Response, String> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).map_err(|e| format!("{} v{version}: {e}", M::KEY))?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).map_err(|e| format!("{} v{version}: {e}", M::KEY))?;
        let frame = Bytes::from(frame);
        let read = ResponseHeader::read(M::KEY, version, &frame)
            .and_then(|(_, body)| M::Response::read(&body, version));
        read.map_err(|e| format!("{} v{version}: {e}", M::KEY))
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// As [`Self::send`] and [`Self::receive`].
    pub fn ask<M: RequestMessage>(&mut self, version: i16, request: &M) -> Result<M::Response, String> {
        self.send(version, request)?;
        self.receive::<M>(version)
    }
}

impl Transcript {
    /// Gives something that the broker made up a name, under which it stands in the transcript from now on.
    pub fn name(&mut self, made_up: impl ToString, name: &str) {
        let made_up = made_up.to_string();
        if !made_up.is_empty() {
            self.names.push((made_up, name.to_owned()));
        }
    }

    /// Writes down an answer.
    pub fn note(&mut self, what: &str, answer: &impl Debug) {
        let mut line = format!("{what}: {answer:?}");
        for (made_up, name) in &self.names {
            line = line.replace(made_up, name);
        }
        self.lines.push(line);
    }

    /// How many answers stand in it.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Compares two of them.
    ///
    /// # Errors
    /// The first answer that differs.
    pub fn compare(&self, other: &Self) -> Result<(), String> {
        for (one, two) in self.lines.iter().zip(&other.lines) {
            if one != two {
                return Err(format!("\n  {one}\n  {two}"));
            }
        }
        match self.lines.len() == other.lines.len() {
            true => Ok(()),
            false => Err(format!("{} answers and {}", self.lines.len(), other.lines.len())),
        }
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}
