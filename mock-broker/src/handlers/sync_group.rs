//! SyncGroup (key 14): the leader of a classic group hands out the assignments, each member gets its own.

use protocol::messages::{SyncGroupRequest, SyncGroupResponse};
use protocol::names::Timestamp;

use super::{Answer, check_group};
use crate::cluster::groups::classic::Waiter;
use crate::cluster::{Asked, Cluster};

/// Answers when the leader has assigned.
pub(super) fn sync_group(
    cluster: &mut Cluster,
    asked: &Asked,
    request: &SyncGroupRequest,
    now: Timestamp,
) -> Answer {
    let waiter = Waiter { connection: asked.connection, version: asked.version };
    let answer = match check_group(cluster, asked, &request.group_id) {
        Ok(()) => cluster.groups.sync(request, waiter, now),
        Err(error_code) => Some(SyncGroupResponse { error_code, ..Default::default() }),
    };
    answer.map_or(Answer::WHEN_DECIDED, Answer::from)
}
