//! What a fetch brought of one partition, unpacked batch by batch.

use std::collections::{BTreeSet, VecDeque};
use std::vec;

use protocol::messages::fetch::{AbortedTransaction, PartitionData};
use protocol::names::ProducerId;
use protocol::records::{
    Batches, ControlRecord, Decompressor, LegacyBatch, Limits, OwnedRecord, Part, RecordBatch, TimestampType,
    batches,
};
use protocol::{Bytes, DecodeError, DecodeErrorKind};

/// The fetched batches of one partition, and the records of the one that was unpacked last.
#[derive(Debug)]
pub(super) struct Chunk {
    batches: Batches,
    /// Whether records of aborted transactions are left out.
    committed_only: bool,
    /// Aborted transactions that begin further on, by their first offset.
    aborted: VecDeque<AbortedTransaction>,
    /// The producers whose transaction at this place was aborted.
    aborting: BTreeSet<ProducerId>,
    records: vec::IntoIter<OwnedRecord>,
    timestamp_type: Option<TimestampType>,
    leader_epoch: i32,
    /// The offset after the batch that was unpacked last.
    batch_end: i64,
    /// Where it began, and where the next fetch begins.
    start: i64,
    position: i64,
    cut: Option<usize>,
}

/// One record, with what its batch says of it.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) record: OwnedRecord,
    pub(super) timestamp_type: Option<TimestampType>,
    pub(super) leader_epoch: i32,
}

impl Chunk {
    /// What `data` holds from `position` on.
    pub(super) fn new(data: PartitionData, position: i64, committed_only: bool) -> Self {
        let mut aborted = data.aborted_transactions.unwrap_or_default();
        aborted.sort_by_key(|transaction| transaction.first_offset);
        let records: Bytes = data.records.map(|records| records.to_bytes()).unwrap_or_default();
        Self {
            batches: batches(&records),
            committed_only,
            aborted: aborted.into(),
            aborting: BTreeSet::new(),
            records: Vec::new().into_iter(),
            timestamp_type: None,
            leader_epoch: -1,
            batch_end: position,
            start: position,
            position,
            cut: None,
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// A batch that is not what it claims to be; the position stays before it.
    pub(super) fn next(&mut self, decompressor: &mut Decompressor) -> Result<Option<Unpacked>, DecodeError> {
        loop {
            if let Some(record) = self.records.next() {
                // Offsets are the broker's word: beyond its batch there is no knowing what comes next.
                if record.offset >= self.batch_end {
                    return Err(invalid("a record's offset is not within its batch"));
                }
                // A fetch brings whole batches, also what lies before the offset that was asked for.
                if record.offset < self.position {
                    continue;
                }
                self.position = record.offset + 1;
                let (timestamp_type, leader_epoch) = (self.timestamp_type, self.leader_epoch);
                return Ok(Some(Unpacked { record, timestamp_type, leader_epoch }));
            }
            // Compaction leaves batches whose last records, or all, are gone.
            self.position = self.position.max(self.batch_end);
            match self.batches.next().transpose()? {
                Some(Part::Batch(batch)) => self.unpack(&batch, decompressor)?,
                Some(Part::Cut { have, missing }) => self.cut = Some(have + missing),
                Some(Part::Legacy(batch)) => self.unpack_legacy(&batch, decompressor)?,
                Some(_) => return Err(invalid("neither a batch nor a message of formats 0 and 1")),
                None => return Ok(None),
            }
        }
    }

    /// Whether it took the reader further than it was.
    pub(super) fn has_moved(&self) -> bool {
        self.position > self.start
    }

    /// Where the next fetch begins: after the last record given and every batch passed over.
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    /// The size of the batch that was cut off at the end, as far as it is known.
    pub(super) fn cut(&self) -> Option<usize> {
        self.cut
    }

    fn unpack(&mut self, batch: &RecordBatch, decompressor: &mut Decompressor) -> Result<(), DecodeError> {
        let header = batch.header();
        if header.base_offset < 0 || header.next_offset() <= header.base_offset {
            return Err(invalid("the offsets of a batch do not go up from 0"));
        }
        if !self.is_left_out(batch, decompressor)? {
            self.records = batch.records_with(decompressor, &Limits::default())?.to_owned()?.into_iter();
        }
        self.batch_end = header.next_offset();
        self.timestamp_type = Some(header.attributes.timestamp_type());
        self.leader_epoch = header.partition_leader_epoch;
        Ok(())
    }

    /// The same of a message from before batches: without transactions and leader epochs, in format 0 without time.
    fn unpack_legacy(
        &mut self,
        message: &LegacyBatch,
        decompressor: &mut Decompressor,
    ) -> Result<(), DecodeError> {
        let header = message.header();
        if !(0..i64::MAX).contains(&header.offset) {
            return Err(invalid("the offset of a message is not one that others can follow"));
        }
        self.records = message.records_with(decompressor, &Limits::default())?.to_owned()?.into_iter();
        self.batch_end = header.offset + 1;
        self.timestamp_type = header.timestamp_type();
        self.leader_epoch = -1;
        Ok(())
    }

    /// Whether nobody is to see the batch: it controls transactions, or belongs to one that was aborted.
    fn is_left_out(
        &mut self,
        batch: &RecordBatch,
        decompressor: &mut Decompressor,
    ) -> Result<bool, DecodeError> {
        let header = batch.header();
        if !self.committed_only {
            return Ok(header.attributes.is_control());
        }
        let begun = self.aborted.partition_point(|next| next.first_offset <= header.last_offset());
        self.aborting.extend(self.aborted.drain(..begun).map(|transaction| transaction.producer_id));
        if header.attributes.is_control() {
            let records = batch.records_with(decompressor, &Limits::default())?;
            for record in records.iter() {
                if let Ok(ControlRecord::Abort(_)) = ControlRecord::read(&record?) {
                    self.aborting.remove(&header.producer_id);
                }
            }
            return Ok(true);
        }
        Ok(header.attributes.is_transactional() && self.aborting.contains(&header.producer_id))
    }
}

/// A batch that breaks a rule.
fn invalid(rule: &'static str) -> DecodeError {
    DecodeError::new(DecodeErrorKind::InvalidRecord(rule), 0)
}

#[cfg(test)]
mod tests {
    use protocol::records::{
        BatchBuilder, BatchOptions, Compression, EndTransactionMarker, LegacyBuilder, LegacyFormat,
        rewrite_header, set_producer,
    };
    use protocol::wire::Records;

    use super::*;

    const LOUD: ProducerId = ProducerId(1);
    const QUIET: ProducerId = ProducerId(2);

    /// A batch of one record a value, in a transaction of `producer`.
    fn batch(base_offset: i64, producer: ProducerId, values: &[&str]) -> Bytes {
        let options = BatchOptions {
            base_offset,
            producer_id: producer,
            producer_epoch: 0,
            base_sequence: 0,
            transactional: producer != ProducerId::NONE,
            compression: Compression::Lz4,
            ..Default::default()
        };
        let mut builder = BatchBuilder::new(Vec::new(), options);
        for value in values {
            builder.append(7, None, Some(value.as_bytes()), []).unwrap();
        }
        builder.build().unwrap()
    }

    fn abort(offset: i64, producer: ProducerId) -> Bytes {
        at(offset, EndTransactionMarker::default().abort(7, producer, 0).unwrap())
    }

    fn commit(offset: i64, producer: ProducerId) -> Bytes {
        at(offset, EndTransactionMarker::default().commit(7, producer, 0).unwrap())
    }

    fn at(offset: i64, batch: Bytes) -> Bytes {
        let Some(Ok(Part::Batch(batch))) = batches(&batch).next() else { panic!("no batch") };
        Bytes::from(rewrite_header(&batch, offset, 0, None).concat())
    }

    /// The values read, and the position after them.
    fn read(data: PartitionData, position: i64, committed_only: bool) -> (Vec<String>, i64) {
        let mut chunk = Chunk::new(data, position, committed_only);
        let mut values = Vec::new();
        while let Some(unpacked) = chunk.next(&mut Decompressor::new()).unwrap() {
            values.push(String::from_utf8(unpacked.record.value().unwrap().to_vec()).unwrap());
        }
        (values, chunk.position())
    }

    fn data(slices: &[Bytes]) -> PartitionData {
        let records = Records::from_slices(slices.iter().cloned());
        PartitionData { records: Some(records), ..Default::default() }
    }

    #[test]
    fn records_before_the_position_are_passed_over() {
        let data = data(&[batch(10, ProducerId::NONE, &["a", "b", "c"])]);
        assert_eq!(read(data.clone(), 10, false), (vec!["a".into(), "b".into(), "c".into()], 13));
        assert_eq!(read(data, 12, false), (vec!["c".into()], 13));
    }

    /// Messages of an old format, whose values are their offsets.
    fn legacy(format: LegacyFormat, compression: Compression, offsets: &[i64]) -> Bytes {
        let mut builder = LegacyBuilder::new(format, compression);
        for &offset in offsets {
            builder.append(offset, 70 + offset, None, Some(offset.to_string().as_bytes())).unwrap();
        }
        builder.build().unwrap()
    }

    #[test]
    fn messages_from_before_batches_are_read_like_batches() {
        for format in [LegacyFormat::V0, LegacyFormat::V1] {
            for compression in [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4] {
                let data = data(&[
                    legacy(format, compression, &[10, 11, 15]),
                    legacy(format, compression, &[16]),
                    batch(17, ProducerId::NONE, &["17", "18"]),
                    legacy(format, compression, &[19]).slice(..20),
                ]);
                let all = ["10", "11", "15", "16", "17", "18"].map(str::to_owned);
                assert_eq!(read(data.clone(), 10, true), (all.to_vec(), 19), "{format:?} {compression}");
                assert_eq!(read(data, 12, false), (all[2..].to_vec(), 19), "{format:?} {compression}");
            }
        }
    }

    #[test]
    fn only_format_1_says_who_set_the_time() {
        let mut by_broker = LegacyBuilder::new(LegacyFormat::V1, Compression::Lz4).log_append_time(99);
        by_broker.append(3, 7, None, None).unwrap();
        let cases = [
            (legacy(LegacyFormat::V0, Compression::None, &[3]), None, -1),
            (legacy(LegacyFormat::V1, Compression::None, &[3]), Some(TimestampType::CreateTime), 73),
            (by_broker.build().unwrap(), Some(TimestampType::LogAppendTime), 99),
        ];
        for (bytes, timestamp_type, timestamp) in cases {
            let mut chunk = Chunk::new(data(&[bytes]), 0, false);
            let unpacked = chunk.next(&mut Decompressor::new()).unwrap().unwrap();
            assert_eq!((unpacked.timestamp_type, unpacked.record.timestamp), (timestamp_type, timestamp));
            assert_eq!(unpacked.leader_epoch, -1);
        }
    }

    #[test]
    fn a_cut_batch_is_left_for_the_next_fetch() {
        let (whole, cut) = (batch(0, ProducerId::NONE, &["a"]), batch(1, ProducerId::NONE, &["b"]));
        for length in 0..cut.len() {
            let mut chunk = Chunk::new(data(&[whole.clone(), cut.slice(..length)]), 0, false);
            let mut decompressor = Decompressor::new();
            assert!(chunk.next(&mut decompressor).unwrap().is_some());
            assert!(chunk.next(&mut decompressor).unwrap().is_none());
            assert_eq!(chunk.position(), 1);
            assert_eq!(chunk.cut().is_some(), length > 0);
        }
    }

    #[test]
    fn aborted_transactions_are_left_out_if_only_committed_records_are_wanted() {
        let slices = [
            batch(0, LOUD, &["loud 1"]),
            batch(1, QUIET, &["quiet 1"]),
            batch(2, ProducerId::NONE, &["plain"]),
            abort(3, LOUD),
            batch(4, LOUD, &["loud 2"]),
            commit(5, QUIET),
            commit(6, LOUD),
        ];
        let aborted = AbortedTransaction { producer_id: LOUD, first_offset: 0, ..Default::default() };
        let data = PartitionData { aborted_transactions: Some(vec![aborted]), ..data(&slices) };
        let committed = ["quiet 1", "plain", "loud 2"].map(str::to_owned).to_vec();
        assert_eq!(read(data.clone(), 0, true), (committed, 7));
        let all = ["loud 1", "quiet 1", "plain", "loud 2"].map(str::to_owned).to_vec();
        assert_eq!(read(data, 0, false), (all, 7));
    }

    #[test]
    fn a_batch_that_is_not_what_it_claims_is_an_error_and_the_position_stays() {
        let mut bytes = batch(5, ProducerId::NONE, &["a"]).to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        let mut chunk = Chunk::new(data(&[bytes.into()]), 5, false);
        assert!(chunk.next(&mut Decompressor::new()).is_err());
        assert_eq!(chunk.position(), 5);
    }

    #[test]
    fn offsets_that_lead_nowhere_are_refused() {
        let two = batch(0, ProducerId::NONE, &["a", "b"]);
        let mut claims_one = two.to_vec();
        claims_one[23..27].fill(0);
        set_producer(&mut claims_one, ProducerId::NONE, -1, -1).unwrap();
        let mut ends_before_it_begins = two.to_vec();
        ends_before_it_begins[23..27].fill(0xff);
        set_producer(&mut ends_before_it_begins, ProducerId::NONE, -1, -1).unwrap();
        let beyond = |offset: i64| {
            let mut legacy = LegacyBuilder::new(LegacyFormat::V0, Compression::None);
            legacy.append(offset, 7, None, Some(b"a")).unwrap();
            legacy.build().unwrap()
        };
        let mut names_its_first = legacy(LegacyFormat::V0, Compression::Gzip, &[4, 5]).to_vec();
        names_its_first[..8].copy_from_slice(&4_i64.to_be_bytes());
        let cases = [
            (at(i64::MAX, two.clone()), "the offsets of a batch do not go up from 0"),
            (at(i64::MAX - 1, two.clone()), "the offsets of a batch do not go up from 0"),
            (at(-1, two), "the offsets of a batch do not go up from 0"),
            (ends_before_it_begins.into(), "the offsets of a batch do not go up from 0"),
            (claims_one.into(), "a record's offset is not within its batch"),
            (beyond(-1), "the offset of a message is not one that others can follow"),
            (beyond(i64::MAX), "the offset of a message is not one that others can follow"),
            (names_its_first.into(), "a record's offset is not within its batch"),
        ];
        for (bytes, rule) in cases {
            let mut chunk = Chunk::new(data(&[bytes]), 0, false);
            let mut decompressor = Decompressor::new();
            let error = loop {
                match chunk.next(&mut decompressor) {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("{rule}"),
                    Err(error) => break error.to_string(),
                }
            };
            assert!(error.contains(rule), "{error}");
        }
    }
}
