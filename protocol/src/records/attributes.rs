//! The attribute bits of a batch.

use super::Compression;
use crate::error::DecodeError;

/// The attributes of a batch, as they lie on the wire; unknown bits are kept.
///
/// ```text
/// bit  15 … 7    6               5        4              3               2 … 0
///      unused    delete horizon  control  transactional  timestamp type  compression
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub i16);

/// Who set the timestamps of a batch's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer, for each record.
    #[default]
    CreateTime,
    /// The broker, when it appended the batch: the header's `max_timestamp` holds for every record.
    LogAppendTime,
}

impl Attributes {
    const COMPRESSION: i16 = 0b111;
    const LOG_APPEND_TIME: i16 = 1 << 3;
    const TRANSACTIONAL: i16 = 1 << 4;
    const CONTROL: i16 = 1 << 5;
    const DELETE_HORIZON: i16 = 1 << 6;

    /// How the records are compressed.
    ///
    /// # Errors
    /// [`UnknownCompression`](crate::error::DecodeErrorKind::UnknownCompression) for the ids 5 to 7.
    pub fn compression(self) -> Result<Compression, DecodeError> {
        Compression::from_id((self.0 & Self::COMPRESSION) as u8)
    }

    /// Who set the timestamps.
    #[must_use]
    pub fn timestamp_type(self) -> TimestampType {
        if self.has(Self::LOG_APPEND_TIME) { TimestampType::LogAppendTime } else { TimestampType::CreateTime }
    }

    /// Whether the records belong to a transaction.
    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.has(Self::TRANSACTIONAL)
    }

    /// Whether this is a control batch: written by brokers for clients, never shown to applications.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.has(Self::CONTROL)
    }

    /// Whether `base_timestamp` is the time from which the cleaner may drop the batch's tombstones (KIP-534).
    #[must_use]
    pub fn has_delete_horizon(self) -> bool {
        self.has(Self::DELETE_HORIZON)
    }

    /// The same with this compression.
    #[must_use]
    pub fn with_compression(self, compression: Compression) -> Self {
        Self(self.0 & !Self::COMPRESSION | i16::from(compression.id()))
    }

    /// The same with this timestamp type.
    #[must_use]
    pub fn with_timestamp_type(self, timestamp_type: TimestampType) -> Self {
        self.with(Self::LOG_APPEND_TIME, timestamp_type == TimestampType::LogAppendTime)
    }

    /// The same, in a transaction or not.
    #[must_use]
    pub fn with_transactional(self, transactional: bool) -> Self {
        self.with(Self::TRANSACTIONAL, transactional)
    }

    /// The same, as a control batch or not.
    #[must_use]
    pub fn with_control(self, control: bool) -> Self {
        self.with(Self::CONTROL, control)
    }

    /// The same, with or without a delete horizon.
    #[must_use]
    pub fn with_delete_horizon(self, horizon: bool) -> Self {
        self.with(Self::DELETE_HORIZON, horizon)
    }

    fn has(self, bit: i16) -> bool {
        self.0 & bit != 0
    }

    fn with(self, bit: i16, set: bool) -> Self {
        Self(if set { self.0 | bit } else { self.0 & !bit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setter_sets_its_bit_and_no_other() {
        let none = Attributes::default();
        assert_eq!(none.with_compression(Compression::Zstd), Attributes(0x04));
        assert_eq!(none.with_timestamp_type(TimestampType::LogAppendTime), Attributes(0x08));
        assert_eq!(none.with_transactional(true), Attributes(0x10));
        assert_eq!(none.with_control(true), Attributes(0x20));
        assert_eq!(none.with_delete_horizon(true), Attributes(0x40));
        assert_eq!(Attributes(0x7f).with_control(false), Attributes(0x5f));
    }

    #[test]
    fn ids_five_to_seven_name_no_compression() {
        for id in 5..8 {
            assert!(Attributes(id).compression().is_err());
        }
    }
}
