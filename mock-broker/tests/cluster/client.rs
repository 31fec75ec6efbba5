//! A client without a socket: frames go to the core by hand, at a time that the test chooses.

use bytes::Bytes;
use milena_mock_broker::{Cluster, ClusterConfig, ConnectionId, Effect, Input};
use protocol::ResponseHeader;
use protocol::api::{RequestMessage, Response};
use protocol::frame::encode_request;
use protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData,
};
use protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use protocol::names::{Acks, BrokerId, ProducerId, Timestamp};
use protocol::records::{BatchBuilder, BatchOptions};
use protocol::wire::{Message, Records};

/// A cluster, the time, and as many connections as wanted.
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) now: Timestamp,
    connections: u64,
    correlation_id: i32,
}

/// What came back for a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply<R> {
    Answer(R),
    Closed,
    Nothing,
}

impl<R: std::fmt::Debug> Reply<R> {
    #[track_caller]
    pub(crate) fn answer(self) -> R {
        match self {
            Self::Answer(response) => response,
            other => panic!("{other:?}"),
        }
    }
}

impl World {
    /// The time is such that a test's own timestamps are near it.
    pub(crate) fn new(config: ClusterConfig) -> Self {
        let cluster = Cluster::new(config);
        Self { cluster, now: Timestamp(NOW), connections: 0, correlation_id: 0 }
    }

    /// Connects to a broker.
    pub(crate) fn connect(&mut self, broker: i32) -> ConnectionId {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.cluster.handle(Input::Opened { connection, broker: BrokerId(broker) }, self.now);
        connection
    }

    pub(crate) fn frame(&mut self, connection: ConnectionId, frame: Bytes) -> Vec<Effect> {
        self.cluster.handle(Input::Frame { connection, frame }, self.now)
    }

    /// Sends a request; gives what happens because of it.
    pub(crate) fn send<M: RequestMessage>(
        &mut self,
        connection: ConnectionId,
        version: i16,
        request: &M,
    ) -> Vec<Effect> {
        self.correlation_id += 1;
        let frame = encode_request(self.correlation_id, Some("test"), version, request).unwrap();
        self.frame(connection, frame.into_bytes().slice(4..))
    }

    /// Sends a request on a connection, and reads what comes back on it at once.
    pub(crate) fn ask<M: RequestMessage>(
        &mut self,
        connection: ConnectionId,
        version: i16,
        request: &M,
    ) -> Reply<M::Response> {
        let effects = self.send(connection, version, request);
        reply::<M>(effects, connection, version)
    }

    /// Lets time pass up to `to`, and reads what that brings on a connection.
    pub(crate) fn wait<M: RequestMessage>(
        &mut self,
        connection: ConnectionId,
        version: i16,
        to: i64,
    ) -> Reply<M::Response> {
        self.now = Timestamp(to);
        let effects = self.cluster.handle(Input::Wakeup, self.now);
        reply::<M>(effects, connection, version)
    }

    /// Produces one batch to a partition of a topic, with version 9.
    pub(crate) fn produce(
        &mut self,
        connection: ConnectionId,
        topic: &str,
        partition: i32,
        acks: i16,
        records: Option<Bytes>,
    ) -> Reply<PartitionProduceResponse> {
        let request = produce_request(topic, partition, acks, records);
        match self.ask(connection, 9, &request) {
            Reply::Answer(mut response) => {
                Reply::Answer(response.responses.remove(0).partition_responses.remove(0))
            }
            Reply::Closed => Reply::Closed,
            Reply::Nothing => Reply::Nothing,
        }
    }

    /// A new idempotent producer.
    pub(crate) fn producer_id(&mut self, connection: ConnectionId) -> ProducerId {
        let request = InitProducerIdRequest { transactional_id: None, ..Default::default() };
        let response: InitProducerIdResponse = self.ask(connection, 4, &request).answer();
        assert_eq!((response.error_code.0, response.producer_epoch), (0, 0));
        response.producer_id
    }
}

/// Some moment in 2026.
pub(crate) const NOW: i64 = 1_795_217_074_598;

/// The answer to a request of type `M` among the effects.
pub(crate) fn reply<M: RequestMessage>(
    effects: Vec<Effect>,
    on: ConnectionId,
    version: i16,
) -> Reply<M::Response> {
    for effect in effects {
        match effect {
            Effect::Send { connection, frame } if connection == on => {
                let frame = frame.into_bytes().slice(4..);
                let (_, body) = ResponseHeader::read(M::KEY, version, &frame).unwrap();
                Response::decode(M::KEY, version, &body).unwrap();
                return Reply::Answer(M::Response::read(&body, version).unwrap());
            }
            Effect::Close { connection, .. } if connection == on => return Reply::Closed,
            _ => {}
        }
    }
    Reply::Nothing
}

pub(crate) fn produce_request(
    topic: &str,
    partition: i32,
    acks: i16,
    records: Option<Bytes>,
) -> ProduceRequest {
    let data =
        PartitionProduceData { index: partition, records: records.map(Records::from), ..Default::default() };
    ProduceRequest {
        acks: Acks(acks),
        timeout_ms: 5000,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            partition_data: vec![data],
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// A batch of `count` records "k" = "v" at [`NOW`].
pub(crate) fn batch(count: usize) -> Bytes {
    batch_with(count, BatchOptions::default())
}

/// A batch of a producer, from a sequence number on.
pub(crate) fn sequenced(count: usize, producer: (ProducerId, i16), base_sequence: i32) -> Bytes {
    let (producer_id, producer_epoch) = producer;
    batch_with(count, BatchOptions { producer_id, producer_epoch, base_sequence, ..BatchOptions::default() })
}

pub(crate) fn batch_with(count: usize, options: BatchOptions) -> Bytes {
    batch_of((0..count).map(|_| (NOW, Some(&b"k"[..]), &b"v"[..])), options)
}

/// A batch of these timestamps, keys and values.
pub(crate) fn batch_of<'a>(
    records: impl IntoIterator<Item = (i64, Option<&'a [u8]>, &'a [u8])>,
    options: BatchOptions,
) -> Bytes {
    let mut builder = BatchBuilder::new(Vec::new(), options);
    for (timestamp, key, value) in records {
        builder.append(timestamp, key, Some(value), []).unwrap();
    }
    builder.build().unwrap()
}

/// A batch with some bytes overwritten and the checksum made right again.
pub(crate) fn patched(batch: &Bytes, at: usize, bytes: &[u8]) -> Bytes {
    let mut batch = batch.to_vec();
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    let crc = protocol::records::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    Bytes::from(batch)
}
