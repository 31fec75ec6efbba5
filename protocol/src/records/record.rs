//! Records, read where they lie.
//!
//! The loop over a batch's records is the hottest in the crate. All of it is inlined into the caller's loop, by force:
//! left alone, the compiler passes records through memory, which took half as long again (1000 records of 116 bytes,
//! checksum included: 14.1 µs, 10.0 with force).

use bytes::Bytes;

use super::batch::sequence_after;
use super::headers::{self, Headers, OwnedHeaders, length, nullable_bytes};
use super::legacy;
use super::{BatchHeader, Compression, Decompressor, HEADER_SIZE, Limits};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::parse::{self, Failure, Parsed, Reason, take, zigzag, zigzag_long};

/// The fewest bytes of a record: its length, attributes, two deltas, no key, no value, no headers.
const SHORTEST_RECORD: usize = 7;

/// The records of one batch, checked as a whole and inflated.
#[derive(Clone, Debug)]
pub struct RecordSet {
    header: BatchHeader,
    payload: Bytes,
    /// Where `payload` begins in the batch; `None` if it was inflated.
    offset: Option<usize>,
    /// Bytes that [`Self::to_owned`] may take.
    allowance: usize,
}

impl RecordSet {
    pub(super) fn new(
        header: BatchHeader,
        payload: Bytes,
        compression: Compression,
        decompressor: &mut Decompressor,
        limits: &Limits,
    ) -> Result<Self, DecodeError> {
        // Where there are no records there is no stream of them either, whatever the attributes say: a codec has
        // nothing to read its framing from.
        let set = if compression == Compression::None || payload.is_empty() {
            Self { header, payload, offset: Some(HEADER_SIZE), allowance: usize::MAX }
        } else {
            let inflated = decompressor
                .inflate(compression, &payload, limits)
                .map_err(|error| error.shifted_by(HEADER_SIZE))?;
            let allowance = limits.inflated_bytes - inflated.len();
            Self { header, payload: inflated, offset: None, allowance }
        };
        // The count lies in the header's last four bytes.
        let bad_count = |kind| Err(DecodeError::new(kind, HEADER_SIZE - 4).in_field("record_count"));
        let remaining = set.payload.len();
        match usize::try_from(header.record_count) {
            Err(_) => bad_count(DecodeErrorKind::NegativeLength(header.record_count.into())),
            Ok(count) if count > remaining / SHORTEST_RECORD => {
                bad_count(DecodeErrorKind::CountTooLarge { count, remaining })
            }
            Ok(_) => Ok(set),
        }
    }

    /// The header of the batch.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The records as bytes, one after another, no longer compressed.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// How many records the batch says it has. The iterator makes it an error if that is not so.
    #[must_use]
    pub fn len(&self) -> usize {
        self.header.record_count as usize
    }

    /// Whether there are none, as in a batch whose records compaction has removed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.header.record_count == 0
    }

    /// The records, borrowed. The iterator ends after an error.
    #[must_use]
    pub fn iter(&self) -> RecordIter<'_> {
        RecordIter {
            set: self,
            input: &self.payload,
            left: self.header.record_count as u32,
            log_append_time: self.header.log_append_time(),
        }
    }

    /// The records as values of their own, which keep the batch's memory alive: one allocation, no copy.
    ///
    /// Of a compressed batch they count against [`Limits::inflated_bytes`] too, because millions of empty records
    /// compress into a few bytes.
    ///
    /// # Errors
    /// The first error of the iterator, or [`DecodeErrorKind::InflatedTooLarge`].
    pub fn to_owned(&self) -> Result<Vec<OwnedRecord>, DecodeError> {
        if self.len().saturating_mul(size_of::<OwnedRecord>()) > self.allowance {
            let limit = self.allowance.saturating_add(self.payload.len());
            return Err(DecodeError::new(DecodeErrorKind::InflatedTooLarge { limit }, HEADER_SIZE));
        }
        let mut records = Vec::with_capacity(self.len());
        let mut iter = self.iter();
        while let Some(record) = iter.advance() {
            let (record, content) = record?;
            records.push(OwnedRecord::new(&record, Layout::Batch, self.payload.slice_ref(content)));
        }
        Ok(records)
    }
}

impl<'a> IntoIterator for &'a RecordSet {
    type Item = Result<Record<'a>, DecodeError>;
    type IntoIter = RecordIter<'a>;

    fn into_iter(self) -> RecordIter<'a> {
        self.iter()
    }
}

/// The iterator of [`RecordSet::iter`].
#[derive(Clone, Debug)]
pub struct RecordIter<'a> {
    set: &'a RecordSet,
    input: &'a [u8],
    left: u32,
    log_append_time: Option<i64>,
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<Record<'a>, DecodeError>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.advance()?.map(|(record, _)| record))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left as usize + 1))
    }
}

impl std::iter::FusedIterator for RecordIter<'_> {}

impl<'a> RecordIter<'a> {
    #[inline(always)]
    fn advance(&mut self) -> Option<Result<Fields<'a>, DecodeError>> {
        if self.left == 0 {
            return if self.input.is_empty() { None } else { Some(Err(self.left_over())) };
        }
        match record(self.input, &self.set.header, self.log_append_time) {
            Ok((rest, record)) => {
                self.input = rest;
                self.left -= 1;
                Some(Ok(record))
            }
            Err(error) => Some(Err(self.failed(parse::into_failure(error)))),
        }
    }

    #[cold]
    fn left_over(&mut self) -> DecodeError {
        let rule = Reason::Rule("bytes are left over after the last record that the batch counts");
        self.failed(Failure::at(self.input, rule))
    }

    /// Ends the iteration. The offset is counted from the start of the batch, or of the inflated records.
    #[cold]
    fn failed(&mut self, failure: Failure) -> DecodeError {
        let index = self.set.len() - self.left as usize;
        self.left = 0;
        self.input = &[];
        let error = failure.in_input_of(self.set.payload.len()).in_element(index);
        match self.set.offset {
            Some(offset) => error.in_field("records").shifted_by(offset),
            None => error.in_field("inflated_records"),
        }
    }
}

/// One record, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Not used by any version of Kafka: 0.
    pub attributes: i8,
    /// Its place in the partition.
    pub offset: i64,
    /// Milliseconds since the Unix epoch, from the producer; from the broker if it says so; −1 is none.
    pub timestamp: i64,
    /// As on the wire: what the producer's time adds to the batch's `base_timestamp`.
    pub timestamp_delta: i64,
    /// The number that the idempotent producer gave it; −1 without.
    pub sequence: i32,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; null is a tombstone where topics are compacted.
    pub value: Option<&'a [u8]>,
    /// The headers, in order, duplicates kept.
    pub headers: Headers<'a>,
}

/// A record, and its key, value and headers as they lie in the batch.
type Fields<'a> = (Record<'a>, &'a [u8]);

/// One record. Its length frames it; all of its fields are within it, and they fill it.
#[inline(always)]
fn record<'a>(input: &'a [u8], batch: &BatchHeader, log_append_time: Option<i64>) -> Parsed<'a, Fields<'a>> {
    let (input, length) = length(input)?;
    let (rest, body) = take(input, length)?;
    match fields(body, batch, log_append_time) {
        Ok(([], record)) => Ok((rest, record)),
        other => Err(nom::Err::Error(bad_fields(other, rest))),
    }
}

/// What is wrong with the fields of a record that `rest` follows.
#[cold]
fn bad_fields(parsed: Parsed<'_, Fields<'_>>, rest: &[u8]) -> Failure {
    let failure = match parsed {
        Ok((unused, _)) => Failure::at(unused, Reason::Rule("a record that is longer than its fields")),
        Err(error) => parse::into_failure(error),
    };
    failure.or_if_cut("a record that is shorter than its fields").before(rest)
}

#[inline(always)]
fn fields<'a>(input: &'a [u8], batch: &BatchHeader, log_append_time: Option<i64>) -> Parsed<'a, Fields<'a>> {
    let (input, attributes) = byte(input)?;
    let (input, timestamp_delta) = zigzag_long(input)?;
    let (content, offset_delta) = zigzag(input)?;
    let (input, key) = nullable_bytes(content)?;
    let (input, value) = nullable_bytes(input)?;
    let (input, headers) = headers::headers(input)?;
    let record = Record {
        attributes,
        // Deltas are the peer's word: they may overflow, as they do in Java.
        offset: batch.base_offset.wrapping_add(i64::from(offset_delta)),
        timestamp: log_append_time.unwrap_or_else(|| batch.base_timestamp.wrapping_add(timestamp_delta)),
        timestamp_delta,
        sequence: sequence_after(batch.base_sequence, offset_delta),
        key,
        value,
        headers,
    };
    Ok((input, (record, content)))
}

#[inline(always)]
fn byte(input: &[u8]) -> Parsed<'_, i8> {
    match *input {
        [byte, ref rest @ ..] => Ok((rest, byte as i8)),
        [] => parse::fail(input, Reason::End(1)),
    }
}

/// A record of its own: one reference count on the batch's memory, no copy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedRecord {
    /// As [`Record::attributes`].
    pub attributes: i8,
    /// As [`Record::offset`].
    pub offset: i64,
    /// As [`Record::timestamp`].
    pub timestamp: i64,
    /// As [`Record::sequence`].
    pub sequence: i32,
    layout: Layout,
    /// Key, value and headers as they lie in the batch: checked, and read again whenever they are looked at.
    content: Bytes,
}

/// How key, value and headers lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// As in a record of a batch.
    Batch,
    /// As in a message of format 0 or 1: no headers.
    Legacy,
}

impl OwnedRecord {
    /// The same as `record`, whose key, value and headers are `content`.
    #[inline]
    pub(super) fn new(record: &Record<'_>, layout: Layout, content: Bytes) -> Self {
        let Record { attributes, offset, timestamp, sequence, .. } = *record;
        Self { attributes, offset, timestamp, sequence, layout, content }
    }

    /// As [`Record::key`].
    #[must_use]
    #[inline]
    pub fn key(&self) -> Option<&[u8]> {
        self.field(&self.content).ok()?.1
    }

    /// As [`Record::value`].
    #[must_use]
    #[inline]
    pub fn value(&self) -> Option<&[u8]> {
        let (rest, _) = self.field(&self.content).ok()?;
        self.field(rest).ok()?.1
    }

    /// As [`Record::headers`].
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        let after_value = self.field(&self.content).and_then(|(rest, _)| self.field(rest));
        // After the value of a legacy message comes nothing, which is no headers either.
        let headers = after_value.and_then(|(rest, _)| headers::headers(rest));
        headers.map_or_else(|_| Headers::default(), |(_, headers)| headers)
    }

    /// A key or value at the start of a part of the content.
    #[inline]
    fn field<'a>(&self, content: &'a [u8]) -> Parsed<'a, Option<&'a [u8]>> {
        match self.layout {
            Layout::Batch => nullable_bytes(content),
            Layout::Legacy => legacy::nullable_bytes(content),
        }
    }

    /// The key as a value of its own, which keeps the batch's memory alive.
    #[must_use]
    pub fn key_bytes(&self) -> Option<Bytes> {
        self.key().map(|key| self.content.slice_ref(key))
    }

    /// The value as a value of its own, which keeps the batch's memory alive.
    #[must_use]
    pub fn value_bytes(&self) -> Option<Bytes> {
        self.value().map(|value| self.content.slice_ref(value))
    }

    /// The headers as a value of their own, which keeps the batch's memory alive.
    #[must_use]
    pub fn owned_headers(&self) -> OwnedHeaders {
        self.headers().owned_by(&self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{BatchBuilder, BatchOptions, Header, Part, batches};

    /// What the records of a batch with this payload and count read as.
    fn read(payload: &[u8], count: i32) -> Result<Vec<OwnedRecord>, DecodeError> {
        let mut header = *one(BatchBuilder::new(Vec::new(), BatchOptions::default())).header();
        header.record_count = count;
        let payload = Bytes::copy_from_slice(payload);
        let (none, limits) = (Compression::None, Limits::default());
        RecordSet::new(header, payload, none, &mut Decompressor::new(), &limits)?.to_owned()
    }

    fn one(builder: BatchBuilder) -> crate::records::RecordBatch {
        match batches(&builder.build().unwrap()).next() {
            Some(Ok(Part::Batch(batch))) => batch,
            other => panic!("{other:?}"),
        }
    }

    fn refused(payload: &[u8], count: i32) -> String {
        read(payload, count).unwrap_err().to_string()
    }

    /// Length 6, attributes, timestamp delta 0, offset delta 0, null key, null value, no headers.
    const SHORTEST: [u8; 7] = [12, 0, 0, 0, 1, 1, 0];

    #[test]
    fn the_shortest_record_has_nothing() {
        let records = read(&SHORTEST, 1).unwrap();
        assert_eq!((records[0].key(), records[0].value()), (None, None));
        assert!(records[0].headers().is_empty());
    }

    #[test]
    fn null_and_empty_are_not_the_same() {
        let records = read(&[12, 0, 0, 0, 0, 1, 0, 12, 0, 0, 0, 1, 0, 0], 2).unwrap();
        assert_eq!((records[0].key(), records[0].value()), (Some(&b""[..]), None));
        assert_eq!((records[1].key(), records[1].value()), (None, Some(&b""[..])));
    }

    #[test]
    fn headers_keep_their_order_duplicates_and_nulls() {
        // Two headers: "a" = 1, "a" = null.
        let payload = [26, 0, 0, 0, 1, 1, 4, 2, b'a', 2, 1, 2, b'a', 1];
        let records = read(&payload, 1).unwrap();
        let headers: Vec<_> = records[0].headers().iter().collect();
        assert_eq!(headers, [Header::new("a", &[1]), Header { key: "a", value: None }]);
        assert_eq!(format!("{:?}", records[0].headers()), format!("{headers:?}"));
    }

    #[test]
    fn a_record_is_as_long_as_it_says() {
        assert!(refused(&[14, 0, 0, 0, 1, 1, 0, 0], 1).contains("longer than its fields"));
        assert!(refused(&[10, 0, 0, 0, 1, 1, 0], 1).contains("shorter than its fields"));
        assert!(refused(&[14, 0, 0, 0, 1, 1, 0], 1).contains("7 bytes needed, 6 left"));
        assert!(refused(&[11, 0, 0, 0, 1, 1, 0], 1).contains("a length of -6"));
    }

    #[test]
    fn counts_that_lie_are_errors() {
        assert!(refused(&SHORTEST, 2).contains("2 elements cannot lie in the 7 bytes"));
        assert!(refused(&SHORTEST, i32::MAX).contains("cannot lie"));
        assert!(refused(&SHORTEST, -1).contains("a length of -1"));
        assert!(refused(&SHORTEST, 0).contains("left over after the last record"));
        // A record of 13 bytes is room for two, but one it is.
        let long = [24, 0, 0, 0, 1, 12, 1, 2, 3, 4, 5, 6, 0];
        assert!(read(&long, 1).is_ok());
        let two = [&long[..], &SHORTEST[..6]].concat();
        assert!(refused(&two, 2).contains("in records[1]"));
    }

    #[test]
    fn lengths_below_null_are_errors() {
        assert!(refused(&[12, 0, 0, 0, 3, 1, 0], 1).contains("a length of -2"));
        assert!(refused(&[12, 0, 0, 0, 1, 3, 0], 1).contains("a length of -2"));
        assert!(refused(&[12, 0, 0, 0, 1, 1, 1], 1).contains("a length of -1"));
    }

    #[test]
    fn headers_that_cannot_be_are_errors() {
        assert!(refused(&[14, 0, 0, 0, 1, 1, 2, 1], 1).contains("1 elements cannot lie in the 1 bytes"));
        assert!(refused(&[16, 0, 0, 0, 1, 1, 2, 1, 0], 1).contains("null"));
        assert!(refused(&[18, 0, 0, 0, 1, 1, 2, 2, 0xff, 0], 1).contains("not UTF-8"));
    }

    #[test]
    fn varints_that_never_end_are_errors() {
        assert!(refused(&[0xff; 11], 1).contains("a varint longer than its type"));
        let timestamp = [&[32, 0][..], &[0x80; 11], &[0, 1, 1, 0]].concat();
        assert!(refused(&timestamp, 1).contains("a varint longer than its type"));
    }

    #[test]
    fn an_error_says_where_and_in_which_record() {
        let payload = [&SHORTEST[..], &[12, 0, 0, 0, 3, 1, 0]].concat();
        let error = read(&payload, 2).unwrap_err();
        assert_eq!((error.offset(), &error.path()[..]), (HEADER_SIZE + 7 + 4, "records[1]"));
    }

    #[test]
    fn sequences_go_from_the_highest_to_zero() {
        let options = BatchOptions { base_sequence: i32::MAX, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(Vec::new(), options);
        for _ in 0..3 {
            builder.append(5, None, None, []).unwrap();
        }
        let batch = one(builder);
        let set = batch.records(&Limits::default()).unwrap();
        let sequences: Vec<_> = set.iter().map(|record| record.unwrap().sequence).collect();
        assert_eq!(sequences, [i32::MAX, 0, 1]);
        assert_eq!(batch.header().last_sequence(), 1);
    }

    #[test]
    fn the_brokers_time_holds_for_every_record() {
        let options = BatchOptions { log_append_time: Some(99), ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(Vec::new(), options);
        builder.append(5, None, None, []).unwrap();
        builder.append(7, None, None, []).unwrap();
        let set = one(builder).records(&Limits::default()).unwrap();
        let times: Vec<_> = set
            .iter()
            .map(|record| record.map(|record| (record.timestamp, record.timestamp_delta)).unwrap())
            .collect();
        assert_eq!(times, [(99, 0), (99, 2)]);
    }

    #[test]
    #[cfg(feature = "lz4")]
    fn owned_records_of_a_compressed_batch_count_against_the_limit() {
        let options = BatchOptions { compression: Compression::Lz4, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(Vec::new(), options);
        for _ in 0..1000 {
            builder.append(5, None, None, []).unwrap();
        }
        let set = one(builder).records(&Limits::inflated_bytes(10_000)).unwrap();
        assert_eq!(set.iter().count(), 1000);
        assert!(matches!(set.to_owned().unwrap_err().kind(), DecodeErrorKind::InflatedTooLarge { .. }));
    }
}
