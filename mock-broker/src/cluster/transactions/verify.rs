//! Whether a transactional batch belongs to an open transaction (KIP-890).

use protocol::ErrorCode;
use protocol::names::{Timestamp, TopicName};
use protocol::records::BatchHeader;

use super::Claim;
use crate::cluster::Cluster;

/// From this Produce version on a partition needs not be added to the transaction before.
const FIRST_VERSION_THAT_ADDS: i16 = 12;
/// From this Produce version on a client knows that it can only abort.
const FIRST_VERSION_WITH_ABORTABLE: i16 = 11;

impl Cluster {
    /// Whether a producer may write a batch in its transaction; a new client's partition is taken into it.
    ///
    /// The coordinator is asked only about the first batch of a transaction in a partition.
    pub(crate) fn verify_write(
        &mut self,
        version: i16,
        transactional_id: &str,
        batch: &BatchHeader,
        (topic, index): (&TopicName, i32),
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        let partition = self.topics.get(topic).and_then(|topic| topic.partition(index));
        let producers = &partition.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?.producers;
        if producers.is_in_transaction(batch.producer_id, batch.producer_epoch) {
            return Ok(());
        }
        let claim =
            Claim { id: transactional_id, producer_id: batch.producer_id, epoch: batch.producer_epoch };
        let verified = match version {
            FIRST_VERSION_THAT_ADDS.. => self.transactions.add(claim, [(topic.clone(), index)], None, now),
            _ => self.transactions.verify(claim, topic, index),
        };
        verified.map_err(|error_code| match error_code {
            ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
            ErrorCode::TRANSACTION_ABORTABLE if version < FIRST_VERSION_WITH_ABORTABLE => {
                ErrorCode::INVALID_TXN_STATE
            }
            // Clients try that again.
            ErrorCode::CONCURRENT_TRANSACTIONS if version < FIRST_VERSION_THAT_ADDS => {
                ErrorCode::NOT_ENOUGH_REPLICAS
            }
            other => other,
        })
    }
}
