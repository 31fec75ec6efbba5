//! milena-protocol.

use std::hint::black_box;

use bytes::Bytes;
use milena_protocol::frame::encode_request;
use milena_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use milena_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use milena_protocol::messages::{MetadataResponse, ProduceRequest};
use milena_protocol::names::{Acks, BrokerId, Uuid};
use milena_protocol::records::murmur2::murmur2;
use milena_protocol::records::{
    BatchBuilder, BatchOptions, Compression, Compressor, Decompressor, Limits, Part, batches,
};
use milena_protocol::wire::{Output, Records};
use milena_protocol::{ApiKey, Message, RequestHeader, ResponseHeader};

use super::{Lap, lap};
use crate::inputs::{Contents, FIRST_TIMESTAMP, Inputs};
use crate::row::Row;

/// The versions that are raced.
const PRODUCE_VERSION: i16 = 9;
const METADATA_VERSION: i16 = 12;
const CORRELATION_ID: i32 = 7;
const CLIENT_ID: &str = "bench";

/// How we do the row.
pub fn work(row: Row, inputs: &Inputs) -> Option<Lap> {
    let (batch_a, batch_b) = (&inputs.batch_a, &inputs.batch_b);
    Some(match row {
        Row::EncodeA => encode(&inputs.a, Compression::None),
        Row::EncodeB => encode(&inputs.b, Compression::None),
        Row::Compress(compression) => encode(&inputs.a, compression),
        Row::ReadA => read(batch_a.clone(), &inputs.a),
        Row::ReadB => read(batch_b.clone(), &inputs.b),
        Row::Inflate(compression) => read(batch(&inputs.a, compression), &inputs.a),
        Row::OwnA => own(batch_a.clone(), &inputs.a),
        Row::ProduceEncode => encode_produce(batch_a),
        Row::ProduceSplice => splice_produce(batch_a),
        Row::ProduceDecode => decode_produce(inputs.produce.clone()),
        Row::MetadataEncode => encode_metadata(),
        Row::MetadataDecode => decode_metadata(inputs.metadata.clone()),
        Row::Murmur2 => {
            let key = inputs.a.records[0].0.clone();
            lap(move || murmur2(black_box(&key)))
        }
    })
}

/// The records as a batch.
#[must_use]
pub fn batch(contents: &Contents, compression: Compression) -> Bytes {
    let mut writer = Writer::new(compression);
    writer.write(&contents.records);
    Bytes::from(writer.buffer)
}

/// A framed Produce request with the batch in it.
#[must_use]
pub fn produce_frame(batch: &Bytes) -> Bytes {
    Bytes::from(write_produce(&produce_header(), &produce_request(batch), Vec::new()))
}

/// A framed Metadata response.
#[must_use]
pub fn metadata_frame() -> Bytes {
    Bytes::from(write_metadata(&metadata_response(), Vec::new()))
}

/// What a producer keeps from batch to batch.
struct Writer {
    options: BatchOptions,
    compressor: Compressor,
    buffer: Vec<u8>,
    spare: Vec<u8>,
}

impl Writer {
    fn new(compression: Compression) -> Self {
        let options = BatchOptions { compression, base_sequence: 0, ..BatchOptions::default() };
        Self { options, compressor: Compressor::new(), buffer: Vec::new(), spare: Vec::new() }
    }

    fn write(&mut self, records: &[(Bytes, Bytes)]) {
        let mut builder = BatchBuilder::new(std::mem::take(&mut self.buffer), self.options);
        for (timestamp, (key, value)) in (FIRST_TIMESTAMP..).zip(records) {
            builder.append(timestamp, Some(key), Some(value), []).expect("a record of a few bytes");
        }
        let spare = std::mem::take(&mut self.spare);
        (self.buffer, self.spare) =
            builder.build_with(&mut self.compressor, spare).expect("the codec is built in");
    }
}

fn encode(contents: &Contents, compression: Compression) -> Lap {
    let records = contents.records.clone();
    let mut writer = Writer::new(compression);
    lap(move || {
        writer.write(black_box(&records));
        // Compressed, the batch lies in what was the spare buffer: it goes on to the wire, the other one stays.
        black_box(&writer.buffer);
    })
}

fn read(batch: Bytes, contents: &Contents) -> Lap {
    let expected = contents.sizes();
    let mut decompressor = Decompressor::new();
    let limits = Limits::default();
    lap(move || {
        let mut sizes = (0, 0);
        for part in batches(black_box(&batch)) {
            let Ok(Part::Batch(batch)) = part else { panic!("our own batch is whole") };
            let records = batch.records_with(&mut decompressor, &limits).expect("our own batch is right");
            for record in &records {
                let record = record.expect("our own record is right");
                sizes.0 += record.key.map_or(0, <[u8]>::len);
                sizes.1 += record.value.map_or(0, <[u8]>::len);
            }
        }
        assert_eq!(sizes, expected);
    })
}

fn own(batch: Bytes, contents: &Contents) -> Lap {
    let expected = contents.sizes();
    let limits = Limits::default();
    lap(move || {
        let mut sizes = (0, 0);
        for part in batches(black_box(&batch)) {
            let Ok(Part::Batch(batch)) = part else { panic!("our own batch is whole") };
            let records = batch.records(&limits).expect("our own batch is right");
            for record in records.to_owned().expect("our own records are right") {
                sizes.0 += record.key().map_or(0, <[u8]>::len);
                sizes.1 += record.value().map_or(0, <[u8]>::len);
            }
        }
        assert_eq!(sizes, expected);
    })
}

fn produce_request(batch: &Bytes) -> ProduceRequest {
    ProduceRequest {
        acks: Acks::ALL,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: "topic".into(),
            partition_data: vec![PartitionProduceData {
                index: 0,
                records: Some(Records::from(batch.clone())),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn produce_header() -> RequestHeader {
    RequestHeader {
        request_api_key: ApiKey::PRODUCE,
        request_api_version: PRODUCE_VERSION,
        correlation_id: CORRELATION_ID,
        client_id: Some(CLIENT_ID.into()),
        unknown_tagged_fields: Default::default(),
    }
}

fn write_produce(header: &RequestHeader, request: &ProduceRequest, mut buffer: Vec<u8>) -> Vec<u8> {
    buffer.clear();
    let mut output = Output::new(buffer);
    output.put(&[0; 4]);
    header.write(&mut output).expect("a short client id");
    request.write(PRODUCE_VERSION, &mut output).expect("a version that there is");
    finish(output)
}

fn finish(mut output: Output) -> Vec<u8> {
    output.patch_i32(0, output.len() as i32 - 4);
    output.into_vec()
}

fn encode_produce(batch: &Bytes) -> Lap {
    let (header, request) = (produce_header(), produce_request(batch));
    let mut buffer = Vec::new();
    lap(move || buffer = write_produce(&header, black_box(&request), std::mem::take(&mut buffer)))
}

fn splice_produce(batch: &Bytes) -> Lap {
    let request = produce_request(batch);
    lap(move || encode_request(CORRELATION_ID, Some(CLIENT_ID), PRODUCE_VERSION, black_box(&request)))
}

fn decode_produce(frame: Bytes) -> Lap {
    lap(move || {
        let (header, body) = RequestHeader::read(&black_box(&frame).slice(4..)).expect("our own header");
        ProduceRequest::read(&body, header.request_api_version).expect("our own request")
    })
}

fn metadata_response() -> MetadataResponse {
    let replicas = [BrokerId(0), BrokerId(1), BrokerId(2)];
    let partition = |index: i32| MetadataResponsePartition {
        partition_index: index,
        leader_id: BrokerId(index % 3),
        leader_epoch: 5,
        replica_nodes: replicas.into(),
        isr_nodes: replicas.into(),
        ..Default::default()
    };
    let topic = |number: u128| MetadataResponseTopic {
        name: Some(format!("topic-name-{number:04}").into()),
        topic_id: Uuid::from_u128(0x1234_5678_9abc_def0 << 64 | number),
        partitions: (0..10).map(partition).collect(),
        ..Default::default()
    };
    let broker = |id| MetadataResponseBroker {
        node_id: BrokerId(id),
        host: format!("broker-{id}.kafka.example.internal").into(),
        port: 9092,
        ..Default::default()
    };
    MetadataResponse {
        brokers: (0..3).map(broker).collect(),
        cluster_id: Some("abcdefghijklmnopqrstuv".into()),
        controller_id: BrokerId(1),
        topics: (0..100).map(topic).collect(),
        ..Default::default()
    }
}

fn write_metadata(response: &MetadataResponse, mut buffer: Vec<u8>) -> Vec<u8> {
    buffer.clear();
    let mut output = Output::new(buffer);
    output.put(&[0; 4]);
    let header = ResponseHeader { correlation_id: CORRELATION_ID, unknown_tagged_fields: Default::default() };
    header.write(ApiKey::METADATA, METADATA_VERSION, &mut output).expect("a header without tagged fields");
    response.write(METADATA_VERSION, &mut output).expect("a version that there is");
    finish(output)
}

fn encode_metadata() -> Lap {
    let response = metadata_response();
    let mut buffer = Vec::new();
    lap(move || buffer = write_metadata(black_box(&response), std::mem::take(&mut buffer)))
}

fn decode_metadata(frame: Bytes) -> Lap {
    lap(move || {
        let frame = black_box(&frame).slice(4..);
        let (_, body) =
            ResponseHeader::read(ApiKey::METADATA, METADATA_VERSION, &frame).expect("our own header");
        MetadataResponse::read(&body, METADATA_VERSION).expect("our own response")
    })
}
