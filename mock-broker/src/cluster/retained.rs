//! How much all logs hold, and that it has an end: a forgotten producer must not eat the machine.
//!
//! What is over the limit is refused as a broker with a full disk refuses it, with KAFKA_STORAGE_ERROR, which clients
//! try again: a test that has lost records would have to find out why, one that cannot go on says so.

use super::Cluster;

/// The setting that limits it.
const LIMIT: &str = "milena.retained.bytes";

/// What a stored batch costs beside its bytes: its place in the log, its allocation, what is remembered of its producer.
pub(crate) const OVERHEAD: usize = 192;

impl Cluster {
    /// What the logs hold, in bytes: batches, and 192 for each one.
    #[must_use]
    pub fn retained_bytes(&self) -> usize {
        let partitions = self.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|partition| partition.log.retained_bytes() + partition.tail_bytes()).sum()
    }

    /// Whether a batch of so many bytes still fits; else, what to tell the producer.
    pub(crate) fn make_room(&mut self, batch: usize) -> Result<(), String> {
        let limit = usize::try_from(self.config.number(LIMIT)).unwrap_or(usize::MAX);
        let wanted = batch.saturating_add(OVERHEAD);
        if self.retained.saturating_add(wanted) > limit {
            // What was deleted, or refused in the end, is not subtracted until it matters.
            self.retained = self.retained_bytes();
        }
        if self.retained.saturating_add(wanted) > limit {
            let retained = self.retained;
            return Err(format!(
                "the logs hold {retained} bytes, and with these {wanted} it would be more than `{LIMIT}` = {limit}; \
                 delete topics, or set it higher"
            ));
        }
        self.retained += wanted;
        Ok(())
    }
}
