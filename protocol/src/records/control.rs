//! Control records: what brokers write between the records for clients to act upon.
//!
//! ```text
//! key:  version i16 · type i16          value, end of a transaction: version i16 · coordinator_epoch i32
//!                                       value, all others: the message of that name, in version 0
//! ```
//!
//! Source: KIP-98 (transactions), KIP-595 and KIP-630 (raft and its snapshots), KIP-853 (voters); Kafka's classes
//! `ControlRecordType` and `ControlRecordUtils`.

use bytes::Bytes;

use super::{BatchBuilder, BatchOptions, Record};
use crate::error::{DecodeError, EncodeError};
use crate::messages::{
    KRaftVersionRecord, LeaderChangeMessage, SnapshotFooterRecord, SnapshotHeaderRecord, VotersRecord,
};
use crate::names::ProducerId;
use crate::parse::{self, Parsed, Reason, be_i16, be_i32};
use crate::wire::Message;

/// What a record of a control batch says.
///
/// ```
/// use milena_protocol::messages::LeaderChangeMessage;
/// use milena_protocol::names::BrokerId;
/// use milena_protocol::records::{BatchOptions, ControlRecord, Limits, Part, batches};
///
/// let message = LeaderChangeMessage { leader_id: BrokerId(3), ..Default::default() };
/// let elected = ControlRecord::LeaderChange(message);
/// let options = BatchOptions { base_offset: 70, partition_leader_epoch: 5, ..Default::default() };
/// let bytes = elected.batch(1_700_000_000_000, options)?;
///
/// let Some(Ok(Part::Batch(batch))) = batches(&bytes).next() else { panic!("no batch") };
/// assert!(batch.header().attributes.is_control());
/// let set = batch.records(&Limits::default())?;
/// for record in &set {
///     assert_eq!(ControlRecord::read(&record?)?, elected);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ControlRecord {
    /// The producer's transaction is aborted: its records before this one are to be skipped.
    Abort(EndTransactionMarker),
    /// The producer's transaction is committed.
    Commit(EndTransactionMarker),
    /// A new leader of a raft quorum.
    LeaderChange(LeaderChangeMessage),
    /// The first record of a snapshot.
    SnapshotHeader(SnapshotHeaderRecord),
    /// The last record of a snapshot.
    SnapshotFooter(SnapshotFooterRecord),
    /// The version of the raft protocol.
    KRaftVersion(KRaftVersionRecord),
    /// Who may vote.
    KRaftVoters(VotersRecord),
    /// A type that was not known when this was written: to be passed over, or to be handed on as it is.
    Unknown {
        /// The number of the type.
        id: i16,
        /// What the record's value is.
        value: Option<Bytes>,
    },
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
    /// No key, or one too short; a value that is not what its type asks for. Later versions of keys and of the ends of
    /// transactions are read as far as they are known.
    pub fn read(record: &Record<'_>) -> Result<Self, DecodeError> {
        Self::read_with_version(record).map(|(control, _)| control)
    }

    /// As [`read`](Self::read), and gives the version in which the value was read: that of the message, or that which
    /// the end of a transaction names; 0 of a type that is not known.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_with_version(record: &Record<'_>) -> Result<(Self, i16), DecodeError> {
        let in_field = |name| move |error: DecodeError| error.in_field(name);
        let (_, id) = parse::parse(key, record.key.unwrap_or_default()).map_err(in_field("key"))?;
        Self::of_kind(id, record.value).map_err(in_field("value"))
    }

    fn of_kind(id: i16, value: Option<&[u8]>) -> Result<(Self, i16), DecodeError> {
        fn of<T>(kind: fn(T) -> ControlRecord, (value, version): (T, i16)) -> (ControlRecord, i16) {
            (kind(value), version)
        }
        let known = value.unwrap_or_default();
        let marker = || parse::parse(marker, known).map(|(_, marker)| marker);
        Ok(match id {
            0 => of(Self::Abort, marker()?),
            1 => of(Self::Commit, marker()?),
            2 => of(Self::LeaderChange, message(known)?),
            3 => of(Self::SnapshotHeader, message(known)?),
            4 => of(Self::SnapshotFooter, message(known)?),
            5 => of(Self::KRaftVersion, message(known)?),
            6 => of(Self::KRaftVoters, message(known)?),
            id => (Self::Unknown { id, value: value.map(Bytes::copy_from_slice) }, 0),
        })
    }

    /// The number of the type, in the key.
    #[must_use]
    pub fn id(&self) -> i16 {
        match self {
            Self::Abort(_) => 0,
            Self::Commit(_) => 1,
            Self::LeaderChange(_) => 2,
            Self::SnapshotHeader(_) => 3,
            Self::SnapshotFooter(_) => 4,
            Self::KRaftVersion(_) => 5,
            Self::KRaftVoters(_) => 6,
            Self::Unknown { id, .. } => *id,
        }
    }

    /// Kafka's name of the type, such as `LEADER_CHANGE`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Abort(_) => "ABORT",
            Self::Commit(_) => "COMMIT",
            Self::LeaderChange(_) => "LEADER_CHANGE",
            Self::SnapshotHeader(_) => "SNAPSHOT_HEADER",
            Self::SnapshotFooter(_) => "SNAPSHOT_FOOTER",
            Self::KRaftVersion(_) => "KRAFT_VERSION",
            Self::KRaftVoters(_) => "KRAFT_VOTERS",
            Self::Unknown { .. } => "UNKNOWN",
        }
    }

    /// A control batch of this record. `options` say the rest: offset, epochs, and for the end of a transaction its
    /// producer and that it is transactional, as [`EndTransactionMarker::commit`] and
    /// [`abort`](EndTransactionMarker::abort) fill in; `control` is set whatever they say.
    ///
    /// # Errors
    /// A timestamp below −1; a value that cannot be written.
    pub fn batch(&self, timestamp: i64, options: BatchOptions) -> Result<Bytes, EncodeError> {
        let [high, low] = self.id().to_be_bytes();
        let (key, value) = ([0, 0, high, low], self.value()?);
        let mut builder = BatchBuilder::new(Vec::new(), BatchOptions { control: true, ..options });
        builder.append(timestamp, Some(&key), value.as_deref(), [])?;
        builder.build()
    }

    fn value(&self) -> Result<Option<Bytes>, EncodeError> {
        let value = match self {
            Self::Abort(marker) | Self::Commit(marker) => {
                let mut value = [0; 6];
                value[2..].copy_from_slice(&marker.coordinator_epoch.to_be_bytes());
                Ok(Bytes::copy_from_slice(&value))
            }
            Self::LeaderChange(message) => message.to_bytes(SCHEMA_VERSION),
            Self::SnapshotHeader(message) => message.to_bytes(SCHEMA_VERSION),
            Self::SnapshotFooter(message) => message.to_bytes(SCHEMA_VERSION),
            Self::KRaftVersion(message) => message.to_bytes(SCHEMA_VERSION),
            Self::KRaftVoters(message) => message.to_bytes(SCHEMA_VERSION),
            Self::Unknown { value, .. } => return Ok(value.clone()),
        };
        value.map(Some)
    }
}

/// The version in which Kafka writes and reads all messages in control records. The `version` within them is data: it
/// says what the writer knew.
const SCHEMA_VERSION: i16 = 0;

/// The message in a value, and the version it was read in. What does not read in Kafka's version may have been written
/// in the one that it names.
fn message<M: Message>(value: &[u8]) -> Result<(M, i16), DecodeError> {
    let value = Bytes::copy_from_slice(value);
    let read = |version| M::read(&value, version).map(|message| (message, version));
    read(SCHEMA_VERSION).or_else(|error| match value.first_chunk().copied().map(i16::from_be_bytes) {
        Some(named @ 1..) => read(named).map_err(|_| error),
        _ => Err(error),
    })
}

impl EndTransactionMarker {
    /// The control batch that commits what `producer_id` has written in this partition.
    ///
    /// # Errors
    /// A timestamp below −1.
    pub fn commit(self, timestamp: i64, producer_id: ProducerId, epoch: i16) -> Result<Bytes, EncodeError> {
        ControlRecord::Commit(self).batch(timestamp, of_transaction(producer_id, epoch))
    }

    /// The control batch that aborts it.
    ///
    /// # Errors
    /// A timestamp below −1.
    pub fn abort(self, timestamp: i64, producer_id: ProducerId, epoch: i16) -> Result<Bytes, EncodeError> {
        ControlRecord::Abort(self).batch(timestamp, of_transaction(producer_id, epoch))
    }
}

fn of_transaction(producer_id: ProducerId, producer_epoch: i16) -> BatchOptions {
    BatchOptions { producer_id, producer_epoch, transactional: true, ..BatchOptions::default() }
}

fn key(input: &[u8]) -> Parsed<'_, i16> {
    let (rest, _version) = version(input)?;
    be_i16(rest)
}

fn marker(input: &[u8]) -> Parsed<'_, (EndTransactionMarker, i16)> {
    let (rest, version) = version(input)?;
    let (rest, coordinator_epoch) = be_i32(rest)?;
    Ok((rest, (EndTransactionMarker { coordinator_epoch }, version)))
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
    use crate::messages::{leader_change_message, voters_record};
    use crate::names::{BrokerId, Uuid};
    use crate::records::{Limits, Part, batches};

    fn read(key: &[u8], value: &[u8]) -> Result<ControlRecord, DecodeError> {
        read_with_version(key, Some(value)).map(|(control, _)| control)
    }

    fn read_with_version(key: &[u8], value: Option<&[u8]>) -> Result<(ControlRecord, i16), DecodeError> {
        let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
        builder.append(0, Some(key), value, []).unwrap();
        let Some(Ok(Part::Batch(batch))) = batches(&builder.build().unwrap()).next() else { panic!() };
        let set = batch.records(&Limits::default()).unwrap();
        ControlRecord::read_with_version(&set.iter().next().unwrap().unwrap())
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

    /// One of each kind, but for the ends of transactions.
    fn of_the_quorum() -> [ControlRecord; 5] {
        let voter = voters_record::Voter { voter_id: BrokerId(7), ..Default::default() };
        [
            ControlRecord::LeaderChange(LeaderChangeMessage { leader_id: BrokerId(3), ..Default::default() }),
            ControlRecord::SnapshotHeader(SnapshotHeaderRecord {
                last_contained_log_timestamp: 99,
                ..Default::default()
            }),
            ControlRecord::SnapshotFooter(SnapshotFooterRecord::default()),
            ControlRecord::KRaftVersion(KRaftVersionRecord { k_raft_version: 1, ..Default::default() }),
            ControlRecord::KRaftVoters(VotersRecord { voters: vec![voter], ..Default::default() }),
        ]
    }

    #[test]
    fn records_of_the_quorum_are_read_as_they_are_written() {
        for (record, id) in of_the_quorum().into_iter().zip(2..) {
            let options = BatchOptions { base_offset: 9, partition_leader_epoch: 5, ..Default::default() };
            let built = record.batch(5, options).unwrap();
            let Some(Ok(Part::Batch(batch))) = batches(&built).next() else { panic!() };
            let header = batch.header();
            assert!(header.attributes.is_control() && !header.attributes.is_transactional());
            assert_eq!((header.base_offset, header.partition_leader_epoch), (9, 5));
            let set = batch.records(&Limits::default()).unwrap();
            let read = ControlRecord::read(&set.iter().next().unwrap().unwrap()).unwrap();
            assert_eq!((&read, read.id()), (&record, id));
        }
    }

    #[test]
    fn a_value_is_read_in_the_version_it_names_if_not_in_kafkas() {
        let voter =
            leader_change_message::Voter { voter_directory_id: Uuid::from_u128(5), ..Default::default() };
        let message = LeaderChangeMessage { version: 1, voters: vec![voter], ..Default::default() };
        let value = message.to_bytes(1).unwrap();
        let key = [0, 0, 0, 2];
        let found = read_with_version(&key, Some(&value)).unwrap();
        assert_eq!(found, (ControlRecord::LeaderChange(message), 1));

        // Kafka writes version 0, whatever the value names.
        let message = LeaderChangeMessage { version: 1, ..Default::default() };
        let found = read_with_version(&key, Some(&message.to_bytes(0).unwrap())).unwrap();
        assert_eq!(found, (ControlRecord::LeaderChange(message), 0));
    }

    #[test]
    fn a_type_that_is_not_known_is_kept_with_its_value_and_written_again() {
        let key = [0, 0, 0, 99];
        for value in [Some(&b"anything"[..]), Some(b""), None] {
            let (record, _) = read_with_version(&key, value).unwrap();
            let kept = ControlRecord::Unknown { id: 99, value: value.map(Bytes::copy_from_slice) };
            assert_eq!((&record, record.id(), record.name()), (&kept, 99, "UNKNOWN"));

            let built = record.batch(0, BatchOptions::default()).unwrap();
            let Some(Ok(Part::Batch(batch))) = batches(&built).next() else { panic!() };
            let set = batch.records(&Limits::default()).unwrap();
            let again = set.iter().next().unwrap().unwrap();
            assert_eq!((again.key, again.value), (Some(&key[..]), value));
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
        for id in 2..=6 {
            assert_eq!(read(&[0, 0, 0, id], &[0]).unwrap_err().path(), "value.version");
        }
    }
}
