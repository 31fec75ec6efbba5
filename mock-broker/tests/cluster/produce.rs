//! Produce: a real broker's answers to odd requests, row by row (Kafka 4.1.0 and 4.3.1).

use bytes::Bytes;
use milena_mock_broker::{ClusterConfig, Outcome, TopicSpec};
use protocol::ErrorCode;
use protocol::messages::ApiVersionsRequest;
use protocol::names::{BrokerId, ProducerId, Uuid};
use protocol::records::{Attributes, BatchBuilder, BatchOptions, Compression};

use crate::client::{NOW, Reply, World, batch, batch_of, batch_with, patched, produce_request};

/// The error code, base offset and log start offset of an answer.
type Answered = (i16, i64, i64);

fn world() -> World {
    let spec = TopicSpec::new;
    let topics = [
        spec("orders"),
        spec("small").config("max.message.bytes", "500").unwrap(),
        spec("compacted").config("cleanup.policy", "compact").unwrap(),
        spec("stamped").config("message.timestamp.type", "LogAppendTime").unwrap(),
        spec("timely").config("message.timestamp.after.max.ms", "1000").unwrap(),
        spec("careful").config("min.insync.replicas", "2").unwrap(),
    ];
    World::new(topics.into_iter().fold(ClusterConfig::new(1), ClusterConfig::topic_with))
}

fn produce(topic: &str, acks: i16, records: Option<Bytes>) -> Answered {
    let mut world = world();
    let connection = world.connect(1);
    let response = world.produce(connection, topic, 0, acks, records).answer();
    (response.error_code.0, response.base_offset, response.log_start_offset)
}

/// A gzip batch whose inflated payload is `payload`, whatever its header says.
fn compressed(payload: &[u8], count: i32) -> Bytes {
    // Gzip without compression: a header, one stored block, checksum and length.
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
    let length = payload.len() as u16;
    gzip.extend_from_slice(&length.to_le_bytes());
    gzip.extend_from_slice(&(!length).to_le_bytes());
    gzip.extend_from_slice(payload);
    gzip.extend_from_slice(&crc32(payload).to_le_bytes());
    gzip.extend_from_slice(&u32::from(length).to_le_bytes());
    raw_batch(Attributes::default().with_compression(Compression::Gzip), &gzip, count)
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !bytes.iter().fold(u32::MAX, byte)
}

/// A batch of this payload, with a right length and checksum.
fn raw_batch(attributes: Attributes, payload: &[u8], count: i32) -> Bytes {
    let mut raw = batch(1)[..61].to_vec();
    raw.extend_from_slice(payload);
    let length = raw.len() as i32 - 12;
    raw[8..12].copy_from_slice(&length.to_be_bytes());
    raw[21..23].copy_from_slice(&attributes.0.to_be_bytes());
    raw[23..27].copy_from_slice(&(count - 1).to_be_bytes());
    raw[57..61].copy_from_slice(&count.to_be_bytes());
    patched(&Bytes::from(raw), 0, &[])
}

/// The records of a batch of `count`, as bytes; their deltas are 0, 1, 2 …
fn payload(count: usize) -> Vec<u8> {
    batch(count)[61..].to_vec()
}

#[test]
fn acks_are_none_one_or_all() {
    for (acks, answered) in [(2, (21, -1, -1)), (-2, (21, -1, -1)), (1, (0, 0, 0)), (-1, (0, 0, 0))] {
        assert_eq!(produce("orders", acks, Some(batch(1))), answered, "acks={acks}");
    }
}

#[test]
fn min_insync_replicas_counts_no_more_than_there_are_replicas() {
    assert_eq!(produce("careful", -1, Some(batch(1))), (0, 0, 0));
    assert_eq!(produce("careful", 1, Some(batch(1))), (0, 0, 0));
}

#[test]
fn nobody_waits_for_acks_of_none() {
    let mut world = world();
    let connection = world.connect(1);
    assert_eq!(world.produce(connection, "orders", 0, 0, Some(batch(1))), Reply::Nothing);
    assert!(matches!(world.ask(connection, 0, &ApiVersionsRequest::default()), Reply::Answer(_)));
    // The only way to tell of an error:
    assert_eq!(world.produce(connection, "bad name!", 0, 0, Some(batch(1))), Reply::Closed);
    let outcomes = world.cluster.journal().entries().map(|entry| entry.outcome);
    assert!(outcomes.eq([Outcome::Unanswered, Outcome::Answered, Outcome::Closed]));
}

#[test]
fn what_is_too_large_is_refused() {
    let large = batch_of([(NOW, None, &[0; 500][..])], BatchOptions::default());
    assert_eq!(produce("small", -1, Some(large)), (10, -1, -1));
    let many = batch_of((0..10).map(|_| (NOW, None, &[0; 200][..])), BatchOptions::default());
    assert_eq!(produce("small", -1, Some(many)), (10, -1, -1));
    assert_eq!(produce("small", -1, Some(batch(1))), (0, 0, 0));
}

#[test]
fn damaged_batches_are_refused_as_a_real_broker_does() {
    let good = batch(2);
    let bad_crc = {
        let mut bytes = good.to_vec();
        bytes[20] ^= 1;
        Bytes::from(bytes)
    };
    let joined = |parts: &[&[u8]]| Bytes::from(parts.concat());
    let gaps = {
        let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
        builder.append_with_offset(0, NOW, None, Some(b"v"), []).unwrap();
        builder.append_with_offset(5, NOW, None, Some(b"v"), []).unwrap();
        builder.build().unwrap()
    };
    let plain = Attributes::default;
    let cases: Vec<(&str, Option<Bytes>, Answered)> = vec![
        ("no records", None, (87, -1, -1)),
        ("empty records", Some(Bytes::new()), (87, -1, -1)),
        ("two batches", Some(joined(&[&good, &good])), (87, -1, -1)),
        ("a wrong checksum", Some(bad_crc), (2, -1, -1)),
        ("records that are garbage", Some(raw_batch(plain(), &[0xff; 20], 2)), (-1, -1, 0)),
        ("more records counted than there are", Some(raw_batch(plain(), &payload(2), 3)), (87, -1, 0)),
        ("fewer records counted than there are", Some(raw_batch(plain(), &payload(2), 1)), (87, -1, 0)),
        ("a last offset beside the count", Some(patched(&good, 23, &5_i32.to_be_bytes())), (87, -1, 0)),
        ("a negative last offset", Some(patched(&good, 23, &(-1_i32).to_be_bytes())), (87, -1, 0)),
        ("no records in the batch", Some(raw_batch(plain(), &[], 0)), (87, -1, 0)),
        ("gaps between offsets", Some(patched(&gaps, 23, &1_i32.to_be_bytes())), (0, 0, 0)),
        ("a base offset", Some(patched(&good, 0, &7_i64.to_be_bytes())), (87, -1, 0)),
        ("a control batch", Some(patched(&good, 21, &[0, 0x20])), (87, -1, 0)),
        ("a delete horizon", Some(patched(&good, 21, &[0, 0x40])), (0, 0, 0)),
        ("a time said to be the broker's", Some(patched(&good, 21, &[0, 0x08])), (0, 0, 0)),
        ("bits without a meaning", Some(patched(&good, 21, &[0x0f, 0x80])), (0, 0, 0)),
        ("compression 5", Some(patched(&good, 21, &[0, 5])), (-1, -1, 0)),
        ("compressed", Some(compressed(&payload(2), 2)), (0, 0, 0)),
        ("compressed, fewer than counted", Some(compressed(&payload(1), 2)), (87, -1, 0)),
        ("compressed, more than counted", Some(compressed(&payload(2), 1)), (87, -1, 0)),
        ("compressed, with gaps", Some(compressed(&gaps[61..], 2)), (-1, -1, 0)),
        ("compressed garbage", Some(compressed(&[0xff; 20], 2)), (87, -1, 0)),
        ("no gzip", Some(raw_batch(Attributes(1), b"garbage!", 2)), (-1, -1, 0)),
        ("magic 0", Some(patched(&good, 16, &[0])), (87, -1, -1)),
        ("magic 1", Some(patched(&good, 16, &[1])), (87, -1, -1)),
        ("magic 3", Some(patched(&good, 16, &[3])), (2, -1, -1)),
        ("cut in the last record", Some(good.slice(..good.len() - 1)), (87, -1, -1)),
        ("cut in the header", Some(good.slice(..40)), (87, -1, -1)),
        ("cut in the length", Some(good.slice(..10)), (87, -1, -1)),
        ("a cut batch behind", Some(joined(&[&good, &good[..30]])), (0, 0, 0)),
        ("a few bytes behind", Some(joined(&[&good, &[0; 5]])), (0, 0, 0)),
        ("garbage behind", Some(joined(&[&good, &[0xff; 40]])), (2, -1, -1)),
        ("a length too short", Some(patched(&good, 8, &20_i32.to_be_bytes())), (2, -1, -1)),
        ("a negative length", Some(patched(&good, 8, &(-5_i32).to_be_bytes())), (2, -1, -1)),
        ("a highest timestamp too low", Some(patched(&good, 35, &1_i64.to_be_bytes())), (0, 0, 0)),
        ("a highest timestamp too high", Some(patched(&good, 35, &i64::MAX.to_be_bytes())), (0, 0, 0)),
    ];
    for (what, records, answered) in cases {
        assert_eq!(produce("orders", -1, records), answered, "{what}");
    }
}

#[test]
fn an_impossible_magic_or_length_is_explained() {
    let mut world = world();
    let connection = world.connect(1);
    let mut message = |records| {
        let response = world.produce(connection, "orders", 0, -1, Some(records)).answer();
        response.error_message.map(|message| message.to_string())
    };
    let magic = message(patched(&batch(1), 16, &[3]));
    assert_eq!(magic.as_deref(), Some("Invalid magic found in record: 3"));
    let length = message(patched(&batch(1), 8, &(-5_i32).to_be_bytes()));
    let explained = "Record size -5 is less than the minimum record overhead (14)";
    assert_eq!(length.as_deref(), Some(explained));
}

#[test]
fn zstd_needs_version_seven() {
    let zstd = batch_with(1, BatchOptions { compression: Compression::Zstd, ..BatchOptions::default() });
    let mut world = world();
    let connection = world.connect(1);
    for (version, error_code) in [(3, 76), (6, 76), (7, 0), (8, 0)] {
        let request = produce_request("orders", 0, -1, Some(zstd.clone()));
        let response = world.ask(connection, version, &request).answer();
        let partition = &response.responses[0].partition_responses[0];
        assert_eq!(partition.error_code.0, error_code, "version {version}");
    }
}

#[test]
fn every_codec_is_accepted_and_checked() {
    for compression in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let options = BatchOptions { compression, ..BatchOptions::default() };
        assert_eq!(produce("orders", -1, Some(batch_with(100, options))), (0, 0, 0), "{compression:?}");
    }
}

#[test]
fn records_without_a_key_cannot_be_compacted() {
    let place = "Compacted topic cannot accept message without key in topic partition compacted-0";
    let mut world = world();
    let connection = world.connect(1);
    let keyless = batch_of((0..3).map(|_| (NOW, None, &b"v"[..])), BatchOptions::default());
    let response = world.produce(connection, "compacted", 0, -1, Some(keyless)).answer();
    assert_eq!((response.error_code.0, response.base_offset, response.log_start_offset), (87, -1, 0));
    let errors = response.record_errors.iter();
    let errors: Vec<_> =
        errors.map(|error| (error.batch_index, error.batch_index_error_message.as_deref())).collect();
    assert_eq!(errors, [(0, Some(place)), (1, Some(place)), (2, Some(place))]);
    let one = |index| format!("RecordError(batchIndex={index}, message='{place}')");
    let message = format!(
        "One or more records have been rejected due to 3 record errors in total, \
         and only showing the first three errors at most: [{}, {}, {}]",
        one(0),
        one(1),
        one(2),
    );
    assert_eq!(response.error_message.as_deref(), Some(&*message));
    assert_eq!(world.produce(connection, "compacted", 0, -1, Some(batch(1))).answer().base_offset, 0);
}

#[test]
fn timestamps_too_far_ahead_are_refused_record_by_record() {
    let mut world = world();
    let connection = world.connect(1);
    let hour = NOW + 3_600_000;
    let records = |ahead| batch_of([(ahead, None, &b"v"[..]), (NOW, None, b"v")], BatchOptions::default());
    let response = world.produce(connection, "timely", 0, -1, Some(records(hour))).answer();
    assert_eq!((response.error_code.0, response.base_offset, response.log_start_offset), (32, -1, 0));
    assert_eq!(response.record_errors.len(), 1);
    let rule = format!(
        "Timestamp {hour} of message with offset 0 is out of range. \
         The timestamp should be within [{}, {}]",
        NOW.wrapping_sub(i64::MAX),
        NOW + 1000,
    );
    assert_eq!(response.record_errors[0].batch_index_error_message.as_deref(), Some(&*rule));
    let message = "One or more records have been rejected due to invalid timestamp";
    assert_eq!(response.error_message.as_deref(), Some(message));

    // By default it is an hour, to the millisecond; into the past, everything goes; −1 is no timestamp.
    for (timestamp, error_code) in [(hour, 0), (hour + 1, 32), (0, 0), (-1, 0), (NOW - 1_000_000_000, 0)] {
        let records = batch_of([(timestamp, None, &b"v"[..])], BatchOptions::default());
        let response = world.produce(connection, "orders", 0, -1, Some(records)).answer();
        assert_eq!(response.error_code.0, error_code, "{timestamp}");
    }
}

#[test]
fn the_brokers_time_counts_where_the_topic_says_so() {
    let mut world = world();
    let connection = world.connect(1);
    let far = batch_of([(NOW + 1_000_000_000, None, &b"v"[..])], BatchOptions::default());
    let response = world.produce(connection, "stamped", 0, -1, Some(far)).answer();
    assert_eq!((response.error_code.0, response.log_append_time_ms), (0, NOW));

    let claims = patched(&batch(1), 21, &[0, 8]);
    let response = world.produce(connection, "stamped", 0, -1, Some(claims)).answer();
    assert_eq!(response.error_code, ErrorCode::INVALID_TIMESTAMP);
    let rule = format!(
        "Invalid timestamp type in message DefaultRecord(offset=0, timestamp={NOW}, key=1 bytes, value=1 bytes). \
         Producer should not set timestamp type to LogAppendTime."
    );
    assert_eq!(response.record_errors[0].batch_index_error_message.as_deref(), Some(&*rule));
}

#[test]
fn what_is_not_there_is_unknown() {
    let mut world = world();
    let connection = world.connect(1);
    for (topic, partition) in [("orders", 7), ("orders", -1), ("nowhere", 0), ("bad name!", 0)] {
        let response = world.produce(connection, topic, partition, -1, Some(batch(1))).answer();
        let got = (response.error_code.0, response.base_offset, response.log_start_offset);
        assert_eq!(got, (3, -1, -1), "{topic} {partition}");
    }
    // From version 13 on a topic has an id.
    let mut request = produce_request("", 0, -1, Some(batch(1)));
    request.topic_data[0].topic_id = Uuid::from_u128(99);
    let response = world.ask(connection, 13, &request).answer();
    assert_eq!(response.responses[0].partition_responses[0].error_code, ErrorCode::UNKNOWN_TOPIC_ID);
    request.topic_data[0].topic_id = world.cluster.topic("orders").unwrap().id();
    let response = world.ask(connection, 13, &request).answer();
    assert_eq!(response.responses[0].topic_id, request.topic_data[0].topic_id);
    assert_eq!(response.responses[0].partition_responses[0].error_code, ErrorCode::NONE);
}

#[test]
fn a_transaction_that_nobody_has_begun_is_refused() {
    let options = BatchOptions {
        transactional: true,
        producer_id: ProducerId(1),
        producer_epoch: 0,
        base_sequence: 0,
        ..BatchOptions::default()
    };
    let records = batch_with(1, options);
    assert_eq!(produce("orders", -1, Some(records.clone())), (53, -1, -1));
    let mut world = world();
    let connection = world.connect(1);
    let mut request = produce_request("orders", 0, -1, Some(records));
    request.transactional_id = Some("payments".into());
    let response = world.ask(connection, 9, &request).answer();
    let error_code = response.responses[0].partition_responses[0].error_code;
    assert_eq!(error_code, ErrorCode::INVALID_PRODUCER_ID_MAPPING);
}

#[test]
fn who_does_not_lead_says_who_does() {
    let mut world =
        World::new(ClusterConfig::new(3).topic_with(TopicSpec::new("orders").replication_factor(3)));
    let old = world.cluster.topic("orders").unwrap().partitions()[0].leader();
    let new = if old == BrokerId(3) { BrokerId(1) } else { BrokerId(old.0 + 1) };
    world.cluster.move_leader("orders", 0, new).unwrap();
    let connection = world.connect(old.0);
    let request = produce_request("orders", 0, -1, Some(batch(1)));

    let response = world.ask(connection, 10, &request).answer();
    let partition = &response.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!((partition.current_leader.leader_id, partition.current_leader.leader_epoch), (new, 1));
    assert_eq!(response.node_endpoints.len(), 1);
    assert_eq!((response.node_endpoints[0].node_id, response.node_endpoints[0].port), (new, 9091 + new.0));

    // Before version 10 there is no place for a hint, and nothing is appended by the wrong broker.
    let response = world.ask(connection, 9, &request).answer();
    let partition = &response.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    let connection = world.connect(new.0);
    assert_eq!(world.produce(connection, "orders", 0, -1, Some(batch(1))).answer().base_offset, 0);
}
