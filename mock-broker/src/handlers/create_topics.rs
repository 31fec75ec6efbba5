//! CreateTopics (key 19).

use std::collections::{BTreeMap, BTreeSet};

use protocol::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreatableTopicConfigs,
    CreatableTopicResult,
};
use protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};
use protocol::names::{TopicName, Uuid};
use protocol::{ByteString, ErrorCode};

use crate::cluster::topic::settings;
use crate::cluster::{AdminError, Asked, Assignment, Cluster};
use crate::config::{ClusterConfig, check_topic_key};
use crate::fault::Site;

/// Creates topics, or with `validate_only` says what would come of it.
pub(super) fn create_topics(
    cluster: &mut Cluster,
    asked: &Asked,
    request: CreateTopicsRequest,
) -> CreateTopicsResponse {
    let is_too_much = total_partitions(cluster, &request) > MAX_PARTITIONS_OF_A_REQUEST;
    let mut named_twice = BTreeSet::new();
    let mut names = BTreeSet::new();
    for topic in &request.topics {
        if !names.insert(&topic.name) {
            named_twice.insert(topic.name.clone());
        }
    }
    let mut response = CreateTopicsResponse::default();
    // A topic that is named twice is answered once.
    let mut answered = BTreeSet::new();
    for topic in request.topics {
        if !answered.insert(topic.name.clone()) {
            continue;
        }
        let fail = |error_code, message: &str| Err(AdminError::new(error_code, message));
        let created = if is_too_much {
            fail(ErrorCode::POLICY_VIOLATION, "more than 10000 partitions in one request")
        } else if named_twice.contains(&topic.name) {
            fail(ErrorCode::INVALID_REQUEST, "the topic is named twice")
        } else {
            create(cluster, asked, &topic, request.validate_only)
        };
        response.topics.push(created.unwrap_or_else(|error| failed(topic.name, error)));
    }
    response
}

/// As in Kafka: more in one request are refused.
const MAX_PARTITIONS_OF_A_REQUEST: i64 = 10_000;

fn total_partitions(cluster: &Cluster, request: &CreateTopicsRequest) -> i64 {
    let partitions = |topic: &CreatableTopic| match (topic.assignments.len(), topic.num_partitions) {
        (0, -1) => cluster.config.number("num.partitions"),
        (0, partitions) => i64::from(partitions.max(0)),
        (assigned, _) => assigned as i64,
    };
    request.topics.iter().map(partitions).sum()
}

fn create(
    cluster: &mut Cluster,
    asked: &Asked,
    topic: &CreatableTopic,
    validate_only: bool,
) -> Result<CreatableTopicResult, AdminError> {
    if let Some(error_code) = cluster.verdict(asked, Site::topic(&topic.name)) {
        return Err(AdminError::new(error_code, error_code.sentence().unwrap_or_default()));
    }
    cluster.check_new_name(&topic.name)?;
    let assignment = if topic.assignments.is_empty() {
        cluster.spread(topic.num_partitions, topic.replication_factor)?
    } else {
        assigned(cluster, topic)?
    };
    let configs = checked_configs(&topic.configs)?;
    let num_partitions = assignment.len() as i32;
    let replication_factor = assignment.first().map_or(0, |replicas| replicas.len() as i16);
    let described = describe(&configs, &cluster.config);
    let topic_id = match validate_only {
        true => cluster.new_id(),
        false => cluster.add_topic(topic.name.clone(), assignment, configs).id,
    };
    Ok(CreatableTopicResult {
        name: topic.name.clone(),
        topic_id,
        error_message: None,
        num_partitions,
        replication_factor,
        configs: Some(described),
        ..Default::default()
    })
}

/// The replicas that the client has chosen itself.
fn assigned(cluster: &Cluster, topic: &CreatableTopic) -> Result<Assignment, AdminError> {
    if topic.num_partitions != -1 || topic.replication_factor != -1 {
        let message = "with assignments, the partitions and the replication factor must be -1";
        return Err(AdminError::new(ErrorCode::INVALID_REQUEST, message));
    }
    cluster.check_room(topic.assignments.len())?;
    let invalid = |message: String| AdminError::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message);
    let mut sorted: Vec<&CreatableReplicaAssignment> = topic.assignments.iter().collect();
    sorted.sort_by_key(|assignment| assignment.partition_index);
    let mut partitions = Vec::with_capacity(sorted.len());
    for (index, assignment) in sorted.into_iter().enumerate() {
        if assignment.partition_index != index as i32 {
            return Err(invalid(format!(
                "partitions are numbered from 0 without gaps: {index} is missing or twice"
            )));
        }
        let replicas: BTreeSet<_> = assignment.broker_ids.iter().collect();
        if replicas.is_empty() || replicas.len() != assignment.broker_ids.len() {
            return Err(invalid(format!("partition {index} has no broker, or one of them twice")));
        }
        if let Some(unknown) = replicas.into_iter().find(|id| !cluster.brokers.contains_key(id)) {
            return Err(invalid(format!(
                "partition {index} is given to broker {unknown}, which does not exist"
            )));
        }
        partitions.push(assignment.broker_ids.clone());
    }
    Ok(partitions)
}

fn checked_configs(configs: &[CreatableTopicConfig]) -> Result<BTreeMap<&'static str, String>, AdminError> {
    let mut checked = BTreeMap::new();
    for config in configs {
        let Some(value) = &config.value else {
            let message = format!("`{}` has no value", config.name);
            return Err(AdminError::new(ErrorCode::INVALID_CONFIG, message));
        };
        let key = check_topic_key(&config.name, value)
            .map_err(|error| AdminError::new(ErrorCode::INVALID_CONFIG, error.to_string()))?;
        checked.insert(key.name, value.trim().to_owned());
    }
    Ok(checked)
}

fn describe(configs: &BTreeMap<&'static str, String>, cluster: &ClusterConfig) -> Vec<CreatableTopicConfigs> {
    let describe = settings(configs, cluster).map(|setting| CreatableTopicConfigs {
        name: ByteString::from_static(setting.name),
        value: Some(ByteString::from(setting.value)),
        config_source: setting.source as i8,
        ..Default::default()
    });
    describe.collect()
}

/// Java's admin client fails on a missing list of configs, though the schema allows it: Kafka sends an empty one.
fn failed(name: TopicName, error: AdminError) -> CreatableTopicResult {
    CreatableTopicResult {
        name,
        topic_id: Uuid::ZERO,
        error_code: error.error_code,
        error_message: Some(ByteString::from(error.message)),
        configs: Some(Vec::new()),
        ..Default::default()
    }
}
