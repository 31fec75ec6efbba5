//! The cluster behind sockets: the only module that knows tokio and the clock.
//!
//! ```text
//! accept ──> connection ──> shared: the core behind one lock ──> connection ──> outbox
//!  how many    how long      timer wakes it                       who is turned away: stranger
//! ```

mod accept;
mod activity;
mod changes;
mod clock;
mod connection;
mod faults;
mod limits;
mod listen;
mod listener;
mod outbox;
mod shared;
mod state;
mod stranger;
mod timer;
mod waiting;

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use protocol::names::BrokerId;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub use self::listen::{Listen, StartError};
use self::listener::Listeners;
use self::shared::Shared;
use crate::action::Action;
use crate::cluster::{AdminError, Cluster, Input, Snapshot, Topic};
use crate::config::{ClusterConfig, TopicSpec};
use crate::journal::JournalEntry;
use crate::scenario::{ScenarioError, Script};

/// A running cluster: each broker listens on a port of its own, until this value is dropped.
///
/// It runs on the tokio runtime it was started on. It is `Send` and `Sync`; all methods may be called while clients are at
/// work, and none waits for them.
pub struct MockCluster {
    shared: Arc<Shared>,
    /// What it was like when it began.
    start: Snapshot,
    addresses: Vec<SocketAddr>,
    tasks: JoinSet<()>,
    /// Ends when the last task that has a socket is gone.
    sockets: mpsc::Receiver<Infallible>,
}

impl MockCluster {
    /// Starts a cluster on free ports of 127.0.0.1.
    ///
    /// # Errors
    /// An address that cannot be bound, or a configuration that is not one.
    pub async fn start(config: ClusterConfig) -> Result<Self, StartError> {
        Self::start_on(config, Listen::default()).await
    }

    /// Runs a cluster whose brokers' addresses are bound.
    fn run(
        cluster: Cluster,
        addresses: Vec<SocketAddr>,
        bound: Vec<(BrokerId, TcpListener)>,
    ) -> Result<Self, StartError> {
        let ids: Vec<_> = bound.iter().map(|(id, _)| *id).collect();
        let listeners =
            Listeners::new(bound.into_iter()).map_err(|error| StartError::bind("a bound socket", error))?;
        let start = cluster.snapshot();
        let shared = Arc::new(Shared::new(cluster, listeners));
        // From now on its time counts.
        shared.begin();
        let (open, sockets) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(timer::run(Arc::clone(&shared)));
        for id in ids {
            tasks.spawn(accept::run(Arc::clone(&shared), id, open.clone()));
        }
        Ok(Self { shared, start, addresses, tasks, sockets })
    }

    /// What clients are given to find the cluster: `host:port` of every broker, between commas.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        let servers = self.with(|cluster| {
            cluster
                .brokers()
                .map(|(_, endpoint)| format!("{}:{}", bracketed(&endpoint.host), endpoint.port))
                .collect::<Vec<_>>()
        });
        servers.join(",")
    }

    /// The addresses that the brokers listen on, by their ids.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Does something to the cluster: a broker crashes, a follower lags … When this returns it is done: a broker that went down
    /// refuses connections.
    ///
    /// # Errors
    /// What the action names is not there, or is not in a state for it.
    pub fn perform(&self, action: Action) -> Result<(), AdminError> {
        self.shared.perform(action)
    }

    /// Plays a script from now on.
    ///
    /// # Errors
    /// As [`Cluster::play`].
    pub fn play(&self, script: Script) -> Result<(), ScenarioError> {
        self.with(|cluster| cluster.play(script))
    }

    /// Makes another broker the leader of a partition, in a new leader epoch.
    ///
    /// # Errors
    /// No such partition or broker.
    pub fn move_leader(&self, topic: &str, partition: i32, broker: BrokerId) -> Result<(), AdminError> {
        self.with(|cluster| cluster.move_leader(topic, partition, broker))
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// A name that is not legal or taken, too few brokers for the replicas.
    pub fn create_topic(&self, topic: TopicSpec) -> Result<(), AdminError> {
        self.with(|cluster| cluster.create_topic(topic).map(drop))
    }

    /// Deletes a topic with all its records; whether it was there.
    pub fn delete_topic(&self, name: &str) -> bool {
        self.with(|cluster| cluster.delete_topic(name))
    }

    /// The topics as they are now, by name.
    #[must_use]
    pub fn topics(&self) -> Vec<Topic> {
        self.with(|cluster| cluster.topics().cloned().collect())
    }

    /// What was asked and answered, oldest first: as much of it as is kept.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.with(|cluster| cluster.journal().entries().cloned().collect())
    }

    /// How many connections there are. Each has one task, so that this counts tasks too.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.open_connections()
    }

    /// How many connections were closed at once because of `max.connections` or `max.connections.per.ip`.
    #[must_use]
    pub fn refused_connections(&self) -> u64 {
        self.shared.counters.refused.load(Ordering::Relaxed)
    }

    /// How many requests ended in a panic of the broker itself, which is a bug in it. Their connections were closed; the
    /// others, and all that is stored, are as they were.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.shared.counters.panics.load(Ordering::Relaxed)
    }

    /// Gives the core, under its lock: brokers wait as long as `work` takes.
    pub fn with<T>(&self, work: impl FnOnce(&mut Cluster) -> T) -> T {
        let result = work(&mut self.shared.lock().cluster);
        // Whatever was done may end somebody's wait.
        self.shared.handle(Input::Wakeup);
        result
    }

    /// Stops, and waits until every socket is closed. Dropping does the same, without waiting.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        // The connections end with their broker's task, but not in the same moment.
        while self.sockets.recv().await.is_some() {}
    }
}

impl Drop for MockCluster {
    /// The ports are closed at once; the tasks end when they next wait.
    fn drop(&mut self) {
        self.shared.listeners.give_up();
    }
}

impl fmt::Debug for MockCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockCluster").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// An IPv6 address gets brackets before a port.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}
