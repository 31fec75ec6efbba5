//! Fixed-width numbers, big-endian; booleans and uuids.

use super::{Decode, Encode, Output, Reader};
use crate::error::{DecodeError, EncodeError};
use crate::names::Uuid;

macro_rules! fixed_width {
    ($($number:ty),*) => {$(
        impl Decode for $number {
            const MIN_SIZE: usize = size_of::<$number>();

            #[inline]
            fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
                *self = <$number>::from_be_bytes(reader.array()?);
                Ok(())
            }
        }

        impl Encode for $number {
            #[inline]
            fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
                output.put(&self.to_be_bytes());
                Ok(())
            }

            fn is_default(&self) -> bool {
                *self == <$number>::default()
            }
        }
    )*};
}

fixed_width!(i8, i16, i32, i64, u16, u32, f64);

impl Decode for bool {
    const MIN_SIZE: usize = 1;

    #[inline]
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        // Any byte but 0 is true, as in Java.
        *self = reader.array::<1>()? != [0];
        Ok(())
    }
}

impl Encode for bool {
    #[inline]
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        output.put(&[u8::from(*self)]);
        Ok(())
    }

    fn is_default(&self) -> bool {
        !*self
    }
}

impl Decode for Uuid {
    const MIN_SIZE: usize = 16;

    #[inline]
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        *self = Self::from_bytes(reader.array()?);
        Ok(())
    }
}

impl Encode for Uuid {
    #[inline]
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        output.put(self.as_bytes());
        Ok(())
    }

    fn is_default(&self) -> bool {
        *self == Self::ZERO
    }
}
