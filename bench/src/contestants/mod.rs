//! Who races: each file drives one codec as its users would, at its best.

pub mod child;
pub mod limits;
pub mod ours;

use std::hint::black_box;

use crate::clock;

/// Our codec with the feature crc-fast.
pub const OURS: &str = "milena";
/// Our codec in its default build.
pub const OURS_DEFAULT: &str = "milena (default)";
/// The crate kafka-protocol.
pub const KAFKA_PROTOCOL: &str = "kafka-protocol";
/// The crate rskafka.
pub const RSKAFKA: &str = "rskafka";
/// Apache Kafka's Java client.
pub const JAVA: &str = "Java";
/// The Go package kmsg, and kgo for reading batches.
pub const GO: &str = "Go kmsg";
/// The bytes copied once.
pub const MEMCPY: &str = "memcpy";
/// Their checksum by the crate `crc32c`.
pub const CRC32C: &str = "crc32c";
/// Their checksum by the crate `crc-fast`.
pub const CRC_FAST: &str = "crc-fast";
/// The definition written down.
pub const REFERENCE: &str = "reference";

/// Does one row so many times, and says how many nanoseconds of CPU time that took.
pub type Lap = Box<dyn FnMut(u64) -> f64>;

/// A lap of work in this process.
pub fn lap<T>(mut work: impl FnMut() -> T + 'static) -> Lap {
    Box::new(move |times| {
        let start = clock::thread_cpu();
        for _ in 0..times {
            black_box(work());
        }
        clock::thread_cpu() - start
    })
}
