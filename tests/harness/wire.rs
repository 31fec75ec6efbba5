//! Topics of one partition, over one connection to one broker: created, looked at, written and read without any client's
//! help.

use protocol::{
    messages::{
        CreateTopicsRequest, FetchRequest, MetadataRequest, ProduceRequest,
        create_topics::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig},
        fetch::{FetchPartition, FetchTopic, PartitionData},
        metadata::{MetadataRequestTopic, MetadataResponsePartition},
        produce::{PartitionProduceData, PartitionProduceResponse, TopicProduceData},
    },
    names::{Acks, BrokerId},
    records::{BatchBuilder, BatchOptions, Limits, Part, batches},
    wire::Records,
};

use crate::raw::Raw;

/// A connection to one broker.
#[derive(Debug)]
pub struct Wire(Raw);

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(address: &str) -> Result<Self, String> {
        Raw::connect(address).map(Self)
    }

    /// Creates topics of one partition each, with these brokers, the first of which leads.
    ///
    /// # Errors
    /// One of them cannot be created.
    pub fn create(&mut self, topics: &[NewTopic<'_>]) -> Result<(), String> {
        let creatable = |topic: &NewTopic<'_>| CreatableTopic {
            name: topic.name.into(),
            num_partitions: -1,
            replication_factor: -1,
            assignments: vec![CreatableReplicaAssignment {
                partition_index: 0,
                broker_ids: topic.brokers.iter().map(|id| BrokerId(*id)).collect(),
                ..Default::default()
            }],
            configs: topic
                .configs
                .iter()
                .map(|(name, value)| CreatableTopicConfig {
                    name: (*name).into(),
                    value: Some((*value).into()),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        let request = CreateTopicsRequest {
            topics: topics.iter().map(creatable).collect(),
            timeout_ms: 30_000,
            ..Default::default()
        };
        let response = self.0.ask(5, &request)?;
        match response.topics.iter().find(|topic| topic.error_code.is_error()) {
            None => Ok(()),
            Some(topic) => {
                let message = topic.error_message.as_deref().unwrap_or_default();
                Err(format!("{} cannot be created: {} {message}", topic.name, topic.error_code))
            }
        }
    }

    /// What this broker says of the one partition of a topic.
    ///
    /// # Errors
    /// As [`Raw::ask`], or the topic is not there.
    pub fn partition(&mut self, topic: &str) -> Result<MetadataResponsePartition, String> {
        let named = MetadataRequestTopic { name: Some(topic.into()), ..Default::default() };
        let request = MetadataRequest {
            topics: Some(vec![named]),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let mut response = self.0.ask(8, &request)?;
        let partition = response.topics.pop().and_then(|mut topic| topic.partitions.pop());
        partition.ok_or_else(|| format!("there is no topic {topic}"))
    }

    /// Sends one record to the one partition of a topic.
    ///
    /// # Errors
    /// As [`Raw::send`].
    pub fn send(&mut self, topic: &str, acks: i16, timeout_ms: i32, value: &str) -> Result<(), String> {
        let mut batch = BatchBuilder::new(Vec::new(), BatchOptions::default());
        batch.append(0, None, Some(value.as_bytes()), []).map_err(|e| e.to_string())?;
        let records = batch.build().map_err(|e| e.to_string())?;
        let data = PartitionProduceData { records: Some(Records::from(records)), ..Default::default() };
        let topic = TopicProduceData { name: topic.into(), partition_data: vec![data], ..Default::default() };
        let request =
            ProduceRequest { acks: Acks(acks), timeout_ms, topic_data: vec![topic], ..Default::default() };
        self.0.send(PRODUCE, &request)
    }

    /// What became of it, if it was sent with other acks than 0.
    ///
    /// # Errors
    /// As [`Raw::receive`].
    pub fn sent(&mut self) -> Result<PartitionProduceResponse, String> {
        let mut response = self.0.receive::<ProduceRequest>(PRODUCE)?;
        let partition = response.responses.pop().and_then(|mut topic| topic.partition_responses.pop());
        partition.ok_or_else(|| "the answer to Produce is empty".to_owned())
    }

    /// Reads the one partition of a topic from an offset on; waits so long for something to come.
    ///
    /// # Errors
    /// As [`Raw::ask`].
    pub fn fetch(
        &mut self,
        topic: &str,
        fetch_offset: i64,
        max_wait_ms: i32,
    ) -> Result<PartitionData, String> {
        let partition = FetchPartition { fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
        let topic = FetchTopic { topic: topic.into(), partitions: vec![partition], ..Default::default() };
        let request = FetchRequest { max_wait_ms, min_bytes: 1, topics: vec![topic], ..Default::default() };
        let mut response = self.0.ask(FETCH, &request)?;
        let partition = response.responses.pop().and_then(|mut topic| topic.partitions.pop());
        partition.ok_or_else(|| "the answer to Fetch is empty".to_owned())
    }

    /// Reads the one partition of a topic from the beginning, as far as it is readable now; gives the values and the high
    /// watermark.
    ///
    /// # Errors
    /// As [`Raw::ask`]; the broker refuses.
    pub fn read(&mut self, topic: &str) -> Result<(Vec<String>, i64), String> {
        let (mut read, mut offset) = (Vec::new(), 0);
        loop {
            let data = self.fetch(topic, offset, 0)?;
            if data.error_code.is_error() {
                return Err(format!("reading {topic}: {}", data.error_code));
            }
            // One answer never has more than is in one segment of the log.
            let values = values(&data)?;
            if values.is_empty() {
                return Ok((read, data.high_watermark));
            }
            offset += values.len() as i64;
            read.extend(values);
        }
    }
}

const PRODUCE: i16 = 9;
const FETCH: i16 = 12;

/// A topic to create.
#[derive(Clone, Copy, Debug)]
pub struct NewTopic<'a> {
    /// Its name.
    pub name: &'a str,
    /// The brokers of its one partition; the first leads.
    pub brokers: &'a [i32],
    /// Its settings.
    pub configs: &'a [(&'a str, &'a str)],
}

fn values(data: &PartitionData) -> Result<Vec<String>, String> {
    let bytes = data.records.as_ref().map(Records::to_bytes).unwrap_or_default();
    let mut values = Vec::new();
    for part in batches(&bytes) {
        let Part::Batch(batch) = part.map_err(|e| e.to_string())? else { continue };
        let records = batch.records(&Limits::default()).map_err(|e| e.to_string())?;
        for record in records.iter() {
            let record = record.map_err(|e| e.to_string())?;
            values.push(String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned());
        }
    }
    Ok(values)
}
