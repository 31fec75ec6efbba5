//! Record batches, byte for byte, against those that the Java client wrote.
//!
//! Of every vector: the batches are found where they lie, every header field and every value of every record is as the
//! JSON says, and a batch built anew from them has the same bytes; where it is compressed, it inflates to the same.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use harness::rows::unhex;
use protocol::names::ProducerId;
use protocol::records::{
    BatchBuilder, BatchOptions, Compression, ControlRecord, Limits, Part, Record, RecordBatch, RecordSet,
    TimestampType, batches, rewrite_header,
};
use serde_json::Value;

use super::sha256::sha256;
use super::summary::Summary;

#[path = "legacy.rs"]
mod legacy;

/// What went wrong, as a sentence.
type Outcome<T = ()> = Result<T, String>;

/// The files there must be, each with vectors in it.
const FILES: [&str; 4] = ["control", "large", "legacy", "v2"];

/// Compares the files of `dir`, the folder `records` of the golden vectors, and prints a line for each.
pub(crate) fn run(dir: &Path) -> Summary {
    let mut all = Summary::default();
    for name in FILES {
        let summary = file(&dir.join(format!("{name}.jsonl")));
        summary.print(&format!("records/{name}"));
        all.add(summary);
    }
    all
}

fn file(path: &Path) -> Summary {
    let mut summary = Summary::default();
    let text = fs::read_to_string(path).unwrap_or_else(|error| {
        summary.failures.push(format!("{}: {error}", path.display()));
        String::new()
    });
    for line in text.lines() {
        match serde_json::from_str::<Value>(line) {
            Ok(vector) => summary.count(vector["name"].as_str().unwrap_or("?"), compare(&vector)),
            Err(error) => summary.failures.push(format!("{}: {error}", path.display())),
        }
    }
    if summary.vectors == 0 {
        summary.failures.push(format!("{}: it holds no vector", path.display()));
    }
    summary
}

fn compare(vector: &Value) -> Outcome {
    let bytes = Bytes::from(hex(&vector["hex"])?);
    let expected = list(&vector["batches"])?;
    let records = list(&vector["records"])?;
    let mut position = 0;
    let mut cut = 0;
    let mut found = 0;
    for part in batches(&bytes) {
        let part = part.map_err(text)?;
        if let Part::Cut { have, missing } = part {
            cut = have;
            same("whether bytes are missing", missing > 0, true)?;
            continue;
        }
        let expected = expected.get(found).ok_or("more batches than expected")?;
        same("position", position, number(&expected["position"])?)?;
        let first = number(&expected["firstRecord"])? as usize;
        let count = number(&expected["records"])? as usize;
        let records = &records[first..first + count];
        let outcome = match &part {
            Part::Batch(batch) => compare_batch(batch, expected, records),
            Part::Legacy(batch) => legacy::compare(batch, expected, records),
            other => Err(format!("a part that is not expected: {other:?}")),
        };
        outcome.map_err(|difference| format!("batch {found}: {difference}"))?;
        position += number(&expected["sizeInBytes"])?;
        found += 1;
    }
    same("batches", found, expected.len())?;
    same("trailing bytes", cut as i64, number(&vector["trailingBytes"])?)
}

fn compare_batch(batch: &RecordBatch, expected: &Value, records: &[Value]) -> Outcome {
    compare_header(batch, expected)?;
    let set = batch.records(&Limits::default()).map_err(text)?;
    if batch.is_compressed() {
        compare_bytes("payload", Some(set.payload()), &expected["payload"])?;
    }
    same("count", set.iter().count(), records.len())?;
    for (index, (record, expected)) in set.iter().zip(records).enumerate() {
        let record = record.map_err(text)?;
        compare_record(&record, expected, batch.header().attributes.is_control())
            .map_err(|difference| format!("record {index}: {difference}"))?;
    }
    compare_owned(&set)?;
    compare_rebuilt(batch, &set, expected)
}

fn compare_header(batch: &RecordBatch, expected: &Value) -> Outcome {
    let header = batch.header();
    let attributes = header.attributes;
    let numbers = [
        ("sizeInBytes", batch.size() as i64),
        ("baseOffset", header.base_offset),
        ("batchLength", header.batch_length.into()),
        ("partitionLeaderEpoch", header.partition_leader_epoch.into()),
        ("magic", header.magic.into()),
        ("crc", header.crc.into()),
        ("attributes", attributes.0.into()),
        ("lastOffsetDelta", header.last_offset_delta.into()),
        ("baseTimestamp", header.base_timestamp),
        ("maxTimestamp", header.max_timestamp),
        ("producerId", header.producer_id.0),
        ("producerEpoch", header.producer_epoch.into()),
        ("baseSequence", header.base_sequence.into()),
        ("recordCount", header.record_count.into()),
    ];
    for (name, value) in numbers {
        same(name, value, number(&expected[name])?)?;
    }
    let compression = attributes.compression().map_err(text)?;
    same("compression", Some(compression.name()), expected["compression"].as_str())?;
    let timestamp_type = format!("{:?}", attributes.timestamp_type());
    same("timestampType", Some(&timestamp_type[..]), expected["timestampType"].as_str())?;
    same("isTransactional", Some(attributes.is_transactional()), expected["isTransactional"].as_bool())?;
    same("isControl", Some(attributes.is_control()), expected["isControl"].as_bool())?;
    same("deleteHorizonMs", header.delete_horizon_ms(), expected["deleteHorizonMs"].as_i64())?;
    batch.verify_crc().map_err(text)
}

fn compare_record(record: &Record<'_>, expected: &Value, control: bool) -> Outcome {
    same("offset", record.offset, number(&expected["offset"])?)?;
    same("timestamp", record.timestamp, number(&expected["timestamp"])?)?;
    same("sequence", i64::from(record.sequence), number(&expected["sequence"])?)?;
    compare_bytes("key", record.key, &expected["key"])?;
    compare_bytes("value", record.value, &expected["value"])?;
    let headers = list(&expected["headers"])?;
    same("headers", record.headers.len(), headers.len())?;
    for (header, expected) in record.headers.into_iter().zip(headers) {
        same("header key", Some(header.key), expected[0].as_str())?;
        compare_bytes("header value", header.value, &expected[1])?;
    }
    if !control {
        return Ok(());
    }
    let control = ControlRecord::read(record).map_err(text)?;
    same("controlType", Some(control.name()), expected["controlType"].as_str())
}

fn compare_owned(set: &RecordSet) -> Outcome {
    let owned = set.to_owned().map_err(text)?;
    same("owned records", owned.len(), set.len())?;
    for (record, owned) in set.iter().zip(&owned) {
        let record = record.map_err(text)?;
        same("owned offset and time", (owned.offset, owned.timestamp), (record.offset, record.timestamp))?;
        same("owned key", owned.key(), record.key)?;
        same("owned value", owned.value(), record.value)?;
        same("owned headers", owned.headers(), record.headers)?;
    }
    Ok(())
}

fn compare_rebuilt(batch: &RecordBatch, set: &RecordSet, expected: &Value) -> Outcome {
    let [head, records] =
        rewrite_header(batch, batch.header().base_offset, batch.header().partition_leader_epoch, None);
    same("rewritten header", [&head[..], &records].concat(), batch.bytes().to_vec())?;

    let rebuilt = rebuild(set, expected)?;
    if !batch.is_compressed() {
        same("rebuilt bytes", &rebuilt, batch.bytes())?;
        return compare_control(batch, set, expected);
    }
    let rebuilt = match batches(&rebuilt).next() {
        Some(Ok(Part::Batch(rebuilt))) => rebuilt,
        other => return Err(format!("rebuilt, it reads as {other:?}")),
    };
    let payload = rebuilt.records(&Limits::default()).map_err(text)?;
    same("rebuilt payload", payload.payload(), set.payload())?;
    let mut header = *rebuilt.header();
    header.batch_length = batch.header().batch_length;
    header.crc = batch.header().crc;
    same("rebuilt header", &header, batch.header())
}

/// A control batch is built from what its record says, too.
fn compare_control(batch: &RecordBatch, set: &RecordSet, expected: &Value) -> Outcome {
    for record in set.iter().filter(|_| batch.header().attributes.is_control()) {
        let record = record.map_err(text)?;
        let control = ControlRecord::read(&record).map_err(text)?;
        let built = control.batch(record.timestamp, options(set, expected)?).map_err(text)?;
        same("built from what it says", &built, batch.bytes())?;
    }
    Ok(())
}

/// The batch as the JSON describes it, with records that were compared with it already.
fn rebuild(set: &RecordSet, expected: &Value) -> Outcome<Bytes> {
    let base_offset = number(&expected["baseOffset"])?;
    let base_timestamp = number(&expected["baseTimestamp"])?;
    let max_timestamp = number(&expected["maxTimestamp"])?;
    let mut builder = BatchBuilder::new(Vec::new(), options(set, expected)?);
    for record in set {
        let record = record.map_err(text)?;
        let timestamp = base_timestamp + record.timestamp_delta;
        builder
            .append_with_offset(record.offset, timestamp, record.key, record.value, record.headers)
            .map_err(text)?;
    }
    builder.extend_to(base_offset + number(&expected["lastOffsetDelta"])?).map_err(text)?;
    if set.is_empty() {
        builder.set_max_timestamp(max_timestamp);
    }
    builder.build().map_err(text)
}

fn options(set: &RecordSet, expected: &Value) -> Outcome<BatchOptions> {
    let max_timestamp = number(&expected["maxTimestamp"])?;
    let log_append_time = set.header().attributes.timestamp_type() == TimestampType::LogAppendTime;
    Ok(BatchOptions {
        compression: expected["compression"]
            .as_str()
            .and_then(Compression::from_name)
            .ok_or("no known compression")?,
        log_append_time: log_append_time.then_some(max_timestamp),
        producer_id: ProducerId(number(&expected["producerId"])?),
        producer_epoch: number(&expected["producerEpoch"])? as i16,
        base_sequence: number(&expected["baseSequence"])? as i32,
        base_offset: number(&expected["baseOffset"])?,
        partition_leader_epoch: number(&expected["partitionLeaderEpoch"])? as i32,
        transactional: expected["isTransactional"] == true,
        control: expected["isControl"] == true,
        delete_horizon_ms: expected["deleteHorizonMs"].as_i64(),
        ..BatchOptions::default()
    })
}

/// A byte string is given in hex, a long one by its length and hash.
fn compare_bytes(name: &str, bytes: Option<&[u8]>, expected: &Value) -> Outcome {
    match (bytes, expected) {
        (None, Value::Null) => Ok(()),
        (Some(bytes), Value::String(_)) => same(name, bytes, &hex(expected)?[..]),
        (Some(bytes), Value::Object(_)) => {
            same(name, bytes.len() as i64, number(&expected["len"])?)?;
            same(name, Some(&sha256(bytes)[..]), expected["sha256"].as_str())
        }
        (bytes, expected) => Err(format!("{name} is {bytes:?}, not {expected}")),
    }
}

fn same<T: PartialEq + Debug>(name: &str, found: T, expected: T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    let short = |value: &T| format!("{value:?}").chars().take(400).collect::<String>();
    Err(format!("{name} is {}, not {}", short(&found), short(&expected)))
}

fn number(value: &Value) -> Outcome<i64> {
    value.as_i64().ok_or_else(|| format!("{value} where a number is expected"))
}

fn list(value: &Value) -> Outcome<&Vec<Value>> {
    value.as_array().ok_or_else(|| format!("{value} where a list is expected"))
}

fn hex(value: &Value) -> Outcome<Vec<u8>> {
    value.as_str().and_then(unhex).ok_or_else(|| format!("{value} where hex digits are expected"))
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
