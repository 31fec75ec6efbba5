//! Building messages of formats 0 and 1, for proxies, dumps and tests.

use bytes::Bytes;

use super::legacy::{CHECKED, OVERHEAD, SHORTEST, crc32};
use super::{Compression, Compressor, LegacyFormat};
use crate::error::{EncodeError, EncodeErrorKind};

/// Builds messages of an old format: each record one message, or all of them inside one.
///
/// ```
/// use milena_protocol::records::{Compression, LegacyBuilder, LegacyFormat};
///
/// let mut builder = LegacyBuilder::new(LegacyFormat::V1, Compression::None);
/// builder.append(40, 1_700_000_000_000, Some(b"key"), Some(b"value"))?;
/// let messages = builder.build()?;
/// assert_eq!(messages.len(), 12 + 14 + 8 + 8);
/// # Ok::<(), milena_protocol::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LegacyBuilder {
    format: LegacyFormat,
    compression: Compression,
    level: Option<i32>,
    log_append_time: Option<i64>,
    messages: Vec<u8>,
    first_offset: i64,
    last_offset: Option<i64>,
    max_timestamp: i64,
}

impl LegacyBuilder {
    /// Begins without records.
    #[must_use]
    pub fn new(format: LegacyFormat, compression: Compression) -> Self {
        Self {
            format,
            compression,
            level: None,
            log_append_time: None,
            messages: Vec::new(),
            first_offset: 0,
            last_offset: None,
            max_timestamp: -1,
        }
    }

    /// Sets the level of the compression.
    #[must_use]
    pub fn level(mut self, level: i32) -> Self {
        self.level = Some(level);
        self
    }

    /// Gives all records the broker's time, in milliseconds since the epoch. Format 0 has no place for it.
    #[must_use]
    pub fn log_append_time(mut self, time: i64) -> Self {
        self.log_append_time = Some(time);
        self
    }

    /// Appends a record. Format 0 drops its timestamp.
    ///
    /// # Errors
    /// An offset that is not after the last; a key or value too long for its length; for the first record a compression
    /// that is not built in, or zstd, which these formats do not have, or a level that there is not.
    pub fn append(
        &mut self,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), EncodeError> {
        if self.last_offset.is_none() {
            self.check()?;
        }
        if self.last_offset.is_some_and(|last| offset <= last) {
            let rule = "has an offset that is not after the last one";
            return Err(EncodeError::new(EncodeErrorKind::InvalidRecord(rule)));
        }
        let first = if self.last_offset.is_none() { offset } else { self.first_offset };
        let is_relative = self.format == LegacyFormat::V1 && self.compression != Compression::None;
        let written = if is_relative { offset.wrapping_sub(first) } else { offset };
        let timestamp = self.log_append_time.unwrap_or(timestamp);
        let attributes = self.attributes(Compression::None);
        put_message(&mut self.messages, self.format, attributes, written, timestamp, key, value)?;

        self.first_offset = first;
        self.last_offset = Some(offset);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        Ok(())
    }

    fn check(&self) -> Result<(), EncodeError> {
        if self.compression == Compression::Zstd {
            let reason = "zstd is not possible in formats before 2".to_owned();
            return Err(EncodeError::new(EncodeErrorKind::Compression(reason)));
        }
        self.compression.check(self.level)
    }

    /// The messages.
    ///
    /// # Errors
    /// Records too long for one message; the codec's own, if it refuses.
    pub fn build(self) -> Result<Bytes, EncodeError> {
        let (compression, Some(offset)) = (self.compression, self.last_offset) else {
            return Ok(Bytes::new());
        };
        if compression == Compression::None {
            return Ok(Bytes::from(self.messages));
        }
        let mut compressed = Vec::new();
        let checksum = self.format.lz4_checksum();
        Compressor::new().compress_as(compression, self.level, checksum, &self.messages, &mut compressed)?;

        let mut wrapper = Vec::with_capacity(OVERHEAD + SHORTEST + 8 + compressed.len());
        let attributes = self.attributes(compression);
        let (timestamp, value) = (self.max_timestamp, Some(&compressed[..]));
        put_message(&mut wrapper, self.format, attributes, offset, timestamp, None, value)?;
        Ok(Bytes::from(wrapper))
    }

    fn attributes(&self, compression: Compression) -> u8 {
        let by_broker = self.log_append_time.is_some() && self.format == LegacyFormat::V1;
        compression.id() | u8::from(by_broker) << 3
    }
}

/// Appends one message.
pub(super) fn put_message(
    output: &mut Vec<u8>,
    format: LegacyFormat,
    attributes: u8,
    offset: i64,
    timestamp: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> Result<(), EncodeError> {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let timestamp_size = if format == LegacyFormat::V1 { 8 } else { 0 };
    let size = SHORTEST + timestamp_size + length(key) + length(value);
    let limit = i32::MAX as usize;
    if size > limit {
        return Err(EncodeError::new(EncodeErrorKind::TooLong { length: size, limit }));
    }
    let start = output.len();
    output.reserve(OVERHEAD + size);
    output.extend_from_slice(&offset.to_be_bytes());
    output.extend_from_slice(&(size as i32).to_be_bytes());
    output.extend_from_slice(&[0; 4]);
    output.extend_from_slice(&[format.magic() as u8, attributes]);
    if format == LegacyFormat::V1 {
        output.extend_from_slice(&timestamp.to_be_bytes());
    }
    for bytes in [key, value] {
        let length = bytes.map_or(-1, |bytes| bytes.len() as i32);
        output.extend_from_slice(&length.to_be_bytes());
        output.extend_from_slice(bytes.unwrap_or_default());
    }
    let crc = crc32(&output[start + CHECKED..]);
    output[start + OVERHEAD..start + CHECKED].copy_from_slice(&crc.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_only_ascend() {
        let mut builder = LegacyBuilder::new(LegacyFormat::V0, Compression::None);
        builder.append(5, 0, None, None).unwrap();
        assert!(builder.append(5, 0, None, None).is_err());
    }

    #[test]
    fn a_compression_that_the_formats_lack_is_refused_before_a_record_is_taken() {
        let mut builder = LegacyBuilder::new(LegacyFormat::V1, Compression::Zstd);
        let error = builder.append(0, 0, None, None).unwrap_err();
        assert!(error.to_string().contains("zstd is not possible"), "{error}");
        assert_eq!(builder.build().unwrap(), Bytes::new());
        let mut builder = LegacyBuilder::new(LegacyFormat::V1, Compression::Gzip).level(0);
        assert!(builder.append(0, 0, None, None).is_err());
    }
}
