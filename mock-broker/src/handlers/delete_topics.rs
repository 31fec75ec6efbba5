//! DeleteTopics (key 20).

use std::collections::BTreeMap;

use protocol::messages::delete_topics::{DeletableTopicResult, DeleteTopicState};
use protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use protocol::names::{TopicName, Uuid};
use protocol::{ByteString, ErrorCode};

use crate::cluster::{AdminError, Asked, Cluster};
use crate::fault::Site;

/// Deletes topics, by name or, from version 6 on, by id.
pub(super) fn delete_topics(
    cluster: &mut Cluster,
    asked: &Asked,
    request: DeleteTopicsRequest,
) -> DeleteTopicsResponse {
    let by_name = request.topic_names.into_iter();
    let by_name = by_name.map(|name| DeleteTopicState { name: Some(name), ..Default::default() });
    let wanted: Vec<_> = request.topics.into_iter().chain(by_name).collect();

    let mut times = BTreeMap::new();
    for topic in &wanted {
        *times.entry((topic.name.clone(), topic.topic_id)).or_insert(0) += 1;
    }
    let mut responses = Vec::with_capacity(wanted.len());
    for topic in &wanted {
        let is_twice = times[&(topic.name.clone(), topic.topic_id)] > 1;
        let deleted = match is_twice {
            true => Err(AdminError::new(ErrorCode::INVALID_REQUEST, "the topic is named twice")),
            false => delete(cluster, asked, topic),
        };
        responses.push(result(topic, deleted));
    }
    DeleteTopicsResponse { responses, ..Default::default() }
}

fn delete(
    cluster: &mut Cluster,
    asked: &Asked,
    topic: &DeleteTopicState,
) -> Result<(TopicName, Uuid), AdminError> {
    let fail = |error_code, message: &str| Err(AdminError::new(error_code, message));
    let id = topic.topic_id;
    let found = match &topic.name {
        Some(_) if id != Uuid::ZERO => {
            return fail(ErrorCode::INVALID_REQUEST, "a topic is named by name or by id, not by both");
        }
        Some(name) => Ok(cluster.topics.get(name)),
        None if id == Uuid::ZERO => {
            return fail(ErrorCode::INVALID_REQUEST, "a topic is named by name or by id, not by neither");
        }
        None => Err(cluster.topics.name_of(id).and_then(|name| cluster.topics.get(name))),
    };
    let (name, id) = match found {
        Ok(Some(found)) | Err(Some(found)) => (found.name.clone(), found.id),
        Ok(None) => return fail(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "there is no topic of this name"),
        Err(None) => return fail(ErrorCode::UNKNOWN_TOPIC_ID, "there is no topic of this id"),
    };
    if let Some(error_code) = cluster.verdict(asked, Site::topic(&name)) {
        return fail(error_code, error_code.sentence().unwrap_or_default());
    }
    if !cluster.config.flag("delete.topic.enable") {
        return fail(ErrorCode::TOPIC_DELETION_DISABLED, "`delete.topic.enable` is false");
    }
    cluster.delete_topic(&name);
    Ok((name, id))
}

fn result(topic: &DeleteTopicState, deleted: Result<(TopicName, Uuid), AdminError>) -> DeletableTopicResult {
    match deleted {
        Ok((name, topic_id)) => DeletableTopicResult { name: Some(name), topic_id, ..Default::default() },
        Err(error) => DeletableTopicResult {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            error_code: error.error_code,
            error_message: Some(ByteString::from(error.message)),
            ..Default::default()
        },
    }
}
