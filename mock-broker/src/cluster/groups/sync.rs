//! Getting one's assignment, and staying in the group.

use bytes::Bytes;
use protocol::ErrorCode;
use protocol::messages::{SyncGroupRequest, SyncGroupResponse};
use protocol::names::Timestamp;

use super::classic::{ClassicGroup, State, Waiter};
use super::{Groups, MAX_STATE_BYTES, Timer, Tools, owned_bytes};

/// From this version on a client names the protocol that it thinks was chosen (KIP-559).
const FIRST_VERSION_WITH_PROTOCOL: i16 = 5;

impl Groups {
    /// Gives a member its assignment, and takes all of them from the leader; `None` if the member has to wait for it.
    pub(crate) fn sync(
        &mut self,
        request: &SyncGroupRequest,
        waiter: Waiter,
        now: Timestamp,
    ) -> Option<SyncGroupResponse> {
        let names_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
        if waiter.version >= FIRST_VERSION_WITH_PROTOCOL && !names_protocol {
            return Some(refused(ErrorCode::INCONSISTENT_GROUP_PROTOCOL));
        }
        if request.group_id.is_empty() {
            return Some(refused(ErrorCode::INVALID_GROUP_ID));
        }
        let answer = self.with(&request.group_id, now, |group, tools| group.sync(request, waiter, tools));
        answer.unwrap_or_else(|| Some(refused(ErrorCode::UNKNOWN_MEMBER_ID)))
    }

    /// Hears that a member is there.
    pub(crate) fn heartbeat(
        &mut self,
        id: &str,
        member: &str,
        instance_id: Option<&str>,
        generation: i32,
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let heard = self.with(id, now, |group, tools| {
            group.check_member(member, instance_id)?;
            if generation != group.generation {
                return Err(ErrorCode::ILLEGAL_GENERATION);
            }
            group.touch(member, tools);
            match group.state {
                State::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
                State::PreparingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
                State::CompletingRebalance | State::Stable => Ok(()),
            }
        });
        heard.unwrap_or(Err(ErrorCode::UNKNOWN_MEMBER_ID))
    }
}

impl ClassicGroup {
    fn sync(
        &mut self,
        request: &SyncGroupRequest,
        waiter: Waiter,
        tools: &mut Tools<'_>,
    ) -> Option<SyncGroupResponse> {
        let member = &request.member_id;
        if let Err(error_code) = self.check_sync(request) {
            return Some(refused(error_code));
        }
        match self.state {
            State::Empty => Some(refused(ErrorCode::UNKNOWN_MEMBER_ID)),
            State::PreparingRebalance => Some(refused(ErrorCode::REBALANCE_IN_PROGRESS)),
            State::CompletingRebalance => {
                self.members.get_mut(member)?.syncing = Some(waiter);
                self.has_synced(member, tools);
                if self.is_leader(member) {
                    self.assign(request, tools);
                }
                None
            }
            State::Stable => {
                self.has_synced(member, tools);
                Some(SyncGroupResponse {
                    protocol_type: self.protocol_type.clone(),
                    protocol_name: self.protocol_name.clone(),
                    assignment: self.members.get(member)?.assignment.clone(),
                    ..Default::default()
                })
            }
        }
    }

    fn check_sync(&self, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
        self.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation_id != self.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        let is_other =
            |asked: &Option<_>, known: &Option<_>| asked.is_some() && known.is_some() && asked != known;
        if is_other(&request.protocol_type, &self.protocol_type)
            || is_other(&request.protocol_name, &self.protocol_name)
        {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        Ok(())
    }

    fn has_synced(&mut self, member: &str, tools: &mut Tools<'_>) {
        self.pending_sync.remove(member);
        if self.pending_sync.is_empty() {
            tools.timers.cancel(&Timer::Sync(self.id.clone()));
        }
    }

    /// Takes the leader's assignments: the group is stable.
    fn assign(&mut self, request: &SyncGroupRequest, tools: &mut Tools<'_>) {
        let assigned: usize = request.assignments.iter().map(|one| one.assignment.len()).sum();
        if assigned + self.bytes() > MAX_STATE_BYTES {
            // Kafka cannot write it to its log.
            self.hand_out(|_| None, ErrorCode::UNKNOWN_SERVER_ERROR, tools);
            return self.rebalance(tools);
        }
        let assignments = request.assignments.iter();
        let assignments: Vec<(_, Bytes)> =
            assignments.map(|one| (&one.member_id, owned_bytes(&one.assignment))).collect();
        // Of two for one member the last one holds.
        let find =
            |member: &str| assignments.iter().rfind(|(id, _)| ***id == *member).map(|(_, one)| one.clone());
        self.hand_out(find, ErrorCode::NONE, tools);
        self.enter(State::Stable, tools.now);
    }
}

fn refused(error_code: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse { error_code, ..Default::default() }
}
