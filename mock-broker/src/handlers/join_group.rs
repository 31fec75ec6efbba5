//! JoinGroup (key 11): join a group of the classic protocol, and wait until all have.

use protocol::ErrorCode;
use protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use protocol::names::Timestamp;

use super::{Answer, check_group};
use crate::cluster::groups::classic::Waiter;
use crate::cluster::groups::{Join, fit};
use crate::cluster::{Asked, Cluster};

/// Answers when the group is complete; at once if something is wrong, or nothing changes.
pub(super) fn join_group(
    cluster: &mut Cluster,
    asked: &Asked,
    request: &JoinGroupRequest,
    now: Timestamp,
) -> Answer {
    let id = &request.group_id;
    let answer = match check_group(cluster, asked, id) {
        Ok(()) => {
            let waiter = Waiter { connection: asked.connection, version: asked.version };
            let join = Join::new(request, asked.client_id.as_deref(), waiter);
            cluster.groups.join(id, join, request.session_timeout_ms, now)
        }
        Err(error_code) => Some(refused(error_code)),
    };
    answer.map_or(Answer::WHEN_DECIDED, |response| fit(response, asked.version).into())
}

fn refused(error_code: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse { error_code, protocol_name: None, ..Default::default() }
}
