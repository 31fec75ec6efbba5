//! ApiVersions (key 18): what is served, in which versions (KIP-35, KIP-511).

use protocol::frame::{EncodedFrame, encode_response};
use protocol::messages::api_versions::ApiVersion;
use protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use protocol::{ApiKey, ErrorCode, Response};

use super::SERVED;
use crate::cluster::{Asked, Cluster};
use crate::fault::Site;

/// Answers with all there is.
///
/// From version 5 on, a client may say which cluster and broker it means; one that has come to the wrong place is told
/// to start again from its bootstrap servers.
pub(super) fn api_versions(
    cluster: &mut Cluster,
    asked: &Asked,
    request: ApiVersionsRequest,
) -> ApiVersionsResponse {
    if let Some(error_code) = cluster.verdict(asked, Site::Request) {
        return ApiVersionsResponse { error_code, ..Default::default() };
    }
    let is_here = request.cluster_id.is_none_or(|id| id == cluster.id)
        && (request.node_id == -1 || request.node_id == asked.broker.0);
    if !is_here {
        return ApiVersionsResponse { error_code: ErrorCode::REBOOTSTRAP_REQUIRED, ..Default::default() };
    }
    ApiVersionsResponse {
        api_keys: SERVED.iter().map(|(key, _)| entry(*key)).collect(),
        ..Default::default()
    }
}

/// The answer to a version that is not known: in version 0, with the one entry that helps.
pub(super) fn refusal(correlation_id: i32) -> Option<EncodedFrame> {
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: vec![entry(ApiKey::API_VERSIONS)],
        ..Default::default()
    };
    encode_response(0, correlation_id, &Response::ApiVersions(response)).ok()
}

fn entry(api_key: ApiKey) -> ApiVersion {
    let versions = super::served(api_key).unwrap_or(protocol::VersionRange::NONE);
    let (min_version, max_version) = (versions.lowest(), versions.highest());
    ApiVersion { api_key: api_key.0, min_version, max_version, ..Default::default() }
}
