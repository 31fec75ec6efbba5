//! Targets around record batches.

use std::cell::RefCell;

use bytes::Bytes;

use super::source::Source;
use crate::names::ProducerId;
use crate::records::{
    self, BatchBuilder, BatchOptions, Compression, Compressor, Decompressor, Header, Limits, Part,
    RecordBatch,
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
    let mut repaired = data.to_vec();
    let (mut start, mut is_repaired) = (0, false);
    for part in records::batches(&data) {
        let Ok(Part::Batch(batch)) = part else { break };
        if read_batch(&batch).is_none() {
            let header = *batch.header();
            let bytes = &mut repaired[start..start + batch.size()];
            records::set_producer(bytes, header.producer_id, header.producer_epoch, header.base_sequence);
            is_repaired = true;
        }
        start += batch.size();
    }
    if is_repaired {
        let batches = records::batches(&Bytes::from(repaired));
        batches.map_while(Result::ok).for_each(|part| {
            if let Part::Batch(batch) = part {
                let _ = read_batch(&batch);
            }
        });
    }
}

/// Reads a batch to its end; `None` if its checksum does not fit.
fn read_batch(batch: &RecordBatch) -> Option<()> {
    batch.verify_crc().ok()?;
    let limits = Limits::inflated_bytes(INFLATED_BYTES);
    let set = DECOMPRESSOR.with_borrow_mut(|decompressor| batch.records_with(decompressor, &limits));
    let Ok(set) = set else { return Some(()) };
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
    Some(())
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
        Compression::Gzip => has(5).then(|| source.below(9) as i32 + 1),
        // The highest levels take megabytes of tables.
        Compression::Zstd => has(5).then(|| source.below(20) as i32 - 10),
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
