//! The header of a batch, and walking from batch to batch without touching records.

use bytes::Bytes;

use super::crc::{crc32c, crc32c_append};
use super::legacy::{self, LegacyBatch};
use super::{Attributes, Decompressor, Limits, RecordSet, TimestampType};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::names::ProducerId;
use crate::parse::{self, Parsed, Reason, be_i8, be_i16, be_i32, be_i64, be_u32};

/// Bytes before the first record of a batch.
pub const HEADER_SIZE: usize = 61;

/// Where the length field ends: what it counts begins here.
const OVERHEAD: usize = 12;
/// Where the magic byte lies, in every format there ever was.
const MAGIC: usize = 16;
const CRC: usize = 17;
/// From here on the checksum counts.
const CHECKED: usize = 21;
const MAX_TIMESTAMP: usize = 35;
const PRODUCER_ID: usize = 43;
const PRODUCER_EPOCH: usize = 51;
const BASE_SEQUENCE: usize = 53;

/// The header of a batch of magic 2, with the values as they lie on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// The offset of the first record; set by the broker.
    pub base_offset: i64,
    /// Bytes of the batch after this field.
    pub batch_length: i32,
    /// The leader's epoch when the batch was appended; set by the broker, outside the checksum.
    pub partition_leader_epoch: i32,
    /// The format: 2.
    pub magic: i8,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Compression and flags.
    pub attributes: Attributes,
    /// The last record's offset, less `base_offset`; kept when compaction removes that record.
    pub last_offset_delta: i32,
    /// What the records' timestamps are counted from, in milliseconds; the delete horizon, if there is one.
    pub base_timestamp: i64,
    /// The highest timestamp of a record; with [`TimestampType::LogAppendTime`], that of all.
    pub max_timestamp: i64,
    /// The idempotent producer, or −1.
    pub producer_id: ProducerId,
    /// The epoch of the producer, or −1.
    pub producer_epoch: i16,
    /// The first record's sequence number, or −1.
    pub base_sequence: i32,
    /// How many records follow.
    pub record_count: i32,
}

impl BatchHeader {
    /// Where the bytes begin that `batch_length` counts.
    pub(super) const LENGTH_COUNTS_FROM: usize = OVERHEAD;

    /// The offset of the last record, or of where it was before compaction.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.base_offset.wrapping_add(i64::from(self.last_offset_delta))
    }

    /// The offset after the last.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.last_offset().wrapping_add(1)
    }

    /// The sequence number of the last record, or −1. After 2³¹−1 comes 0.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        sequence_after(self.base_sequence, self.last_offset_delta)
    }

    /// When the cleaner may drop the batch's tombstones (KIP-534), in milliseconds.
    #[must_use]
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.attributes.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// The time of all records, where the broker set it.
    pub(super) fn log_append_time(&self) -> Option<i64> {
        (self.attributes.timestamp_type() == TimestampType::LogAppendTime).then_some(self.max_timestamp)
    }
}

/// The sequence number `steps` after `sequence`, which has 31 bits and no sign; −1 stays −1.
#[inline]
pub(super) fn sequence_after(sequence: i32, steps: i32) -> i32 {
    if sequence < 0 { -1 } else { sequence.wrapping_add(steps) & i32::MAX }
}

/// The batches that lie one after another in `records`, the content of a records field.
///
/// Only headers are read; neither checksums nor records are looked at. The iterator ends after an error and after
/// a cut batch.
///
/// ```
/// use milena_protocol::records::{Part, batches};
///
/// let cut = bytes::Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 70]);
/// let part = batches(&cut).next().unwrap()?;
/// assert!(matches!(part, Part::Cut { have: 12, missing: 70 }));
/// # Ok::<(), milena_protocol::DecodeError>(())
/// ```
#[must_use]
pub fn batches(records: &Bytes) -> Batches {
    Batches { input: records.clone(), position: 0 }
}

/// The iterator of [`batches`].
#[derive(Clone, Debug)]
pub struct Batches {
    input: Bytes,
    position: usize,
}

/// What [`batches`] finds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Part {
    /// A whole batch.
    Batch(RecordBatch),
    /// A whole message of format 0 or 1, which brokers do not take any more.
    Legacy(LegacyBatch),
    /// The beginning of a batch that does not end here. Brokers fill a fetch answer up to its limit, so this is common
    /// and no error: the next fetch, from that batch's offset, begins with it.
    Cut {
        /// Bytes of it that are here.
        have: usize,
        /// Bytes of it that are not; the fewest it can be if its length is cut off too.
        ///
        /// Its length claims so many, up to 2 GiB: whoever waits for them sets a bound.
        missing: usize,
    },
}

impl Iterator for Batches {
    type Item = Result<Part, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.input.len() {
            return None;
        }
        let start = self.position;
        let rest = self.input.slice(start..);
        let part = part(&rest);
        self.position = match &part {
            Ok(Part::Batch(batch)) => start + batch.size(),
            Ok(Part::Legacy(batch)) => start + batch.size(),
            Ok(Part::Cut { .. }) | Err(_) => self.input.len(),
        };
        Some(part.map_err(|error| error.shifted_by(start)))
    }
}

impl std::iter::FusedIterator for Batches {}

/// What is at the start of `input`.
fn part(input: &Bytes) -> Result<Part, DecodeError> {
    let size = batch_size(input)?;
    if size > input.len() {
        return Ok(Part::Cut { have: input.len(), missing: size - input.len() });
    }
    let whole = input.slice(..size);
    match whole[MAGIC] {
        2 => RecordBatch::whole(whole).map(Part::Batch),
        _ => LegacyBatch::whole(whole).map(Part::Legacy),
    }
}

/// How many bytes the batch at the start of `input` has, all of it; the fewest it can have if `input` does not say.
fn batch_size(input: &[u8]) -> Result<usize, DecodeError> {
    // The magic is looked at first: another format has another shortest length.
    let shortest = match input.get(MAGIC) {
        Some(2) => HEADER_SIZE,
        None | Some(0 | 1) => legacy::OVERHEAD + legacy::SHORTEST,
        Some(&magic) => return Err(DecodeError::new(DecodeErrorKind::UnknownMagic(magic as i8), MAGIC)),
    };
    let Some((length, _)) = input.get(8..).and_then(|input| input.split_first_chunk()) else {
        return Ok(shortest);
    };
    let size = usize::try_from(i32::from_be_bytes(*length)).map(|length| length.saturating_add(OVERHEAD));
    match size {
        Ok(size) if size >= shortest => Ok(size),
        _ => {
            let rule = DecodeErrorKind::InvalidRecord("a batch whose length is less than its header takes");
            Err(DecodeError::new(rule, 8))
        }
    }
}

/// The header of a batch; the input goes on with the records.
fn header(input: &[u8]) -> Parsed<'_, BatchHeader> {
    let (input, base_offset) = be_i64(input)?;
    let (input, batch_length) = be_i32(input)?;
    let (input, partition_leader_epoch) = be_i32(input)?;
    let (after_magic, magic) = be_i8(input)?;
    if magic != 2 {
        return parse::fail(input, Reason::Magic(magic));
    }
    let (input, crc) = be_u32(after_magic)?;
    let (input, attributes) = be_i16(input)?;
    let (input, last_offset_delta) = be_i32(input)?;
    let (input, base_timestamp) = be_i64(input)?;
    let (input, max_timestamp) = be_i64(input)?;
    let (input, producer_id) = be_i64(input)?;
    let (input, producer_epoch) = be_i16(input)?;
    let (input, base_sequence) = be_i32(input)?;
    let (input, record_count) = be_i32(input)?;
    let header = BatchHeader {
        base_offset,
        batch_length,
        partition_leader_epoch,
        magic,
        crc,
        attributes: Attributes(attributes),
        last_offset_delta,
        base_timestamp,
        max_timestamp,
        producer_id: ProducerId(producer_id),
        producer_epoch,
        base_sequence,
        record_count,
    };
    Ok((input, header))
}

/// A whole batch: its header, read, and its bytes, a slice of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBatch {
    header: BatchHeader,
    bytes: Bytes,
}

impl RecordBatch {
    /// Reads the header of a batch that ends where `bytes` does.
    fn whole(bytes: Bytes) -> Result<Self, DecodeError> {
        let (_, header) = parse::parse(header, &bytes)?;
        Ok(Self { header, bytes })
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// All bytes of the batch.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many bytes that is.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the records are compressed, in a way that is known or not.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        !matches!(self.header.attributes.compression(), Ok(super::Compression::None))
    }

    /// Compares the checksum with the bytes.
    ///
    /// # Errors
    /// [`DecodeErrorKind::CrcMismatch`], with both values.
    pub fn verify_crc(&self) -> Result<(), DecodeError> {
        let stored = self.header.crc;
        let computed = crc32c(&self.bytes[CHECKED..]);
        if stored == computed {
            Ok(())
        } else {
            Err(DecodeError::new(DecodeErrorKind::CrcMismatch { stored, computed }, CRC))
        }
    }

    /// Checks the batch, inflates its records if they are compressed, and gives them to be iterated.
    ///
    /// # Errors
    /// A wrong checksum, an unknown compression or one that is not built in, records that do not inflate or
    /// inflate to more than `limits` allow, a count that the bytes cannot back. Each record is checked when the
    /// iterator comes to it.
    pub fn records(&self, limits: &Limits) -> Result<RecordSet, DecodeError> {
        self.records_with(&mut Decompressor::new(), limits)
    }

    /// The same with a decompressor that the caller keeps, whose tables and contexts are used again.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn records_with(
        &self,
        decompressor: &mut Decompressor,
        limits: &Limits,
    ) -> Result<RecordSet, DecodeError> {
        self.verify_crc()?;
        let compression = self.header.attributes.compression()?;
        let payload = self.bytes.slice(HEADER_SIZE..);
        RecordSet::new(self.header, payload, compression, decompressor, limits)
    }
}

/// Writes the producer into a built batch, and its checksum anew: what a producer does when a retry gets a new epoch.
///
/// # Errors
/// Nothing is written if `batch` is of another format than 2 ([`DecodeErrorKind::UnknownMagic`]), which has no place for
/// a producer, or shorter than a header ([`DecodeErrorKind::UnexpectedEnd`]).
pub fn set_producer(
    batch: &mut [u8],
    producer_id: ProducerId,
    producer_epoch: i16,
    base_sequence: i32,
) -> Result<(), DecodeError> {
    match batch.get(MAGIC).copied() {
        Some(2) | None => {}
        Some(magic) => {
            return Err(DecodeError::new(DecodeErrorKind::UnknownMagic(magic as i8), MAGIC));
        }
    }
    if batch.len() < HEADER_SIZE {
        let (needed, remaining) = (HEADER_SIZE, batch.len());
        return Err(DecodeError::new(DecodeErrorKind::UnexpectedEnd { needed, remaining }, 0));
    }
    put(batch, PRODUCER_ID, producer_id.0.to_be_bytes());
    put(batch, PRODUCER_EPOCH, producer_epoch.to_be_bytes());
    put(batch, BASE_SEQUENCE, base_sequence.to_be_bytes());
    let crc = crc32c(&batch[CHECKED..]);
    put(batch, CRC, crc.to_be_bytes());
    Ok(())
}

/// What a broker does when it appends a batch: a header with the offset and epoch it assigns, and the records as they
/// came, a slice of `batch`. Together they are the batch to store.
///
/// Offset and epoch lie outside the checksum, so that it need not be computed. With `log_append_time` the batch
/// gets that time for all its records, and a new checksum.
#[must_use]
pub fn rewrite_header(
    batch: &RecordBatch,
    base_offset: i64,
    partition_leader_epoch: i32,
    log_append_time: Option<i64>,
) -> [Bytes; 2] {
    let mut head = [0; HEADER_SIZE];
    head.copy_from_slice(&batch.bytes[..HEADER_SIZE]);
    let records = batch.bytes.slice(HEADER_SIZE..);
    put(&mut head, 0, base_offset.to_be_bytes());
    put(&mut head, OVERHEAD, partition_leader_epoch.to_be_bytes());
    if let Some(time) = log_append_time {
        let attributes = batch.header.attributes.with_timestamp_type(TimestampType::LogAppendTime);
        put(&mut head, CHECKED, attributes.0.to_be_bytes());
        put(&mut head, MAX_TIMESTAMP, time.to_be_bytes());
        let crc = crc32c_append(crc32c(&head[CHECKED..]), &records);
        put(&mut head, CRC, crc.to_be_bytes());
    }
    [Bytes::copy_from_slice(&head), records]
}

/// Writes `header` over the first bytes of `batch`, with length and checksum computed.
pub(super) fn write_header(batch: &mut [u8], header: &BatchHeader) {
    put(batch, 0, header.base_offset.to_be_bytes());
    put(batch, 8, header.batch_length.to_be_bytes());
    put(batch, OVERHEAD, header.partition_leader_epoch.to_be_bytes());
    put(batch, MAGIC, header.magic.to_be_bytes());
    put(batch, CHECKED, header.attributes.0.to_be_bytes());
    put(batch, 23, header.last_offset_delta.to_be_bytes());
    put(batch, 27, header.base_timestamp.to_be_bytes());
    put(batch, MAX_TIMESTAMP, header.max_timestamp.to_be_bytes());
    put(batch, PRODUCER_ID, header.producer_id.0.to_be_bytes());
    put(batch, PRODUCER_EPOCH, header.producer_epoch.to_be_bytes());
    put(batch, BASE_SEQUENCE, header.base_sequence.to_be_bytes());
    put(batch, 57, header.record_count.to_be_bytes());
    let crc = crc32c(&batch[CHECKED..]);
    put(batch, CRC, crc.to_be_bytes());
}

#[inline]
fn put<const N: usize>(batch: &mut [u8], at: usize, bytes: [u8; N]) {
    batch[at..at + N].copy_from_slice(&bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{BatchBuilder, BatchOptions, Compression, Header, LegacyBuilder, LegacyFormat};

    fn batch(compression: Compression) -> Bytes {
        let options = BatchOptions { compression, producer_id: ProducerId(7), ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(Vec::new(), options);
        builder.append(1000, Some(b"key"), Some(&[7; 100]), [Header::new("h", b"x")]).unwrap();
        builder.append(1001, None, Some(b"value"), []).unwrap();
        builder.build().unwrap()
    }

    fn only(bytes: &Bytes) -> RecordBatch {
        match batches(bytes).next() {
            Some(Ok(Part::Batch(batch))) => batch,
            other => panic!("{other:?}"),
        }
    }

    /// Everything that a reader does with bytes.
    fn read_all(bytes: &Bytes) -> Result<usize, DecodeError> {
        let mut count = 0;
        for part in batches(bytes) {
            if let Part::Batch(batch) = part? {
                for record in batch.records(&Limits::inflated_bytes(1 << 20))?.iter() {
                    count += 1 + record?.headers.iter().count();
                }
            }
        }
        Ok(count)
    }

    #[test]
    fn batches_are_found_one_after_another() {
        let one = batch(Compression::None);
        let joined = Bytes::from([&one[..], &one, &one].concat());
        assert_eq!(batches(&joined).filter(|part| matches!(part, Ok(Part::Batch(_)))).count(), 3);
        assert_eq!(batches(&Bytes::new()).count(), 0);
    }

    #[test]
    fn a_cut_batch_says_how_much_is_missing() {
        let whole = batch(Compression::None);
        for have in 1..whole.len() {
            let missing = match batches(&whole.slice(..have)).next() {
                Some(Ok(Part::Cut { have: found, missing })) if found == have => missing,
                other => panic!("{have}: {other:?}"),
            };
            // Without a length it is no shorter than the shortest message there ever was.
            let expected = if have < OVERHEAD { 26 } else { whole.len() } - have;
            assert_eq!(missing, expected, "{have}");
        }
    }

    #[test]
    fn a_cut_batch_after_a_whole_one_loses_nothing() {
        let whole = batch(Compression::None);
        let joined = Bytes::from([&whole[..], &whole[..70]].concat());
        let mut parts = batches(&joined);
        assert!(matches!(parts.next(), Some(Ok(Part::Batch(_)))));
        assert!(matches!(parts.next(), Some(Ok(Part::Cut { have: 70, .. }))));
        assert!(parts.next().is_none());
    }

    #[test]
    fn headers_that_cannot_be_are_errors_at_their_place() {
        let whole = batch(Compression::None);
        let changed = |at: usize, bytes: &[u8]| {
            let mut broken = [&whole[..], &whole].concat();
            broken[whole.len() + at..][..bytes.len()].copy_from_slice(bytes);
            let mut parts = batches(&Bytes::from(broken));
            assert!(matches!(parts.next(), Some(Ok(Part::Batch(_)))));
            let error = parts.next().unwrap().unwrap_err();
            assert!(parts.next().is_none());
            assert_eq!(error.offset(), whole.len() + at);
            error
        };
        assert_eq!(*changed(MAGIC, &[9]).kind(), DecodeErrorKind::UnknownMagic(9));
        assert!(matches!(changed(8, &[0, 0, 0, 48]).kind(), DecodeErrorKind::InvalidRecord(_)));
        assert!(matches!(changed(8, &[0xff; 4]).kind(), DecodeErrorKind::InvalidRecord(_)));
    }

    #[test]
    fn a_prefix_of_a_batch_is_cut_and_a_flipped_bit_an_error() {
        for compression in Compression::ALL.into_iter().filter(|compression| compression.is_built_in()) {
            let whole = batch(compression);
            assert_eq!(read_all(&whole).unwrap(), 3);
            for end in 0..whole.len() {
                assert_eq!(read_all(&whole.slice(..end)).unwrap(), 0, "{compression} {end}");
            }
            for at in 0..whole.len() {
                for bit in 0..8 {
                    let mut flipped = whole.to_vec();
                    flipped[at] ^= 1 << bit;
                    let read = read_all(&Bytes::from(flipped));
                    // Offset and leader epoch lie outside the checksum; a longer batch is a cut one.
                    let harmless = at < 8 || (OVERHEAD..MAGIC).contains(&at);
                    let outcome =
                        if harmless { matches!(read, Ok(3)) } else { matches!(read, Err(_) | Ok(0)) };
                    assert!(outcome, "{compression} {at} {bit}: {read:?}");
                }
            }
        }
    }

    #[test]
    fn damage_behind_a_right_checksum_never_panics() {
        for compression in Compression::ALL.into_iter().filter(|compression| compression.is_built_in()) {
            let whole = batch(compression);
            for at in HEADER_SIZE - 4..whole.len() {
                for value in [0, 1, 3, 0x7f, 0x80, 0xff, whole[at] ^ 1, whole[at] ^ 0x10] {
                    let mut damaged = whole.to_vec();
                    damaged[at] = value;
                    let crc = crc32c(&damaged[CHECKED..]);
                    put(&mut damaged, CRC, crc.to_be_bytes());
                    let _ = read_all(&Bytes::from(damaged));
                }
            }
            // Cut behind the header, with length and checksum set right.
            for end in HEADER_SIZE..whole.len() {
                let mut cut = whole[..end].to_vec();
                put(&mut cut, 8, ((end - OVERHEAD) as i32).to_be_bytes());
                let crc = crc32c(&cut[CHECKED..]);
                put(&mut cut, CRC, crc.to_be_bytes());
                assert!(read_all(&Bytes::from(cut)).is_err(), "{compression} {end}");
            }
        }
    }

    #[test]
    fn an_unknown_compression_is_an_error() {
        let mut unknown = batch(Compression::None).to_vec();
        unknown[22] = 5;
        let crc = crc32c(&unknown[CHECKED..]);
        put(&mut unknown, CRC, crc.to_be_bytes());
        let batch = only(&Bytes::from(unknown));
        assert!(batch.is_compressed());
        let error = batch.records(&Limits::default()).unwrap_err();
        assert_eq!(*error.kind(), DecodeErrorKind::UnknownCompression(5));
    }

    #[test]
    fn a_codec_that_is_not_built_in_is_named() {
        for compression in Compression::ALL.into_iter().filter(|compression| !compression.is_built_in()) {
            let mut compressed = batch(Compression::None).to_vec();
            compressed[22] = compression.id();
            let crc = crc32c(&compressed[CHECKED..]);
            put(&mut compressed, CRC, crc.to_be_bytes());
            let error = only(&Bytes::from(compressed)).records(&Limits::default()).unwrap_err();
            let feature = compression.name();
            assert_eq!(*error.kind(), DecodeErrorKind::CompressionNotBuiltIn { feature });
            assert!(error.to_string().contains(&format!("turn on the feature `{feature}`")), "{error}");
        }
    }

    #[test]
    fn a_producer_is_written_into_a_built_batch() {
        let mut built = batch(Compression::None).to_vec();
        set_producer(&mut built, ProducerId(9), 3, 17).unwrap();
        let batch = only(&Bytes::from(built));
        let header = batch.header();
        assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (ProducerId(9), 3, 17));
        batch.verify_crc().unwrap();
    }

    #[test]
    fn a_producer_is_not_written_where_there_is_no_place_for_one() {
        let mut legacy = LegacyBuilder::new(LegacyFormat::V1, Compression::None);
        legacy.append(0, 0, None, Some(&[7; 100])).unwrap();
        let cut = &batch(Compression::None)[..HEADER_SIZE - 1];
        let (needed, remaining) = (HEADER_SIZE, HEADER_SIZE - 1);
        for (bytes, kind) in [
            (&legacy.build().unwrap()[..], DecodeErrorKind::UnknownMagic(1)),
            (cut, DecodeErrorKind::UnexpectedEnd { needed, remaining }),
            (&[], DecodeErrorKind::UnexpectedEnd { needed, remaining: 0 }),
        ] {
            let mut given = bytes.to_vec();
            let error = set_producer(&mut given, ProducerId(9), 3, 17).unwrap_err();
            assert_eq!((error.kind(), &given[..]), (&kind, bytes));
        }
    }

    #[test]
    fn a_broker_places_a_batch_without_touching_its_records() {
        let produced = only(&batch(Compression::None));
        let [head, records] = rewrite_header(&produced, 500, 4, None);
        assert_eq!(records.as_ptr(), produced.bytes()[HEADER_SIZE..].as_ptr());
        let stored = only(&Bytes::from([head, records].concat()));
        assert_eq!((stored.header().base_offset, stored.header().next_offset()), (500, 502));
        assert_eq!((stored.header().partition_leader_epoch, stored.header().crc), (4, produced.header().crc));
        stored.verify_crc().unwrap();
    }

    #[test]
    fn a_broker_that_sets_the_time_sets_the_checksum_too() {
        let produced = only(&batch(Compression::None));
        let stored = only(&Bytes::from(rewrite_header(&produced, 0, 0, Some(77)).concat()));
        stored.verify_crc().unwrap();
        let set = stored.records(&Limits::default()).unwrap();
        assert!(set.iter().all(|record| record.unwrap().timestamp == 77));
    }
}
