//! Control records: what brokers write between the records for clients to act upon.
//!
//! ```text
//! key:  version i16 · type i16          value, end of a transaction: version i16 · coordinator_epoch i32
//! ```
//!
//! Source: KIP-98 (transactions), KIP-595 and KIP-630 (raft and its snapshots), KIP-853 (voters).

use bytes::Bytes;

use super::{BatchBuilder, BatchOptions, Record};
use crate::error::{DecodeError, EncodeError};
use crate::names::ProducerId;
use crate::parse::{self, Parsed, Reason, be_i16, be_i32};

/// What a record of a control batch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlRecord {
    /// The producer's transaction is aborted: its records before this one are to be skipped.
    Abort(EndTransactionMarker),
    /// The producer's transaction is committed.
    Commit(EndTransactionMarker),
    /// A new leader of a raft quorum; the value is a `LeaderChangeMessage`.
    LeaderChange,
    /// The first record of a snapshot; the value is a `SnapshotHeaderRecord`.
    SnapshotHeader,
    /// The last record of a snapshot; the value is a `SnapshotFooterRecord`.
    SnapshotFooter,
    /// The version of the raft protocol; the value is a `KRaftVersionRecord`.
    KRaftVersion,
    /// Who may vote; the value is a `VotersRecord`.
    KRaftVoters,
    /// A type that was not known when this was written: to be passed over.
    Unknown(i16),
}

/// The value of a record that ends a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndTransactionMarker {
    /// Counts the leaders of the transaction coordinator's partition, so that an old one's markers are refused.
    pub coordinator_epoch: i32,
}

impl ControlRecord {
    /// Reads a record of a control batch.
    ///
    /// # Errors
    /// No key, or one too short; the same of the value of a record that ends a transaction. Later versions
    /// are read as far as they are known.
    pub fn read(record: &Record<'_>) -> Result<Self, DecodeError> {
        let in_field = |name| move |error: DecodeError| error.in_field(name);
        let (_, kind) = parse::parse(key, record.key.unwrap_or_default()).map_err(in_field("key"))?;
        let marker = || {
            let (_, marker) =
                parse::parse(marker, record.value.unwrap_or_default()).map_err(in_field("value"))?;
            Ok(marker)
        };
        Ok(match kind {
            0 => Self::Abort(marker()?),
            1 => Self::Commit(marker()?),
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KRaftVersion,
            6 => Self::KRaftVoters,
            other => Self::Unknown(other),
        })
    }

    /// The number of the type, in the key.
    #[must_use]
    pub fn id(&self) -> i16 {
        match self {
            Self::Abort(_) => 0,
            Self::Commit(_) => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KRaftVersion => 5,
            Self::KRaftVoters => 6,
            Self::Unknown(id) => *id,
        }
    }
}

impl EndTransactionMarker {
    /// The control batch that commits what `producer_id` has written in this partition.
    ///
    /// # Errors
    /// A timestamp below −1.
    pub fn commit(self, timestamp: i64, producer_id: ProducerId, epoch: i16) -> Result<Bytes, EncodeError> {
        self.batch(ControlRecord::Commit(self), timestamp, producer_id, epoch)
    }

    /// The control batch that aborts it.
    ///
    /// # Errors
    /// A timestamp below −1.
    pub fn abort(self, timestamp: i64, producer_id: ProducerId, epoch: i16) -> Result<Bytes, EncodeError> {
        self.batch(ControlRecord::Abort(self), timestamp, producer_id, epoch)
    }

    fn batch(
        self,
        record: ControlRecord,
        timestamp: i64,
        producer_id: ProducerId,
        producer_epoch: i16,
    ) -> Result<Bytes, EncodeError> {
        let [high, low] = record.id().to_be_bytes();
        let key = [0, 0, high, low];
        let mut value = [0; 6];
        value[2..].copy_from_slice(&self.coordinator_epoch.to_be_bytes());

        let options = BatchOptions {
            producer_id,
            producer_epoch,
            transactional: true,
            control: true,
            ..BatchOptions::default()
        };
        let mut builder = BatchBuilder::new(Vec::with_capacity(78), options);
        builder.append(timestamp, Some(&key), Some(&value), [])?;
        builder.build()
    }
}

fn key(input: &[u8]) -> Parsed<'_, i16> {
    let (rest, _version) = version(input)?;
    be_i16(rest)
}

fn marker(input: &[u8]) -> Parsed<'_, EndTransactionMarker> {
    let (rest, _version) = version(input)?;
    let (rest, coordinator_epoch) = be_i32(rest)?;
    Ok((rest, EndTransactionMarker { coordinator_epoch }))
}

/// Later versions begin as this one does; there are none below 0.
fn version(input: &[u8]) -> Parsed<'_, i16> {
    match be_i16(input)? {
        (_, ..0) => parse::fail(input, Reason::Rule("a control record of a version below 0")),
        parsed => Ok(parsed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Limits, Part, batches};

    fn read(key: &[u8], value: &[u8]) -> Result<ControlRecord, DecodeError> {
        let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
        builder.append(0, Some(key), Some(value), []).unwrap();
        let Some(Ok(Part::Batch(batch))) = batches(&builder.build().unwrap()).next() else { panic!() };
        let set = batch.records(&Limits::default()).unwrap();
        ControlRecord::read(&set.iter().next().unwrap().unwrap())
    }

    #[test]
    fn markers_are_read_as_they_are_written() {
        let marker = EndTransactionMarker { coordinator_epoch: 49 };
        for (built, expected) in [
            (marker.commit(5, ProducerId(70), 2), ControlRecord::Commit(marker)),
            (marker.abort(5, ProducerId(70), 2), ControlRecord::Abort(marker)),
        ] {
            let Some(Ok(Part::Batch(batch))) = batches(&built.unwrap()).next() else { panic!() };
            let attributes = batch.header().attributes;
            assert!(attributes.is_control() && attributes.is_transactional());
            assert_eq!(batch.header().producer_id, ProducerId(70));
            let set = batch.records(&Limits::default()).unwrap();
            let record = set.iter().next().unwrap().unwrap();
            assert_eq!(ControlRecord::read(&record).unwrap(), expected);
        }
    }

    #[test]
    fn types_are_told_apart_and_unknown_ones_kept() {
        for (id, expected) in [
            (2, ControlRecord::LeaderChange),
            (3, ControlRecord::SnapshotHeader),
            (4, ControlRecord::SnapshotFooter),
            (5, ControlRecord::KRaftVersion),
            (6, ControlRecord::KRaftVoters),
            (99, ControlRecord::Unknown(99)),
        ] {
            let record = read(&[0, 0, 0, id], b"").unwrap();
            assert_eq!((record, record.id()), (expected, i16::from(id)));
        }
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let commit = read(&[0, 1, 0, 1, 9, 9], &[0, 1, 0, 0, 0, 7, 9, 9]).unwrap();
        assert_eq!(commit, ControlRecord::Commit(EndTransactionMarker { coordinator_epoch: 7 }));
    }

    #[test]
    fn keys_and_values_that_are_cut_are_errors() {
        assert_eq!(read(&[0, 0, 0], b"").unwrap_err().path(), "key");
        assert_eq!(read(&[0xff, 0xff, 0, 1], b"").unwrap_err().path(), "key");
        assert_eq!(read(&[0, 0, 0, 1], &[0, 0, 0, 0, 0]).unwrap_err().path(), "value");
    }
}
