//! Who leads what: Metadata, asked of any broker.

use std::time::Duration;

use protocol::messages::metadata::MetadataResponseTopic;
use protocol::names::{BrokerId, TopicName};
use protocol::{ApiKey, ErrorCode};
use tokio::time::Instant;

use super::{Assigned, BACKOFF, Reader};
use crate::ClientError;

/// How long a topic may stay unknown: brokers learn of a new one at different moments.
const UNKNOWN_TOPIC_PATIENCE: Duration = Duration::from_secs(1);

impl Reader {
    /// Asks who leads what, after a while.
    pub(super) async fn refresh(&mut self) -> Result<(), ClientError> {
        tokio::time::sleep(BACKOFF).await;
        let mut topics: Vec<TopicName> =
            self.partitions.iter().map(|assigned| assigned.topic.clone()).collect();
        topics.sort_unstable();
        topics.dedup();
        self.must_refresh = false;
        match self.client.metadata(Some(&topics), false).await {
            Ok(response) => {
                self.learn(&response.topics);
                response.topics.iter().try_for_each(|topic| self.bear_topic(topic))
            }
            Err(error) => self.bear(error),
        }
    }

    /// Lets pass that a topic is not there, or that a partition of it that is read has no leader.
    fn bear_topic(&mut self, topic: &MetadataResponseTopic) -> Result<(), ClientError> {
        let leaderless = self.partitions.iter().find(|assigned| {
            topic.name.as_ref() == Some(&assigned.topic) && assigned.leader == BrokerId::NONE
        });
        let (subject, code) = match (topic.error_code, leaderless) {
            (ErrorCode::NONE, None) => return Ok(()),
            (ErrorCode::NONE, Some(assigned)) => {
                (format!("partition {}", assigned.name()), ErrorCode::LEADER_NOT_AVAILABLE)
            }
            (code, _) => (format!("topic {}", topic.name.as_deref().unwrap_or("?")), code),
        };
        let address = self.client.any_address();
        self.bear(ClientError::refused(address, ApiKey::METADATA, subject, code))
    }

    pub(super) fn learn(&mut self, topics: &[MetadataResponseTopic]) {
        for topic in topics {
            for partition in &topic.partitions {
                let is_it = |assigned: &&mut Assigned| {
                    topic.name.as_ref() == Some(&assigned.topic)
                        && assigned.index == partition.partition_index
                };
                // A broker that lags behind must not lead us back to an older leader.
                let is_news = |assigned: &&mut Assigned| {
                    partition.leader_epoch < 0
                        || partition.leader_epoch >= assigned.leader_epoch
                        || topic.topic_id != assigned.topic_id
                };
                for assigned in self.partitions.iter_mut().filter(is_it).filter(is_news) {
                    assigned.topic_id = topic.topic_id;
                    assigned.leader = partition.leader_id;
                    assigned.leader_epoch = partition.leader_epoch;
                }
            }
        }
    }

    /// A topic that is there, with its partitions.
    pub(super) async fn describe(&mut self, name: &TopicName) -> Result<MetadataResponseTopic, ClientError> {
        let started = Instant::now();
        loop {
            let response = self.client.metadata(Some(std::slice::from_ref(name)), false).await?;
            let Some(topic) = response.topics.into_iter().next() else {
                let address = self.client.any_address();
                let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                return Err(ClientError::refused(address, ApiKey::METADATA, format!("topic {name}"), code));
            };
            if !topic.error_code.is_error() {
                return Ok(topic);
            }
            let patience = match topic.error_code {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => UNKNOWN_TOPIC_PATIENCE,
                _ => self.options.patience,
            };
            if !topic.error_code.is_retriable() || started.elapsed() >= patience {
                let address = self.client.any_address();
                return Err(ClientError::refused(
                    address,
                    ApiKey::METADATA,
                    format!("topic {name}"),
                    topic.error_code,
                ));
            }
            tokio::time::sleep(BACKOFF).await;
        }
    }
}
