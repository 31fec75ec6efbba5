//! The task that wakes the core when it said so.

use std::sync::Arc;

use super::shared::Shared;
use crate::cluster::Input;

/// Rings at the core's next wakeup, again and again.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        let alarm = shared.lock().alarm;
        match alarm {
            None => shared.earlier.notified().await,
            Some(time) => {
                let moment = tokio::time::Instant::from_std(shared.clock.instant(time));
                tokio::select! {
                    () = tokio::time::sleep_until(moment) => shared.handle(Input::Wakeup),
                    () = shared.earlier.notified() => {}
                }
            }
        }
    }
}
