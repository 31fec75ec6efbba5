//! InitProducerId (key 22): an id and an epoch for an idempotent or transactional producer (KIP-98, KIP-360).

use protocol::ErrorCode;
use protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use protocol::names::{ProducerId, Timestamp};

use super::{check_transaction, older};
use crate::cluster::{Asked, Cluster};
use crate::fault::Site;

/// From this version on a client knows that it is fenced (KIP-588).
const FIRST_VERSION_WITH_FENCED: i16 = 4;

/// Gives a new id to an idempotent producer; to a transactional one its own again, in the next epoch, which fences
/// whoever had it before.
pub(super) fn init_producer_id(
    cluster: &mut Cluster,
    asked: &Asked,
    request: InitProducerIdRequest,
    now: Timestamp,
) -> InitProducerIdResponse {
    match init(cluster, asked, request, now) {
        Ok((producer_id, producer_epoch)) => {
            InitProducerIdResponse { producer_id, producer_epoch, ..Default::default() }
        }
        Err(error_code) => InitProducerIdResponse {
            error_code: older(asked, FIRST_VERSION_WITH_FENCED, error_code),
            producer_epoch: -1,
            ..Default::default()
        },
    }
}

fn init(
    cluster: &mut Cluster,
    asked: &Asked,
    request: InitProducerIdRequest,
    now: Timestamp,
) -> Result<(ProducerId, i16), ErrorCode> {
    let Some(id) = &request.transactional_id else {
        return match cluster.verdict(asked, Site::REQUEST) {
            Some(error_code) => Err(error_code),
            None if has_half(&request) => Err(ErrorCode::INVALID_REQUEST),
            None => Ok((cluster.transactions.new_producer_id(), 0)),
        };
    };
    check_transaction(cluster, asked, id)?;
    let longest = cluster.config.number("transaction.max.timeout.ms");
    if has_half(&request) || id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    if !(1..=longest).contains(&request.transaction_timeout_ms.into()) {
        return Err(ErrorCode::INVALID_TRANSACTION_TIMEOUT);
    }
    let expected = (request.producer_id, request.producer_epoch);
    let expected = Some(expected).filter(|(id, _)| *id != ProducerId::NONE);
    cluster.init_transactional(id, request.transaction_timeout_ms, expected, now)
}

/// Either a client has both a producer id and an epoch, or neither.
fn has_half(request: &InitProducerIdRequest) -> bool {
    (request.producer_id == ProducerId::NONE) != (request.producer_epoch == -1)
}
