//! LeaveGroup (key 13): leave a group of the classic protocol.

use protocol::messages::leave_group::MemberIdentity;
use protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};
use protocol::names::Timestamp;

use super::check_group;
use crate::cluster::{Asked, Cluster};

/// From this version on many leave at once (KIP-345).
const FIRST_BATCHED_VERSION: i16 = 3;

/// Lets members go.
pub(super) fn leave_group(
    cluster: &mut Cluster,
    asked: &Asked,
    request: LeaveGroupRequest,
    now: Timestamp,
) -> LeaveGroupResponse {
    let id = &request.group_id;
    let is_batched = asked.version >= FIRST_BATCHED_VERSION;
    let members = match is_batched {
        true => request.members,
        false => vec![MemberIdentity { member_id: request.member_id, ..Default::default() }],
    };
    let left = check_group(cluster, asked, id).and_then(|()| cluster.groups.leave(id, &members, now));
    match left {
        Err(error_code) => LeaveGroupResponse { error_code, ..Default::default() },
        Ok(members) if is_batched => LeaveGroupResponse { members, ..Default::default() },
        Ok(members) => {
            let error_code = members.first().map(|member| member.error_code).unwrap_or_default();
            LeaveGroupResponse { error_code, ..Default::default() }
        }
    }
}
