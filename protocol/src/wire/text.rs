//! Strings: slices of the frame, checked once to be UTF-8.

use bytestring::ByteString;

use super::{Decode, Encode, Nullable, Output, Reader};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};

/// The most bytes that a string may have, in every version.
const LONGEST: usize = i16::MAX as usize;

fn content(reader: &mut Reader<'_>, length: usize) -> Result<ByteString, DecodeError> {
    let start = reader.offset();
    // The compact form could say more, but Kafka holds it to what the classic one can.
    if length > LONGEST {
        return Err(reader.error(DecodeErrorKind::StringTooLong { length, limit: LONGEST }));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::varint;

    #[test]
    fn a_string_is_no_longer_than_classic_versions_allow_in_any_version() {
        for (length, is_fine) in [(LONGEST, true), (LONGEST + 1, false)] {
            let mut frame = Vec::new();
            varint::put_unsigned(&mut frame, length as u32 + 1);
            frame.resize(frame.len() + length, b'a');
            let frame = bytes::Bytes::from(frame);
            let read = ByteString::default().decode(&mut Reader::new(&frame, 9, true));
            assert_eq!(read.is_ok(), is_fine, "{length}");
        }
    }
}
