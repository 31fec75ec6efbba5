//! Targets around record batches.

use std::cell::RefCell;

use bytes::Bytes;

use super::source::Source;
use crate::error::DecodeErrorKind;
use crate::names::ProducerId;
use crate::records::{
    self, BatchBuilder, BatchOptions, Compression, Compressor, Decompressor, Header, LegacyBatch,
    LegacyBuilder, LegacyFormat, Limits, Part, RecordBatch,
};

/// What a batch may inflate to here.
const INFLATED_BYTES: usize = 1 << 20;

thread_local! {
    // Contexts are large, and making one is slower than most inputs.
    static DECOMPRESSOR: RefCell<Decompressor> = RefCell::default();
    static COMPRESSOR: RefCell<Compressor> = RefCell::default();
}

/// The bytes of a records field: every batch, every record, every header. Then the same again with checksums that fit,
/// for no fuzzer guesses those.
pub fn record_batch(data: &[u8]) {
    let data = Bytes::copy_from_slice(data);
    read_all(&data);
    let repaired = with_checksums(&data);
    if repaired != data {
        read_all(&repaired);
    }
}

fn read_all(field: &Bytes) {
    for part in records::batches(field) {
        match part {
            Ok(Part::Batch(batch)) => read_batch(&batch),
            Ok(Part::Legacy(batch)) => read_legacy(&batch),
            Ok(Part::Cut { have, missing }) => assert!(have < field.len() + 1 && missing > 0),
            Err(_) => {}
        }
    }
}

/// The same batches, each with the checksum that its bytes have.
fn with_checksums(field: &Bytes) -> Bytes {
    let mut bytes = field.to_vec();
    let mut start = 0;
    for part in records::batches(field) {
        let (at, wrong, size) = match part {
            Ok(Part::Batch(batch)) => (17, batch.verify_crc().err(), batch.size()),
            Ok(Part::Legacy(batch)) => (12, batch.verify_crc().err(), batch.size()),
            _ => break,
        };
        if let Some(DecodeErrorKind::CrcMismatch { computed, .. }) = wrong.as_ref().map(|error| error.kind())
        {
            bytes[start + at..][..4].copy_from_slice(&computed.to_be_bytes());
        }
        start += size;
    }
    Bytes::from(bytes)
}

fn read_batch(batch: &RecordBatch) {
    let limits = Limits::inflated_bytes(INFLATED_BYTES);
    let set = DECOMPRESSOR.with_borrow_mut(|decompressor| batch.records_with(decompressor, &limits));
    let Ok(set) = set else { return };
    assert!(!batch.is_compressed() || set.payload().len() <= INFLATED_BYTES);

    let mut whole = true;
    for record in &set {
        let Ok(record) = record else {
            whole = false;
            break;
        };
        assert_eq!(record.headers.iter().count(), record.headers.len());
    }
    if let Ok(owned) = set.to_owned() {
        assert!(whole && owned.len() == set.len());
    }
}

fn read_legacy(batch: &LegacyBatch) {
    let limits = Limits::inflated_bytes(INFLATED_BYTES);
    let set = DECOMPRESSOR.with_borrow_mut(|decompressor| batch.records_with(decompressor, &limits));
    let Ok(set) = set else { return };
    assert!(!batch.is_compressed() || set.payload().len() <= INFLATED_BYTES);
    if let Ok(owned) = set.to_owned() {
        assert_eq!(owned.len(), set.iter().count());
        for (owned, record) in owned.iter().zip(&set) {
            let record = record.expect("it was read as an owned one");
            assert_eq!((owned.offset, owned.key(), owned.value()), (record.offset, record.key, record.value));
        }
    }
    let mut left = set.payload().len();
    for record in set.iter().map_while(Result::ok) {
        // Each takes its part of the bytes, so that there is an end.
        let size = 26 + record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        left = left.checked_sub(size).expect("no more records than bytes");
    }
}

/// Any records, built into a batch with any options and read back: the same records.
pub fn builder(data: &[u8]) {
    let source = &mut Source::new(data);
    let options = options(source);
    let mut builder = BatchBuilder::new(Vec::new(), options);
    let mut appended: Vec<Appended> = Vec::new();
    while !source.is_used_up() {
        let record = Appended::roll(source);
        let headers: Vec<Header<'_>> = record.headers().collect();
        let before = builder.written_bytes();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let gap = source.byte();
        let result = if gap < 0xf0 {
            builder.append(record.timestamp, key, value, headers)
        } else {
            let next = options.base_offset.wrapping_add(i64::from(gap) + 100 * appended.len() as i64);
            builder.append_with_offset(next, record.timestamp, key, value, headers)
        };
        match result {
            Ok(delta) => appended.push(Appended { delta, ..record }),
            Err(_) => assert_eq!(builder.written_bytes(), before),
        }
    }
    let count = builder.record_count();
    assert_eq!(count, appended.len());
    let size = builder.written_bytes();
    let built = COMPRESSOR.with_borrow_mut(|compressor| builder.build_with(compressor, Vec::new()));
    let Ok((batch, _)) = built else { return };
    assert!(options.compression != Compression::None || batch.len() == size);

    let batch = Bytes::from(batch);
    let mut parts = records::batches(&batch);
    let Some(Ok(Part::Batch(batch))) = parts.next() else { panic!("the batch is not found") };
    assert!(parts.next().is_none());
    let header = batch.header();
    assert_eq!((header.producer_id, header.producer_epoch), (options.producer_id, options.producer_epoch));
    assert_eq!(header.attributes.is_transactional(), options.transactional);
    assert_eq!(header.attributes.is_control(), options.control);
    assert_eq!(header.delete_horizon_ms(), options.delete_horizon_ms);

    let limits = Limits::default();
    let set = DECOMPRESSOR.with_borrow_mut(|decompressor| batch.records_with(decompressor, &limits));
    let set = set.expect("what was built can be read");
    assert_eq!(set.len(), count);
    for (record, appended) in set.iter().zip(&appended) {
        let record = record.expect("what was built can be read");
        assert_eq!((record.key, record.value), (appended.key.as_deref(), appended.value.as_deref()));
        assert_eq!(record.offset, options.base_offset.wrapping_add(i64::from(appended.delta)));
        assert_eq!(record.timestamp, options.log_append_time.unwrap_or(appended.timestamp));
        assert!(record.headers.iter().eq(appended.headers()));
    }
    assert_eq!(set.to_owned().expect("what was built can be read").len(), count);
}

fn options(source: &mut Source<'_>) -> BatchOptions {
    let flags = source.byte();
    let has = |bit: u8| flags >> bit & 1 == 1;
    let compression = Compression::ALL[source.below(5)];
    let level = match compression {
        // Another level than the last time makes a new context, which is slow, so that it is rare; and the highest
        // levels take megabytes of tables.
        Compression::Gzip => (has(5) && has(6) && has(7)).then(|| source.below(9) as i32 + 1),
        Compression::Zstd => (has(5) && has(6) && has(7)).then(|| source.below(20) as i32 - 10),
        _ => None,
    };
    let mut options = BatchOptions { compression, level, ..BatchOptions::default() };
    options.transactional = has(0);
    options.control = has(1);
    options.log_append_time = has(2).then(|| source.number());
    options.delete_horizon_ms = has(3).then(|| source.number());
    if has(4) {
        options.producer_id = ProducerId(source.number());
        options.producer_epoch = source.number() as i16;
        options.base_sequence = source.number() as i32;
        options.base_offset = source.number();
        options.partition_leader_epoch = source.number() as i32;
    }
    options
}

/// A record as it was given to the builder.
struct Appended {
    delta: i32,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Appended {
    fn roll(source: &mut Source<'_>) -> Self {
        let flags = source.byte();
        let has = |bit: u8| flags >> bit & 1 == 1;
        let bytes = |source: &mut Source<'_>| {
            let length = source.length();
            source.bytes(length)
        };
        Self {
            delta: 0,
            timestamp: source.number(),
            key: has(0).then(|| bytes(source)),
            value: has(1).then(|| bytes(source)),
            headers: (0..flags >> 5)
                .map(|_| {
                    let length = source.length();
                    (source.text(length), source.flag().then(|| bytes(source)))
                })
                .collect(),
        }
    }

    fn headers(&self) -> impl Iterator<Item = Header<'_>> {
        self.headers.iter().map(|(key, value)| Header { key, value: value.as_deref() })
    }
}

/// A compressed stream: one byte chooses the codec and the limit, the rest is the stream.
pub fn decompression(data: &[u8]) {
    let [choice, stream @ ..] = data else { return };
    let compression = Compression::ALL[usize::from(choice % 5)];
    let limits = Limits::inflated_bytes(if choice & 0x80 == 0 { INFLATED_BYTES } else { 1 << 10 });
    let stream = Bytes::copy_from_slice(stream);
    let inflate = |limits: &Limits| {
        DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.inflate(compression, &stream, limits))
    };
    let Ok(inflated) = inflate(&limits) else { return };
    if compression == Compression::None {
        return;
    }
    assert!(inflated.len() <= limits.inflated_bytes, "more than the limit");
    assert_eq!(inflate(&limits).expect("it inflated before"), inflated, "another result the second time");
    if let Some(less) = inflated.len().checked_sub(1) {
        assert!(inflate(&Limits::inflated_bytes(less)).is_err(), "a limit that was not kept");
    }
}

/// Message formats 0 and 1. One byte chooses between any bytes as messages, any bytes as the messages within a
/// compressed one, and any records, built and read back.
pub fn legacy(data: &[u8]) {
    let [choice, rest @ ..] = data else { return };
    let format = if choice & 1 == 0 { LegacyFormat::V0 } else { LegacyFormat::V1 };
    let codecs = [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4];
    let compression = codecs[usize::from(choice >> 1 & 3)];
    match choice >> 3 & 3 {
        0 => record_batch(rest),
        1 => legacy_round_trip(format, compression, &mut Source::new(rest)),
        _ => read_all(&wrapped(format, compression, &with_checksums(&Bytes::copy_from_slice(rest)))),
    }
}

/// A message whose value is these messages, compressed.
fn wrapped(format: LegacyFormat, compression: Compression, messages: &[u8]) -> Bytes {
    let mut value = Vec::new();
    let compressed =
        COMPRESSOR.with_borrow_mut(|compressor| compressor.compress(compression, None, messages, &mut value));
    compressed.expect("all codecs are built in");
    let timestamp: &[u8] = if format == LegacyFormat::V1 { &[0; 8] } else { &[] };
    let size = 4 + 2 + timestamp.len() + 4 + 4 + value.len();
    let message = [
        &7_i64.to_be_bytes()[..],
        &(size as u32).to_be_bytes(),
        &[0; 4],
        &[format.magic() as u8, compression.id()],
        timestamp,
        &(-1_i32).to_be_bytes(),
        &(value.len() as u32).to_be_bytes(),
        &value,
    ];
    with_checksums(&Bytes::from(message.concat()))
}

fn legacy_round_trip(format: LegacyFormat, compression: Compression, source: &mut Source<'_>) {
    let mut builder = LegacyBuilder::new(format, compression);
    let mut appended: Vec<(i64, Appended)> = Vec::new();
    let mut offset = source.number();
    while !source.is_used_up() {
        let record = Appended::roll(source);
        offset = offset.wrapping_add(i64::from(source.byte() % 4));
        let result = builder.append(offset, record.timestamp, record.key.as_deref(), record.value.as_deref());
        if result.is_ok() {
            appended.push((offset, record));
        }
    }
    let field = builder.build().expect("all codecs are built in");
    let limits = Limits::default();
    let mut expected = appended.iter();
    for part in records::batches(&field) {
        let Ok(Part::Legacy(batch)) = part else { panic!("what was built is no message: {part:?}") };
        let set = batch.records(&limits).expect("what was built can be read");
        for record in &set {
            let record = record.expect("what was built can be read");
            let (offset, appended) = expected.next().expect("no more records than were appended");
            assert_eq!(record.offset, *offset);
            assert_eq!((record.key, record.value), (appended.key.as_deref(), appended.value.as_deref()));
            assert!(format == LegacyFormat::V0 || record.timestamp == appended.timestamp);
        }
    }
    assert!(expected.next().is_none(), "records were lost");
}
