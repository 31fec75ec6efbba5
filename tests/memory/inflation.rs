//! Compressed streams that are honest, in several pieces, or lie about their size.

use bytes::Bytes;
use harness::random::Random;
use protocol::records::{Compression, Compressor, Decompressor, Limits};

use crate::law::Law;

/// What a stream may inflate to here.
const LIMIT: usize = 8 << 20;
const SIZES: [usize; 7] = [100, 300 << 10, 3 << 20, LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT];

/// Every codec, with contents that shrink to nothing, to some, and not at all.
pub(crate) fn streams(law: &mut Law) {
    for codec in Compression::ALL.into_iter().filter(|codec| *codec != Compression::None) {
        for (name, content) in contents() {
            for size in SIZES {
                one_size(law, codec, &format!("{codec}, {size} bytes of {name}"), &content[..size]);
            }
        }
    }
}

fn contents() -> [(&'static str, Vec<u8>); 3] {
    let most = SIZES[SIZES.len() - 1];
    let mut random = Random::new(23);
    let words: Vec<u8> =
        (0..most / 4).flat_map(|_| random.pick(&[*b"to be ", *b"or not"])[..4].to_vec()).collect();
    [("zeros", vec![0; most]), ("words", words), ("noise", random.bytes(most))]
}

fn one_size(law: &mut Law, codec: Compression, name: &str, content: &[u8]) {
    let whole = compressed(codec, content);
    let inflated = inflate(law, codec, name, &whole);
    let expected = if content.len() > LIMIT { None } else { Some(content.len()) };
    if inflated != expected {
        law.fail(format!("{name}: inflates to {inflated:?} bytes, not {expected:?}"));
    }

    // The last of several members is the only one whose size a trailer tells.
    for first in [content.len() / 2, content.len() - 10] {
        let (first, rest) = content.split_at(first);
        inflate(law, codec, name, &[compressed(codec, first), compressed(codec, rest)].concat());
    }
    // The last four bytes are that size, or a checksum, or data.
    for last in [0, content.len() / 2, content.len() - 1, content.len() + 1, LIMIT, u32::MAX as usize] {
        let mut lie = whole.clone();
        let end = lie.len() - 4;
        lie[end..].copy_from_slice(&(last as u32).to_le_bytes());
        inflate(law, codec, name, &lie);
    }
    inflate(law, codec, name, &whole[..whole.len() - 1]);
}

fn compressed(codec: Compression, content: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    let level = (codec == Compression::Gzip).then_some(1);
    Compressor::new().compress(codec, level, content, &mut output).expect("all codecs are built in");
    output
}

/// How many bytes come out under the law; `None` if it is refused.
fn inflate(law: &mut Law, codec: Compression, name: &str, stream: &[u8]) -> Option<usize> {
    let stream = Bytes::copy_from_slice(stream);
    let mut inflated = None;
    let _ = law.records(name, LIMIT, &stream, || {
        let result = Decompressor::new().inflate(codec, &stream, &Limits::inflated_bytes(LIMIT))?;
        inflated = Some(result.len());
        Ok(())
    });
    inflated
}
