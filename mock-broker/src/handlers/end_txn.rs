//! EndTxn (key 26): commit or abort a transaction (KIP-98).

use protocol::messages::{EndTxnRequest, EndTxnResponse};
use protocol::names::Timestamp;

use super::{check_transaction, older};
use crate::cluster::transactions::Claim;
use crate::cluster::{Asked, Cluster};

/// From this version on a client knows that it is fenced (KIP-588).
const FIRST_VERSION_WITH_FENCED: i16 = 2;
/// From this version on every end brings a new epoch (KIP-890).
const FIRST_VERSION_WITH_BUMP: i16 = 5;

/// Ends the transaction, and tells the producer who it is from here on.
pub(super) fn end_txn(
    cluster: &mut Cluster,
    asked: &Asked,
    request: &EndTxnRequest,
    now: Timestamp,
) -> EndTxnResponse {
    let claim = Claim {
        id: &request.transactional_id,
        producer_id: request.producer_id,
        epoch: request.producer_epoch,
    };
    let bumps = asked.version >= FIRST_VERSION_WITH_BUMP;
    let ended = check_transaction(cluster, asked, claim.id)
        .and_then(|()| cluster.end_transaction(claim, request.committed, bumps, now));
    match ended {
        Ok((producer_id, producer_epoch)) => {
            EndTxnResponse { producer_id, producer_epoch, ..Default::default() }
        }
        Err(error_code) => EndTxnResponse {
            error_code: older(asked, FIRST_VERSION_WITH_FENCED, error_code),
            ..Default::default()
        },
    }
}
