//! Where what happens to a cluster is written down, if that is wanted.

use protocol::names::Timestamp;

use super::{Cluster, ConnectionId, Effect, Input};
use crate::recording::{Recording, RecordingError, Step};

impl Cluster {
    /// All that has happened, if it is recorded: see [`ClusterConfig::record`](crate::ClusterConfig::record).
    ///
    /// # Errors
    /// It is not; or it was more than may be recorded.
    pub fn recording(&self) -> Result<Recording, RecordingError> {
        self.recorder.0.as_ref().ok_or(RecordingError::NotRecorded)?.recording()
    }

    /// Whether the run is longer than may be recorded.
    #[cfg(feature = "net")]
    pub(crate) fn is_recording_full(&self) -> bool {
        self.recorder.0.as_ref().is_some_and(|recorder| recorder.is_full())
    }

    /// Everybody who is connected.
    pub(crate) fn all_connections(&self) -> Vec<ConnectionId> {
        self.connections.keys().copied().collect()
    }

    /// Writes down what is done to it from outside; not what follows from that.
    pub(crate) fn note(&mut self, step: impl FnOnce() -> Step) {
        if let Some(recorder) = &mut self.recorder.0 {
            recorder.note(&step());
        }
    }

    pub(super) fn begin_input(&mut self, input: Option<&Input>, now: Timestamp) {
        let Some(recorder) = &mut self.recorder.0 else { return };
        recorder.begin(&match input {
            Some(Input::Opened { connection, broker }) => {
                Step::Opened { connection: *connection, broker: *broker, now }
            }
            Some(Input::Frame { connection, frame }) => {
                Step::Frame { connection: *connection, frame: frame.clone(), now }
            }
            Some(Input::Closed { connection }) => Step::Closed { connection: *connection, now },
            Some(Input::Wakeup) | None => Step::Wakeup { now },
        });
    }

    pub(super) fn begin_step(&mut self, step: impl FnOnce() -> Step) {
        if let Some(recorder) = &mut self.recorder.0 {
            recorder.begin(&step());
        }
    }

    pub(super) fn give_up_step(&mut self) {
        if let Some(recorder) = &mut self.recorder.0 {
            recorder.give_up();
        }
    }

    pub(super) fn end_step(&mut self, effects: &[Effect]) {
        if let Some(recorder) = &mut self.recorder.0 {
            recorder.end(effects);
        }
    }
}
