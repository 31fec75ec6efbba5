//! Arrays of anything but 32-bit numbers.

use super::{Decode, Encode, Nullable, Output, Reader};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};

fn elements<T: Decode + Default>(
    array: &mut Vec<T>,
    count: usize,
    reader: &mut Reader<'_>,
) -> Result<(), DecodeError> {
    array.reserve_exact(count);
    array.resize_with(count, T::default);
    for (index, element) in array.iter_mut().enumerate() {
        if let Err(error) = element.decode(reader) {
            return Err(error.in_element(index));
        }
    }
    Ok(())
}

impl<T: Decode + Default> Decode for Vec<T> {
    const MIN_SIZE: usize = 1;

    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        match reader.count(T::MIN_SIZE)? {
            Some(count) => elements(self, count, reader),
            None => Err(reader.error(DecodeErrorKind::UnexpectedNull)),
        }
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        output.put_length(Some(self.len()))?;
        self.iter().try_for_each(|element| element.encode(output))
    }

    fn is_default(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Decode + Encode + Default> Nullable for Vec<T> {
    const MIN_SIZE: usize = 1;

    fn decode_nullable(this: &mut Option<Self>, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        match reader.count(T::MIN_SIZE)? {
            Some(count) => {
                let array = this.insert(Self::new());
                elements(array, count, reader)
            }
            None => {
                *this = None;
                Ok(())
            }
        }
    }

    fn encode_nullable(this: Option<&Self>, output: &mut Output) -> Result<(), EncodeError> {
        match this {
            Some(array) => array.encode(output),
            None => output.put_length(None),
        }
    }
}
