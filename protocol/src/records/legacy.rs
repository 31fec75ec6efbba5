//! Message formats 0 and 1, from before batches: what old logs, dumps and captures hold. No Produce version in the tables
//! carries them; a Fetch answer does if the broker's log is that old.
//!
//! ```text
//!                                ┌ what the checksum covers (CRC-32) ─────────────────────────────────────────────┐
//! offset i64 · size i32 · crc u32 · magic i8 · attributes i8 · [timestamp i64, format 1] · key · value
//!                                                                          (each: length i32, bytes; −1 is null)
//! ```
//!
//! A message holds one record, or, if its attributes name a compression, other messages of the same format as its value.
//! Those inside have whole offsets in format 0, and offsets counted from the first in format 1; the outer one has
//! the offset of the last.
//!
//! Source: KIP-31 (relative offsets), KIP-32 (timestamps).

use bytes::Bytes;

use super::compression::Lz4Checksum;
use super::record::Layout;
use super::{Attributes, Compression, Decompressor, Headers, Limits, OwnedRecord, Record, TimestampType};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::parse::{self, Parsed, Reason, be_i8, be_i32, be_i64, be_u32, take};

/// Offset and size: what lies before the bytes that the size counts.
pub(super) const OVERHEAD: usize = 12;
/// The fewest bytes that the size can count: checksum, magic, attributes and two lengths.
pub(super) const SHORTEST: usize = 14;
/// Where the checksum begins to count.
pub(super) const CHECKED: usize = 16;

/// The formats from before batches, each called by its magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyFormat {
    /// Magic 0: no timestamps.
    V0,
    /// Magic 1: with timestamps (Kafka 0.10).
    V1,
}

impl LegacyFormat {
    pub(super) fn from_magic(magic: i8) -> Option<Self> {
        match magic {
            0 => Some(Self::V0),
            1 => Some(Self::V1),
            _ => None,
        }
    }

    /// The number in the magic byte.
    #[must_use]
    pub fn magic(self) -> i8 {
        self as i8
    }

    /// The frame's checksum covered the magic by mistake, until the next format (KAFKA-3160).
    pub(super) fn lz4_checksum(self) -> Lz4Checksum {
        match self {
            Self::V0 => Lz4Checksum::WithMagic,
            Self::V1 => Lz4Checksum::Right,
        }
    }
}

/// What a message says before its key and value, as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyHeader {
    /// The offset of the record, or of the last one inside.
    pub offset: i64,
    /// Bytes of the message after this field.
    pub size: i32,
    /// CRC-32 of everything from the magic on.
    pub crc: u32,
    /// The format.
    pub format: LegacyFormat,
    /// Compression and timestamp type.
    pub attributes: Attributes,
    /// Milliseconds since the epoch; the highest of those inside; −1 is none, as always in format 0.
    pub timestamp: i64,
}

impl LegacyHeader {
    /// Who set the timestamp; nobody in format 0.
    #[must_use]
    pub fn timestamp_type(&self) -> Option<TimestampType> {
        (self.format == LegacyFormat::V1).then_some(self.attributes.timestamp_type())
    }
}

/// One message of an old format: a record, or compressed ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyBatch {
    header: LegacyHeader,
    bytes: Bytes,
}

impl LegacyBatch {
    /// Reads the header of a message that ends where `bytes` does.
    pub(super) fn whole(bytes: Bytes) -> Result<Self, DecodeError> {
        let (_, message) = parse::parse(message, &bytes)?;
        Ok(Self { header: message.header, bytes })
    }

    /// What comes before the key and value.
    #[must_use]
    pub fn header(&self) -> &LegacyHeader {
        &self.header
    }

    /// All bytes of the message.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many bytes that is.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are messages inside, compressed in a way that is known or not.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        !matches!(self.header.attributes.compression(), Ok(Compression::None))
    }

    /// Compares the checksum with the bytes.
    ///
    /// # Errors
    /// [`DecodeErrorKind::CrcMismatch`], with both values.
    pub fn verify_crc(&self) -> Result<(), DecodeError> {
        verify_crc(self.header.crc, &self.bytes)
    }

    /// Checks the message, inflates what is inside, and gives the records to be iterated.
    ///
    /// # Errors
    /// As [`RecordBatch::records`](super::RecordBatch::records).
    pub fn records(&self, limits: &Limits) -> Result<LegacyRecordSet, DecodeError> {
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
    ) -> Result<LegacyRecordSet, DecodeError> {
        self.verify_crc()?;
        let compression = self.header.attributes.compression()?;
        let header = self.header;
        if compression == Compression::None {
            let messages = self.bytes.clone();
            let allowance = usize::MAX;
            return Ok(LegacyRecordSet { header, messages, is_inside: false, base_offset: 0, allowance });
        }
        let rule = |rule| DecodeError::new(DecodeErrorKind::InvalidRecord(rule), CHECKED);
        if compression == Compression::Zstd {
            return Err(rule("zstd, which formats before 2 do not have"));
        }
        let (_, message) = parse::parse(message, &self.bytes)?;
        let Some(value) = message.value else {
            return Err(rule("a compressed message without a value"));
        };
        let at = value.as_ptr() as usize - self.bytes.as_ptr() as usize;
        let messages = decompressor
            .inflate_as(compression, header.format.lz4_checksum(), value, limits)
            .map_err(|error| error.shifted_by(at))?;
        let Some(last) = offsets(&messages).last() else {
            return Err(rule("a compressed message with no messages inside"));
        };
        let base_offset = match header.format {
            LegacyFormat::V0 => 0,
            LegacyFormat::V1 => header.offset.wrapping_sub(last),
        };
        let allowance = limits.inflated_bytes - messages.len();
        Ok(LegacyRecordSet { header, messages, is_inside: true, base_offset, allowance })
    }
}

/// The records of one [`LegacyBatch`].
#[derive(Clone, Debug)]
pub struct LegacyRecordSet {
    header: LegacyHeader,
    messages: Bytes,
    is_inside: bool,
    base_offset: i64,
    /// Bytes that [`Self::to_owned`] may take.
    allowance: usize,
}

impl LegacyRecordSet {
    /// The messages as bytes, one after another, no longer compressed.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.messages
    }

    /// The records, borrowed. The iterator ends after an error.
    #[must_use]
    pub fn iter(&self) -> LegacyRecordIter<'_> {
        LegacyRecordIter { set: self, input: &self.messages }
    }

    /// The records as values of their own, which keep the memory alive that they lie in: one allocation, no copy.
    ///
    /// Those of a compressed message count against [`Limits::inflated_bytes`] too, as in
    /// [`RecordSet::to_owned`](super::RecordSet::to_owned).
    ///
    /// # Errors
    /// The first error of the iterator, or [`DecodeErrorKind::InflatedTooLarge`].
    pub fn to_owned(&self) -> Result<Vec<OwnedRecord>, DecodeError> {
        let count = offsets(&self.messages).count();
        if count.saturating_mul(size_of::<OwnedRecord>()) > self.allowance {
            let limit = self.allowance.saturating_add(self.messages.len());
            return Err(DecodeError::new(DecodeErrorKind::InflatedTooLarge { limit }, CHECKED));
        }
        let mut records = Vec::with_capacity(count);
        let mut iter = self.iter();
        while let Some(record) = iter.advance() {
            let (record, content) = record?;
            records.push(OwnedRecord::new(&record, Layout::Legacy, self.messages.slice_ref(content)));
        }
        Ok(records)
    }
}

impl<'a> IntoIterator for &'a LegacyRecordSet {
    type Item = Result<Record<'a>, DecodeError>;
    type IntoIter = LegacyRecordIter<'a>;

    fn into_iter(self) -> LegacyRecordIter<'a> {
        self.iter()
    }
}

/// The iterator of [`LegacyRecordSet::iter`]: records without headers and sequence numbers.
#[derive(Clone, Debug)]
pub struct LegacyRecordIter<'a> {
    set: &'a LegacyRecordSet,
    input: &'a [u8],
}

impl<'a> Iterator for LegacyRecordIter<'a> {
    type Item = Result<Record<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.advance()?.map(|(record, _)| record))
    }
}

impl std::iter::FusedIterator for LegacyRecordIter<'_> {}

impl<'a> LegacyRecordIter<'a> {
    fn advance(&mut self) -> Option<Result<(Record<'a>, &'a [u8]), DecodeError>> {
        if self.input.is_empty() {
            return None;
        }
        let at = self.set.messages.len() - self.input.len();
        let record = self.record();
        if record.is_err() {
            self.input = &[];
        }
        Some(record.map_err(|error| error.shifted_by(at)))
    }

    /// One record, and its key and value as they lie in the message.
    fn record(&mut self) -> Result<(Record<'a>, &'a [u8]), DecodeError> {
        let (rest, Message { header, content, key, value }) = parse::parse(message, self.input)?;
        let outer = &self.set.header;
        if self.set.is_inside {
            verify_crc(header.crc, &self.input[..self.input.len() - rest.len()])?;
            let rule = |rule| Err(DecodeError::new(DecodeErrorKind::InvalidRecord(rule), CHECKED));
            if header.format != outer.format {
                return rule("a message inside another of another format");
            }
            if header.attributes.compression().ok() != Some(Compression::None) {
                return rule("a compressed message inside another");
            }
        }
        self.input = rest;
        let by_broker = outer.timestamp_type() == Some(TimestampType::LogAppendTime);
        let record = Record {
            attributes: 0,
            offset: self.set.base_offset.wrapping_add(header.offset),
            timestamp: if by_broker { outer.timestamp } else { header.timestamp },
            timestamp_delta: 0,
            sequence: -1,
            key,
            value,
            headers: Headers::default(),
        };
        Ok((record, content))
    }
}

struct Message<'a> {
    header: LegacyHeader,
    /// Key and value as they lie there.
    content: &'a [u8],
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
}

/// A whole message. Its size frames it; its fields fill it.
fn message(input: &[u8]) -> Parsed<'_, Message<'_>> {
    let (input, offset) = be_i64(input)?;
    let (after_size, size) = be_i32(input)?;
    let Ok(length) = usize::try_from(size) else {
        return parse::fail(input, Reason::NegativeLength(size.into()));
    };
    let (rest, body) = take(after_size, length)?;
    let filled = |error: nom::Err<parse::Failure>| {
        let failure = parse::into_failure(error).or_if_cut("a message that is shorter than its fields");
        nom::Err::Error(failure.before(rest))
    };
    let (body, crc) = be_u32(body).map_err(filled)?;
    let (after_magic, magic) = be_i8(body).map_err(filled)?;
    let Some(format) = LegacyFormat::from_magic(magic) else {
        return parse::fail(body, Reason::Magic(magic)).map_err(filled);
    };
    let (body, attributes) = be_i8(after_magic).map_err(filled)?;
    let (content, timestamp) = match format {
        LegacyFormat::V0 => (body, -1),
        LegacyFormat::V1 => be_i64(body).map_err(filled)?,
    };
    let (body, key) = nullable_bytes(content).map_err(filled)?;
    let (body, value) = nullable_bytes(body).map_err(filled)?;
    if !body.is_empty() {
        return parse::fail(body, Reason::Rule("a message that is longer than its fields")).map_err(filled);
    }
    let attributes = Attributes(attributes.into());
    let header = LegacyHeader { offset, size, crc, format, attributes, timestamp };
    Ok((rest, Message { header, content, key, value }))
}

/// A length and so many bytes; −1 is null.
pub(super) fn nullable_bytes(input: &[u8]) -> Parsed<'_, Option<&[u8]>> {
    let (rest, length) = be_i32(input)?;
    match usize::try_from(length) {
        Ok(length) => take(rest, length).map(|(rest, bytes)| (rest, Some(bytes))),
        Err(_) if length == -1 => Ok((rest, None)),
        Err(_) => parse::fail(input, Reason::NegativeLength(length.into())),
    }
}

/// The offsets of all messages, going by sizes only; the last message may be a cut one.
fn offsets(mut messages: &[u8]) -> impl Iterator<Item = i64> + '_ {
    std::iter::from_fn(move || {
        let (rest, offset) = be_i64(messages).ok()?;
        let skipped =
            be_i32(rest).and_then(|(rest, size)| take(rest, usize::try_from(size).unwrap_or(usize::MAX)));
        messages = skipped.map_or(&[], |(rest, _)| rest);
        Some(offset)
    })
}

fn verify_crc(stored: u32, message: &[u8]) -> Result<(), DecodeError> {
    let computed = crc32(&message[CHECKED..]);
    if stored == computed {
        Ok(())
    } else {
        Err(DecodeError::new(DecodeErrorKind::CrcMismatch { stored, computed }, OVERHEAD))
    }
}

/// CRC-32 as in zip and gzip, byte by byte: the checksum of old formats.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut crc = index as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[index] = crc;
            index += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc: u32, &byte| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{LegacyBuilder, Part, batches};

    const FORMATS: [LegacyFormat; 2] = [LegacyFormat::V0, LegacyFormat::V1];

    fn compressions() -> impl Iterator<Item = Compression> {
        Compression::ALL
            .into_iter()
            .filter(|compression| compression.is_built_in() && *compression != Compression::Zstd)
    }

    fn built(format: LegacyFormat, compression: Compression) -> Bytes {
        let mut builder = LegacyBuilder::new(format, compression);
        for (offset, timestamp) in [(100, 50), (103, 70), (110, 60)] {
            builder.append(offset, timestamp, Some(b"key"), Some(&[7; 100])).unwrap();
        }
        builder.build().unwrap()
    }

    fn read_all(bytes: &Bytes) -> Result<Vec<(i64, i64)>, DecodeError> {
        let mut found = Vec::new();
        for part in batches(bytes) {
            if let Part::Legacy(batch) = part? {
                let set = batch.records(&Limits::inflated_bytes(1 << 20))?;
                let owned = set.to_owned();
                for record in &set {
                    let record = record?;
                    found.push((record.offset, record.timestamp));
                }
                assert_eq!(owned?.len(), set.iter().count());
            }
        }
        Ok(found)
    }

    #[test]
    fn crc32_of_the_usual_digits() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn offsets_and_times_come_back_in_every_form() {
        for compression in compressions() {
            let times = read_all(&built(LegacyFormat::V1, compression)).unwrap();
            assert_eq!(times, [(100, 50), (103, 70), (110, 60)], "{compression}");
            let offsets = read_all(&built(LegacyFormat::V0, compression)).unwrap();
            assert_eq!(offsets, [(100, -1), (103, -1), (110, -1)], "{compression}");
        }
    }

    #[test]
    fn owned_records_say_the_same_and_copy_nothing() {
        for format in FORMATS {
            for compression in compressions() {
                let mut builder = LegacyBuilder::new(format, compression);
                let long = [7; 300];
                let contents = [
                    (None, None),
                    (Some(&b""[..]), None),
                    (None, Some(&b""[..])),
                    (Some(&b"key"[..]), Some(&long[..])),
                ];
                for (offset, (key, value)) in (5..).zip(contents) {
                    builder.append(offset, 10 * offset, key, value).unwrap();
                }
                let mut contents = contents.iter();
                for part in batches(&builder.build().unwrap()) {
                    let Ok(Part::Legacy(batch)) = part else { panic!("{part:?}") };
                    let set = batch.records(&Limits::default()).unwrap();
                    for (owned, record) in set.to_owned().unwrap().iter().zip(&set) {
                        let record = record.unwrap();
                        assert_eq!(*contents.next().unwrap(), (owned.key(), owned.value()), "{compression}");
                        assert_eq!((owned.key(), owned.value()), (record.key, record.value));
                        assert_eq!((owned.offset, owned.timestamp), (record.offset, record.timestamp));
                        assert_eq!((owned.sequence, owned.headers().len()), (-1, 0));
                        if let Some(value) = record.value.filter(|value| !value.is_empty()) {
                            assert_eq!(owned.value_bytes().unwrap().as_ptr(), value.as_ptr());
                        }
                    }
                }
                assert!(contents.next().is_none());
            }
        }
    }

    #[test]
    #[cfg(feature = "gzip")]
    fn owned_records_of_a_compressed_message_count_against_the_limit() {
        let mut builder = LegacyBuilder::new(LegacyFormat::V1, Compression::Gzip);
        (0..1000).for_each(|offset| builder.append(offset, 0, None, None).unwrap());
        let Some(Ok(Part::Legacy(batch))) = batches(&builder.build().unwrap()).next() else { panic!() };
        let set = batch.records(&Limits::inflated_bytes(50_000)).unwrap();
        assert_eq!(set.iter().count(), 1000);
        assert!(matches!(
            set.to_owned().unwrap_err().kind(),
            DecodeErrorKind::InflatedTooLarge { limit: 50_000 }
        ));
        assert_eq!(batch.records(&Limits::default()).unwrap().to_owned().unwrap().len(), 1000);
    }

    #[test]
    fn the_brokers_time_holds_for_every_record() {
        for compression in compressions() {
            let mut builder = LegacyBuilder::new(LegacyFormat::V1, compression).log_append_time(99);
            builder.append(5, 1, None, None).unwrap();
            builder.append(6, 2, None, None).unwrap();
            assert_eq!(read_all(&builder.build().unwrap()).unwrap(), [(5, 99), (6, 99)], "{compression}");
        }
    }

    #[test]
    fn a_prefix_is_cut_and_a_flipped_bit_an_error() {
        for format in FORMATS {
            for compression in compressions() {
                let whole = built(format, compression);
                let records = read_all(&whole).unwrap();
                for end in 0..whole.len() {
                    assert!(read_all(&whole.slice(..end)).unwrap().len() < 3, "{compression} {end}");
                }
                // The offset before the size lies outside the checksum.
                for at in 8..whole.len() {
                    for bit in 0..8 {
                        let mut flipped = whole.to_vec();
                        flipped[at] ^= 1 << bit;
                        let read = read_all(&Bytes::from(flipped));
                        assert_ne!(read.ok(), Some(records.clone()), "{compression} {at} {bit}");
                    }
                }
            }
        }
    }

    #[test]
    fn damage_behind_a_right_checksum_never_panics() {
        for format in FORMATS {
            for compression in compressions() {
                let whole = built(format, compression);
                let first = 12 + i32::from_be_bytes(whole[8..12].try_into().unwrap()) as usize;
                for at in CHECKED..first {
                    for value in [0, 1, 0x7f, 0x80, 0xff, whole[at] ^ 1, whole[at] ^ 0x10] {
                        let mut damaged = whole.to_vec();
                        damaged[at] = value;
                        let crc = crc32(&damaged[CHECKED..first]);
                        damaged[OVERHEAD..CHECKED].copy_from_slice(&crc.to_be_bytes());
                        let _ = read_all(&Bytes::from(damaged));
                    }
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "gzip")]
    fn what_may_not_lie_inside_a_message_is_an_error() {
        use crate::records::Compressor;
        use crate::records::legacy_builder::put_message;

        let inside = |messages: &[u8], compression: Compression| {
            let mut compressed = Vec::new();
            Compressor::new().compress(Compression::Gzip, None, messages, &mut compressed).unwrap();
            let mut wrapper = Vec::new();
            put_message(&mut wrapper, LegacyFormat::V1, compression.id(), 9, 0, None, Some(&compressed))
                .unwrap();
            read_all(&Bytes::from(wrapper)).unwrap_err().to_string()
        };
        let gzip = Compression::Gzip;
        assert!(inside(b"", gzip).contains("no messages inside"));
        assert!(inside(&built(LegacyFormat::V0, Compression::None), gzip).contains("of another format"));
        assert!(inside(&built(LegacyFormat::V1, gzip), gzip).contains("a compressed message inside"));
        assert!(inside(&built(LegacyFormat::V1, Compression::None)[..60], gzip).contains("too early"));
        assert!(inside(b"", Compression::Zstd).contains("zstd"));
    }
}
