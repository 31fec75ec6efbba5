//! A client that does as it is told, good or bad.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use protocol::api::RequestMessage;
use protocol::frame::{Framer, encode_request};
use protocol::messages::fetch::{FetchPartition, FetchTopic};
use protocol::messages::metadata::MetadataRequestTopic;
use protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use protocol::messages::{ApiVersionsRequest, FetchRequest, MetadataRequest, ProduceRequest};
use protocol::names::Acks;
use protocol::records::{BatchBuilder, BatchOptions};
use protocol::wire::{Message, Records};
use protocol::{ErrorCode, ResponseHeader};

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    received: BytesMut,
}

/// Against hanging: far more than anything here takes.
const WATCHDOG: Duration = Duration::from_secs(60);

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(WATCHDOG)).unwrap();
        stream.set_write_timeout(Some(WATCHDOG)).unwrap();
        Self { stream, received: BytesMut::new() }
    }

    pub(crate) fn send<M: RequestMessage>(&mut self, version: i16, request: &M) {
        self.stream.write_all(&frame(version, request)).unwrap();
    }

    /// The next answer; `None` if the broker closes the connection instead.
    pub(crate) fn receive<M: RequestMessage>(&mut self, version: i16) -> Option<M::Response> {
        loop {
            if let Some(frame) = Framer::default().next(&mut self.received).unwrap() {
                let (_, body) = ResponseHeader::read(M::KEY, version, &frame).unwrap();
                return Some(M::Response::read(&body, version).unwrap());
            }
            let mut piece = vec![0; 64 * 1024];
            match self.stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(count) => self.received.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub(crate) fn ask<M: RequestMessage>(&mut self, version: i16, request: &M) -> Option<M::Response> {
        // Who has been closed may learn it here or there.
        let _ = self.stream.write_all(&frame(version, request));
        self.receive::<M>(version)
    }

    /// Whether it is served.
    pub(crate) fn is_served(&mut self) -> bool {
        self.ask(4, &ApiVersionsRequest::default()).is_some()
    }

    /// Waits until the broker closes the connection; what it sent before is dropped.
    pub(crate) fn wait_for_end(&mut self) {
        let mut piece = vec![0; 64 * 1024];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return,
                Ok(_) => {}
                Err(error) => panic!("it is not closed: {error}"),
            }
        }
    }

    pub(crate) fn close_own_half(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Produces one batch with acks 1, and gives what the broker says.
    pub(crate) fn produce(&mut self, topic: &str, batch: &Bytes) -> ErrorCode {
        let response = self.ask(9, &produce(&[(topic, batch)])).expect("an answer");
        response.responses[0].partition_responses[0].error_code
    }
}

pub(crate) fn frame<M: RequestMessage>(version: i16, request: &M) -> Bytes {
    encode_request(1, Some("abuse"), version, request).unwrap().into_bytes()
}

/// Sends a batch to partition 0 of each topic.
pub(crate) fn produce(batches: &[(&str, &Bytes)]) -> ProduceRequest {
    let topic = |(name, batch): &(&str, &Bytes)| {
        let records = Some(Records::from((*batch).clone()));
        let data = PartitionProduceData { index: 0, records, ..Default::default() };
        TopicProduceData { name: (*name).into(), partition_data: vec![data], ..Default::default() }
    };
    let topic_data = batches.iter().map(topic).collect();
    ProduceRequest { acks: Acks(1), timeout_ms: 1000, topic_data, ..Default::default() }
}

/// A batch of one record that is so large.
pub(crate) fn batch(size: usize) -> Bytes {
    let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
    builder.append(-1, None, Some(&vec![b'x'; size]), []).unwrap();
    builder.build().unwrap()
}

pub(crate) fn fetch(topic: &str, offset: i64, max_wait_ms: i32) -> FetchRequest {
    let partition =
        FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 24, ..Default::default() };
    let topic = FetchTopic { topic: topic.into(), partitions: vec![partition], ..Default::default() };
    FetchRequest { max_wait_ms, min_bytes: 1, topics: vec![topic], ..Default::default() }
}

/// Asks about topics, which creates them.
pub(crate) fn metadata(names: impl IntoIterator<Item = String>) -> MetadataRequest {
    let topic = |name: String| MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
    MetadataRequest { topics: Some(names.into_iter().map(topic).collect()), ..Default::default() }
}
