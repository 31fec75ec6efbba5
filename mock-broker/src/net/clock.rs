//! Where time comes from.

use std::time::{Duration, Instant, SystemTime};

use protocol::names::Timestamp;

/// The time since the epoch, which never goes backwards.
pub(super) struct Clock {
    started: Instant,
    epoch_ms: i64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    pub(super) fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), epoch_ms: i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX) }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp(self.epoch_ms) + self.started.elapsed()
    }

    /// The moment at which [`Self::now`] is `time`.
    pub(super) fn instant(&self, time: Timestamp) -> Instant {
        self.started + time.saturating_since(Timestamp(self.epoch_ms)).min(FAR)
    }
}

/// As far ahead as a timer is ever set; it just rings too early then.
pub(super) const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
