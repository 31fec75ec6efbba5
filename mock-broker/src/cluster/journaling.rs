//! Writing down what was asked, and what came of it.

use protocol::names::Timestamp;
use protocol::{ApiKey, ErrorCode};

use super::{Asked, Cluster, ConnectionId};
use crate::fault::RuleError;
use crate::handlers;
use crate::journal::{Expectation, Journal, JournalEntry, Outcome};

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
        let mut next = from;
        let lines = self.journal.since(from).take_while(is_settled).map(|entry| {
            next = entry.number + 1;
            entry.to_json(name)
        });
        (lines.collect(), next)
    }

    /// Whether an expectation can apply to this cluster.
    ///
    /// # Errors
    /// An API that is not served, a broker that is not there.
    pub fn check_expectation(&self, expectation: &Expectation) -> Result<(), RuleError> {
        let refuse = |reason: String| Err(RuleError::new(reason));
        let api_key = expectation.api_key();
        if let Some(api_key) = api_key.filter(|api_key| handlers::served(*api_key).is_none()) {
            return refuse(format!("{api_key} is not served here"));
        }
        if let Expectation::OnlyAcks(..) | Expectation::NoDuplicate(..) = expectation
            && expectation.filter().api_key().is_some_and(|api_key| api_key != ApiKey::PRODUCE)
        {
            return refuse(format!("`{expectation}` goes only with on=Produce"));
        }
        if let Some(broker) = expectation.filter().broker_id().filter(|it| !self.brokers.contains_key(it)) {
            return refuse(format!("there is no broker {broker}; they are 1 to {}", self.brokers.len()));
        }
        let Some(topic) = expectation.filter().topic_name() else { return Ok(()) };
        if self.topics.get(topic).is_some() || self.config.flag("auto.create.topics.enable") {
            return Ok(());
        }
        let topic = topic.escape_debug();
        match protocol::nearest(&topic.to_string(), self.topics.iter().map(|known| known.name.as_str())) {
            Some(nearest) => refuse(format!("there is no topic `{topic}`; the nearest is `{nearest}`")),
            None => refuse(format!("there is no topic `{topic}`")),
        }
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
