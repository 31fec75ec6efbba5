//! How a rebalance goes: everybody joins, the leader assigns, everybody gets its part.

use protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use protocol::{ByteString, ErrorCode};

use super::classic::{ClassicGroup, Gathering, State};
use super::{Timer, Tools};

impl ClassicGroup {
    /// Goes on after a member came, changed or left.
    pub(super) fn rebalance(&mut self, tools: &mut Tools<'_>) {
        match self.state {
            State::PreparingRebalance => self.complete_if_all_joined(tools),
            State::Empty | State::CompletingRebalance | State::Stable => self.prepare(tools),
        }
    }

    /// Calls all members to join again.
    pub(super) fn prepare(&mut self, tools: &mut Tools<'_>) {
        if self.state == State::CompletingRebalance {
            // Whoever waits for an assignment gets none.
            self.hand_out(|_| None, ErrorCode::REBALANCE_IN_PROGRESS, tools);
        }
        self.cancel_sync(tools);
        let was_empty = self.state == State::Empty;
        self.enter(State::PreparingRebalance, tools.now);
        if was_empty {
            let delay = tools.rules.initial_rebalance_delay;
            let remaining = self.rebalance_timeout().saturating_sub(delay);
            self.gathering = Some(Gathering { delay, remaining, has_grown: false });
            tools.timers.set(Timer::Join(self.id.clone()), tools.now + delay);
        } else if self.have_all_joined() {
            self.complete_join(tools);
        } else {
            tools.timers.set(Timer::Join(self.id.clone()), tools.now + self.rebalance_timeout());
        }
    }

    /// Completes the rebalance if there is nobody to wait for; the first one waits its time in any case.
    pub(super) fn complete_if_all_joined(&mut self, tools: &mut Tools<'_>) {
        if self.state == State::PreparingRebalance && self.gathering.is_none() && self.have_all_joined() {
            self.complete_join(tools);
        }
    }

    /// The time to join is over.
    pub(super) fn join_is_due(&mut self, tools: &mut Tools<'_>) {
        if let Some(Gathering { delay, remaining, has_grown: true }) = self.gathering
            && !remaining.is_zero()
        {
            let next = tools.rules.initial_rebalance_delay.min(remaining);
            let remaining = remaining.saturating_sub(delay);
            self.gathering = Some(Gathering { delay: next, remaining, has_grown: false });
            tools.timers.set(Timer::Join(self.id.clone()), tools.now + next);
            return;
        }
        self.complete_join(tools);
    }

    /// Begins a generation of all who joined, and tells them.
    pub(super) fn complete_join(&mut self, tools: &mut Tools<'_>) {
        tools.timers.cancel(&Timer::Join(self.id.clone()));
        let late = self.members.values().filter(|member| member.joining.is_none());
        let late = late.filter(|member| member.instance_id.is_none());
        for member in late.map(|member| member.id.clone()).collect::<Vec<_>>() {
            self.remove(&member, tools);
        }
        if !self.members.is_empty() && !self.elect_leader() {
            // Only static members are left, and none of them came: their sessions decide.
            tools.timers.set(Timer::Join(self.id.clone()), tools.now + self.rebalance_timeout());
            return;
        }
        self.next_generation(tools.now);
        if self.state == State::Empty {
            return;
        }
        for member in self.members.keys().cloned().collect::<Vec<_>>() {
            let response = self.joined(&member, self.is_leader(&member));
            self.answer_join(&member, response, tools);
            self.touch(&member, tools);
            if let Some(member) = self.members.get_mut(&member) {
                member.is_new = false;
            }
            self.pending_sync.insert(member);
        }
        tools.timers.set(Timer::Sync(self.id.clone()), tools.now + self.rebalance_timeout());
    }

    /// The answer to a member that has joined.
    pub(super) fn joined(&self, member: &ByteString, with_roster: bool) -> JoinGroupResponse {
        JoinGroupResponse {
            generation_id: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            member_id: member.clone(),
            members: if with_roster { self.roster() } else { Vec::new() },
            ..Default::default()
        }
    }

    /// Makes a member that has joined the leader, if the leader has not; whether there is one.
    fn elect_leader(&mut self) -> bool {
        let has_joined =
            |id: &ByteString| self.members.get(id).is_some_and(|member| member.joining.is_some());
        match &self.leader {
            Some(leader) if has_joined(leader) => true,
            Some(_) => match self.members.keys().find(|id| has_joined(id)).cloned() {
                Some(member) => {
                    self.leader = Some(member);
                    true
                }
                None => false,
            },
            None => false,
        }
    }

    /// Gives each member an assignment, and answers those who wait for it.
    pub(super) fn hand_out(
        &mut self,
        assignment_of: impl Fn(&str) -> Option<bytes::Bytes>,
        error_code: ErrorCode,
        tools: &mut Tools<'_>,
    ) {
        let is_success = error_code == ErrorCode::NONE;
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.assignment = assignment_of(&id).unwrap_or_default();
            let response = SyncGroupResponse {
                error_code,
                protocol_type: self.protocol_type.clone().filter(|_| is_success),
                protocol_name: self.protocol_name.clone().filter(|_| is_success),
                assignment: member.assignment.clone(),
                ..Default::default()
            };
            if self.answer_sync(&id, response, tools) {
                self.touch(&id, tools);
            }
        }
    }

    /// The time to ask for assignments is over: who has not is removed.
    pub(super) fn sync_is_due(&mut self, tools: &mut Tools<'_>) {
        if !matches!(self.state, State::CompletingRebalance | State::Stable) || self.pending_sync.is_empty() {
            return;
        }
        for member in std::mem::take(&mut self.pending_sync) {
            self.remove(&member, tools);
        }
        self.prepare(tools);
    }

    pub(super) fn cancel_sync(&mut self, tools: &mut Tools<'_>) {
        self.pending_sync.clear();
        tools.timers.cancel(&Timer::Sync(self.id.clone()));
    }

    /// A member was not heard of for its session timeout.
    pub(super) fn expire(&mut self, member: &str, tools: &mut Tools<'_>) {
        if self.pending.contains(member) {
            self.remove(member, tools);
            if self.state == State::PreparingRebalance && self.have_all_joined() {
                self.complete_join(tools);
            }
            return;
        }
        if self.members.get(member).is_some_and(|member| !member.is_excused()) {
            self.remove_and_answer(member, tools);
            match self.state {
                State::Stable | State::CompletingRebalance => self.prepare(tools),
                State::PreparingRebalance if self.have_all_joined() => self.complete_join(tools),
                State::PreparingRebalance | State::Empty => {}
            }
        }
    }

    /// Removes a member; if it waits to join, it is told that it is unknown, and may come again.
    pub(super) fn remove_and_answer(&mut self, member: &str, tools: &mut Tools<'_>) {
        self.answer_join(member, super::join::refused("", ErrorCode::UNKNOWN_MEMBER_ID), tools);
        self.remove(member, tools);
    }
}
