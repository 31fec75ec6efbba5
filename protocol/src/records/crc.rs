//! The checksum of batches, in one place.
//!
//! By default the crate `crc32c` computes it, some 30 GB a second. With the feature `crc-fast` the crate of that name
//! does, which is twice as fast where the processor multiplies 512 bits without carry (VPCLMULQDQ) and a much larger
//! dependency.

/// CRC-32C (Castagnoli) of `bytes`: the checksum of a batch from its attributes on.
///
/// ```
/// assert_eq!(milena_protocol::records::crc32c(b"123456789"), 0xe306_9283);
/// ```
#[must_use]
#[inline]
pub fn crc32c(bytes: &[u8]) -> u32 {
    #[cfg(feature = "crc-fast")]
    {
        crc_fast::crc32_iscsi(bytes)
    }
    #[cfg(not(feature = "crc-fast"))]
    {
        ::crc32c::crc32c(bytes)
    }
}

/// The checksum of what `crc` is the checksum of, followed by `bytes`.
pub(super) fn crc32c_append(crc: u32, bytes: &[u8]) -> u32 {
    #[cfg(feature = "crc-fast")]
    {
        use crc_fast::{CrcAlgorithm::Crc32Iscsi, checksum_combine};
        checksum_combine(Crc32Iscsi, crc.into(), crc32c(bytes).into(), bytes.len() as u64) as u32
    }
    #[cfg(not(feature = "crc-fast"))]
    {
        ::crc32c::crc32c_append(crc, bytes)
    }
}
