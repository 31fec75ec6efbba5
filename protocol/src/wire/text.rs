//! Strings: slices of the frame, checked once to be UTF-8.

use bytestring::ByteString;

use super::{Decode, Encode, Nullable, Output, Reader};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};

fn content(reader: &mut Reader<'_>, length: usize) -> Result<ByteString, DecodeError> {
    let start = reader.offset();
    let bytes = reader.bytes(length)?;
    ByteString::try_from(bytes).map_err(|_| DecodeError::new(DecodeErrorKind::InvalidUtf8, start))
}

impl Decode for ByteString {
    const MIN_SIZE: usize = 1;

    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        match reader.string_length()? {
            Some(0) => Ok(()),
            Some(length) => content(reader, length).map(|text| *self = text),
            None => Err(reader.error(DecodeErrorKind::UnexpectedNull)),
        }
    }
}

impl Encode for ByteString {
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        output.put_string_length(Some(self.len()))?;
        output.put(self.as_bytes());
        Ok(())
    }

    fn is_default(&self) -> bool {
        self.is_empty()
    }
}

impl Nullable for ByteString {
    const MIN_SIZE: usize = 1;

    fn decode_nullable(this: &mut Option<Self>, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        *this = match reader.string_length()? {
            Some(length) => Some(content(reader, length)?),
            None => None,
        };
        Ok(())
    }

    fn encode_nullable(this: Option<&Self>, output: &mut Output) -> Result<(), EncodeError> {
        match this {
            Some(text) => text.encode(output),
            None => output.put_string_length(None),
        }
    }
}
