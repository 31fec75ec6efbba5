//! Arrays of anything but 32-bit numbers.

use super::{Decode, Encode, Nullable, Output, Reader};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};

/// What an element is charged with when a count is checked: the fewest bytes it takes on the wire in any version, or
/// more if it is large in memory. In every version that has it, an element takes this many (the test `memory` looks).
const fn charge<T: Decode>() -> usize {
    let by_size = size_of::<T>().div_ceil(MEMORY_PER_BYTE);
    if by_size > T::MIN_SIZE { by_size } else { T::MIN_SIZE }
}

/// The most memory that a byte of input can claim. With it, and because nested arrays share the bytes that are left,
/// what a message takes is bound by its size.
const MEMORY_PER_BYTE: usize = 48;

fn elements<T: Decode + Default>(
    array: &mut Vec<T>,
    count: usize,
    reader: &mut Reader<'_>,
) -> Result<(), DecodeError> {
    array.reserve_exact(count);
    array.resize_with(count, T::default);
    reader.set_aside(count * charge::<T>());
    for (index, element) in array.iter_mut().enumerate() {
        reader.release(charge::<T>());
        if let Err(error) = element.decode(reader) {
            return Err(error.in_element(index));
        }
    }
    Ok(())
}

impl<T: Decode + Default> Decode for Vec<T> {
    const MIN_SIZE: usize = 1;

    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        match reader.count(charge::<T>())? {
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
        match reader.count(charge::<T>())? {
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
