//! Tests that wait until something was asked.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::MockCluster;
use crate::action::Action;
use crate::cluster::AdminError;
use crate::journal::{Expectation, Filter, JournalEntry, Unmet};

impl MockCluster {
    /// The requests that a filter lets through, oldest first: of those that the journal keeps.
    #[must_use]
    pub fn requests(&self, filter: &Filter) -> Vec<JournalEntry> {
        self.shared.lock().cluster.journal().matching(filter).cloned().collect()
    }

    /// Waits until so many requests have arrived that a filter lets through, those counted that were there before; gives
    /// all of them.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use milena_mock_broker::{ClusterConfig, Filter, MockCluster, protocol::{ApiKey, names::Acks}};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = MockCluster::start(ClusterConfig::new(1)).await?;
    /// let safe = Filter::on(ApiKey::PRODUCE).acks(Acks::ALL);
    /// let unmet = cluster.wait_for(&safe, 3, Duration::from_millis(20)).await.unwrap_err();
    /// println!("{unmet}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The story of what came instead, if they have not arrived within this time, by the real clock.
    pub async fn wait_for(
        &self,
        filter: &Filter,
        count: usize,
        within: Duration,
    ) -> Result<Vec<JournalEntry>, Unmet> {
        let deadline = Instant::now() + within;
        loop {
            // Whatever changes from here on is heard.
            let changed = self.shared.changes.listen();
            let found = self.requests(filter);
            if found.len() >= count {
                return Ok(found);
            }
            if timeout_at(deadline, changed).await.is_err() {
                let expectation = Expectation::AtLeast(count as u64, filter.clone());
                self.check(&expectation)?;
                return Ok(self.requests(filter));
            }
        }
    }

    /// Whether an expectation is met by now.
    ///
    /// # Errors
    /// The story of how it is not.
    pub fn check(&self, expectation: &Expectation) -> Result<(), Unmet> {
        expectation.check(self.shared.lock().cluster.journal())
    }

    /// The same for the end of a test, which fails with the story.
    ///
    /// # Panics
    /// If the expectation is not met.
    #[track_caller]
    pub fn assert(&self, expectation: &Expectation) {
        if let Err(unmet) = self.check(expectation) {
            panic!("{unmet}");
        }
    }

    /// The requests from this number on, each as a line of JSON, up to the first that is not answered yet; and the number
    /// to go on with. With `all`, those that are not answered too.
    #[must_use]
    pub fn journal_lines(&self, from: u64, all: bool) -> (Vec<String>, u64) {
        self.shared.lock().cluster.journal_lines(from, all)
    }

    /// The actions of scripts that could not be done, and why, but for the first `skipped` of them.
    #[must_use]
    pub fn failed_steps(&self, skipped: usize) -> Vec<(Action, AdminError)> {
        self.shared.lock().cluster.failed_steps().iter().skip(skipped).cloned().collect()
    }

    /// Whether the run is longer than may be recorded, so that [`Cluster::recording`](crate::Cluster::recording) gives none.
    #[must_use]
    pub fn is_recording_full(&self) -> bool {
        self.shared.lock().cluster.is_recording_full()
    }
}
