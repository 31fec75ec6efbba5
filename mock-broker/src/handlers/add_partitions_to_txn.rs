//! AddPartitionsToTxn (key 24): take partitions into a transaction before writing to them (KIP-98).

use protocol::ErrorCode;
use protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopicResult,
    AddPartitionsToTxnTransaction,
};
use protocol::messages::{AddPartitionsToTxnRequest, AddPartitionsToTxnResponse};
use protocol::names::{Timestamp, TopicName};

use super::{check_partition, check_transaction, older};
use crate::cluster::transactions::Claim;
use crate::cluster::{Asked, Cluster};

/// From this version on brokers ask for many transactions at once (KIP-890).
const FIRST_BATCHED_VERSION: i16 = 4;
/// From this version on a client knows that it is fenced (KIP-588).
const FIRST_VERSION_WITH_FENCED: i16 = 2;

/// Takes all partitions into the transaction, or none; or only looks whether they are in it.
pub(super) fn add_partitions_to_txn(
    cluster: &mut Cluster,
    asked: &Asked,
    request: AddPartitionsToTxnRequest,
    now: Timestamp,
) -> AddPartitionsToTxnResponse {
    if asked.version >= FIRST_BATCHED_VERSION {
        let transactions = request.transactions.into_iter();
        let results = transactions.map(|transaction| AddPartitionsToTxnResult {
            topic_results: results(cluster, asked, &transaction, now),
            transactional_id: transaction.transactional_id,
            ..Default::default()
        });
        return AddPartitionsToTxnResponse {
            results_by_transaction: results.collect(),
            ..Default::default()
        };
    }
    let transaction = AddPartitionsToTxnTransaction {
        transactional_id: request.v3_and_below_transactional_id,
        producer_id: request.v3_and_below_producer_id,
        producer_epoch: request.v3_and_below_producer_epoch,
        topics: request.v3_and_below_topics,
        ..Default::default()
    };
    AddPartitionsToTxnResponse {
        results_by_topic_v3_and_below: results(cluster, asked, &transaction, now),
        ..Default::default()
    }
}

fn results(
    cluster: &mut Cluster,
    asked: &Asked,
    transaction: &AddPartitionsToTxnTransaction,
    now: Timestamp,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let claim = Claim {
        id: &transaction.transactional_id,
        producer_id: transaction.producer_id,
        epoch: transaction.producer_epoch,
    };
    let places = transaction
        .topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().copied().map(|index| (topic.name.clone(), index)));
    let places: Vec<(TopicName, i32)> = places.collect();
    let checked: Vec<_> =
        places.iter().map(|(name, index)| check_partition(cluster, asked, name, *index)).collect();
    let outcome: Vec<Result<(), ErrorCode>> = if checked.iter().any(Result::is_err) {
        // One that cannot be taken keeps the others out.
        let attempted = |one: Result<(), ErrorCode>| one.and(Err(ErrorCode::OPERATION_NOT_ATTEMPTED));
        checked.into_iter().map(attempted).collect()
    } else if let Err(error_code) = check_transaction(cluster, asked, claim.id) {
        vec![Err(error_code); places.len()]
    } else if transaction.verify_only {
        let verify = |(name, index): &(TopicName, i32)| cluster.transactions.verify(claim, name, *index);
        places.iter().map(verify).collect()
    } else {
        vec![cluster.transactions.add(claim, places.iter().cloned(), None, now); places.len()]
    };
    let mut outcome = outcome.into_iter();
    let topics = transaction.topics.iter().map(|topic| AddPartitionsToTxnTopicResult {
        name: topic.name.clone(),
        results_by_partition: topic
            .partitions
            .iter()
            .copied()
            .map(|partition_index| {
                let error_code = outcome.next().and_then(Result::err).unwrap_or_default();
                let partition_error_code = older(asked, FIRST_VERSION_WITH_FENCED, error_code);
                AddPartitionsToTxnPartitionResult {
                    partition_index,
                    partition_error_code,
                    ..Default::default()
                }
            })
            .collect(),
        ..Default::default()
    });
    topics.collect()
}
