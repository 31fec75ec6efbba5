//! The reader against a mock cluster on which things go wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use milena::reader::{Partitions, Reader, ReaderOptions, Record, Reset, Start};
use mock_broker::{ClusterConfig, Fault, MockCluster, Reaction, TopicSpec};
use producer::{Compression, Producer, ProducerConfig};
use protocol::frame::encode_response;
use protocol::messages::api_versions::ApiVersion;
use protocol::messages::fetch::{FetchableTopicResponse, PartitionData};
use protocol::messages::list_offsets::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use protocol::messages::{ApiVersionsResponse, FetchResponse, ListOffsetsResponse, MetadataResponse};
use protocol::names::BrokerId;
use protocol::wire::Records;
use protocol::{ApiKey, Bytes, ErrorCode, RequestHeader, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Ten times longer than anything here takes.
const WATCHDOG: Duration = Duration::from_secs(60);

async fn cluster() -> MockCluster {
    let spec = TopicSpec::new("orders").partitions(3).replication_factor(3);
    MockCluster::start(ClusterConfig::new(3).topic_with(spec)).await.unwrap()
}

/// Sends `from..to` as values, one partition after another.
async fn send(cluster: &MockCluster, from: i32, to: i32) {
    let servers = cluster.bootstrap_servers();
    let config = ProducerConfig::new(servers.split(',')).compression(Compression::Lz4);
    let producer = Producer::connect(config).await.unwrap();
    for number in from..to {
        let record = producer::Record::to("orders").partition(number % 3).value(number.to_string());
        let record = record.timestamp(1_000 + i64::from(number));
        drop(producer.send(record).await.unwrap());
    }
    producer.close(WATCHDOG).await.unwrap();
}

async fn reader(cluster: &MockCluster, start: Start) -> Reader {
    let mut reader = Reader::connect(&cluster.bootstrap_servers()).await.unwrap();
    reader.assign("orders", Partitions::All, start).await.unwrap();
    reader
}

fn number(record: &Record) -> i32 {
    std::str::from_utf8(record.value.as_deref().unwrap()).unwrap().parse().unwrap()
}

/// The numbers read, each partition's in the order they came.
#[track_caller]
fn assert_are(records: &[Record], from: i32, to: i32) {
    for partition in 0..3 {
        let of_partition = records.iter().filter(|record| record.partition == partition);
        assert!(
            of_partition.map(number).eq((from..to).filter(|number| number % 3 == partition)),
            "{partition}"
        );
    }
}

#[tokio::test]
async fn everything_is_read_to_the_end_and_then_what_follows() {
    let cluster = cluster().await;
    send(&cluster, 0, 3_000).await;
    let mut reader = reader(&cluster, Start::Earliest).await;
    assert_are(&reader.read_to_end().await.unwrap(), 0, 3_000);
    assert!(reader.read_to_end().await.unwrap().is_empty());
    send(&cluster, 3_000, 3_300).await;
    assert_are(&reader.read_to_end().await.unwrap(), 3_000, 3_300);
    assert!(reader.positions().all(|(_, _, position)| position == Some(1_100)));
}

#[tokio::test]
async fn a_record_that_is_still_to_come_is_waited_for() {
    let cluster = cluster().await;
    send(&cluster, 0, 30).await;
    let mut reader = reader(&cluster, Start::Latest).await;
    let (record, ()) = tokio::join!(reader.next(), send(&cluster, 30, 31));
    assert_eq!(number(&record.unwrap()), 30);
}

#[tokio::test]
async fn waiting_can_be_given_up_and_taken_up_again() {
    let cluster = cluster().await;
    let mut reader = reader(&cluster, Start::Earliest).await;
    for _ in 0..20 {
        // However far it got, nothing is lost.
        assert!(tokio::time::timeout(Duration::from_micros(300), reader.next()).await.is_err());
    }
    send(&cluster, 0, 300).await;
    assert_are(&reader.read_to_end().await.unwrap(), 0, 300);
}

#[tokio::test]
async fn reading_begins_where_it_is_told() {
    let cluster = cluster().await;
    send(&cluster, 0, 300).await;
    for (start, from) in
        [(Start::Offset(90), 270), (Start::Timestamp(1_270), 270), (Start::Timestamp(9_999), 300)]
    {
        let mut reader = reader(&cluster, start).await;
        assert_are(&reader.read_to_end().await.unwrap(), from, 300);
    }
    let mut reader = Reader::connect(&cluster.bootstrap_servers()).await.unwrap();
    reader.assign("orders", Partitions::Only(vec![2]), Start::Earliest).await.unwrap();
    assert!(reader.read_to_end().await.unwrap().iter().all(|record| record.partition == 2));
}

#[tokio::test]
async fn leaders_that_move_are_followed() {
    let cluster = cluster().await;
    let mut reader = reader(&cluster, Start::Earliest).await;
    for round in 0..6 {
        for partition in 0..3 {
            let broker = BrokerId((round + partition) % 3 + 1);
            cluster.move_leader("orders", partition, broker).unwrap();
        }
        send(&cluster, round * 300, (round + 1) * 300).await;
        assert_are(&reader.read_to_end().await.unwrap(), round * 300, (round + 1) * 300);
    }
}

#[tokio::test]
async fn what_may_go_away_is_asked_again() {
    let fail = Reaction::Fail;
    let cases = [
        (ApiKey::FETCH, fail(ErrorCode::NOT_LEADER_OR_FOLLOWER)),
        (ApiKey::FETCH, fail(ErrorCode::UNKNOWN_LEADER_EPOCH)),
        (ApiKey::FETCH, Reaction::DropRequest),
        (ApiKey::FETCH, Reaction::DropResponse),
        (ApiKey::LIST_OFFSETS, fail(ErrorCode::LEADER_NOT_AVAILABLE)),
        (ApiKey::LIST_OFFSETS, Reaction::DropResponse),
    ];
    for (api, reaction) in cases {
        let cluster = cluster().await;
        send(&cluster, 0, 300).await;
        let fault = cluster.add_fault(Fault::on(api).first(3).then(reaction.clone()));
        let mut reader = reader(&cluster, Start::Earliest).await;
        assert_are(&reader.read_to_end().await.unwrap(), 0, 300);
        assert_eq!(cluster.fault_hits(fault), Some(3), "{api} {reaction:?}");
    }
}

#[tokio::test]
async fn what_stays_wrong_is_an_error_that_names_the_partition() {
    let cluster = cluster().await;
    send(&cluster, 0, 300).await;
    let denied = Reaction::Fail(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    cluster.add_fault(Fault::on(ApiKey::FETCH).topic("orders").partition(1).then(denied));
    let mut reader = reader(&cluster, Start::Earliest).await;
    let mut records = Vec::new();
    let error = loop {
        match reader.next().await {
            Ok(record) => records.push(record),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    assert!(error.to_string().contains("Fetch: partition orders-1: TOPIC_AUTHORIZATION_FAILED"), "{error}");
    assert!(cluster.bootstrap_servers().contains(error.address().unwrap()));
    // The others can still be read.
    while records.len() < 200 {
        records.push(reader.next().await.unwrap());
    }
    assert!(records.iter().all(|record| record.partition != 1));
}

#[tokio::test]
async fn an_offset_that_is_not_there_is_an_error_or_a_new_start() {
    let cluster = cluster().await;
    send(&cluster, 0, 30).await;
    let mut reader = reader(&cluster, Start::Offset(999)).await;
    let error = reader.next().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::OFFSET_OUT_OF_RANGE));
    assert!(error.to_string().contains("offset 999 of partition orders-"), "{error}");

    let mut options = ReaderOptions::default();
    options.reset = Some(Reset::Earliest);
    let mut reader = Reader::connect_with(&cluster.bootstrap_servers(), options).await.unwrap();
    reader.assign("orders", Partitions::All, Start::Offset(999)).await.unwrap();
    let mut records = Vec::new();
    while records.len() < 30 {
        records.push(reader.next().await.unwrap());
    }
    assert_are(&records, 0, 30);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let cluster = cluster().await;
    let mut reader = Reader::connect(&cluster.bootstrap_servers()).await.unwrap();
    let error = reader.assign("nope", Partitions::All, Start::Earliest).await.unwrap_err();
    assert!(error.to_string().contains("Metadata: topic nope: UNKNOWN_TOPIC_OR_PARTITION"), "{error}");
    let error = reader.assign("orders", Partitions::Only(vec![3]), Start::Earliest).await.unwrap_err();
    assert!(error.to_string().contains("partition orders-3"), "{error}");
    assert!(reader.next().await.unwrap_err().to_string().contains("no partition is left"));

    for servers in ["", " , ", "nonsense", "127.0.0.1:1", "127.0.0.1:99999"] {
        let error = Reader::connect(servers).await.unwrap_err();
        assert!(!error.to_string().is_empty(), "{servers}");
    }
}

#[tokio::test]
async fn patience_ends_when_no_broker_answers_any_more() {
    let cluster = cluster().await;
    let mut options = ReaderOptions::default();
    options.patience = Duration::from_millis(300);
    let mut reader = Reader::connect_with(&cluster.bootstrap_servers(), options).await.unwrap();
    reader.assign("orders", Partitions::All, Start::Earliest).await.unwrap();
    cluster.stop().await;
    let error = tokio::time::timeout(WATCHDOG, reader.next()).await.unwrap().unwrap_err();
    assert!(error.is_retriable(), "{error}");
}

#[tokio::test]
async fn a_server_that_speaks_no_kafka_is_found_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answers: [&[u8]; 4] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"",
        &[0, 0, 0, 6, 0, 0, 0, 9, 0, 0],
    ];
    for answer in answers {
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
        };
        let (error, ()) = tokio::join!(Reader::connect(&address), serve);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(&address) && error.contains("ApiVersions"), "{error}");
    }
}

#[tokio::test]
async fn a_broker_that_only_knows_the_first_api_versions_is_understood() {
    // What a broker of long ago says to version 3: unsupported, in version 0, and which versions it has.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        for error_code in [ErrorCode::UNSUPPORTED_VERSION, ErrorCode::NONE] {
            let mut length = [0; 4];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut length).await.unwrap();
            let mut frame = vec![0; u32::from_be_bytes(length) as usize];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut frame).await.unwrap();
            asked.push(i16::from_be_bytes([frame[2], frame[3]]));
            let mut body = frame[4..8].to_vec();
            body.extend(error_code.0.to_be_bytes());
            body.extend([0, 0, 0, 1, 0, 18, 0, 0, 0, 0]);
            tokio::io::AsyncWriteExt::write_all(&mut stream, &(body.len() as u32).to_be_bytes())
                .await
                .unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, &body).await.unwrap();
        }
        (asked, stream)
    };
    let (reader, (asked, _stream)) = tokio::join!(Reader::connect(&address), serve);
    assert_eq!(asked, [3, 0]);
    // And an API that it does not have is named as such.
    let error = reader.unwrap().assign("t", Partitions::All, Start::Earliest).await.unwrap_err();
    assert!(
        error.to_string().contains("Metadata: no version in common: we have 0-13, the broker has none"),
        "{error}"
    );
}

/// A broker that says of its one partition, `t-0`, what the test wants, right or wrong.
#[derive(Clone)]
struct Liar {
    leader: BrokerId,
    end: i64,
    fetched: PartitionData,
    port: i32,
    fetches: Arc<AtomicUsize>,
}

impl Liar {
    async fn listen(leader: BrokerId, end: i64, fetched: PartitionData) -> (Self, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port().into();
        (Self { leader, end, fetched, port, fetches: Arc::default() }, listener)
    }

    /// Reads from it until that fails, with little patience; gives the error, and how often records were asked for.
    async fn read(leader: BrokerId, end: i64, fetched: PartitionData) -> (String, usize) {
        let (liar, listener) = Self::listen(leader, end, fetched).await;
        let (address, fetches) = (liar.address(), Arc::clone(&liar.fetches));
        let serve = tokio::spawn(liar.accept(listener));
        let mut options = ReaderOptions::default();
        options.patience = Duration::from_millis(300);
        options.reset = Some(Reset::Latest);
        let mut reader = Reader::connect_with(&address, options).await.unwrap();
        let read = async {
            reader.assign("t", Partitions::All, Start::Offset(0)).await?;
            reader.next().await
        };
        let error = tokio::time::timeout(WATCHDOG, read).await.unwrap().unwrap_err();
        serve.abort();
        (error.to_string(), fetches.load(Ordering::Relaxed))
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    async fn accept(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(self.clone().serve(stream));
        }
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut length = [0; 4];
        while stream.read_exact(&mut length).await.is_ok() {
            let mut frame = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut frame).await.unwrap();
            let (header, _) = RequestHeader::read(&frame.into()).unwrap();
            let answer = self.answer(header.request_api_key);
            let frame = encode_response(header.request_api_version, header.correlation_id, &answer).unwrap();
            stream.write_all(&frame.into_bytes()).await.unwrap();
        }
    }

    fn answer(&self, api_key: ApiKey) -> Response {
        match api_key {
            ApiKey::API_VERSIONS => {
                let offered = [(ApiKey::FETCH, 12), (ApiKey::LIST_OFFSETS, 7), (ApiKey::METADATA, 12)];
                let offered = offered.map(|(key, version)| ApiVersion {
                    api_key: key.0,
                    min_version: version,
                    max_version: version,
                    ..Default::default()
                });
                Response::ApiVersions(ApiVersionsResponse { api_keys: offered.into(), ..Default::default() })
            }
            ApiKey::METADATA => {
                let host = "127.0.0.1".into();
                let broker = MetadataResponseBroker {
                    node_id: BrokerId(1),
                    host,
                    port: self.port,
                    ..Default::default()
                };
                let partition = MetadataResponsePartition { leader_id: self.leader, ..Default::default() };
                let topic = MetadataResponseTopic {
                    name: Some("t".into()),
                    partitions: vec![partition],
                    ..Default::default()
                };
                let (brokers, topics) = (vec![broker], vec![topic]);
                Response::Metadata(MetadataResponse { brokers, topics, ..Default::default() })
            }
            ApiKey::LIST_OFFSETS => {
                let partitions =
                    vec![ListOffsetsPartitionResponse { offset: self.end, ..Default::default() }];
                let topics =
                    vec![ListOffsetsTopicResponse { name: "t".into(), partitions, ..Default::default() }];
                Response::ListOffsets(ListOffsetsResponse { topics, ..Default::default() })
            }
            _ => {
                self.fetches.fetch_add(1, Ordering::Relaxed);
                let partitions = vec![self.fetched.clone()];
                let responses =
                    vec![FetchableTopicResponse { topic: "t".into(), partitions, ..Default::default() }];
                Response::Fetch(FetchResponse { responses, ..Default::default() })
            }
        }
    }
}

#[tokio::test]
async fn a_broker_that_leads_nowhere_is_not_asked_for_ever() {
    let cut = |size: i32| {
        let mut batch = vec![0; 60];
        batch[8..12].copy_from_slice(&size.to_be_bytes());
        batch[16] = 2;
        let records = Some(Records::from(Bytes::from(batch)));
        PartitionData { records, ..Default::default() }
    };
    let out_of_range = PartitionData { error_code: ErrorCode::OFFSET_OUT_OF_RANGE, ..Default::default() };
    let leader = BrokerId(1);
    let cases = [
        (leader, 0, cut(100), "Fetch: partition t-0: no whole record from offset 0 on"),
        (leader, 0, cut(i32::MAX), "Fetch: partition t-0: no whole record from offset 0 on"),
        (leader, 7, out_of_range.clone(), "Fetch: offset 7 of partition t-0: OFFSET_OUT_OF_RANGE"),
        (leader, -1, out_of_range, "Fetch: offset -1 of partition t-0: OFFSET_OUT_OF_RANGE"),
        (BrokerId::NONE, 0, cut(100), "Metadata: partition t-0: LEADER_NOT_AVAILABLE"),
    ];
    for (leader, end, fetched, expected) in cases {
        let (error, fetches) = Liar::read(leader, end, fetched).await;
        assert!(error.contains(expected), "{error}");
        // Between two fetches is a pause of 50 ms: in 300 ms there is no time for many.
        assert!(fetches <= 10, "{expected}: {fetches} fetches");
    }
}

/// Vectors of `legacy.jsonl` of the golden records: bytes that Kafka's Java library wrote, and the records they hold.
const LEGACY: &str = include_str!("data/legacy.jsonl");

#[tokio::test]
async fn message_sets_of_formats_0_and_1_are_read_as_kafka_reads_them() {
    for line in LEGACY.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let expected = vector["records"].as_array().unwrap();
        let end = expected.last().unwrap()["offset"].as_i64().unwrap() + 1;
        let records = Some(Records::from(unhex(&vector["hex"]).unwrap()));
        let fetched = PartitionData { records, ..Default::default() };
        let (liar, listener) = Liar::listen(BrokerId(1), end, fetched).await;
        let address = liar.address();
        let serve = tokio::spawn(liar.accept(listener));

        let mut reader = Reader::connect(&address).await.unwrap();
        reader.assign("t", Partitions::All, Start::Offset(0)).await.unwrap();
        let read = tokio::time::timeout(WATCHDOG, reader.read_to_end()).await.unwrap().unwrap();
        serve.abort();
        assert_eq!(read.len(), expected.len(), "{}", vector["name"]);
        for (record, expected) in read.iter().zip(expected) {
            assert_eq!(json!(record.offset), expected["offset"], "{}", vector["name"]);
            assert_eq!(json!(record.timestamp), expected["timestamp"], "{}", vector["name"]);
            assert_eq!(record.key, unhex(&expected["key"]), "{}", vector["name"]);
            assert_eq!(record.value, unhex(&expected["value"]), "{}", vector["name"]);
            let kind = record.timestamp_type.map_or("NoTimestampType".to_owned(), |kind| format!("{kind:?}"));
            assert_eq!(json!(kind), vector["timestampType"], "{}", vector["name"]);
            assert!(record.headers.is_empty() && record.leader_epoch == -1);
        }
    }
}

/// The bytes that are given in hex; `None` of null.
fn unhex(value: &Value) -> Option<Bytes> {
    let digits = value.as_str()?.as_bytes();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    Some(digits.as_chunks::<2>().0.iter().map(byte).collect())
}
