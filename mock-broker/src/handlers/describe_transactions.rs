//! DescribeTransactions (key 65): the state of transactions, from their coordinator (KIP-664).

use std::collections::BTreeMap;

use protocol::ErrorCode;
use protocol::messages::describe_transactions::{TopicData, TransactionState};
use protocol::messages::{DescribeTransactionsRequest, DescribeTransactionsResponse};
use protocol::names::{TopicName, TransactionalId};

use super::check_transaction;
use crate::cluster::{Asked, Cluster, partition_of};

/// Describes each transaction: its producer, its state, and what belongs to it.
pub(super) fn describe_transactions(
    cluster: &Cluster,
    asked: &Asked,
    request: DescribeTransactionsRequest,
) -> DescribeTransactionsResponse {
    let ids = request.transactional_ids.into_iter();
    let transaction_states = ids.map(|id| describe(cluster, asked, id)).collect();
    DescribeTransactionsResponse { transaction_states, ..Default::default() }
}

fn describe(cluster: &Cluster, asked: &Asked, transactional_id: TransactionalId) -> TransactionState {
    let checked = match transactional_id.is_empty() {
        true => Err(ErrorCode::INVALID_REQUEST),
        false => check_transaction(cluster, asked, &transactional_id),
    };
    let found = checked.and_then(|()| {
        cluster.transactions.get(&transactional_id).ok_or(ErrorCode::TRANSACTIONAL_ID_NOT_FOUND)
    });
    let transaction = match found {
        Ok(transaction) => transaction,
        Err(error_code) => return TransactionState { error_code, transactional_id, ..Default::default() },
    };
    let mut topics: BTreeMap<TopicName, Vec<i32>> = BTreeMap::new();
    for (topic, index) in &transaction.partitions {
        topics.entry(topic.clone()).or_default().push(*index);
    }
    // What belongs to a group is told by where Kafka stores it.
    for group in &transaction.groups {
        let partitions = topics.entry(TopicName::from_static("__consumer_offsets")).or_default();
        let index = partition_of(group) as i32;
        if !partitions.contains(&index) {
            partitions.push(index);
        }
    }
    let topic = |(topic, partitions): (TopicName, Vec<i32>)| TopicData {
        topic,
        partitions: partitions.into(),
        ..Default::default()
    };
    TransactionState {
        transactional_id,
        transaction_state: transaction.state.to_string().into(),
        transaction_timeout_ms: transaction.timeout_ms,
        transaction_start_time_ms: transaction.started.0,
        producer_id: transaction.producer_id,
        producer_epoch: transaction.epoch,
        topics: topics.into_iter().map(topic).collect(),
        ..Default::default()
    }
}
