//! ListGroups (key 16): the groups that a broker coordinates.

use protocol::messages::list_groups::ListedGroup;
use protocol::messages::{ListGroupsRequest, ListGroupsResponse};

use crate::cluster::{Asked, Cluster};
use crate::fault::Site;

/// Lists the groups of this broker that are in one of the states (KIP-518) and of one of the types (KIP-848), whatever
/// their case; without such a wish, all.
pub(super) fn list_groups(
    cluster: &Cluster,
    asked: &Asked,
    request: &ListGroupsRequest,
) -> ListGroupsResponse {
    if let Some(error_code) = cluster.verdict(asked, Site::REQUEST) {
        return ListGroupsResponse { error_code, ..Default::default() };
    }
    let is_wanted = |filter: &[protocol::ByteString], value: &str| {
        filter.is_empty() || filter.iter().any(|wanted| wanted.trim().eq_ignore_ascii_case(value))
    };
    let own = cluster.groups.iter().filter(|(id, _)| cluster.coordinator_of(id) == Some(asked.broker));
    let groups = own.map(|(id, group)| ListedGroup {
        group_id: id.clone(),
        protocol_type: group.classic.protocol_type().cloned().unwrap_or_default(),
        group_state: group.classic.state().to_string().into(),
        group_type: CLASSIC.into(),
        ..Default::default()
    });
    let groups = groups.filter(|group| {
        is_wanted(&request.states_filter, &group.group_state)
            && is_wanted(&request.types_filter, &group.group_type)
    });
    ListGroupsResponse { groups: groups.collect(), ..Default::default() }
}

/// The type of a group whose members assign.
const CLASSIC: &str = "classic";
