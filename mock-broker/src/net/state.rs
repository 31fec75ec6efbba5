//! The time and the state of a running cluster, in a test's hands.

use std::time::Duration;

use super::{Listen, MockCluster, StartError};
use crate::cluster::{Cluster, Endpoint, Snapshot};
use crate::config::{ClusterConfig, Time};
use crate::recording::{Recording, RecordingError};

impl MockCluster {
    /// Lets time pass on a clock that stands ([`Time::Stepped`](crate::Time)): everything that is due by then happens, in
    /// its order and at its own moment. On a real clock, nothing is done.
    pub fn advance(&self, time: Duration) {
        self.shared.advance(time);
    }

    /// What the cluster holds now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.lock().cluster.snapshot()
    }

    /// Begins again from a state that was kept: connections are reset, and every broker that runs in it takes new ones where
    /// it did. Brokers that the state has more than this cluster are nowhere to be reached.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.shared.restore(snapshot);
    }

    /// Begins again as it was started: [`Self::restore`], and a clock that stands goes back to where it began.
    pub fn reset(&self) {
        self.shared.clock.begin_anew();
        self.shared.restore(&self.start);
    }

    /// Starts a cluster from a state that was kept.
    ///
    /// # Errors
    /// As [`Self::start_on`].
    pub async fn start_from(snapshot: &Snapshot, listen: Listen) -> Result<Self, StartError> {
        Self::start_cluster(snapshot.cluster(), listen).await
    }

    /// All that has happened to the cluster, if it is recorded; not what happened since [`Self::restore`] or [`Self::reset`].
    ///
    /// # Errors
    /// It is not recorded; or it was more than may be.
    pub fn recording(&self) -> Result<Recording, RecordingError> {
        self.shared.lock().cluster.recording()
    }

    /// Starts a cluster in the state that a recorded run ended in, on this clock; up to `record` bytes the run is recorded on.
    /// The journal begins with what comes from now on.
    ///
    /// # Errors
    /// As [`Self::start_on`]; a run that is damaged, or ends otherwise than it did.
    pub async fn start_recorded(
        recording: &Recording,
        listen: Listen,
        time: Time,
        record: Option<usize>,
    ) -> Result<Self, StartError> {
        let mut cluster = recording.resume(record).map_err(StartError::Replay)?;
        cluster.config.time.time = time;
        cluster.journal_mut().clear();
        let started = Self::start_cluster(cluster, listen).await?;
        started.shared.connections_follow(recording.last_connection());
        Ok(started)
    }

    /// Starts a cluster on ports of choice.
    ///
    /// # Errors
    /// As [`Self::start`]; an address of all interfaces without a host to tell the clients.
    pub async fn start_on(config: ClusterConfig, listen: Listen) -> Result<Self, StartError> {
        Self::start_cluster(Cluster::try_new(config).map_err(StartError::Config)?, listen).await
    }

    async fn start_cluster(mut cluster: Cluster, listen: Listen) -> Result<Self, StartError> {
        let ids: Vec<_> = cluster.brokers().map(|(id, _)| id).collect();
        let bound = listen.bind(ids.len()).await?;
        let mut addresses = Vec::with_capacity(ids.len());
        for (id, (listener, host)) in ids.iter().zip(&bound) {
            let address = listener.local_addr().map_err(|error| StartError::bind("a bound socket", error))?;
            cluster.set_endpoint(*id, Endpoint { host: host.as_str().into(), port: address.port() });
            addresses.push(address);
        }
        let listeners = bound.into_iter().map(|(listener, _)| listener);
        Self::run(cluster, addresses, ids.into_iter().zip(listeners).collect())
    }
}
