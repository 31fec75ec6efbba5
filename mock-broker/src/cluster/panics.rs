//! What becomes of the others when the broker panics over one request.

use protocol::names::Timestamp;
use protocol::{ApiKey, ErrorCode};

use super::{CloseReason, Cluster, ConnectionId, Effects};
use crate::journal::Outcome;

/// The request that is being handled.
#[derive(Clone, Copy, Debug)]
pub(super) struct AtWork {
    pub(super) connection: ConnectionId,
    /// What it asks for, once that is known.
    pub(super) api: Option<(ApiKey, i16)>,
    /// Its number in the journal, if it is there.
    pub(super) entry: Option<u64>,
}

impl Cluster {
    /// Closes the connection whose request panicked, and goes on with the others.
    #[cfg_attr(
        not(feature = "net"),
        expect(dead_code, reason = "who drives a core by hand wants to see the panic")
    )]
    pub(crate) fn recover(&mut self, now: Timestamp, effects: &mut Effects) {
        self.give_up_step();
        if let Some(at_work) = self.at_work.take() {
            self.write_down_panic(at_work, now);
            self.close(at_work.connection, CloseReason::Panicked, effects);
        }
        self.wake(now, effects);
    }

    fn write_down_panic(&mut self, at_work: AtWork, now: Timestamp) {
        match (at_work.entry, at_work.api) {
            (Some(entry), _) => self.journal.settle(entry, Outcome::Closed, ErrorCode::NONE, Vec::new()),
            (None, Some(api)) => self.write_down(at_work.connection, api, Outcome::Closed, now),
            (None, None) => {}
        }
    }
}
