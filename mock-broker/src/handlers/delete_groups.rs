//! DeleteGroups (key 42): delete empty groups with their offsets (KIP-229).

use std::collections::BTreeSet;

use protocol::messages::delete_groups::DeletableGroupResult;
use protocol::messages::{DeleteGroupsRequest, DeleteGroupsResponse};

use super::check_group;
use crate::cluster::{Asked, Cluster};

/// Deletes each group that has no members.
pub(super) fn delete_groups(
    cluster: &mut Cluster,
    asked: &Asked,
    request: DeleteGroupsRequest,
) -> DeleteGroupsResponse {
    let mut seen = BTreeSet::new();
    let mut results = Vec::new();
    for group_id in request.groups_names {
        if !seen.insert(group_id.clone()) {
            continue;
        }
        let deleted = check_group(cluster, asked, &group_id).and_then(|()| cluster.groups.delete(&group_id));
        let error_code = deleted.err().unwrap_or_default();
        results.push(DeletableGroupResult { group_id, error_code, ..Default::default() });
    }
    DeleteGroupsResponse { results, ..Default::default() }
}
