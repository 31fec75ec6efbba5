//! The part of the comparison that knows message formats 0 and 1.

use bytes::Bytes;
use protocol::records::{
    Compression, LegacyBatch, LegacyBuilder, LegacyFormat, Limits, Part, TimestampType, batches,
};
use serde_json::Value;

use super::{Outcome, compare_bytes, number, same, text};

/// Compares one message, and the records inside it.
pub(super) fn compare(batch: &LegacyBatch, expected: &Value, records: &[Value]) -> Outcome {
    compare_header(batch, expected)?;
    let set = batch.records(&Limits::default()).map_err(text)?;
    if batch.is_compressed() {
        compare_bytes("payload", Some(set.payload()), &expected["payload"])?;
    }
    same("count", set.iter().count(), records.len())?;

    let header = batch.header();
    let compression = header.attributes.compression().map_err(text)?;
    let mut builder = LegacyBuilder::new(header.format, compression);
    if header.timestamp_type() == Some(TimestampType::LogAppendTime) {
        builder = builder.log_append_time(header.timestamp);
    }
    let owned = set.to_owned().map_err(text)?;
    same("owned records", owned.len(), records.len())?;
    for ((record, owned), expected) in set.iter().zip(&owned).zip(records) {
        let record = record.map_err(text)?;
        same("owned record", (owned.offset, owned.timestamp), (record.offset, record.timestamp))?;
        same("owned key and value", (owned.key(), owned.value()), (record.key, record.value))?;
        same("owned headers", owned.headers().len(), 0)?;
        same("offset", record.offset, number(&expected["offset"])?)?;
        same("timestamp", record.timestamp, number(&expected["timestamp"])?)?;
        compare_bytes("key", record.key, &expected["key"])?;
        compare_bytes("value", record.value, &expected["value"])?;
        builder.append(record.offset, record.timestamp, record.key, record.value).map_err(text)?;
    }
    compare_rebuilt(batch, set.payload(), &builder.build().map_err(text)?)
}

fn compare_header(batch: &LegacyBatch, expected: &Value) -> Outcome {
    let header = batch.header();
    let numbers = [
        ("sizeInBytes", batch.size() as i64),
        ("offset", header.offset),
        ("size", header.size.into()),
        ("crc", header.crc.into()),
        ("magic", header.format.magic().into()),
        ("attributes", header.attributes.0.into()),
    ];
    for (name, value) in numbers {
        same(name, value, number(&expected[name])?)?;
    }
    let timestamp = (header.format == LegacyFormat::V1).then_some(header.timestamp);
    same("timestamp", timestamp, expected["timestamp"].as_i64())?;
    let compression = header.attributes.compression().map_err(text)?;
    same("compression", Some(compression.name()), expected["compression"].as_str())?;
    let timestamp_type = match header.timestamp_type() {
        Some(timestamp_type) => format!("{timestamp_type:?}"),
        None => "NoTimestampType".to_owned(),
    };
    same("timestampType", Some(&timestamp_type[..]), expected["timestampType"].as_str())?;
    batch.verify_crc().map_err(text)
}

fn compare_rebuilt(batch: &LegacyBatch, payload: &Bytes, rebuilt: &Bytes) -> Outcome {
    if batch.header().attributes.compression().map_err(text)? == Compression::None {
        return same("rebuilt bytes", rebuilt, batch.bytes());
    }
    let rebuilt = match batches(rebuilt).next() {
        Some(Ok(Part::Legacy(rebuilt))) => rebuilt,
        other => return Err(format!("rebuilt, it reads as {other:?}")),
    };
    let records = rebuilt.records(&Limits::default()).map_err(text)?;
    same("rebuilt payload", records.payload(), payload)?;
    let mut header = *rebuilt.header();
    header.size = batch.header().size;
    header.crc = batch.header().crc;
    same("rebuilt header", &header, batch.header())
}
