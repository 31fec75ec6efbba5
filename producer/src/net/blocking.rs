//! Waiting for a future on a thread, for code without a runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::core::Delivery;
use crate::error::Failed;
use crate::record::RecordMetadata;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits until the future is ready.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

impl Delivery {
    /// Waits on this thread until the outcome is known, for code without a runtime.
    ///
    /// Not within one: a task that blocks its thread may block what it waits for.
    ///
    /// # Errors
    /// As awaiting it.
    pub fn wait(self) -> Result<RecordMetadata, Failed> {
        wait(self)
    }
}
