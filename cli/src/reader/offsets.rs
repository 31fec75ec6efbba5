//! Where partitions begin and end: ListOffsets, asked of their leaders.

use std::collections::BTreeMap;

use protocol::messages::ListOffsetsRequest;
use protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use protocol::names::{BrokerId, TopicName};
use protocol::{ApiKey, ErrorCode};

use super::{Reader, Start};
use crate::ClientError;

/// ListOffsets' names for the ends of a partition.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

impl Reader {
    /// Turns every start into an offset; says whether all are known now.
    pub(super) async fn find_positions(&mut self) -> Result<bool, ClientError> {
        let mut asked = Vec::new();
        for (place, assigned) in self.partitions.iter_mut().enumerate() {
            match (assigned.position, assigned.start) {
                (Some(_), _) => {}
                (None, Start::Offset(offset)) => assigned.position = Some(offset),
                (None, Start::Earliest) => asked.push((place, EARLIEST)),
                (None, Start::Latest) => asked.push((place, LATEST)),
                (None, Start::Timestamp(time)) => asked.push((place, time)),
            }
        }
        let found = self.list_offsets(&asked).await?;
        let mut too_late = Vec::new();
        for (&(place, time), offset) in asked.iter().zip(found) {
            match offset {
                // No record is that late.
                Some(-1) if time >= 0 => too_late.push(place),
                offset => self.partitions[place].position = offset,
            }
        }
        for place in too_late {
            self.partitions[place].start = Start::Latest;
        }
        Ok(self.partitions.iter().all(|assigned| assigned.position.is_some()))
    }

    /// Where the assigned partitions end now; committed records only, if only those are read.
    pub(super) async fn ends(&mut self) -> Result<Vec<i64>, ClientError> {
        let asked: Vec<_> = (0..self.partitions.len()).map(|place| (place, LATEST)).collect();
        let mut ends = vec![None; asked.len()];
        loop {
            let missing: Vec<_> = asked.iter().copied().filter(|(place, _)| ends[*place].is_none()).collect();
            if missing.is_empty() {
                return Ok(ends.into_iter().flatten().collect());
            }
            for ((place, _), offset) in missing.iter().zip(self.list_offsets(&missing).await?) {
                ends[*place] = offset;
            }
            if ends.contains(&None) {
                self.refresh().await?;
            }
        }
    }

    /// Asks the leaders for offsets; `None` where the answer has to be asked for again.
    async fn list_offsets(&mut self, asked: &[(usize, i64)]) -> Result<Vec<Option<i64>>, ClientError> {
        let mut found = vec![None; asked.len()];
        let mut by_leader: BTreeMap<BrokerId, Vec<usize>> = BTreeMap::new();
        for (question, (place, _)) in asked.iter().enumerate() {
            by_leader.entry(self.partitions[*place].leader).or_default().push(question);
        }
        for (leader, questions) in by_leader {
            if leader == BrokerId::NONE {
                let subject = format!("partition {}", self.partitions[asked[questions[0]].0].name());
                let code = ErrorCode::LEADER_NOT_AVAILABLE;
                self.bear(ClientError::refused(
                    self.client.any_address(),
                    ApiKey::LIST_OFFSETS,
                    subject,
                    code,
                ))?;
                continue;
            }
            let topics = questions.iter().map(|&question| {
                let (place, timestamp) = asked[question];
                let assigned = &self.partitions[place];
                let partition = ListOffsetsPartition {
                    partition_index: assigned.index,
                    current_leader_epoch: assigned.leader_epoch,
                    timestamp,
                    ..Default::default()
                };
                (assigned.topic.clone(), partition)
            });
            let request = ListOffsetsRequest {
                replica_id: BrokerId::NONE,
                isolation_level: self.options.isolation_level,
                topics: by_topic(topics),
                timeout_ms: i32::try_from(self.client.timeout().as_millis()).unwrap_or(i32::MAX),
                ..Default::default()
            };
            let (response, address) = match self.client.ask_broker(leader, &request).await {
                Ok(answer) => answer,
                Err(error) => {
                    self.bear(error)?;
                    continue;
                }
            };
            for topic in &response.topics {
                for answer in &topic.partitions {
                    let is_it = |question: &&usize| {
                        let assigned = &self.partitions[asked[**question].0];
                        assigned.topic == topic.name && assigned.index == answer.partition_index
                    };
                    let Some(&question) = questions.iter().find(is_it) else { continue };
                    if answer.error_code.is_error() {
                        let subject = format!("partition {}-{}", topic.name, answer.partition_index);
                        self.bear(ClientError::refused(
                            &address,
                            ApiKey::LIST_OFFSETS,
                            subject,
                            answer.error_code,
                        ))?;
                    } else {
                        found[question] = Some(answer.offset);
                    }
                }
            }
        }
        Ok(found)
    }
}

fn by_topic(partitions: impl Iterator<Item = (TopicName, ListOffsetsPartition)>) -> Vec<ListOffsetsTopic> {
    let mut topics: BTreeMap<TopicName, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for (name, partition) in partitions {
        topics.entry(name).or_default().push(partition);
    }
    let topic = |(name, partitions)| ListOffsetsTopic { name, partitions, ..Default::default() };
    topics.into_iter().map(topic).collect()
}
