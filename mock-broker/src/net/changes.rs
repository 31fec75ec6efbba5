//! A bell that rings when the journal has changed, for those who listen.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

#[derive(Debug, Default)]
pub(super) struct Changes {
    bell: Arc<Notify>,
    listeners: Arc<AtomicUsize>,
}

/// Ends with the next change after it was made.
pub(super) struct Listener {
    rung: Pin<Box<OwnedNotified>>,
    listeners: Arc<AtomicUsize>,
}

impl Changes {
    pub(super) fn listen(&self) -> Listener {
        self.listeners.fetch_add(1, Ordering::SeqCst);
        let mut rung = Box::pin(Arc::clone(&self.bell).notified_owned());
        rung.as_mut().enable();
        Listener { rung, listeners: Arc::clone(&self.listeners) }
    }

    /// Costs next to nothing while nobody listens.
    pub(super) fn ring(&self) {
        if self.listeners.load(Ordering::SeqCst) > 0 {
            self.bell.notify_waiters();
        }
    }
}

impl Future for Listener {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        self.rung.as_mut().poll(context)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::SeqCst);
    }
}
