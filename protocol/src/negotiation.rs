//! Which version to speak with a broker: it is asked once, on each connection (KIP-35).
//!
//! ```text
//! client  ApiVersions, in the version of its choice ──▶ broker
//!         ◀── its versions of every API                          it knew the version of the question
//!         ◀── UNSUPPORTED_VERSION, in version 0, and its         it did not (KIP-511): ask again in one that
//!             versions of ApiVersions (none before Kafka 2.4)    it has, version 0 at the latest
//! ```
//!
//! ```
//! use milena_protocol::messages::ApiVersionsResponse;
//! use milena_protocol::messages::api_versions::ApiVersion;
//! use milena_protocol::negotiation::ApiVersionsAnswer;
//! use milena_protocol::{ApiKey, Message};
//!
//! let produce = ApiVersion { api_key: 0, min_version: 0, max_version: 11, ..Default::default() };
//! let body = ApiVersionsResponse { api_keys: vec![produce], ..Default::default() }.to_bytes(3)?;
//!
//! let ApiVersionsAnswer::Offered(versions) = ApiVersionsAnswer::read(&body, 3)? else { panic!("refused") };
//! assert_eq!(versions.agree(ApiKey::PRODUCE), Some(11));
//! assert_eq!(versions.agree(ApiKey::FETCH), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::api::ApiKey;
use crate::error::DecodeError;
use crate::error_code::ErrorCode;
use crate::messages::ApiVersionsResponse;
use crate::version::VersionRange;
use crate::wire::Message;

/// What one broker offers: of every API its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerVersions {
    ranges: BTreeMap<ApiKey, VersionRange>,
}

impl BrokerVersions {
    /// The table that an answer gives; of an API that it names twice, the first range.
    #[must_use]
    pub fn of(response: &ApiVersionsResponse) -> Self {
        let mut ranges = BTreeMap::new();
        for api in &response.api_keys {
            let range = VersionRange::new(api.min_version, api.max_version);
            ranges.entry(ApiKey(api.api_key)).or_insert(range);
        }
        Self { ranges }
    }

    /// The broker's versions of an API, also of one that we do not know; [`VersionRange::NONE`] if it has none.
    #[must_use]
    pub fn offered(&self, api_key: ApiKey) -> VersionRange {
        self.ranges.get(&api_key).copied().unwrap_or(VersionRange::NONE)
    }

    /// The version to speak: the highest that the broker and this crate both have.
    #[must_use]
    pub fn agree(&self, api_key: ApiKey) -> Option<i16> {
        api_key.versions()?.agree(self.offered(api_key))
    }

    /// All of it, by ascending key.
    pub fn iter(&self) -> impl Iterator<Item = (ApiKey, VersionRange)> {
        self.ranges.iter().map(|(key, range)| (*key, *range))
    }
}

/// What comes of asking for versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiVersionsAnswer {
    /// The broker told them.
    Offered(BrokerVersions),
    /// It does not know the version of the question: it is to be asked in this one, which is always lower, so that
    /// the asking ends.
    AskAgain(i16),
    /// It does not tell them, and asking differently will not help.
    Refused(ErrorCode),
}

impl ApiVersionsAnswer {
    /// The version to ask in first: the one that tells who is asking (KIP-511), and that most brokers know.
    pub const FIRST_VERSION: i16 = 3;

    /// Reads the body of the answer to an ApiVersions request that was sent in version `asked`.
    ///
    /// A refusal is in version 0 whatever was asked: see [`answered_version`].
    ///
    /// # Errors
    /// As [`Message::read`].
    pub fn read(body: &Bytes, asked: i16) -> Result<Self, DecodeError> {
        let response = ApiVersionsResponse::read(body, answered_version(ApiKey::API_VERSIONS, asked, body))?;
        let versions = BrokerVersions::of(&response);
        Ok(match response.error_code {
            ErrorCode::NONE => Self::Offered(versions),
            ErrorCode::UNSUPPORTED_VERSION if asked > 0 => {
                let lower = VersionRange::new(0, asked - 1);
                Self::AskAgain(lower.agree(versions.offered(ApiKey::API_VERSIONS)).unwrap_or(0))
            }
            code => Self::Refused(code),
        })
    }
}

/// The version that a response's body is in: `asked`, the version of the request, but for a broker that does not know
/// that version of ApiVersions. It answers in version 0 (KIP-511), and the error code tells, the first field in every
/// version.
///
/// ```
/// use milena_protocol::messages::ApiVersionsResponse;
/// use milena_protocol::negotiation::answered_version;
/// use milena_protocol::{ApiKey, ErrorCode, Message, Response};
///
/// let refusal = ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, ..Default::default() };
/// let body = refusal.to_bytes(0)?;
/// let version = answered_version(ApiKey::API_VERSIONS, 4, &body);
/// assert_eq!(version, 0);
/// assert_eq!(Response::decode(ApiKey::API_VERSIONS, version, &body)?, refusal.into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn answered_version(api_key: ApiKey, asked: i16, body: &[u8]) -> i16 {
    let is_refusal = body.starts_with(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes());
    if api_key == ApiKey::API_VERSIONS && is_refusal { 0 } else { asked }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::api_versions::ApiVersion;

    fn answer(error_code: ErrorCode, apis: &[(ApiKey, i16, i16)], version: i16) -> Bytes {
        let api = |&(key, min_version, max_version): &(ApiKey, i16, i16)| ApiVersion {
            api_key: key.0,
            min_version,
            max_version,
            ..Default::default()
        };
        let api_keys = apis.iter().map(api).collect();
        ApiVersionsResponse { error_code, api_keys, ..Default::default() }.to_bytes(version).unwrap()
    }

    #[test]
    fn the_highest_version_of_both_sides_is_spoken() {
        let highest = ApiKey::METADATA.versions().unwrap().highest();
        let apis = [
            (ApiKey::PRODUCE, 0, 9),
            (ApiKey::METADATA, 0, 99),
            (ApiKey::FETCH, 0, 1),
            (ApiKey(32_000), 2, 5),
            (ApiKey::PRODUCE, 0, 1),
        ];
        for version in ApiKey::API_VERSIONS.versions().unwrap().iter() {
            let body = answer(ErrorCode::NONE, &apis, version);
            let ApiVersionsAnswer::Offered(versions) = ApiVersionsAnswer::read(&body, version).unwrap()
            else {
                panic!("version {version}");
            };
            assert_eq!(versions.agree(ApiKey::PRODUCE), Some(9));
            assert_eq!(versions.agree(ApiKey::METADATA), Some(highest));
            assert_eq!(versions.agree(ApiKey::FETCH), None, "nothing in common");
            assert_eq!(versions.agree(ApiKey::HEARTBEAT), None, "not offered");
            assert_eq!(versions.agree(ApiKey(32_000)), None, "not ours");
            assert_eq!(versions.offered(ApiKey(32_000)), VersionRange::new(2, 5));
            assert_eq!(versions.iter().count(), 4);
        }
    }

    #[test]
    fn a_broker_that_does_not_know_the_question_is_asked_again_in_a_version_that_it_has() {
        type Offer = (ApiKey, i16, i16);
        let unsupported = ErrorCode::UNSUPPORTED_VERSION;
        let cases: [(&[Offer], i16, ApiVersionsAnswer); 5] = [
            (&[(ApiKey::API_VERSIONS, 0, 2)], 3, ApiVersionsAnswer::AskAgain(2)),
            (&[(ApiKey::API_VERSIONS, 0, 3)], 5, ApiVersionsAnswer::AskAgain(3)),
            // Before Kafka 2.4 a broker did not say.
            (&[], 3, ApiVersionsAnswer::AskAgain(0)),
            // One that contradicts itself is not asked the same again.
            (&[(ApiKey::API_VERSIONS, 3, 9)], 3, ApiVersionsAnswer::AskAgain(0)),
            (&[], 0, ApiVersionsAnswer::Refused(unsupported)),
        ];
        for (apis, asked, expected) in cases {
            assert_eq!(ApiVersionsAnswer::read(&answer(unsupported, apis, 0), asked).unwrap(), expected);
        }
    }

    #[test]
    fn only_a_refusal_to_tell_versions_is_in_another_version_than_the_question() {
        let refusal = answer(ErrorCode::UNSUPPORTED_VERSION, &[], 0);
        let answered = answer(ErrorCode::NONE, &[], 3);
        assert_eq!(answered_version(ApiKey::API_VERSIONS, 3, &refusal), 0);
        assert_eq!(answered_version(ApiKey::API_VERSIONS, 3, &answered), 3);
        assert_eq!(answered_version(ApiKey::FIND_COORDINATOR, 3, &refusal), 3);
        assert_eq!(answered_version(ApiKey::API_VERSIONS, 3, &[]), 3);
    }

    #[test]
    fn other_errors_are_handed_on() {
        let body = answer(ErrorCode::CLUSTER_AUTHORIZATION_FAILED, &[], 3);
        let refused = ApiVersionsAnswer::Refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
        assert_eq!(ApiVersionsAnswer::read(&body, 3).unwrap(), refused);
        assert!(ApiVersionsAnswer::read(&body.slice(..3), 3).is_err());
    }
}
