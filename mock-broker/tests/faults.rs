//! What a client sees of each kind of fault on the wire: a raw client, on the loopback address.

use std::io::ErrorKind;
use std::time::Duration;

use milena_mock_broker::{ClusterConfig, Fault, FaultId, MockCluster};
use protocol::api::RequestMessage;
use protocol::frame::{encode_request, encode_response};
use protocol::messages::fetch::{FetchPartition, FetchTopic};
use protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use protocol::messages::{
    ApiVersionsRequest, FetchRequest, InitProducerIdRequest, MetadataRequest, ProduceRequest,
};
use protocol::names::Acks;
use protocol::records::{BatchBuilder, BatchOptions, Part, batches};
use protocol::wire::{Message, Records};
use protocol::{ErrorCode, Response, ResponseHeader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// A client that knows nothing but bytes.
struct Client {
    stream: TcpStream,
    correlation_id: i32,
}

/// How a read ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
}

impl Client {
    async fn connect(cluster: &MockCluster) -> Self {
        let stream = TcpStream::connect(cluster.addresses()[0]).await.unwrap();
        Self { stream, correlation_id: 0 }
    }

    async fn send<M: RequestMessage>(&mut self, version: i16, request: &M) {
        self.correlation_id += 1;
        let frame = encode_request(self.correlation_id, Some("test"), version, request).unwrap();
        self.stream.write_all(&frame.into_bytes()).await.unwrap();
    }

    /// The next whole frame, its length included.
    async fn frame(&mut self) -> Vec<u8> {
        let mut frame = vec![0; 4];
        within(self.stream.read_exact(&mut frame)).await.unwrap();
        let length = i32::from_be_bytes(frame[..4].try_into().unwrap()) as usize;
        frame.resize(4 + length, 0);
        within(self.stream.read_exact(&mut frame[4..])).await.unwrap();
        frame
    }

    async fn ask<M: RequestMessage>(&mut self, version: i16, request: &M) -> M::Response {
        self.send(version, request).await;
        let frame = bytes::Bytes::from(self.frame().await);
        let (header, body) = ResponseHeader::read(M::KEY, version, &frame.slice(4..)).unwrap();
        assert_eq!(header.correlation_id, self.correlation_id);
        M::Response::read(&body, version).unwrap()
    }

    /// All that still comes, and how it ends.
    async fn rest(&mut self) -> (Vec<u8>, End) {
        let mut rest = Vec::new();
        match within(self.stream.read_to_end(&mut rest)).await {
            Ok(_) => (rest, End::Closed),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                (rest, End::Reset)
            }
        }
    }

    /// Whether the connection is open and there is nothing to read. What was written before is there by now if the
    /// broker has answered somebody else since.
    async fn is_quiet(&self, cluster: &MockCluster) -> bool {
        Self::connect(cluster).await.ask(4, &ApiVersionsRequest::default()).await;
        let read = self.stream.try_read(&mut [0]);
        read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

/// A guard against hanging, far above what anything here takes.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it hangs")
}

async fn cluster(rule: &str) -> (MockCluster, FaultId) {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("orders", 1)).await.unwrap();
    let id = cluster.add_fault(rule.parse().unwrap());
    (cluster, id)
}

fn produce() -> ProduceRequest {
    produce_of(b"v")
}

fn produce_of(value: &[u8]) -> ProduceRequest {
    let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
    builder.append(-1, None, Some(value), []).unwrap();
    let records = Some(Records::from(builder.build().unwrap()));
    let data = PartitionProduceData { index: 0, records, ..Default::default() };
    let topic = TopicProduceData { name: "orders".into(), partition_data: vec![data], ..Default::default() };
    ProduceRequest { acks: Acks(-1), timeout_ms: 1000, topic_data: vec![topic], ..Default::default() }
}

/// The bytes that answer the first produce request where nothing goes wrong.
async fn whole_answer() -> Vec<u8> {
    let (cluster, _) = cluster("on=any then=observe").await;
    let mut client = Client::connect(&cluster).await;
    client.send(9, &produce()).await;
    client.frame().await
}

fn stored(cluster: &MockCluster) -> i64 {
    cluster.topics()[0].partitions()[0].high_watermark()
}

fn error_code(response: &protocol::messages::ProduceResponse) -> ErrorCode {
    response.responses[0].partition_responses[0].error_code
}

#[tokio::test]
async fn errors_stand_in_the_answer_and_the_work_is_done_or_not() {
    for (rule, records) in [("error=NOT_ENOUGH_REPLICAS", 0), ("apply_then_error=NOT_ENOUGH_REPLICAS", 1)] {
        let (cluster, _) = cluster(&format!("on=Produce nth=1 then={rule}")).await;
        let response = Client::connect(&cluster).await.ask(9, &produce()).await;
        assert_eq!(error_code(&response), ErrorCode::NOT_ENOUGH_REPLICAS);
        assert_eq!(stored(&cluster), records, "{rule}");
    }
}

#[tokio::test]
async fn dropped_requests_and_responses_close_the_connection_with_no_byte() {
    for (rule, records) in [("drop_request", 0), ("drop_response", 1)] {
        let (cluster, _) = cluster(&format!("on=Produce then={rule}")).await;
        let mut client = Client::connect(&cluster).await;
        client.send(9, &produce()).await;
        assert_eq!(client.rest().await, (vec![], End::Closed));
        assert_eq!(stored(&cluster), records, "{rule}");
    }
}

#[tokio::test]
async fn delayed_answers_come_no_sooner() {
    for rule in ["delay_before=50ms", "delay_after=50ms"] {
        let (cluster, _) = cluster(&format!("on=Produce then={rule}")).await;
        let mut client = Client::connect(&cluster).await;
        let begin = Instant::now();
        client.ask(9, &produce()).await;
        assert!(begin.elapsed() >= Duration::from_millis(49), "{rule}: {:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn held_requests_and_answers_come_when_the_rule_is_released() {
    for (rule, records) in [("hold_before", 0), ("hold_after", 1)] {
        let (cluster, id) = cluster(&format!("on=Produce then={rule}")).await;
        let mut client = Client::connect(&cluster).await;
        client.send(9, &produce()).await;
        assert!(cluster.wait_for_hits(id, 1, Duration::from_secs(30)).await);
        assert!(client.is_quiet(&cluster).await);
        assert_eq!(stored(&cluster), records, "{rule}");
        assert!(cluster.release_fault(id));
        client.frame().await;
        assert_eq!((stored(&cluster), cluster.fault_hits(id)), (1, Some(1)), "{rule}");
    }
}

#[tokio::test]
async fn half_a_response_ends_there() {
    let whole = whole_answer().await;
    for (rule, length) in
        [("half_response", whole.len() / 2), ("half_response=10", 10), ("half_response=2", 2)]
    {
        let (cluster, _) = cluster(&format!("on=Produce then={rule}")).await;
        let mut client = Client::connect(&cluster).await;
        client.send(9, &produce()).await;
        assert_eq!(client.rest().await, (whole[..length].to_vec(), End::Closed));
    }
}

#[tokio::test]
async fn close_ends_the_connection_behind_the_answer_and_reset_breaks_it() {
    let whole = whole_answer().await;
    for (rule, expected) in [("close", (whole, End::Closed)), ("reset", (vec![], End::Reset))] {
        let (cluster, _) = cluster(&format!("on=Produce then={rule}")).await;
        let mut client = Client::connect(&cluster).await;
        client.send(9, &produce()).await;
        assert_eq!(client.rest().await, expected, "{rule}");
        assert_eq!(stored(&cluster), 1);
    }
}

#[tokio::test]
async fn damaged_answers_are_damaged_where_it_was_said() {
    let whole = whole_answer().await;
    let damaged = async |corruption: &str| {
        let (cluster, _) = cluster(&format!("on=Produce nth=1 then=corrupt={corruption}")).await;
        let mut client = Client::connect(&cluster).await;
        client.send(9, &produce()).await;
        client.stream.shutdown().await.unwrap();
        client.rest().await.0
    };
    let length = damaged("length").await;
    assert_eq!((length[3], &length[4..]), (whole[3] - 1, &whole[4..]));
    let correlation_id = damaged("correlation_id").await;
    assert_eq!((&correlation_id[4..8], &correlation_id[8..]), (&[255, 255, 255, 254][..], &whole[8..]));
    let garbage = damaged("garbage").await;
    assert!(garbage[..8] == whole[..8] && garbage[8..] != whole[8..] && garbage.len() == whole.len());
    assert_eq!(damaged("raw:0000000158").await, b"\0\0\0\x01X");
}

#[tokio::test]
async fn a_damaged_checksum_is_found_by_who_compares() {
    let (cluster, _) = cluster("on=Fetch nth=1 then=corrupt=crc").await;
    let mut client = Client::connect(&cluster).await;
    client.ask(9, &produce()).await;
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: "orders".into(), partitions: vec![partition], ..Default::default() };
    let fetch = FetchRequest { topics: vec![topic], ..Default::default() };
    for is_sound in [false, true] {
        let response = client.ask(12, &fetch).await;
        let records = response.responses[0].partitions[0].records.as_ref().unwrap().to_bytes();
        let Some(Ok(Part::Batch(batch))) = batches(&records).next() else { panic!("{records:?}") };
        assert_eq!(batch.verify_crc().is_ok(), is_sound);
    }
}

#[tokio::test]
async fn answers_come_twice_or_in_another_order() {
    let (cluster, _) = cluster("on=Produce nth=1 then=duplicate").await;
    let mut client = Client::connect(&cluster).await;
    client.send(9, &produce()).await;
    assert_eq!(client.frame().await, client.frame().await);

    cluster.add_fault("on=Produce nth=1 then=reorder".parse().unwrap());
    client.send(9, &produce()).await;
    client.send(9, &produce()).await;
    let (first, second) = (client.frame().await, client.frame().await);
    assert_eq!((first[7], second[7]), (3, 2));
    assert_eq!(stored(&cluster), 3);
}

#[tokio::test]
async fn a_throttled_answer_says_how_long() {
    let (cluster, _) = cluster("on=Produce then=throttle=250ms").await;
    let response = Client::connect(&cluster).await.ask(9, &produce()).await;
    assert_eq!(response.throttle_time_ms, 250);
}

#[tokio::test]
async fn slow_bytes_come_no_faster_than_they_may_and_what_follows_stays_behind_them() {
    let whole = whole_answer().await;
    let (cluster, _) = cluster("on=Produce nth=1 then=bandwidth=500").await;
    let mut client = Client::connect(&cluster).await;
    let begin = Instant::now();
    client.send(9, &produce()).await;
    client.send(9, &produce()).await;
    assert_eq!(client.frame().await, whole);
    // The first ten bytes need not wait.
    let least = Duration::from_secs(1) * (whole.len() as u32 - 20) / 500;
    assert!(begin.elapsed() >= least, "{:?} for {} bytes", begin.elapsed(), whole.len());
    assert_eq!(client.frame().await[7], 2);
}

#[tokio::test]
async fn slow_bytes_are_written_to_the_end_before_the_connection_is_closed() {
    let whole = whole_answer().await;
    let (cluster, _) = cluster("on=Produce then=bandwidth=1000").await;
    cluster.add_fault("on=Produce then=close".parse().unwrap());
    let mut client = Client::connect(&cluster).await;
    client.send(9, &produce()).await;
    assert_eq!(client.rest().await, (whole, End::Closed));
}

#[tokio::test]
async fn silence_is_an_open_connection_on_which_nothing_comes() {
    let (cluster, id) = cluster("on=Produce nth=1 then=silence").await;
    let mut client = Client::connect(&cluster).await;
    client.send(9, &produce()).await;
    client.send(4, &ApiVersionsRequest::default()).await;
    assert!(cluster.wait_for_hits(id, 1, Duration::from_secs(30)).await);
    assert!(client.is_quiet(&cluster).await);
    assert_eq!(stored(&cluster), 0);
}

#[tokio::test]
async fn a_broker_that_reads_no_more_lets_the_socket_fill_up() {
    let (cluster, id) = cluster("on=Produce nth=1 then=stop_reading").await;
    let mut client = Client::connect(&cluster).await;
    client.ask(9, &produce()).await;
    // Of one request that is larger than all the buffers between the two.
    let large = encode_request(7, None, 9, &produce_of(&[0; 32_000_000])).unwrap().into_bytes();
    let (mut refused, mut sent) = (0, 0);
    while refused < 10_000 && sent < large.len() {
        match client.stream.try_write(&large[sent..]) {
            Ok(count) => (refused, sent) = (0, sent + count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => refused += 1,
            Err(error) => panic!("{error}"),
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(refused, 10_000, "all {sent} bytes were taken");
    assert!(cluster.release_fault(id));
    within(client.stream.write_all(&large[sent..])).await.unwrap();
    assert_eq!(client.frame().await[7], 7);
}

#[tokio::test]
async fn refused_connections_are_refused_by_the_system_until_the_rule_is_released() {
    let (cluster, id) = cluster("broker=1 then=refuse_connections").await;
    let error = TcpStream::connect(cluster.addresses()[0]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(cluster.release_fault(id));
    Client::connect(&cluster).await.ask(4, &ApiVersionsRequest::default()).await;
    // Also by the clock, and those that are open stay.
    let mut open = Client::connect(&cluster).await;
    open.ask(4, &ApiVersionsRequest::default()).await;
    let id = cluster.add_fault("from=0s until=1h then=refuse_connections".parse().unwrap());
    assert!(TcpStream::connect(cluster.addresses()[0]).await.is_err());
    open.ask(4, &ApiVersionsRequest::default()).await;
    assert!(cluster.remove_fault(id));
    assert!(TcpStream::connect(cluster.addresses()[0]).await.is_ok());
}

#[tokio::test]
async fn stale_metadata_is_the_same_bytes_as_before() {
    let (cluster, _) = cluster("on=any then=observe").await;
    let ask = async || {
        let mut client = Client::connect(&cluster).await;
        let topics = None;
        client.send(12, &MetadataRequest { topics, ..Default::default() }).await;
        client.frame().await
    };
    let before = ask().await;
    let id = cluster.add_fault("on=Metadata then=stale_metadata".parse().unwrap());
    cluster.create_topic(milena_mock_broker::TopicSpec::new("later")).unwrap();
    assert_eq!(ask().await, before);
    cluster.release_fault(id);
    assert!(ask().await.len() > before.len());
}

#[tokio::test]
async fn an_older_broker_shows_less_and_closes_on_what_is_newer() {
    let (cluster, _) = cluster("then=pretend_version=Produce:7,InitProducerId:0").await;
    let mut client = Client::connect(&cluster).await;
    let response = client.ask(3, &ApiVersionsRequest::default()).await;
    let max = |key| response.api_keys.iter().find(|it| it.api_key == key).map(|it| it.max_version);
    assert_eq!((max(0), max(22), max(3)), (Some(7), Some(0), Some(13)));
    client.ask(7, &produce()).await;
    client.send(1, &InitProducerIdRequest::default()).await;
    assert_eq!(client.rest().await, (vec![], End::Closed));
}

#[tokio::test]
async fn hits_can_be_waited_for_while_rules_come_and_go() {
    let (cluster, id) = cluster("name=watch on=ApiVersions then=observe").await;
    assert_eq!(cluster.fault_named("watch"), Some(id));
    let mut client = Client::connect(&cluster).await;
    let (hit, ()) = tokio::join!(cluster.wait_for_hits(id, 3, Duration::from_secs(30)), async {
        for _ in 0..3 {
            client.ask(4, &ApiVersionsRequest::default()).await;
        }
    });
    assert!(hit);
    assert!(!cluster.wait_for_hits(id, 4, Duration::from_millis(10)).await);
    let rule = "on=ApiVersions then=close".parse::<Fault>().unwrap();
    assert!(cluster.replace_fault(id, rule));
    assert!(!cluster.wait_for_hits(id, 1, Duration::from_millis(10)).await);
    client.send(4, &ApiVersionsRequest::default()).await;
    assert_eq!(client.rest().await.1, End::Closed);
    assert!(cluster.remove_fault(id));
    assert!(!cluster.wait_for_hits(id, 1, Duration::from_millis(10)).await);
}

#[tokio::test]
async fn raw_bytes_can_be_a_whole_answer() {
    let response = protocol::messages::ApiVersionsResponse { throttle_time_ms: 7, ..Default::default() };
    let frame = encode_response(1, 1, &Response::ApiVersions(response)).unwrap().into_bytes();
    let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
    let (cluster, _) = cluster(&format!("on=ApiVersions nth=1 then=corrupt=raw:{hex}")).await;
    let response = Client::connect(&cluster).await.ask(1, &ApiVersionsRequest::default()).await;
    assert_eq!((response.throttle_time_ms, response.api_keys.len()), (7, 0));
}
