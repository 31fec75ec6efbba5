//! Heartbeat (key 12): stay in a group of the classic protocol.

use protocol::messages::{HeartbeatRequest, HeartbeatResponse};
use protocol::names::Timestamp;

use super::check_group;
use crate::cluster::{Asked, Cluster};

/// Keeps a member, and tells it whether it has to join again.
pub(super) fn heartbeat(
    cluster: &mut Cluster,
    asked: &Asked,
    request: &HeartbeatRequest,
    now: Timestamp,
) -> HeartbeatResponse {
    let (id, instance_id) = (&request.group_id, request.group_instance_id.as_deref());
    let heard = check_group(cluster, asked, id).and_then(|()| {
        cluster.groups.heartbeat(id, &request.member_id, instance_id, request.generation_id, now)
    });
    HeartbeatResponse { error_code: heard.err().unwrap_or_default(), ..Default::default() }
}
