//! The header of a batch, and walking from batch to batch without touching records.

use bytes::Bytes;

use super::crc::{crc32c, crc32c_append};
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
    /// The beginning of a batch that does not end here. Brokers fill a fetch answer up to its limit, so this is common
    /// and no error: the next fetch, from that batch's offset, begins with it.
    Cut {
        /// Bytes of it that are here.
        have: usize,
        /// Bytes of it that are not; the fewest it can be if its length is cut off too.
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
        self.position = self.input.len();
        let rest = self.input.slice(start..);
        Some(
            match batch_size(&rest) {
                Ok(size) if size <= rest.len() => {
                    self.position = start + size;
                    RecordBatch::whole(rest.slice(..size)).map(Part::Batch)
                }
                Ok(size) => Ok(Part::Cut { have: rest.len(), missing: size - rest.len() }),
                Err(error) => Err(error),
            }
            .map_err(|error| error.shifted_by(start)),
        )
    }
}

impl std::iter::FusedIterator for Batches {}

/// How many bytes the batch at the start of `input` has, all of it; the fewest it can have if `input` does not say.
fn batch_size(input: &[u8]) -> Result<usize, DecodeError> {
    // The magic is looked at first: another format has another shortest length.
    match input.get(MAGIC).map(|&magic| magic as i8) {
        Some(2) | None => {}
        Some(magic) => return Err(DecodeError::new(DecodeErrorKind::UnknownMagic(magic), MAGIC)),
    }
    let Some((length, _)) = input.get(8..).and_then(|input| input.split_first_chunk()) else {
        return Ok(HEADER_SIZE);
    };
    let length = i32::from_be_bytes(*length);
    let too_short = || {
        let rule = DecodeErrorKind::InvalidRecord("a batch whose length is less than its header takes");
        DecodeError::new(rule, 8)
    };
    let size = usize::try_from(length).map_err(|_| too_short())?.saturating_add(OVERHEAD);
    if size < HEADER_SIZE { Err(too_short()) } else { Ok(size) }
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
/// # Panics
/// If `batch` is shorter than a header.
pub fn set_producer(batch: &mut [u8], producer_id: ProducerId, producer_epoch: i16, base_sequence: i32) {
    assert!(batch.len() >= HEADER_SIZE, "{} bytes are no batch", batch.len());
    put(batch, PRODUCER_ID, producer_id.0.to_be_bytes());
    put(batch, PRODUCER_EPOCH, producer_epoch.to_be_bytes());
    put(batch, BASE_SEQUENCE, base_sequence.to_be_bytes());
    let crc = crc32c(&batch[CHECKED..]);
    put(batch, CRC, crc.to_be_bytes());
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
