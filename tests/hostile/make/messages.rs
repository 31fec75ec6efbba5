//! Requests and responses that mean harm.

use protocol::{
    ApiKey, Message, ResponseHeader,
    frame::{encode_request, encode_response},
    messages::{
        FetchResponse, MetadataRequest, MetadataResponse, ProduceRequest,
        fetch::{FetchableTopicResponse, PartitionData},
        metadata::MetadataRequestTopic,
        produce::{PartitionProduceData, TopicProduceData},
    },
    records::{BatchBuilder, BatchOptions},
    wire::{Output, Records},
};

use super::Case;

/// Counts and lengths in the compact form, where 0 is null and `n + 1` is `n`.
const NULL: u8 = 0;
const NONE: u8 = 1;
/// 2^32-1, as a varint.
const U32_MAX: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 0x0f];
const I32_MAX: [u8; 4] = [0x7f, 0xff, 0xff, 0xff];
const MINUS_1: [u8; 4] = [0xff; 4];
const MINUS_2: [u8; 4] = [0xff, 0xff, 0xff, 0xfe];
const NO_TAGS: u8 = 0;

pub(super) fn all() -> Vec<Case> {
    let mut cases = requests();
    cases.extend(responses());
    cases.extend(frames());
    cases.extend(data());
    cases
}

fn case(
    file: &'static str,
    decode_as: &'static str,
    expect: &'static str,
    what: &'static str,
    bytes: Vec<u8>,
) -> Case {
    Case { file, decode_as, expect, max_alloc_mib: 1, what, bytes }
}

#[rustfmt::skip] // One case, one line.
fn requests() -> Vec<Case> {
    let metadata = |version: i16, body: &[u8]| request(ApiKey::METADATA, version, body);
    // What comes after the topics in version 12: auto-creation, authorized operations.
    let after = [0, 0];
    let m12 = |topics: &[u8], tags: &[u8]| metadata(12, &[topics, &after, tags].concat());
    let join = |body: &[u8]| request(ApiKey(11), 0, body);
    let fetch = |body: &[u8]| request(ApiKey::FETCH, 12, body);
    vec![
        case("rq_good_metadata.bin", "metadata_request v12", "ok", "valid: one topic", valid_metadata()),
        case("rq_good_produce.bin", "produce_request v9", "ok", "valid: one batch", produce(9, &good_batch())),
        case("rq_null_topics.bin", "metadata_request v12", "ok", "valid: null for all topics", m12(&[NULL], &[NO_TAGS])),
        case("rq_trailing.bin", "metadata_request v12", "error", "1 byte after the message", m12(&[NULL], &[NO_TAGS, 0])),
        case("rq_no_tags.bin", "metadata_request v12", "error", "the count of tagged fields is missing", m12(&[NULL], &[])),
        case("rq_topics_u32max.bin", "metadata_request v12", "error", "2^32-2 topics", metadata(12, &U32_MAX)),
        case("rq_topics_varint_6.bin", "metadata_request v12", "error", "a topic count of 6 bytes", metadata(12, &[0x80, 0x80, 0x80, 0x80, 0x80, 1])),
        case("rq_topics_varint_33_bits.bin", "metadata_request v12", "error", "a topic count of 33 bits", metadata(12, &[0xff, 0xff, 0xff, 0xff, 0x1f])),
        case("rq_topics_varint_long_0.bin", "metadata_request v12", "any", "a null of 3 bytes where 1 is enough", m12(&[0x80, 0x80, 0], &[NO_TAGS])),
        case("rq_topics_v1_minus_2.bin", "metadata_request v1", "error", "-2 topics", metadata(1, &MINUS_2)),
        case("rq_topics_v0_null.bin", "metadata_request v0", "error", "null topics, which version 0 has not", metadata(0, &MINUS_1)),
        case("rq_name_null_v9.bin", "metadata_request v9", "error", "a null topic name, which version 9 has not", metadata(9, &[2, NULL, NO_TAGS, 0, 0, 0, NO_TAGS])),
        case("rq_name_past.bin", "metadata_request v9", "error", "a name that reaches past the frame", metadata(9, &[2, 100, b'a', NO_TAGS])),
        case("rq_name_40k.bin", "metadata_request v9", "error", "a name of 40,000 bytes, beyond what a string may have", metadata(9, &long_name(40_000))),
        case("rq_name_v1_minus_2.bin", "metadata_request v1", "error", "a name of -2 bytes", metadata(1, &[0, 0, 0, 1, 0xff, 0xfe])),
        case("rq_name_surrogate.bin", "metadata_request v9", "error", "a name with half a surrogate pair in it", metadata(9, &[2, 4, 0xed, 0xa0, 0x80, NO_TAGS, 0, 0, 0, NO_TAGS])),
        case("rq_name_overlong.bin", "metadata_request v9", "error", "a name with an overlong NUL in it", metadata(9, &[2, 3, 0xc0, 0x80, NO_TAGS, 0, 0, 0, NO_TAGS])),
        case("rq_bool_2.bin", "metadata_request v12", "any", "a bool of 2", metadata(12, &[NULL, 2, 0, NO_TAGS])),
        case("rq_tags_2g.bin", "metadata_request v12", "error", "2^32-1 tagged fields", m12(&[NULL], &U32_MAX)),
        case("rq_tags_more.bin", "metadata_request v12", "error", "2 tagged fields, 1 present", m12(&[NULL], &[2, 5, 1, 9])),
        case("rq_tags_descend.bin", "metadata_request v12", "any", "tags 6 and 5, which must ascend", m12(&[NULL], &[2, 6, 0, 5, 0])),
        case("rq_tags_same.bin", "metadata_request v12", "any", "tag 5 twice", m12(&[NULL], &[2, 5, 0, 5, 0])),
        case("rq_tag_size_u32max.bin", "metadata_request v12", "error", "a tagged field of 2^32-1 bytes", m12(&[NULL], &[&[1, 5][..], &U32_MAX].concat())),
        case("rq_tag_number_u32max.bin", "metadata_request v12", "ok", "valid: tag 2^32-1, empty", m12(&[NULL], &[&[1][..], &U32_MAX, &[0]].concat())),
        case("rq_tag_number_varint.bin", "metadata_request v12", "error", "a tag of 6 bytes", m12(&[NULL], &[1, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0])),
        case("rq_tags_30k.bin", "metadata_request v12", "ok", "30,000 unknown tags without content", m12(&[NULL], &many_tags(30_000))).at_most(4),
        case("rq_topics_50k.bin", "metadata_request v9", "ok", "50,000 topics with empty names", metadata(9, &[&compact(50_001)[..], &[NONE, NO_TAGS].repeat(50_000), &[0, 0, 0, NO_TAGS]].concat())).at_most(6),
        case("rq_topics_50k_lie.bin", "metadata_request v9", "error", "50,000 topics claimed, zeros instead", metadata(9, &[&compact(50_001)[..], &[0; 100_000]].concat())).at_most(6),
        case("rq_topics_each_tagged.bin", "metadata_request v9", "ok", "20,000 topics with an unknown tag each", metadata(9, &[&compact(20_001)[..], &[NONE, 1, 9, 0].repeat(20_000), &[0, 0, 0, NO_TAGS]].concat())).at_most(6),
        case("rq_join_metadata_2g.bin", "join_group_request v0", "error", "protocol metadata of 2^31-1 bytes", join(&[&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0][..], &I32_MAX].concat())),
        case("rq_join_metadata_minus_2.bin", "join_group_request v0", "error", "protocol metadata of -2 bytes", join(&[&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0][..], &MINUS_2].concat())),
        case("rq_fetch_cluster_id_size.bin", "fetch_request v12", "error", "the known tag 0 says 3 bytes and uses 1", fetch(&fetch_body(&[1, 0, 3, NONE, 0, 0]))),
        case("rq_fetch_cluster_id_past.bin", "fetch_request v12", "error", "the known tag 0 holds a string that reaches past it", fetch(&fetch_body(&[2, 0, 1, 9, 5, 0]))),
        case("rq_fetch_replicas_nested.bin", "fetch_request v12", "error", "topics and partitions claim the same bytes", fetch(&nested_claims())).at_most(6),
        case("rq_unknown_key.bin", "request_frame v0", "error", "api key 32000", frame(&[0x7d, 0, 0, 0, 0, 0, 0, 7, 0xff, 0xff])),
        case("rq_key_minus_1.bin", "request_frame v0", "error", "api key -1", frame(&[0xff, 0xff, 0, 0, 0, 0, 0, 7, 0xff, 0xff])),
        case("rq_version_minus_1.bin", "metadata_request v12", "error", "version -1", request(ApiKey::METADATA, -1, &[0; 8])),
        case("rq_client_id_minus_2.bin", "metadata_request v12", "error", "a client id of -2 bytes", frame(&[0, 3, 0, 12, 0, 0, 0, 7, 0xff, 0xfe, 0])),
        case("rq_client_id_past.bin", "metadata_request v12", "error", "a client id that reaches past the frame", frame(&[0, 3, 0, 12, 0, 0, 0, 7, 0x7f, 0xff, b'c'])),
        case("rq_client_id_utf8.bin", "metadata_request v12", "error", "a client id that is not UTF-8", frame(&[0, 3, 0, 12, 0, 0, 0, 7, 0, 1, 0xff, NO_TAGS, NULL, 0, 0, NO_TAGS])),
        case("rq_header_tags_u32max.bin", "metadata_request v12", "error", "2^32-1 tagged fields in the header", frame(&[&[0, 3, 0, 12, 0, 0, 0, 7, 0xff, 0xff][..], &U32_MAX].concat())),
        case("rq_produce_crc.bin", "produce_request v9", "error", "a batch whose checksum is wrong", produce(9, &flipped(good_batch(), 20))),
        case("rq_produce_cut.bin", "produce_request v9", "error", "a batch that ends 1 byte early", produce(9, &good_batch()[..70])),
        case("rq_produce_null_topics.bin", "produce_request v9", "error", "null for the topics", request(ApiKey::PRODUCE, 9, &[NULL, 0xff, 0xff, 0, 0, 0, 0, NULL, NO_TAGS])),
        case("rq_produce_topics_lie.bin", "produce_request v13", "error", "100,000 topics claimed in as many bytes", request(ApiKey::PRODUCE, 13, &[&[NULL, 0xff, 0xff, 0, 0, 0, 0][..], &compact(100_001), &[0; 100_000]].concat())).at_most(6),
    ]
}

#[rustfmt::skip] // One case, one line.
fn responses() -> Vec<Case> {
    let metadata = |body: &[u8]| response(ApiKey::METADATA, 12, body);
    // Throttle time, then one broker: id, host, port, rack.
    let brokers = |count: &[u8], rest: &[u8]| metadata(&[&[0; 4][..], count, rest].concat());
    let versions = |body: &[u8]| response(ApiKey::API_VERSIONS, 3, body);
    let good = good_batch();
    vec![
        case("rs_good_metadata.bin", "metadata_response v12", "ok", "valid: nothing set", encoded(12, &MetadataResponse::default().into())),
        case("rs_brokers_u32max.bin", "metadata_response v12", "error", "2^32-2 brokers", brokers(&U32_MAX, &[])),
        case("rs_brokers_null.bin", "metadata_response v12", "error", "null for the brokers", brokers(&[NULL], &[NULL, 0, 0, 0, 0, NONE, NO_TAGS])),
        case("rs_broker_host_null.bin", "metadata_response v12", "error", "a broker with a null host", brokers(&[2], &[0, 0, 0, 1, NULL, 0, 0, 0, 0, NULL, NO_TAGS])),
        case("rs_replicas_u32max.bin", "metadata_response v12", "error", "2^32-2 replicas", brokers(&[NONE], &[&[NULL, 0, 0, 0, 0, 2, 0, 0, NONE][..], &[0; 17], &[2], &[0; 14], &U32_MAX].concat())),
        case("rs_versions_good.bin", "api_versions_response v3", "ok", "valid: no api", versions(&[0, 0, NONE, 0, 0, 0, 0, NO_TAGS])),
        case("rs_versions_tag_size.bin", "api_versions_response v3", "error", "the known tag 1 says 9 bytes and uses 8", versions(&[0, 0, NONE, 0, 0, 0, 0, 1, 1, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        case("rs_versions_features_lie.bin", "api_versions_response v3", "error", "the known tag 0 claims 2^32-2 features", versions(&[&[0, 0, NONE, 0, 0, 0, 0, 1, 0, 5][..], &U32_MAX].concat())),
        case("rs_versions_v0_lie.bin", "api_versions_response v0", "error", "2^31-1 apis", response(ApiKey::API_VERSIONS, 0, &[&[0, 0][..], &I32_MAX].concat())),
        case("rs_fetch_good.bin", "fetch_response v12", "ok", "valid: one batch", fetched(12, &good)),
        case("rs_fetch_cut.bin", "fetch_response v12", "ok", "valid: a batch and 40 bytes of the next, as brokers send it", fetched(12, &[&good[..], &good[..40]].concat())),
        case("rs_fetch_crc.bin", "fetch_response v12", "error", "a batch whose checksum is wrong", fetched(12, &flipped(good.clone(), 20))),
        case("rs_fetch_garbage.bin", "fetch_response v4", "error", "1 KiB of 0xff as records", fetched(4, &[0xff; 1024])),
        case("rs_fetch_records_2g.bin", "fetch_response v4", "error", "records of 2^31-1 bytes", response(ApiKey::FETCH, 4, &[&[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1][..], &[0; 26], &I32_MAX].concat())),
        case("rs_correlation_cut.bin", "metadata_response v12", "error", "3 bytes in all", frame(&[0, 0, 0])),
        case("rs_header_tags.bin", "metadata_response v12", "error", "2^32-1 tagged fields in the header", frame(&[&[0, 0, 0, 7][..], &U32_MAX].concat())),
        case("rs_describe_groups_lie.bin", "describe_groups_response v5", "error", "2^32-2 groups", response(ApiKey(15), 5, &[&[0; 4][..], &U32_MAX].concat())),
        case("rs_quotas_nan.bin", "describe_client_quotas_response v0", "ok", "valid: a quota that is not a number", response(ApiKey(48), 0, &[&[0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, b'q'][..], &f64::NAN.to_be_bytes()].concat())),
    ]
}

#[rustfmt::skip] // One case, one line.
fn frames() -> Vec<Case> {
    let http = b"GET / HTTP/1.1\r\nHost: localhost:9092\r\n\r\n".to_vec();
    let tls = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 32]].concat();
    let good = valid_metadata();
    vec![
        case("fr_two.bin", "request_frame v12", "ok", "valid: two frames", [good.clone(), good.clone()].concat()),
        case("fr_cut.bin", "request_frame v12", "error", "the second frame ends 1 byte early", [&good[..], &good[..good.len() - 1]].concat()),
        case("fr_nothing.bin", "request_frame v12", "error", "no frame at all", Vec::new()),
        case("fr_length_3_bytes.bin", "request_frame v12", "error", "3 bytes of a length", vec![0, 0, 0]),
        case("fr_empty.bin", "request_frame v12", "error", "a frame of 0 bytes", vec![0; 4]),
        case("fr_empty_100k.bin", "request_frame v12", "error", "25,000 frames of 0 bytes", vec![0; 100_000]).at_most(4), case("fr_length_min.bin", "request_frame v12", "error", "a length of -2^31", vec![0x80, 0, 0, 0, 0, 3]),
        case("fr_length_2g.bin", "request_frame v12", "error", "a length of 2^31-1", [&I32_MAX[..], &good[4..]].concat()),
        case("fr_length_100m_and_1.bin", "request_frame v12", "error", "1 byte more than the largest frame", [&(100 * 1024 * 1024 + 1_u32).to_be_bytes()[..], &good[4..]].concat()),
        case("fr_http.bin", "request_frame v12", "error", "an HTTP request", http),
        case("fr_tls.bin", "request_frame v12", "error", "a TLS hello", tls),
        case("fr_other_api.bin", "produce_request v9", "error", "a metadata request where a produce request should be", good),
    ]
}

#[rustfmt::skip] // One case, one line.
fn data() -> Vec<Case> {
    vec![
        case("data_subscription.bin", "consumer_protocol_subscription v0", "ok", "valid: no topics, no user data", vec![0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
        case("data_subscription_lie.bin", "consumer_protocol_subscription v1", "error", "2^31-1 topics", I32_MAX.to_vec()),
        case("data_assignment_minus_2.bin", "consumer_protocol_assignment v0", "error", "-2 partitions' topics", MINUS_2.to_vec()),
        case("data_voters_lie.bin", "voters_record v0", "error", "2^32-2 voters", [&[0, 0][..], &U32_MAX].concat()),
        case("data_end_marker_long.bin", "end_txn_marker v0", "error", "1 byte too many", vec![0; 5]),
    ]
}

impl Case {
    fn at_most(self, max_alloc_mib: u32) -> Self {
        Self { max_alloc_mib, ..self }
    }
}

/// A length before `bytes`.
fn frame(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// A frame with correlation id 7, client id `c` and this body.
fn request(api_key: ApiKey, version: i16, body: &[u8]) -> Vec<u8> {
    let mut head = [&api_key.0.to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 7, 0, 1, b'c']].concat();
    if api_key.request_header_version(version) == 2 {
        head.push(NO_TAGS);
    }
    frame(&[&head, body].concat())
}

fn response(api_key: ApiKey, version: i16, body: &[u8]) -> Vec<u8> {
    let mut output = Output::new(Vec::new());
    let header = ResponseHeader { correlation_id: 7, ..Default::default() };
    header.write(api_key, version, &mut output).expect("a header without tags fits every version");
    frame(&[&output.into_bytes(), body].concat())
}

fn encoded(version: i16, response: &protocol::Response) -> Vec<u8> {
    encode_response(version, 7, response).expect("it can be encoded").into_bytes().to_vec()
}

fn valid_metadata() -> Vec<u8> {
    let topic = MetadataRequestTopic { name: Some("orders".into()), ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
    encode_request(7, Some("c"), 12, &request).expect("it can be encoded").into_bytes().to_vec()
}

fn produce(version: i16, records: &[u8]) -> Vec<u8> {
    let records = Some(Records::from(protocol::Bytes::copy_from_slice(records)));
    let partition = PartitionProduceData { records, ..Default::default() };
    let topic =
        TopicProduceData { name: "orders".into(), partition_data: vec![partition], ..Default::default() };
    let request = ProduceRequest { topic_data: vec![topic], ..Default::default() };
    encode_request(7, None, version, &request).expect("it can be encoded").into_bytes().to_vec()
}

fn fetched(version: i16, records: &[u8]) -> Vec<u8> {
    let records = Some(Records::from(protocol::Bytes::copy_from_slice(records)));
    let partition = PartitionData { records, ..Default::default() };
    let topic =
        FetchableTopicResponse { topic: "orders".into(), partitions: vec![partition], ..Default::default() };
    encoded(version, &FetchResponse { responses: vec![topic], ..Default::default() }.into())
}

fn good_batch() -> Vec<u8> {
    let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
    builder.append(1000, Some(b"key"), Some(b"value"), []).expect("it can be appended");
    builder.build().expect("it can be built").to_vec()
}

/// A fetch request of version 12 without topics, up to these tagged fields.
fn fetch_body(tags: &[u8]) -> Vec<u8> {
    let good = protocol::messages::FetchRequest::default().to_bytes(12).expect("it can be encoded");
    [&good[..good.len() - 1], tags].concat()
}

/// A fetch request whose topics claim all bytes there are, as do the partitions of the first, and so on.
fn nested_claims() -> Vec<u8> {
    let good = protocol::messages::FetchRequest::default().to_bytes(12).expect("it can be encoded");
    // Before the end: topics, forgotten topics, rack, tags, one byte each.
    let head = &good[..good.len() - 4];
    let room = 90_000;
    let topics = [&compact(room / 4)[..], &[2, b't'], &compact(room / 40)].concat();
    [head, &topics, &vec![0; room as usize]].concat()
}

/// One topic whose name is so long.
fn long_name(length: u32) -> Vec<u8> {
    [&[2][..], &compact(length + 1), &vec![b'a'; length as usize], &[NO_TAGS, 0, 0, 0, NO_TAGS]].concat()
}

/// Unknown tagged fields 100, 101, … without content, their count first.
fn many_tags(count: u32) -> Vec<u8> {
    let tags = (100..100 + count).flat_map(|tag| [compact(tag), vec![0]].concat());
    compact(count).into_iter().chain(tags).collect()
}

/// An unsigned varint.
fn compact(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}
