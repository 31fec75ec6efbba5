//! What nom parsers here have in common: their input, their error, and the fixed-width numbers.
//!
//! Frames, headers, record batches and the framings of compressed records are read with nom, on plain slices and
//! always to the end (`complete` parsers, never streaming ones). The error is small and `Copy`, because a record
//! loop returns it a million times a second; only when it leaves the parser it becomes a [`DecodeError`]. What that loop
//! is made of is inlined by force; `records/record.rs` says why.

use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Parser};

use crate::error::{DecodeError, DecodeErrorKind};
use crate::wire::varint;

/// What a parser of a `T` returns: the rest of the input and the value, or where and why it failed.
pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, Failure>;

/// Where parsing failed, counted from the end of the input, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Bytes that were left where it failed.
    remaining: usize,
    kind: Reason,
}

/// The kinds of [`DecodeErrorKind`] that parsers make, small enough to be `Copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// So many bytes were needed.
    End(usize),
    NegativeLength(i64),
    /// So many elements cannot lie in what is left.
    Count(usize),
    Null,
    VarintTooLong,
    Utf8,
    Magic(i8),
    /// A rule of the record formats, as a sentence.
    Rule(&'static str),
}

impl Failure {
    /// A failure at `input`: the first byte of it is the one that is wrong.
    #[inline]
    pub(crate) fn at(input: &[u8], kind: Reason) -> Self {
        Self { remaining: input.len(), kind }
    }

    /// Says that `rule` is broken instead of that bytes are missing: the end was not the end of the whole input.
    pub(crate) fn or_if_cut(self, rule: &'static str) -> Self {
        match self.kind {
            Reason::End(_) => Self { kind: Reason::Rule(rule), ..self },
            _ => self,
        }
    }

    /// The same failure, where the input that it was in is followed by `rest`.
    #[inline]
    pub(crate) fn before(self, rest: &[u8]) -> Self {
        Self { remaining: self.remaining + rest.len(), ..self }
    }

    /// The error to hand out, for an input of `total` bytes in all.
    #[cold]
    pub(crate) fn in_input_of(self, total: usize) -> DecodeError {
        let remaining = self.remaining;
        let kind = match self.kind {
            Reason::End(needed) => DecodeErrorKind::UnexpectedEnd { needed, remaining },
            Reason::NegativeLength(length) => DecodeErrorKind::NegativeLength(length),
            Reason::Count(count) => DecodeErrorKind::CountTooLarge { count, remaining },
            Reason::Null => DecodeErrorKind::UnexpectedNull,
            Reason::VarintTooLong => DecodeErrorKind::VarintTooLong,
            Reason::Utf8 => DecodeErrorKind::InvalidUtf8,
            Reason::Magic(magic) => DecodeErrorKind::UnknownMagic(magic),
            Reason::Rule(rule) => DecodeErrorKind::InvalidRecord(rule),
        };
        DecodeError::new(kind, total.saturating_sub(remaining))
    }
}

impl ParseError<&[u8]> for Failure {
    #[inline]
    fn from_error_kind(input: &[u8], _kind: ErrorKind) -> Self {
        // The parsers of nom that are used here fail for want of bytes only.
        Self::at(input, Reason::End(input.len() + 1))
    }

    fn append(_input: &[u8], _kind: ErrorKind, other: Self) -> Self {
        other
    }
}

/// A parser's way to say no.
#[inline(always)]
pub(crate) fn fail<T>(input: &[u8], kind: Reason) -> Parsed<'_, T> {
    Err(nom::Err::Error(Failure::at(input, kind)))
}

/// Runs `parser` at the start of `input`: the value and the rest, or the error with its offset in `input`.
pub(crate) fn parse<'a, T>(
    mut parser: impl Parser<&'a [u8], Output = T, Error = Failure>,
    input: &'a [u8],
) -> Result<(&'a [u8], T), DecodeError> {
    parser.parse_complete(input).map_err(|error| into_failure(error).in_input_of(input.len()))
}

/// Takes the failure out of nom's envelope.
#[inline]
pub(crate) fn into_failure(error: nom::Err<Failure>) -> Failure {
    match error {
        nom::Err::Error(failure) | nom::Err::Failure(failure) => failure,
        // Complete parsers do not say this.
        nom::Err::Incomplete(_) => Failure { remaining: 0, kind: Reason::End(1) },
    }
}

macro_rules! fixed_width {
    ($($name:ident: $number:ty),* $(,)?) => {$(
        #[doc = concat!("A `", stringify!($number), "`.")]
        #[inline]
        pub(crate) fn $name(input: &[u8]) -> Parsed<'_, $number> {
            nom::number::complete::$name::<_, Failure>(input)
                .map_err(|_| nom::Err::Error(Failure::at(input, Reason::End(size_of::<$number>()))))
        }
    )*};
}

fixed_width! { be_i8: i8, be_i16: i16, be_i32: i32, be_i64: i64, be_u32: u32 }

/// The next `count` bytes.
#[inline(always)]
pub(crate) fn take(input: &[u8], count: usize) -> Parsed<'_, &[u8]> {
    match input.split_at_checked(count) {
        Some((taken, rest)) => Ok((rest, taken)),
        None => fail(input, Reason::End(count)),
    }
}

/// A zigzag varint of at most 32 bits.
#[inline(always)]
pub(crate) fn zigzag(input: &[u8]) -> Parsed<'_, i32> {
    match *input {
        [low @ 0..=0x7f, ref rest @ ..] => Ok((rest, unzigzag(u32::from(low)))),
        [low, high @ 0..=0x7f, ref rest @ ..] => {
            Ok((rest, unzigzag(u32::from(low & 0x7f) | u32::from(high) << 7)))
        }
        _ => long_zigzag(input),
    }
}

/// A zigzag varint of at most 64 bits.
#[inline(always)]
pub(crate) fn zigzag_long(input: &[u8]) -> Parsed<'_, i64> {
    match *input {
        [low @ 0..=0x7f, ref rest @ ..] => Ok((rest, i64::from(unzigzag(u32::from(low))))),
        [low, high @ 0..=0x7f, ref rest @ ..] => {
            Ok((rest, i64::from(unzigzag(u32::from(low & 0x7f) | u32::from(high) << 7))))
        }
        _ => long_zigzag_long(input),
    }
}

#[inline(always)]
fn unzigzag(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

/// Three bytes and more, and what is wrong: kept out of the record loop.
#[cold]
#[inline(never)]
fn long_zigzag(input: &[u8]) -> Parsed<'_, i32> {
    varint::zigzag(input).map_err(|kind| bad_varint(input, &kind))
}

#[cold]
#[inline(never)]
fn long_zigzag_long(input: &[u8]) -> Parsed<'_, i64> {
    varint::zigzag_long(input).map_err(|kind| bad_varint(input, &kind))
}

#[cold]
fn bad_varint(input: &[u8], kind: &DecodeErrorKind) -> nom::Err<Failure> {
    let kind = match kind {
        DecodeErrorKind::UnexpectedEnd { needed, .. } => Reason::End(*needed),
        _ => Reason::VarintTooLong,
    };
    nom::Err::Error(Failure::at(input, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_where_in_the_whole_input_it_was() {
        let input = [0, 0, 0, 5, 1];
        let parser = |input| {
            let (input, length) = be_i32(input)?;
            take(input, length as usize)
        };
        let error = parse(parser, &input).unwrap_err();
        assert_eq!(error.offset(), 4);
        assert_eq!(*error.kind(), DecodeErrorKind::UnexpectedEnd { needed: 5, remaining: 1 });
    }

    #[test]
    fn varints_of_every_length_read_as_the_plain_ones_do() {
        for value in [0, -1, 1, 63, -64, 64, 8191, -8192, 8192, i32::MAX, i32::MIN] {
            let mut bytes = Vec::new();
            varint::put_unsigned(&mut bytes, (value << 1 ^ value >> 31) as u32);
            assert_eq!(zigzag(&bytes), Ok((&[][..], value)));
            assert_eq!(zigzag_long(&bytes), Ok((&[][..], i64::from(value))));
        }
        assert!(zigzag(&[0xff; 11]).is_err());
        assert!(zigzag(&[0x80]).is_err());
        assert!(zigzag(&[]).is_err());
    }
}
