//! States to begin from: kept, compared, and begun from again and again.

use std::fmt;

use super::{Cluster, Waiting};
use crate::journal::Journal;

/// What a cluster holds at a moment, without anybody connected to it: topics, records, producers, brokers, fault rules.
///
/// Taking one, and beginning from it, copies no record: stored batches are shared. Two are equal if what they hold is;
/// where brokers listen, what was asked and who was connected is no part of it.
///
/// ```
/// use milena_mock_broker::{Cluster, ClusterConfig};
///
/// let prepared = Cluster::new(ClusterConfig::new(3).topic("orders", 6)).snapshot();
/// let (mut one, other) = (prepared.cluster(), prepared.cluster());
/// one.delete_topic("orders");
/// assert!(other.topic("orders").is_some());
/// assert_ne!(one.snapshot(), prepared);
/// assert_eq!(other.snapshot(), prepared);
/// ```
#[derive(Clone)]
pub struct Snapshot(Box<Cluster>);

impl Cluster {
    /// What it holds now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut state = self.clone();
        state.waiting = Waiting::default();
        state.connections.clear();
        // Ids of connections begin anew in what begins here: an answer for an old one would reach another.
        state.groups.lose(|_| true, state.now);
        state.at_work = None;
        state.undone.clear();
        state.aftermath = state.aftermath.without_connections();
        state.journal = Journal::new(state.config.journal_limit);
        Snapshot(Box::new(state))
    }

    /// The time that it was told last.
    pub(crate) fn last_time(&self) -> protocol::names::Timestamp {
        self.now
    }
}

impl Snapshot {
    /// A cluster that begins here.
    #[must_use]
    pub fn cluster(&self) -> Cluster {
        (*self.0).clone()
    }

    /// A cluster that begins here, and whose brokers are where those of `other` are, as far as it has them.
    #[cfg(feature = "net")]
    pub(crate) fn cluster_in_place_of(&self, other: &Cluster) -> Cluster {
        let mut cluster = self.cluster();
        for (broker, endpoint) in other.brokers() {
            cluster.set_endpoint(broker, endpoint.clone());
        }
        cluster
    }

    /// What is in it, to look at.
    #[must_use]
    pub fn state(&self) -> &Cluster {
        &self.0
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (&*self.0, &*other.0);
        let brokers = || one.brokers.iter().zip(&other.brokers);
        one.id == other.id
            && one.config.seed == other.config.seed
            && one.brokers.len() == other.brokers.len()
            && brokers().all(|((id, one), (other_id, other))| id == other_id && one.is_as(other))
            && one.topics == other.topics
            && one.holds_elections == other.holds_elections
            && one.stage == other.stage
            && one.random == other.random
            && one.transactions == other.transactions
            && one.groups == other.groups
            && one.faults == other.faults
            && one.stage == other.stage
    }
}

impl Eq for Snapshot {}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topics: Vec<_> = self.0.topics.iter().map(|topic| &topic.name).collect();
        f.debug_struct("Snapshot").field("topics", &topics).finish_non_exhaustive()
    }
}
