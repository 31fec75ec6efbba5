//! Leaving a group.

use protocol::ErrorCode;
use protocol::messages::leave_group::{MemberIdentity, MemberResponse};
use protocol::names::Timestamp;

use super::classic::{ClassicGroup, State};
use super::{Groups, Tools};

impl Groups {
    /// Lets members go, each by its own id or, as an operator does, by its instance id alone (KIP-345).
    pub(crate) fn leave(
        &mut self,
        id: &str,
        members: &[MemberIdentity],
        now: Timestamp,
    ) -> Result<Vec<MemberResponse>, ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let left = self.with(id, now, |group, tools| group.leave(members, tools));
        let unknown = |member| response(member, Err(ErrorCode::UNKNOWN_MEMBER_ID));
        Ok(left.unwrap_or_else(|| members.iter().map(unknown).collect()))
    }
}

impl ClassicGroup {
    fn leave(&mut self, members: &[MemberIdentity], tools: &mut Tools<'_>) -> Vec<MemberResponse> {
        let mut responses = Vec::with_capacity(members.len());
        for member in members {
            responses.push(response(member, self.leave_one(member, tools)));
        }
        if responses.iter().any(|response| response.error_code == ErrorCode::NONE)
            && self.state != State::Empty
        {
            self.rebalance(tools);
        }
        responses
    }

    fn leave_one(&mut self, member: &MemberIdentity, tools: &mut Tools<'_>) -> Result<(), ErrorCode> {
        let instance_id = member.group_instance_id.as_deref();
        let id = if member.member_id.is_empty() {
            let known = instance_id.and_then(|instance_id| self.static_members.get(instance_id));
            known.cloned().ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?
        } else if self.pending.contains(&member.member_id) {
            self.remove(&member.member_id, tools);
            return Ok(());
        } else {
            self.check_member(&member.member_id, instance_id)?;
            member.member_id.clone()
        };
        self.remove_and_answer(&id, tools);
        Ok(())
    }
}

fn response(member: &MemberIdentity, left: Result<(), ErrorCode>) -> MemberResponse {
    MemberResponse {
        member_id: member.member_id.clone(),
        group_instance_id: member.group_instance_id.clone(),
        error_code: left.err().unwrap_or_default(),
        ..Default::default()
    }
}
