//! One partition's log: batches in the order of their offsets, as they came from the socket.

use bytes::Bytes;

use protocol::names::Timestamp;
use protocol::records::{
    HEADER_SIZE, Limits, Part, RecordBatch, TimestampType, batches, crc32c, rewrite_header,
};

use super::retained::OVERHEAD;

/// The batches of a partition.
///
/// A batch is stored as it is to be sent: with the offset and leader epoch that the broker gives it in its header. All
/// else is the producer's bytes, which are never looked at again except to find a timestamp.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    batches: Vec<StoredBatch>,
    start_offset: i64,
    end_offset: i64,
    /// Bytes of the batches, and what they cost beside them.
    retained_bytes: usize,
    /// Where each leader epoch begins, ascending in both.
    epochs: Vec<EpochStart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredBatch {
    next_offset: i64,
    max_timestamp: i64,
    /// When the leader appended it; never before the batch ahead of it.
    appended: Timestamp,
    leader_epoch: i32,
    size: u32,
    body: Body,
}

/// The bytes of a batch.
#[derive(Clone, Debug)]
enum Body {
    /// In one piece of memory of its own.
    Whole(Bytes),
    /// The header that the broker wrote, and the rest as a slice of the request that brought it.
    Split(Box<[Bytes; 2]>),
}

impl PartialEq for Body {
    /// The same bytes, wherever they lie.
    fn eq(&self, other: &Self) -> bool {
        let parts = |body: &Self| match body {
            Self::Whole(bytes) => [bytes.clone(), Bytes::new()],
            Self::Split(parts) => (**parts).clone(),
        };
        let (one, other) = (parts(self), parts(other));
        if one[0].len() == other[0].len() {
            return one == other;
        }
        one.iter().flatten().eq(other.iter().flatten())
    }
}

impl Eq for Body {}

/// Batches up to this size are copied out of the request, into memory of exactly their size: a slice would keep alive
/// the whole buffer of the connection, and copying 32 KiB takes a microsecond. Larger requests have a buffer of their own.
pub(crate) const COPY_BELOW: usize = 32 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EpochStart {
    epoch: i32,
    start_offset: i64,
}

/// The end of a log that others do not have: what a replica holds behind the point where its log and the leader's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    batches: Vec<StoredBatch>,
}

/// What the header of a stored batch says of its records' time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) timestamp_type: TimestampType,
    pub(crate) max_timestamp: i64,
}

/// A record found by its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) leader_epoch: i32,
}

impl Log {
    /// The first offset that is kept.
    pub(crate) fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset that the next record gets.
    pub(crate) fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// What it holds: batches, and `OVERHEAD` for each.
    pub(crate) fn retained_bytes(&self) -> usize {
        self.retained_bytes
    }

    /// Writes down that a new leader epoch begins at the log's end.
    pub(crate) fn begin_epoch(&mut self, epoch: i32) {
        let start_offset = self.end_offset;
        self.epochs.retain(|older| older.epoch < epoch && older.start_offset < start_offset);
        self.epochs.push(EpochStart { epoch, start_offset });
    }

    /// The epoch in which the first kept record was written.
    pub(crate) fn earliest_epoch(&self) -> Option<i32> {
        self.epochs.first().filter(|first| first.start_offset <= self.start_offset).map(|first| first.epoch)
    }

    /// The last epoch not after `epoch`, and the offset where it ends (KIP-101, KIP-320); nothing for an epoch after the
    /// last. One before the first ends where that begins. Source: Kafka's `LeaderEpochFileCache.endOffsetFor`.
    pub(crate) fn end_of_epoch(&self, epoch: i32) -> Option<(i32, i64)> {
        if epoch < 0 {
            return None;
        }
        let after = self.epochs.partition_point(|start| start.epoch <= epoch);
        let floor = after.checked_sub(1).map_or(epoch, |floor| self.epochs[floor].epoch);
        match self.epochs.get(after) {
            Some(next) => Some((floor, next.start_offset)),
            None => (floor == epoch).then_some((epoch, self.end_offset)),
        }
    }

    /// Appends a batch, and gives the offset of its first record.
    pub(crate) fn append(
        &mut self,
        batch: &RecordBatch,
        leader_epoch: i32,
        stamp: Stamp,
        now: Timestamp,
    ) -> i64 {
        let base_offset = self.end_offset;
        let appended = self.batches.last().map_or(now, |last| now.max(last.appended));
        self.end_offset += i64::from(batch.header().last_offset_delta) + 1;
        self.retained_bytes += batch.size() + OVERHEAD;
        self.batches.push(StoredBatch {
            next_offset: self.end_offset,
            max_timestamp: stamp.max_timestamp,
            appended,
            leader_epoch,
            size: batch.size() as u32,
            body: Body::new(batch, base_offset, leader_epoch, stamp),
        });
        base_offset
    }

    /// Copies the batch of this base offset, so that it keeps nothing alive but itself.
    pub(crate) fn detach(&mut self, base_offset: i64) {
        let place = self.batches.partition_point(|batch| batch.next_offset <= base_offset);
        if let Some(StoredBatch { body, .. }) = self.batches.get_mut(place)
            && let Body::Split(parts) = body
        {
            *body = Body::Whole(Bytes::from(parts.concat()));
        }
    }

    /// Where the last batch ends that was appended at this time or before.
    pub(crate) fn end_at(&self, time: Timestamp) -> i64 {
        self.end_of_first(self.batches.partition_point(|batch| batch.appended <= time))
    }

    /// Where the last batch ends that has no record at this offset or behind it.
    pub(crate) fn whole_before(&self, offset: i64) -> i64 {
        self.end_of_first(self.batches.partition_point(|batch| batch.next_offset <= offset))
    }

    fn end_of_first(&self, batches: usize) -> i64 {
        batches.checked_sub(1).map_or(self.start_offset, |last| self.batches[last].next_offset)
    }

    /// When the record at this offset was appended, if it is there.
    pub(crate) fn appended_at(&self, offset: i64) -> Option<Timestamp> {
        self.batches.get(self.place(offset)).map(|batch| batch.appended)
    }

    /// Copies the batches from one offset up to another; both stand between batches.
    pub(crate) fn tail(&self, from: i64, to: i64) -> Tail {
        Tail { batches: self.batches[self.place(from)..self.place(to)].to_vec() }
    }

    /// Cuts off the batches from an offset on, which stands between batches.
    pub(crate) fn truncate(&mut self, offset: i64) {
        let cut = self.batches.split_off(self.place(offset));
        self.retained_bytes -= cut.iter().map(StoredBatch::retained_bytes).sum::<usize>();
        self.end_offset = offset;
        self.epochs.retain(|epoch| epoch.start_offset < offset);
    }

    /// Appends what a replica had beyond the end of this log.
    pub(crate) fn extend(&mut self, tail: Tail) {
        for batch in tail.batches {
            if self.epochs.last().is_none_or(|last| last.epoch < batch.leader_epoch) {
                self.begin_epoch(batch.leader_epoch);
            }
            self.end_offset = batch.next_offset;
            self.retained_bytes += batch.retained_bytes();
            self.batches.push(batch);
        }
    }

    /// Every batch, with the time at which it was appended.
    pub(crate) fn batches(&self) -> impl Iterator<Item = (RecordBatch, Timestamp)> {
        self.batches.iter().filter_map(|batch| Some((batch.parse()?, batch.appended)))
    }

    /// The place of the first batch that ends behind this offset.
    fn place(&self, offset: i64) -> usize {
        self.batches.partition_point(|batch| batch.next_offset <= offset)
    }

    /// Adds the bytes of whole batches to `slices`, from the one with `offset` in it, up to the offset `end` and
    /// `max_bytes`; of the first one, however large, if `at_least_one`. Gives how many bytes that is.
    pub(crate) fn read(
        &self,
        offset: i64,
        end: i64,
        max_bytes: usize,
        at_least_one: bool,
        slices: &mut Vec<Bytes>,
    ) -> usize {
        let mut read = 0;
        for batch in &self.batches[self.place(offset)..] {
            let size = batch.size as usize;
            let is_wanted = (at_least_one && read == 0) || read + size <= max_bytes;
            if batch.next_offset > end || !is_wanted {
                break;
            }
            read += size;
            match &batch.body {
                Body::Whole(bytes) => slices.push(bytes.clone()),
                Body::Split(parts) => slices.extend_from_slice(&parts[..]),
            }
        }
        read
    }

    /// Where batches end of which so many bytes were read from the one with `offset` in it on.
    pub(crate) fn end_of_read(&self, offset: i64, read: usize) -> i64 {
        let mut left = read;
        let batches = self.batches[self.place(offset)..].iter();
        let read = batches.take_while(|batch| {
            let fits = left >= batch.size as usize;
            left = left.saturating_sub(batch.size as usize);
            fits
        });
        read.last().map_or(offset, |batch| batch.next_offset)
    }

    /// The first record of the highest timestamp.
    pub(crate) fn find_max_timestamp(&self) -> Option<Found> {
        let highest = self.batches.iter().map(|batch| batch.max_timestamp).max()?;
        self.find_timestamp(highest)
    }

    /// The first record of this timestamp or a later one.
    pub(crate) fn find_timestamp(&self, timestamp: i64) -> Option<Found> {
        let candidates = self.batches.iter().filter(|batch| batch.max_timestamp >= timestamp);
        candidates.filter_map(|batch| batch.find_timestamp(timestamp)).next()
    }
}

impl Body {
    fn new(batch: &RecordBatch, base_offset: i64, leader_epoch: i32, stamp: Stamp) -> Self {
        let header = batch.header();
        let by_broker = stamp.timestamp_type == TimestampType::LogAppendTime;
        let log_append_time = by_broker.then_some(stamp.max_timestamp);
        let [head, rest] = rewrite_header(batch, base_offset, leader_epoch, log_append_time);
        let claimed =
            Stamp { timestamp_type: header.attributes.timestamp_type(), max_timestamp: header.max_timestamp };
        if !by_broker && claimed != stamp {
            return Self::Whole(restamped(batch, [&head, &rest], stamp));
        }
        if batch.size() < COPY_BELOW {
            return Self::Whole(Bytes::from([&head[..], &rest[..]].concat()));
        }
        Self::Split(Box::new([head, rest]))
    }
}

/// A batch whose producer was wrong about its records' time: Kafka sets it right.
#[cold]
fn restamped(batch: &RecordBatch, parts: [&Bytes; 2], stamp: Stamp) -> Bytes {
    const CRC: usize = 17;
    const ATTRIBUTES: usize = 21;
    const MAX_TIMESTAMP: usize = 35;
    let mut whole = parts.map(|part| &part[..]).concat();
    debug_assert!(whole.len() >= HEADER_SIZE);
    let attributes = batch.header().attributes.with_timestamp_type(stamp.timestamp_type);
    whole[ATTRIBUTES..][..2].copy_from_slice(&attributes.0.to_be_bytes());
    whole[MAX_TIMESTAMP..][..8].copy_from_slice(&stamp.max_timestamp.to_be_bytes());
    let crc = crc32c(&whole[ATTRIBUTES..]);
    whole[CRC..][..4].copy_from_slice(&crc.to_be_bytes());
    Bytes::from(whole)
}

impl Tail {
    /// The offset behind its last record, if it has one.
    pub(crate) fn end_offset(&self) -> Option<i64> {
        self.batches.last().map(|batch| batch.next_offset)
    }

    /// What it holds, in bytes.
    pub(crate) fn retained_bytes(&self) -> usize {
        self.batches.iter().map(StoredBatch::retained_bytes).sum()
    }

    /// Puts what lies between the new and the old point of parting in front.
    pub(crate) fn prepend(&mut self, mut before: Self) {
        before.batches.append(&mut self.batches);
        self.batches = before.batches;
    }
}

impl StoredBatch {
    fn retained_bytes(&self) -> usize {
        self.size as usize + OVERHEAD
    }

    fn parse(&self) -> Option<RecordBatch> {
        let bytes = match &self.body {
            Body::Whole(bytes) => bytes.clone(),
            Body::Split(parts) => Bytes::from(parts.concat()),
        };
        match batches(&bytes).next() {
            Some(Ok(Part::Batch(batch))) => Some(batch),
            _ => None,
        }
    }

    fn find_timestamp(&self, timestamp: i64) -> Option<Found> {
        let batch = self.parse()?;
        let records = batch.records(&Limits::default()).ok()?;
        let found = records.iter().map_while(Result::ok).find(|record| record.timestamp >= timestamp)?;
        let leader_epoch = self.leader_epoch;
        Some(Found { offset: found.offset, timestamp: found.timestamp, leader_epoch })
    }
}

#[cfg(test)]
mod tests {
    use protocol::records::{BatchBuilder, BatchOptions};

    use super::*;

    fn batch(timestamps: &[i64], value_size: usize) -> RecordBatch {
        let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
        for timestamp in timestamps {
            builder.append(*timestamp, None, Some(&vec![7; value_size]), []).unwrap();
        }
        match batches(&builder.build().unwrap()).next() {
            Some(Ok(Part::Batch(batch))) => batch,
            other => panic!("{other:?}"),
        }
    }

    fn append(log: &mut Log, batch: &RecordBatch, leader_epoch: i32) -> i64 {
        let (timestamp_type, max_timestamp) = (TimestampType::CreateTime, batch.header().max_timestamp);
        log.append(batch, leader_epoch, Stamp { timestamp_type, max_timestamp }, Timestamp(max_timestamp))
    }

    fn base_offsets(log: &Log, offset: i64, max_bytes: usize, at_least_one: bool) -> Vec<i64> {
        let mut slices = Vec::new();
        let read = log.read(offset, log.end_offset(), max_bytes, at_least_one, &mut slices);
        let whole = Bytes::from(slices.concat());
        assert_eq!(whole.len(), read);
        let base_offset = |part| match part {
            Ok(Part::Batch(batch)) => batch.header().base_offset,
            other => panic!("{other:?}"),
        };
        batches(&whole).map(base_offset).collect()
    }

    #[test]
    fn reading_begins_with_the_batch_that_has_the_offset_and_ends_with_a_whole_one() {
        let mut log = Log::default();
        log.begin_epoch(0);
        for _ in 0..3 {
            append(&mut log, &batch(&[1, 2], 10), 0);
        }
        let size = batch(&[1, 2], 10).size();
        assert_eq!(base_offsets(&log, 0, usize::MAX, false), [0, 2, 4]);
        assert_eq!(base_offsets(&log, 3, usize::MAX, false), [2, 4]);
        assert_eq!(base_offsets(&log, 0, 2 * size + 1, false), [0, 2]);
        assert_eq!(base_offsets(&log, 0, size - 1, true), [0]);
        assert_eq!(base_offsets(&log, 0, size - 1, false), [0_i64; 0]);
        assert_eq!(base_offsets(&log, 6, usize::MAX, true), [0_i64; 0]);
    }

    #[test]
    fn a_large_batch_stays_a_slice_of_what_came() {
        let large = batch(&[1], COPY_BELOW);
        let mut log = Log::default();
        append(&mut log, &batch(&[1], 1), 0);
        append(&mut log, &large, 3);
        let mut slices = Vec::new();
        log.read(1, 2, usize::MAX, true, &mut slices);
        assert_eq!(slices[1].as_ptr(), large.bytes()[61..].as_ptr());

        let Some(Ok(Part::Batch(stored))) = batches(&Bytes::from(slices.concat())).next() else { panic!() };
        assert_eq!((stored.header().base_offset, stored.header().partition_leader_epoch), (1, 3));
        stored.verify_crc().unwrap();
    }

    #[test]
    fn log_append_time_holds_for_every_record_and_the_checksum_stays_right() {
        let mut log = Log::default();
        let stamp = Stamp { timestamp_type: TimestampType::LogAppendTime, max_timestamp: 77 };
        log.append(&batch(&[1, 2], 10), 0, stamp, Timestamp(0));
        let mut slices = Vec::new();
        log.read(0, 2, usize::MAX, true, &mut slices);
        let Some(Ok(Part::Batch(stored))) = batches(&slices[0]).next() else { panic!() };
        let records = stored.records(&Limits::default()).unwrap();
        assert!(records.iter().all(|record| record.unwrap().timestamp == 77));
    }

    #[test]
    fn a_wrong_highest_timestamp_is_set_right() {
        let mut log = Log::default();
        let stamp = Stamp { timestamp_type: TimestampType::CreateTime, max_timestamp: 2 };
        log.append(&batch(&[1, 5], 10), 0, stamp, Timestamp(0));
        let mut slices = Vec::new();
        log.read(0, 2, usize::MAX, true, &mut slices);
        let Some(Ok(Part::Batch(stored))) = batches(&slices[0]).next() else { panic!() };
        assert_eq!(stored.header().max_timestamp, 2);
        stored.verify_crc().unwrap();
    }

    #[test]
    fn records_are_found_by_timestamp() {
        let mut log = Log::default();
        append(&mut log, &batch(&[10, 30], 1), 0);
        append(&mut log, &batch(&[20, 40, 40], 1), 1);
        let found = |timestamp| log.find_timestamp(timestamp).map(|found| (found.offset, found.leader_epoch));
        assert_eq!(found(0), Some((0, 0)));
        assert_eq!(found(11), Some((1, 0)));
        assert_eq!(found(31), Some((3, 1)));
        assert_eq!(found(41), None);
        assert_eq!(log.find_max_timestamp(), Some(Found { offset: 3, timestamp: 40, leader_epoch: 1 }));
    }

    #[test]
    fn epochs_know_where_they_end() {
        let mut log = Log::default();
        log.begin_epoch(0);
        assert_eq!(log.earliest_epoch(), Some(0));
        append(&mut log, &batch(&[1, 1], 1), 0);
        log.begin_epoch(1);
        log.begin_epoch(3);
        append(&mut log, &batch(&[1], 1), 3);
        // Nothing was written in epoch 1, so that it is forgotten.
        assert_eq!(log.end_of_epoch(0), Some((0, 2)));
        assert_eq!(log.end_of_epoch(1), Some((0, 2)));
        assert_eq!(log.end_of_epoch(3), Some((3, 3)));
        assert_eq!(log.end_of_epoch(4), None);
        assert_eq!(log.end_of_epoch(-1), None);
    }
}
