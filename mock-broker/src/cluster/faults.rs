//! Where the core asks the fault rules: when a request arrives, before its answer leaves, and when time passes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::frame::EncodedFrame;
use protocol::names::{BrokerId, Timestamp};
use protocol::{ApiKey, ErrorCode, Request, Response, VersionRange};

use super::waiting::{Held, Parked};
use super::{Asked, CloseReason, Cluster, Connection, ConnectionId, Effect, Effects};
use crate::fault::{Arrival, Corruption, Fault, FaultId, Reaction, Site, Struck, answer};
use crate::handlers::{self, StaleMetadata};
use crate::journal::Outcome;
use crate::recording::Step;

/// What rules have caused and what lasts.
#[derive(Clone, Debug, Default)]
pub(super) struct Aftermath {
    /// Connections on which nothing is handled any more.
    silent: BTreeSet<ConnectionId>,
    /// Connections that are not read, and the rules that want it.
    stopped: BTreeMap<ConnectionId, Vec<Struck>>,
    /// Answers that leave behind the next one, and the rules that want it.
    kept_back: BTreeMap<ConnectionId, (EncodedFrame, Vec<Struck>)>,
    /// Brokers that take no connections.
    refusing: BTreeSet<BrokerId>,
    /// What Metadata was like when a rule began.
    stale: BTreeMap<FaultId, StaleMetadata>,
    /// Up to when, since the cluster began, rules have been looked at whose time ended.
    looked: Duration,
    /// Whether a rule ended, so that somebody may have waited long enough.
    is_due: bool,
}

impl Aftermath {
    /// What lasts when nobody is connected any more; the rest is found out anew.
    pub(super) fn without_connections(self) -> Self {
        Self { stale: self.stale, is_due: true, ..Self::default() }
    }
}

/// Rules: added, changed, counted, released and removed while the cluster is at work.
impl Cluster {
    /// The same with one more fault rule.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.add_fault(fault);
        self
    }

    /// Adds a fault rule; rules are asked in the order they were added.
    pub fn add_fault(&mut self, fault: Fault) -> FaultId {
        self.note(|| Step::AddFault(fault.clone()));
        let id = self.faults.add(fault);
        self.begin_stale_metadata();
        self.aftermath.is_due = true;
        id
    }

    /// Puts another fault rule in the place of one; whether it was there. Its counters begin anew, and what the old one
    /// holds back is let go.
    pub fn replace_fault(&mut self, id: FaultId, fault: Fault) -> bool {
        self.note(|| Step::ReplaceFault(id, fault.clone()));
        self.aftermath.stale.remove(&id);
        let was_there = self.faults.replace(id, fault);
        self.begin_stale_metadata();
        self.aftermath.is_due = true;
        was_there
    }

    /// Takes a fault rule away, and lets go what it holds back; whether it was there.
    pub fn remove_fault(&mut self, id: FaultId) -> bool {
        self.note(|| Step::RemoveFault(id));
        self.aftermath.is_due = true;
        self.faults.remove(id)
    }

    /// Lets a fault rule strike no more, and lets go what it holds back; its counter stays. Whether it could strike until
    /// now.
    pub fn release_fault(&mut self, id: FaultId) -> bool {
        self.note(|| Step::ReleaseFault(id));
        self.aftermath.is_due = true;
        self.faults.release(id)
    }

    /// How often a fault rule has struck, if it is there.
    #[must_use]
    pub fn fault_hits(&self, id: FaultId) -> Option<u64> {
        self.faults.hits(id)
    }

    /// The first fault rule of this name.
    #[must_use]
    pub fn fault_named(&self, name: &str) -> Option<FaultId> {
        self.faults.named(name)
    }

    /// The fault rules, in the order they were added.
    pub fn faults(&self) -> impl Iterator<Item = (FaultId, &Fault)> {
        self.faults.iter()
    }

    /// Whether there is no fault rule at all.
    #[must_use]
    pub fn has_no_faults(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether a broker takes connections: it is up, and no rule says otherwise.
    #[must_use]
    pub fn takes_connections(&self, broker: BrokerId) -> bool {
        self.is_up(broker) && !self.aftermath.refusing.contains(&broker)
    }

    /// The error that a fault rule wants at a place where Kafka decides on one: the only thing that handlers know of faults.
    pub(crate) fn verdict(&self, asked: &Asked, site: Site<'_>) -> Option<ErrorCode> {
        asked.strikes.verdict(site)
    }
}

/// What rules do to a request and its answer.
impl Cluster {
    /// Answers a request as the rules that strike it say.
    pub(super) fn answer_struck(
        &mut self,
        mut asked: Asked,
        request: Request,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let (whole, sites) = handlers::sites(&self.topics, &request);
        let arrival = Arrival {
            api_key: asked.api_key,
            version: asked.version,
            client_id: asked.client_id.as_deref(),
            broker: asked.broker,
            connection: asked.nth_connection,
            since: self.since_beginning(now),
            whole: &whole,
            sites: &sites,
        };
        asked.strikes = self.faults.strike(&arrival);
        let strikes = &asked.strikes;
        if let Some(fault) = strikes.by(&Reaction::DropRequest) {
            return self.end(asked, Err(CloseReason::Fault(fault)), effects);
        }
        if strikes.by(&Reaction::Silence).is_some() {
            self.aftermath.silent.insert(asked.connection);
            self.journal.push(asked.journal_entry(Outcome::Unanswered));
            return;
        }
        let delay = strikes.sum(|reaction| match reaction {
            Reaction::DelayBefore(delay) => Some(*delay),
            _ => None,
        });
        let until = match strikes.by(&Reaction::HoldBefore) {
            Some(_) => Timestamp::NEVER,
            None if delay.is_zero() => return self.carry_out(asked, request, now, effects),
            None => now + delay,
        };
        self.park(asked, until, Held::Request(Box::new(request)), effects);
    }

    /// The answer to a request for metadata that a rule wants to be out of date.
    pub(super) fn stale_answer(&self, asked: &Asked, request: &Request) -> Option<Response> {
        let Request::Metadata(request) = request else { return None };
        let fault = asked.strikes.by(&Reaction::StaleMetadata)?;
        let stale = self.aftermath.stale.get(&fault)?;
        Some(Response::Metadata(stale.answer(request, asked.version)))
    }

    /// Until when an answer that is ready is held back, if it is.
    pub(super) fn held_until(&self, asked: &Asked, now: Timestamp) -> Option<Timestamp> {
        // Whoever waited until now by itself may have waited longer than the rule lasts.
        if !self.lasting(asked, &Reaction::HoldAfter, now).is_empty() {
            return Some(Timestamp::NEVER);
        }
        let delay = asked.strikes.sum(|reaction| match reaction {
            Reaction::DelayAfter(delay) => Some(*delay),
            _ => None,
        });
        (!delay.is_zero()).then(|| now + delay)
    }

    /// Changes what is answered, before it is written.
    pub(super) fn spoil(
        &mut self,
        asked: &mut Asked,
        mut answer: Result<Option<Response>, CloseReason>,
    ) -> Result<Option<Response>, CloseReason> {
        let strikes = &asked.strikes;
        let lost = strikes.by(&Reaction::DropResponse).or_else(|| strikes.by(&Reaction::Reset));
        if let Some(fault) = lost {
            return answer.and(Err(CloseReason::Fault(fault)));
        }
        let failed_after =
            strikes.first(|reaction| matches!(reaction, Reaction::ApplyThenFail(_)).then_some(()));
        if failed_after.is_some() {
            let is_error = answer::apply_to_outcomes(strikes, &mut asked.outcomes);
            match &mut answer {
                Ok(Some(response)) => {
                    let name_of = |id| self.topics.name_of(id).cloned();
                    answer::apply_afterthoughts(strikes, response, &asked.outcomes, &name_of);
                }
                // Who wants no answer can be told of an error in one way only.
                Ok(None) if is_error => answer = Err(CloseReason::Failed),
                _ => {}
            }
        }
        if let Ok(Some(response)) = &mut answer {
            let throttle = |reaction: &Reaction| match reaction {
                Reaction::Throttle(time) => Some(*time),
                _ => None,
            };
            if let Some((_, time)) = strikes.first(throttle) {
                answer::throttle(response, i32::try_from(time.as_millis()).unwrap_or(i32::MAX));
            }
            if strikes.by(&Reaction::Corrupt(Corruption::Crc)).is_some() {
                answer::break_checksums(response);
            }
        }
        answer
    }

    /// Sends an answer as the rules say; none is a request that wants no answer.
    pub(super) fn send_struck(&mut self, asked: &Asked, frame: Option<EncodedFrame>, effects: &mut Effects) {
        let reordering = self.lasting(asked, &Reaction::Reorder, self.now);
        let stopping = self.lasting(asked, &Reaction::StopReading, self.now);
        let (connection, strikes) = (asked.connection, &asked.strikes);
        let kept_back = self.aftermath.kept_back.remove(&connection);
        if let Some(mut frame) = frame {
            let half = |reaction: &Reaction| match reaction {
                Reaction::HalfResponse(bytes) => Some(*bytes),
                _ => None,
            };
            if let Some((fault, bytes)) = strikes.first(half) {
                let frame = answer::beginning(frame, bytes);
                effects.push(Effect::Send { connection, frame });
                return self.close(connection, CloseReason::Fault(fault), effects);
            }
            let corruption = |reaction: &Reaction| match reaction {
                Reaction::Corrupt(corruption) => Some(corruption.clone()),
                _ => None,
            };
            if let Some((_, corruption)) = strikes.first(corruption) {
                frame = answer::corrupt(frame, &corruption, self.faults.random());
            }
            let bandwidth = |reaction: &Reaction| match reaction {
                Reaction::Bandwidth(bytes) => Some(*bytes),
                _ => None,
            };
            let bandwidth = strikes.first(bandwidth).map(|(_, bytes)| bytes);
            let mut send = |frame| {
                effects.push(match bandwidth {
                    Some(bytes_per_second) => Effect::SendSlowly { connection, frame, bytes_per_second },
                    None => Effect::Send { connection, frame },
                });
            };
            if !reordering.is_empty() && kept_back.is_none() {
                self.aftermath.kept_back.insert(connection, (frame, reordering));
            } else {
                if strikes.by(&Reaction::Duplicate).is_some() {
                    send(frame.clone());
                }
                send(frame);
            }
        }
        effects.extend(kept_back.map(|(frame, _)| Effect::Send { connection, frame }));
        if !stopping.is_empty() {
            self.stop_reading(connection, stopping, effects);
        }
        if let Some(fault) = strikes.by(&Reaction::Close) {
            self.close(connection, CloseReason::Fault(fault), effects);
        }
    }

    /// The rules of this reaction that strike a request and have not ended since.
    fn lasting(&self, asked: &Asked, reaction: &Reaction, now: Timestamp) -> Vec<Struck> {
        let since = self.since_beginning(now);
        let rules = asked.strikes.all_by(reaction);
        rules.filter(|rule| self.faults.still_holds(rule, since)).cloned().collect()
    }

    fn stop_reading(&mut self, connection: ConnectionId, by: Vec<Struck>, effects: &mut Effects) {
        let Some(state) = self.connections.get_mut(&connection) else { return };
        self.aftermath.stopped.entry(connection).or_default().extend(by);
        if !std::mem::replace(&mut state.is_stopped, true) {
            effects.push(Effect::StopReading { connection });
        }
    }
}

impl Asked {
    /// Whether a rule wants the connection to be reset when this request is done.
    pub(super) fn wants_reset(&self) -> bool {
        self.strikes.by(&Reaction::Reset).is_some()
    }
}

/// What lasts, and what time does to it.
impl Cluster {
    /// Whether answers leave as they are.
    pub(super) fn is_unharmed(&self, asked: &Asked) -> bool {
        asked.strikes.is_empty() && self.aftermath.kept_back.is_empty()
    }

    /// Whether nothing of a connection is looked at any more.
    pub(super) fn is_silent(&self, connection: ConnectionId) -> bool {
        !self.aftermath.silent.is_empty() && self.aftermath.silent.contains(&connection)
    }

    /// Whether a rule wants a connection not to be read.
    pub(super) fn is_held(&self, connection: ConnectionId) -> bool {
        !self.aftermath.stopped.is_empty() && self.aftermath.stopped.contains_key(&connection)
    }

    /// Forgets what rules have done to a connection that is gone.
    pub(super) fn forget_harm(&mut self, connection: ConnectionId) {
        self.aftermath.silent.remove(&connection);
        self.aftermath.stopped.remove(&connection);
        self.aftermath.kept_back.remove(&connection);
    }

    /// How long ago the cluster began.
    fn since_beginning(&self, now: Timestamp) -> Duration {
        now.saturating_since(self.began.unwrap_or(now))
    }

    /// Begins and ends what rules want for a time.
    pub(super) fn keep_rules(&mut self, now: Timestamp, effects: &mut Effects) {
        self.began.get_or_insert(now);
        if self.faults.is_empty() && !self.aftermath.is_due {
            return;
        }
        self.begin_stale_metadata();
        let since = self.since_beginning(now);
        let refusing = self.faults.refusing(since, self.brokers.keys().copied());
        let before = std::mem::replace(&mut self.aftermath.refusing, refusing);
        for broker in before.symmetric_difference(&self.aftermath.refusing).filter(|id| self.is_up(**id)) {
            effects.push(Effect::Listen { broker: *broker, open: self.takes_connections(*broker) });
        }
        let looked = std::mem::replace(&mut self.aftermath.looked, since);
        if std::mem::take(&mut self.aftermath.is_due) || self.faults.any_ended(looked, since) {
            self.let_go(since, now, effects);
        }
    }

    /// Goes on with what was held back by rules that ended.
    fn let_go(&mut self, since: Duration, now: Timestamp, effects: &mut Effects) {
        let faults = &self.faults;
        let holds = |rule: &Struck| faults.still_holds(rule, since);
        self.waiting.wake_if(|parked| is_let_go(parked, holds));
        let kept_back = std::mem::take(&mut self.aftermath.kept_back);
        for (connection, (frame, by)) in kept_back {
            if by.iter().any(holds) {
                self.aftermath.kept_back.insert(connection, (frame, by));
            } else {
                effects.push(Effect::Send { connection, frame });
            }
        }
        let stopped = std::mem::take(&mut self.aftermath.stopped);
        let (kept, ended): (BTreeMap<_, _>, BTreeMap<_, _>) =
            stopped.into_iter().partition(|(_, by)| by.iter().any(holds));
        self.aftermath.stopped = kept;
        for connection in ended.into_keys() {
            self.go_on(connection, now, effects);
        }
        let faults = &self.faults;
        self.aftermath.stale.retain(|id, _| faults.lasts(*id, since));
    }

    /// Remembers what Metadata is like for rules that have begun.
    fn begin_stale_metadata(&mut self) {
        let since = self.since_beginning(self.now);
        for id in self.faults.begun(&Reaction::StaleMetadata, since) {
            if !self.aftermath.stale.contains_key(&id) {
                let stale = StaleMetadata::of(self);
                self.aftermath.stale.insert(id, stale);
            }
        }
    }

    /// When rules begin or end something next.
    pub(super) fn next_rule_change(&self) -> Option<Timestamp> {
        if self.aftermath.is_due {
            return Some(Timestamp(i64::MIN));
        }
        let began = self.began.filter(|_| !self.faults.is_empty())?;
        let since = self.since_beginning(self.now);
        self.faults.next_change(since).map(|change| began + change)
    }

    /// The versions of an API that a broker serves, as far as rules let it.
    pub(crate) fn served(&self, api_key: ApiKey, broker: BrokerId, now: Timestamp) -> Option<VersionRange> {
        let served = handlers::served(api_key)?;
        if self.faults.is_empty() {
            return Some(served);
        }
        let Some(max) = self.faults.pretended(api_key, broker, self.since_beginning(now)) else {
            return Some(served);
        };
        let versions = served.intersection(VersionRange::new(0, max));
        (!versions.is_empty()).then_some(versions)
    }

    /// What the n-th connection of a cluster begins with.
    pub(super) fn new_connection(&mut self, broker: BrokerId) -> Connection {
        self.opened += 1;
        Connection::new(broker, self.opened)
    }
}

/// Whether a request has waited for rules, and none of them lasts.
fn is_let_go(parked: &Parked, holds: impl Fn(&Struck) -> bool) -> bool {
    let reaction = match parked.held {
        _ if parked.until != Timestamp::NEVER => return false,
        Held::Request(_) => Reaction::HoldBefore,
        Held::Answer(_) => Reaction::HoldAfter,
        _ => return false,
    };
    !parked.asked.strikes.all_by(&reaction).any(holds)
}
