//! The cluster behind sockets: the only module that knows tokio and the clock.
//!
//! One lock stands around the core and is held for one frame at a time, never while something is read or written.

mod connection;
mod listen;
mod timer;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use protocol::names::{BrokerId, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

pub use self::listen::{Listen, StartError};
use crate::cluster::{AdminError, Cluster, ConnectionId, Effect, Effects, Endpoint, Input, Topic};
use crate::config::{ClusterConfig, TopicSpec};
use crate::fault::{Fault, FaultId};
use crate::journal::JournalEntry;

/// A running cluster: each broker listens on a port of its own, until this value is dropped.
///
/// It runs on the tokio runtime it was started on. It is `Send` and `Sync`; all methods may be called while clients are at
/// work, and none waits for them.
pub struct MockCluster {
    shared: Arc<Shared>,
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

    /// Starts a cluster on ports of choice.
    ///
    /// # Errors
    /// As [`Self::start`]; an address of all interfaces without a host to tell the clients.
    pub async fn start_on(config: ClusterConfig, listen: Listen) -> Result<Self, StartError> {
        let mut cluster = Cluster::try_new(config).map_err(StartError::Config)?;
        let ids: Vec<_> = cluster.brokers().map(|(id, _)| id).collect();
        let bound = listen.bind(ids.len()).await?;

        let mut addresses = Vec::with_capacity(ids.len());
        for (id, (listener, host)) in ids.iter().zip(&bound) {
            let address = listener.local_addr().map_err(|error| StartError::bind("a bound socket", error))?;
            cluster.set_endpoint(*id, Endpoint { host: host.as_str().into(), port: address.port() });
            addresses.push(address);
        }
        let shared = Arc::new(Shared::new(cluster));
        let (open, sockets) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(timer::run(Arc::clone(&shared)));
        for (id, (listener, _)) in ids.into_iter().zip(bound) {
            tasks.spawn(accept(Arc::clone(&shared), id, listener, open.clone()));
        }
        Ok(Self { shared, addresses, tasks, sockets })
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

    /// Adds a fault rule.
    pub fn add_fault(&self, fault: Fault) -> FaultId {
        self.with(|cluster| cluster.add_fault(fault))
    }

    /// Takes a fault rule away; whether it was there.
    pub fn remove_fault(&self, fault: FaultId) -> bool {
        self.with(|cluster| cluster.remove_fault(fault))
    }

    /// How many requests a fault rule has struck, if it is there.
    #[must_use]
    pub fn fault_hits(&self, fault: FaultId) -> Option<u64> {
        self.with(|cluster| cluster.fault_hits(fault))
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

impl fmt::Debug for MockCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockCluster").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// An IPv6 address gets brackets before a port.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Where a connection's task finds what others have caused.
type Inbox = mpsc::UnboundedReceiver<Effect>;

/// What all tasks share.
struct Shared {
    core: Mutex<Core>,
    connections: AtomicU64,
    /// Rung when the next wakeup comes earlier than it did.
    earlier: Notify,
    clock: Clock,
}

struct Core {
    cluster: Cluster,
    /// How each connection's task is told what others cause.
    inboxes: BTreeMap<ConnectionId, mpsc::UnboundedSender<Effect>>,
    /// When the timer rings.
    alarm: Option<Timestamp>,
}

impl Shared {
    fn new(cluster: Cluster) -> Self {
        let core = Core { cluster, inboxes: BTreeMap::new(), alarm: None };
        Self {
            core: Mutex::new(core),
            connections: AtomicU64::new(0),
            earlier: Notify::new(),
            clock: Clock::new(),
        }
    }

    /// A panic while the lock was held was in somebody else's task; the cluster lives on.
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the core an input, and passes its effects on to the tasks of the connections.
    fn handle(&self, input: Input) {
        let mut core = self.lock();
        let effects = core.cluster.handle(input, self.clock.now());
        core.deliver(effects);
        self.set_alarm(core);
    }

    /// Gives the core a frame, and gives back what is to be done on its connection: first what others have caused, which
    /// lies in the inbox, for answers must leave in the order in which they were given under the lock.
    fn handle_frame(&self, own: ConnectionId, frame: Bytes, inbox: &mut Inbox) -> Effects {
        let mut core = self.lock();
        let effects = core.cluster.handle(Input::Frame { connection: own, frame }, self.clock.now());
        let is_own = |effect: &Effect| connection_of(effect) == own;
        if inbox.is_empty() && effects.iter().all(is_own) {
            self.set_alarm(core);
            return effects;
        }
        let mut in_order: Effects = std::iter::from_fn(|| inbox.try_recv().ok()).collect();
        let (mine, others): (Effects, Effects) = effects.into_iter().partition(is_own);
        in_order.extend(mine);
        core.deliver(others);
        self.set_alarm(core);
        in_order
    }

    /// Sees to it that the timer rings when the core wants it.
    fn set_alarm(&self, mut core: MutexGuard<'_, Core>) {
        let next = core.cluster.next_wakeup();
        let is_earlier = next.is_some_and(|next| core.alarm.is_none_or(|alarm| next < alarm));
        core.alarm = next;
        drop(core);
        // An alarm that became later rings too early once, and is set anew then.
        if is_earlier {
            self.earlier.notify_one();
        }
    }

    /// Registers a new connection to a broker.
    fn open(&self, broker: BrokerId) -> (ConnectionId, Inbox) {
        let connection = ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed));
        let (sender, inbox) = mpsc::unbounded_channel();
        self.lock().inboxes.insert(connection, sender);
        self.handle(Input::Opened { connection, broker });
        (connection, inbox)
    }

    fn closed(&self, connection: ConnectionId) {
        self.lock().inboxes.remove(&connection);
        self.handle(Input::Closed { connection });
    }
}

impl Core {
    fn deliver(&mut self, effects: Effects) {
        for effect in effects {
            // Whose task is gone needs no answer.
            if let Some(inbox) = self.inboxes.get(&connection_of(&effect)) {
                let _ = inbox.send(effect);
            }
        }
    }
}

fn connection_of(effect: &Effect) -> ConnectionId {
    match effect {
        Effect::Send { connection, .. }
        | Effect::Close { connection, .. }
        | Effect::StopReading { connection }
        | Effect::ResumeReading { connection } => *connection,
    }
}

/// The time since the epoch, which never goes backwards.
struct Clock {
    started: Instant,
    epoch_ms: i64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), epoch_ms: i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX) }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.epoch_ms) + self.started.elapsed()
    }

    /// The moment at which [`Self::now`] is `time`.
    fn instant(&self, time: Timestamp) -> Instant {
        self.started + time.saturating_since(Timestamp(self.epoch_ms)).min(FAR)
    }
}

/// As far ahead as a timer is ever set; it just rings too early then.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Takes the connections of one broker.
async fn accept(
    shared: Arc<Shared>,
    broker: BrokerId,
    listener: TcpListener,
    open: mpsc::Sender<Infallible>,
) {
    // Connections end with their broker's task.
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%broker, %error, "a connection's task failed");
                }
                continue;
            }
        };
        match accepted {
            Ok((stream, peer)) => {
                let (shared, open) = (Arc::clone(&shared), open.clone());
                connections.spawn(async move {
                    // Dropped after the socket.
                    let _open = open;
                    connection::serve(shared, broker, stream, peer).await;
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: others must close before it can get better.
                tracing::warn!(%broker, %error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// How long a broker takes no connections after it could not.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
