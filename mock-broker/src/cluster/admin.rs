//! What tests do to a cluster from outside, and what the admin APIs do from inside: topics and leaders.

use std::collections::BTreeMap;
use std::fmt;

use protocol::ErrorCode;
use protocol::names::{BrokerId, TopicName, Uuid};
use protocol::wire::IntArray;

use super::Cluster;
use super::topic::Topic;
use crate::action::Action;
use crate::config::TopicSpec;
use crate::recording::Step;

/// What cannot be done to a cluster, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminError {
    pub(crate) error_code: ErrorCode,
    pub(crate) message: String,
}

impl AdminError {
    pub(crate) fn new(error_code: ErrorCode, message: impl Into<String>) -> Self {
        Self { error_code, message: message.into() }
    }

    /// The error code that a client would get.
    #[must_use]
    pub fn error_code(&self) -> ErrorCode {
        self.error_code
    }
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AdminError {}

/// The brokers of each partition, the leader first.
pub(crate) type Assignment = Vec<IntArray<BrokerId>>;

impl Cluster {
    /// The topics, by name.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.iter()
    }

    /// The topic of this name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name)
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// A name that is not legal or taken, too few brokers for the replicas, no partition.
    pub fn create_topic(&mut self, topic: TopicSpec) -> Result<&Topic, AdminError> {
        self.note(|| Step::Directly(Action::CreateTopic(topic.clone())));
        self.check_new_name(&topic.name)?;
        let partitions = topic.partitions.unwrap_or(DEFAULT);
        let assignment = self.spread(partitions, topic.replication_factor.unwrap_or(DEFAULT as i16))?;
        Ok(self.add_topic(topic.name, assignment, topic.configs))
    }

    /// Deletes a topic with all its records; whether it was there.
    pub fn delete_topic(&mut self, name: &str) -> bool {
        self.note(|| Step::Directly(Action::DeleteTopic(name.into())));
        let Some(topic) = self.topics.remove(name) else { return false };
        self.groups.forget_topic(name);
        for index in 0..topic.partitions.len() as i32 {
            self.touch(topic.id, index);
        }
        true
    }

    /// Whether a new topic may have this name.
    pub(crate) fn check_new_name(&self, name: &str) -> Result<(), AdminError> {
        let invalid = |message| Err(AdminError::new(ErrorCode::INVALID_TOPIC_EXCEPTION, message));
        if let Some(rule) = TopicName::fault(name) {
            return invalid(format!("`{}` is no name for a topic: {rule}", name.escape_debug()));
        }
        if self.topics.get(name).is_some() {
            let message = format!("the topic `{name}` exists already");
            return Err(AdminError::new(ErrorCode::TOPIC_ALREADY_EXISTS, message));
        }
        match self.topics.colliding_with(name) {
            Some(known) => {
                invalid(format!("`{name}` collides with `{known}`: '.' and '_' count as the same"))
            }
            None => Ok(()),
        }
    }

    /// Spreads the partitions of a new topic over the brokers: one after another, from one that chance picks. −1 stands
    /// for the cluster's default.
    pub(crate) fn spread(&mut self, partitions: i32, replicas: i16) -> Result<Assignment, AdminError> {
        let default =
            |value: i64, key| if value == i64::from(DEFAULT) { self.config.number(key) } else { value };
        let partitions = default(partitions.into(), "num.partitions");
        let replicas = default(replicas.into(), "default.replication.factor");
        let brokers: Vec<_> = self.brokers.keys().copied().collect();
        if partitions < 1 {
            let message = format!("a topic has at least one partition, not {partitions}");
            return Err(AdminError::new(ErrorCode::INVALID_PARTITIONS, message));
        }
        if replicas < 1 || replicas as usize > brokers.len() {
            let message = format!(
                "a replication factor of {replicas} is not from 1 to {}, the number of brokers",
                brokers.len()
            );
            return Err(AdminError::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
        }
        self.check_room(partitions as usize)?;
        let first = self.random.below(brokers.len());
        let broker = |place: usize| brokers[place % brokers.len()];
        let replicas_of =
            |partition| (0..replicas as usize).map(|replica| broker(partition + replica)).collect();
        Ok((first..first + partitions as usize).map(replicas_of).collect())
    }

    /// Whether the cluster takes so many partitions more: a client cannot fill the memory with empty ones.
    pub(crate) fn check_room(&self, partitions: usize) -> Result<(), AdminError> {
        let limit = usize::try_from(self.config.number(MAX_PARTITIONS)).unwrap_or(usize::MAX);
        if self.topics.partitions().saturating_add(partitions) <= limit {
            return Ok(());
        }
        let message = format!("the cluster has at most {limit} partitions in all (`{MAX_PARTITIONS}`)");
        Err(AdminError::new(ErrorCode::POLICY_VIOLATION, message))
    }

    /// Adds a topic that was checked.
    pub(crate) fn add_topic(
        &mut self,
        name: TopicName,
        assignment: Assignment,
        configs: BTreeMap<&'static str, String>,
    ) -> &Topic {
        // The name may be a slice of a request, and must not keep that alive.
        let name = TopicName::from(name.as_str());
        let id = self.new_id();
        self.topics.insert(Topic::new(name.clone(), id, assignment, configs, &self.config));
        self.tell_brokers(&name);
        self.topics.get(&name).expect("just inserted")
    }

    /// Creates a topic because a client asked for one that is not there, if the settings allow it.
    pub(crate) fn auto_create(&mut self, name: &str) -> Result<(), AdminError> {
        if !self.config.flag("auto.create.topics.enable") {
            let message = format!("there is no topic `{name}`");
            return Err(AdminError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message));
        }
        self.create_topic(TopicSpec::new(name)).map(drop)
    }

    /// An id that no topic has. Zero and one mean something else in Kafka.
    pub(crate) fn new_id(&mut self) -> Uuid {
        loop {
            let id = self.random.wide_bits();
            if id > 1 && self.topics.name_of(Uuid::from_u128(id)).is_none() {
                return Uuid::from_u128(id);
            }
        }
    }
}

/// The setting that limits them.
const MAX_PARTITIONS: &str = "milena.max.partitions";

/// Stands for the cluster's default, on the wire too.
const DEFAULT: i32 = -1;
