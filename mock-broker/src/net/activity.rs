//! Whether anything is going on: what a clock that waits for quiet looks at.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

#[derive(Debug, Default)]
pub(super) struct Activity {
    /// What the core was given.
    inputs: AtomicU64,
    /// Connections with half a frame, or with answers that are not taken.
    busy: AtomicUsize,
}

impl Activity {
    pub(super) fn inputs(&self) -> u64 {
        self.inputs.load(Ordering::SeqCst)
    }

    pub(super) fn count_input(&self) {
        self.inputs.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn is_idle_since(&self, inputs: u64) -> bool {
        self.busy.load(Ordering::SeqCst) == 0 && self.inputs() == inputs
    }

    /// A connection becomes busy, or is so no more; `was` is what it said last.
    pub(super) fn set_busy(&self, was: &mut bool, is: bool) {
        match (std::mem::replace(was, is), is) {
            (false, true) => self.busy.fetch_add(1, Ordering::SeqCst),
            (true, false) => self.busy.fetch_sub(1, Ordering::SeqCst),
            _ => 0,
        };
    }
}
