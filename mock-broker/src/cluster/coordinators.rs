//! Which broker looks after a group or a transactional id.

use protocol::ErrorCode;
use protocol::names::BrokerId;

use super::{Asked, Cluster};

/// The partitions of `__consumer_offsets` and `__transaction_state`, by whose leaders Kafka finds a coordinator
/// (`offsets.topic.num.partitions`, `transaction.state.log.num.partitions`).
const PARTITIONS: usize = 50;

impl Cluster {
    /// The broker that coordinates what has this key: by the key's hash, as Kafka does, over fifty partitions, which the
    /// brokers share evenly. For one that does not run, the next one that does takes over.
    pub(crate) fn coordinator_of(&self, key: &str) -> Option<BrokerId> {
        let place = partition_of(key) % self.brokers.len();
        let mut in_turn = self.brokers.iter().cycle().skip(place).take(self.brokers.len());
        in_turn.find(|(_, broker)| !broker.is_fenced).map(|(id, _)| *id)
    }

    /// Whether the broker that was asked coordinates what has this key.
    pub(crate) fn check_coordinator(&self, asked: &Asked, key: &str) -> Result<(), ErrorCode> {
        if self.coordinator_of(key) == Some(asked.broker) { Ok(()) } else { Err(ErrorCode::NOT_COORDINATOR) }
    }
}

/// The partition of the internal topic that would hold what has this key.
pub(crate) fn partition_of(key: &str) -> usize {
    // Kafka's `Utils.abs` makes 0 of the one number that has no absolute value.
    hash(key).checked_abs().unwrap_or(0) as usize % PARTITIONS
}

/// Java's `String.hashCode`.
fn hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_javas() {
        assert_eq!(hash(""), 0);
        assert_eq!(hash("group"), 98_629_247);
        assert_eq!(hash("polygenelubricants"), i32::MIN);
        assert_eq!(partition_of("polygenelubricants"), 0);
    }
}
