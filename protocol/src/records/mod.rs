//! Record batches: what lies in the `records` fields of Produce and Fetch.
//!
//! ```text
//!                 what a broker may change                 what the checksum covers
//!              ┌─────────────┴─────────────┐         ┌───────────────┴────────────────┐
//! base_offset i64 · length i32 · leader_epoch i32 · magic i8 · crc u32 · attributes i16 · last_offset_delta i32 ·
//!   base_timestamp i64 · max_timestamp i64 · producer_id i64 · producer_epoch i16 · base_sequence i32 · count i32 ·
//!   ┌ records: plain, or compressed as one piece (the header never is) ────────────────────────────────────────┐
//!   │ length varint · attributes i8 · timestamp_delta varlong · offset_delta varint ·                           │
//!   │   key (length varint, bytes; −1 is null) · value (the same) · header count varint ·                       │
//!   │   headers: key (length varint, UTF-8) · value (length varint, bytes; −1 is null)                          │
//!   └ … count times ───────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Reading borrows: [`batches`] walks the batches of a field without touching their records, [`RecordBatch::records`]
//! checks one and inflates it if need be, and its iterator yields [`Record`]s that point into it. Writing goes
//! straight into one buffer: [`BatchBuilder`].
//!
//! ```
//! use bytes::Bytes;
//! use milena_protocol::records::{BatchBuilder, BatchOptions, Compression, Limits, Part, batches};
//!
//! let options = BatchOptions { compression: Compression::Lz4, ..BatchOptions::default() };
//! let mut builder = BatchBuilder::new(Vec::new(), options);
//! builder.append(1_700_000_000_000, Some(b"customer-7"), Some(b"an order"), [])?;
//! let batch: Bytes = builder.build()?;
//!
//! for part in batches(&batch) {
//!     let Part::Batch(batch) = part? else { continue };
//!     for record in batch.records(&Limits::default())?.iter() {
//!         let record = record?;
//!         assert_eq!((record.offset, record.key), (0, Some(&b"customer-7"[..])));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The formats from before Kafka 0.11 are read and written too, for logs, dumps and captures: [`LegacyBatch`],
//! [`LegacyBuilder`].
//!
//! # Safe on any input
//!
//! Nothing here panics on bytes. Reading allocates nothing for records that are not compressed. Compressed ones inflate
//! into at most [`Limits::inflated_bytes`] bytes, and more than that is an error, so a bomb costs no more than the
//! caller allows.
//!
//! Source: KIP-98 (the format), KIP-110 (zstd), KIP-534 (the delete horizon).

mod attributes;
mod batch;
mod builder;
mod compression;
mod control;
mod crc;
mod headers;
mod legacy;
mod legacy_builder;
pub mod murmur2;
mod record;
mod write;

pub use self::attributes::{Attributes, TimestampType};
pub use self::batch::{
    BatchHeader, Batches, HEADER_SIZE, Part, RecordBatch, batches, rewrite_header, set_producer,
};
pub use self::builder::{BatchBuilder, BatchOptions};
pub use self::compression::{Compression, Compressor, Decompressor, Limits};
pub use self::control::{ControlRecord, EndTransactionMarker};
pub use self::crc::crc32c;
pub use self::headers::{Header, HeaderIter, Headers, OwnedHeaders};
pub use self::legacy::{LegacyBatch, LegacyFormat, LegacyHeader, LegacyRecordIter, LegacyRecordSet};
pub use self::legacy_builder::LegacyBuilder;
pub use self::record::{OwnedRecord, Record, RecordIter, RecordSet};
pub use self::write::{record_size, record_size_upper_bound};
