//! TxnOffsetCommit (key 28): store, within a transaction, how far a group has read (KIP-98).

use protocol::messages::txn_offset_commit::{TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic};
use protocol::messages::{TxnOffsetCommitRequest, TxnOffsetCommitResponse};
use protocol::names::Timestamp;
use protocol::{ByteString, ErrorCode};

use super::{check_group, check_partition, is_absent, outcome, unknown_name};
use crate::cluster::groups::offsets::{Committed, Committer};
use crate::cluster::transactions::Claim;
use crate::cluster::{Asked, Cluster};

/// From this version on the group needs not be added to the transaction before (KIP-890).
const FIRST_VERSION_THAT_ADDS: i16 = 5;
/// From this version on a client knows that it can only abort (KIP-890).
const FIRST_VERSION_WITH_ABORTABLE: i16 = 4;

/// Stores offsets that count when the transaction is committed.
pub(super) fn txn_offset_commit(
    cluster: &mut Cluster,
    asked: &mut Asked,
    request: &TxnOffsetCommitRequest,
    now: Timestamp,
) -> TxnOffsetCommitResponse {
    // The coordinator is asked only if there is something to store.
    let mut allowed = None;
    let mut response = TxnOffsetCommitResponse::default();
    for topic in &request.topics {
        let known = cluster.topics.get(&topic.name).map(|topic| topic.name.clone());
        let known = known.unwrap_or_else(|| unknown_name(&topic.name));
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for wanted in &topic.partitions {
            let index = wanted.partition_index;
            let stored = check_partition(cluster, asked, &topic.name, index).and_then(|()| {
                (*allowed.get_or_insert_with(|| check(cluster, asked, request, now)))?;
                let committed = Committed {
                    offset: wanted.committed_offset,
                    leader_epoch: wanted.committed_leader_epoch,
                    metadata: ByteString::from(wanted.committed_metadata.as_deref().unwrap_or_default()),
                    at: now,
                    expires: None,
                };
                let place = (known.clone(), index);
                cluster.groups.commit(&request.group_id, place, committed, Some(request.producer_id))
            });
            let error_code = stored.err().unwrap_or_default();
            asked.outcomes.push(outcome(&known, index, error_code, wanted.committed_offset));
            partitions.push(TxnOffsetCommitResponsePartition {
                partition_index: index,
                error_code,
                ..Default::default()
            });
        }
        partitions.sort_by_key(|partition| !is_absent(partition.error_code));
        let (name, topic_id) = (topic.name.clone(), topic.topic_id);
        response.topics.push(TxnOffsetCommitResponseTopic {
            name,
            topic_id,
            partitions,
            ..Default::default()
        });
    }
    response.topics.sort_by_key(|topic| !topic.partitions.iter().any(|one| is_absent(one.error_code)));
    response
}

fn check(
    cluster: &mut Cluster,
    asked: &Asked,
    request: &TxnOffsetCommitRequest,
    now: Timestamp,
) -> Result<(), ErrorCode> {
    let id = &request.group_id;
    check_group(cluster, asked, id)?;
    if id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    let claim = Claim {
        id: &request.transactional_id,
        producer_id: request.producer_id,
        epoch: request.producer_epoch,
    };
    let is_part = match asked.version {
        FIRST_VERSION_THAT_ADDS.. => cluster.transactions.add(claim, [], Some(id), now),
        _ => cluster.transactions.verify_group(claim, id),
    };
    is_part.map_err(|error_code| match error_code {
        ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::TRANSACTION_ABORTABLE if asked.version < FIRST_VERSION_WITH_ABORTABLE => {
            ErrorCode::INVALID_TXN_STATE
        }
        other => other,
    })?;
    let by = Committer {
        member: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
        generation: request.generation_id_or_member_epoch,
        is_transactional: true,
    };
    cluster.groups.check_commit(id, by, ErrorCode::ILLEGAL_GENERATION, now)
}
