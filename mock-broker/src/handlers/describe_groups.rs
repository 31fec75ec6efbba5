//! DescribeGroups (key 15): describe groups of the classic protocol.

use protocol::ErrorCode;
use protocol::messages::describe_groups::{DescribedGroup, DescribedGroupMember};
use protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse};
use protocol::names::GroupId;

use super::check_group;
use crate::cluster::groups::classic::Member;
use crate::cluster::groups::{CLIENT_HOST, State};
use crate::cluster::{Asked, Cluster};

/// From this version on a group that is not there is an error (KIP-1043); before, it is dead.
const FIRST_VERSION_WITH_NOT_FOUND: i16 = 6;
/// All operations on a group, as bits: without an authorizer everybody may do everything.
const GROUP_RIGHTS: i32 = 0b1101_0100_1000;

/// Describes each group: its state, and its members with their assignments.
pub(super) fn describe_groups(
    cluster: &Cluster,
    asked: &Asked,
    request: DescribeGroupsRequest,
) -> DescribeGroupsResponse {
    let with_rights = request.include_authorized_operations;
    let groups = request.groups.into_iter().map(|id| {
        let mut described = describe(cluster, asked, id);
        if with_rights && described.error_code == ErrorCode::NONE {
            described.authorized_operations = GROUP_RIGHTS;
        }
        described
    });
    DescribeGroupsResponse { groups: groups.collect(), ..Default::default() }
}

fn describe(cluster: &Cluster, asked: &Asked, group_id: GroupId) -> DescribedGroup {
    if let Err(error_code) = check_group(cluster, asked, &group_id) {
        return DescribedGroup { error_code, group_id, ..Default::default() };
    }
    let Some(group) = cluster.groups.get(&group_id).map(|group| &group.classic) else {
        let mut dead = DescribedGroup { group_state: "Dead".into(), ..Default::default() };
        if asked.version >= FIRST_VERSION_WITH_NOT_FOUND {
            dead.error_code = ErrorCode::GROUP_ID_NOT_FOUND;
            dead.error_message = Some(format!("Group {group_id} not found.").into());
        }
        return DescribedGroup { group_id, ..dead };
    };
    // Between two generations it is not told what members say.
    let protocol = group.protocol_name().filter(|_| group.state() == State::Stable);
    let member = |member: &Member| DescribedGroupMember {
        member_id: member.id.clone(),
        group_instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: CLIENT_HOST.into(),
        member_metadata: protocol.map(|name| member.metadata(Some(name))).unwrap_or_default(),
        member_assignment: member.assignment.clone(),
        ..Default::default()
    };
    DescribedGroup {
        group_state: group.state().to_string().into(),
        protocol_type: group.protocol_type().cloned().unwrap_or_default(),
        protocol_data: protocol.cloned().unwrap_or_default(),
        members: group.members().map(member).collect(),
        group_id,
        ..Default::default()
    }
}
