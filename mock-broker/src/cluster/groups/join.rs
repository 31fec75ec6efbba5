//! Joining a group of the classic protocol.

use std::time::Duration;

use bytes::Bytes;
use protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use protocol::names::Timestamp;
use protocol::{ByteString, ErrorCode};

use super::classic::{ClassicGroup, Member, State, Waiter};
use super::{Groups, MAX_BYTES, MAX_MEMBERS, Timer, Tools, millis, owned, owned_bytes};

/// Who wants to join, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Join {
    waiter: Waiter,
    member_id: ByteString,
    instance_id: Option<ByteString>,
    client_id: ByteString,
    rebalance_timeout: Duration,
    session_timeout: Duration,
    protocol_type: ByteString,
    protocols: Vec<(ByteString, Bytes)>,
}

/// From this version on a client must come again with the id that it is given (KIP-394).
const FIRST_VERSION_WITH_REQUIRED_ID: i16 = 4;
/// From this version on there may be no protocol name.
const FIRST_VERSION_WITH_NULL_PROTOCOL: i16 = 7;
/// From this version on a leader that comes back knows that it has nothing to assign (KIP-814).
const FIRST_VERSION_WITH_SKIPPED_ASSIGNMENT: i16 = 9;
/// New members cannot send heartbeats. One whose client is gone is kept so long.
const NEW_MEMBER_TIMEOUT: Duration = Duration::from_secs(5 * 60);

impl Join {
    pub(crate) fn new(request: &JoinGroupRequest, client_id: Option<&str>, waiter: Waiter) -> Self {
        let rebalance_timeout_ms = match request.rebalance_timeout_ms {
            -1 => request.session_timeout_ms,
            timeout => timeout,
        };
        let protocols = request.protocols.iter();
        Self {
            waiter,
            member_id: owned(&request.member_id),
            instance_id: request.group_instance_id.as_deref().map(owned),
            client_id: owned(client_id.unwrap_or_default()),
            rebalance_timeout: millis(rebalance_timeout_ms),
            session_timeout: millis(request.session_timeout_ms),
            protocol_type: owned(&request.protocol_type),
            protocols: protocols.map(|one| (owned(&one.name), owned_bytes(&one.metadata))).collect(),
        }
    }

    fn bytes(&self) -> usize {
        let protocols = self.protocols.iter().map(|(name, metadata)| name.len() + metadata.len());
        self.client_id.len() + protocols.sum::<usize>()
    }
}

impl Groups {
    /// Lets a client join; `None` if it has to wait for the others.
    pub(crate) fn join(
        &mut self,
        id: &str,
        join: Join,
        session_timeout_ms: i32,
        now: Timestamp,
    ) -> Option<JoinGroupResponse> {
        let refuse = |error_code| Some(refused(&join.member_id, error_code));
        if id.is_empty() {
            return refuse(ErrorCode::INVALID_GROUP_ID);
        }
        let (shortest, longest) = self.rules.session_timeout_ms;
        if !(shortest..=longest).contains(&session_timeout_ms.into()) {
            return refuse(ErrorCode::INVALID_SESSION_TIMEOUT);
        }
        if join.member_id.is_empty() {
            if let Err(error_code) = self.get_or_create(id, now) {
                return refuse(error_code);
            }
        } else if !self.by_id.contains_key(id) {
            return refuse(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        if self.bytes + join.bytes() > MAX_BYTES {
            return Some(refused("", ErrorCode::GROUP_MAX_SIZE_REACHED));
        }
        let new_id = if join.member_id.is_empty() {
            let name = join.instance_id.as_ref().unwrap_or(&join.client_id);
            format!("{name}-{}", guid(self.random.wide_bits())).into()
        } else {
            join.member_id.clone()
        };
        self.with(id, now, |group, tools| group.join(join, new_id, tools)).flatten()
    }
}

/// A random UUID as Java writes them.
fn guid(random: u128) -> String {
    // Version 4, variant 1.
    let bits = random & !(0xf << 76) & !(0x3 << 62) | (4 << 76) | (2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

impl ClassicGroup {
    fn join(&mut self, join: Join, id: ByteString, tools: &mut Tools<'_>) -> Option<JoinGroupResponse> {
        let is_unknown = join.member_id.is_empty();
        if !self.accepts(&join.member_id, tools.rules.max_size) {
            self.remove(&join.member_id, tools);
            return Some(refused("", ErrorCode::GROUP_MAX_SIZE_REACHED));
        }
        if !self.supports(&join.protocol_type, &join.protocols) {
            return Some(refused(&join.member_id, ErrorCode::INCONSISTENT_GROUP_PROTOCOL));
        }
        match &join.instance_id {
            Some(instance_id) if is_unknown => match self.static_members.get(instance_id).cloned() {
                Some(old) => self.replace_static(join, &old, id, tools),
                None => self.add_and_rebalance(join, id, tools),
            },
            None if is_unknown && join.waiter.version >= FIRST_VERSION_WITH_REQUIRED_ID => {
                let timer = Timer::Session(self.id.clone(), id.clone());
                tools.timers.set(timer, tools.now + join.session_timeout);
                self.pending.insert(id.clone());
                Some(refused(&id, ErrorCode::MEMBER_ID_REQUIRED))
            }
            None if is_unknown => self.add_and_rebalance(join, id, tools),
            _ if self.pending.contains(&id) => self.add_and_rebalance(join, id, tools),
            _ => self.join_again(join, tools),
        }
    }

    /// Whether there is room for one who joins.
    fn accepts(&self, member: &str, max_size: usize) -> bool {
        let is_member = self.members.get(member);
        let has_room = match self.state {
            State::Empty => true,
            State::PreparingRebalance => {
                let joining = self.members.values().filter(|member| member.joining.is_some()).count();
                is_member.is_some_and(|member| member.joining.is_some()) || joining < max_size
            }
            State::CompletingRebalance | State::Stable => {
                is_member.is_some() || self.members.len() < max_size
            }
        };
        let is_expected = is_member.is_some() || self.pending.contains(member);
        has_room && (is_expected || self.members.len() + self.pending.len() < MAX_MEMBERS)
    }

    fn add_and_rebalance(
        &mut self,
        join: Join,
        id: ByteString,
        tools: &mut Tools<'_>,
    ) -> Option<JoinGroupResponse> {
        if let Some(gathering) = &mut self.gathering {
            gathering.has_grown = true;
        }
        let member = Member {
            id: id.clone(),
            instance_id: join.instance_id,
            client_id: join.client_id,
            rebalance_timeout: join.rebalance_timeout,
            session_timeout: join.session_timeout,
            protocols: join.protocols,
            assignment: Bytes::new(),
            joining: Some(join.waiter),
            syncing: None,
            is_new: true,
        };
        self.add(member, &join.protocol_type);
        tools.timers.set(Timer::Session(self.id.clone(), id), tools.now + NEW_MEMBER_TIMEOUT);
        self.rebalance(tools);
        None
    }

    /// One who is known joins once more.
    fn join_again(&mut self, join: Join, tools: &mut Tools<'_>) -> Option<JoinGroupResponse> {
        let id = join.member_id.clone();
        if let Err(error_code) = self.check_member(&id, join.instance_id.as_deref()) {
            return Some(refused(&id, error_code));
        }
        let is_same = self.members.get(&id).is_some_and(|member| member.protocols == join.protocols);
        let is_leader = self.is_leader(&id);
        match self.state {
            // It lost the answer: the generation is the same.
            State::CompletingRebalance if is_same => Some(self.joined(&id, is_leader)),
            // A leader that joins wants to assign anew; from the others it is nothing new.
            State::Stable if is_same && !is_leader => Some(self.joined(&id, false)),
            State::Empty => Some(refused(&id, ErrorCode::UNKNOWN_MEMBER_ID)),
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => {
                self.update(&id, join);
                self.rebalance(tools);
                None
            }
        }
    }

    fn update(&mut self, id: &str, join: Join) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.protocols = join.protocols;
        member.rebalance_timeout = join.rebalance_timeout;
        member.session_timeout = join.session_timeout;
        member.joining = Some(join.waiter);
    }

    /// A static member comes back under a new id: it takes the place of the old one, which is fenced (KIP-345).
    fn replace_static(
        &mut self,
        join: Join,
        old: &ByteString,
        id: ByteString,
        tools: &mut Tools<'_>,
    ) -> Option<JoinGroupResponse> {
        let leader = self.leader.clone();
        let version = join.waiter.version;
        self.answer_join(old, refused(old, ErrorCode::FENCED_INSTANCE_ID), tools);
        let fenced = protocol::messages::SyncGroupResponse {
            error_code: ErrorCode::FENCED_INSTANCE_ID,
            ..Default::default()
        };
        self.answer_sync(old, fenced, tools);
        let mut member = self.members.remove(old)?;
        tools.timers.cancel(&Timer::Session(self.id.clone(), old.clone()));
        self.pending_sync.remove(old);
        member.id = id.clone();
        member.client_id = join.client_id.clone();
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), id.clone());
        }
        self.members.insert(id.clone(), member);
        if self.is_leader(old) {
            self.leader = Some(id.clone());
        }
        self.update(&id, join);
        self.touch(&id, tools);
        match self.state {
            State::Stable if self.select_protocol() == self.protocol_name => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.joining = None;
                }
                let skips = version >= FIRST_VERSION_WITH_SKIPPED_ASSIGNMENT;
                let is_leader = self.is_leader(&id);
                let mut response = self.joined(&id, skips && is_leader);
                response.skip_assignment = skips && is_leader;
                if !skips {
                    // An old leader must not assign again; by the old leader's name it does not know that it is meant.
                    response.leader = leader.unwrap_or_default();
                }
                Some(response)
            }
            State::PreparingRebalance => {
                self.complete_if_all_joined(tools);
                None
            }
            State::CompletingRebalance | State::Stable | State::Empty => {
                self.prepare(tools);
                None
            }
        }
    }
}

/// The answer to one who cannot join.
pub(super) fn refused(member_id: &str, error_code: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse { error_code, member_id: member_id.into(), protocol_name: None, ..Default::default() }
}

/// Makes an answer one that a version can carry.
pub(crate) fn fit(mut response: JoinGroupResponse, version: i16) -> JoinGroupResponse {
    if version < FIRST_VERSION_WITH_NULL_PROTOCOL {
        response.protocol_name.get_or_insert_default();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_one_of_version_4() {
        assert_eq!(guid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(guid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
