//! AddOffsetsToTxn (key 25): take a group's offsets into a transaction (KIP-98).

use protocol::messages::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};
use protocol::names::Timestamp;

use super::{check_transaction, older};
use crate::cluster::transactions::Claim;
use crate::cluster::{Asked, Cluster};

/// From this version on a client knows that it is fenced (KIP-588).
const FIRST_VERSION_WITH_FENCED: i16 = 2;

/// Takes the group into the transaction.
pub(super) fn add_offsets_to_txn(
    cluster: &mut Cluster,
    asked: &Asked,
    request: &AddOffsetsToTxnRequest,
    now: Timestamp,
) -> AddOffsetsToTxnResponse {
    let claim = Claim {
        id: &request.transactional_id,
        producer_id: request.producer_id,
        epoch: request.producer_epoch,
    };
    let added = check_transaction(cluster, asked, claim.id)
        .and_then(|()| cluster.transactions.add(claim, [], Some(&request.group_id), now));
    let error_code = older(asked, FIRST_VERSION_WITH_FENCED, added.err().unwrap_or_default());
    AddOffsetsToTxnResponse { error_code, ..Default::default() }
}
