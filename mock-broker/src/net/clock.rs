//! Where time comes from.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use protocol::names::Timestamp;

use crate::config::{Time, TimeConfig};

/// The time since the epoch, which never goes backwards.
pub(super) struct Clock {
    time: Time,
    started: Instant,
    /// When it began, in milliseconds.
    epoch_ms: i64,
    /// What it shows, in milliseconds, unless it is real.
    stands_at: AtomicI64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    pub(super) fn new(config: TimeConfig, not_before: Timestamp) -> Self {
        let real = || {
            let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
        };
        let epoch_ms = config.from.map_or_else(real, |from| from.0).max(not_before.0);
        let (time, started) = (config.time, Instant::now());
        Self { time, started, epoch_ms, stands_at: AtomicI64::new(epoch_ms) }
    }

    pub(super) fn time(&self) -> Time {
        self.time
    }

    pub(super) fn now(&self) -> Timestamp {
        match self.time {
            Time::Real => Timestamp(self.epoch_ms) + self.started.elapsed(),
            Time::Stepped | Time::Idle => Timestamp(self.stands_at.load(Ordering::SeqCst)),
        }
    }

    /// The moment at which [`Self::now`] is `time`, by the real clock.
    pub(super) fn instant(&self, time: Timestamp) -> Instant {
        self.started + time.saturating_since(Timestamp(self.epoch_ms)).min(FAR)
    }

    /// Moves a clock that stands, forwards only.
    pub(super) fn move_to(&self, time: Timestamp) {
        self.stands_at.fetch_max(time.0, Ordering::SeqCst);
    }

    /// Puts a clock that stands back to where it began.
    pub(super) fn begin_anew(&self) {
        self.stands_at.store(self.epoch_ms, Ordering::SeqCst);
    }
}

/// As far ahead as a timer is ever set; it just rings too early then.
pub(super) const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
