//! The crate rskafka: its codec is private, and opened for its own fuzzers.

use std::hint::black_box;
use std::io::Cursor;

use bytes::Bytes;
use milena_bench::row::Compression;
use rskafka::protocol::record::{
    ControlBatchOrRecords, Record, RecordBatch, RecordBatchCompression as Codec, RecordBatchTimestampType,
};
use rskafka::protocol::traits::{ReadType, WriteType};

use milena_bench::contestants::{Lap, lap};
use milena_bench::inputs::{Contents, FIRST_TIMESTAMP, Inputs};
use milena_bench::row::Row;

/// How it does the row. It has record batches only: its messages stop at older versions than are raced.
pub fn work(row: Row, inputs: &Inputs) -> Option<Lap> {
    let (batch_a, batch_b) = (&inputs.batch_a, &inputs.batch_b);
    Some(match row {
        Row::EncodeA => encode(&inputs.a, Codec::NoCompression),
        Row::EncodeB => encode(&inputs.b, Codec::NoCompression),
        Row::Compress(compression) => encode(&inputs.a, codec(compression)),
        Row::ReadA | Row::OwnA => read(batch_a.clone(), &inputs.a),
        Row::ReadB => read(batch_b.clone(), &inputs.b),
        Row::Inflate(compression) => read(batch(&inputs.a, codec(compression)), &inputs.a),
        _ => return None,
    })
}

/// Stops the race if it does not write the very bytes that we write.
pub fn check(inputs: &Inputs) {
    assert_eq!(batch(&inputs.a, Codec::NoCompression), inputs.batch_a, "batch A of rskafka");
    assert_eq!(batch(&inputs.b, Codec::NoCompression), inputs.batch_b, "batch B of rskafka");
}

fn codec(compression: Compression) -> Codec {
    match compression {
        Compression::None => Codec::NoCompression,
        Compression::Gzip => Codec::Gzip,
        Compression::Snappy => Codec::Snappy,
        Compression::Lz4 => Codec::Lz4,
        Compression::Zstd => Codec::Zstd,
    }
}

fn records(contents: &Contents, codec: Codec) -> RecordBatch {
    let record = |(index, (key, value)): (usize, &(Bytes, Bytes))| Record {
        timestamp_delta: index as i64,
        offset_delta: index as i32,
        key: Some(key.to_vec()),
        value: Some(value.to_vec()),
        headers: Vec::new(),
    };
    let last = contents.records.len() - 1;
    RecordBatch {
        base_offset: 0,
        partition_leader_epoch: -1,
        last_offset_delta: last as i32,
        first_timestamp: FIRST_TIMESTAMP,
        max_timestamp: FIRST_TIMESTAMP + last as i64,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: 0,
        records: ControlBatchOrRecords::Records(contents.records.iter().enumerate().map(record).collect()),
        compression: codec,
        is_transactional: false,
        timestamp_type: RecordBatchTimestampType::CreateTime,
    }
}

fn batch(contents: &Contents, codec: Codec) -> Bytes {
    let mut buffer = Vec::new();
    records(contents, codec).write(&mut buffer).expect("records that can be written");
    Bytes::from(buffer)
}

fn encode(contents: &Contents, codec: Codec) -> Lap {
    let batch = records(contents, codec);
    let mut buffer = Vec::new();
    lap(move || {
        buffer.clear();
        black_box(&batch).write(&mut buffer).expect("records that can be written");
    })
}

fn read(batch: Bytes, contents: &Contents) -> Lap {
    let expected = contents.sizes();
    lap(move || {
        let batch = RecordBatch::read(&mut Cursor::new(&black_box(&batch)[..])).expect("a batch of its own");
        let ControlBatchOrRecords::Records(records) = batch.records else { panic!("it holds records") };
        let mut sizes = (0, 0);
        for record in &records {
            sizes.0 += record.key.as_ref().map_or(0, Vec::len);
            sizes.1 += record.value.as_ref().map_or(0, Vec::len);
        }
        assert_eq!(sizes, expected);
    })
}
