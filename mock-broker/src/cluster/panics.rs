//! What becomes of the others when the broker panics over one request.

use protocol::ApiKey;
use protocol::names::Timestamp;

use super::{CloseReason, Cluster, ConnectionId, Effects};
use crate::journal::{JournalEntry, Outcome};

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
        if let Some(at_work) = self.at_work.take() {
            self.write_down(at_work, now);
            self.close(at_work.connection, CloseReason::Panicked, effects);
        }
        self.wake(now, effects);
    }

    fn write_down(&mut self, at_work: AtWork, now: Timestamp) {
        let AtWork { connection, api, entry } = at_work;
        if let Some(entry) = entry {
            return self.journal.settle(entry, Outcome::Closed, Vec::new());
        }
        let (Some((api_key, version)), Some(client)) = (api, self.connections.get(&connection)) else {
            return;
        };
        self.journal.push(JournalEntry {
            number: 0,
            time: now,
            broker: client.broker,
            connection,
            client_id: client.client_id.clone(),
            api_key,
            version,
            acks: None,
            partitions: Vec::new(),
            outcome: Outcome::Closed,
            faults: Vec::new(),
        });
    }
}
