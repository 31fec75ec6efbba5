//! What a broker checks before it appends a batch, in Kafka's order, and what it answers.
//!
//! Source: the answers of a real broker (Kafka 4.1.0) to odd produce requests, which the tests of the Produce handler repeat.

use protocol::DecodeErrorKind;
use protocol::ErrorCode;
use protocol::names::Timestamp;
use protocol::records::{
    BatchHeader, Compression, Limits, Part, Record, RecordBatch, TimestampType, batches,
};
use protocol::wire::Records;

use super::producers::Sequenced;
use super::topic::{Partition, TopicRules};

/// A batch that is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// −1, unless the broker's clock counts, or the batch was a duplicate.
    pub(crate) log_append_time: i64,
    /// Whether it had been there before.
    pub(crate) duplicate: bool,
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
    /// Refused before the log was looked at.
    pub(crate) fn early(error_code: ErrorCode) -> Self {
        Self { error_code, ..Self::default() }
    }

    fn by_log(error_code: ErrorCode) -> Self {
        Self { error_code, tells_log_start: true, ..Self::default() }
    }
}

/// The one batch that a produce request may have for a partition.
pub(crate) fn only_batch(version: i16, records: Option<Records>) -> Result<RecordBatch, Refused> {
    let invalid = || Refused::early(ErrorCode::INVALID_RECORD);
    let bytes = records.unwrap_or_default().to_bytes();
    let mut parts = batches(&bytes);
    let batch = match parts.next() {
        Some(Ok(Part::Batch(batch))) => batch,
        Some(Err(error)) => {
            return Err(match error.kind() {
                DecodeErrorKind::UnknownMagic(0 | 1) => invalid(),
                _ => Refused::early(ErrorCode::CORRUPT_MESSAGE),
            });
        }
        _ => return Err(invalid()),
    };
    match parts.next() {
        // The beginning of another batch is cut off.
        None | Some(Ok(Part::Cut { .. })) => {}
        Some(Err(_)) => return Err(Refused::early(ErrorCode::CORRUPT_MESSAGE)),
        Some(Ok(_)) => return Err(invalid()),
    }
    let is_zstd = matches!(batch.header().attributes.compression(), Ok(Compression::Zstd));
    if is_zstd && version < FIRST_VERSION_WITH_ZSTD {
        return Err(Refused::early(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE));
    }
    Ok(batch)
}

/// KIP-110.
const FIRST_VERSION_WITH_ZSTD: i16 = 7;

impl Partition {
    /// Appends a batch, if all is right with it.
    pub(crate) fn append(
        &mut self,
        batch: &RecordBatch,
        rules: &TopicRules,
        place: impl Fn() -> String,
        now: Timestamp,
    ) -> Result<Appended, Refused> {
        let header = batch.header();
        check_batch(batch, rules)?;
        check_records(batch, rules, place, now)?;

        if header.producer_id.0 >= 0 {
            match self.producers.check(header).map_err(Refused::by_log)? {
                Sequenced::Next => {}
                Sequenced::Duplicate(known) => {
                    let (base_offset, log_append_time) = (known.base_offset, known.timestamp);
                    return Ok(Appended { base_offset, log_append_time, duplicate: true });
                }
            }
        }

        let log_append_time = (rules.timestamp_type == TimestampType::LogAppendTime).then_some(now.0);
        let base_offset = self.log.append(batch, self.leader_epoch, log_append_time);
        if header.producer_id.0 >= 0 {
            let timestamp = log_append_time.unwrap_or(header.max_timestamp);
            self.producers.appended(header, base_offset, timestamp, now);
            self.producers.expire(now, rules.producer_id_expiration_ms);
        }
        Ok(Appended { base_offset, log_append_time: log_append_time.unwrap_or(-1), duplicate: false })
    }
}

/// What the header must be like.
fn check_batch(batch: &RecordBatch, rules: &TopicRules) -> Result<(), Refused> {
    let header = batch.header();
    if header.base_offset != 0 {
        return Err(Refused::by_log(ErrorCode::INVALID_RECORD));
    }
    if batch.size() > rules.max_message_bytes {
        return Err(Refused::early(ErrorCode::MESSAGE_TOO_LARGE));
    }
    if batch.verify_crc().is_err() {
        return Err(Refused::early(ErrorCode::CORRUPT_MESSAGE));
    }
    let counts = |header: &BatchHeader| {
        header.record_count > 0 && i64::from(header.last_offset_delta) + 1 == i64::from(header.record_count)
    };
    let is_sequenced = header.producer_id.0 < 0 || header.base_sequence >= 0;
    // An unknown compression makes Java throw while it looks at the records.
    let is_known = header.attributes.compression().is_ok();
    if !counts(header) || header.attributes.is_control() || !is_sequenced || !is_known {
        return Err(Refused::by_log(ErrorCode::INVALID_RECORD));
    }
    Ok(())
}

/// What the records must be like. Compressed ones are inflated only if the header leaves a doubt.
fn check_records(
    batch: &RecordBatch,
    rules: &TopicRules,
    place: impl Fn() -> String,
    now: Timestamp,
) -> Result<(), Refused> {
    let header = batch.header();
    let is_timely = |timestamp| rules.accepts_timestamp(timestamp, now);
    let is_doubtful = rules.compacted
        || header.attributes.timestamp_type() == TimestampType::LogAppendTime
        || !(is_timely(header.base_timestamp) && is_timely(header.max_timestamp));
    if batch.is_compressed() && !is_doubtful {
        return Ok(());
    }

    let invalid = |_| Refused::by_log(ErrorCode::INVALID_RECORD);
    let mut refused = RefusedRecords::default();
    for (index, record) in batch.records(&Limits::default()).map_err(invalid)?.iter().enumerate() {
        let record = record.map_err(invalid)?;
        if !is_doubtful && is_timely(record.timestamp) {
            continue;
        }
        refused.check(index as i32, &record, header, rules, &place, now);
    }
    refused.into_result()
}

/// The records of a batch that are at fault.
#[derive(Default)]
struct RefusedRecords {
    records: Vec<(i32, String)>,
    by_timestamp: bool,
}

impl RefusedRecords {
    fn check(
        &mut self,
        index: i32,
        record: &Record<'_>,
        header: &BatchHeader,
        rules: &TopicRules,
        place: &impl Fn() -> String,
        now: Timestamp,
    ) {
        if rules.compacted && record.key.is_none() {
            let place = place();
            let rule =
                format!("Compacted topic cannot accept message without key in topic partition {place}");
            self.records.push((index, rule));
        } else if header.attributes.timestamp_type() == TimestampType::LogAppendTime {
            let rule = "the timestamp type must not be LogAppendTime: that is for the broker to set";
            self.records.push((index, rule.to_owned()));
            self.by_timestamp = true;
        } else if !rules.accepts_timestamp(record.timestamp, now) {
            let (timestamp, offset) = (record.timestamp, record.offset);
            let from = now.0.wrapping_sub(rules.timestamp_before_max_ms);
            let to = now.0.saturating_add(rules.timestamp_after_max_ms);
            self.records.push((
                index,
                format!(
                    "Timestamp {timestamp} of message with offset {offset} is out of range. \
                     The timestamp should be within [{from}, {to}]"
                ),
            ));
            self.by_timestamp = true;
        }
    }

    /// The sentences are those that a real broker sends; clients show them to people.
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
