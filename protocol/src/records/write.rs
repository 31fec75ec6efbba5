//! Writing one record: how large it is, then its bytes into a place of that size.
//!
//! ```text
//! length · attributes 0 · timestamp delta · offset delta · key · value · header count · headers…
//! ```
//!
//! All numbers are zigzag varints, nearly always of one or two bytes. The place is a slice: its bounds stay in
//! registers, where a growing vector would be asked for room before every byte.

use super::{HEADER_SIZE, Header};
use crate::wire::varint::{self, zigzagged, zigzagged_long};

/// The exact bytes of a record in a batch.
#[must_use]
#[inline]
pub fn record_size<'h, H>(
    offset_delta: i32,
    timestamp_delta: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: H,
) -> usize
where
    H: IntoIterator<Item = Header<'h>, IntoIter: ExactSizeIterator + Clone>,
{
    let body = body_size(offset_delta, timestamp_delta, key, value, headers.into_iter());
    varint::zigzag_size(i32::try_from(body).unwrap_or(i32::MAX)) + body
}

/// The most bytes that a batch with this one record can have: what a producer checks against `max.request.size`
/// and reserves of `buffer.memory`.
#[must_use]
pub fn record_size_upper_bound<'h, H>(key: Option<&[u8]>, value: Option<&[u8]>, headers: H) -> usize
where
    H: IntoIterator<Item = Header<'h>, IntoIter: ExactSizeIterator + Clone>,
{
    /// Five bytes of length, one of attributes, ten of timestamp, five of offset.
    const OVERHEAD: usize = 21;
    HEADER_SIZE + OVERHEAD + content_size(key, value, headers.into_iter())
}

/// The bytes of a record behind its length.
#[inline]
pub(super) fn body_size<'h>(
    offset_delta: i32,
    timestamp_delta: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: impl ExactSizeIterator<Item = Header<'h>>,
) -> usize {
    let deltas = varint::zigzag_long_size(timestamp_delta) + varint::zigzag_size(offset_delta);
    1 + deltas + content_size(key, value, headers)
}

#[inline]
fn content_size<'h>(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: impl ExactSizeIterator<Item = Header<'h>>,
) -> usize {
    let count = varint::zigzag_size(headers.len() as i32);
    let header = |header: Header<'_>| bytes_size(Some(header.key.as_bytes())) + bytes_size(header.value);
    bytes_size(key) + bytes_size(value) + count + headers.map(header).sum::<usize>()
}

#[inline]
fn bytes_size(bytes: Option<&[u8]>) -> usize {
    // Whatever is longer than a length can say is refused by the sum.
    bytes.map_or(1, |bytes| varint::zigzag_size(bytes.len().min(i32::MAX as usize) as i32) + bytes.len())
}

/// Writes a record into `place`, which has its exact size; behind its length it has `body` bytes.
///
/// # Panics
/// If the iterator of headers gives others than it gave when the size was computed.
#[inline]
pub(super) fn write_record<'h>(
    place: &mut [u8],
    body: usize,
    offset_delta: i32,
    timestamp_delta: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: impl ExactSizeIterator<Item = Header<'h>>,
) {
    let mut at = put_varint(place, 0, zigzagged(body as i32).into());
    place[at] = 0;
    at = put_varint(place, at + 1, zigzagged_long(timestamp_delta));
    at = put_varint(place, at, zigzagged(offset_delta).into());
    at = put_bytes(place, at, key);
    at = put_bytes(place, at, value);
    at = put_varint(place, at, zigzagged(headers.len() as i32).into());
    for header in headers {
        at = put_bytes(place, at, Some(header.key.as_bytes()));
        at = put_bytes(place, at, header.value);
    }
    assert_eq!(at, place.len(), "the headers are not those that were counted");
}

#[inline]
fn put_bytes(place: &mut [u8], at: usize, bytes: Option<&[u8]>) -> usize {
    let Some(bytes) = bytes else {
        place[at] = 1;
        return at + 1;
    };
    let at = put_varint(place, at, zigzagged(bytes.len() as i32).into());
    let end = at + bytes.len();
    place[at..end].copy_from_slice(bytes);
    end
}

#[inline]
fn put_varint(place: &mut [u8], at: usize, value: u64) -> usize {
    match value {
        0..0x80 => {
            place[at] = value as u8;
            at + 1
        }
        0x80..0x4000 => {
            place[at..at + 2].copy_from_slice(&[value as u8 | 0x80, (value >> 7) as u8]);
            at + 2
        }
        _ => put_long_varint(place, at, value),
    }
}

#[inline(never)]
fn put_long_varint(place: &mut [u8], mut at: usize, mut value: u64) -> usize {
    while value >= 0x80 {
        place[at] = value as u8 | 0x80;
        value >>= 7;
        at += 1;
    }
    place[at] = value as u8;
    at + 1
}
