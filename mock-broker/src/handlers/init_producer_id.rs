//! InitProducerId (key 22): an id and an epoch for an idempotent or transactional producer (KIP-98, KIP-360).

use protocol::ErrorCode;
use protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use protocol::names::{ProducerId, TransactionalId};

use crate::cluster::{Asked, Cluster};
use crate::fault::Site;

/// Gives a new id to an idempotent producer; to a transactional one its own again, in the next epoch, which fences
/// whoever had it before.
pub(super) fn init_producer_id(
    cluster: &mut Cluster,
    asked: &Asked,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    if let Some(error_code) = cluster.verdict(asked, Site::REQUEST) {
        return failed(error_code);
    }
    // Either the client has both, or neither.
    if (request.producer_id == ProducerId::NONE) != (request.producer_epoch == -1) {
        return failed(ErrorCode::INVALID_REQUEST);
    }
    let given = match request.transactional_id {
        None => Ok((new_producer_id(cluster), 0)),
        Some(id) if id.is_empty() => Err(ErrorCode::INVALID_REQUEST),
        Some(_) if !(1..=MAX_TIMEOUT_MS).contains(&request.transaction_timeout_ms) => {
            Err(ErrorCode::INVALID_TRANSACTION_TIMEOUT)
        }
        Some(id) => transactional(cluster, &id, (request.producer_id, request.producer_epoch)),
    };
    match given {
        Ok((producer_id, producer_epoch)) => {
            InitProducerIdResponse { producer_id, producer_epoch, ..Default::default() }
        }
        Err(error_code) => failed(error_code),
    }
}

/// `transaction.max.timeout.ms`: 15 minutes.
const MAX_TIMEOUT_MS: i32 = 900_000;
/// More transactional ids than this are refused.
const MAX_TRANSACTIONAL_IDS: usize = 100_000;

fn transactional(
    cluster: &mut Cluster,
    id: &TransactionalId,
    expected: (ProducerId, i16),
) -> Result<(ProducerId, i16), ErrorCode> {
    let given = match cluster.transactional.get(id) {
        None if cluster.transactional.len() >= MAX_TRANSACTIONAL_IDS => {
            return Err(ErrorCode::POLICY_VIOLATION);
        }
        // Whatever a client believes about an id that nobody has used yet is accepted, as in Kafka.
        None => (new_producer_id(cluster), 0),
        Some((producer_id, epoch)) => {
            let is_expected = expected.0 == ProducerId::NONE || expected == (*producer_id, *epoch);
            match (is_expected, epoch) {
                (false, _) => return Err(ErrorCode::PRODUCER_FENCED),
                (true, &LAST_EPOCH) => (new_producer_id(cluster), 0),
                (true, epoch) => (*producer_id, epoch + 1),
            }
        }
    };
    cluster.transactional.insert(TransactionalId::from(id.as_str()), given);
    Ok(given)
}

/// The highest epoch but one, which Kafka keeps for itself to fence a producer.
const LAST_EPOCH: i16 = i16::MAX - 1;

fn new_producer_id(cluster: &mut Cluster) -> ProducerId {
    let id = cluster.next_producer_id;
    cluster.next_producer_id = ProducerId(id.0 + 1);
    id
}

fn failed(error_code: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse { error_code, producer_epoch: -1, ..Default::default() }
}
