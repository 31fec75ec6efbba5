//! Requests out of dice, with names, numbers and records that lead somewhere.

use bytes::Buf;
use protocol::frame::EncodedFrame;
use protocol::fuzzing::{Source, Words, request_body};
use protocol::messages::{JoinGroupResponse, ProduceRequest};
use protocol::names::{Acks, ProducerId};
use protocol::records::{
    BatchBuilder, BatchOptions, Compression, EndTransactionMarker, LegacyBuilder, LegacyFormat,
};
use protocol::wire::Output;
use protocol::{ApiKey, Bytes, DecodeErrorKind, Message, RequestHeader};

use super::{TOPICS, pick};
use crate::{Cluster, handlers};

/// What clients could know: ids of topics, and of members as they were given.
#[derive(Debug, Default)]
pub(super) struct Known {
    topic_ids: Vec<[u8; 16]>,
    members: Vec<String>,
}

impl Known {
    /// Looks at the topics there are.
    pub(super) fn learn(&mut self, cluster: &Cluster) {
        for id in cluster.topics().map(|topic| *topic.id().as_bytes()) {
            if !self.topic_ids.contains(&id) {
                self.topic_ids.push(id);
            }
        }
    }

    /// Remembers the member that an answer to JoinGroup names. That it is one, its bytes must say.
    pub(super) fn hear(&mut self, frame: &EncodedFrame) {
        if self.members.len() >= 8 || frame.remaining() > 2000 {
            return;
        }
        let mut bytes = frame.clone().into_bytes();
        if bytes.len() < 9 {
            return;
        }
        bytes.advance(9);
        let member = JoinGroupResponse::read(&bytes, 6).map(|answer| answer.member_id.to_string());
        self.members.extend(member.ok().filter(|member| !member.is_empty()));
    }
}

/// A request of an API that is served, in one of its versions; at times of any other.
pub(super) fn roll(correlation_id: i32, known: &Known, source: &mut Source<'_>) -> Option<Vec<u8>> {
    let request_api_key = match source.byte() {
        0..=129 => *pick(source, &FAVOURITES),
        130..=251 => pick(source, handlers::SERVED).0,
        _ => *pick(source, ApiKey::ALL),
    };
    let versions = handlers::served(request_api_key).or(request_api_key.versions())?;
    let count = i32::from(versions.highest()) - i32::from(versions.lowest()) + 1;
    // 255 is no multiple of any count: one version too many.
    let step = match source.byte() {
        255 => count,
        byte => i32::from(byte) % count,
    };
    // JoinGroup is most often asked in the version whose answer is understood here.
    let request_api_version = match (request_api_key, step) {
        (ApiKey::JOIN_GROUP, 0..=3) => 6,
        _ => versions.lowest() + step as i16,
    };
    let client_id = Some(pick(source, &["me", "you"]).to_string().into());
    let header = RequestHeader {
        request_api_key,
        request_api_version,
        correlation_id,
        client_id,
        ..Default::default()
    };
    let mut output = Output::new(Vec::new());
    header.write(&mut output).expect("a short header can be written");
    let mut frame = output.into_bytes().to_vec();
    frame.extend(request_body(request_api_key, request_api_version, source, known)?);
    Some(frame)
}

const FAVOURITES: [ApiKey; 10] = [
    ApiKey::PRODUCE,
    ApiKey::PRODUCE,
    ApiKey::PRODUCE,
    ApiKey::FETCH,
    ApiKey::FETCH,
    ApiKey::METADATA,
    ApiKey::JOIN_GROUP,
    ApiKey::SYNC_GROUP,
    ApiKey::HEARTBEAT,
    ApiKey::INIT_PRODUCER_ID,
];

/// Whether a frame is a produce request with acks 0, as far as it can be read.
pub(super) fn wants_no_answer(frame: &Bytes) -> bool {
    let Ok((header, body)) = RequestHeader::read(frame) else { return false };
    let read = |body: &Bytes| ProduceRequest::read(body, header.request_api_version);
    let request = read(&body).or_else(|error| match error.kind() {
        // Bytes behind the end are overlooked by the broker.
        DecodeErrorKind::TrailingBytes(count) => read(&body.slice(..body.len() - count)),
        _ => Err(error),
    });
    header.request_api_key == ApiKey::PRODUCE && request.is_ok_and(|request| request.acks == Acks::NONE)
}

impl Words for Known {
    fn text(&self, field: &str, source: &mut Source<'_>) -> Option<String> {
        let words: &[&str] = match field {
            "Name" | "Topic" | "TopicName" | "TopicNames" | "Topics" => &TOPICS,
            "GroupId" | "Key" | "CoordinatorKeys" | "Groups" | "GroupsNames" => &["g", "h"],
            "MemberId" | "Leader" if source.below(4) > 0 && !self.members.is_empty() => {
                return Some(pick(source, &self.members).clone());
            }
            "MemberId" => &["", "nobody"],
            "GroupInstanceId" => &["i", "j"],
            "ProtocolType" => &["consumer"],
            "ProtocolName" => &["a", "b"],
            "TransactionalId" => &["t", "u"],
            "Value" => &["compact", "1000", "true", "LogAppendTime", ""],
            _ => return None,
        };
        (source.below(16) > 0).then(|| pick(source, words).to_string())
    }

    fn number(&self, field: &str, source: &mut Source<'_>) -> Option<i64> {
        let mut from = |lowest: i64, count: u8| Some(lowest + source.below(count) as i64);
        match field {
            "PartitionIndex" | "Index" | "Partition" | "Partitions" | "PartitionIndexes" => from(0, 3),
            "GenerationId" | "GenerationIdOrMemberEpoch" => from(-1, 5),
            "CurrentLeaderEpoch" | "LeaderEpoch" | "LastFetchedEpoch" | "CommittedLeaderEpoch" => from(-1, 4),
            "FetchOffset" | "CommittedOffset" => from(-1, 24),
            "Acks" => from(-1, 4),
            "TimeoutMs" | "MaxWaitMs" => from(0, 200),
            "SessionTimeoutMs" | "RebalanceTimeoutMs" | "TransactionTimeoutMs" => {
                from(0, 200).map(|n| n * 100)
            }
            "NumPartitions" | "ReplicationFactor" => from(-1, 5),
            "MaxBytes" | "PartitionMaxBytes" => from(0, 200).map(|n| n * n * 20),
            "MinBytes" => from(0, 250),
            "ProducerId" => from(-1, 4),
            "ProducerEpoch" => from(-1, 3),
            "ReplicaId" => from(-3, 5),
            "BrokerIds" => from(1, 4),
            "SessionId" | "SessionEpoch" => from(-1, 3),
            "Timestamp" => from(-6, 8),
            "IsolationLevel" | "KeyType" => from(0, 3),
            _ => None,
        }
    }

    fn uuid(&self, field: &str, source: &mut Source<'_>) -> Option<[u8; 16]> {
        (field == "TopicId" && !self.topic_ids.is_empty()).then(|| *pick(source, &self.topic_ids))
    }

    fn bytes(&self, field: &str, source: &mut Source<'_>) -> Option<Vec<u8>> {
        if field != "Records" {
            return None;
        }
        let mut records = match source.below(16) {
            0 => return None,
            1 => legacy(source),
            2 => EndTransactionMarker::default().commit(0, ProducerId(0), 0).ok()?.to_vec(),
            3 => [batch(source), batch(source)].concat(),
            _ => batch(source),
        };
        if source.below(16) == 0 && !records.is_empty() {
            let at = usize::from(source.byte()) % records.len();
            records[at] = source.byte();
        }
        Some(records)
    }
}

/// A batch that can be appended, most often.
fn batch(source: &mut Source<'_>) -> Vec<u8> {
    let flags = source.byte();
    let is_idempotent = flags & 1 == 1;
    let options = BatchOptions {
        compression: if flags & 0xe0 == 0xe0 { Compression::ALL[source.below(5)] } else { Compression::None },
        producer_id: ProducerId(if is_idempotent { source.below(4) as i64 } else { -1 }),
        producer_epoch: if is_idempotent { source.below(3) as i16 - 1 } else { -1 },
        base_sequence: if is_idempotent { source.below(8) as i32 - 1 } else { -1 },
        transactional: flags & 0x1e == 0x1e,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(Vec::new(), options);
    for _ in 0..source.below(5) {
        let timestamp = 1_700_000_000_000 + i64::from(source.byte());
        let length = source.length();
        let value = source.bytes(length);
        let key = source.flag().then_some(&b"key"[..]);
        builder.append(timestamp, key, Some(&value), []).expect("it is short, and its time is after 1970");
    }
    builder.build().expect("all codecs are built in").to_vec()
}

fn legacy(source: &mut Source<'_>) -> Vec<u8> {
    let format = if source.flag() { LegacyFormat::V0 } else { LegacyFormat::V1 };
    let mut builder = LegacyBuilder::new(format, Compression::None);
    builder.append(0, 5, None, Some(b"old")).expect("it is the first");
    builder.build().expect("it is not compressed").to_vec()
}
