//! What the machine allows, and the least code that does the job.

use std::hint::black_box;

use bytes::Bytes;

use super::{Lap, lap};
use crate::{inputs::Inputs, row::Row};

/// The bytes of the row copied once.
pub fn memcpy(row: Row, inputs: &Inputs) -> Option<Lap> {
    let source = bytes(row, inputs)?;
    let mut target = vec![0; source.len()];
    Some(lap(move || {
        target.copy_from_slice(black_box(&source));
        black_box(&target);
    }))
}

/// Their checksum by the crate `crc32c`.
pub fn crc32c(row: Row, inputs: &Inputs) -> Option<Lap> {
    let source = batch(row, inputs)?;
    Some(lap(move || crc32c::crc32c(black_box(&source))))
}

/// Their checksum by the crate `crc-fast`.
pub fn crc_fast(row: Row, inputs: &Inputs) -> Option<Lap> {
    let source = batch(row, inputs)?;
    Some(lap(move || crc_fast::crc32_iscsi(black_box(&source))))
}

/// MurmurHash2 as its definition reads, a word after the other.
pub fn reference(row: Row, inputs: &Inputs) -> Option<Lap> {
    if row != Row::Murmur2 {
        return None;
    }
    let key = inputs.a.records[0].0.clone();
    Some(lap(move || murmur2(black_box(&key))))
}

fn batch(row: Row, inputs: &Inputs) -> Option<Bytes> {
    match row {
        Row::EncodeA | Row::ReadA | Row::OwnA => Some(inputs.batch_a.clone()),
        Row::EncodeB | Row::ReadB => Some(inputs.batch_b.clone()),
        _ => None,
    }
}

fn bytes(row: Row, inputs: &Inputs) -> Option<Bytes> {
    match row {
        Row::ProduceEncode | Row::ProduceSplice => Some(inputs.produce.clone()),
        Row::MetadataEncode | Row::MetadataDecode => Some(inputs.metadata.clone()),
        _ => batch(row, inputs),
    }
}

fn murmur2(key: &[u8]) -> u32 {
    const MIX: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ key.len() as u32;
    let mut rest = key;
    while let [a, b, c, d, after @ ..] = rest {
        let mut word = u32::from_le_bytes([*a, *b, *c, *d]).wrapping_mul(MIX);
        word = (word ^ word >> 24).wrapping_mul(MIX);
        hash = hash.wrapping_mul(MIX) ^ word;
        rest = after;
    }
    for (index, byte) in rest.iter().enumerate().rev() {
        hash ^= u32::from(*byte) << (8 * index);
        if index == 0 {
            hash = hash.wrapping_mul(MIX);
        }
    }
    hash = (hash ^ hash >> 13).wrapping_mul(MIX);
    hash ^ hash >> 15
}
