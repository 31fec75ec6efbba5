//! ApiVersions (key 18): what is served, in which versions (KIP-35, KIP-511).

use protocol::frame::{EncodedFrame, encode_response};
use protocol::messages::api_versions::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use protocol::{ApiKey, ErrorCode, Response, VersionRange};

use super::SERVED;
use crate::cluster::{Asked, Cluster};
use crate::fault::Site;

/// Answers with all there is.
pub(super) fn api_versions(
    cluster: &mut Cluster,
    asked: &Asked,
    _request: ApiVersionsRequest,
) -> ApiVersionsResponse {
    if let Some(error_code) = cluster.verdict(asked, Site::REQUEST) {
        return ApiVersionsResponse { error_code, ..Default::default() };
    }
    let served = |api_key| cluster.served(api_key, asked.broker, asked.arrived);
    ApiVersionsResponse {
        api_keys: SERVED.iter().filter_map(|(key, _)| Some(entry(*key, served(*key)?))).collect(),
        supported_features: vec![supported(asked.version)],
        finalized_features_epoch: FINALIZED_AT,
        finalized_features: vec![FinalizedFeatureKey {
            name: TRANSACTION_VERSION.into(),
            min_version_level: NEWEST_TRANSACTIONS,
            max_version_level: NEWEST_TRANSACTIONS,
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// The feature by which clients know that every transaction ends with a new epoch (KIP-890).
const TRANSACTION_VERSION: &str = "transaction.version";
const NEWEST_TRANSACTIONS: i16 = 2;
/// How often features have changed; some number, for without one clients believe that nothing is known of them.
const FINALIZED_AT: i64 = 1;
/// From this version on clients understand that a feature can be switched off.
const FIRST_VERSION_WITH_LEVEL_0: i16 = 4;

fn supported(version: i16) -> SupportedFeatureKey {
    SupportedFeatureKey {
        name: TRANSACTION_VERSION.into(),
        min_version: i16::from(version < FIRST_VERSION_WITH_LEVEL_0),
        max_version: NEWEST_TRANSACTIONS,
        ..Default::default()
    }
}

/// The answer to a version that is not known: in version 0, with the one entry that helps.
pub(super) fn refusal(
    correlation_id: i32,
    served: impl Fn(ApiKey) -> Option<VersionRange>,
) -> Option<EncodedFrame> {
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: vec![entry(ApiKey::API_VERSIONS, served(ApiKey::API_VERSIONS)?)],
        ..Default::default()
    };
    encode_response(0, correlation_id, &Response::ApiVersions(response)).ok()
}

fn entry(api_key: ApiKey, versions: VersionRange) -> ApiVersion {
    let (lowest, max_version) = (versions.lowest(), versions.highest());
    let min_version = if api_key == ApiKey::PRODUCE { SHOWN_FROM } else { lowest };
    ApiVersion { api_key: api_key.0, min_version, max_version, ..Default::default() }
}

/// Where Produce is said to begin: versions 0 to 2 are gone, but old librdkafka cannot do without seeing them.
const SHOWN_FROM: i16 = 0;
