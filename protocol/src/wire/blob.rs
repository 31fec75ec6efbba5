//! Bytes, and records: the bytes of record batches, which pass through untouched.

use std::fmt;

use bytes::Bytes;

use super::{Decode, Encode, Nullable, Output, Reader};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};

impl Decode for Bytes {
    const MIN_SIZE: usize = 1;

    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        match reader.length()? {
            Some(length) => reader.bytes(length).map(|bytes| *self = bytes),
            None => Err(reader.error(DecodeErrorKind::UnexpectedNull)),
        }
    }
}

impl Encode for Bytes {
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        output.put_length(Some(self.len()))?;
        output.put_blob(self);
        Ok(())
    }

    fn is_default(&self) -> bool {
        self.is_empty()
    }
}

impl Nullable for Bytes {
    const MIN_SIZE: usize = 1;

    fn decode_nullable(this: &mut Option<Self>, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        *this = match reader.length()? {
            Some(length) => Some(reader.bytes(length)?),
            None => None,
        };
        Ok(())
    }

    fn encode_nullable(this: Option<&Self>, output: &mut Output) -> Result<(), EncodeError> {
        match this {
            Some(bytes) => bytes.encode(output),
            None => output.put_length(None),
        }
    }
}

/// The content of a records field: record batches one after another, as bytes.
///
/// Read from a frame it is one slice of it. A broker puts it together from many slices (its stored batches) and
/// writes them without ever joining them.
#[derive(Clone, Default)]
pub struct Records {
    first: Bytes,
    more: Vec<Bytes>,
}

impl Records {
    /// Puts slices together that are to be read as one.
    #[must_use]
    pub fn from_slices(slices: impl IntoIterator<Item = Bytes>) -> Self {
        let mut slices = slices.into_iter();
        Self { first: slices.next().unwrap_or_default(), more: slices.collect() }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slices().map(Bytes::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slices().all(Bytes::is_empty)
    }

    /// The slices, in order.
    pub fn slices(&self) -> impl Iterator<Item = &Bytes> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// All bytes in one slice; a copy only if they lie in more than one.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        if self.more.is_empty() {
            return self.first.clone();
        }
        let mut whole = Vec::with_capacity(self.len());
        for slice in self.slices() {
            whole.extend_from_slice(slice);
        }
        Bytes::from(whole)
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        Self { first: bytes, more: Vec::new() }
    }
}

impl From<Vec<u8>> for Records {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl PartialEq for Records {
    fn eq(&self, other: &Self) -> bool {
        if self.more.is_empty() && other.more.is_empty() {
            return self.first == other.first;
        }
        self.len() == other.len() && self.slices().flatten().eq(other.slices().flatten())
    }
}

impl Eq for Records {}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({} bytes)", self.len())
    }
}

impl Decode for Records {
    const MIN_SIZE: usize = 1;

    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.first.decode(reader)
    }
}

impl Encode for Records {
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        output.put_length(Some(self.len()))?;
        self.slices().for_each(|slice| output.put_blob(slice));
        Ok(())
    }

    fn is_default(&self) -> bool {
        self.is_empty()
    }
}

impl Nullable for Records {
    const MIN_SIZE: usize = 1;

    fn decode_nullable(this: &mut Option<Self>, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let mut bytes = None;
        Bytes::decode_nullable(&mut bytes, reader)?;
        *this = bytes.map(Self::from);
        Ok(())
    }

    fn encode_nullable(this: Option<&Self>, output: &mut Output) -> Result<(), EncodeError> {
        match this {
            Some(records) => records.encode(output),
            None => output.put_length(None),
        }
    }
}
