//! The alphabet: how each kind of field lies on the wire.
//!
//! | kind | classic versions | flexible versions (KIP-482) |
//! |---|---|---|
//! | integer, float, bool, uuid | fixed width, big-endian | the same |
//! | string | i16 length, bytes; −1 is null | uvarint length + 1, bytes; 0 is null |
//! | bytes, records | i32 length, bytes; −1 is null | uvarint length + 1, bytes; 0 is null |
//! | array | i32 count, elements; −1 is null | uvarint count + 1, elements; 0 is null |
//! | nullable struct | i8 (−1 null, 1 there), fields | the same |
//! | end of a struct | nothing | tagged fields |
//!
//! A [`Reader`] and an [`Output`] know the version, so that no value needs it as an argument. Values are decoded in
//! place, on a default value, and a half-read value never gets out: [`Message::read`] is the way in.

mod array;
mod blob;
mod int;
mod int_array;
mod output;
mod reader;
mod tagged;
mod text;
pub mod varint;

use bytes::Bytes;

pub use self::blob::Records;
pub use self::int_array::{IntArray, WireInt};
pub use self::output::Output;
pub use self::reader::Reader;
pub use self::tagged::{TaggedField, TaggedFields, no_known_tag};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};
use crate::schema::Struct;
use crate::version::VersionRange;

/// A value that can be read from a frame.
pub trait Decode {
    /// The fewest bytes that a value takes in any version: what an array's count is charged with at least.
    const MIN_SIZE: usize;

    /// Reads the value over `self`, which is at its default.
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError>;
}

/// A value that can be written to a frame.
pub trait Encode {
    /// Appends the value to `output`, in the version that `output` is in.
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError>;

    /// Whether the wire says nothing when the value is tagged: it is at its default.
    fn is_default(&self) -> bool
    where
        Self: Default + PartialEq,
    {
        *self == Self::default()
    }
}

/// A value that has a null on the wire, so that `Option` of it can be read and written.
pub trait Nullable: Sized {
    /// The fewest bytes that the value or its null takes.
    const MIN_SIZE: usize;

    /// Reads null or a value over `this`.
    fn decode_nullable(this: &mut Option<Self>, reader: &mut Reader<'_>) -> Result<(), DecodeError>;

    /// Appends the value or its null.
    fn encode_nullable(this: Option<&Self>, output: &mut Output) -> Result<(), EncodeError>;
}

/// A nullable struct: a byte, negative for null, then the fields.
impl<T: Struct + Decode + Encode + Default> Nullable for T {
    const MIN_SIZE: usize = 1;

    fn decode_nullable(this: &mut Option<Self>, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if i8::from_be_bytes(reader.array()?) < 0 {
            *this = None;
            return Ok(());
        }
        this.insert(Self::default()).decode(reader)
    }

    fn encode_nullable(this: Option<&Self>, output: &mut Output) -> Result<(), EncodeError> {
        match this {
            Some(value) => {
                output.put(&[1]);
                value.encode(output)
            }
            None => {
                output.put(&(-1_i8).to_be_bytes());
                Ok(())
            }
        }
    }
}

impl<T: Nullable> Decode for Option<T> {
    const MIN_SIZE: usize = T::MIN_SIZE;

    #[inline]
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        T::decode_nullable(self, reader)
    }
}

impl<T: Nullable> Encode for Option<T> {
    #[inline]
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        T::encode_nullable(self.as_ref(), output)
    }

    fn is_default(&self) -> bool {
        self.is_none()
    }
}

/// A whole message body: a request, a response, or a data structure that Kafka stores inside other fields.
///
/// Derived, together with [`Decode`], [`Encode`] and `Default`, from a struct whose attributes are its schema.
pub trait Message: Decode + Encode + Struct + Default {
    /// Kafka's name of it, such as `ProduceRequest`.
    const NAME: &'static str;
    /// The versions there are.
    const VERSIONS: VersionRange;
    /// The first version with compact lengths and tagged fields (KIP-482), if there is one.
    const FLEXIBLE_FROM: Option<i16>;

    /// Whether `version` has compact lengths and tagged fields.
    #[inline]
    #[must_use]
    fn is_flexible(version: i16) -> bool {
        Self::FLEXIBLE_FROM.is_some_and(|first| version >= first)
    }

    /// Reads a whole body, header excluded; strings and bytes are slices of `body`.
    ///
    /// # Errors
    /// [`DecodeErrorKind::UnsupportedVersion`] for a version outside [`Self::VERSIONS`];
    /// [`DecodeErrorKind::TrailingBytes`] if the message ends before the input does; else what is wrong with the bytes.
    fn read(body: &Bytes, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(version) {
            return Err(unreadable_version(version, Self::VERSIONS));
        }
        let mut reader = Reader::new(body, version, Self::is_flexible(version));
        let mut message = Self::default();
        message.decode(&mut reader)?;
        reader.finish()?;
        Ok(message)
    }

    /// Appends the body, header excluded, to what `output` already holds.
    ///
    /// # Errors
    /// [`EncodeErrorKind::UnsupportedVersion`], or the first field that this version cannot carry. What lies before that
    /// field is in `output` then: it is of no use any more, but for the bytes from before.
    fn write(&self, version: i16, output: &mut Output) -> Result<(), EncodeError> {
        check_version(version, Self::VERSIONS)?;
        output.set_version(version, Self::is_flexible(version));
        self.encode(output)
    }

    /// The body alone, in one buffer.
    ///
    /// # Errors
    /// As [`Self::write`].
    fn to_bytes(&self, version: i16) -> Result<Bytes, EncodeError> {
        let mut output = Output::new(Vec::new());
        self.write(version, &mut output)?;
        Ok(output.into_bytes())
    }
}

#[cold]
fn unreadable_version(version: i16, versions: VersionRange) -> DecodeError {
    let (lowest, highest) = (versions.lowest(), versions.highest());
    DecodeError::new(DecodeErrorKind::UnsupportedVersion { version, lowest, highest }, 0)
}

/// Refuses to write a version that the message does not have.
pub(crate) fn check_version(version: i16, versions: VersionRange) -> Result<(), EncodeError> {
    if versions.contains(version) {
        return Ok(());
    }
    let (lowest, highest) = (versions.lowest(), versions.highest());
    Err(EncodeError::new(EncodeErrorKind::UnsupportedVersion { version, lowest, highest }))
}
