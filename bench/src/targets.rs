//! What we want to reach, beside whom: figures of one run of everybody, of which only the ratios count.
//!
//! They are CPU times on two shared cores of a virtual machine with an AMD EPYC processor, of the same kind as the one that
//! [`codec.md`](../codec.md) was made on. What the peers take on a machine, and how far we are, tells
//!
//! ```text
//! cargo run --release --manifest-path bench/Cargo.toml -- codec
//! ```

use crate::contestants::{GO, JAVA, KAFKA_PROTOCOL, MEMCPY, REFERENCE, RSKAFKA};
use crate::row::{Compression, Row};

/// In one row, how fast we want to be beside whom. Times are in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The row.
    pub row: Row,
    /// Beside whom.
    pub peer: &'static str,
    /// What it took in that run.
    pub peer_took: f64,
    /// What we were to take.
    pub ours: f64,
}

impl Target {
    /// How many times faster than the peer we are to be.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.peer_took / self.ours
    }
}

const fn target(row: Row, ours: f64, peer: &'static str, peer_took: f64) -> Target {
    Target { row, peer, peer_took, ours }
}

/// All of them.
pub const TARGETS: [Target; 32] = [
    target(Row::EncodeA, 13.0, KAFKA_PROTOCOL, 44.9),
    target(Row::EncodeA, 13.0, GO, 26.0),
    target(Row::EncodeA, 13.0, JAVA, 50.0),
    target(Row::ReadA, 9.0, JAVA, 22.0),
    target(Row::ReadA, 9.0, KAFKA_PROTOCOL, 63.0),
    target(Row::ReadA, 9.0, GO, 65.0),
    target(Row::ReadA, 9.0, RSKAFKA, 133.0),
    target(Row::OwnA, 30.0, KAFKA_PROTOCOL, 63.0),
    target(Row::EncodeB, 3.2, KAFKA_PROTOCOL, 4.25),
    target(Row::EncodeB, 3.2, JAVA, 3.0),
    target(Row::ReadB, 1.75, KAFKA_PROTOCOL, 3.76),
    target(Row::ReadB, 1.75, JAVA, 1.8),
    target(Row::ProduceEncode, 1.05, MEMCPY, 1.0),
    target(Row::ProduceSplice, 0.25, KAFKA_PROTOCOL, 1.01),
    target(Row::ProduceSplice, 0.25, GO, 1.27),
    target(Row::ProduceDecode, 0.17, KAFKA_PROTOCOL, 0.177),
    target(Row::ProduceDecode, 0.17, GO, 0.081),
    target(Row::MetadataEncode, 10.0, GO, 12.6),
    target(Row::MetadataEncode, 10.0, JAVA, 22.7),
    target(Row::MetadataEncode, 10.0, KAFKA_PROTOCOL, 46.5),
    target(Row::MetadataDecode, 25.0, GO, 77.0),
    target(Row::MetadataDecode, 25.0, JAVA, 36.0),
    target(Row::MetadataDecode, 25.0, KAFKA_PROTOCOL, 69.5),
    target(Row::Compress(Compression::Lz4), 120.0, KAFKA_PROTOCOL, 1255.0),
    target(Row::Inflate(Compression::Lz4), 32.0, KAFKA_PROTOCOL, 155.0),
    target(Row::Compress(Compression::Zstd), 335.0, KAFKA_PROTOCOL, 398.0),
    target(Row::Inflate(Compression::Zstd), 85.0, KAFKA_PROTOCOL, 151.0),
    target(Row::Compress(Compression::Snappy), 125.0, KAFKA_PROTOCOL, 153.0),
    target(Row::Inflate(Compression::Snappy), 68.0, KAFKA_PROTOCOL, 120.0),
    target(Row::Compress(Compression::Gzip), 2307.0, KAFKA_PROTOCOL, 4614.0),
    target(Row::Inflate(Compression::Gzip), 151.0, KAFKA_PROTOCOL, 302.0),
    target(Row::Murmur2, 0.004, REFERENCE, 0.004),
];

/// The most allocations that one turn of the row may take.
#[must_use]
pub fn allocations_allowed(row: Row) -> Option<u32> {
    match row {
        Row::EncodeA | Row::EncodeB | Row::ReadA | Row::ReadB | Row::MetadataEncode => Some(0),
        Row::OwnA => Some(1),
        Row::MetadataDecode => Some(110),
        _ => None,
    }
}
