//! FindCoordinator (key 10): which broker looks after a group or a transactional id.

use protocol::messages::find_coordinator::Coordinator;
use protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use protocol::names::BrokerId;
use protocol::{ByteString, ErrorCode};

use crate::cluster::{Asked, Cluster};
use crate::fault::Site;

/// The first version that asks for many at once (KIP-699).
const FIRST_BATCHED_VERSION: i16 = 4;

/// Names a broker for every key.
pub(super) fn find_coordinator(
    cluster: &mut Cluster,
    asked: &Asked,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    let find = |key| coordinator(cluster, asked, key, request.key_type);
    if asked.version >= FIRST_BATCHED_VERSION {
        let coordinators = request.coordinator_keys.into_iter().map(find).collect();
        return FindCoordinatorResponse { coordinators, ..Default::default() };
    }
    let found = find(request.key);
    FindCoordinatorResponse {
        error_code: found.error_code,
        error_message: found.error_message,
        node_id: found.node_id,
        host: found.host,
        port: found.port,
        ..Default::default()
    }
}

/// Groups, transactions, and (KIP-932) shares.
const KEY_TYPES: std::ops::RangeInclusive<i8> = 0..=2;

fn coordinator(cluster: &Cluster, asked: &Asked, key: ByteString, key_type: i8) -> Coordinator {
    let failed = |key, error_code| Coordinator {
        key,
        node_id: BrokerId::NONE,
        port: -1,
        error_code,
        error_message: error_code.sentence().map(ByteString::from),
        ..Default::default()
    };
    if let Some(error_code) = cluster.verdict(asked, site(&key, key_type)) {
        return failed(key, error_code);
    }
    if !KEY_TYPES.contains(&key_type) {
        return failed(key, ErrorCode::INVALID_REQUEST);
    }
    let found = cluster.coordinator_of(&key).and_then(|id| Some((id, cluster.brokers.get(&id)?)));
    let Some((id, broker)) = found else {
        return failed(key, ErrorCode::COORDINATOR_NOT_AVAILABLE);
    };
    let endpoint = &broker.endpoint;
    let (host, port) = (endpoint.host.clone(), endpoint.port.into());
    Coordinator { key, node_id: id, host, port, ..Default::default() }
}

/// What fault rules can name.
pub(super) fn site(key: &str, key_type: i8) -> Site<'_> {
    match key_type {
        0 => Site::group(key),
        1 => Site::transactional_id(key),
        _ => Site::REQUEST,
    }
}
