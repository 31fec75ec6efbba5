//! What is raced.

pub use milena_protocol::records::Compression;

/// One discipline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Batch A into a reused buffer.
    EncodeA,
    /// Batch A, checksum checked, every record looked at where it lies.
    ReadA,
    /// Batch A, checksum checked, every record a value of its own.
    OwnA,
    /// As [`Self::EncodeA`], of batch B.
    EncodeB,
    /// As [`Self::ReadA`], of batch B.
    ReadB,
    /// A framed Produce v9 with batch A in it as bytes, into a reused buffer.
    ProduceEncode,
    /// The same without copying the batch.
    ProduceSplice,
    /// The same request read; the batch stays bytes.
    ProduceDecode,
    /// A framed MetadataResponse v12 of 100 topics with 10 partitions with 3 replicas, into a reused buffer.
    MetadataEncode,
    /// The same read into owned values.
    MetadataDecode,
    /// Batch A, compressed.
    Compress(Compression),
    /// The same read.
    Inflate(Compression),
    /// The hash of a key of 16 bytes.
    Murmur2,
}

impl Row {
    /// All rows, in the order of the table.
    pub const ALL: [Self; 19] = [
        Self::EncodeA,
        Self::ReadA,
        Self::OwnA,
        Self::EncodeB,
        Self::ReadB,
        Self::ProduceEncode,
        Self::ProduceSplice,
        Self::ProduceDecode,
        Self::MetadataEncode,
        Self::MetadataDecode,
        Self::Compress(Compression::Lz4),
        Self::Inflate(Compression::Lz4),
        Self::Compress(Compression::Zstd),
        Self::Inflate(Compression::Zstd),
        Self::Compress(Compression::Snappy),
        Self::Inflate(Compression::Snappy),
        Self::Compress(Compression::Gzip),
        Self::Inflate(Compression::Gzip),
        Self::Murmur2,
    ];

    /// A word for it: on the command line, between programs and in the saved table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EncodeA => "a-encode",
            Self::ReadA => "a-read",
            Self::OwnA => "a-own",
            Self::EncodeB => "b-encode",
            Self::ReadB => "b-read",
            Self::ProduceEncode => "produce-encode",
            Self::ProduceSplice => "produce-splice",
            Self::ProduceDecode => "produce-decode",
            Self::MetadataEncode => "metadata-encode",
            Self::MetadataDecode => "metadata-decode",
            Self::Compress(Compression::Lz4) => "lz4-encode",
            Self::Inflate(Compression::Lz4) => "lz4-decode",
            Self::Compress(Compression::Zstd) => "zstd-encode",
            Self::Inflate(Compression::Zstd) => "zstd-decode",
            Self::Compress(Compression::Snappy) => "snappy-encode",
            Self::Inflate(Compression::Snappy) => "snappy-decode",
            Self::Compress(Compression::Gzip) => "gzip-encode",
            Self::Inflate(Compression::Gzip) => "gzip-decode",
            Self::Compress(Compression::None) | Self::Inflate(Compression::None) => "none",
            Self::Murmur2 => "murmur2",
        }
    }

    /// What it is, for the table.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::EncodeA => "batch A, encode",
            Self::ReadA => "batch A, decode borrowed",
            Self::OwnA => "batch A, decode to owned",
            Self::EncodeB => "batch B, encode",
            Self::ReadB => "batch B, decode borrowed",
            Self::ProduceEncode => "Produce v9, encode",
            Self::ProduceSplice => "Produce v9, encode spliced",
            Self::ProduceDecode => "Produce v9, decode",
            Self::MetadataEncode => "MetadataResponse v12, encode",
            Self::MetadataDecode => "MetadataResponse v12, decode",
            Self::Compress(Compression::Lz4) => "batch A lz4, encode",
            Self::Inflate(Compression::Lz4) => "batch A lz4, decode",
            Self::Compress(Compression::Zstd) => "batch A zstd, encode",
            Self::Inflate(Compression::Zstd) => "batch A zstd, decode",
            Self::Compress(Compression::Snappy) => "batch A snappy, encode",
            Self::Inflate(Compression::Snappy) => "batch A snappy, decode",
            Self::Compress(Compression::Gzip) => "batch A gzip, encode",
            Self::Inflate(Compression::Gzip) => "batch A gzip, decode",
            Self::Compress(Compression::None) | Self::Inflate(Compression::None) => "batch A",
            Self::Murmur2 => "murmur2, 16 B key",
        }
    }

    /// The row of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|row| row.name() == name)
    }
}
