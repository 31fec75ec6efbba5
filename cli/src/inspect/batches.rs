//! The batches of a records field, looked at one after another.

use bytes::Bytes;
use protocol::Message;
use protocol::json::{JsonForm, Value};
use protocol::records::{
    BatchHeader, ControlRecord, LegacyHeader, Limits, Part, Record, RecordBatch, TimestampType, batches,
};
use serde_json::json;

use super::message::Trouble;

/// Whoever shows a records field.
pub(crate) trait Show {
    /// What showing can fail with.
    type Error;

    /// A batch begins; `crc` is what its checksum says.
    fn batch(&mut self, place: &Place, about: &About, crc: Result<(), Trouble>) -> Result<(), Self::Error>;

    /// A record of it; of a control batch also what it says.
    fn record(&mut self, record: &Record<'_>, control: Option<&ControlRecord>) -> Result<(), Self::Error>;

    /// Its records cannot be read, or not any further. The offset counts from the start of the batch, or of what it
    /// inflates to.
    fn damaged(&mut self, place: &Place, trouble: Trouble) -> Result<(), Self::Error>;

    /// The batch ends.
    fn end(&mut self) -> Result<(), Self::Error>;

    /// The field ends within a batch, which is common in answers to Fetch.
    fn cut(&mut self, place: &Place, missing: usize) -> Result<(), Self::Error>;
}

/// Where a batch lies in its field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) index: usize,
    pub(crate) offset: usize,
    pub(crate) size: usize,
}

/// The header of a batch of any format.
#[derive(Debug)]
pub(crate) enum About {
    Batch(BatchHeader),
    Legacy(LegacyHeader),
}

impl About {
    /// Magic 0, 1 or 2.
    pub(crate) fn magic(&self) -> i8 {
        match self {
            Self::Batch(header) => header.magic,
            Self::Legacy(header) => header.format.magic(),
        }
    }

    /// The name of the compression, or that it is not known.
    pub(crate) fn compression(&self) -> &'static str {
        let attributes = match self {
            Self::Batch(header) => header.attributes,
            Self::Legacy(header) => header.attributes,
        };
        attributes.compression().map_or("unknown", |compression| compression.name())
    }

    /// `create` or `append`: whether the producer or the broker set the time.
    pub(crate) fn timestamp_type(&self) -> Option<&'static str> {
        let timestamp_type = match self {
            Self::Batch(header) => Some(header.attributes.timestamp_type()),
            Self::Legacy(header) => header.timestamp_type(),
        };
        timestamp_type.map(|kind| if kind == TimestampType::CreateTime { "create" } else { "append" })
    }
}

/// Shows the batches of `field`, with their records if that is wanted; gives whether all of them are whole and right.
pub(crate) fn show<S: Show>(field: &Bytes, with_records: bool, show: &mut S) -> Result<bool, S::Error> {
    let (mut is_right, mut offset) = (true, 0);
    for (index, part) in batches(field).enumerate() {
        let place_of = |size| Place { index, offset, size };
        match part {
            Ok(Part::Batch(batch)) => {
                let place = place_of(batch.size());
                let crc = batch.verify_crc().map_err(Trouble::from);
                is_right &= crc.is_ok();
                let is_checked = crc.is_ok();
                show.batch(&place, &About::Batch(*batch.header()), crc)?;
                if with_records && is_checked {
                    is_right &= show_records(&batch, &place, show)?;
                }
                show.end()?;
                offset += place.size;
            }
            Ok(Part::Legacy(batch)) => {
                let place = place_of(batch.size());
                let crc = batch.verify_crc().map_err(Trouble::from);
                is_right &= crc.is_ok();
                let is_checked = crc.is_ok();
                show.batch(&place, &About::Legacy(*batch.header()), crc)?;
                if with_records && is_checked {
                    match batch.records(&Limits::default()) {
                        Ok(set) => is_right &= show_each(set.iter(), |_| None, &place, show)?,
                        Err(error) => {
                            show.damaged(&place, error.into())?;
                            is_right = false;
                        }
                    }
                }
                show.end()?;
                offset += place.size;
            }
            Ok(Part::Cut { have, missing }) => show.cut(&place_of(have), missing)?,
            // There are no other parts.
            Ok(_) => {}
            Err(error) => {
                is_right = false;
                // The iterator's offset is in the field; here it counts from the batch.
                let mut trouble = Trouble::from(error);
                trouble.offset = trouble.offset.saturating_sub(offset);
                show.damaged(&place_of(field.len() - offset), trouble)?;
            }
        }
    }
    Ok(is_right)
}

fn show_records<S: Show>(batch: &RecordBatch, place: &Place, show: &mut S) -> Result<bool, S::Error> {
    let is_control = batch.header().attributes.is_control();
    let control = |record: &Record<'_>| if is_control { ControlRecord::read(record).ok() } else { None };
    match batch.records(&Limits::default()) {
        Ok(set) => show_each(set.iter(), control, place, show),
        Err(error) => show.damaged(place, error.into()).map(|()| false),
    }
}

fn show_each<'a, S: Show>(
    records: impl Iterator<Item = Result<Record<'a>, protocol::DecodeError>>,
    control: impl Fn(&Record<'_>) -> Option<ControlRecord>,
    place: &Place,
    show: &mut S,
) -> Result<bool, S::Error> {
    for record in records {
        match record {
            Ok(record) => show.record(&record, control(&record).as_ref())?,
            Err(error) => return show.damaged(place, error.into()).map(|()| false),
        }
    }
    Ok(true)
}

/// The JSON form of what a control record says; null of a type that is not known.
pub(crate) fn control_value(record: &ControlRecord) -> Value {
    fn of<M: Message + JsonForm>(message: &M) -> Value {
        message.to_json(M::VERSIONS.highest()).unwrap_or_default()
    }
    match record {
        ControlRecord::Abort(marker) | ControlRecord::Commit(marker) => {
            json!({ "coordinatorEpoch": marker.coordinator_epoch })
        }
        ControlRecord::LeaderChange(message) => of(message),
        ControlRecord::SnapshotHeader(message) => of(message),
        ControlRecord::SnapshotFooter(message) => of(message),
        ControlRecord::KRaftVersion(message) => of(message),
        ControlRecord::KRaftVoters(message) => of(message),
        _ => Value::Null,
    }
}
