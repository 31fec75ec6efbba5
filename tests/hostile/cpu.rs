//! How long this thread has kept a CPU busy.

use std::{fs, time::Duration};

/// CPU time of this thread. Where the system does not tell (it does on Linux), the wall clock stands in.
pub(crate) fn time() -> Duration {
    let on_cpu = || {
        let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    };
    on_cpu().unwrap_or_else(wall_clock)
}

#[expect(clippy::disallowed_methods, reason = "a test that measures looks at a clock")]
fn wall_clock() -> Duration {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
