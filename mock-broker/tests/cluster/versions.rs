//! ApiVersions, and requests that nobody serves.

use bytes::Bytes;
use milena_mock_broker::{CloseReason, ClusterConfig, Effect};
use protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use protocol::wire::Message;
use protocol::{ApiKey, DecodeErrorKind, ResponseHeader, VersionRange};

use crate::client::World;

/// What a Kafka 4.3.1 broker shows, of the APIs that are here.
const SHOWN: [(ApiKey, i16, i16); 28] = [
    (ApiKey::PRODUCE, 0, 13),
    (ApiKey::FETCH, 4, 18),
    (ApiKey::LIST_OFFSETS, 1, 11),
    (ApiKey::METADATA, 0, 13),
    (ApiKey::OFFSET_COMMIT, 2, 10),
    (ApiKey::OFFSET_FETCH, 1, 10),
    (ApiKey::FIND_COORDINATOR, 0, 6),
    (ApiKey::JOIN_GROUP, 0, 9),
    (ApiKey::HEARTBEAT, 0, 4),
    (ApiKey::LEAVE_GROUP, 0, 5),
    (ApiKey::SYNC_GROUP, 0, 5),
    (ApiKey::DESCRIBE_GROUPS, 0, 6),
    (ApiKey::LIST_GROUPS, 0, 5),
    (ApiKey::API_VERSIONS, 0, 4),
    (ApiKey::CREATE_TOPICS, 2, 7),
    (ApiKey::DELETE_TOPICS, 1, 6),
    (ApiKey::INIT_PRODUCER_ID, 0, 5),
    (ApiKey::OFFSET_FOR_LEADER_EPOCH, 2, 4),
    (ApiKey::ADD_PARTITIONS_TO_TXN, 0, 5),
    (ApiKey::ADD_OFFSETS_TO_TXN, 0, 4),
    (ApiKey::END_TXN, 0, 5),
    (ApiKey::WRITE_TXN_MARKERS, 1, 2),
    (ApiKey::TXN_OFFSET_COMMIT, 0, 5),
    (ApiKey::DELETE_GROUPS, 0, 2),
    (ApiKey::OFFSET_DELETE, 0, 0),
    (ApiKey::DESCRIBE_PRODUCERS, 0, 0),
    (ApiKey::DESCRIBE_TRANSACTIONS, 0, 0),
    (ApiKey::LIST_TRANSACTIONS, 0, 2),
];

#[test]
fn exactly_what_is_served_is_shown_in_every_version() {
    let mut world = World::new(ClusterConfig::new(1));
    let connection = world.connect(1);
    for version in 0..=4 {
        let response = world.ask(connection, version, &ApiVersionsRequest::default()).answer();
        let shown =
            response.api_keys.iter().map(|api| (ApiKey(api.api_key), api.min_version, api.max_version));
        assert!(shown.eq(SHOWN), "{:?}", response.api_keys);
    }
}

#[test]
fn api_versions_in_an_unknown_version_is_answered_in_version_0_with_its_own_range() {
    let mut world = World::new(ClusterConfig::new(1));
    let connection = world.connect(1);
    for version in [5_i16, 6, 99, i16::MAX, -1] {
        let mut frame = vec![0, 18];
        frame.extend_from_slice(&version.to_be_bytes());
        frame.extend_from_slice(&[0, 0, 0, 9, 0xff, 0xff]);
        let effects = world.frame(connection, Bytes::from(frame));
        let [Effect::Send { frame, .. }] = &effects[..] else { panic!("{effects:?}") };
        let frame = frame.clone().into_bytes().slice(4..);
        let (header, body) = ResponseHeader::read(ApiKey::API_VERSIONS, 0, &frame).unwrap();
        let response = ApiVersionsResponse::read(&body, 0).unwrap();
        assert_eq!((header.correlation_id, response.error_code.0), (9, 35));
        let [own] = &response.api_keys[..] else { panic!("{response:?}") };
        assert_eq!((own.api_key, own.min_version, own.max_version), (18, 0, 4));
    }
    // It still is a connection like any other.
    world.ask(connection, 4, &ApiVersionsRequest::default()).answer();
}

#[test]
fn every_other_unknown_key_or_version_closes_that_connection_and_no_other() {
    let mut world = World::new(ClusterConfig::new(1));
    let good = world.connect(1);
    let mut refused: Vec<(i16, i16)> =
        vec![(4, 0), (32_000, 1), (-1, 0), (22, 6), (0, 2), (1, 3), (3, 14), (19, 1)];
    for (api_key, lowest, highest) in SHOWN {
        if api_key != ApiKey::API_VERSIONS {
            refused.extend([(api_key.0, highest + 1), (api_key.0, lowest - 1), (api_key.0, i16::MIN)]);
        }
    }
    // Of Produce, versions 0 to 2 are shown for old clients' sake only.
    refused.push((0, 2));
    for (api_key, version) in refused {
        if api_key == 0 && version == 13 {
            continue;
        }
        let bad = world.connect(1);
        let mut frame = api_key.to_be_bytes().to_vec();
        frame.extend_from_slice(&version.to_be_bytes());
        frame.extend_from_slice(&[0, 0, 0, 9, 0, 1, b'x', 0]);
        let effects = world.frame(bad, Bytes::from(frame));
        let [Effect::Close { connection, reason: CloseReason::BadRequest { api, error } }] = &effects[..]
        else {
            panic!("{api_key} {version}: {effects:?}")
        };
        assert_eq!((*connection, *api), (bad, Some((ApiKey(api_key), version))));
        assert!(matches!(
            error.kind(),
            DecodeErrorKind::UnknownApiKey(_) | DecodeErrorKind::UnsupportedVersion { .. }
        ));
    }
    world.ask(good, 4, &ApiVersionsRequest::default()).answer();
}

#[test]
fn a_request_that_cannot_be_read_closes_the_connection() {
    let mut world = World::new(ClusterConfig::new(1));
    for frame in [
        &b""[..],
        b"\0",
        b"\0\x12\0\x03",
        b"\0\x03\0\x0c\0\0\0\x01\xff\xff\0\xff",
        b"\0\0\0\x09\0\0\0\x01\xff\xff",
    ] {
        let connection = world.connect(1);
        let effects = world.frame(connection, Bytes::from_static(frame));
        assert!(matches!(effects[..], [Effect::Close { .. }]), "{frame:?}: {effects:?}");
    }
}

#[test]
fn bytes_behind_a_request_are_overlooked() {
    let mut world = World::new(ClusterConfig::new(1));
    let connection = world.connect(1);
    // As librdkafka 2.16 asks for all topics.
    let frame = b"\0\x03\0\x0d\0\0\0\x02\0\x07rdkafka\0\0\0\0\0\x01\0\0";
    let effects = world.frame(connection, Bytes::from_static(frame));
    assert!(matches!(effects[..], [Effect::Send { .. }]), "{effects:?}");
}

#[test]
fn versions_shown_are_versions_that_can_be_read() {
    for (api_key, lowest, highest) in SHOWN {
        let readable = api_key.versions().unwrap();
        let shown = VersionRange::new(lowest.max(readable.lowest()), highest);
        assert_eq!(shown.intersection(readable), shown, "{api_key}");
    }
}
