//! LZ4 frames, as Kafka has them.
//!
//! ```text
//! magic 04224d18 · FLG · BD · [content size 8] · HC · blocks: (size u32 · data [· checksum])… · 0 u32 [· checksum]
//! ```
//!
//! Numbers are little-endian; a size with its highest bit set means that the block is not compressed. Java's
//! client reads frames of independent blocks only, and writes blocks of 64 KiB without checksums; so does this one.
//! HC is a byte of the xxHash of what stands between it and the magic; with magic 0 of Kafka's own format, clients
//! took the magic into it, and everyone has kept to that (KAFKA-3160).

use bytes::{Bytes, BytesMut};
use lz4_flex::block::{
    CompressTable, DecompressError, compress_into_with_table, decompress_into, get_maximum_output_size,
};

use super::{Lz4Checksum, damaged, le_u32, too_large};
use crate::error::{DecodeError, EncodeError};
use crate::parse::{self, Parsed, Reason, take};

const MAGIC: u32 = 0x184d_2204;
const BLOCK: usize = 64 * 1024;
const STORED: u32 = 1 << 31;
/// Version 1, independent blocks.
const FLG: u8 = 0b0110_0000;
/// Blocks of at most 64 KiB.
const BD: u8 = 4 << 4;

/// Writes frames and keeps the table of matches.
#[derive(Default)]
pub(super) struct Encoder {
    table: CompressTable,
}

impl Encoder {
    pub(super) fn compress(
        &mut self,
        checksum: Lz4Checksum,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let start = output.len();
        output.extend_from_slice(&MAGIC.to_le_bytes());
        output.extend_from_slice(&[FLG, BD]);
        let covered = if checksum == Lz4Checksum::Right { start + 4 } else { start };
        output.push(descriptor_checksum(&output[covered..]));
        for block in input.chunks(BLOCK) {
            let head = output.len();
            let data = head + 4;
            output.resize(data + get_maximum_output_size(block.len()), 0);
            let size = compress_into_with_table(block, &mut output[data..], &mut self.table)
                .map_err(super::refused)?;
            let mut word = size as u32;
            output.truncate(data + size);
            if size >= block.len() {
                word = block.len() as u32 | STORED;
                output.truncate(data);
                output.extend_from_slice(block);
            }
            output[head..data].copy_from_slice(&word.to_le_bytes());
        }
        output.extend_from_slice(&0_u32.to_le_bytes());
        Ok(())
    }
}

/// Inflates frames, and takes the memory of the last one again once nobody looks at it any more: then none is
/// allocated, and none set to zero before it is written to.
#[derive(Default)]
pub(super) struct Decoder {
    last: Bytes,
}

/// The most memory that is kept for the next frame.
const KEPT: usize = 256 * 1024;

impl Decoder {
    /// Inflates one frame, which must be all of `input`.
    pub(super) fn inflate(
        &mut self,
        checksum: Lz4Checksum,
        input: &[u8],
        limit: usize,
    ) -> Result<Bytes, DecodeError> {
        let parsed = |error: nom::Err<parse::Failure>| {
            let error = parse::into_failure(error).in_input_of(input.len());
            damaged(format_args!("lz4: {}", error.kind()), error.offset())
        };
        let (start, frame) = descriptor(checksum, input).map_err(parsed)?;

        // First how much there can be, so that memory is taken once.
        let mut most = 0_usize;
        let mut rest = start;
        loop {
            let (next, block) = frame.block(rest).map_err(parsed)?;
            rest = next;
            match block {
                Some(block) => most = most.saturating_add(frame.inflated_at_most(&block)),
                None => break,
            }
        }
        if !rest.is_empty() {
            return Err(damaged("lz4: bytes after the end of the frame", input.len() - rest.len()));
        }

        let mut output = self.memory(most.min(limit));
        let mut filled = 0;
        let mut rest = start;
        while let (next, Some(block)) = frame.block(rest).map_err(parsed)? {
            rest = next;
            let room = frame.inflated_at_most(&block).min(limit - filled);
            let end = filled + room;
            if output.len() < end {
                output.resize(end, 0);
            }
            if block.stored {
                if block.data.len() > room {
                    return Err(too_large(limit));
                }
                output[filled..end].copy_from_slice(block.data);
                filled = end;
                continue;
            }
            match decompress_into(block.data, &mut output[filled..end]) {
                Ok(size) => filled += size,
                // The room was cut to the limit, or the block holds more than it may.
                Err(DecompressError::OutputTooSmall { .. }) if end == limit => return Err(too_large(limit)),
                Err(error) => return Err(damaged(format_args!("lz4: {error}"), input.len() - rest.len())),
            }
        }
        output.truncate(filled);
        if frame.content_checksum {
            let stored = input.last_chunk().map(|bytes| u32::from_le_bytes(*bytes));
            if stored != Some(xxh32(&output)) {
                return Err(damaged("lz4: the checksum of the content does not fit", input.len() - 4));
            }
        }
        Ok(self.hand_out(output))
    }

    /// Memory for `room` bytes; as many of them as its length says hold something.
    fn memory(&mut self, room: usize) -> BytesMut {
        match std::mem::take(&mut self.last).try_into_mut() {
            Ok(memory) if memory.capacity() >= room => memory,
            _ => BytesMut::with_capacity(room),
        }
    }

    fn hand_out(&mut self, output: BytesMut) -> Bytes {
        let is_kept = output.capacity() <= KEPT;
        if output.len() < output.capacity() / 2 && output.capacity() <= super::CHEAP {
            // A guess that was too generous is not what a caller should hold on to.
            let exact = Bytes::copy_from_slice(&output);
            if is_kept {
                self.last = output.freeze();
            }
            return exact;
        }
        let inflated = output.freeze();
        if is_kept {
            self.last = inflated.clone();
        }
        inflated
    }
}

/// What the descriptor of a frame says about its blocks.
struct Frame {
    largest_block: usize,
    block_checksums: bool,
    content_checksum: bool,
}

struct Block<'a> {
    data: &'a [u8],
    stored: bool,
}

fn descriptor(checksum: Lz4Checksum, input: &[u8]) -> Parsed<'_, Frame> {
    let (after_magic, magic) = le_u32(input)?;
    if magic != MAGIC {
        return parse::fail(input, Reason::Rule("not a frame: its magic is missing"));
    }
    let (rest, bytes) = take(after_magic, 2)?;
    let [flags, sizes] = [bytes[0], bytes[1]];
    let has = |bit: u8| flags & bit != 0;
    if flags >> 6 != 1 {
        return parse::fail(after_magic, Reason::Rule("a frame of another version than 1"));
    }
    if !has(1 << 5) {
        return parse::fail(
            after_magic,
            Reason::Rule("blocks that depend on others, which Kafka does not read"),
        );
    }
    if has(0b11) || sizes & 0x8f != 0 || sizes < BD {
        return parse::fail(
            after_magic,
            Reason::Rule("a frame with a dictionary, reserved bits or no block size"),
        );
    }
    let (rest, _content_size) = take(rest, if has(1 << 3) { 8 } else { 0 })?;
    let covered = &after_magic[..after_magic.len() - rest.len()];
    let (rest, stored) = take(rest, 1)?;
    if checksum == Lz4Checksum::Right && stored[0] != descriptor_checksum(covered) {
        return parse::fail(after_magic, Reason::Rule("the checksum of the frame's descriptor does not fit"));
    }
    let frame = Frame {
        // 4, 5, 6, 7: 64 KiB, 256 KiB, 1 MiB, 4 MiB.
        largest_block: 1 << (8 + 2 * (sizes >> 4)),
        block_checksums: has(1 << 4),
        content_checksum: has(1 << 2),
    };
    Ok((rest, frame))
}

impl Frame {
    /// The next block; none is the frame's end.
    fn block<'a>(&self, input: &'a [u8]) -> Parsed<'a, Option<Block<'a>>> {
        let (rest, word) = le_u32(input)?;
        if word == 0 {
            let (rest, _) = take(rest, if self.content_checksum { 4 } else { 0 })?;
            return Ok((rest, None));
        }
        let size = (word & !STORED) as usize;
        if size > self.largest_block {
            return parse::fail(input, Reason::Rule("a block that is larger than the frame allows"));
        }
        let (mut rest, data) = take(rest, size)?;
        if self.block_checksums {
            let (after, stored) = le_u32(rest)?;
            if stored != xxh32(data) {
                return parse::fail(rest, Reason::Rule("the checksum of a block does not fit"));
            }
            rest = after;
        }
        Ok((rest, Some(Block { data, stored: word & STORED != 0 })))
    }

    /// No byte of a block can give more than 255.
    fn inflated_at_most(&self, block: &Block<'_>) -> usize {
        if block.stored { block.data.len() } else { self.largest_block.min(block.data.len() * 255) }
    }
}

fn descriptor_checksum(covered: &[u8]) -> u8 {
    (xxh32(covered) >> 8) as u8
}

/// The 32-bit xxHash with seed 0, which the frame format uses for its checksums.
fn xxh32(bytes: &[u8]) -> u32 {
    const P: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];
    let round = |lane: u32, word: &[u8; 4]| {
        let word = u32::from_le_bytes(*word);
        lane.wrapping_add(word.wrapping_mul(P[1])).rotate_left(13).wrapping_mul(P[0])
    };

    let (stripes, tail) = bytes.as_chunks::<16>();
    let mut hash = P[4];
    if !stripes.is_empty() {
        let mut lanes = [P[0].wrapping_add(P[1]), P[1], 0, 0_u32.wrapping_sub(P[0])];
        for stripe in stripes {
            for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<4>().0) {
                *lane = round(*lane, word);
            }
        }
        let [a, b, c, d] = lanes;
        hash = a.rotate_left(1).wrapping_add(b.rotate_left(7));
        hash = hash.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
    }
    hash = hash.wrapping_add(bytes.len() as u32);

    let (words, last) = tail.as_chunks::<4>();
    for word in words {
        let word = u32::from_le_bytes(*word).wrapping_mul(P[2]);
        hash = hash.wrapping_add(word).rotate_left(17).wrapping_mul(P[3]);
    }
    for &byte in last {
        hash = hash.wrapping_add(u32::from(byte).wrapping_mul(P[4])).rotate_left(11).wrapping_mul(P[0]);
    }
    for (shift, factor) in [(15, P[1]), (13, P[2])] {
        hash = (hash ^ hash >> shift).wrapping_mul(factor);
    }
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(checksum: Lz4Checksum, input: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        Encoder::default().compress(checksum, input, &mut output).unwrap();
        output
    }

    fn inflate(checksum: Lz4Checksum, input: &[u8], limit: usize) -> Result<Bytes, DecodeError> {
        Decoder::default().inflate(checksum, input, limit)
    }

    #[test]
    fn memory_is_taken_again_once_it_is_free() {
        let mut decoder = Decoder::default();
        let mut inflate = |input: &[u8]| {
            let frame = compressed(Lz4Checksum::Right, input);
            let inflated = decoder.inflate(Lz4Checksum::Right, &frame, 1 << 20).unwrap();
            assert_eq!(inflated, input);
            inflated
        };
        let [long, other, short] = [vec![1; 60_000], vec![2; 50_000], vec![3; 10]];
        let first = inflate(&other);
        let second = inflate(&long);
        assert_ne!(second.as_ptr(), first.as_ptr());
        assert_eq!(first, other, "what is still looked at stays as it is");

        let place = second.as_ptr();
        drop(second);
        let third = inflate(&other);
        assert_eq!(third.as_ptr(), place);
        drop(third);
        let fourth = inflate(&short);
        assert_ne!(fourth.as_ptr(), place, "a few bytes do not hold on to much memory");
        assert_eq!(inflate(&other).as_ptr(), place);
    }

    #[test]
    fn xxhash_of_known_inputs() {
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(xxh32(b"abc"), 0x32d1_53ff);
        assert_eq!(xxh32(b"Nobody inspects the spammish repetition"), 0xe229_3b2f);
    }

    #[test]
    fn a_frame_begins_as_javas_do() {
        assert_eq!(
            compressed(Lz4Checksum::Right, b"")[..],
            [4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0]
        );
    }

    #[test]
    fn what_does_not_shrink_is_stored() {
        let frame = compressed(Lz4Checksum::Right, b"abc");
        assert_eq!(frame[7..], [3, 0, 0, 0x80, b'a', b'b', b'c', 0, 0, 0, 0]);
        assert_eq!(inflate(Lz4Checksum::Right, &frame, 3).unwrap(), b"abc"[..]);
    }

    #[test]
    fn many_blocks_come_back() {
        let input: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8 ^ (i >> 9) as u8).collect();
        for checksum in [Lz4Checksum::Right, Lz4Checksum::WithMagic] {
            let frame = compressed(checksum, &input);
            assert_eq!(inflate(checksum, &frame, input.len()).unwrap(), input);
            assert!(inflate(checksum, &frame, input.len() - 1).is_err());
        }
    }

    #[test]
    fn dependent_blocks_are_refused_as_java_does() {
        let mut frame = compressed(Lz4Checksum::Right, b"abc");
        frame[4] &= !(1 << 5);
        let error = inflate(Lz4Checksum::Right, &frame, 100).unwrap_err();
        assert!(error.to_string().contains("depend on others"), "{error}");
    }
}
