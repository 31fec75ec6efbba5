//! The only clock of the races: CPU time, which other programs on the machine do not stretch.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds that this thread has computed for.
#[must_use]
pub fn thread_cpu() -> f64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    tv_sec as f64 * 1e9 + tv_nsec as f64
}
