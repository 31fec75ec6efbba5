//! Where a finding lies, and its way out as text or as JSON.

use std::io::{self, Write};

use super::message::Finding;
use super::{json, text};

/// Where a finding lies in the input.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    /// Its first byte, that of its length if it has one.
    pub(crate) offset: usize,
    /// The byte from which the finding counts its own offsets.
    pub(crate) start: usize,
    /// Its bytes, from `offset` on.
    pub(crate) length: usize,
    /// Of a capture, where there.
    pub(crate) origin: Option<Origin<'a>>,
}

/// The packet that completed a frame.
#[derive(Clone, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) packet: usize,
    /// In seconds since the Unix epoch, if the capture says it.
    pub(crate) time: Option<String>,
    /// Both ends: `127.0.0.1:50000 > 127.0.0.1:9092`.
    pub(crate) connection: &'a str,
}

/// Writes findings, and remembers whether there was anything wrong.
pub(crate) struct Reporter<W> {
    pub(crate) output: W,
    pub(crate) as_json: bool,
    pub(crate) with_records: bool,
    pub(crate) is_right: bool,
}

impl<W: Write> Reporter<W> {
    pub(crate) fn show(&mut self, place: &Place<'_>, finding: &Finding) -> io::Result<()> {
        let write = if self.as_json { json::write } else { text::write };
        let are_records_right = write(&mut self.output, place, finding, self.with_records)?;
        let is_malformed = finding.trouble.as_ref().is_some_and(|trouble| !trouble.is_note);
        self.is_right &= are_records_right && !is_malformed;
        Ok(())
    }
}
