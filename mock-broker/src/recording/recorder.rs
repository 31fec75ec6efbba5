//! Writing a run down while it happens.

use super::bytes::put_blob;
use super::{Recording, RecordingError, Step, config, hash};
use crate::cluster::Effect;
use crate::config::ClusterConfig;

/// Where a cluster keeps its recorder. A copy of a cluster is not recorded: its run did not begin with it.
#[derive(Debug, Default)]
pub(crate) struct Slot(pub(crate) Option<Recorder>);

impl Clone for Slot {
    fn clone(&self) -> Self {
        Self(None)
    }
}

/// A run, as it goes into a file.
#[derive(Debug)]
pub(crate) struct Recorder {
    body: Vec<u8>,
    limit: usize,
    /// Whether the run is longer than the limit, and is kept no more.
    is_full: bool,
    /// How many steps are being carried out: others that happen within one follow from it.
    within: usize,
}

impl Recorder {
    /// A run that begins now.
    pub(crate) fn new(config: &ClusterConfig, limit: usize) -> Self {
        let mut body = Vec::new();
        put_blob(&mut body, config::text(config).as_bytes());
        Self { body, limit, is_full: false, within: 0 }
    }

    #[cfg(feature = "net")]
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Writes a step down, unless it follows from another.
    pub(crate) fn note(&mut self, step: &Step) {
        if self.within == 0 {
            self.push(step);
        }
    }

    /// A step begins whose effects are told when it is over. One that panics never is.
    pub(crate) fn begin(&mut self, step: &Step) {
        self.note(step);
        self.within += 1;
    }

    pub(crate) fn end(&mut self, effects: &[Effect]) {
        self.within = self.within.saturating_sub(1);
        let count = u32::try_from(effects.len()).unwrap_or(u32::MAX);
        if self.within == 0 && !self.is_full {
            self.push(&Step::Told { effects: count, hash: hash(effects) });
        }
    }

    /// The steps that were being carried out never end: one of them panicked.
    pub(crate) fn give_up(&mut self) {
        self.within = 0;
    }

    fn push(&mut self, step: &Step) {
        if self.is_full {
            return;
        }
        step.write(&mut self.body);
        if self.body.len() > self.limit {
            (self.body, self.is_full) = (Vec::new(), true);
        }
    }

    pub(crate) fn recording(&self) -> Result<Recording, RecordingError> {
        if self.is_full {
            return Err(RecordingError::TooLong { limit: self.limit });
        }
        Recording::of_body(self.body.clone().into())
            .map_err(|(offset, reason)| RecordingError::Bad { offset, reason })
    }
}
