//! How sending tasks wake the one that owns the core, and when they need not.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use protocol::names::Timestamp;

use super::lock;

#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Signal {
    pub(crate) fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel)
            && let Some(waker) = lock(&self.waker).take()
        {
            waker.wake();
        }
    }

    /// Ready, once, after it was raised.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.raised.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        *lock(&self.waker) = Some(context.waker().clone());
        // It may have been raised before the waker was there to be woken.
        if self.raised.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Puts it down; before looking for what it was raised for, so that nothing is missed.
    pub(crate) fn lower(&self) -> bool {
        self.raised.swap(false, Ordering::AcqRel)
    }
}

/// What the core waits for while it rests: it is woken for nothing less.
///
/// To wake a task costs as much as to write dozens of records, so it is not done for a batch that could not be sent yet,
/// or that the core will find in time by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    /// When the core wakes by itself.
    until: Timestamp,
    /// How many bytes of full batches are worth waking it.
    bytes: usize,
    linger: Duration,
    /// Bytes of batches that became full since the core looked.
    full: usize,
    /// When the first of the batches that were opened since then is due.
    due: Timestamp,
}

impl Rest {
    pub(crate) fn new(linger: Duration) -> Self {
        Self { until: Timestamp::NEVER, bytes: 0, linger, full: 0, due: Timestamp::NEVER }
    }

    /// A batch opens; whether the core must know.
    pub(crate) fn opened(&mut self, now: Timestamp) -> bool {
        self.due = self.due.min(now + self.linger);
        self.due < self.until
    }

    /// A batch is full; whether the core must know.
    pub(crate) fn filled(&mut self, bytes: usize) -> bool {
        self.full += bytes;
        self.full >= self.bytes
    }

    /// The core looks at everything.
    pub(crate) fn looked(&mut self) {
        (self.full, self.due) = (0, Timestamp::NEVER);
    }

    /// The core rests until then, unless so many bytes are there to be sent; whether it must not, because of what has
    /// happened since it looked.
    pub(crate) fn begin(&mut self, until: Timestamp, bytes: usize) -> bool {
        (self.until, self.bytes) = (until, bytes);
        self.due < until || (self.full > 0 && self.full >= bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINGER: Duration = Duration::from_millis(5);

    #[test]
    fn a_batch_that_opens_wakes_the_core_only_if_it_would_come_too_late_by_itself() {
        let mut rest = Rest::new(LINGER);
        assert!(rest.opened(Timestamp(100)));
        rest.looked();
        assert!(!rest.begin(Timestamp(105), 0));
        assert!(!rest.opened(Timestamp(101)));
        rest.looked();
        assert!(!rest.begin(Timestamp(200), 0));
        assert!(rest.opened(Timestamp(102)));
    }

    #[test]
    fn full_batches_wake_the_core_when_they_are_worth_it() {
        let mut rest = Rest::new(LINGER);
        assert!(rest.filled(1));
        rest.looked();
        assert!(!rest.begin(Timestamp::NEVER, 100));
        assert!(!rest.filled(60));
        assert!(rest.filled(60));
    }

    #[test]
    fn what_happened_while_the_core_was_looking_keeps_it_from_resting() {
        let mut rest = Rest::new(LINGER);
        rest.opened(Timestamp(100));
        assert!(rest.begin(Timestamp(200), 100));
        rest.looked();
        rest.filled(60);
        assert!(!rest.begin(Timestamp(200), 100));
        assert!(rest.begin(Timestamp(200), 50));
    }
}
