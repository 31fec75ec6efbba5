//! Snappy in the framing of Java's library, which is called xerial after its author.
//!
//! ```text
//! 82 "SNAPPY" 00 · version i32 · oldest compatible version i32 · blocks: (size i32 · raw snappy)…
//! ```
//!
//! Numbers are big-endian. Some clients write raw snappy without framing; both are read.

use std::fmt;

use super::{damaged, refused, too_large};
use crate::error::{DecodeError, EncodeError};
use crate::parse::{self, Parsed, Reason, be_i32, be_i64, take};

const MAGIC: i64 = i64::from_be_bytes(*b"\x82SNAPPY\0");
const VERSION: i32 = 1;
/// What Java's library compresses at a time.
const BLOCK: usize = 32 * 1024;

/// Writes the framing and keeps the table of matches.
#[derive(Default)]
pub(super) struct Encoder {
    snappy: Option<Box<snap::raw::Encoder>>,
}

impl Encoder {
    pub(super) fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), EncodeError> {
        let snappy = self.snappy.get_or_insert_with(|| Box::new(snap::raw::Encoder::new()));
        output.extend_from_slice(&MAGIC.to_be_bytes());
        output.extend_from_slice(&VERSION.to_be_bytes());
        output.extend_from_slice(&VERSION.to_be_bytes());
        for block in input.chunks(BLOCK) {
            let head = output.len();
            let data = head + 4;
            output.resize(data + snap::raw::max_compress_len(block.len()), 0);
            let size = snappy.compress(block, &mut output[data..]).map_err(refused)?;
            output[head..data].copy_from_slice(&(size as i32).to_be_bytes());
            output.truncate(data + size);
        }
        Ok(())
    }
}

/// Inflates framed or raw snappy. Each block says how much it gives; the sum is known before memory is taken.
pub(super) fn inflate(input: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    let parsed = |error: nom::Err<parse::Failure>| {
        let error = parse::into_failure(error).in_input_of(input.len());
        broken(error.kind(), error.offset())
    };
    let (start, framed) = framing(input).map_err(parsed)?;
    if !framed {
        let size = claimed(input, 0)?;
        if size > limit {
            return Err(too_large(limit));
        }
        let mut output = vec![0; size];
        decompress(input, 0, &mut output)?;
        return Ok(output);
    }

    let mut size = 0;
    let mut rest = start;
    while !rest.is_empty() {
        let (next, block) = block(rest).map_err(parsed)?;
        let claimed = claimed(block, input.len() - next.len() - block.len())?;
        if claimed > limit - size {
            return Err(too_large(limit));
        }
        size += claimed;
        rest = next;
    }
    let mut output = vec![0; size];
    let mut filled = 0;
    let mut rest = start;
    while !rest.is_empty() {
        let (next, block) = block(rest).map_err(parsed)?;
        filled += decompress(block, input.len() - next.len() - block.len(), &mut output[filled..])?;
        rest = next;
    }
    Ok(output)
}

/// Passes over the framing's header, if there is one.
fn framing(input: &[u8]) -> Parsed<'_, bool> {
    match be_i64(input) {
        Ok((rest, MAGIC)) => {
            let (rest, _version) = be_i32(rest)?;
            let (rest, compatible) = be_i32(rest)?;
            if compatible > VERSION {
                return parse::fail(input, Reason::Rule("a framing of a later version than 1"));
            }
            Ok((rest, true))
        }
        _ => Ok((input, false)),
    }
}

fn block(input: &[u8]) -> Parsed<'_, &[u8]> {
    // Streams that were joined have a header where a block could be.
    if let (input, true) = framing(input)? {
        return Ok((input, &[]));
    }
    let (rest, size) = be_i32(input)?;
    match usize::try_from(size) {
        Ok(size) => take(rest, size),
        Err(_) => parse::fail(input, Reason::NegativeLength(size.into())),
    }
}

/// How much the raw snappy at `offset` says it gives. More than its bytes can give is refused before memory is taken
/// for it: a copy takes three bytes and gives 64 at most.
fn claimed(block: &[u8], offset: usize) -> Result<usize, DecodeError> {
    if block.is_empty() {
        return Ok(0);
    }
    let size = snap::raw::decompress_len(block).map_err(|error| broken(error, offset))?;
    if size / 64 > block.len() / 2 {
        return Err(broken(format_args!("{size} bytes out of {}", block.len()), offset));
    }
    Ok(size)
}

fn decompress(block: &[u8], offset: usize, output: &mut [u8]) -> Result<usize, DecodeError> {
    if block.is_empty() {
        return Ok(0);
    }
    snap::raw::Decoder::new().decompress(block, output).map_err(|error| broken(error, offset))
}

#[cold]
fn broken(reason: impl fmt::Display, offset: usize) -> DecodeError {
    damaged(format_args!("snappy: {reason}"), offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::DecodeErrorKind;

    fn compressed(input: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        Encoder::default().compress(input, &mut output).unwrap();
        output
    }

    #[test]
    fn it_is_framed_as_java_does() {
        let framed = compressed(b"abc");
        assert_eq!(framed[..8], *b"\x82SNAPPY\0");
        assert_eq!(framed[8..], [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5, 3, 8, b'a', b'b', b'c']);
        assert_eq!(inflate(&framed, 3).unwrap(), b"abc");
    }

    #[test]
    fn raw_snappy_is_read_too() {
        assert_eq!(inflate(&[3, 8, b'a', b'b', b'c'], 3).unwrap(), b"abc");
    }

    #[test]
    fn many_blocks_and_joined_streams_come_back() {
        let input = b"0123456789".repeat(10_000);
        let mut framed = compressed(&input);
        assert_eq!(inflate(&framed, input.len()).unwrap(), input);
        assert!(inflate(&framed, input.len() - 1).is_err());
        framed.extend(compressed(b"abc"));
        assert_eq!(inflate(&framed, usize::MAX).unwrap().len(), input.len() + 3);
    }

    #[test]
    fn nothing_inflates_to_nothing() {
        assert_eq!(inflate(&compressed(b""), 0).unwrap(), b"");
        assert_eq!(inflate(b"", 0).unwrap(), b"");
    }

    #[test]
    fn a_claim_that_the_bytes_cannot_keep_takes_no_memory() {
        let claims_2_gib = [0x80, 0x80, 0x80, 0x80, 0x08, 0, 0];
        let error = inflate(&claims_2_gib, usize::MAX).unwrap_err();
        assert!(error.to_string().contains("2147483648 bytes out of 7"), "{error}");
    }

    #[test]
    fn a_block_that_is_damaged_is_told_from_one_that_is_too_large() {
        let kind = |error: DecodeError| error.kind().clone();
        let too_large = |limit| DecodeErrorKind::InflatedTooLarge { limit };
        let twice = [compressed(b"abc"), compressed(b"defg")].concat();
        assert_eq!(kind(inflate(&twice, 6).unwrap_err()), too_large(6));
        assert_eq!(kind(inflate(&[3, 8, b'a', b'b', b'c'], 2).unwrap_err()), too_large(2));

        let header = &twice[..16];
        let blocks: [(&[u8], &str); 3] = [
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "a length that is no varint"),
            (&[0x80, 0x80, 0x80, 0x80, 0x08, 0, 0], "2 GiB out of seven bytes"),
            (&[3, 8, b'a'], "a literal that ends early"),
        ];
        for (block, what) in blocks {
            let good = &twice[16..25];
            let framed = [header, good, &(block.len() as u32).to_be_bytes(), block].concat();
            let error = inflate(&framed, 1000).unwrap_err();
            assert!(matches!(error.kind(), DecodeErrorKind::Decompression(_)), "{what}: {error}");
            assert_eq!(error.offset(), 16 + 9 + 4, "{what}: {error}");
            let raw = inflate(block, 1000).unwrap_err();
            assert!(matches!(raw.kind(), DecodeErrorKind::Decompression(_)), "{what}: {raw}");
            assert_eq!(raw.offset(), 0, "{what}: {raw}");
        }
    }
}
