//! AbortedTxn: an entry of a log segment's index of aborted transactions (KIP-98).

use milena_protocol_derive::Message;

/// An entry of a log segment's index of aborted transactions (KIP-98).
///
/// Not on the wire but in a broker's files, after its version as an i16. Version 0, not flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0")]
pub struct AbortedTxn {
    /// Whose transaction it was.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: i64,
    /// Offset of its abort marker.
    pub last_offset: i64,
    /// The last stable offset when the marker was written.
    pub last_stable_offset: i64,
}
