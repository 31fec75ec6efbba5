//! How a partition is chosen for a record that names none.

use std::fmt;
use std::sync::Arc;

use crate::record::Record;

/// How a partition is chosen for a record that names none (`partitioner.class`).
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Partitioning {
    /// By the murmur2 hash of the key, over all partitions, as every client of Kafka does it; without a key, one partition
    /// until it has had a batch's worth of bytes, then another at random, rather one whose batches wait less (KIP-480,
    /// KIP-794; see [`adaptive_partitioning`](crate::ProducerConfig::adaptive_partitioning)).
    #[default]
    Default,
    /// One partition after the other, record by record, whatever the key: what Kafka calls `RoundRobinPartitioner`.
    RoundRobin,
    /// By the hash of the key as [`Default`](Self::Default); without a key, one partition after the other, record by record:
    /// what many expect of a round robin. Kafka has none like it.
    RoundRobinKeyed,
    /// As the user's own code says.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use milena_producer::{Partitioning, Partitions, Record};
    ///
    /// // Orders of one customer, who is told about each at once, have partition 0 for themselves.
    /// let choose = |record: &Record<'_>, partitions: &Partitions<'_>| match record.key_bytes() {
    ///     Some(b"customer-1") => 0,
    ///     Some(key) if partitions.count() > 1 => 1 + i32::from(key[0]) % (partitions.count() - 1),
    ///     _ => 0,
    /// };
    /// let partitioning = Partitioning::Own(Arc::new(choose));
    /// ```
    Own(Arc<dyn ChoosePartition>),
}

/// Chooses partitions: what users implement, or a closure.
pub trait ChoosePartition: Send + Sync {
    /// The partition for a record that names none, counted from 0. It is called by the sending task, and again if the record
    /// has to wait for its topic.
    ///
    /// A number that is no partition's refuses the record.
    fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> i32;
}

impl<F: Fn(&Record<'_>, &Partitions<'_>) -> i32 + Send + Sync> ChoosePartition for F {
    fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> i32 {
        self(record, partitions)
    }
}

/// The partitions of a topic, as they are known now.
#[derive(Clone, Copy, Debug)]
pub struct Partitions<'a> {
    pub(crate) count: i32,
    pub(crate) available: &'a [i32],
}

impl Partitions<'_> {
    /// How many there are, at least one.
    #[must_use]
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Those that have a leader, ascending.
    #[must_use]
    pub fn available(&self) -> &[i32] {
        self.available
    }
}

impl PartialEq for Partitioning {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Default, Self::Default)
            | (Self::RoundRobin, Self::RoundRobin)
            | (Self::RoundRobinKeyed, Self::RoundRobinKeyed) => true,
            (Self::Own(one), Self::Own(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl fmt::Debug for Partitioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "Default",
            Self::RoundRobin => "RoundRobin",
            Self::RoundRobinKeyed => "RoundRobinKeyed",
            Self::Own(_) => "Own",
        })
    }
}
