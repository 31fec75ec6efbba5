//! The batches of a records field, looked at one after another.

use bytes::Bytes;
use protocol::DecodeError;
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

    /// A record of it; of a control batch also what it says, if that could be read.
    fn record(&mut self, record: &Record<'_>, control: Option<&Control>) -> Result<(), Self::Error>;

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

/// What a control record says, and the version in which it was read.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) record: ControlRecord,
    version: i16,
}

/// Shows the batches of `field`, with their records if that is wanted; gives whether all of them are whole and right.
/// The records are read in any case, for damage in them is told whether they are shown or not.
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
                if is_checked {
                    is_right &= show_records(&batch, &place, with_records, show)?;
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
                if is_checked {
                    match batch.records(&Limits::default()) {
                        Ok(set) => {
                            is_right &= show_each(set.iter(), |_, _| Ok(None), &place, with_records, show)?;
                        }
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

fn show_records<S: Show>(
    batch: &RecordBatch,
    place: &Place,
    is_wanted: bool,
    show: &mut S,
) -> Result<bool, S::Error> {
    let set = match batch.records(&Limits::default()) {
        Ok(set) => set,
        Err(error) => return show.damaged(place, error.into()).map(|()| false),
    };
    let records_at = if batch.is_compressed() { 0 } else { batch.size() - set.payload().len() };
    let control = |index: usize, record: &Record<'_>| {
        if !batch.header().attributes.is_control() {
            return Ok(None);
        }
        let read = ControlRecord::read_with_version(record);
        read.map(|(record, version)| Some(Control { record, version })).map_err(|error| {
            // Its offset is in the key or in the value, which are slices of the records.
            let field = if error.path() == "key" { record.key } else { record.value };
            let start = field.map_or(0, |field| field.as_ptr().addr() - set.payload().as_ptr().addr());
            error.in_element(index).in_field("records").shifted_by(records_at + start)
        })
    };
    show_each(set.iter(), control, place, is_wanted, show)
}

fn show_each<'a, S: Show>(
    records: impl Iterator<Item = Result<Record<'a>, DecodeError>>,
    control: impl Fn(usize, &Record<'_>) -> Result<Option<Control>, DecodeError>,
    place: &Place,
    is_wanted: bool,
    show: &mut S,
) -> Result<bool, S::Error> {
    for (index, record) in records.enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => return show.damaged(place, error.into()).map(|()| false),
        };
        let (control, error) = match control(index, &record) {
            Ok(control) => (control, None),
            Err(error) => (None, Some(error)),
        };
        if is_wanted {
            show.record(&record, control.as_ref())?;
        }
        if let Some(error) = error {
            return show.damaged(place, error.into()).map(|()| false);
        }
    }
    Ok(true)
}

/// The JSON form of what a control record says, in the version in which it was read; null of a type that is not known.
pub(crate) fn control_value(control: &Control) -> Value {
    let version = control.version;
    let shown = match &control.record {
        ControlRecord::Abort(marker) | ControlRecord::Commit(marker) => {
            return json!({ "coordinatorEpoch": marker.coordinator_epoch });
        }
        ControlRecord::LeaderChange(message) => message.to_json(version),
        ControlRecord::SnapshotHeader(message) => message.to_json(version),
        ControlRecord::SnapshotFooter(message) => message.to_json(version),
        ControlRecord::KRaftVersion(message) => message.to_json(version),
        ControlRecord::KRaftVoters(message) => message.to_json(version),
        _ => return Value::Null,
    };
    // What was read in a version has a form in it.
    shown.unwrap_or_default()
}
