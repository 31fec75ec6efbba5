//! What is done to a cluster from outside: brokers that go and come, elections, lag.

use protocol::ErrorCode;
use protocol::names::{BrokerId, Timestamp, TopicName, Uuid};

use super::elections::Election;
use super::topic::{Partition, TopicRules};
use super::{AdminError, BrokerState, CloseReason, Cluster, ConnectionId, Effect, Effects};
use crate::action::{Action, ElectionKind, Lag};
use crate::recording::Step;

impl Cluster {
    /// Does something to the cluster, and says what is to be done because of it.
    ///
    /// # Errors
    /// What the action names is not there, or is not in a state for it. Nothing is changed then but what was due before; what
    /// is to be done because of that comes with the next input, or [`Self::next_wakeup`].
    pub fn perform(&mut self, action: Action, now: Timestamp) -> Result<Effects, AdminError> {
        self.begin_step(|| Step::Perform { action: action.clone(), now });
        let performed = self.perform_step(action, now);
        self.end_step(performed.as_deref().unwrap_or_default());
        performed
    }

    fn perform_step(&mut self, action: Action, now: Timestamp) -> Result<Effects, AdminError> {
        let mut effects = std::mem::take(&mut self.undone);
        self.catch_up(now, &mut effects);
        if let Err(error) = self.act(action, now, &mut effects) {
            self.undone = effects;
            return Err(error);
        }
        self.wake(now, &mut effects);
        Ok(effects)
    }

    fn act(&mut self, action: Action, now: Timestamp, effects: &mut Effects) -> Result<(), AdminError> {
        match action {
            Action::StopBroker(broker) => self.stop_broker(broker, now, effects)?,
            Action::CrashBroker(broker) => self.crash_broker(broker, now, effects)?,
            Action::StartBroker(broker) => self.start_broker(broker, now, effects)?,
            Action::HoldElections(hold) => self.hold_elections(hold, now),
            Action::MoveLeader { topic, partition, broker } => {
                self.lead(&topic, partition, broker, now)?;
            }
            Action::ElectLeader { topic, partition, kind } => {
                self.elect_leader(&topic, partition, kind, now)?;
            }
            Action::Lag { topic, partition, broker, lag } => {
                self.set_lag(topic.as_ref(), partition, broker, lag, now)?;
            }
            Action::CreateTopic(topic) => drop(self.create_topic(topic)?),
            Action::DeleteTopic(topic) => {
                if !self.delete_topic(&topic) {
                    return Err(no_topic(&topic));
                }
            }
        }
        Ok(())
    }

    /// Makes another broker the leader of a partition, in a new leader epoch. If the broker has no replica, it
    /// takes the place of the leader that was.
    ///
    /// # Errors
    /// No such partition or broker, or a replica that is not in sync: see [`Action::ElectLeader`] for those.
    pub fn move_leader(&mut self, topic: &str, partition: i32, broker: BrokerId) -> Result<(), AdminError> {
        self.note(|| Step::Directly(Action::MoveLeader { topic: topic.into(), partition, broker }));
        self.lead(topic, partition, broker, self.now)
    }

    fn lead(&mut self, topic: &str, index: i32, broker: BrokerId, now: Timestamp) -> Result<(), AdminError> {
        if !self.is_up(broker) {
            return Err(self.no_broker(broker));
        }
        let (id, _, partition) = self.find(topic, index)?;
        if partition.replicas.contains(&broker) && !partition.in_sync_replicas().contains(&broker) {
            let message = format!("broker {broker} is not in sync with the leader of {topic}-{index}");
            return Err(AdminError::new(ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE, message));
        }
        if !partition.move_leader(broker, now) {
            let message =
                format!("{topic}-{index} has no running leader whose place broker {broker} could take");
            return Err(AdminError::new(ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE, message));
        }
        self.look_after(id, index, now);
        Ok(())
    }

    fn stop_broker(
        &mut self,
        broker: BrokerId,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<(), AdminError> {
        self.take_down(broker, BrokerState::Stopped)?;
        self.of_broker(broker, now, |partition, election, rules| {
            partition.lose(broker);
            partition.fence(broker, election, rules, now);
        });
        self.set_fenced(broker);
        // What its leaving decides is still answered.
        self.wake(now, effects);
        effects.push(Effect::Listen { broker, open: false });
        let connections = self.connections_of(broker);
        self.groups.lose(|connection| connections.contains(&connection), now);
        for connection in connections {
            self.close(connection, CloseReason::BrokerStopped, effects);
        }
        Ok(())
    }

    fn crash_broker(
        &mut self,
        broker: BrokerId,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<(), AdminError> {
        self.take_down(broker, BrokerState::Crashed)?;
        effects.push(Effect::Listen { broker, open: false });
        let connections = self.connections_of(broker);
        self.groups.lose(|connection| connections.contains(&connection), now);
        for connection in connections {
            self.forget(connection);
            effects.push(Effect::Reset { connection });
        }
        self.of_broker(broker, now, |partition, _, _| partition.lose(broker));
        if let Some(down) = self.brokers.get_mut(&broker) {
            down.fenced_at = Some(now + self.config.broker_session_timeout);
        }
        self.miss_brokers(now);
        Ok(())
    }

    fn start_broker(
        &mut self,
        broker: BrokerId,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<(), AdminError> {
        let Some(known) = self.brokers.get(&broker) else { return Err(self.no_broker(broker)) };
        let crashed = match known.state {
            BrokerState::Up => {
                let message = format!("broker {broker} runs already");
                return Err(AdminError::new(ErrorCode::INVALID_REQUEST, message));
            }
            state => state == BrokerState::Crashed,
        };
        if !known.is_fenced {
            // It is back before it was missed; now it is.
            self.fence(broker, now);
        }
        if let Some(known) = self.brokers.get_mut(&broker) {
            (known.state, known.is_fenced) = (BrokerState::Up, false);
        }
        self.of_broker(broker, now, |partition, election, _| {
            partition.regain(broker, crashed, election, now);
        });
        effects.push(Effect::Listen { broker, open: self.takes_connections(broker) });
        Ok(())
    }

    /// Marks a broker that runs as one that does not.
    fn take_down(&mut self, broker: BrokerId, state: BrokerState) -> Result<(), AdminError> {
        match self.brokers.get_mut(&broker) {
            Some(known) if known.state == BrokerState::Up => known.state = state,
            _ => return Err(self.no_broker(broker)),
        }
        Ok(())
    }

    /// Lets the others notice the crashes that they would have noticed by now.
    pub(super) fn miss_brokers(&mut self, now: Timestamp) {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        while let Some(broker) =
            self.brokers.iter().find(|(_, broker)| is_due(broker.fenced_at)).map(|(id, _)| *id)
        {
            self.fence(broker, now);
        }
        self.schedule.missed = self.brokers.values().filter_map(|broker| broker.fenced_at).min();
    }

    fn fence(&mut self, broker: BrokerId, now: Timestamp) {
        self.set_fenced(broker);
        self.of_broker(broker, now, |partition, election, rules| {
            partition.fence(broker, election, rules, now);
        });
        self.schedule.missed = self.brokers.values().filter_map(|broker| broker.fenced_at).min();
    }

    fn set_fenced(&mut self, broker: BrokerId) {
        if let Some(known) = self.brokers.get_mut(&broker) {
            (known.is_fenced, known.fenced_at) = (true, None);
        }
    }

    fn hold_elections(&mut self, hold: bool, now: Timestamp) {
        self.holds_elections = hold;
        if hold {
            return;
        }
        let elect = |partition: &mut Partition, election: Election, _: &TopicRules| {
            if partition.leader == BrokerId::NONE {
                partition.elect(election, now);
            }
        };
        self.each(|_| true, now, elect);
    }

    fn elect_leader(
        &mut self,
        topic: &str,
        index: i32,
        kind: ElectionKind,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        let (id, _, partition) = self.find(topic, index)?;
        let has_leader = partition.leader != BrokerId::NONE;
        let first = partition.replicas.first().copied().unwrap_or(BrokerId::NONE);
        let needless = match kind {
            ElectionKind::Preferred => partition.leader == first,
            ElectionKind::Unclean => has_leader,
        };
        if needless {
            let message = format!("{topic}-{index} has the leader already that an election would give it");
            return Err(AdminError::new(ErrorCode::ELECTION_NOT_NEEDED, message));
        }
        let was = partition.leader_epoch;
        partition.elect(kind.into(), now);
        let elected = partition.leader_epoch > was;
        self.look_after(id, index, now);
        if elected {
            return Ok(());
        }
        let (error_code, message) = match kind {
            ElectionKind::Preferred => (
                ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
                format!(
                    "broker {first}, the first replica of {topic}-{index}, is not in sync or does not run"
                ),
            ),
            ElectionKind::Unclean => (
                ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
                format!("no broker that has a replica of {topic}-{index} runs"),
            ),
        };
        Err(AdminError::new(error_code, message))
    }

    fn set_lag(
        &mut self,
        topic: Option<&TopicName>,
        index: Option<i32>,
        broker: BrokerId,
        lag: Lag,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        if !self.brokers.contains_key(&broker) {
            return Err(self.no_broker(broker));
        }
        if let Some(topic) = topic {
            self.find(topic, index.unwrap_or(0))?;
        }
        let is_wanted = |name: &TopicName| topic.is_none_or(|topic| topic == name);
        let mut numbers = Vec::new();
        for topic in self.topics.iter().filter(|known| is_wanted(&known.name)) {
            let indexes = 0..topic.partitions.len() as i32;
            numbers.extend(
                indexes
                    .filter(|known| index.is_none_or(|index| index == *known))
                    .map(|index| (topic.id, index)),
            );
        }
        if topic.is_none()
            && index.is_none()
            && let Some(known) = self.brokers.get_mut(&broker)
        {
            known.lag = lag;
        }
        for (id, index) in numbers {
            // Up to now it copied as it did before.
            self.replicate(id, index, now);
            let name = self.topics.name_of(id).cloned().unwrap_or_default();
            if let Ok((_, _, partition)) = self.find(&name, index)
                && partition.replicas.contains(&broker)
            {
                partition.set_lag(broker, lag);
                self.replicate(id, index, now);
            }
        }
        Ok(())
    }

    /// A partition, its topic's id and rules.
    fn find(&mut self, topic: &str, index: i32) -> Result<(Uuid, TopicRules, &mut Partition), AdminError> {
        let Some(found) = self.topics.get_mut(topic) else { return Err(no_topic(topic)) };
        let (id, rules, partitions) = (found.id, found.rules, found.partitions.len());
        found.partition_mut(index).map(|partition| (id, rules, partition)).ok_or_else(|| {
            let message =
                format!("`{topic}` has the partitions 0 to {}, and no partition {index}", partitions - 1);
            AdminError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
        })
    }

    /// Does something to every partition that a broker has a replica of.
    fn of_broker(
        &mut self,
        broker: BrokerId,
        now: Timestamp,
        act: impl Fn(&mut Partition, Election, &TopicRules),
    ) {
        self.each(|partition| partition.replicas.contains(&broker), now, act);
    }

    fn each(
        &mut self,
        wanted: impl Fn(&Partition) -> bool,
        now: Timestamp,
        act: impl Fn(&mut Partition, Election, &TopicRules),
    ) {
        let mut acted = Vec::new();
        for topic in self.topics.iter_mut() {
            let rules = topic.rules;
            let election = match (self.holds_elections, rules.unclean_leader_election) {
                (true, _) => Election::Held,
                (false, true) => Election::Unclean,
                (false, false) => Election::Clean,
            };
            for (index, partition) in (0..).zip(&mut topic.partitions) {
                if wanted(partition) {
                    partition.replicate(&rules, now);
                    act(partition, election, &rules);
                    acted.push((topic.id, index));
                }
            }
        }
        for (id, index) in acted {
            self.look_after(id, index, now);
        }
    }

    /// After something was done to a partition: replicas catch up, and those who wait look.
    fn look_after(&mut self, topic: Uuid, index: i32, now: Timestamp) {
        self.replicate(topic, index, now);
        self.touch(topic, index);
    }

    /// Tells the brokers of a new topic about it: some may not run, or copy late.
    pub(super) fn tell_brokers(&mut self, topic: &str) {
        let Some(topic) = self.topics.get_mut(topic) else { return };
        for partition in &mut topic.partitions {
            let assigned: Vec<_> = partition.replicas.to_vec();
            partition.begin(|broker| self.brokers.get(&broker).is_some_and(|broker| !broker.is_fenced));
            for broker in assigned {
                let Some(known) = self.brokers.get(&broker) else { continue };
                if known.state != BrokerState::Up {
                    partition.lose(broker);
                }
                partition.set_lag(broker, known.lag);
            }
        }
    }

    fn connections_of(&self, broker: BrokerId) -> Vec<ConnectionId> {
        let of_broker = self.connections.iter().filter(|(_, connection)| connection.broker == broker);
        of_broker.map(|(id, _)| *id).collect()
    }

    fn no_broker(&self, broker: BrokerId) -> AdminError {
        let message = match self.brokers.get(&broker).map(|broker| broker.state) {
            None => format!("there is no broker {broker}; the brokers are 1 to {}", self.brokers.len()),
            Some(_) => format!("broker {broker} does not run"),
        };
        AdminError::new(ErrorCode::BROKER_NOT_AVAILABLE, message)
    }
}

fn no_topic(topic: &str) -> AdminError {
    let message = format!("there is no topic `{}`", topic.escape_debug());
    AdminError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
}
