//! A client of a few lines, and what it asks.

use std::time::Duration;

use bytes::BytesMut;
use milena_mock_broker::MockCluster;
use protocol::ResponseHeader;
use protocol::api::RequestMessage;
use protocol::frame::{Framer, encode_request};
use protocol::messages::fetch::{FetchPartition, FetchTopic};
use protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use protocol::messages::{FetchRequest, ProduceRequest};
use protocol::names::Acks;
use protocol::records::{BatchBuilder, BatchOptions};
use protocol::wire::{Message, Records};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A client that sends one request after another.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) received: BytesMut,
    correlation_id: i32,
}

impl Client {
    pub(crate) async fn connect(cluster: &MockCluster, broker: usize) -> Self {
        let stream = TcpStream::connect(cluster.addresses()[broker - 1]).await.unwrap();
        Self { stream, received: BytesMut::new(), correlation_id: 0 }
    }

    pub(crate) async fn send<M: RequestMessage>(&mut self, version: i16, request: &M) {
        self.correlation_id += 1;
        let frame = encode_request(self.correlation_id, Some("test"), version, request).unwrap();
        self.stream.write_all(&frame.into_bytes()).await.unwrap();
    }

    /// The next answer; `None` if the broker closes the connection instead.
    pub(crate) async fn receive<M: RequestMessage>(&mut self, version: i16) -> Option<(i32, M::Response)> {
        loop {
            if let Some(frame) = Framer::default().next(&mut self.received).unwrap() {
                let (header, body) = ResponseHeader::read(M::KEY, version, &frame).unwrap();
                return Some((header.correlation_id, M::Response::read(&body, version).unwrap()));
            }
            match within(self.stream.read_buf(&mut self.received)).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub(crate) async fn ask<M: RequestMessage>(&mut self, version: i16, request: &M) -> Option<M::Response> {
        self.send(version, request).await;
        let (correlation_id, response) = self.receive::<M>(version).await?;
        assert_eq!(correlation_id, self.correlation_id);
        Some(response)
    }
}

/// A guard against hanging, far above what anything here takes.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it hangs")
}

pub(crate) fn produce(topic: &str, acks: i16, value: &[u8]) -> ProduceRequest {
    let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
    builder.append(-1, None, Some(value), []).unwrap();
    let records = Some(Records::from(builder.build().unwrap()));
    let data = PartitionProduceData { index: 0, records, ..Default::default() };
    let topic = TopicProduceData { name: topic.into(), partition_data: vec![data], ..Default::default() };
    ProduceRequest { acks: Acks(acks), timeout_ms: 1000, topic_data: vec![topic], ..Default::default() }
}

pub(crate) fn fetch(topic: &str, offset: i64, max_wait_ms: i32) -> FetchRequest {
    let partition =
        FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 24, ..Default::default() };
    let topic = FetchTopic { topic: topic.into(), partitions: vec![partition], ..Default::default() };
    FetchRequest { max_wait_ms, min_bytes: 1, topics: vec![topic], ..Default::default() }
}
