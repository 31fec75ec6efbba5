//! The task that wakes the core when it said so.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::shared::Shared;
use crate::cluster::Input;
use crate::config::Time;

/// Rings at the core's next wakeup, again and again.
pub(super) async fn run(shared: Arc<Shared>) {
    match shared.clock.time() {
        Time::Real => by_the_clock(&shared).await,
        Time::Idle => while_idle(&shared).await,
        // The test rings.
        Time::Stepped => {}
    }
}

async fn by_the_clock(shared: &Shared) {
    loop {
        let alarm = shared.lock().alarm;
        match alarm {
            None => shared.earlier.notified().await,
            Some(time) => {
                let moment = Instant::from_std(shared.clock.instant(time));
                tokio::select! {
                    () = sleep_until(moment) => shared.handle(Input::Wakeup),
                    () = shared.earlier.notified() => {}
                }
            }
        }
    }
}

/// Moves the clock to the next wakeup when nothing has come or gone for a while.
async fn while_idle(shared: &Shared) {
    loop {
        if shared.lock().alarm.is_none() {
            shared.earlier.notified().await;
        }
        let inputs = shared.activity.inputs();
        sleep(QUIET).await;
        if !shared.activity.is_idle_since(inputs) {
            continue;
        }
        let mut core = shared.lock();
        let Some(alarm) = core.cluster.next_wakeup() else { continue };
        shared.clock.move_to(alarm);
        shared.handle_locked(&mut core, Input::Wakeup);
        shared.set_alarm(core);
    }
}

/// As long as a client on the same machine may take to go on.
const QUIET: Duration = Duration::from_millis(5);
