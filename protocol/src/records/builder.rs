//! Building a batch, record by record, in the buffer that goes to the wire.

use bytes::Bytes;

use super::batch::write_header;
use super::write::{body_size, record_size, write_record};
use super::{Attributes, BatchHeader, Compression, Compressor, HEADER_SIZE, Header, TimestampType};
use crate::error::{EncodeError, EncodeErrorKind};
use crate::names::ProducerId;
use crate::wire::varint;

/// What a batch is to be like. The default is what a producer without idempotence sends: no compression, no
/// producer, offset 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchOptions {
    /// How the records are compressed, when the batch is built.
    pub compression: Compression,
    /// How hard, of [`Compression::levels`]; the codec's default if there is none. Codecs without levels ignore it.
    pub level: Option<i32>,
    /// How many bytes the records are expected to take for each one appended, once compressed: more than 0, 1.0 by default.
    pub expected_ratio: f32,
    /// Milliseconds since the epoch, if the broker's time is to hold for all records.
    pub log_append_time: Option<i64>,
    /// The idempotent producer.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: i16,
    /// The sequence number of the first record.
    pub base_sequence: i32,
    /// The offset of the first record: 0 from a producer.
    pub base_offset: i64,
    /// The leader's epoch: −1 from a producer.
    pub partition_leader_epoch: i32,
    /// Whether the records belong to a transaction.
    pub transactional: bool,
    /// Whether this is a control batch.
    pub control: bool,
    /// When the cleaner may drop the tombstones (KIP-534), in milliseconds since the epoch.
    pub delete_horizon_ms: Option<i64>,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            compression: Compression::None,
            level: None,
            expected_ratio: 1.0,
            log_append_time: None,
            producer_id: ProducerId(-1),
            producer_epoch: -1,
            base_sequence: -1,
            base_offset: 0,
            partition_leader_epoch: -1,
            transactional: false,
            control: false,
            delete_horizon_ms: None,
        }
    }
}

impl BatchOptions {
    /// Looks for what no batch can have. A builder does so before it takes the first record.
    ///
    /// # Errors
    /// [`EncodeErrorKind::Compression`] for a level that the compression does not have;
    /// [`EncodeErrorKind::CompressionNotBuiltIn`]; [`EncodeErrorKind::InvalidOptions`] for an expected ratio that is
    /// not a finite number above 0.
    #[cold]
    pub fn validate(&self) -> Result<(), EncodeError> {
        self.compression.check(self.level)?;
        let ratio = self.expected_ratio;
        if ratio.is_finite() && ratio > 0.0 {
            return Ok(());
        }
        let reason = format!("expected_ratio is {ratio}, where it is a finite number above 0");
        Err(EncodeError::new(EncodeErrorKind::InvalidOptions(reason)))
    }
}

/// Builds one batch in one buffer.
///
/// The buffer begins with a hole for the header, records are written behind it as they come, and [`Self::build`] fills
/// the hole: without compression no byte is written twice. Nothing is allocated but the buffer, and that can be one
/// that was used before.
///
/// ```
/// use milena_protocol::records::{BatchBuilder, BatchOptions, Header};
///
/// let mut builder = BatchBuilder::new(Vec::with_capacity(16_384), BatchOptions::default());
/// builder.append(1_700_000_000_000, None, Some(b"value"), [Header::new("trace", b"1")])?;
/// assert_eq!(builder.record_count(), 1);
/// let batch = builder.build()?;
/// # Ok::<(), milena_protocol::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    /// Its length is what was ever written, by this batch or one before: bytes are set to zero once, not for each batch.
    buffer: Vec<u8>,
    /// How much of it this batch has.
    filled: usize,
    options: BatchOptions,
    base_timestamp: Option<i64>,
    max_timestamp: i64,
    last_offset_delta: i32,
    record_count: i32,
}

/// A timestamp that says there is none.
const NO_TIMESTAMP: i64 = -1;
/// Java is a little pessimistic about the expected ratio, so that batches rarely grow past their limit.
const PESSIMISM: f32 = 1.05;

impl BatchBuilder {
    /// Begins a batch in `buffer`, whose old content is dropped.
    #[must_use]
    pub fn new(mut buffer: Vec<u8>, options: BatchOptions) -> Self {
        if buffer.len() < HEADER_SIZE {
            buffer.resize(HEADER_SIZE, 0);
        }
        Self {
            buffer,
            filled: HEADER_SIZE,
            options,
            base_timestamp: options.delete_horizon_ms,
            max_timestamp: NO_TIMESTAMP,
            last_offset_delta: -1,
            record_count: 0,
        }
    }

    /// Appends a record at the next offset; gives the offset, less that of the first record.
    ///
    /// `timestamp` is in milliseconds since the epoch, −1 is none. Headers may be a list, an array, or those of a
    /// record that was read.
    ///
    /// # Errors
    /// A timestamp below −1; a record or batch longer than 2³¹−1 bytes; for the first record as
    /// [`BatchOptions::validate`]. The builder is as it was before.
    #[inline]
    pub fn append<'h, H>(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> Result<i32, EncodeError>
    where
        H: IntoIterator<Item = Header<'h>, IntoIter: ExactSizeIterator + Clone>,
    {
        let next = i64::from(self.last_offset_delta) + 1;
        self.append_at(next, timestamp, key, value, headers.into_iter())
    }

    /// Appends a record at an offset of its own, for batches with gaps, as compaction leaves them.
    ///
    /// # Errors
    /// As [`Self::append`]; an offset that is not after the last one, or too far from the first.
    pub fn append_with_offset<'h, H>(
        &mut self,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> Result<i32, EncodeError>
    where
        H: IntoIterator<Item = Header<'h>, IntoIter: ExactSizeIterator + Clone>,
    {
        let delta = offset.wrapping_sub(self.options.base_offset);
        self.append_at(delta, timestamp, key, value, headers.into_iter())
    }

    #[inline]
    fn append_at<'h>(
        &mut self,
        offset_delta: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl ExactSizeIterator<Item = Header<'h>> + Clone,
    ) -> Result<i32, EncodeError> {
        if self.record_count == 0 {
            self.options.validate()?;
        }
        let offset_delta = self.checked(offset_delta, timestamp)?;
        let base_timestamp = self.base_timestamp.unwrap_or(timestamp);
        let timestamp_delta = timestamp.wrapping_sub(base_timestamp);

        let body = body_size(offset_delta, timestamp_delta, key, value, headers.clone());
        let limit = i32::MAX as usize - self.filled;
        if body + 5 > limit {
            return Err(EncodeError::new(EncodeErrorKind::TooLong { length: body, limit }));
        }
        let place = self.place(varint::zigzag_size(body as i32) + body);
        write_record(place, body, offset_delta, timestamp_delta, key, value, headers);

        self.base_timestamp = Some(base_timestamp);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.last_offset_delta = offset_delta;
        self.record_count += 1;
        Ok(offset_delta)
    }

    /// The next `size` bytes of the buffer.
    #[inline]
    fn place(&mut self, size: usize) -> &mut [u8] {
        let start = self.filled;
        self.filled += size;
        if self.filled > self.buffer.len() {
            self.grow();
        }
        &mut self.buffer[start..self.filled]
    }

    /// Makes the buffer as long as what is to be filled, and a little more as far as that costs no new memory.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.buffer.reserve(self.filled - self.buffer.len());
        let ahead = (2 * self.filled).min(self.buffer.capacity());
        self.buffer.resize(ahead, 0);
    }

    #[inline]
    fn checked(&self, offset_delta: i64, timestamp: i64) -> Result<i32, EncodeError> {
        let rule = |rule| Err(EncodeError::new(EncodeErrorKind::InvalidRecord(rule)));
        if timestamp < NO_TIMESTAMP {
            return rule("has a timestamp below -1");
        }
        match i32::try_from(offset_delta) {
            Ok(delta) if delta > self.last_offset_delta => Ok(delta),
            Ok(_) => rule("has an offset that is not after the last one"),
            Err(_) => rule("has an offset too far from the first one"),
        }
    }

    /// How many records there are.
    #[must_use]
    pub fn record_count(&self) -> usize {
        self.record_count as usize
    }

    /// Whether there are none yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// The bytes so far, header included, before compression.
    #[must_use]
    pub fn written_bytes(&self) -> usize {
        self.filled
    }

    /// The bytes that the batch would have if it was built now: exact without compression, else an estimate from
    /// [`BatchOptions::expected_ratio`].
    #[must_use]
    pub fn estimated_bytes(&self) -> usize {
        if self.options.compression == Compression::None {
            return self.filled;
        }
        let records = (self.filled - HEADER_SIZE) as f32;
        HEADER_SIZE.saturating_add((records * self.options.expected_ratio * PESSIMISM) as usize)
    }

    /// Whether a batch of at most `limit` bytes can take this record too. The first record always fits; compression
    /// is expected to shrink what is there, but not the new record.
    #[must_use]
    #[inline]
    pub fn has_room_for<'h, H>(
        &self,
        limit: usize,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> bool
    where
        H: IntoIterator<Item = Header<'h>, IntoIter: ExactSizeIterator + Clone>,
    {
        let Some(base_timestamp) = self.base_timestamp.filter(|_| self.record_count > 0) else { return true };
        let Some(offset_delta) = self.last_offset_delta.checked_add(1) else { return false };
        let timestamp_delta = timestamp.wrapping_sub(base_timestamp);
        let estimated = self.estimated_bytes();
        estimated < limit
            && estimated + record_size(offset_delta, timestamp_delta, key, value, headers) <= limit
    }

    /// Whether a batch of at most `limit` bytes is full.
    #[must_use]
    pub fn is_full(&self, limit: usize) -> bool {
        self.record_count > 0 && self.estimated_bytes() >= limit
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &BatchOptions {
        &self.options
    }

    /// Sets the producer and the first record's sequence number, which are known only when the batch is sent.
    pub fn set_producer(&mut self, producer_id: ProducerId, producer_epoch: i16, base_sequence: i32) {
        self.options.producer_id = producer_id;
        self.options.producer_epoch = producer_epoch;
        self.options.base_sequence = base_sequence;
    }

    /// Ends the batch at a later offset than that of the last record, as compaction does when it removes that one.
    ///
    /// # Errors
    /// An offset before the last record's, or too far from the first.
    pub fn extend_to(&mut self, last_offset: i64) -> Result<(), EncodeError> {
        let rule = "ends before its last record, or too far from the first";
        match i32::try_from(last_offset.wrapping_sub(self.options.base_offset)) {
            Ok(delta) if delta >= self.last_offset_delta => {
                self.last_offset_delta = delta;
                Ok(())
            }
            _ => Err(EncodeError::new(EncodeErrorKind::InvalidRecord(rule))),
        }
    }

    /// Sets the highest timestamp of a batch whose records compaction has removed.
    pub fn set_max_timestamp(&mut self, timestamp: i64) {
        self.max_timestamp = timestamp;
    }

    /// Ends the batch and gives its bytes.
    ///
    /// # Errors
    /// The codec's own, if it refuses.
    pub fn build(self) -> Result<Bytes, EncodeError> {
        let (batch, _) = self.build_with(&mut Compressor::new(), Vec::new())?;
        Ok(Bytes::from(batch))
    }

    /// Ends the batch with a compressor that the caller keeps: the batch, and a buffer that is free for the next one.
    ///
    /// Compressed records are written to `spare`, and the builder's own buffer is the free one then; else the batch is
    /// in the builder's buffer and `spare` comes back.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_with(
        mut self,
        compressor: &mut Compressor,
        mut spare: Vec<u8>,
    ) -> Result<(Vec<u8>, Vec<u8>), EncodeError> {
        let BatchOptions { compression, level, .. } = self.options;
        self.buffer.truncate(self.filled);
        // A batch without records is a header and nothing else, whatever its attributes say.
        if compression != Compression::None && self.record_count > 0 {
            spare.clear();
            spare.resize(HEADER_SIZE, 0);
            compressor.compress(compression, level, &self.buffer[HEADER_SIZE..], &mut spare)?;
            std::mem::swap(&mut self.buffer, &mut spare);
        }
        let header = self.header()?;
        write_header(&mut self.buffer, &header);
        Ok((self.buffer, spare))
    }

    fn header(&self) -> Result<BatchHeader, EncodeError> {
        let options = &self.options;
        let length = self.buffer.len() - BatchHeader::LENGTH_COUNTS_FROM;
        let too_long = |_| EncodeError::new(EncodeErrorKind::TooLong { length, limit: i32::MAX as usize });
        let timestamp_type = match options.log_append_time {
            Some(_) => TimestampType::LogAppendTime,
            None => TimestampType::CreateTime,
        };
        Ok(BatchHeader {
            base_offset: options.base_offset,
            batch_length: i32::try_from(length).map_err(too_long)?,
            partition_leader_epoch: options.partition_leader_epoch,
            magic: 2,
            crc: 0,
            attributes: Attributes::default()
                .with_compression(options.compression)
                .with_timestamp_type(timestamp_type)
                .with_transactional(options.transactional)
                .with_control(options.control)
                .with_delete_horizon(options.delete_horizon_ms.is_some()),
            last_offset_delta: self.last_offset_delta,
            base_timestamp: self.base_timestamp.unwrap_or(NO_TIMESTAMP),
            max_timestamp: options.log_append_time.unwrap_or(self.max_timestamp),
            producer_id: options.producer_id,
            producer_epoch: options.producer_epoch,
            base_sequence: options.base_sequence,
            record_count: self.record_count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Limits, Part, RecordBatch, batches, record_size_upper_bound};

    fn read(bytes: &Bytes) -> RecordBatch {
        match batches(bytes).next() {
            Some(Ok(Part::Batch(batch))) => batch,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_batch_without_records_reads_back_whatever_its_compression() {
        for compression in Compression::ALL {
            let options = BatchOptions { compression, ..BatchOptions::default() };
            let batch = read(&BatchBuilder::new(Vec::new(), options).build().unwrap());
            assert_eq!(batch.records(&Limits::default()).unwrap().iter().count(), 0);
        }
    }

    #[test]
    fn one_record_byte_by_byte() {
        let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
        builder.append(1000, Some(b"k"), None, [Header::new("h", b"v")]).unwrap();
        let batch = builder.build().unwrap();
        // Length 11, attributes, deltas; key of one byte; null value; one header, key and value of one byte.
        assert_eq!(batch[HEADER_SIZE..], [22, 0, 0, 0, 2, b'k', 1, 2, 2, b'h', 2, b'v']);
        let header = *read(&batch).header();
        assert_eq!((header.base_timestamp, header.max_timestamp), (1000, 1000));
        assert_eq!((header.batch_length, header.record_count, header.last_offset_delta), (61, 1, 0));
        read(&batch).verify_crc().unwrap();
    }

    #[test]
    fn times_count_from_the_first_record_and_the_highest_is_kept() {
        let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
        for timestamp in [50, 90, 40, i64::MAX] {
            builder.append(timestamp, None, None, []).unwrap();
        }
        let batch = read(&builder.build().unwrap());
        assert_eq!((batch.header().base_timestamp, batch.header().max_timestamp), (50, i64::MAX));
        let set = batch.records(&Limits::default()).unwrap();
        assert!(set.iter().map(|record| record.unwrap().timestamp).eq([50, 90, 40, i64::MAX]));
    }

    #[test]
    fn what_a_batch_cannot_take_is_refused_and_changes_nothing() {
        let options = BatchOptions { base_offset: 10, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(Vec::new(), options);
        assert_eq!(builder.append_with_offset(12, 0, None, None, []).unwrap(), 2);
        let before = builder.written_bytes();
        for offset in [9, 12, 10 + (1 << 31), i64::MIN] {
            assert!(builder.append_with_offset(offset, 0, None, None, []).is_err(), "{offset}");
        }
        assert!(builder.append(-2, None, None, []).is_err());
        assert!(builder.extend_to(11).is_err());
        assert_eq!((builder.written_bytes(), builder.record_count()), (before, 1));
        assert_eq!(builder.append(-1, None, None, []).unwrap(), 3);
    }

    #[test]
    fn sizes_are_exact_and_bounded() {
        let headers = [Header::new("a", b"1"), Header { key: "", value: None }];
        for length in [0, 1, 63, 64, 8191, 8192, 100_000] {
            let value = vec![0; length];
            let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
            let size = record_size(0, 0, None, Some(&value), headers);
            let bound = record_size_upper_bound(None, Some(&value), headers);
            builder.append(1, None, Some(&value), headers).unwrap();
            assert_eq!(builder.written_bytes(), HEADER_SIZE + size);
            assert!(builder.written_bytes() <= bound);
        }
    }

    #[test]
    fn the_first_record_fits_always_and_the_next_to_the_byte() {
        let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
        assert!(builder.has_room_for(10, 0, None, Some(&[0; 100]), []));
        builder.append(0, None, Some(&[0; 100]), []).unwrap();
        let needed = builder.written_bytes() + record_size(1, 5, None, Some(b"x"), []);
        assert!(builder.has_room_for(needed, 5, None, Some(b"x"), []));
        assert!(!builder.has_room_for(needed - 1, 5, None, Some(b"x"), []));
        assert!(builder.is_full(builder.written_bytes()) && !builder.is_full(builder.written_bytes() + 1));
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn the_size_of_a_compressed_batch_is_estimated() {
        let options =
            BatchOptions { compression: Compression::Gzip, expected_ratio: 0.5, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(Vec::new(), options);
        builder.append(0, None, Some(&[0; 1000]), []).unwrap();
        let records = builder.written_bytes() - HEADER_SIZE;
        assert_eq!(builder.estimated_bytes(), HEADER_SIZE + (records as f32 * 0.525) as usize);
    }

    #[test]
    fn buffers_go_round_without_a_new_one() {
        let mut compressor = Compressor::new();
        for compression in Compression::ALL.into_iter().filter(|compression| compression.is_built_in()) {
            let (mut buffer, mut spare) = (Vec::with_capacity(4096), Vec::with_capacity(4096));
            let places = [buffer.as_ptr(), spare.as_ptr()];
            for round in 0..3 {
                let options = BatchOptions { compression, ..BatchOptions::default() };
                let mut builder = BatchBuilder::new(buffer, options);
                builder.append(round, None, Some(&[7; 1000]), []).unwrap();
                let (batch, free) = builder.build_with(&mut compressor, spare).unwrap();
                assert!(places.contains(&batch.as_ptr()) && places.contains(&free.as_ptr()), "{compression}");
                let records = read(&Bytes::copy_from_slice(&batch)).records(&Limits::default()).unwrap();
                assert_eq!(records.to_owned().unwrap()[0].value(), Some(&[7; 1000][..]));
                (buffer, spare) = (batch, free);
            }
        }
    }

    #[test]
    fn levels_that_there_are_not_are_refused_before_a_record_is_taken() {
        let attempt = |compression, level| {
            let options = BatchOptions { compression, level: Some(level), ..BatchOptions::default() };
            let mut builder = BatchBuilder::new(Vec::new(), options);
            match builder.append(0, None, Some(b"v"), []) {
                Ok(_) => builder.build().map(drop),
                Err(error) => {
                    assert!(builder.is_empty());
                    Err(error)
                }
            }
        };
        let built_in: Vec<_> =
            Compression::ALL.into_iter().filter(|compression| compression.is_built_in()).collect();
        for (compression, level, accepted) in [
            (Compression::Gzip, -1, true),
            (Compression::Gzip, 9, true),
            (Compression::Gzip, 0, false),
            (Compression::Gzip, 10, false),
            (Compression::Zstd, -131_072, true),
            (Compression::Zstd, -131_073, false),
            (Compression::Zstd, 23, false),
            (Compression::Lz4, 9, true),
        ] {
            if built_in.contains(&compression) {
                assert_eq!(attempt(compression, level).is_ok(), accepted, "{compression} {level}");
            }
        }
        if Compression::Gzip.is_built_in() {
            let error = attempt(Compression::Gzip, 0).unwrap_err();
            assert!(error.to_string().contains("gzip has no level 0: use -1 or 1 to 9"), "{error}");
        }
    }

    #[test]
    #[cfg(feature = "lz4")]
    fn a_ratio_that_is_no_number_above_0_is_refused_before_a_record_is_taken() {
        for (expected_ratio, accepted) in [
            (f32::NAN, false),
            (f32::INFINITY, false),
            (0.0, false),
            (-0.5, false),
            (f32::MIN_POSITIVE, true),
            (f32::MAX, true),
        ] {
            let options =
                BatchOptions { expected_ratio, compression: Compression::Lz4, ..BatchOptions::default() };
            let mut builder = BatchBuilder::new(Vec::new(), options);
            let appended = builder.append(0, None, Some(b"v"), []);
            assert!(builder.estimated_bytes() >= HEADER_SIZE);
            assert_eq!(appended.is_ok(), accepted, "{expected_ratio}");
            if let Err(error) = appended {
                assert!(
                    error.to_string().contains(&format!("expected_ratio is {expected_ratio}")),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_codec_that_is_not_built_in_is_named() {
        for compression in Compression::ALL.into_iter().filter(|compression| !compression.is_built_in()) {
            let mut builder =
                BatchBuilder::new(Vec::new(), BatchOptions { compression, ..BatchOptions::default() });
            let error = builder.append(0, None, Some(b"v"), []).unwrap_err();
            assert_eq!(*error.kind(), EncodeErrorKind::CompressionNotBuiltIn { feature: compression.name() });
        }
    }
}
