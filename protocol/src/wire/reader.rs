//! A cursor over one frame.

use bytes::Bytes;

use super::varint;
use crate::error::{DecodeError, DecodeErrorKind};

/// A cursor over a frame's bytes that knows which version it reads.
///
/// What it hands out as [`Bytes`] are slices of the frame: one reference count each, no copy.
#[derive(Debug)]
pub struct Reader<'f> {
    frame: &'f Bytes,
    rest: &'f [u8],
    version: i16,
    flexible: bool,
    /// Bytes that elements still to be read take at least: what comes before them cannot have these.
    owed: usize,
}

impl<'f> Reader<'f> {
    /// Reads `frame` from its start.
    #[must_use]
    pub fn new(frame: &'f Bytes, version: i16, flexible: bool) -> Self {
        Self { frame, rest: frame, version, flexible, owed: 0 }
    }

    /// Reads on where a parser of `frame` has left `rest`.
    pub(crate) fn resume(frame: &'f Bytes, rest: &'f [u8], version: i16, flexible: bool) -> Self {
        Self { frame, rest, version, flexible, owed: 0 }
    }

    /// What is left, borrowed.
    pub(crate) fn rest(&self) -> &'f [u8] {
        self.rest
    }

    /// The version of the message being read.
    #[inline]
    #[must_use]
    pub fn version(&self) -> i16 {
        self.version
    }

    /// Whether that version has compact lengths and tagged fields.
    #[inline]
    #[must_use]
    pub fn is_flexible(&self) -> bool {
        self.flexible
    }

    /// Bytes that are left.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Where the cursor stands, from the start of the frame.
    #[must_use]
    pub fn offset(&self) -> usize {
        let base = self.frame.as_ptr() as usize;
        (self.rest.as_ptr() as usize).saturating_sub(base)
    }

    /// An error about the place where the cursor stands.
    #[cold]
    #[must_use]
    pub fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.offset())
    }

    #[cold]
    fn too_short(&self, needed: usize) -> DecodeError {
        self.error(DecodeErrorKind::UnexpectedEnd { needed, remaining: self.rest.len() })
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.rest.split_first_chunk::<N>() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => Err(self.too_short(N)),
        }
    }

    /// The next `length` bytes, borrowed.
    #[inline]
    pub fn slice(&mut self, length: usize) -> Result<&'f [u8], DecodeError> {
        match self.rest.split_at_checked(length) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(self.too_short(length)),
        }
    }

    /// The next `length` bytes, as a counted slice of the frame.
    #[inline]
    pub fn bytes(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        let slice = self.slice(length)?;
        Ok(self.frame.slice_ref(slice))
    }

    /// An unsigned varint of at most 32 bits.
    #[inline]
    pub fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        if let [byte @ 0..=0x7f, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u32::from(*byte));
        }
        match varint::unsigned(self.rest) {
            Ok((rest, value)) => {
                self.rest = rest;
                Ok(value)
            }
            Err(kind) => Err(self.error(kind)),
        }
    }

    /// The length of a string: `None` is null.
    #[inline]
    pub fn string_length(&mut self) -> Result<Option<usize>, DecodeError> {
        if self.flexible {
            return self.compact_length();
        }
        let length = i16::from_be_bytes(self.array()?);
        self.classic_length(i32::from(length))
    }

    /// The length of bytes or the count of an array: `None` is null.
    #[inline(always)]
    pub fn length(&mut self) -> Result<Option<usize>, DecodeError> {
        if self.flexible {
            return self.compact_length();
        }
        let length = i32::from_be_bytes(self.array()?);
        self.classic_length(length)
    }

    #[inline]
    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        Ok(self.unsigned_varint()?.checked_sub(1).map(|length| length as usize))
    }

    #[inline]
    fn classic_length(&self, length: i32) -> Result<Option<usize>, DecodeError> {
        match usize::try_from(length) {
            Ok(length) => Ok(Some(length)),
            Err(_) if length == -1 => Ok(None),
            Err(_) => Err(self.error(DecodeErrorKind::NegativeLength(i64::from(length)))),
        }
    }

    /// The count of an array, if the bytes that are left can hold it: a count alone buys no memory.
    #[inline(always)]
    pub fn count(&mut self, min_element_size: usize) -> Result<Option<usize>, DecodeError> {
        let Some(count) = self.length()? else { return Ok(None) };
        // An element that takes no bytes at all is charged with one, else it would cost nothing to claim.
        let remaining = self.rest.len().saturating_sub(self.owed);
        if count > remaining / min_element_size.max(1) {
            return Err(self.error(DecodeErrorKind::CountTooLarge { count, remaining }));
        }
        Ok(Some(count))
    }

    /// The count of an array that is not null, as [`Self::count`].
    pub(crate) fn some_count(&mut self, min_element_size: usize) -> Result<usize, DecodeError> {
        match self.count(min_element_size)? {
            Some(count) => Ok(count),
            None => Err(self.error(DecodeErrorKind::UnexpectedNull)),
        }
    }

    /// Sets bytes aside for elements that are still to be read, so that arrays within arrays cannot all claim the same.
    #[inline]
    pub(crate) fn set_aside(&mut self, bytes: usize) {
        self.owed += bytes;
    }

    /// Gives bytes that were set aside to the element that is read next.
    #[inline]
    pub(crate) fn release(&mut self, bytes: usize) {
        self.owed = self.owed.saturating_sub(bytes);
    }

    /// Reads a part of known size with its own end: nothing in it can reach past, and all of it must be used.
    pub(crate) fn part(
        &mut self,
        size: usize,
        read: impl FnOnce(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<usize, DecodeError> {
        let part = self.slice(size)?;
        let after = std::mem::replace(&mut self.rest, part);
        let owed = std::mem::take(&mut self.owed);
        read(self)?;
        let unused = self.rest.len();
        self.rest = after;
        self.owed = owed;
        Ok(unused)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`DecodeErrorKind::TrailingBytes`] if bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(self.error(DecodeErrorKind::TrailingBytes(left))),
        }
    }
}
