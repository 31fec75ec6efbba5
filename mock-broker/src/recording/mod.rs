//! Recorded runs: everything that happened to a cluster, to be played again with the same answers.
//!
//! A saved state is the run that led to it: the core is a value, so that the same configuration and inputs give the same
//! state, and nothing else need be written down.
//!
//! ```text
//! "milena run" · format u8 · crc-32c u32 of the rest │ configuration: length u32, lines │ steps …
//! step: kind u8 · time i64 · what it says;  told: kind u8 · how many effects u32 · their hash u64
//! ```

mod bytes;
mod config;
mod recorder;
mod replay;
mod script;
mod step;

use std::fmt;

use ::bytes::Bytes;

use self::bytes::Reader;
pub(crate) use self::recorder::{Recorder, Slot};
pub use self::replay::ReplayError;
pub(crate) use self::step::{Step, hash};
use crate::config::ClusterConfig;

/// A run of a cluster, from its beginning: its configuration, every input with its time, and a hash of every answer.
///
/// ```
/// use milena_mock_broker::protocol::names::{BrokerId, Timestamp};
/// use milena_mock_broker::{Cluster, ClusterConfig, ConnectionId, Input, Recording};
///
/// let mut cluster = Cluster::new(ClusterConfig::new(1).topic("orders", 1).record(1 << 20));
/// let connection = ConnectionId(1);
/// cluster.handle(Input::Opened { connection, broker: BrokerId(1) }, Timestamp(0));
///
/// let file = cluster.recording()?.to_bytes();
/// let again = Recording::from_bytes(file.into())?.replay()?;
/// assert_eq!(again.snapshot(), cluster.snapshot());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The configuration, and the steps behind it.
    body: Bytes,
    steps: u64,
    /// The highest number that a connection had.
    last_connection: u64,
}

const MAGIC: &[u8; 10] = b"milena run";
const FORMAT: u8 = 1;
const HEAD: usize = MAGIC.len() + 1 + 4;

/// Why there is no recording, or why these bytes are none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordingError {
    /// Nothing was recorded: see [`ClusterConfig::record`].
    NotRecorded,
    /// The run is longer than what may be recorded.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The bytes are no recording, or a damaged one.
    Bad {
        /// Where, from the beginning.
        offset: usize,
        /// What is wrong there.
        reason: String,
    },
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRecorded => write!(f, "the run was not recorded"),
            Self::TooLong { limit } => {
                write!(f, "the run takes more than the {limit} bytes that may be recorded")
            }
            Self::Bad { offset, reason } => write!(f, "byte {offset}: {reason}"),
        }
    }
}

impl std::error::Error for RecordingError {}

impl Recording {
    /// The run as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut file = Vec::with_capacity(HEAD + self.body.len());
        file.extend_from_slice(MAGIC);
        file.push(FORMAT);
        file.extend_from_slice(&protocol::records::crc32c(&self.body).to_be_bytes());
        file.extend_from_slice(&self.body);
        file
    }

    /// Reads a file, and sees whether all of it can be read.
    ///
    /// # Errors
    /// [`RecordingError::Bad`]: no recording, one of another format, or a damaged one.
    pub fn from_bytes(file: Bytes) -> Result<Self, RecordingError> {
        let bad = |offset, reason: String| Err(RecordingError::Bad { offset, reason });
        let Some((head, _)) = file.split_first_chunk::<HEAD>() else {
            return bad(0, "this is no recorded run: it is too short".to_owned());
        };
        if !head.starts_with(MAGIC) {
            return bad(0, "this is no recorded run".to_owned());
        }
        if head[MAGIC.len()] != FORMAT {
            let format = head[MAGIC.len()];
            return bad(MAGIC.len(), format!("its format is {format}, and only {FORMAT} is known"));
        }
        let body = file.slice(HEAD..);
        let crc = protocol::records::crc32c(&body).to_be_bytes();
        if head[MAGIC.len() + 1..] != crc {
            return bad(MAGIC.len() + 1, "the checksum is wrong: the file is damaged or cut".to_owned());
        }
        Self::of_body(body).map_err(|(offset, reason)| RecordingError::Bad { offset: HEAD + offset, reason })
    }

    fn of_body(body: Bytes) -> Result<Self, (usize, String)> {
        let mut recording = Self { body, steps: 0, last_connection: 0 };
        recording.config()?;
        let mut steps = recording.steps()?;
        let (mut count, mut last_connection) = (0, 0);
        while let Some(step) = steps.next()? {
            match step {
                Step::Told { .. } => continue,
                Step::Opened { connection, .. } => last_connection = last_connection.max(connection.0),
                _ => {}
            }
            count += 1;
        }
        (recording.steps, recording.last_connection) = (count, last_connection);
        Ok(recording)
    }

    /// How many things happened.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.steps
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps == 0
    }

    /// What the cluster was started with.
    fn config(&self) -> Result<ClusterConfig, (usize, String)> {
        let mut reader = Reader::new(self.body.clone());
        let text = reader.text()?;
        config::read(&text).map_err(|reason| (4, reason))
    }

    fn steps(&self) -> Result<step::Steps, (usize, String)> {
        let mut reader = Reader::new(self.body.clone());
        reader.text()?;
        Ok(step::Steps(reader))
    }
}
