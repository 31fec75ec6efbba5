//! Variable-length integers: seven bits a byte, lowest first, the high bit says that more follow.
//!
//! Unsigned ones carry lengths and tags (KIP-482), zigzag ones the fields of records (KIP-98). A form longer than it
//! need be (`80 00` for 0) is read as Java reads it; one that has bits beyond its type is an error.

use crate::error::DecodeErrorKind;

/// Reads an unsigned varint of at most 32 bits.
///
/// # Errors
/// [`DecodeErrorKind::VarintTooLong`] past 32 bits, [`DecodeErrorKind::UnexpectedEnd`] without a last byte.
#[inline]
pub fn unsigned(input: &[u8]) -> Result<(&[u8], u32), DecodeErrorKind> {
    if let [byte @ 0..=0x7f, rest @ ..] = input {
        return Ok((rest, u32::from(*byte)));
    }
    let (rest, value) = unsigned_slow(input, 5)?;
    u32::try_from(value).map(|value| (rest, value)).map_err(|_| DecodeErrorKind::VarintTooLong)
}

/// Reads a zigzag varint of at most 32 bits.
///
/// # Errors
/// As [`unsigned`].
#[inline]
pub fn zigzag(input: &[u8]) -> Result<(&[u8], i32), DecodeErrorKind> {
    let (rest, value) = unsigned(input)?;
    Ok((rest, ((value >> 1) as i32) ^ -((value & 1) as i32)))
}

/// Reads a zigzag varint of at most 64 bits.
///
/// # Errors
/// As [`unsigned`], past 64 bits.
#[inline]
pub fn zigzag_long(input: &[u8]) -> Result<(&[u8], i64), DecodeErrorKind> {
    let (rest, value) = match input {
        [byte @ 0..=0x7f, rest @ ..] => (rest, u64::from(*byte)),
        _ => unsigned_slow(input, 10)?,
    };
    Ok((rest, ((value >> 1) as i64) ^ -((value & 1) as i64)))
}

fn unsigned_slow(input: &[u8], longest: usize) -> Result<(&[u8], u64), DecodeErrorKind> {
    let mut value = 0_u64;
    for (index, &byte) in input.iter().enumerate().take(longest) {
        let bits = u64::from(byte & 0x7f);
        // Only the tenth byte can push bits out of 64.
        if index == 9 && bits > 1 {
            return Err(DecodeErrorKind::VarintTooLong);
        }
        value |= bits << (7 * index);
        if byte < 0x80 {
            return Ok((&input[index + 1..], value));
        }
    }
    if input.len() >= longest {
        return Err(DecodeErrorKind::VarintTooLong);
    }
    Err(DecodeErrorKind::UnexpectedEnd { needed: input.len() + 1, remaining: input.len() })
}

/// Appends an unsigned varint.
#[inline]
pub fn put_unsigned(output: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        output.push(value as u8 | 0x80);
        value >>= 7;
    }
    output.push(value as u8);
}

/// How many bytes [`put_unsigned`] appends.
#[inline]
#[must_use]
pub fn unsigned_size(value: u32) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        // Counting zeros is slow where the processor is not known to have an instruction for it.
        _ => (38 - value.leading_zeros() as usize) / 7,
    }
}

/// Appends a zigzag varint of 32 bits.
#[inline]
pub fn put_zigzag(output: &mut Vec<u8>, value: i32) {
    put_unsigned(output, zigzagged(value));
}

/// Appends a zigzag varint of 64 bits.
#[inline]
pub fn put_zigzag_long(output: &mut Vec<u8>, value: i64) {
    let mut value = zigzagged_long(value);
    while value >= 0x80 {
        output.push(value as u8 | 0x80);
        value >>= 7;
    }
    output.push(value as u8);
}

/// How many bytes [`put_zigzag`] appends.
#[inline]
#[must_use]
pub fn zigzag_size(value: i32) -> usize {
    unsigned_size(zigzagged(value))
}

/// How many bytes [`put_zigzag_long`] appends.
#[inline]
#[must_use]
pub fn zigzag_long_size(value: i64) -> usize {
    match zigzagged_long(value) {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        value => (70 - value.leading_zeros() as usize) / 7,
    }
}

#[inline]
pub(crate) fn zigzagged(value: i32) -> u32 {
    (value << 1 ^ value >> 31) as u32
}

#[inline]
pub(crate) fn zigzagged_long(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_the_edges_of_each_length_survive() {
        for value in
            [0, 1, 127, 128, 16_383, 16_384, (1 << 21) - 1, 1 << 21, (1 << 28) - 1, 1 << 28, u32::MAX]
        {
            let mut bytes = Vec::new();
            put_unsigned(&mut bytes, value);
            assert_eq!(bytes.len(), unsigned_size(value), "{value}");
            assert_eq!(unsigned(&bytes), Ok((&[][..], value)));
        }
    }

    #[test]
    fn a_longer_form_than_needed_is_read_as_java_reads_it() {
        assert_eq!(unsigned(&[0x80, 0x00]), Ok((&[][..], 0)));
    }

    #[test]
    fn bits_beyond_the_type_are_an_error() {
        assert_eq!(unsigned(&[0xff, 0xff, 0xff, 0xff, 0x10]), Err(DecodeErrorKind::VarintTooLong));
        assert_eq!(unsigned(&[0xff; 6]), Err(DecodeErrorKind::VarintTooLong));
        assert_eq!(zigzag_long(&[0xff; 11]), Err(DecodeErrorKind::VarintTooLong));
        let too_high = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(zigzag_long(&too_high), Err(DecodeErrorKind::VarintTooLong));
    }

    #[test]
    fn a_varint_without_its_last_byte_is_cut() {
        assert!(matches!(unsigned(&[0x80]), Err(DecodeErrorKind::UnexpectedEnd { .. })));
        assert!(matches!(unsigned(&[]), Err(DecodeErrorKind::UnexpectedEnd { .. })));
    }

    #[test]
    fn zigzag_maps_small_negatives_to_small_bytes() {
        assert_eq!(zigzag(&[0x01]), Ok((&[][..], -1)));
        assert_eq!(zigzag(&[0x02]), Ok((&[][..], 1)));
        assert_eq!(zigzag_long(&[0x03]), Ok((&[][..], -2)));
    }

    #[test]
    fn zigzags_are_as_long_as_said_and_read_back() {
        for bits in 0..64 {
            for value in [1_i64 << bits, (1_i64 << bits).wrapping_neg(), (1_i64 << bits).wrapping_sub(1)] {
                let mut bytes = Vec::new();
                put_zigzag_long(&mut bytes, value);
                assert_eq!(bytes.len(), zigzag_long_size(value), "{value}");
                assert_eq!(zigzag_long(&bytes), Ok((&[][..], value)));
                let Ok(value) = i32::try_from(value) else { continue };
                bytes.clear();
                put_zigzag(&mut bytes, value);
                assert_eq!(bytes.len(), zigzag_size(value), "{value}");
                assert_eq!(zigzag(&bytes), Ok((&[][..], value)));
            }
        }
    }
}
