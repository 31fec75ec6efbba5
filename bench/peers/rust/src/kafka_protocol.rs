//! The crate kafka-protocol.

use std::hint::black_box;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, BrokerId, MetadataResponse, ProduceRequest, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{
    Decodable, Encodable, StrBytes, decode_request_header_from_buffer, encode_request_header_into_buffer,
};
use kafka_protocol::records::{
    Compression as Codec, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use milena_bench::row::Compression;

use milena_bench::contestants::{Lap, lap};
use milena_bench::inputs::{Contents, FIRST_TIMESTAMP, Inputs};
use milena_bench::row::Row;

/// How it does the row. It has one way to read records, and one to write requests.
pub fn work(row: Row, inputs: &Inputs) -> Option<Lap> {
    let (batch_a, batch_b) = (&inputs.batch_a, &inputs.batch_b);
    Some(match row {
        Row::EncodeA => encode(&inputs.a, Codec::None),
        Row::EncodeB => encode(&inputs.b, Codec::None),
        Row::Compress(compression) => encode(&inputs.a, codec(compression)),
        Row::ReadA | Row::OwnA => read(batch_a.clone(), &inputs.a),
        Row::ReadB => read(batch_b.clone(), &inputs.b),
        Row::Inflate(compression) => read(batch(&inputs.a, codec(compression)), &inputs.a),
        Row::ProduceEncode | Row::ProduceSplice => encode_produce(batch_a),
        Row::ProduceDecode => decode_produce(inputs.produce.clone()),
        Row::MetadataEncode => encode_metadata(),
        Row::MetadataDecode => decode_metadata(inputs.metadata.clone()),
        Row::Murmur2 => return None,
    })
}

/// Stops the race if it does not write the very bytes that we write.
pub fn check(inputs: &Inputs) {
    assert_eq!(batch(&inputs.a, Codec::None), inputs.batch_a, "batch A of kafka-protocol");
    assert_eq!(batch(&inputs.b, Codec::None), inputs.batch_b, "batch B of kafka-protocol");
    let mut buffer = BytesMut::new();
    write_produce(&mut buffer, &produce_header(), &produce_request(&inputs.batch_a));
    assert_eq!(buffer, inputs.produce, "the produce request of kafka-protocol");
    buffer.clear();
    write_metadata(&mut buffer, &metadata_response());
    assert_eq!(buffer, inputs.metadata, "the metadata response of kafka-protocol");
}

fn codec(compression: Compression) -> Codec {
    match compression {
        Compression::None => Codec::None,
        Compression::Gzip => Codec::Gzip,
        Compression::Snappy => Codec::Snappy,
        Compression::Lz4 => Codec::Lz4,
        Compression::Zstd => Codec::Zstd,
    }
}

fn records(contents: &Contents) -> Vec<Record> {
    let record = |(index, (key, value)): (usize, &(Bytes, Bytes))| Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset: index as i64,
        sequence: index as i32,
        timestamp: FIRST_TIMESTAMP + index as i64,
        key: Some(key.clone()),
        value: Some(value.clone()),
        headers: Default::default(),
    };
    contents.records.iter().enumerate().map(record).collect()
}

fn write(buffer: &mut BytesMut, records: &[Record], codec: Codec) {
    let options = RecordEncodeOptions { version: 2, compression: codec };
    RecordBatchEncoder::encode(buffer, records, &options).expect("records that can be written");
}

fn batch(contents: &Contents, codec: Codec) -> Bytes {
    let mut buffer = BytesMut::new();
    write(&mut buffer, &records(contents), codec);
    buffer.freeze()
}

fn encode(contents: &Contents, codec: Codec) -> Lap {
    let records = records(contents);
    let mut buffer = BytesMut::new();
    lap(move || {
        buffer.clear();
        write(&mut buffer, black_box(&records), codec);
    })
}

fn read(batch: Bytes, contents: &Contents) -> Lap {
    let expected = contents.sizes();
    lap(move || {
        let set = RecordBatchDecoder::decode(&mut black_box(&batch).clone()).expect("a batch of its own");
        let mut sizes = (0, 0);
        for record in &set.records {
            sizes.0 += record.key.as_ref().map_or(0, |key| key.len());
            sizes.1 += record.value.as_ref().map_or(0, |value| value.len());
        }
        assert_eq!(sizes, expected);
    })
}

fn produce_header() -> RequestHeader {
    RequestHeader::default()
        .with_request_api_key(ApiKey::Produce as i16)
        .with_request_api_version(9)
        .with_correlation_id(7)
        .with_client_id(Some(StrBytes::from_static_str("bench")))
}

fn produce_request(batch: &Bytes) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_index(0).with_records(Some(batch.clone()));
    let topic = TopicProduceData::default()
        .with_name(TopicName(StrBytes::from_static_str("topic")))
        .with_partition_data(vec![partition]);
    ProduceRequest::default().with_acks(-1).with_timeout_ms(30_000).with_topic_data(vec![topic])
}

fn write_produce(buffer: &mut BytesMut, header: &RequestHeader, request: &ProduceRequest) {
    buffer.put_i32(0);
    encode_request_header_into_buffer(buffer, header).expect("a header that can be written");
    request.encode(buffer, header.request_api_version).expect("a request that can be written");
    patch_length(buffer);
}

fn patch_length(buffer: &mut BytesMut) {
    let length = buffer.len() as i32 - 4;
    buffer[..4].copy_from_slice(&length.to_be_bytes());
}

fn encode_produce(batch: &Bytes) -> Lap {
    let (header, request) = (produce_header(), produce_request(batch));
    let mut buffer = BytesMut::new();
    lap(move || {
        buffer.clear();
        write_produce(&mut buffer, &header, black_box(&request));
    })
}

fn decode_produce(frame: Bytes) -> Lap {
    lap(move || {
        let mut frame = black_box(&frame).clone();
        frame.advance(4);
        let header = decode_request_header_from_buffer(&mut frame).expect("a header");
        ProduceRequest::decode(&mut frame, header.request_api_version).expect("a request")
    })
}

fn metadata_response() -> MetadataResponse {
    let replicas = vec![BrokerId(0), BrokerId(1), BrokerId(2)];
    let partition = |index: i32| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(index % 3))
            .with_leader_epoch(5)
            .with_replica_nodes(replicas.clone())
            .with_isr_nodes(replicas.clone())
    };
    let topic = |number: u128| {
        let id = (0x1234_5678_9abc_def0_u128 << 64 | number).to_be_bytes();
        MetadataResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_string(format!("topic-name-{number:04}")))))
            .with_topic_id(uuid::Uuid::from_bytes(id))
            .with_partitions((0..10).map(partition).collect())
    };
    let broker = |id: i32| {
        MetadataResponseBroker::default()
            .with_node_id(BrokerId(id))
            .with_host(StrBytes::from_string(format!("broker-{id}.kafka.example.internal")))
            .with_port(9092)
    };
    MetadataResponse::default()
        .with_brokers((0..3).map(broker).collect())
        .with_cluster_id(Some(StrBytes::from_static_str("abcdefghijklmnopqrstuv")))
        .with_controller_id(BrokerId(1))
        .with_topics((0..100).map(topic).collect())
}

fn write_metadata(buffer: &mut BytesMut, response: &MetadataResponse) {
    buffer.put_i32(0);
    ResponseHeader::default().with_correlation_id(7).encode(buffer, 1).expect("a header that can be written");
    response.encode(buffer, 12).expect("a response that can be written");
    patch_length(buffer);
}

fn encode_metadata() -> Lap {
    let response = metadata_response();
    let mut buffer = BytesMut::new();
    lap(move || {
        buffer.clear();
        write_metadata(&mut buffer, black_box(&response));
    })
}

fn decode_metadata(frame: Bytes) -> Lap {
    lap(move || {
        let mut frame = black_box(&frame).clone();
        frame.advance(4);
        ResponseHeader::decode(&mut frame, 1).expect("a header");
        MetadataResponse::decode(&mut frame, 12).expect("a response")
    })
}
