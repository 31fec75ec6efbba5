//! A group of the classic protocol as a value: its members, its generation, its state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use protocol::messages::join_group::JoinGroupResponseMember;
use protocol::messages::{ConsumerProtocolSubscription, JoinGroupResponse, SyncGroupResponse};
use protocol::names::{GroupId, Timestamp};
use protocol::wire::Message;
use protocol::{ByteString, ErrorCode};

use super::{ConnectionId, Timer, Tools};

/// A group of the classic protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassicGroup {
    pub(super) id: GroupId,
    pub(super) state: State,
    /// When it came into this state.
    pub(super) since: Timestamp,
    pub(super) protocol_type: Option<ByteString>,
    pub(super) protocol_name: Option<ByteString>,
    pub(super) generation: i32,
    pub(super) leader: Option<ByteString>,
    pub(super) members: BTreeMap<ByteString, Member>,
    /// The member that an instance id stands for (KIP-345).
    pub(super) static_members: BTreeMap<ByteString, ByteString>,
    /// Ids that were given out, and not joined with yet (KIP-394).
    pub(super) pending: BTreeSet<ByteString>,
    /// Members that have not asked for their assignment yet.
    pub(super) pending_sync: BTreeSet<ByteString>,
    /// While the first members gather: how long is still waited for more.
    pub(super) gathering: Option<Gathering>,
    /// The topics that the members of a consumer group read, if they can be told.
    subscribed: Option<BTreeSet<ByteString>>,
}

/// What a group is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It has no members.
    Empty,
    /// Members join.
    PreparingRebalance,
    /// The leader is to hand out assignments.
    CompletingRebalance,
    /// Every member has its assignment.
    Stable,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        })
    }
}

/// The first rebalance of an empty group waits for more members to come (KIP-134).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gathering {
    pub(super) delay: Duration,
    pub(super) remaining: Duration,
    pub(super) has_grown: bool,
}

/// A member of a classic group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) id: ByteString,
    pub(crate) instance_id: Option<ByteString>,
    pub(crate) client_id: ByteString,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) session_timeout: Duration,
    /// The ways to assign that it knows, the best first, with what it says for each.
    pub(crate) protocols: Vec<(ByteString, Bytes)>,
    pub(crate) assignment: Bytes,
    pub(super) joining: Option<Waiter>,
    pub(super) syncing: Option<Waiter>,
    /// It does not know its id yet, and cannot send heartbeats.
    pub(super) is_new: bool,
}

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) connection: ConnectionId,
    pub(crate) version: i16,
}

impl Member {
    /// What it says for a protocol.
    pub(crate) fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let known = self.protocols.iter().find(|(name, _)| Some(&**name) == protocol);
        known.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    /// Whether it is not to be expired: it waits for the others.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }

    pub(super) fn bytes(&self) -> usize {
        let protocols = self.protocols.iter().map(|(name, metadata)| name.len() + metadata.len());
        self.id.len() + self.client_id.len() + self.assignment.len() + protocols.sum::<usize>()
    }
}

impl ClassicGroup {
    pub(super) fn new(id: GroupId, now: Timestamp) -> Self {
        Self {
            id,
            state: State::Empty,
            since: now,
            protocol_type: None,
            protocol_name: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending: BTreeSet::new(),
            pending_sync: BTreeSet::new(),
            gathering: None,
            subscribed: None,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn protocol_type(&self) -> Option<&ByteString> {
        self.protocol_type.as_ref()
    }

    pub(crate) fn protocol_name(&self) -> Option<&ByteString> {
        self.protocol_name.as_ref()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Whether nobody ever joined: it only stores offsets.
    pub(crate) fn is_simple(&self) -> bool {
        self.protocol_type.is_none()
    }

    pub(crate) fn is_consumer_group(&self) -> bool {
        self.protocol_type.as_deref() == Some("consumer")
    }

    /// Whether a member reads a topic, as far as can be told: if not, yes.
    pub(crate) fn is_subscribed(&self, topic: &str) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.is_consumer_group(),
        }
    }

    /// Whether the members have told which topics they read.
    pub(crate) fn knows_subscriptions(&self) -> bool {
        self.subscribed.is_some()
    }

    /// How many bytes its members take, without what each takes anyway.
    pub(super) fn bytes(&self) -> usize {
        self.members.values().map(Member::bytes).sum()
    }

    pub(super) fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    pub(super) fn enter(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.since = now;
    }

    /// Whether a member of this id, and if it says so of this instance id, is in the group.
    pub(super) fn check_member(&self, member: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            match self.static_members.get(instance_id) {
                None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(known) if *known != *member => return Err(ErrorCode::FENCED_INSTANCE_ID),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member) { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) }
    }

    /// Whether a member with these protocols could take part.
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[(ByteString, Bytes)]) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let is_common = |name: &ByteString| self.members.values().all(|member| knows(member, name));
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|(name, _)| is_common(name))
    }

    pub(super) fn add(&mut self, member: Member, protocol_type: &ByteString) {
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), member.id.clone());
        }
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.clone());
        }
        self.leader.get_or_insert_with(|| member.id.clone());
        self.pending.remove(&member.id);
        self.members.insert(member.id.clone(), member);
    }

    pub(super) fn remove(&mut self, member: &str, tools: &mut Tools<'_>) {
        if let Some(removed) = self.members.remove(member)
            && let Some(instance_id) = removed.instance_id
        {
            self.static_members.remove(&instance_id);
        }
        if self.is_leader(member) {
            self.leader = self.members.keys().next().cloned();
        }
        self.pending.remove(member);
        self.pending_sync.remove(member);
        tools.timers.cancel(&Timer::Session(self.id.clone(), member.into()));
    }

    /// Whether everybody waits for the rebalance to complete, and nobody else is known to come.
    pub(super) fn have_all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    /// The longest time that a member takes to join again.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    /// The protocol that most members like best, of those that all know.
    pub(super) fn select_protocol(&self) -> Option<ByteString> {
        let is_common = |name: &ByteString| self.members.values().all(|member| knows(member, name));
        let mut votes: BTreeMap<&ByteString, usize> = BTreeMap::new();
        for member in self.members.values() {
            let mut names = member.protocols.iter().map(|(name, _)| name);
            *votes.entry(names.find(|name| is_common(name))?).or_default() += 1;
        }
        votes.into_iter().max_by_key(|(_, votes)| *votes).map(|(name, _)| name.clone())
    }

    /// Begins the next generation, of the members that are there.
    pub(super) fn next_generation(&mut self, now: Timestamp) {
        self.generation = self.generation.wrapping_add(1).max(0);
        self.gathering = None;
        self.pending_sync.clear();
        self.protocol_name = self.select_protocol();
        self.subscribed = self.subscriptions();
        let state = if self.members.is_empty() { State::Empty } else { State::CompletingRebalance };
        self.enter(state, now);
    }

    /// The topics that the members of a consumer group say they read.
    fn subscriptions(&self) -> Option<BTreeSet<ByteString>> {
        if !self.is_consumer_group() {
            return None;
        }
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            let metadata = member.metadata(self.protocol_name.as_deref());
            // Whatever version stands before it: the beginning is the same in all, and that is all Kafka reads.
            let body = metadata.get(2..)?;
            let subscription = read_subscription(&Bytes::copy_from_slice(body))?;
            topics.extend(subscription.topics.iter().map(|topic| super::owned(topic)));
        }
        Some(topics)
    }

    /// Every member with what it says, for the leader.
    pub(super) fn roster(&self) -> Vec<JoinGroupResponseMember> {
        let member = |member: &Member| JoinGroupResponseMember {
            member_id: member.id.clone(),
            group_instance_id: member.instance_id.clone(),
            metadata: member.metadata(self.protocol_name.as_deref()),
            ..Default::default()
        };
        self.members.values().map(member).collect()
    }

    /// Answers a member that waits for a rebalance, if it does.
    pub(super) fn answer_join(&mut self, member: &str, response: JoinGroupResponse, tools: &mut Tools<'_>) {
        let Some(member) = self.members.get_mut(member) else { return };
        if let Some(waiter) = member.joining.take() {
            tools.answers.push((waiter.connection, super::join::fit(response, waiter.version).into()));
        }
    }

    /// Answers a member that waits for its assignment; whether it did.
    pub(super) fn answer_sync(
        &mut self,
        member: &str,
        response: SyncGroupResponse,
        tools: &mut Tools<'_>,
    ) -> bool {
        let Some(waiter) = self.members.get_mut(member).and_then(|member| member.syncing.take()) else {
            return false;
        };
        tools.answers.push((waiter.connection, response.into()));
        true
    }

    /// Begins a member's session timeout anew.
    pub(super) fn touch(&self, member: &str, tools: &mut Tools<'_>) {
        let Some(member) = self.members.get(member) else { return };
        let key = Timer::Session(self.id.clone(), member.id.clone());
        tools.timers.set(key, tools.now + member.session_timeout);
    }

    pub(super) fn cancel_timers(&mut self, tools: &mut Tools<'_>) {
        for member in self.members.keys().chain(&self.pending) {
            tools.timers.cancel(&Timer::Session(self.id.clone(), member.clone()));
        }
        tools.timers.cancel(&Timer::Join(self.id.clone()));
        tools.timers.cancel(&Timer::Sync(self.id.clone()));
    }
}

fn knows(member: &Member, protocol: &ByteString) -> bool {
    member.protocols.iter().any(|(name, _)| name == protocol)
}

/// Reads version 0 of a subscription, whatever stands behind it.
fn read_subscription(body: &Bytes) -> Option<ConsumerProtocolSubscription> {
    use protocol::DecodeErrorKind;
    ConsumerProtocolSubscription::read(body, 0)
        .or_else(|error| match error.kind() {
            DecodeErrorKind::TrailingBytes(count) => {
                ConsumerProtocolSubscription::read(&body.slice(..body.len().saturating_sub(*count)), 0)
            }
            _ => Err(error),
        })
        .ok()
}
