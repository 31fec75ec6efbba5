//! The group coordinators: who is a member of which group, and how far each has read.
//!
//! ```text
//! handlers ──> Groups::join, sync, heartbeat, leave, commit … ──> answer at once, or wait
//!                │                                      ▲
//!                │ timers: sessions, rebalances         │ answers: who waited gets one
//!                └──────────────────────────────────────┘
//! ```
//!
//! The groups of all coordinators are in one place: what a coordinator knows is in a replicated log, so that the broker
//! that takes over from it knows the same.
//!
//! Source: Kafka 4.3's `GroupMetadataManager` and `OffsetMetadataManager`, and what a real broker answers.

pub(crate) mod classic;
mod join;
mod leave;
pub(crate) mod offsets;
mod rebalance;
mod sync;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use protocol::names::{GroupId, Timestamp};
use protocol::{ByteString, ErrorCode, Response};

use self::classic::{ClassicGroup, Member, Waiter};
use self::offsets::Offsets;
use super::ConnectionId;
use super::timers::Timers;
use crate::config::ClusterConfig;
use protocol::random::Random;

pub(crate) use self::classic::State;
pub(crate) use self::join::{Join, fit};

/// All groups, with the timers that run for them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Groups {
    by_id: BTreeMap<GroupId, Group>,
    rules: Rules,
    random: Random,
    timers: Timers<Timer>,
    answers: Answers,
    /// What members and offsets take, without what each takes anyway.
    bytes: usize,
}

/// A group: its members, and what it has stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) classic: ClassicGroup,
    pub(crate) offsets: Offsets,
}

/// Answers for requests that wait.
pub(crate) type Answers = Vec<(ConnectionId, Response)>;

/// What is to happen to a group some time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// A member has not been heard of for its session timeout.
    Session(GroupId, ByteString),
    /// Who has not joined by now is left behind.
    Join(GroupId),
    /// Who has not asked for its assignment by now is removed.
    Sync(GroupId),
    /// Offsets that nobody has touched for long are forgotten.
    Retention,
}

/// The settings that coordinators act on, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rules {
    max_size: usize,
    initial_rebalance_delay: Duration,
    session_timeout_ms: (i64, i64),
    max_offset_metadata: usize,
    offset_retention: Duration,
    retention_check: Duration,
}

/// What a group works with.
struct Tools<'a> {
    rules: &'a Rules,
    timers: &'a mut Timers<Timer>,
    answers: &'a mut Answers,
    now: Timestamp,
}

/// More groups than this in a cluster are refused.
const MAX_GROUPS: usize = 100_000;
/// More members than this in a group are refused, those included who were given an id and have not joined yet, whatever
/// `group.max.size` says.
const MAX_MEMBERS: usize = 10_000;
/// What members say and what they are assigned has so much room in a group: Kafka writes it into one record.
const MAX_STATE_BYTES: usize = 1_048_588;
/// And so much in all groups together, with what is said of offsets.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// What a coordinator calls a client whose address it does not know: they all come from this machine.
pub(crate) const CLIENT_HOST: &str = "/127.0.0.1";

impl Groups {
    pub(crate) fn new(config: &ClusterConfig) -> Self {
        Self {
            by_id: BTreeMap::new(),
            rules: Rules::new(config),
            // A chance of its own, so that members do not change which ids topics get.
            random: Random::new(config.seed ^ 0x6772_6f75_7073),
            timers: Timers::default(),
            answers: Answers::new(),
            bytes: 0,
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Group> {
        self.by_id.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&GroupId, &Group)> {
        self.by_id.iter()
    }

    /// When something is to happen next.
    pub(crate) fn next_wakeup(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// The answers that have become ready for those who wait.
    pub(crate) fn take_answers(&mut self) -> Answers {
        std::mem::take(&mut self.answers)
    }

    /// Lets happen what is due; whether anything was.
    pub(crate) fn tick(&mut self, now: Timestamp) -> bool {
        let Some(timer) = self.timers.take_due(now) else { return false };
        match timer {
            Timer::Session(id, member) => self.with(&id, now, |group, tools| group.expire(&member, tools)),
            Timer::Join(id) => self.with(&id, now, ClassicGroup::join_is_due),
            Timer::Sync(id) => self.with(&id, now, ClassicGroup::sync_is_due),
            Timer::Retention => {
                self.forget_expired(now);
                None
            }
        };
        true
    }

    /// Hears that these connections are gone, with their broker or all together. Whoever waited on one of them is a member
    /// still, and has its session timeout to come again.
    pub(crate) fn lose(&mut self, is_gone: impl Fn(ConnectionId) -> bool, now: Timestamp) {
        let is_lost = |waiter: &Option<Waiter>| waiter.is_some_and(|it| is_gone(it.connection));
        self.answers.retain(|(connection, _)| !is_gone(*connection));
        let has_lost = |member: &Member| is_lost(&member.joining) || is_lost(&member.syncing);
        let groups = self.by_id.iter().filter(|(_, group)| group.classic.members().any(has_lost));
        for id in groups.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.with(&id, now, |group, tools| {
                for member in group.members.values_mut().filter(|member| has_lost(member)) {
                    (member.joining, member.syncing, member.is_new) = (None, None, false);
                    let key = Timer::Session(id.clone(), member.id.clone());
                    tools.timers.set(key, tools.now + member.session_timeout);
                }
            });
        }
    }

    /// The group that a client names, with what it works with.
    fn with<T>(
        &mut self,
        id: &str,
        now: Timestamp,
        work: impl FnOnce(&mut ClassicGroup, &mut Tools<'_>) -> T,
    ) -> Option<T> {
        let group = self.by_id.get_mut(id)?;
        let (rules, timers, answers) = (&self.rules, &mut self.timers, &mut self.answers);
        let before = group.classic.bytes();
        let done = work(&mut group.classic, &mut Tools { rules, timers, answers, now });
        self.bytes = self.bytes + group.classic.bytes() - before;
        Some(done)
    }

    /// The group of this id; a new and empty one if there is none.
    fn get_or_create(&mut self, id: &str, now: Timestamp) -> Result<&mut Group, ErrorCode> {
        if !self.by_id.contains_key(id) {
            if self.by_id.len() >= MAX_GROUPS {
                return Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
            }
            if self.by_id.is_empty() {
                self.timers.set(Timer::Retention, now + self.rules.retention_check);
            }
            // A copy: a slice would keep the whole request alive.
            let owned = GroupId::from(id);
            let classic = ClassicGroup::new(owned.clone(), now);
            self.by_id.insert(owned, Group { classic, offsets: Offsets::default() });
        }
        self.by_id.get_mut(id).ok_or(ErrorCode::UNKNOWN_SERVER_ERROR)
    }

    /// Deletes an empty group with all it has stored (KIP-229).
    pub(crate) fn delete(&mut self, id: &str) -> Result<(), ErrorCode> {
        let group = self.by_id.get(id).ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
        if group.classic.state() != State::Empty {
            return Err(ErrorCode::NON_EMPTY_GROUP);
        }
        self.remove(id);
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        let Some(mut group) = self.by_id.remove(id) else { return };
        self.bytes -= group.classic.bytes() + group.offsets.bytes();
        let mut tools = Tools {
            rules: &self.rules,
            timers: &mut self.timers,
            answers: &mut self.answers,
            now: Timestamp(0),
        };
        group.classic.cancel_timers(&mut tools);
        if self.by_id.is_empty() {
            self.timers.cancel(&Timer::Retention);
        }
    }
}

impl Rules {
    fn new(config: &ClusterConfig) -> Self {
        let millis = |key| Duration::from_millis(config.number(key).unsigned_abs());
        let size = |key| usize::try_from(config.number(key)).unwrap_or(usize::MAX);
        Self {
            max_size: size("group.max.size").min(MAX_MEMBERS),
            initial_rebalance_delay: millis("group.initial.rebalance.delay.ms"),
            session_timeout_ms: (
                config.number("group.min.session.timeout.ms"),
                config.number("group.max.session.timeout.ms"),
            ),
            max_offset_metadata: size("offset.metadata.max.bytes"),
            offset_retention: Duration::from_secs(
                60 * config.number("offsets.retention.minutes").unsigned_abs(),
            ),
            retention_check: millis("offsets.retention.check.interval.ms"),
        }
    }
}

/// A copy of text out of a request: a slice would keep the whole request alive.
fn owned(text: &str) -> ByteString {
    ByteString::from(text)
}

/// A copy of bytes out of a request, for the same reason.
fn owned_bytes(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

fn millis(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
