//! `milena inspect`.

use bytes::Bytes;
use protocol::frame::{encode_request, encode_response};
use protocol::json::{JsonForm, Value};
use protocol::messages::leader_change_message::Voter;
use protocol::messages::metadata::MetadataRequestTopic;
use protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use protocol::messages::{LeaderChangeMessage, MetadataRequest, MetadataResponse, ProduceRequest};
use protocol::names::{BrokerId, ProducerId, Uuid};
use protocol::records::{
    BatchBuilder, BatchOptions, Compression, ControlRecord, EndTransactionMarker, set_producer,
};
use protocol::wire::Output;
use protocol::{ApiKey, Message, RequestHeader, Response};

use crate::harness::{Run, run};

fn inspect(arguments: &[&str], input: &[u8]) -> Run {
    run(&[&["inspect"], arguments].concat(), input)
}

/// What it printed, whatever came of it.
fn text(run: &Run) -> String {
    String::from_utf8(run.stdout.clone()).unwrap()
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// Three of the golden vectors: bytes from Kafka's Java library, and its JSON form of them.
const PRODUCE_9: (&str, &str) = (
    "11c39ff09f9880e282ac202e205aed959cc5ddda3659bf031200d0965ce282acd096d096ed959c2d092d0380000000670000\
     0000000000da0000005affffffff02bd534a7000000000000100000174b12a430a00000174b12a430affffffffffffffffff\
     ffffffffff000000022c000000086f41426110c77f2954432cecca02026802002200e5e3dd8f01020466f002570202680201\
     00000000475100000000000003e000000044ffffffff024f865889000000000000000001749df8f28b000001749df8f28bff\
     ffffffffffffffffffffffffff000000012400000002230e37c7408bde3b480202680200000018f09d92b300d8a7efbbbff0\
     9d92b3d8a7f09d92b3c3a922035b920c7e4f00000000000003e300000042ffffffff02bb8ee8450000000000000000017491\
     4465430000017491446543ffffffffffffffffffffffffffff0000000120000000088e798d8104aff6020268020000becbcb\
     ad5100000000000001b100000044ffffffff02468c2d8c00000000000000000174c5f65c3700000174c5f65c37ffffffffff\
     ffffffffffffffffff000000012400000004584d0c16fe58cc3dbd0202680200000000",
    r#"{"transactionalId": "\u00df\ud83d\ude00\u20ac . Z\ud55c", "acks": -14883, "timeoutMs": -633972289, "topicData": [{"name": "\u0000\u0416\\\u20ac\u0416\u0416\ud55c-\t-", "partitionData": [{"index": -2147483648, "records": "AAAAAAAAANoAAABa/////wK9U0pwAAAAAAABAAABdLEqQwoAAAF0sSpDCv//////////////////AAAAAiwAAAAIb0FCYRDHfylUQyzsygICaAIAIgDl492PAQIEZvACVwICaAIB"}, {"index": 71, "records": "AAAAAAAAA+AAAABE/////wJPhliJAAAAAAAAAAABdJ348osAAAF0nfjyi///////////////////AAAAASQAAAACIw43x0CL3jtIAgJoAgA="}]}, {"name": "\ud835\udcb3\u0000\u0627\ufeff\ud835\udcb3\u0627\ud835\udcb3\u00e9\"", "partitionData": [{"index": 1536298110, "records": "AAAAAAAAA+MAAABC/////wK7juhFAAAAAAAAAAABdJFEZUMAAAF0kURlQ///////////////////AAAAASAAAAAIjnmNgQSv9gICaAIA"}, {"index": -1093940307, "records": "AAAAAAAAAbEAAABE/////wJGjC2MAAAAAAAAAAABdMX2XDcAAAF0xfZcN///////////////////AAAAASQAAAAEWE0MFv5YzD29AgJoAgA="}]}]}"#,
);
const API_VERSIONS_3: (&str, &str) = (
    "000002000000000000000000000002021e03076961727861650000863e000c612eed959c5c5aefbbbf220000bd7d00030101",
    r#"{"errorCode": 0, "apiKeys": [{"apiKey": 0, "minVersion": 0, "maxVersion": 0}], "throttleTimeMs": 0, "finalizedFeatures": [{"name": "iarxae", "maxVersionLevel": 0, "minVersionLevel": -31170}, {"name": "a.\ud55c\\Z\ufeff\"", "maxVersionLevel": 0, "minVersionLevel": -17027}], "zkMigrationReady": true}"#,
);
const LEADER_CHANGE_0: (&str, &str) = (
    "00000000000001030000000000b468649b0000",
    r#"{"version": 0, "leaderId": 0, "voters": [], "grantingVoters": [{"voterId": 0}, {"voterId": -1268226917}]}"#,
);

#[test]
fn golden_bodies_are_shown_as_java_shows_them() {
    for (arguments, (hex, expected)) in [
        (&["--api", "Produce", "--version", "9", "--type", "request"][..], PRODUCE_9),
        (&["--api", "18", "--version", "3", "--type", "response", "--body"], API_VERSIONS_3),
        (&["--api", "LeaderChangeMessage", "--version", "0"], LEADER_CHANGE_0),
    ] {
        let line = inspect(&[arguments, &["--json", "--hex", hex]].concat(), b"").ok();
        let found = json(&line);
        assert_eq!(found["body"], json(expected));
        assert_eq!(found["length"], hex.len() / 2);
    }
}

#[test]
fn unknown_tagged_fields_are_shown_where_they_lie() {
    let mut topic = MetadataRequestTopic { name: Some("a".into()), ..Default::default() };
    topic.unknown_tagged_fields.insert(9, Bytes::from_static(b"ab"));
    let mut request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
    request.unknown_tagged_fields.insert(10_000, Bytes::from_static(&[0xff]));
    let mut header =
        RequestHeader { request_api_key: ApiKey::METADATA, request_api_version: 12, ..Default::default() };
    header.unknown_tagged_fields.insert(3, Bytes::new());
    let mut output = Output::new(Vec::new());
    header.write(&mut output).unwrap();
    request.write(12, &mut output).unwrap();
    let frame = output.into_bytes();

    let printed = inspect(&["--type", "request", "--file", "-"], &frame).ok();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[1], "  header: unknown tagged field 3: 0x");
    assert!(printed.contains("\n    unknown tagged field 9: 0x6162\n"), "{printed}");
    assert!(printed.ends_with("\n  unknown tagged field 10000: 0xff\n"), "{printed}");

    let line = json(&inspect(&["--type", "request", "--file", "-", "--json"], &frame).ok());
    assert_eq!(line["header"], header.to_json(2).unwrap());
    assert_eq!(line["body"], request.to_json(12).unwrap());
    let mut read = MetadataRequest::default();
    read.read_json(&line["body"], 12).unwrap();
    assert_eq!(read, request);
}

#[test]
fn text_names_every_field_and_sums_up_batches() {
    let arguments = ["--api", "produce", "--version", "9", "--type", "request", "--file", "-"];
    let printed = inspect(&arguments, PRODUCE_9.0.as_bytes()).ok();
    // Fields come in the order of the schema.
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "@0 request Produce v9, 435 bytes");
    assert_eq!(lines[2..5], ["  acks: -14883", "  timeout_ms: -633972289", "  topic_data[0]"]);
    assert!(
        printed.contains("batch 0 at 0, 102 bytes: base offset 218, last offset 219, 2 records"),
        "{printed}"
    );
    assert_eq!(printed.matches("crc ok").count(), 4);
    assert!(!printed.contains("key"), "{printed}");

    let printed = inspect(&[&arguments[..], &["--records-content"]].concat(), PRODUCE_9.0.as_bytes()).ok();
    let record = "offset 218, time 1600700171018, key \"oABa\", value 0xc77f2954432cecca, headers \"h\"=0x00";
    assert!(printed.contains(record), "{printed}");
}

/// Three requests of one client, and where each begins.
fn requests() -> (Vec<u8>, [usize; 3]) {
    let topic = MetadataRequestTopic { name: Some("orders".into()), ..Default::default() };
    let metadata = MetadataRequest { topics: Some(vec![topic.clone(), topic]), ..Default::default() };
    let frames = [7, 8].map(|id| encode_request(id, Some("me"), 12, &metadata).unwrap().into_bytes());
    let produce = encode_request(9, None, 9, &produce()).unwrap().into_bytes();
    let starts = [0, frames[0].len(), frames[0].len() + frames[1].len()];
    ([&frames[0][..], &frames[1], &produce].concat(), starts)
}

fn produce() -> ProduceRequest {
    let options = BatchOptions { compression: Compression::Lz4, ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(Vec::new(), options);
    builder.append(5, Some(b"key"), Some(b"value"), []).unwrap();
    let partition =
        PartitionProduceData { records: Some(builder.build().unwrap().into()), ..Default::default() };
    let topic =
        TopicProduceData { name: "orders".into(), partition_data: vec![partition], ..Default::default() };
    ProduceRequest { topic_data: vec![topic], ..Default::default() }
}

#[test]
fn a_broken_frame_is_told_by_byte_and_field_and_reading_goes_on_behind_it() {
    let (mut stream, starts) = requests();
    // The last letter of the second topic's name in the second frame.
    let letter =
        starts[1] + stream[starts[1]..starts[2]].windows(6).rposition(|name| name == b"orders").unwrap() + 5;
    stream[letter] = 0xff;

    let broken = inspect(&["--stream", "requests", "--file", "-"], &stream);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    let printed = text(&broken);
    let found: Vec<&str> =
        printed.lines().filter(|line| line.starts_with('@') || line.contains("malformed")).collect();
    assert_eq!(
        found[0],
        format!("@0 request Metadata v12, {} bytes, correlation 7, client \"me\"", starts[1])
    );
    assert!(found[1].starts_with(&format!("@{} request Metadata v12, ", starts[1])), "{found:?}");
    let place = format!("  malformed at byte {}, in topics[1].name: ", letter - 5);
    assert!(found[2].starts_with(&place) && found[2].ends_with("(InvalidUtf8)"), "{found:?}, not {place}");
    assert!(found[3].starts_with(&format!("@{} request Produce v9, ", starts[2])), "{found:?}");
    assert_eq!(found.len(), 4);

    let broken = inspect(&["--stream", "requests", "--file", "-", "--json"], &stream);
    let second = json(text(&broken).lines().nth(1).unwrap());
    assert_eq!(second["error"]["path"], "topics[1].name");
    assert_eq!(second["error"]["kind"], "InvalidUtf8");
    assert_eq!(second["error"]["offset"], letter - 5);
    assert_eq!((&second["offset"], &second["header"]["correlationId"]), (&starts[1].into(), &8.into()));

    // A cut at any byte is said too, and is never more than that.
    let (stream, starts) = requests();
    for length in (1..stream.len()).step_by(7).filter(|length| !starts.contains(length)) {
        let cut = inspect(&["--stream", "requests", "--file", "-", "--format", "binary"], &stream[..length]);
        assert_eq!(cut.code, Some(1), "{length}: {cut:?}");
        assert!(text(&cut).contains("the input ends within a frame"), "{length}");
    }
}

#[test]
fn responses_are_read_by_the_requests_that_they_answer() {
    let (sent, _) = requests();
    let path = std::env::temp_dir().join(format!("milena-inspect-{}.bin", std::process::id()));
    std::fs::write(&path, sent).unwrap();
    let requests = path.to_str().unwrap();

    let answer = MetadataResponse { cluster_id: Some("c".into()), ..Default::default() };
    let response = |id| encode_response(12, id, &Response::Metadata(answer.clone())).unwrap().into_bytes();
    let received = [response(8), response(7)].concat();
    let printed =
        inspect(&["--stream", "responses", "--requests", requests, "--file", "-", "--json"], &received).ok();
    let found: Vec<Value> = printed.lines().map(json).collect();
    assert_eq!(found.len(), 2);
    for (line, id) in found.iter().zip([8, 7]) {
        assert_eq!((&line["api"], &line["version"]), (&"Metadata".into(), &12.into()));
        assert_eq!(line["header"]["correlationId"], id);
        assert_eq!(line["body"], answer.to_json(12).unwrap());
    }

    let unknown = inspect(&["--stream", "responses", "--requests", requests, "--file", "-"], &response(6));
    assert_eq!(unknown.code, Some(1));
    assert!(text(&unknown).contains("correlation 6"), "{unknown:?}");
    std::fs::remove_file(path).unwrap();

    let complaint = inspect(&["--stream", "responses", "--file", "-"], &response(6)).complaint(2);
    assert!(complaint.contains("--requests"), "{complaint}");
}

#[test]
fn a_capture_shows_both_sides_in_the_order_of_the_wire() {
    let request = encode_request(9, Some("me"), 9, &produce()).unwrap().into_bytes();
    let response = encode_response(9, 9, &Response::Produce(Default::default())).unwrap().into_bytes();
    let (first, second) = request.split_at(30);
    let packets = [
        packet(50_000, 9093, 1, first),
        packet(50_000, 9093, 31, second),
        packet(9093, 50_000, 1, &response),
        packet(50_000, 80, 1, b"GET / HTTP/1.1"),
    ];
    let file = classic_capture(&packets);
    let printed = inspect(&["--file", "-", "--port", "9093", "--records-content"], &file).ok();
    let heads: Vec<&str> = printed.lines().filter(|line| line.starts_with('@')).collect();
    let expected = [
        format!(
            "@0 request Produce v9, {} bytes, correlation 9, client \"me\", packet 2 at 1700000000.000005, 127.0.0.1:50000 > 127.0.0.1:9093",
            request.len()
        ),
        format!(
            "@0 response Produce v9, {} bytes, correlation 9, packet 3 at 1700000000.000005, 127.0.0.1:9093 > 127.0.0.1:50000",
            response.len()
        ),
    ];
    assert_eq!(heads, expected);
    assert!(printed.contains("compression lz4"), "{printed}");
    assert!(printed.contains("offset 0, time 5, key \"key\", value \"value\""), "{printed}");

    // The newer format says the same; broken behind what was found, it says both.
    let newer = newer_capture(&packets);
    let arguments = ["--file", "-", "--port", "9093", "--records-content"];
    assert_eq!(inspect(&arguments, &newer).ok(), printed);
    let run = inspect(&arguments, &[&newer[..], &[0; 12]].concat());
    assert_eq!(text(&run), printed);
    let place = format!("block 7 at byte {}, of type 0x0", newer.len());
    assert!(run.stderr.contains(&format!("{place}: its length is 0")), "{run:?}");

    let complaint = inspect(&["--file", "-"], &file).complaint(1);
    assert!(complaint.contains("no TCP connection to port 9092"), "{complaint}");
}

/// A TCP segment without link header.
fn packet(source: u16, destination: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend((40 + payload.len() as u16).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    packet.extend(source.to_be_bytes());
    packet.extend(destination.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 0, 0x50, 0x10, 1, 0, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

fn words<const N: usize>(words: [u32; N]) -> impl Iterator<Item = u8> {
    words.into_iter().flat_map(u32::to_be_bytes)
}

fn classic_capture(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file: Vec<u8> = words([0xa1b2_c3d4, 0x0002_0004, 0, 0, 65_535, 101]).collect();
    for packet in packets {
        let length = packet.len() as u32;
        file.extend(words([1_700_000_000, 5, length, length]));
        file.extend(packet);
    }
    file
}

/// The same as pcapng: a section header, an interface description, an enhanced packet each.
fn newer_capture(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file: Vec<u8> = words([0x0a0d_0d0a, 28, 0x1a2b_3c4d, 0x0001_0000, !0, !0, 28]).collect();
    file.extend(words([1, 20, 101 << 16, 0, 20]));
    let microseconds = 1_700_000_000_000_005_u64;
    for packet in packets {
        let (length, padded) = (packet.len() as u32, packet.len().next_multiple_of(4));
        let size = padded as u32 + 32;
        file.extend(words([6, size, 0, (microseconds >> 32) as u32, microseconds as u32, length, length]));
        file.extend(packet);
        file.resize(file.len() + padded - packet.len(), 0);
        file.extend(words([size]));
    }
    file
}

#[test]
fn a_batch_that_is_not_what_was_sent_is_told() {
    let records = produce().topic_data[0].partition_data[0].records.clone().unwrap().to_bytes();
    let mut damaged = records.to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let both = [&records[..], &damaged].concat();

    inspect(&["--records", "--file", "-", "--records-content"], &records).ok();
    let run = inspect(&["--records", "--file", "-", "--json", "--records-content"], &both);
    assert_eq!(run.code, Some(1), "{run:?}");
    let found = json(&text(&run));
    let batches = found["records"][0]["batches"].as_array().unwrap();
    assert_eq!([&batches[0]["crcOk"], &batches[1]["crcOk"]], [true, false]);
    assert_eq!(batches[1]["position"], records.len());
    assert_eq!(batches[0]["records"][0]["key"], "a2V5");

    // The same within a request, with the path to the field.
    let mut request = produce();
    request.topic_data[0].partition_data[0].records = Some(Bytes::from(damaged).into());
    let body = request.to_bytes(9).unwrap();
    let run = inspect(&["--api", "0", "--version", "9", "--type", "request", "--file", "-", "--json"], &body);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(json(&text(&run))["records"][0]["path"], "topic_data[0].partition_data[0].records");
}

#[test]
fn control_records_are_shown_by_name_with_what_they_say() {
    let message = LeaderChangeMessage { leader_id: BrokerId(3), ..Default::default() };
    let change = ControlRecord::LeaderChange(message).batch(5, BatchOptions::default()).unwrap();
    let commit = EndTransactionMarker { coordinator_epoch: 4 }.commit(6, ProducerId(70), 2).unwrap();
    let both = [&change[..], &commit].concat();

    let printed = inspect(&["--records", "--file", "-", "--records-content"], &both).ok();
    assert!(printed.contains("offset 0, time 5, LEADER_CHANGE {"), "{printed}");
    assert!(printed.contains("\"leaderId\":3"), "{printed}");
    assert!(printed.contains("offset 0, time 6, COMMIT {\"coordinatorEpoch\":4}\n"), "{printed}");

    let found = json(&inspect(&["--records", "--file", "-", "--records-content", "--json"], &both).ok());
    let control = |batch: usize| &found["records"][0]["batches"][batch]["records"][0]["control"];
    assert_eq!(control(0)["type"], "LEADER_CHANGE");
    assert_eq!(control(0)["value"]["leaderId"], 3);
    assert_eq!(control(1)["value"]["coordinatorEpoch"], 4);
}

/// A control batch of one record.
fn control_batch(key: &[u8], value: &[u8]) -> Bytes {
    let options = BatchOptions { control: true, ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(Vec::new(), options);
    builder.append(5, Some(key), Some(value), []).unwrap();
    builder.build().unwrap()
}

#[test]
fn control_records_are_shown_in_the_version_that_was_read_and_unknown_ones_with_their_bytes() {
    let arguments = ["--records", "--file", "-", "--records-content"];
    let voter = Voter { voter_id: 7, voter_directory_id: Uuid::from_u128(5), ..Default::default() };
    let message = LeaderChangeMessage { version: 1, voters: vec![voter], ..Default::default() };
    for (version, has_directory) in [(0, false), (1, true)] {
        let mut message = message.clone();
        if !has_directory {
            message.voters[0].voter_directory_id = Uuid::default();
        }
        let batch = control_batch(&[0, 0, 0, 2], &message.to_bytes(version).unwrap());
        let printed = inspect(&arguments, &batch).ok();
        assert_eq!(printed.contains("voterDirectoryId"), has_directory, "{printed}");
    }

    let unknown = control_batch(&[0, 0, 0, 99], b"anything");
    let printed = inspect(&arguments, &unknown).ok();
    assert!(printed.contains(", control record of the unknown type 99, value \"anything\"\n"), "{printed}");
    let found = json(&inspect(&[&arguments[..], &["--json"]].concat(), &unknown).ok());
    let record = &found["records"][0]["batches"][0]["records"][0];
    assert_eq!(record["control"], json(r#"{"type": "UNKNOWN", "id": 99, "value": null}"#));
    assert_eq!(record["value"], "YW55dGhpbmc=");
}

#[test]
fn a_control_record_that_cannot_be_read_is_told_by_its_place() {
    // Behind the header of 61 bytes: length, attributes, two deltas, the key's length; the key; the value's length.
    for (key, value, place) in [
        (&[0, 0, 0][..], &[0, 0, 0, 0, 0, 1][..], "at its byte 68, in records[0].key"),
        (&[0, 0, 0, 1], &[0, 0, 0, 0, 1], "at its byte 73, in records[0].value"),
    ] {
        let batch = control_batch(key, value);
        for arguments in
            [&["--records", "--file", "-"][..], &["--records", "--file", "-", "--records-content"]]
        {
            let run = inspect(arguments, &batch);
            assert_eq!(run.code, Some(1), "{run:?}");
            assert!(text(&run).contains(&format!("batch 0 malformed {place}")), "{run:?}");
        }
        let run = inspect(&["--records", "--file", "-", "--json"], &batch);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(json(&text(&run))["records"][0]["batches"][0]["error"].is_object(), "{run:?}");
    }
}

#[test]
fn damage_inside_a_batch_is_told_whether_its_records_are_shown_or_not() {
    let options = BatchOptions { compression: Compression::Gzip, ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(Vec::new(), options);
    builder.append(5, Some(b"key"), Some(b"value"), []).unwrap();
    let mut batch = builder.build().unwrap().to_vec();
    inspect(&["--records", "--file", "-"], &batch).ok();

    // Inside the compressed stream, with a checksum that fits.
    let middle = (61 + batch.len()) / 2;
    batch[middle] ^= 0xff;
    set_producer(&mut batch, ProducerId(-1), -1, -1).unwrap();
    for arguments in [
        &["--records", "--file", "-"][..],
        &["--records", "--file", "-", "--records-content"],
        &["--records", "--file", "-", "--json"],
    ] {
        let run = inspect(arguments, &batch);
        assert_eq!(run.code, Some(1), "{run:?}");
        let printed = text(&run);
        assert!(printed.contains("crc ok") || printed.contains("\"crcOk\":true"), "{printed}");
        assert!(printed.contains("malformed") || printed.contains("\"error\":"), "{printed}");
    }
}

#[test]
fn a_length_that_fits_says_where_a_frame_begins() {
    // A version of Metadata that there is not; from byte 0 on it could be Produce v10.
    let run = inspect(&["--type", "request", "--hex", "0000000a 0003 0063 00000001 ffff"], b"");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(text(&run).starts_with("@0 request Metadata v99, 14 bytes"), "{run:?}");

    // A response's body of zeros is no frame of length 0.
    let arguments = ["--type", "response", "--api", "AddOffsetsToTxn", "--version", "0"];
    let printed = inspect(&[&arguments[..], &["--hex", "00000000 0000"]].concat(), b"").ok();
    assert!(printed.contains("throttle_time_ms: 0") && !printed.contains("correlation"), "{printed}");
    let framed = inspect(&[&arguments[..], &["--hex", "0000000a 00000007 00000000 0000"]].concat(), b"").ok();
    assert!(framed.contains("correlation 7"), "{framed}");
    // A broken body behind it is broken where it is, and not read from byte 0.
    let broken = inspect(&[&arguments[..], &["--hex", "00000008 00000007 00000000"]].concat(), b"");
    assert!(broken.code == Some(1) && text(&broken).contains("malformed at byte 12"), "{broken:?}");
}

#[test]
fn what_cannot_be_asked_for_is_said_in_one_line() {
    for (arguments, word) in [
        (&["--hex", "00"][..], "say what the bytes are"),
        (&["--records"], "--hex or --file"),
        (&["--hex", "0", "--records"], "not hex"),
        (&["--hex", "00", "--api", "Produse", "--version", "1"], "neither an API, such as Produce or 0,"),
        (&["--hex", "00", "--api", "Produse", "--version", "1"], "the nearest name is Produce"),
        (&["--hex", "00", "--api", "Produce", "--type", "request"], "--version"),
        (&["--hex", "00", "--api", "Produce", "--version", "9"], "--type"),
        (&["--hex", "00", "--type", "response"], "--api and --version"),
        (&["--file", "/nowhere/at/all", "--records"], "/nowhere/at/all"),
    ] {
        let run = inspect(arguments, b"");
        let code = run.code.unwrap();
        let complaint = run.complaint(code);
        assert!(code > 0 && complaint.contains(word), "{arguments:?}: {complaint}");
    }
}
