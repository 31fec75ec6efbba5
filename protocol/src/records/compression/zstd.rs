//! Zstandard frames (RFC 8878), by the C library.
//!
//! They are inflated in one piece into a buffer that is large enough for whatever they hold, so the library needs no
//! window of its own, which a frame could ask to be gigabytes. How large that is, the headers of the blocks tell:
//!
//! ```text
//! magic 28b52ffd · descriptor u8 [· window u8][· dictionary id][· content size] · blocks: (header u24 · data)… [· checksum u32]
//! ```

use std::io::Cursor;

use zstd::{bulk, compress_bound};

use super::{damaged, le_u32, refused, too_large};
use crate::error::{DecodeError, EncodeError};
use crate::parse::{self, Parsed, Reason, take};

const MAGIC: u32 = 0xfd2f_b528;
/// Sixteen magics, for whatever others want to put between frames.
const SKIPPABLE: u32 = 0x184d_2a50;
/// Kafka's and the library's.
const DEFAULT_LEVEL: i32 = 3;
/// No block holds more.
const LARGEST_BLOCK: u64 = 128 * 1024;
/// The largest window that Java's library reads: the one that level 22 writes.
const LARGEST_WINDOW_LOG: u32 = 27;

/// Writes frames and keeps the context.
#[derive(Default)]
pub(super) struct Encoder {
    /// With the level it is set to.
    context: Option<(Option<i32>, bulk::Compressor<'static>)>,
}

impl Encoder {
    pub(super) fn compress(
        &mut self,
        level: Option<i32>,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if self.context.as_ref().is_none_or(|(set_to, _)| *set_to != level) {
            self.context =
                Some((level, bulk::Compressor::new(level.unwrap_or(DEFAULT_LEVEL)).map_err(refused)?));
        }
        let Some((_, context)) = &mut self.context else { unreachable!("it was made above") };
        output.reserve(compress_bound(input.len()));
        let end = output.len() as u64;
        let mut output = Cursor::new(output);
        output.set_position(end);
        context.compress_to_buffer(input, &mut output).map_err(refused)?;
        Ok(())
    }
}

/// Inflates frames and keeps the context.
#[derive(Default)]
pub(super) struct Decoder {
    context: Option<bulk::Decompressor<'static>>,
}

impl Decoder {
    pub(super) fn inflate(&mut self, input: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
        let most = inflated_at_most(input).map_err(|error| {
            let error = parse::into_failure(error).in_input_of(input.len());
            damaged(format_args!("zstd: {}", error.kind()), error.offset())
        })?;
        let context = match &mut self.context {
            Some(context) => context,
            none => none.insert(bulk::Decompressor::new().map_err(|error| damaged(error, 0))?),
        };
        let room = usize::try_from(most).unwrap_or(usize::MAX).min(limit);
        let mut output = Vec::with_capacity(room);
        match context.decompress_to_buffer(input, &mut output) {
            Ok(_) => Ok(output),
            // The library tells its errors apart by their text only.
            Err(error) if most > limit as u64 && error.to_string().contains("Destination buffer") => {
                Err(too_large(limit))
            }
            Err(error) => Err(damaged(format_args!("zstd: {error}"), 0)),
        }
    }
}

/// The most that all frames of `input` can hold.
fn inflated_at_most(mut input: &[u8]) -> Result<u64, nom::Err<parse::Failure>> {
    let mut most = 0_u64;
    while !input.is_empty() {
        let (rest, held) = frame(input)?;
        most = most.saturating_add(held);
        input = rest;
    }
    Ok(most)
}

/// Passes over one frame; says how much it can hold.
fn frame(input: &[u8]) -> Parsed<'_, u64> {
    let (rest, magic) = le_u32(input)?;
    if magic & !0xf == SKIPPABLE {
        let (rest, size) = le_u32(rest)?;
        let (rest, _) = take(rest, size as usize)?;
        return Ok((rest, 0));
    }
    if magic != MAGIC {
        return parse::fail(input, Reason::Rule("not a frame: its magic is missing"));
    }
    let (rest, descriptor) = little_endian(rest, 1)?;
    let single_segment = descriptor & 1 << 5 != 0;
    let window_size = if single_segment { 0 } else { 1 };
    let (rest, window) = little_endian(rest, window_size)?;
    let window_log = 10 + (window >> 3) as u32;
    if window_log > LARGEST_WINDOW_LOG {
        return parse::fail(input, Reason::Rule("a window of more than 128 MiB"));
    }
    let (rest, _dictionary) = little_endian(rest, [0, 1, 2, 4][(descriptor & 3) as usize])?;
    let content_size = match descriptor >> 6 {
        0 => usize::from(single_segment),
        log => 1 << log,
    };
    let (mut rest, content) = little_endian(rest, content_size)?;

    let mut held = 0_u64;
    loop {
        let (after, header) = little_endian(rest, 3)?;
        let size = header >> 3;
        let (in_input, holds) = match header >> 1 & 3 {
            0 => (size, size),
            1 => (1, size),
            2 => (size, LARGEST_BLOCK),
            _ => return parse::fail(rest, Reason::Rule("a block of a kind that there is not")),
        };
        (rest, _) = take(after, in_input as usize)?;
        held += holds;
        if header & 1 == 1 {
            break;
        }
    }
    if content_size > 0 {
        // Two bytes count from 256. What a frame says it holds is true, or inflating it fails.
        held = held.min(if content_size == 2 { content + 256 } else { content });
    }
    let (rest, _checksum) = take(rest, if descriptor & 1 << 2 != 0 { 4 } else { 0 })?;
    Ok((rest, held))
}

/// A number of up to eight bytes.
fn little_endian(input: &[u8], size: usize) -> Parsed<'_, u64> {
    let (rest, bytes) = take(input, size)?;
    Ok((rest, bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(level: i32, input: &[u8]) -> Vec<u8> {
        let mut output = b"before".to_vec();
        Encoder::default().compress(Some(level), input, &mut output).unwrap();
        output.split_off(6)
    }

    #[test]
    fn every_level_comes_back_and_frames_are_joined() {
        let input = b"to be or not to be ".repeat(20_000);
        let mut joined = Vec::new();
        for level in [-131_072, -1, 3, 9, 19] {
            let output = compressed(level, &input);
            assert_eq!(inflated_at_most(&output).unwrap(), input.len() as u64);
            assert_eq!(Decoder::default().inflate(&output, input.len()).unwrap(), input);
            joined.extend(output);
        }
        joined.extend([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
        assert_eq!(Decoder::default().inflate(&joined, usize::MAX).unwrap().len(), 5 * input.len());
    }

    #[test]
    fn a_frame_that_does_not_say_its_size_is_bounded_by_its_blocks() {
        // A window of 1 KiB, no size; one block, the last: five bytes as they are; one byte repeated 2^16 times.
        let plain = [0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0x29, 0, 0, b'h', b'e', b'l', b'l', b'o'];
        assert_eq!(inflated_at_most(&plain).unwrap(), 5);
        assert_eq!(Decoder::default().inflate(&plain, 5).unwrap(), b"hello");
        let repeated = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x30, 0x03, 0, 0x08, b'x'];
        assert_eq!(inflated_at_most(&repeated).unwrap(), 1 << 16);
        assert_eq!(Decoder::default().inflate(&repeated, 1 << 16).unwrap().len(), 1 << 16);
        let error = Decoder::default().inflate(&repeated, (1 << 16) - 1).unwrap_err();
        assert!(error.to_string().contains("limit of 65535"), "{error}");
    }

    #[test]
    fn a_window_beyond_javas_is_refused() {
        let two_gib = [0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 0x29, 0, 0, b'h', b'e', b'l', b'l', b'o'];
        let error = Decoder::default().inflate(&two_gib, 100).unwrap_err();
        assert!(error.to_string().contains("128 MiB"), "{error}");
    }
}
