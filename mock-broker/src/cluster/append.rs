//! What a broker checks before it appends a batch, in Kafka's order, and what it answers.
//!
//! Source: the answers of real brokers (Kafka 4.1.0 and 4.3.1) to odd produce requests, which the tests of the Produce
//! handler repeat.

use protocol::names::Timestamp;
use protocol::records::{
    Compression, Decompressor, Limits, Part, Record, RecordBatch, TimestampType, batches,
};
use protocol::wire::Records;
use protocol::{DecodeError, DecodeErrorKind, ErrorCode};

use super::log::Stamp;
use super::producers::Sequenced;
use super::topic::{Partition, TopicRules};

/// A batch that is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    pub(crate) next_offset: i64,
    /// −1, unless the broker's clock counts, or the batch was a duplicate.
    pub(crate) log_append_time: i64,
    /// Whether it had been there before.
    pub(crate) duplicate: bool,
    /// Whether the replicas are not all alike, so that one may lack it.
    pub(crate) may_be_lacked: bool,
}

/// A batch that was not appended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) error_code: ErrorCode,
    /// Whether Kafka got so far that it tells where the log starts.
    pub(crate) tells_log_start: bool,
    /// The records that are at fault, by their place in the batch (KIP-467).
    pub(crate) records: Vec<(i32, String)>,
    pub(crate) message: Option<String>,
}

impl Refused {
    /// Refused because all logs together are full.
    pub(crate) fn full(message: String) -> Self {
        Self { message: Some(message), ..Self::by_log(ErrorCode::KAFKA_STORAGE_ERROR) }
    }

    /// Refused since it does not belong to an open transaction.
    pub(crate) fn unverified(error_code: ErrorCode) -> Self {
        let message = match error_code {
            ErrorCode::INVALID_TXN_STATE => Some("Partition was not added to the transaction".to_owned()),
            ErrorCode::NOT_ENOUGH_REPLICAS => Some(
                "Unable to verify the partition has been added to the transaction. \
                 Underlying error: CONCURRENT_TRANSACTIONS"
                    .to_owned(),
            ),
            _ => None,
        };
        Self { message, ..Self::early(error_code) }
    }

    /// Refused before the log was looked at.
    pub(crate) fn early(error_code: ErrorCode) -> Self {
        Self { error_code, ..Self::default() }
    }

    /// Refused where the log was at hand.
    pub(crate) fn by_log(error_code: ErrorCode) -> Self {
        Self { error_code, tells_log_start: true, ..Self::default() }
    }
}

/// The one batch that a produce request may have for a partition.
pub(crate) fn only_batch(version: i16, records: Option<Records>) -> Result<RecordBatch, Refused> {
    let bytes = records.unwrap_or_default().to_bytes();
    let mut parts = batches(&bytes);
    let batch = match parts.next() {
        Some(Ok(Part::Batch(batch))) => batch,
        Some(Err(error)) => return Err(corrupt(&bytes, &error)),
        // Nothing, the beginning of a batch, or one of an older format.
        _ => return Err(Refused::early(ErrorCode::INVALID_RECORD)),
    };
    match parts.next() {
        // What is cut off behind the batch is overlooked.
        None | Some(Ok(Part::Cut { .. })) => {}
        Some(Err(_)) => return Err(Refused::early(ErrorCode::CORRUPT_MESSAGE)),
        Some(Ok(_)) => return Err(Refused::early(ErrorCode::INVALID_RECORD)),
    }
    let is_zstd = matches!(batch.header().attributes.compression(), Ok(Compression::Zstd));
    if is_zstd && version < FIRST_VERSION_WITH_ZSTD {
        return Err(Refused::early(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE));
    }
    Ok(batch)
}

/// KIP-110.
const FIRST_VERSION_WITH_ZSTD: i16 = 7;

/// What cannot even be cut out of the records. Kafka explains an impossible length or magic, and nothing else.
fn corrupt(bytes: &[u8], error: &DecodeError) -> Refused {
    const LENGTH: usize = 8;
    const MAGIC: usize = 16;
    let length = bytes.get(LENGTH..).and_then(|rest| rest.first_chunk());
    let length = length.map_or(0, |length| i32::from_be_bytes(*length));
    let message = match error.kind() {
        DecodeErrorKind::UnknownMagic(magic) => Some(format!("Invalid magic found in record: {magic}")),
        _ if length < SHORTEST => {
            Some(format!("Record size {length} is less than the minimum record overhead ({SHORTEST})"))
        }
        // Of an older format no more is read than that it is one.
        _ if matches!(bytes.get(MAGIC), Some(0 | 1)) => return Refused::early(ErrorCode::INVALID_RECORD),
        _ => None,
    };
    Refused { message, ..Refused::early(ErrorCode::CORRUPT_MESSAGE) }
}

/// The shortest record of the oldest format.
const SHORTEST: i32 = 14;

impl Partition {
    /// Appends a batch, if all is right with it.
    pub(crate) fn append(
        &mut self,
        batch: &RecordBatch,
        rules: &TopicRules,
        place: impl Fn() -> String,
        decompressor: &mut Decompressor,
        now: Timestamp,
    ) -> Result<Appended, Refused> {
        let header = batch.header();
        check_header(batch, rules)?;
        let max_timestamp = check_records(batch, rules, place, decompressor, now)?;

        if header.producer_id.0 >= 0 {
            match self.producers.check(header).map_err(Refused::by_log)? {
                Sequenced::Next => {}
                Sequenced::Duplicate(known) => {
                    let (base_offset, log_append_time) = (known.base_offset, known.timestamp);
                    let next_offset = base_offset + i64::from(header.last_offset_delta) + 1;
                    let (duplicate, may_be_lacked) = (true, self.replication.is_some());
                    return Ok(Appended {
                        base_offset,
                        next_offset,
                        log_append_time,
                        duplicate,
                        may_be_lacked,
                    });
                }
            }
        }

        let log_append_time = (rules.timestamp_type == TimestampType::LogAppendTime).then_some(now.0);
        let stamp = Stamp {
            timestamp_type: rules.timestamp_type,
            max_timestamp: log_append_time.unwrap_or(max_timestamp),
        };
        let base_offset = self.log.append(batch, self.leader_epoch, stamp, now);
        if header.producer_id.0 >= 0 {
            self.producers.appended(header, base_offset, stamp.max_timestamp, now);
            self.producers.expire(now, rules.producer_id_expiration_ms);
        }
        Ok(Appended {
            base_offset,
            next_offset: self.log.end_offset(),
            log_append_time: log_append_time.unwrap_or(-1),
            duplicate: false,
            may_be_lacked: self.replication.is_some(),
        })
    }
}

/// What the header must be like.
fn check_header(batch: &RecordBatch, rules: &TopicRules) -> Result<(), Refused> {
    let header = batch.header();
    if header.base_offset != 0 {
        return Err(Refused::by_log(ErrorCode::INVALID_RECORD));
    }
    if batch.size() > rules.max_message_bytes {
        return Err(Refused::early(ErrorCode::MESSAGE_TOO_LARGE));
    }
    let is_counted =
        header.record_count > 0 && i64::from(header.last_offset_delta) + 1 == i64::from(header.record_count);
    let is_sequenced = header.producer_id.0 < 0 || header.base_sequence >= 0;
    if is_counted && is_sequenced && !header.attributes.is_control() {
        return Ok(());
    }
    // The checksum comes first; where nothing else is wrong, it is compared when the records are read.
    match batch.verify_crc() {
        Ok(()) => Err(Refused::by_log(ErrorCode::INVALID_RECORD)),
        Err(_) => Err(Refused::early(ErrorCode::CORRUPT_MESSAGE)),
    }
}

/// What the records must be like; gives their highest timestamp. Compressed ones are inflated for this, as in Kafka.
fn check_records(
    batch: &RecordBatch,
    rules: &TopicRules,
    place: impl Fn() -> String,
    decompressor: &mut Decompressor,
    now: Timestamp,
) -> Result<i64, Refused> {
    let is_compressed = batch.is_compressed();
    let unreadable = |error: DecodeError| unreadable(&error, is_compressed);
    let records = batch.records_with(decompressor, &Limits::default()).map_err(unreadable)?;
    // Java's text for a record, and Kafka's rule for topics where the broker sets the time.
    let claims_broker_time = rules.timestamp_type == TimestampType::LogAppendTime
        && batch.header().attributes.timestamp_type() == TimestampType::LogAppendTime;

    let mut max_timestamp = NO_TIMESTAMP;
    let mut refused = RefusedRecords::default();
    for (index, record) in (0..).zip(records.iter()) {
        let record = record.map_err(unreadable)?;
        if is_compressed && record.offset != index {
            return Err(Refused::by_log(ErrorCode::UNKNOWN_SERVER_ERROR));
        }
        max_timestamp = max_timestamp.max(record.timestamp);
        if rules.compacted && record.key.is_none() {
            refused.without_key(index, &place());
        } else if claims_broker_time {
            refused.with_broker_time(index, &record);
        } else if !rules.accepts_timestamp(record.timestamp, now) {
            refused.out_of_time(index, &record, rules, now);
        }
    }
    refused.into_result().map(|()| max_timestamp)
}

/// Says that a record has no timestamp.
const NO_TIMESTAMP: i64 = -1;

/// What a real broker answers for records that it cannot read: for some, it just stumbles.
#[cold]
fn unreadable(error: &DecodeError, is_compressed: bool) -> Refused {
    match error.kind() {
        DecodeErrorKind::CrcMismatch { .. } => Refused::early(ErrorCode::CORRUPT_MESSAGE),
        DecodeErrorKind::UnknownCompression(_)
        | DecodeErrorKind::Decompression(_)
        | DecodeErrorKind::InflatedTooLarge { .. } => Refused::by_log(ErrorCode::UNKNOWN_SERVER_ERROR),
        DecodeErrorKind::VarintTooLong if !is_compressed => Refused::by_log(ErrorCode::UNKNOWN_SERVER_ERROR),
        _ => Refused::by_log(ErrorCode::INVALID_RECORD),
    }
}

/// The records of a batch that are at fault, with the sentences of a real broker, which clients show to people.
#[derive(Default)]
struct RefusedRecords {
    records: Vec<(i32, String)>,
    by_timestamp: bool,
}

impl RefusedRecords {
    fn without_key(&mut self, index: i64, place: &str) {
        let rule = format!("Compacted topic cannot accept message without key in topic partition {place}");
        self.records.push((index as i32, rule));
    }

    fn with_broker_time(&mut self, index: i64, record: &Record<'_>) {
        let size = |bytes: Option<&[u8]>| bytes.map_or(-1, |bytes| bytes.len() as i64);
        let rule = format!(
            "Invalid timestamp type in message DefaultRecord(offset={}, timestamp={}, key={} bytes, value={} bytes). \
             Producer should not set timestamp type to LogAppendTime.",
            record.offset,
            record.timestamp,
            size(record.key),
            size(record.value),
        );
        self.records.push((index as i32, rule));
        self.by_timestamp = true;
    }

    fn out_of_time(&mut self, index: i64, record: &Record<'_>, rules: &TopicRules, now: Timestamp) {
        let from = now.0.wrapping_sub(rules.timestamp_before_max_ms);
        let to = now.0.wrapping_add(rules.timestamp_after_max_ms);
        let rule = format!(
            "Timestamp {} of message with offset {} is out of range. \
             The timestamp should be within [{from}, {to}]",
            record.timestamp, record.offset,
        );
        self.records.push((index as i32, rule));
        self.by_timestamp = true;
    }

    fn into_result(self) -> Result<(), Refused> {
        if self.records.is_empty() {
            return Ok(());
        }
        let (error_code, message) = if self.by_timestamp {
            let message = "One or more records have been rejected due to invalid timestamp";
            (ErrorCode::INVALID_TIMESTAMP, message.to_owned())
        } else {
            let shown = self.records.iter().take(3);
            let shown: Vec<_> = shown
                .map(|(index, message)| format!("RecordError(batchIndex={index}, message='{message}')"))
                .collect();
            let message = format!(
                "One or more records have been rejected due to {} record errors in total, \
                 and only showing the first three errors at most: [{}]",
                self.records.len(),
                shown.join(", "),
            );
            (ErrorCode::INVALID_RECORD, message)
        };
        let (records, message) = (self.records, Some(message));
        Err(Refused { error_code, tells_log_start: true, records, message })
    }
}
