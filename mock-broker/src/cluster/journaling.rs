//! Writing down what was asked, and what came of it.

use protocol::names::Timestamp;
use protocol::{ApiKey, ErrorCode};

use super::{Asked, Cluster, ConnectionId};
use crate::journal::{Journal, JournalEntry, Outcome};

impl Cluster {
    /// What was asked and answered.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The same, to clear it.
    pub fn journal_mut(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// The requests from this number on, each as a line of JSON, up to the first that is not answered yet; and the number
    /// to go on with. With `all`, those that are not answered too.
    #[must_use]
    pub fn journal_lines(&self, from: u64, all: bool) -> (Vec<String>, u64) {
        let is_settled = |entry: &&JournalEntry| all || entry.outcome != Outcome::Waiting;
        let name = |id| match self.faults().find(|(known, _)| *known == id) {
            Some((_, fault)) => fault.name().map_or_else(|| fault.to_string(), str::to_owned),
            None => "a rule that was removed".to_owned(),
        };
        // Those before have made room, and there is no going back to them.
        let mut next = from.max(self.journal.first());
        let lines = self.journal.since(from).take_while(is_settled).map(|entry| {
            next = entry.number + 1;
            entry.to_json(name)
        });
        (lines.collect(), next)
    }

    /// Writes down a request of which no more is known than this.
    pub(super) fn write_down(
        &mut self,
        connection: ConnectionId,
        (api_key, version): (ApiKey, i16),
        outcome: Outcome,
        now: Timestamp,
    ) {
        let Some(client) = self.connections.get(&connection) else { return };
        self.journal.push(JournalEntry {
            number: 0,
            time: now,
            broker: client.broker,
            connection,
            client_id: client.client_id.clone(),
            api_key,
            version,
            acks: None,
            error_code: ErrorCode::NONE,
            partitions: Vec::new(),
            outcome,
            faults: Vec::new(),
        });
    }
}

impl Asked {
    pub(super) fn journal_entry(&mut self, outcome: Outcome) -> JournalEntry {
        JournalEntry {
            number: 0,
            time: self.arrived,
            broker: self.broker,
            connection: self.connection,
            client_id: self.client_id.clone(),
            api_key: self.api_key,
            version: self.version,
            acks: self.acks,
            error_code: self.error_code,
            partitions: std::mem::take(&mut self.outcomes),
            outcome,
            faults: self.strikes.ids(),
        }
    }
}
