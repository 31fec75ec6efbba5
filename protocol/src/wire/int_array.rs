//! Arrays of 32-bit numbers: mostly replica lists, mostly short.

use std::fmt;
use std::ops::Deref;

use super::{Decode, Encode, Nullable, Output, Reader};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};

/// A number that lies on the wire as an `int32`.
pub trait WireInt: Copy + Default + PartialEq + fmt::Debug {
    /// Zero.
    const ZERO: Self;
    /// From what the wire says.
    fn from_wire(value: i32) -> Self;
    /// To what the wire says.
    fn to_wire(self) -> i32;
}

impl WireInt for i32 {
    const ZERO: Self = 0;

    #[inline]
    fn from_wire(value: i32) -> Self {
        value
    }

    #[inline]
    fn to_wire(self) -> i32 {
        self
    }
}

/// An array of `int32`: up to five lie in the value itself, more in one box.
///
/// A metadata answer has three such arrays for each partition; a `Vec` each was 2,000 of the 2,102 allocations that
/// decoding one of 1,000 partitions cost.
///
/// ```
/// use milena_protocol::wire::IntArray;
///
/// let replicas: IntArray<i32> = [1, 2, 3].into_iter().collect();
/// assert_eq!(replicas[..], [1, 2, 3]);
/// ```
#[derive(Clone)]
pub struct IntArray<T = i32>(Place<T>);

#[derive(Clone)]
enum Place<T> {
    Inline { count: u8, numbers: [T; INLINE] },
    Boxed(Box<[T]>),
}

/// With five numbers, the count and the tag the value takes 24 bytes, as a `Vec` does.
const INLINE: usize = 5;

impl<T: WireInt> IntArray<T> {
    /// A constant, because compilers put together on the stack what is not, and copy it: a default message was three
    /// times as slow.
    const EMPTY: Self = Self(Place::Inline { count: 0, numbers: [T::ZERO; INLINE] });

    /// An array without elements.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        Self::EMPTY
    }
}

impl<T: WireInt> Default for IntArray<T> {
    #[inline]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for IntArray<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Place::Inline { count, numbers } => &numbers[..usize::from(*count).min(INLINE)],
            Place::Boxed(numbers) => numbers,
        }
    }
}

impl<T: PartialEq> PartialEq for IntArray<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for IntArray<T> {}

impl<T: fmt::Debug> fmt::Debug for IntArray<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: WireInt> From<&[T]> for IntArray<T> {
    fn from(slice: &[T]) -> Self {
        if slice.len() > INLINE {
            return Self(Place::Boxed(slice.into()));
        }
        let mut numbers = [T::ZERO; INLINE];
        numbers[..slice.len()].copy_from_slice(slice);
        Self(Place::Inline { count: slice.len() as u8, numbers })
    }
}

impl<T: WireInt> From<Vec<T>> for IntArray<T> {
    fn from(vec: Vec<T>) -> Self {
        if vec.len() > INLINE { Self(Place::Boxed(vec.into())) } else { Self::from(&vec[..]) }
    }
}

impl<T: WireInt, const N: usize> From<[T; N]> for IntArray<T> {
    fn from(array: [T; N]) -> Self {
        Self::from(&array[..])
    }
}

impl<T: WireInt> FromIterator<T> for IntArray<T> {
    fn from_iter<I: IntoIterator<Item = T>>(numbers: I) -> Self {
        Self::from(numbers.into_iter().collect::<Vec<_>>())
    }
}

impl<'a, T> IntoIterator for &'a IntArray<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[inline(always)]
fn numbers<T: WireInt>(
    array: &mut IntArray<T>,
    count: usize,
    reader: &mut Reader<'_>,
) -> Result<(), DecodeError> {
    // The count was checked against the bytes that are left, so the product cannot overflow.
    let wire = reader.slice(count * 4)?.as_chunks::<4>().0;
    let number = |bytes: &[u8; 4]| T::from_wire(i32::from_be_bytes(*bytes));
    if count > INLINE {
        array.0 = Place::Boxed(wire.iter().map(number).collect());
        return Ok(());
    }
    if let Place::Inline { count: filled, numbers } = &mut array.0 {
        *filled = count as u8;
        for (place, bytes) in numbers.iter_mut().zip(wire) {
            *place = number(bytes);
        }
    }
    Ok(())
}

impl<T: WireInt> Decode for IntArray<T> {
    const MIN_SIZE: usize = 1;

    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        match reader.count(4)? {
            Some(count) => numbers(self, count, reader),
            None => Err(reader.error(DecodeErrorKind::UnexpectedNull)),
        }
    }
}

impl<T: WireInt> Encode for IntArray<T> {
    // Part of the struct it is a field of, where the output's length stays in a register: a third of the time of a
    // metadata response (`metadata-encode` of the races).
    #[inline(always)]
    fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
        match &self.0 {
            Place::Inline { count: 0, .. } => output.put_length(Some(0)),
            Place::Inline { count, numbers } => {
                encode_inline(*count, numbers, output);
                Ok(())
            }
            Place::Boxed(numbers) => encode_boxed(numbers, output),
        }
    }

    fn is_default(&self) -> bool {
        self.is_empty()
    }
}

/// Count and numbers at once: one copy of a fixed size is cheaper than several small ones.
#[inline]
fn encode_inline<T: WireInt>(count: u8, numbers: &[T; INLINE], output: &mut Output) {
    let mut classic = [0; 4 + 4 * INLINE];
    for (bytes, number) in classic[4..].as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
        *bytes = number.to_wire().to_be_bytes();
    }
    let length = 4 * usize::from(count);
    if output.is_flexible() {
        let [_, _, _, mut flexible @ ..] = classic;
        flexible[0] = count + 1;
        output.put_start_of(&flexible, 1 + length);
    } else {
        classic[3] = count;
        output.put_start_of(&classic, 4 + length);
    }
}

#[inline(never)]
fn encode_boxed<T: WireInt>(numbers: &[T], output: &mut Output) -> Result<(), EncodeError> {
    output.put_length(Some(numbers.len()))?;
    numbers.iter().for_each(|number| output.put(&number.to_wire().to_be_bytes()));
    Ok(())
}

impl<T: WireInt> Nullable for IntArray<T> {
    const MIN_SIZE: usize = 1;

    fn decode_nullable(this: &mut Option<Self>, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        match reader.count(4)? {
            Some(count) => numbers(this.insert(Self::new()), count, reader),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_no_larger_than_a_vec() {
        assert_eq!(size_of::<IntArray<i32>>(), size_of::<Vec<i32>>());
        assert_eq!(size_of::<Option<IntArray<i32>>>(), size_of::<Vec<i32>>());
    }

    #[test]
    fn short_and_long_ones_read_back() {
        for length in 0..12 {
            let array: IntArray<i32> = (0..length).collect();
            assert_eq!(array.len(), length as usize);
            assert!(array.iter().copied().eq(0..length));
        }
    }
}
