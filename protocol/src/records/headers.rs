//! Headers of records, and the lengths that they share with keys and values.

use std::fmt;

use bytes::Bytes;

use crate::parse::{self, Parsed, Reason, take, zigzag};

/// The fewest bytes of a header: two lengths.
const SHORTEST_HEADER: usize = 2;

/// One header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The key; more than one header of a record may have it.
    pub key: &'a str,
    /// The value, which may be null.
    pub value: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// A header with a value.
    #[must_use]
    pub fn new(key: &'a str, value: &'a [u8]) -> Self {
        Self { key, value: Some(value) }
    }
}

/// The headers of a record: checked, and read again whenever they are looked at.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    count: u32,
}

impl<'a> Headers<'a> {
    /// The same, as slices of `payload`, in which they lie.
    pub(super) fn owned_by(&self, payload: &Bytes) -> OwnedHeaders {
        let bytes = if self.bytes.is_empty() { Bytes::new() } else { payload.slice_ref(self.bytes) };
        OwnedHeaders { bytes, count: self.count }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The headers, in order.
    #[must_use]
    pub fn iter(&self) -> HeaderIter<'a> {
        HeaderIter { bytes: self.bytes, left: self.count }
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The iterator of [`Headers`].
#[derive(Clone, Debug)]
pub struct HeaderIter<'a> {
    bytes: &'a [u8],
    left: u32,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.left = self.left.checked_sub(1)?;
        // They were read once already, so they do not fail.
        let (rest, header) = header(self.bytes).ok()?;
        self.bytes = rest;
        Some(header)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for HeaderIter<'_> {}
impl std::iter::FusedIterator for HeaderIter<'_> {}

/// The headers of an [`OwnedRecord`](super::OwnedRecord).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OwnedHeaders {
    bytes: Bytes,
    count: u32,
}

impl OwnedHeaders {
    /// The headers, borrowed.
    #[must_use]
    pub fn borrow(&self) -> Headers<'_> {
        Headers { bytes: &self.bytes, count: self.count }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The headers, in order.
    #[must_use]
    pub fn iter(&self) -> HeaderIter<'_> {
        self.borrow().iter()
    }
}

impl<'a> IntoIterator for &'a OwnedHeaders {
    type Item = Header<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for OwnedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.borrow().fmt(f)
    }
}

/// The headers of a record, checked.
#[inline(always)]
pub(super) fn headers(input: &[u8]) -> Parsed<'_, Headers<'_>> {
    match input {
        [0, rest @ ..] => Ok((rest, Headers::default())),
        _ => some_headers(input),
    }
}

fn some_headers(input: &[u8]) -> Parsed<'_, Headers<'_>> {
    let (start, count) = length(input)?;
    if count > start.len() / SHORTEST_HEADER {
        return parse::fail(start, Reason::Count(count));
    }
    let mut rest = start;
    for _ in 0..count {
        (rest, _) = header(rest)?;
    }
    let bytes = &start[..start.len() - rest.len()];
    Ok((rest, Headers { bytes, count: count as u32 }))
}

fn header(input: &[u8]) -> Parsed<'_, Header<'_>> {
    let (rest, key) = nullable_bytes(input)?;
    let Some(key) = key else {
        return parse::fail(input, Reason::Null);
    };
    let Ok(key) = std::str::from_utf8(key) else {
        return parse::fail(input, Reason::Utf8);
    };
    let (rest, value) = nullable_bytes(rest)?;
    Ok((rest, Header { key, value }))
}

/// A length that has no null.
#[inline(always)]
pub(super) fn length(input: &[u8]) -> Parsed<'_, usize> {
    let (rest, length) = zigzag(input)?;
    match usize::try_from(length) {
        Ok(length) => Ok((rest, length)),
        Err(_) => parse::fail(input, Reason::NegativeLength(length.into())),
    }
}

/// A length and so many bytes; −1 is null.
#[inline(always)]
pub(super) fn nullable_bytes(input: &[u8]) -> Parsed<'_, Option<&[u8]>> {
    let (rest, length) = zigzag(input)?;
    match usize::try_from(length) {
        Ok(length) => take(rest, length).map(|(rest, bytes)| (rest, Some(bytes))),
        Err(_) if length == -1 => Ok((rest, None)),
        Err(_) => parse::fail(input, Reason::NegativeLength(length.into())),
    }
}
