//! ControlRecordTypeSchema: the key of a control record, without its version.

use milena_protocol_derive::Message;

/// The key of a control record: what kind of record it is.
///
/// In a log it follows its version as an i16. Version 0, not flexible.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0")]
pub struct ControlRecordTypeSchema {
    /// 0 abort, 1 commit, 2 leader change, 3 and 4 snapshot header and footer, 5 KRaft version, 6 voters.
    pub r#type: i16,
}
