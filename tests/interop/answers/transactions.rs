//! Transactions, request by request.

use bytes::Bytes;
use harness::raw::{Raw, Transcript};
use protocol::ErrorCode;
use protocol::messages::add_partitions_to_txn::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction};
use protocol::messages::describe_producers::TopicRequest;
use protocol::messages::fetch::{AbortedTransaction, FetchPartition, FetchTopic};
use protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use protocol::messages::txn_offset_commit::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use protocol::messages::write_txn_markers::{WritableTxnMarker, WritableTxnMarkerTopic};
use protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, DescribeProducersRequest, DescribeTransactionsRequest,
    EndTxnRequest, FetchRequest, InitProducerIdRequest, InitProducerIdResponse, ListOffsetsRequest,
    ListTransactionsRequest, OffsetFetchRequest, ProduceRequest, TxnOffsetCommitRequest,
    WriteTxnMarkersRequest,
};
use protocol::names::{Acks, BrokerId, IsolationLevel, ProducerId};
use protocol::records::{BatchBuilder, BatchOptions, ControlRecord, Limits, Part, batches};
use protocol::wire::Records;

use super::{await_coordinator, create_topic};

type Played = Result<(), String>;

/// Some moment; records of the tests carry it.
const TIME: i64 = 1_700_000_000_000;

fn init(id: Option<&str>, expected: (i64, i16)) -> InitProducerIdRequest {
    InitProducerIdRequest {
        transactional_id: id.map(Into::into),
        transaction_timeout_ms: 60_000,
        producer_id: ProducerId(expected.0),
        producer_epoch: expected.1,
        ..Default::default()
    }
}

const NONE: (i64, i16) = (-1, -1);

/// A client that knows its transactional id, its topic and, after [`Self::init`], who it is.
struct Producer<'a> {
    raw: Raw,
    id: &'a str,
    topic: &'a str,
    producer_id: i64,
    epoch: i16,
}

impl<'a> Producer<'a> {
    fn new(address: &str, id: &'a str, topic: &'a str) -> Result<Self, String> {
        let mut raw = Raw::connect(address)?;
        create_topic(&mut raw, topic, 1)?;
        await_coordinator(&mut raw, id, 1)?;
        Ok(Self { raw, id, topic, producer_id: -1, epoch: -1 })
    }

    /// Asks until no transaction is in the way any more.
    fn init(&mut self, transcript: &mut Transcript, name: &str) -> Result<InitProducerIdResponse, String> {
        let response = self.retry(|raw, id| {
            let response = raw.ask(5, &init(Some(id), NONE))?;
            Ok((response.error_code, response))
        })?;
        self.producer_id = response.producer_id.0;
        self.epoch = response.producer_epoch;
        transcript.name(format!("ProducerId({})", self.producer_id), name);
        Ok(response)
    }

    /// A real broker ends transactions some time after it has said so.
    fn retry<R>(
        &mut self,
        mut ask: impl FnMut(&mut Raw, &str) -> Result<(ErrorCode, R), String>,
    ) -> Result<R, String> {
        for _ in 0..500 {
            match ask(&mut self.raw, self.id)? {
                (
                    ErrorCode::CONCURRENT_TRANSACTIONS
                    | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
                    | ErrorCode::COORDINATOR_NOT_AVAILABLE
                    | ErrorCode::NOT_COORDINATOR,
                    _,
                ) => std::thread::sleep(std::time::Duration::from_millis(10)),
                (_, response) => return Ok(response),
            }
        }
        Err("a transaction is always in the way".to_owned())
    }

    fn add(&mut self, version: i16, topics: &[(&str, i32)]) -> AddPartitionsToTxnRequest {
        let topic = |(name, index): &(&str, i32)| AddPartitionsToTxnTopic {
            name: (*name).into(),
            partitions: vec![*index].into(),
            ..Default::default()
        };
        let topics: Vec<_> = topics.iter().map(topic).collect();
        if version < 4 {
            return AddPartitionsToTxnRequest {
                v3_and_below_transactional_id: self.id.into(),
                v3_and_below_producer_id: ProducerId(self.producer_id),
                v3_and_below_producer_epoch: self.epoch,
                v3_and_below_topics: topics,
                ..Default::default()
            };
        }
        AddPartitionsToTxnRequest {
            transactions: vec![AddPartitionsToTxnTransaction {
                transactional_id: self.id.into(),
                producer_id: ProducerId(self.producer_id),
                producer_epoch: self.epoch,
                verify_only: true,
                topics,
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn produce(
        &mut self,
        version: i16,
        sequence: i32,
    ) -> Result<protocol::messages::ProduceResponse, String> {
        let options = BatchOptions {
            producer_id: ProducerId(self.producer_id),
            producer_epoch: self.epoch,
            base_sequence: sequence,
            transactional: true,
            ..BatchOptions::default()
        };
        let mut builder = BatchBuilder::new(Vec::new(), options);
        builder.append(TIME, None, Some(b"value"), []).map_err(|e| e.to_string())?;
        let records = builder.build().map_err(|e| e.to_string())?;
        self.produce_batch(version, Some(self.id), records)
    }

    fn produce_batch(
        &mut self,
        version: i16,
        id: Option<&str>,
        records: Bytes,
    ) -> Result<protocol::messages::ProduceResponse, String> {
        let data = PartitionProduceData { records: Some(Records::from(records)), ..Default::default() };
        let request = ProduceRequest {
            transactional_id: id.map(Into::into),
            acks: Acks::ALL,
            timeout_ms: 5000,
            topic_data: vec![TopicProduceData {
                name: self.topic.into(),
                partition_data: vec![data],
                ..Default::default()
            }],
            ..Default::default()
        };
        self.raw.ask(version, &request)
    }

    fn end(&mut self, committed: bool) -> EndTxnRequest {
        EndTxnRequest {
            transactional_id: self.id.into(),
            producer_id: ProducerId(self.producer_id),
            producer_epoch: self.epoch,
            committed,
            ..Default::default()
        }
    }

    /// What a reader gets from the beginning to the end, once the last stable offset is the expected one.
    fn read(&mut self, isolation_level: IsolationLevel, stable: i64) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        let mut next = 0;
        for _ in 0..500 {
            let partition =
                FetchPartition { fetch_offset: next, partition_max_bytes: 1 << 20, ..Default::default() };
            let request = FetchRequest {
                max_wait_ms: 10,
                min_bytes: 1,
                max_bytes: 1 << 20,
                isolation_level,
                session_epoch: -1,
                topics: vec![FetchTopic {
                    topic: self.topic.into(),
                    partitions: vec![partition],
                    ..Default::default()
                }],
                ..Default::default()
            };
            let mut response = self.raw.ask(12, &request)?;
            let partition = &mut response.responses[0].partitions[0];
            if partition.last_stable_offset != stable {
                continue;
            }
            let end = match isolation_level {
                IsolationLevel::READ_COMMITTED => stable,
                _ => partition.high_watermark,
            };
            // How much comes at a time is not compared.
            let records = partition.records.take().unwrap_or_default().to_bytes();
            next = log(&records, &mut lines)?.unwrap_or(next);
            if next == end {
                partition.aborted_transactions.iter_mut().for_each(Vec::clear);
                lines.push(format!("{response:?}"));
                return Ok(lines);
            }
        }
        Err(format!("the last stable offset never is {stable}, with records up to {next}"))
    }

    /// The aborted transactions that a reader from an offset on is told.
    fn aborted(&mut self, fetch_offset: i64) -> Result<Option<Vec<AbortedTransaction>>, String> {
        let partition = FetchPartition { fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
        let request = FetchRequest {
            max_bytes: 1 << 20,
            isolation_level: IsolationLevel::READ_COMMITTED,
            session_epoch: -1,
            topics: vec![FetchTopic {
                topic: self.topic.into(),
                partitions: vec![partition],
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut response = self.raw.ask(12, &request)?;
        Ok(response.responses[0].partitions[0].aborted_transactions.take())
    }

    fn note_log(&mut self, transcript: &mut Transcript, what: &str, stable: i64) -> Played {
        for level in [IsolationLevel::READ_UNCOMMITTED, IsolationLevel::READ_COMMITTED] {
            transcript.note(what, &self.read(level, stable)?);
        }
        Ok(())
    }

    fn latest(
        &mut self,
        isolation_level: IsolationLevel,
    ) -> Result<protocol::messages::ListOffsetsResponse, String> {
        let partition = ListOffsetsPartition { timestamp: -1, ..Default::default() };
        let request = ListOffsetsRequest {
            replica_id: BrokerId::NONE,
            isolation_level,
            topics: vec![ListOffsetsTopic {
                name: self.topic.into(),
                partitions: vec![partition],
                ..Default::default()
            }],
            ..Default::default()
        };
        self.raw.ask(6, &request)
    }

    fn describe(&mut self) -> Result<protocol::messages::DescribeTransactionsResponse, String> {
        let request =
            DescribeTransactionsRequest { transactional_ids: vec![self.id.into()], ..Default::default() };
        let mut response = self.retry(|raw, _| {
            let response = raw.ask(0, &request)?;
            let is_prepared = response.transaction_states[0].transaction_state.starts_with("Prepare");
            let in_the_way = ErrorCode::CONCURRENT_TRANSACTIONS;
            Ok((if is_prepared { in_the_way } else { ErrorCode::NONE }, response))
        })?;
        for state in &mut response.transaction_states {
            if state.transaction_start_time_ms > 0 {
                state.transaction_start_time_ms = 1;
            }
        }
        Ok(response)
    }

    fn producers(
        &mut self,
        topic: &str,
        indexes: Vec<i32>,
    ) -> Result<protocol::messages::DescribeProducersResponse, String> {
        let topic =
            TopicRequest { name: topic.into(), partition_indexes: indexes.into(), ..Default::default() };
        let request = DescribeProducersRequest { topics: vec![topic], ..Default::default() };
        let mut response = self.raw.ask(0, &request)?;
        for producer in response
            .topics
            .iter_mut()
            .flat_map(|it| &mut it.partitions)
            .flat_map(|it| &mut it.active_producers)
        {
            if producer.last_timestamp > TIME {
                producer.last_timestamp = 1;
            }
        }
        Ok(response)
    }

    fn txn_commit(&mut self, group: &str, topic: &str, offset: i64) -> TxnOffsetCommitRequest {
        let partition = |partition_index| TxnOffsetCommitRequestPartition {
            partition_index,
            committed_offset: offset,
            ..Default::default()
        };
        TxnOffsetCommitRequest {
            transactional_id: self.id.into(),
            group_id: group.into(),
            producer_id: ProducerId(self.producer_id),
            producer_epoch: self.epoch,
            topics: vec![TxnOffsetCommitRequestTopic {
                name: topic.into(),
                partitions: [0, 9].map(partition).into(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn offsets(
        &mut self,
        group: &str,
        require_stable: bool,
    ) -> Result<protocol::messages::OffsetFetchResponse, String> {
        let topic = OffsetFetchRequestTopics {
            name: self.topic.into(),
            partition_indexes: vec![0].into(),
            ..Default::default()
        };
        let group = OffsetFetchRequestGroup {
            group_id: group.into(),
            topics: Some(vec![topic]),
            ..Default::default()
        };
        self.raw.ask(8, &OffsetFetchRequest { groups: vec![group], require_stable, ..Default::default() })
    }
}

/// Adds what lies in a log: the head of each batch, and what control records say. Gives where it ends.
fn log(records: &Bytes, lines: &mut Vec<String>) -> Result<Option<i64>, String> {
    let mut end = None;
    for part in batches(records) {
        let Part::Batch(batch) = part.map_err(|e| e.to_string())? else { return Err("no batch".to_owned()) };
        batch.verify_crc().map_err(|e| e.to_string())?;
        let head = batch.header();
        let mut line = format!(
            "{}+{} attributes {:?} {:?} epoch {} sequence {}",
            head.base_offset,
            head.last_offset_delta,
            head.attributes,
            head.producer_id,
            head.producer_epoch,
            head.base_sequence
        );
        if head.attributes.is_control() {
            let set = batch.records(&Limits::default()).map_err(|e| e.to_string())?;
            for record in set.iter() {
                let record = record.map_err(|e| e.to_string())?;
                line += &format!(" {:?}", ControlRecord::read(&record).map_err(|e| e.to_string())?);
            }
        }
        lines.push(line);
        end = Some(head.next_offset());
    }
    Ok(end)
}

/// The old protocol: partitions are added before, epochs stay.
pub(super) fn old_protocol(address: &str, transcript: &mut Transcript) -> Played {
    let mut one = Producer::new(address, "raw.txn.old", "raw.txn.old")?;
    let topic = one.topic;
    transcript.note("empty id", &one.raw.ask(4, &init(Some(""), NONE))?);
    transcript.note("half", &one.raw.ask(4, &init(Some(one.id), (5, -1)))?);
    for timeout in [0, -1, 900_001] {
        let request = InitProducerIdRequest { transaction_timeout_ms: timeout, ..init(Some(one.id), NONE) };
        transcript.note("timeout", &one.raw.ask(4, &request)?);
    }
    transcript.note("not described yet", &one.describe()?);
    let first = one.init(transcript, "P")?;
    transcript.note("init", &first);
    transcript.note("described", &one.describe()?);

    transcript.note("produce before adding", &one.produce(9, 0)?);
    transcript.note("produce before adding, newer", &one.produce(11, 0)?);
    let own = one.id;
    one.id = "raw.txn.of.nobody";
    transcript.note("a transaction of nobody", &one.produce(9, 0)?);
    one.id = own;
    let end = one.end(true);
    transcript.note("nothing to commit", &one.raw.ask(3, &end)?);
    for version in 0..=3 {
        let unknown = one.add(version, &[(topic, 0), ("raw.absent", 0)]);
        let mut response = one.raw.ask(version, &unknown)?;
        response.results_by_topic_v3_and_below.sort_by(|a, b| a.name.cmp(&b.name));
        transcript.note("add an unknown topic", &response);
        let add = one.add(version, &[(topic, 0)]);
        transcript.note("add", &one.raw.ask(version, &add)?);
        let mut fenced = add.clone();
        fenced.v3_and_below_producer_epoch += 1;
        transcript.note("add with another epoch", &one.raw.ask(version, &fenced)?);
        fenced.v3_and_below_producer_id = ProducerId(99_999);
        transcript.note("add with another id", &one.raw.ask(version, &fenced)?);
    }
    let verify = one.add(4, &[(topic, 0)]);
    transcript.note("verify", &one.raw.ask(4, &verify)?);
    transcript.note("ongoing", &one.describe()?);
    transcript.note("produce", &one.produce(9, 0)?);
    transcript.note("produce", &one.produce(9, 1)?);
    transcript.note("produce again", &one.produce(9, 1)?);
    transcript.note("a gap", &one.produce(9, 5)?);
    let plain = BatchOptions {
        producer_id: ProducerId(one.producer_id),
        producer_epoch: one.epoch,
        base_sequence: 2,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(Vec::new(), plain);
    builder.append(TIME, None, Some(b"plain"), []).map_err(|e| e.to_string())?;
    let plain = builder.build().map_err(|e| e.to_string())?;
    transcript.note("not transactional in between", &one.produce_batch(9, None, plain)?);
    one.note_log(transcript, "while it is open", 0)?;
    transcript.note("latest", &one.latest(IsolationLevel::READ_UNCOMMITTED)?);
    transcript.note("latest stable", &one.latest(IsolationLevel::READ_COMMITTED)?);
    transcript.note("producers", &one.producers(topic, vec![0, 7])?);
    transcript.note("producers of nothing", &one.producers("raw.absent", vec![0])?);

    let end = EndTxnRequest { producer_epoch: one.epoch + 1, ..one.end(true) };
    transcript.note("end with another epoch", &one.raw.ask(1, &end)?);
    transcript.note("end with another epoch", &one.raw.ask(3, &end)?);
    let commit = one.end(true);
    transcript.note("commit", &one.raw.ask(3, &commit)?);
    one.note_log(transcript, "committed", 3)?;
    let again = one.retry(|raw, _| raw.ask(3, &commit).map(|it| (it.error_code, it)))?;
    transcript.note("commit again", &again);
    let abort = one.end(false);
    transcript.note("abort instead", &one.raw.ask(3, &abort)?);
    transcript.note("complete", &one.describe()?);

    let add = one.add(3, &[(topic, 0)]);
    transcript.note("the next one", &one.raw.ask(3, &add)?);
    transcript.note("produce", &one.produce(9, 2)?);
    transcript.note("abort", &one.raw.ask(4, &abort)?);
    one.note_log(transcript, "aborted", 5)?;
    transcript.note("aborted", &one.aborted(3)?);
    transcript.note("producers", &one.producers(topic, vec![0])?);

    let again = one.retry(|raw, id| raw.ask(4, &init(Some(id), NONE)).map(|it| (it.error_code, it)))?;
    transcript.note("init again", &again);
    let add = one.add(3, &[(topic, 0)]);
    transcript.note("the old one is fenced", &one.raw.ask(3, &add)?);
    transcript.note("the old one is fenced", &one.raw.ask(1, &add)?);
    transcript.note("the old one writes", &one.produce(9, 3)?);
    let expected = (one.producer_id, again.producer_epoch);
    transcript.note("bump", &one.raw.ask(4, &init(Some(one.id), expected))?);
    transcript.note("bump again", &one.raw.ask(4, &init(Some(one.id), expected))?);
    transcript.note("bump from long ago", &one.raw.ask(4, &init(Some(one.id), (expected.0, 0)))?);
    transcript.note("bump from long ago, old", &one.raw.ask(3, &init(Some(one.id), (expected.0, 0)))?);
    transcript.note("bump as somebody else", &one.raw.ask(4, &init(Some(one.id), (777_777, 0)))?);
    Ok(())
}

/// A producer that comes again while its transaction is open: that is aborted, and the old one fenced.
pub(super) fn fencing(address: &str, transcript: &mut Transcript) -> Played {
    let mut one = Producer::new(address, "raw.txn.fence", "raw.txn.fence")?;
    let topic = one.topic;
    let inited = one.init(transcript, "P")?;
    transcript.note("init", &inited);
    let add = one.add(3, &[(topic, 0)]);
    transcript.note("add", &one.raw.ask(3, &add)?);
    transcript.note("produce", &one.produce(9, 0)?);
    transcript.note("somebody comes", &one.raw.ask(4, &init(Some(one.id), NONE))?);
    one.note_log(transcript, "aborted", 2)?;
    let commit = one.end(true);
    let fenced = one.retry(|raw, _| raw.ask(3, &commit).map(|it| (it.error_code, it)))?;
    transcript.note("too late to commit", &fenced);
    transcript.note("described", &one.describe()?);
    let inited = one.init(transcript, "P")?;
    transcript.note("and comes again", &inited);
    transcript.note("producers", &one.producers(topic, vec![0])?);
    Ok(())
}

/// The new protocol (KIP-890): partitions are added by writing, every end brings a new epoch.
pub(super) fn new_protocol(address: &str, transcript: &mut Transcript) -> Played {
    let mut one = Producer::new(address, "raw.txn.new", "raw.txn.new")?;
    let inited = one.init(transcript, "P")?;
    transcript.note("init", &inited);
    transcript.note("produce", &one.produce(12, 0)?);
    transcript.note("ongoing", &one.describe()?);
    let commit = one.end(true);
    let ended = one.raw.ask(5, &commit)?;
    transcript.note("commit", &ended);
    one.note_log(transcript, "committed", 2)?;
    let again = one.retry(|raw, _| raw.ask(5, &commit).map(|it| (it.error_code, it)))?;
    transcript.note("commit again", &again);
    transcript.note("with the old epoch", &one.produce(12, 1)?);
    let abort = one.end(false);
    transcript.note("abort what was committed", &one.raw.ask(5, &abort)?);
    one.epoch = ended.producer_epoch;
    let abort = one.end(false);
    let ended = one.raw.ask(5, &abort)?;
    transcript.note("abort nothing", &ended);
    let again = one.retry(|raw, _| raw.ask(5, &abort).map(|it| (it.error_code, it)))?;
    transcript.note("abort nothing again", &again);
    one.epoch = ended.producer_epoch;
    let commit = one.end(true);
    let nothing = one.retry(|raw, _| raw.ask(5, &commit).map(|it| (it.error_code, it)))?;
    transcript.note("commit nothing", &nothing);
    transcript.note("described", &one.describe()?);
    transcript.note("not from 0", &one.produce(12, 1)?);
    transcript.note("from 0", &one.produce(12, 0)?);
    let abort = one.end(false);
    let ended = one.raw.ask(5, &abort)?;
    transcript.note("abort", &ended);
    one.note_log(transcript, "aborted", 4)?;
    transcript.note("producers", &one.producers(one.topic, vec![0])?);
    let filter = |states: &[&str], ids: Vec<ProducerId>, duration_filter| ListTransactionsRequest {
        state_filters: states.iter().map(|state| (*state).into()).collect(),
        producer_id_filters: ids,
        duration_filter,
        ..Default::default()
    };
    let own = vec![ProducerId(one.producer_id)];
    for (states, ids) in [
        (&[][..], own.clone()),
        (&["CompleteAbort"], own.clone()),
        (&["Ongoing", "Bogus"], own),
        (&[], vec![ProducerId(999_999)]),
    ] {
        transcript.note("list", &one.raw.ask(1, &filter(states, ids, -1))?);
    }
    transcript.note(
        "expected epoch",
        &one.raw.ask(5, &init(Some(one.id), (one.producer_id, ended.producer_epoch)))?,
    );
    transcript.note(
        "expected epoch again",
        &one.raw.ask(5, &init(Some(one.id), (one.producer_id, ended.producer_epoch)))?,
    );
    Ok(())
}

/// Offsets that are committed with a transaction, in both protocols.
pub(super) fn offsets(address: &str, transcript: &mut Transcript) -> Played {
    let mut one = Producer::new(address, "raw.txn.offsets", "raw.txn.offsets")?;
    let topic = one.topic;
    let group = "raw.txn.group";
    await_coordinator(&mut one.raw, group, 0)?;
    let inited = one.init(transcript, "P")?;
    transcript.note("init", &inited);
    for version in [1, 3, 4] {
        let commit = one.txn_commit(group, topic, 5);
        transcript.note("commit before adding", &one.raw.ask(version, &commit)?);
    }
    let add = AddOffsetsToTxnRequest {
        transactional_id: one.id.into(),
        producer_id: ProducerId(one.producer_id),
        producer_epoch: one.epoch,
        group_id: group.into(),
        ..Default::default()
    };
    let fenced = AddOffsetsToTxnRequest { producer_epoch: 9, ..add.clone() };
    transcript.note("add as somebody else", &one.raw.ask(3, &fenced)?);
    transcript.note("add as somebody else, old", &one.raw.ask(1, &fenced)?);
    transcript.note("add", &one.raw.ask(3, &add)?);
    let commit = one.txn_commit(group, topic, 5);
    transcript.note("store", &one.raw.ask(3, &commit)?);
    let absent = one.txn_commit(group, "raw.absent", 5);
    transcript.note("store for nothing", &one.raw.ask(3, &absent)?);
    let member = TxnOffsetCommitRequest { generation_id_or_member_epoch: 3, member_id: "m".into(), ..commit };
    transcript.note("store as a member", &one.raw.ask(3, &member)?);
    transcript.note("not yet", &one.offsets(group, false)?);
    transcript.note("not stable", &one.offsets(group, true)?);
    let end = one.end(true);
    transcript.note("commit", &one.raw.ask(3, &end)?);
    await_offset(&mut one, group, 5)?;
    transcript.note("stored", &one.offsets(group, true)?);

    // The other protocol adds by itself.
    let inited = one.init(transcript, "P")?;
    transcript.note("init", &inited);
    let commit = one.txn_commit(group, topic, 8);
    transcript.note("store", &one.raw.ask(5, &commit)?);
    transcript.note("not stable", &one.offsets(group, true)?);
    let end = one.end(false);
    transcript.note("abort", &one.raw.ask(5, &end)?);
    await_offset(&mut one, group, 5)?;
    transcript.note("as before", &one.offsets(group, true)?);
    Ok(())
}

fn await_offset(producer: &mut Producer<'_>, group: &str, offset: i64) -> Played {
    for _ in 0..500 {
        let response = producer.offsets(group, true)?;
        if response.groups[0].topics[0].partitions[0].committed_offset == offset {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Err(format!("{group} never comes to {offset}"))
}

/// An operator has markers written.
pub(super) fn markers(address: &str, transcript: &mut Transcript) -> Played {
    let mut one = Producer::new(address, "raw.txn.markers", "raw.txn.markers")?;
    let topic = one.topic;
    let inited = one.init(transcript, "P")?;
    transcript.note("init", &inited);
    let add = one.add(3, &[(topic, 0)]);
    transcript.note("add", &one.raw.ask(3, &add)?);
    transcript.note("produce", &one.produce(9, 0)?);
    let marker = |topic: &str, epoch, coordinator_epoch, transaction_result| WriteTxnMarkersRequest {
        markers: vec![WritableTxnMarker {
            producer_id: ProducerId(one.producer_id),
            producer_epoch: epoch,
            transaction_result,
            coordinator_epoch,
            topics: vec![WritableTxnMarkerTopic {
                name: topic.into(),
                partition_indexes: vec![0].into(),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let requests = [
        ("of nothing", marker("raw.absent", 0, 0, false)),
        ("abort", marker(topic, one.epoch, 3, false)),
        ("of an older coordinator", marker(topic, one.epoch, 2, false)),
        ("of a newer producer", marker(topic, one.epoch + 1, 3, true)),
        ("of an older producer", marker(topic, one.epoch, 3, true)),
    ];
    for (what, request) in requests {
        transcript.note(what, &one.raw.ask(1, &request)?);
    }
    one.note_log(transcript, "written", 3)?;
    transcript.note("producers", &one.producers(topic, vec![0])?);
    Ok(())
}
