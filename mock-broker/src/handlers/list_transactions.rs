//! ListTransactions (key 66): the transactions that a broker coordinates (KIP-664).

use protocol::messages::list_transactions::TransactionState;
use protocol::messages::{ListTransactionsRequest, ListTransactionsResponse};
use protocol::names::Timestamp;

use crate::cluster::transactions::State;
use crate::cluster::{Asked, Cluster};
use crate::fault::Site;

/// Lists the transactional ids of this broker that pass every filter.
pub(super) fn list_transactions(
    cluster: &Cluster,
    asked: &Asked,
    request: ListTransactionsRequest,
    now: Timestamp,
) -> ListTransactionsResponse {
    if let Some(error_code) = cluster.verdict(asked, Site::REQUEST) {
        return ListTransactionsResponse { error_code, ..Default::default() };
    }
    let own = cluster.transactions.iter().filter(|(id, _)| cluster.coordinator_of(id) == Some(asked.broker));
    let listed = own.map(|(id, transaction)| {
        (
            transaction.started,
            TransactionState {
                transactional_id: id.clone(),
                producer_id: transaction.producer_id,
                transaction_state: transaction.state.to_string().into(),
                ..Default::default()
            },
        )
    });
    let is_wanted = |(started, listed): &(Timestamp, TransactionState)| {
        let (states, ids) = (&request.state_filters, &request.producer_id_filters);
        let lasted = now.0 - started.0;
        (states.is_empty() || states.contains(&listed.transaction_state))
            && (ids.is_empty() || ids.contains(&listed.producer_id))
            && (request.duration_filter < 0 || lasted > request.duration_filter)
    };
    let transaction_states = listed.filter(is_wanted).map(|(_, listed)| listed).collect();
    let is_known = |name: &str| State::NAMES.contains(&name);
    let unknown = request.state_filters.iter().filter(|name| !is_known(name)).cloned().collect();
    ListTransactionsResponse { unknown_state_filters: unknown, transaction_states, ..Default::default() }
}
