//! gzip, by flate2 on zlib-rs.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use flate2::{Compress, Crc, FlushCompress, Status};

use super::{damaged, refused, too_large};
use crate::error::{DecodeError, EncodeError};

/// Writes gzip members and keeps the state of the compressor, which is some 300 KB.
#[derive(Default)]
pub(super) struct Deflater {
    /// With the level it was made for.
    state: Option<(Option<i32>, Box<Compress>)>,
}

/// Method 8 (deflate), no flags, no time, unknown system.
const MEMBER_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

impl Deflater {
    pub(super) fn compress(
        &mut self,
        level: Option<i32>,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if self.state.as_ref().is_none_or(|(made_for, _)| *made_for != level) {
            let strength = level.and_then(|level| u32::try_from(level).ok());
            let strength = strength.map_or(flate2::Compression::default(), flate2::Compression::new);
            self.state = Some((level, Box::new(Compress::new(strength, false))));
        }
        let Some((_, state)) = &mut self.state else { unreachable!("it was made above") };
        state.reset();

        output.extend_from_slice(&MEMBER_HEADER);
        // What does not shrink grows by five bytes for each stored block, and a little.
        output.reserve(input.len() + input.len() / 1000 + 64);
        loop {
            let done = state.total_in() as usize;
            match state.compress_vec(&input[done..], output, FlushCompress::Finish).map_err(refused)? {
                Status::StreamEnd => break,
                Status::Ok | Status::BufError => output.reserve(4096),
            }
        }
        let mut crc = Crc::new();
        crc.update(input);
        output.extend_from_slice(&crc.sum().to_le_bytes());
        output.extend_from_slice(&(input.len() as u32).to_le_bytes());
        Ok(())
    }
}

/// Inflates all members of `input`, into at most `limit` bytes.
///
/// The last four bytes say how much the last member gives, most often the only one. Deflate makes at most 1032 bytes of
/// one. Whoever lies, or has several members, is counted first and inflated then, so that there is never more memory
/// than for what comes out, or for what was said.
pub(super) fn inflate(input: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    let stated = input.last_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
    let stated = stated.min(limit).min(input.len().saturating_mul(1032));
    if let Some(output) = inflate_into(vec![0; stated], input)? {
        return Ok(output);
    }
    if stated == limit {
        return Err(too_large(limit));
    }
    let size = inflated_size(input, limit)?;
    inflate_into(vec![0; size], input).map(Option::unwrap_or_default)
}

/// Inflates into a buffer; `None` if it is too small.
fn inflate_into(mut output: Vec<u8>, input: &[u8]) -> Result<Option<Vec<u8>>, DecodeError> {
    let mut decoder = MultiGzDecoder::new(input);
    let mut filled = 0;
    while filled < output.len() {
        match decoder.read(&mut output[filled..]).map_err(broken)? {
            0 => break,
            count => filled += count,
        }
    }
    // Only at the end of the stream is its checksum looked at.
    let is_all = decoder.read(&mut [0]).map_err(broken)? == 0;
    output.truncate(filled);
    Ok(is_all.then_some(output))
}

/// How many bytes come out, if that is no more than `limit`.
fn inflated_size(input: &[u8], limit: usize) -> Result<usize, DecodeError> {
    let mut decoder = MultiGzDecoder::new(input);
    let (mut scratch, mut size) = (vec![0; SCRATCH], 0);
    loop {
        match decoder.read(&mut scratch).map_err(broken)? {
            0 => return Ok(size),
            count => size += count,
        }
        if size > limit {
            return Err(too_large(limit));
        }
    }
}

/// As much is inflated at once where it is only counted.
const SCRATCH: usize = 32 << 10;

fn broken(error: std::io::Error) -> DecodeError {
    damaged(format_args!("gzip: {error}"), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_comes_back_and_members_are_joined() {
        let input = b"to be or not to be ".repeat(1000);
        let mut deflater = Deflater::default();
        for level in [None, Some(1), Some(6), Some(9), Some(9), Some(-1)] {
            let mut output = Vec::new();
            deflater.compress(level, &input, &mut output).unwrap();
            assert!(output.len() < 300);
            assert_eq!(inflate(&output, input.len()).unwrap(), input);
            deflater.compress(level, b"!", &mut output).unwrap();
            let joined = inflate(&output, usize::MAX).unwrap();
            assert_eq!((joined.len(), joined.capacity()), (input.len() + 1, input.len() + 1));
        }
    }

    #[test]
    fn what_does_not_shrink_comes_back() {
        let mut seed = 1_u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        let input: Vec<u8> = std::iter::repeat_with(&mut noise).take(300_000).collect();
        let mut output = Vec::new();
        Deflater::default().compress(Some(1), &input, &mut output).unwrap();
        assert_eq!(inflate(&output, input.len()).unwrap(), input);
    }

    #[test]
    fn one_byte_more_than_the_limit_is_too_much_whatever_the_trailer_says() {
        let mut output = Vec::new();
        Deflater::default().compress(Some(9), &vec![0; 3 << 20], &mut output).unwrap();
        let honest = output.len() - 4;
        for stated in [3 << 20, 0, 100, u32::MAX] {
            output[honest..].copy_from_slice(&u32::to_le_bytes(stated));
            let error = inflate(&output, (3 << 20) - 1).unwrap_err();
            assert!(error.to_string().contains("limit of 3145727"), "{error}");
        }
    }
}
