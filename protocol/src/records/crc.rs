//! The checksum of batches, in one place.

/// CRC-32C (Castagnoli) of `bytes`: the checksum of a batch from its attributes on.
///
/// ```
/// assert_eq!(milena_protocol::records::crc32c(b"123456789"), 0xe306_9283);
/// ```
#[must_use]
#[inline]
pub fn crc32c(bytes: &[u8]) -> u32 {
    ::crc32c::crc32c(bytes)
}

/// The checksum of what `crc` is the checksum of, followed by `bytes`.
pub(super) fn crc32c_append(crc: u32, bytes: &[u8]) -> u32 {
    ::crc32c::crc32c_append(crc, bytes)
}
