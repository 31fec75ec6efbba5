//! Arrays of anything but 32-bit numbers.
//!
//! Each function here is compiled for some 280 types, so their loops are plain ones: closures and adapters of iterators
//! were a fifth of what the compiler had to do for the whole crate.

use super::{Decode, Encode, Nullable, Output, Reader};
use crate::error::{DecodeError, EncodeError};

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
    reader.set_aside(count * charge::<T>());
    // The second condition never ends the loop. It tells the compiler that there is room, so that it makes the element
    // where it belongs; else it makes it on the stack and waits for that before it copies it.
    while array.len() < count && array.len() < array.capacity() {
        let index = array.len();
        reader.release(charge::<T>());
        array.push(T::default());
        if let Some(element) = array.last_mut()
            && let Err(error) = element.decode(reader)
        {
            return Err(error.in_element(index));
        }
    }
    Ok(())
}

impl<T: Decode + Default> Decode for Vec<T> {
    const MIN_SIZE: usize = 1;

    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let count = reader.some_count(charge::<T>())?;
        elements(self, count, reader)
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        output.put_length(Some(self.len()))?;
        let mut index = 0;
        while let Some(element) = self.get(index) {
            if let Err(error) = element.encode(output) {
                return Err(error.in_element(index));
            }
            index += 1;
        }
        Ok(())
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
