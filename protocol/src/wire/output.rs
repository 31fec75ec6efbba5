//! The buffer that messages are written to.

use bytes::Bytes;

use super::varint;
use crate::error::{EncodeError, EncodeErrorKind};

/// A growing buffer that knows which version it writes.
///
/// It is a plain `Vec<u8>`, written once from front to back. In *spliced* mode, blobs of 1 KiB or more
/// (record batches) are not copied: the buffer remembers where they belong, and [`Self::into_parts`] gives
/// the frame as a row of slices for a vectored write.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    splices: Vec<Splice>,
    spliced_bytes: usize,
    splicing: bool,
    version: i16,
    flexible: bool,
}

#[derive(Debug)]
struct Splice {
    /// Position in `bytes` where the blob goes.
    position: usize,
    blob: Bytes,
}

/// From this size on a blob is cheaper to reference than to copy.
const SPLICE_FROM: usize = 1024;

/// What a blob is copied in. Larger copies go through an instruction of the processor (`rep movsb`) that takes up to
/// 40 % longer where source and target do not lie alike, as behind a header they do not.
const COPY_AT_ONCE: usize = 1024;

impl Output {
    /// Writes behind what `buffer` already holds.
    #[must_use]
    pub fn new(buffer: Vec<u8>) -> Self {
        Self { bytes: buffer, ..Self::default() }
    }

    /// Writes behind what `buffer` already holds and references large blobs instead of copying them.
    #[must_use]
    pub fn spliced(buffer: Vec<u8>) -> Self {
        Self { bytes: buffer, splicing: true, ..Self::default() }
    }

    /// Chooses the version for what is written from here on.
    pub fn set_version(&mut self, version: i16, flexible: bool) {
        self.version = version;
        self.flexible = flexible;
    }

    /// The version being written.
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

    /// Bytes written so far, spliced ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() + self.spliced_bytes
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends the first `length` bytes of an array, by a copy of the whole.
    #[inline]
    pub(crate) fn put_start_of<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        let end = self.bytes.len() + length.min(N);
        self.bytes.extend_from_slice(bytes);
        self.bytes.truncate(end);
    }

    /// Appends a blob, by reference if it is large and the output splices.
    pub fn put_blob(&mut self, blob: &Bytes) {
        if self.splicing && blob.len() >= SPLICE_FROM {
            self.spliced_bytes += blob.len();
            self.splices.push(Splice { position: self.bytes.len(), blob: blob.clone() });
        } else {
            self.bytes.reserve(blob.len());
            blob.chunks(COPY_AT_ONCE).for_each(|piece| self.bytes.extend_from_slice(piece));
        }
    }

    /// Appends an unsigned varint.
    #[inline]
    pub fn put_unsigned_varint(&mut self, value: u32) {
        varint::put_unsigned(&mut self.bytes, value);
    }

    /// Appends the length of a string; `None` is null.
    #[inline]
    pub fn put_string_length(&mut self, length: Option<usize>) -> Result<(), EncodeError> {
        // The classic form has two bytes for it, and Java holds the compact form to the same bound.
        if length.is_some_and(|length| length > i16::MAX as usize) {
            return Err(too_long(length, i16::MAX as usize));
        }
        let length = length.map_or(-1, |length| length as i16);
        if self.flexible {
            self.put_unsigned_varint((i32::from(length) + 1) as u32);
        } else {
            self.put(&length.to_be_bytes());
        }
        Ok(())
    }

    /// Appends the length of bytes or the count of an array; `None` is null.
    #[inline]
    pub fn put_length(&mut self, length: Option<usize>) -> Result<(), EncodeError> {
        if length.is_some_and(|length| length >= i32::MAX as usize) {
            return Err(too_long(length, i32::MAX as usize - 1));
        }
        let length = length.map_or(-1, |length| length as i32);
        if self.flexible {
            self.put_unsigned_varint((length + 1) as u32);
        } else {
            self.put(&length.to_be_bytes());
        }
        Ok(())
    }

    /// Appends what `write` writes, with its size as an unsigned varint before it.
    ///
    /// Sizes under 128 bytes, nearly all there are, cost nothing; others move their bytes once.
    pub(crate) fn put_sized(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let splicing = std::mem::replace(&mut self.splicing, false);
        let start = self.bytes.len();
        self.bytes.push(0);
        let written = write(self);
        self.splicing = splicing;
        written?;
        let size = (self.bytes.len() - start - 1) as u32;
        if size < 0x80 {
            self.bytes[start] = size as u8;
        } else {
            let mut prefix = Vec::with_capacity(5);
            varint::put_unsigned(&mut prefix, size);
            self.bytes.splice(start..=start, prefix);
        }
        Ok(())
    }

    /// Writes over four bytes written before, such as a length that is only known at the end. `position` is what
    /// [`Self::len`] was when they were written.
    ///
    /// # Panics
    /// If `position` is not the place of four written bytes, or one of them is of a blob that was spliced.
    pub fn patch_i32(&mut self, position: usize, value: i32) {
        let mut start = position;
        for Splice { position, blob } in &self.splices {
            if start + 4 <= *position {
                break;
            }
            assert!(start >= position + blob.len(), "a spliced blob is not written over");
            start -= blob.len();
        }
        self.bytes[start..start + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// The whole in one buffer; without splices nothing is copied.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        if self.splices.is_empty() {
            return Bytes::from(self.bytes);
        }
        let mut whole = Vec::with_capacity(self.len());
        for part in self.into_parts() {
            whole.extend_from_slice(&part);
        }
        Bytes::from(whole)
    }

    /// The buffer, to be used again.
    ///
    /// # Panics
    /// If a blob was spliced, as only an output of [`Self::spliced`] does: the bytes are not in one buffer.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        assert!(self.splices.is_empty(), "a spliced output is not one buffer");
        self.bytes
    }

    /// The whole as a row of slices, spliced blobs among them.
    #[must_use]
    pub fn into_parts(self) -> Vec<Bytes> {
        let mut written = Bytes::from(self.bytes);
        let mut parts = Vec::with_capacity(2 * self.splices.len() + 1);
        let mut taken = 0;
        for Splice { position, blob } in self.splices {
            if position > taken {
                parts.push(written.split_to(position - taken));
                taken = position;
            }
            parts.push(blob);
        }
        if !written.is_empty() {
            parts.push(written);
        }
        parts
    }
}

#[cold]
fn too_long(length: Option<usize>, limit: usize) -> EncodeError {
    EncodeError::new(EncodeErrorKind::TooLong { length: length.unwrap_or_default(), limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spliced_parts_are_the_same_bytes() {
        let blob = Bytes::from(vec![7; 4096]);
        let (mut copied, mut spliced) = (Output::new(Vec::new()), Output::spliced(Vec::new()));
        for output in [&mut copied, &mut spliced] {
            output.put(b"before");
            output.put_blob(&blob);
            output.put_blob(&blob);
            output.put(b"after");
        }
        assert_eq!(copied.len(), spliced.len());
        let parts = spliced.into_parts();
        assert_eq!(parts.len(), 4);
        assert_eq!(parts.concat(), copied.into_bytes());
        assert_eq!(parts[1].as_ptr(), blob.as_ptr());
    }

    #[test]
    fn what_is_patched_is_where_it_was_written_whatever_was_spliced_before() {
        let blob = Bytes::from(vec![7; 4096]);
        let (mut copied, mut spliced) = (Output::new(Vec::new()), Output::spliced(Vec::new()));
        for output in [&mut copied, &mut spliced] {
            let mut places = Vec::new();
            for _ in 0..3 {
                places.push(output.len());
                output.put(&[0; 4]);
                output.put_blob(&blob);
                output.put_blob(&blob);
            }
            places.push(output.len());
            output.put(&[0; 4]);
            for (place, value) in places.into_iter().zip(1..) {
                output.patch_i32(place, value);
            }
        }
        let copied = copied.into_bytes();
        assert_eq!(copied[3 * 8196..], [0, 0, 0, 4]);
        assert_eq!(spliced.into_bytes(), copied);
    }

    #[test]
    #[should_panic(expected = "a spliced blob is not written over")]
    fn a_spliced_blob_is_not_patched() {
        let mut output = Output::spliced(Vec::new());
        output.put(&[0; 4]);
        output.put_blob(&Bytes::from(vec![7; 4096]));
        output.patch_i32(3, 1);
    }

    #[test]
    fn a_size_is_written_before_what_it_counts() {
        for size in [0, 1, 127, 128, 20_000] {
            let mut output = Output::new(Vec::new());
            let content = vec![9; size];
            let sized = output.put_sized(|output| {
                output.put(&content);
                Ok(())
            });
            assert!(sized.is_ok());
            let bytes = output.into_bytes();
            let (rest, read) = varint::unsigned(&bytes).unwrap();
            assert_eq!((read as usize, rest), (size, &content[..]));
        }
    }
}
