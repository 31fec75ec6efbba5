//! The bytes that everyone gets: made from nothing, the same in every run.

use std::{fs, io, path::Path};

use bytes::Bytes;
use milena_protocol::records::Compression;

use crate::contestants::ours;

/// The keys and values of a batch.
#[derive(Debug)]
pub struct Contents {
    /// In the order of offsets.
    pub records: Vec<(Bytes, Bytes)>,
}

/// The time of the first record; each one is a millisecond later.
pub const FIRST_TIMESTAMP: i64 = 1_700_000_000_000;

/// Everything a contestant may be asked to write or read.
#[derive(Debug)]
pub struct Inputs {
    /// 1000 records of a 16-byte key and a 100-byte value.
    pub a: Contents,
    /// 10 records of a 16-byte key and a 10 KiB value.
    pub b: Contents,
    /// [`Self::a`] as a batch.
    pub batch_a: Bytes,
    /// [`Self::b`] as a batch.
    pub batch_b: Bytes,
    /// A Produce request of version 9 with batch A, framed.
    pub produce: Bytes,
    /// A Metadata response of version 12, framed.
    pub metadata: Bytes,
}

/// Bytes before the body in [`Inputs::metadata`]: length, correlation id, no tagged fields.
const BEFORE_METADATA: usize = 9;

impl Inputs {
    /// Makes all of it.
    #[must_use]
    pub fn new() -> Self {
        let (a, b) = (Contents::new(1000, 100), Contents::new(10, 10 * 1024));
        let batch_a = ours::batch(&a, Compression::None);
        let batch_b = ours::batch(&b, Compression::None);
        let produce = ours::produce_frame(&batch_a);
        let metadata = ours::metadata_frame();
        Self { a, b, batch_a, batch_b, produce, metadata }
    }

    /// Puts the files into `folder` that programs in other languages read.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        fs::write(folder.join("batch-a"), &self.batch_a)?;
        fs::write(folder.join("batch-b"), &self.batch_b)?;
        fs::write(folder.join("produce-v9"), &self.produce)?;
        fs::write(folder.join("metadata-v12"), &self.metadata[BEFORE_METADATA..])
    }
}

impl Default for Inputs {
    fn default() -> Self {
        Self::new()
    }
}

impl Contents {
    fn new(count: usize, value_size: usize) -> Self {
        let mut noise = Noise(0x2545_f491_4f6c_dd1d);
        let record =
            |index| (Bytes::from(format!("key-{index:012}")), Bytes::from(noise.document(value_size)));
        Self { records: (0..count).map(record).collect() }
    }

    /// Bytes of all keys and all values: what readers of the batch have to find.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        self.records
            .iter()
            .fold((0, 0), |(keys, values), (key, value)| (keys + key.len(), values + value.len()))
    }
}

/// A small generator (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Something like a JSON document, cut at `size` bytes: names that repeat, numbers that do not.
    fn document(&mut self, size: usize) -> String {
        const NAMES: [&str; 32] = [
            "account", "branch", "balance", "colour", "currency", "customer", "date", "delivery", "discount",
            "floor", "gate", "height", "invoice", "item", "kind", "level", "member", "name", "net", "owner",
            "phone", "quantity", "region", "room", "seller", "state", "store", "tax", "unit", "vendor",
            "weight", "zone",
        ];
        let mut text = String::from("{");
        while text.len() < size {
            let bits = self.next();
            text.push_str(&format!("\"{}\":{:x},", NAMES[bits as usize % NAMES.len()], bits >> 40));
        }
        text.truncate(size);
        text
    }
}
