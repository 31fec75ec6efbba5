//! How much memory a piece of work takes.

use peak_alloc::PeakAlloc;

/// Counts all that this program allocates from Rust; what the C library of zstd allocates is not seen.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Does `work` and says how much memory there was at most, beyond what there was before. A buffer that grows counts
/// twice at that moment, as the old and as the new one.
pub(crate) fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let result = work();
    (result, ALLOCATOR.peak_usage().saturating_sub(before))
}
