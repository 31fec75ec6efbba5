//! The four compressions, each behind the cargo feature of its name.
//!
//! | | crate | framing |
//! |---|---|---|
//! | gzip | flate2 on zlib-rs | one gzip member; any number is read |
//! | snappy | snap | written as Java does (xerial: blocks of 32 KiB); raw snappy is read too |
//! | lz4 | lz4_flex | lz4 frame of independent blocks of 64 KiB; Java reads no other |
//! | zstd | zstd | zstd frames, inflated in one piece, so that no window is ever allocated |
//!
//! Whatever the bytes claim, inflating takes no more memory than [`Limits`] allow. Where the framing tells how much
//! there can be, that much is allocated once; where it lied, the bytes are counted first.

#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(feature = "snappy")]
mod snappy;
#[cfg(feature = "zstd")]
mod zstd;

use std::fmt;
use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};
#[cfg(any(feature = "lz4", feature = "zstd"))]
use crate::parse::{Parsed, be_u32};

/// How the records of a batch are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, levels 1 to 9, −1 for its default, 6.
    Gzip,
    /// Snappy; it has no levels.
    Snappy,
    /// LZ4, its fast form; levels change nothing.
    Lz4,
    /// Zstandard, levels −131072 to 22; the default is 3 (KIP-110).
    Zstd,
}

impl Compression {
    /// All of them, in the order of their ids.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The number in a batch's attributes.
    #[must_use]
    pub fn id(self) -> u8 {
        self as u8
    }

    /// The compression of that number.
    ///
    /// # Errors
    /// [`DecodeErrorKind::UnknownCompression`] for any other than 0 to 4.
    pub fn from_id(id: u8) -> Result<Self, DecodeError> {
        let unknown = || DecodeError::new(DecodeErrorKind::UnknownCompression(id), 0);
        Self::ALL.get(usize::from(id)).copied().ok_or_else(unknown)
    }

    /// Its name in configurations, `compression.type`; also that of its cargo feature.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The compression of that name, in lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.name() == name)
    }

    /// Whether this build can compress with it and inflate it.
    #[must_use]
    pub fn is_built_in(self) -> bool {
        match self {
            Self::None => true,
            Self::Gzip => cfg!(feature = "gzip"),
            Self::Snappy => cfg!(feature = "snappy"),
            Self::Lz4 => cfg!(feature = "lz4"),
            Self::Zstd => cfg!(feature = "zstd"),
        }
    }

    /// The levels there are, from quick to small. Besides, gzip takes −1 for its default.
    #[must_use]
    pub fn levels(self) -> Option<RangeInclusive<i32>> {
        match self {
            Self::Gzip => Some(1..=9),
            Self::Zstd => Some(-131_072..=22),
            Self::None | Self::Snappy | Self::Lz4 => None,
        }
    }

    /// Refuses a level that there is not, as `compression.gzip.level` and `compression.zstd.level` do (KIP-390), and
    /// a compression that is not built in. What has no levels takes any.
    pub(super) fn check(self, level: Option<i32>) -> Result<(), EncodeError> {
        if !self.is_built_in() {
            return Err(EncodeError::new(EncodeErrorKind::CompressionNotBuiltIn { feature: self.name() }));
        }
        match (self.levels(), level) {
            (Some(levels), Some(level)) if !levels.contains(&level) && (self, level) != (Self::Gzip, -1) => {
                let default = if self == Self::Gzip { "-1 or " } else { "" };
                let (low, high) = levels.into_inner();
                Err(refused(format_args!("{self} has no level {level}: use {default}{low} to {high}")))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much a reader of untrusted batches is willing to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes that one batch may inflate to; 128 MiB by default, more than any sane `message.max.bytes`.
    pub inflated_bytes: usize,
}

impl Limits {
    /// At most so many bytes for the inflated records of a batch.
    #[must_use]
    pub fn inflated_bytes(inflated_bytes: usize) -> Self {
        Self { inflated_bytes }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { inflated_bytes: 128 << 20 }
    }
}

/// What the checksum in the head of an lz4 frame covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lz4Checksum {
    /// The descriptor, as the frame format says.
    Right,
    /// The magic too: record format 0. Not looked at when reading, because some clients did it right.
    WithMagic,
}

/// Compresses, and keeps tables and contexts for the next batch. One serves one task; making one costs nothing.
#[derive(Default)]
pub struct Compressor {
    #[cfg(feature = "gzip")]
    gzip: gzip::Deflater,
    #[cfg(feature = "snappy")]
    snappy: snappy::Encoder,
    #[cfg(feature = "lz4")]
    lz4: lz4::Encoder,
    #[cfg(feature = "zstd")]
    zstd: zstd::Encoder,
}

impl Compressor {
    /// A compressor that has done nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `input`, compressed, to `output`.
    ///
    /// # Errors
    /// [`EncodeErrorKind::CompressionNotBuiltIn`]; [`EncodeErrorKind::Compression`] for a level that there is not.
    pub fn compress(
        &mut self,
        compression: Compression,
        level: Option<i32>,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.compress_as(compression, level, Lz4Checksum::Right, input, output)
    }

    /// The same, for one of the record formats.
    pub(super) fn compress_as(
        &mut self,
        compression: Compression,
        level: Option<i32>,
        #[cfg_attr(not(feature = "lz4"), expect(unused))] checksum: Lz4Checksum,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        compression.check(level)?;
        match compression {
            Compression::None => {
                output.extend_from_slice(input);
                Ok(())
            }
            #[cfg(feature = "gzip")]
            Compression::Gzip => self.gzip.compress(level, input, output),
            #[cfg(feature = "snappy")]
            Compression::Snappy => self.snappy.compress(input, output),
            #[cfg(feature = "lz4")]
            Compression::Lz4 => self.lz4.compress(checksum, input, output),
            #[cfg(feature = "zstd")]
            Compression::Zstd => self.zstd.compress(level, input, output),
            #[allow(unreachable_patterns, reason = "reachable only when a feature is off")]
            _ => unreachable!("it was checked above"),
        }
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compressor")
    }
}

/// Inflates, and keeps contexts for the next batch. One serves one task; making one costs nothing.
#[derive(Default)]
pub struct Decompressor {
    #[cfg(feature = "lz4")]
    lz4: lz4::Decoder,
    #[cfg(feature = "zstd")]
    zstd: zstd::Decoder,
}

impl Clone for Decompressor {
    /// Another one, with contexts of its own.
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl Decompressor {
    /// A decompressor that has done nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What `input` inflates to.
    ///
    /// # Errors
    /// [`DecodeErrorKind::InflatedTooLarge`], [`DecodeErrorKind::Decompression`] if it is damaged or not such a stream,
    /// [`DecodeErrorKind::CompressionNotBuiltIn`].
    pub fn inflate(
        &mut self,
        compression: Compression,
        input: &Bytes,
        limits: &Limits,
    ) -> Result<Bytes, DecodeError> {
        if compression == Compression::None {
            return Ok(input.clone());
        }
        self.inflate_as(compression, Lz4Checksum::Right, input, limits)
    }

    /// The same, for one of the record formats, of bytes that lie anywhere.
    pub(super) fn inflate_as(
        &mut self,
        compression: Compression,
        #[cfg_attr(not(feature = "lz4"), expect(unused))] checksum: Lz4Checksum,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Bytes, DecodeError> {
        let limit = limits.inflated_bytes;
        let inflated: Result<Bytes, DecodeError> = match compression {
            Compression::None => Ok(Bytes::copy_from_slice(input)),
            #[cfg(feature = "gzip")]
            Compression::Gzip => gzip::inflate(input, limit).map(into_bytes),
            #[cfg(feature = "snappy")]
            Compression::Snappy => snappy::inflate(input, limit).map(into_bytes),
            #[cfg(feature = "lz4")]
            Compression::Lz4 => self.lz4.inflate(checksum, input, limit),
            #[cfg(feature = "zstd")]
            Compression::Zstd => self.zstd.inflate(input, limit).map(into_bytes),
            #[allow(unreachable_patterns, reason = "reachable only when a feature is off")]
            other => {
                let kind = DecodeErrorKind::CompressionNotBuiltIn { feature: other.name() };
                Err(DecodeError::new(kind, 0))
            }
        };
        let inflated = inflated?;
        if inflated.len() > limit {
            return Err(too_large(limit));
        }
        Ok(inflated)
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decompressor")
    }
}

/// The most memory that is given up for a copy of the right size: never does a second large piece exist beside it.
#[allow(dead_code, reason = "dead only when all features are off")]
const CHEAP: usize = 1 << 20;

/// Gives back what a generous guess reserved too much, where that is cheap.
#[allow(dead_code, reason = "dead only when all features are off")]
fn into_bytes(mut inflated: Vec<u8>) -> Bytes {
    if inflated.capacity() <= CHEAP && inflated.len() < inflated.capacity() / 2 {
        inflated.shrink_to_fit();
    }
    Bytes::from(inflated)
}

#[cold]
fn refused(reason: impl fmt::Display) -> EncodeError {
    EncodeError::new(EncodeErrorKind::Compression(reason.to_string()))
}

#[cold]
#[allow(dead_code, reason = "dead only when all features are off")]
fn damaged(reason: impl fmt::Display, offset: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Decompression(reason.to_string()), offset)
}

#[cold]
fn too_large(limit: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::InflatedTooLarge { limit }, 0)
}

/// A `u32` with its lowest byte first, as lz4 and zstd have them.
#[cfg(any(feature = "lz4", feature = "zstd"))]
fn le_u32(input: &[u8]) -> Parsed<'_, u32> {
    be_u32(input).map(|(rest, number)| (rest, number.swap_bytes()))
}
