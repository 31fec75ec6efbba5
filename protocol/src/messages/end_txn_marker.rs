//! EndTxnMarker: the value of a control record that commits or aborts a transaction (KIP-98).

use milena_protocol_derive::Message;

/// The value of a control record that commits or aborts a transaction (KIP-98).
///
/// In a log it follows its version as an i16. Version 0, not flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0")]
pub struct EndTxnMarker {
    /// Epoch of the coordinator that had it written, so that an earlier one is fenced.
    pub coordinator_epoch: i32,
}
