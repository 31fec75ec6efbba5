//! What all tasks share: the core behind its lock, and the way its effects take.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::names::{BrokerId, Timestamp};
use tokio::sync::{Notify, mpsc};

use super::activity::Activity;
use super::changes::Changes;
use super::clock::Clock;
use super::limits::Limits;
use super::listener::Listeners;
use crate::action::Action;
use crate::cluster::{AdminError, Cluster, ConnectionId, Effect, Effects, Input, Snapshot};
use crate::config::Time;

/// Where a connection's task finds what others have caused.
pub(super) type Inbox = mpsc::UnboundedReceiver<Effect>;

/// One lock stands around the core and is held for one frame at a time, never while something is read or written.
pub(super) struct Shared {
    core: Mutex<Core>,
    connections: AtomicU64,
    /// Rung when the next wakeup comes earlier than it did.
    pub(super) earlier: Notify,
    /// Rung when a request came while there are fault rules.
    pub(super) struck: Notify,
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    pub(super) counters: Counters,
    /// Rung when the journal has changed.
    pub(super) changes: Changes,
    pub(super) activity: Activity,
    pub(super) listeners: Listeners,
}

/// What is counted beside the journal.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) refused: AtomicU64,
    pub(super) panics: AtomicU64,
}

pub(super) struct Core {
    pub(super) cluster: Cluster,
    /// How each connection's task is told what others cause.
    inboxes: BTreeMap<ConnectionId, mpsc::UnboundedSender<Effect>>,
    /// When the timer rings.
    pub(super) alarm: Option<Timestamp>,
}

impl Shared {
    pub(super) fn new(cluster: Cluster, listeners: Listeners) -> Self {
        let limits = Limits::new(&cluster.config);
        let (cluster_time, cluster_now) = (cluster.config.time, cluster.last_time());
        let core = Core { cluster, inboxes: BTreeMap::new(), alarm: None };
        Self {
            core: Mutex::new(core),
            // As fault rules count them.
            connections: AtomicU64::new(1),
            earlier: Notify::new(),
            struck: Notify::new(),
            clock: Clock::new(cluster_time, cluster_now),
            limits,
            counters: Counters::default(),
            changes: Changes::default(),
            activity: Activity::default(),
            listeners,
        }
    }

    /// A panic while the lock was held was in a closure of a test, in another thread; the cluster lives on.
    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers new connections from behind this one.
    pub(super) fn connections_follow(&self, last: u64) {
        self.connections.fetch_max(last.saturating_add(1), Ordering::Relaxed);
    }

    /// How many connections there are.
    pub(super) fn open_connections(&self) -> usize {
        self.lock().inboxes.len()
    }

    /// Gives the core an input, and passes its effects on to the tasks of the connections.
    pub(super) fn handle(&self, input: Input) {
        let mut core = self.lock();
        self.handle_locked(&mut core, input);
        self.set_alarm(core);
    }

    pub(super) fn handle_locked(&self, core: &mut Core, input: Input) {
        let effects = self.feed(core, input);
        self.deliver(core, effects);
    }

    /// Lets a cluster begin whose ports are all open: of those that do not take connections they are closed.
    pub(super) fn begin(&self) {
        let mut core = self.lock();
        self.handle_locked(&mut core, Input::Wakeup);
        self.open_ports(&core);
        self.set_alarm(core);
    }

    /// Begins again from a state that was kept.
    pub(super) fn restore(&self, snapshot: &Snapshot) {
        let mut core = self.lock();
        // Their tasks end, and tell the new cluster about connections that it does not know.
        for (connection, inbox) in std::mem::take(&mut core.inboxes) {
            let _ = inbox.send(Effect::Reset { connection });
        }
        core.cluster = snapshot.cluster_in_place_of(&core.cluster);
        self.clock.move_to(core.cluster.last_time());
        self.handle_locked(&mut core, Input::Wakeup);
        self.open_ports(&core);
        self.changes.ring();
        self.set_alarm(core);
    }

    fn open_ports(&self, core: &Core) {
        for (broker, _) in core.cluster.brokers() {
            self.listeners.set(broker, core.cluster.takes_connections(broker));
        }
    }

    /// Moves a clock that stands, and lets happen what is due, each at its moment.
    pub(super) fn advance(&self, time: Duration) {
        if self.clock.time() == Time::Real {
            return;
        }
        let mut core = self.lock();
        let target = self.clock.now() + time;
        while let Some(next) = core.cluster.next_wakeup().filter(|next| *next <= target) {
            self.clock.move_to(next);
            self.handle_locked(&mut core, Input::Wakeup);
            debug_assert_ne!(
                core.cluster.next_wakeup(),
                Some(next),
                "nothing happened when something was due"
            );
            if core.cluster.next_wakeup() == Some(next) {
                break;
            }
        }
        self.clock.move_to(target);
        self.handle_locked(&mut core, Input::Wakeup);
        self.set_alarm(core);
    }

    /// Does something to the cluster; when this returns, brokers that went down refuse connections, and those that came up
    /// take them.
    pub(super) fn perform(&self, action: Action) -> Result<(), AdminError> {
        let mut core = self.lock();
        let performed =
            core.cluster.perform(action, self.clock.now()).map(|effects| self.deliver(&core, effects));
        self.set_alarm(core);
        performed
    }

    /// Gives the core a frame, and gives back what is to be done on its connection: first what others have caused, which
    /// lies in the inbox, for answers must leave in the order in which they were given under the lock.
    pub(super) fn handle_frame(&self, own: ConnectionId, frame: Bytes, inbox: &mut Inbox) -> Effects {
        let mut core = self.lock();
        let effects = self.feed(&mut core, Input::Frame { connection: own, frame });
        if !core.cluster.has_no_faults() {
            self.struck.notify_waiters();
        }
        let is_own = |effect: &Effect| connection_of(effect) == Some(own);
        if inbox.is_empty() && effects.iter().all(is_own) {
            self.set_alarm(core);
            return effects;
        }
        let mut in_order: Effects = std::iter::from_fn(|| inbox.try_recv().ok()).collect();
        let (mine, others): (Effects, Effects) = effects.into_iter().partition(is_own);
        in_order.extend(mine);
        self.deliver(&core, others);
        self.set_alarm(core);
        in_order
    }

    /// Gives the core an input. If it panics, the connection whose request did that is closed; what was to be done for
    /// others until then is done, and the rest follows.
    fn feed(&self, core: &mut Core, input: Input) -> Effects {
        self.activity.count_input();
        let now = self.clock.now();
        let mut effects = Effects::new();
        let (cluster, mut input) = (&mut core.cluster, Some(input));
        let changes = cluster.journal().changes();
        let mut handled =
            catch_unwind(AssertUnwindSafe(|| cluster.handle_into(&mut input, now, &mut effects)));
        // Each round closes a connection, so that there is a last one.
        while handled.is_err() {
            self.counters.panics.fetch_add(1, Ordering::Relaxed);
            handled = catch_unwind(AssertUnwindSafe(|| {
                cluster.recover(now, &mut effects);
                cluster.handle_into(&mut input, now, &mut effects);
            }));
        }
        if cluster.journal().changes() != changes {
            self.changes.ring();
        }
        effects
    }

    /// Opens and closes ports, and leaves the rest to the tasks of the connections.
    fn deliver(&self, core: &Core, effects: Effects) {
        for effect in effects {
            if let Effect::Listen { broker, open } = effect {
                self.listeners.set(broker, open);
            } else if let Some(inbox) = connection_of(&effect).and_then(|id| core.inboxes.get(&id)) {
                // Whose task is gone needs no answer.
                let _ = inbox.send(effect);
            }
        }
    }

    /// Sees to it that the timer rings when the core wants it.
    pub(super) fn set_alarm(&self, mut core: MutexGuard<'_, Core>) {
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
    pub(super) fn open(&self, broker: BrokerId) -> (ConnectionId, Inbox) {
        let connection = ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed));
        let (sender, inbox) = mpsc::unbounded_channel();
        self.lock().inboxes.insert(connection, sender);
        self.handle(Input::Opened { connection, broker });
        (connection, inbox)
    }

    pub(super) fn closed(&self, connection: ConnectionId) {
        self.lock().inboxes.remove(&connection);
        self.handle(Input::Closed { connection });
    }
}

fn connection_of(effect: &Effect) -> Option<ConnectionId> {
    match effect {
        Effect::Send { connection, .. }
        | Effect::SendSlowly { connection, .. }
        | Effect::Close { connection, .. }
        | Effect::Reset { connection }
        | Effect::StopReading { connection }
        | Effect::ResumeReading { connection } => Some(*connection),
        Effect::Listen { .. } => None,
    }
}
