//! Packets out of a capture, whichever of the two formats it has.

use std::fmt;

use super::{pcap, pcapng};

/// A packet, as far as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// The first of a capture is 1, as other tools count them.
    pub(crate) number: usize,
    /// When it was captured, if the capture says so.
    pub(crate) time: Option<Time>,
    /// The kind of link header that it begins with.
    pub(crate) link_type: u16,
    pub(crate) bytes: &'a [u8],
}

/// Seconds and nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time {
    pub(crate) seconds: u64,
    pub(crate) nanoseconds: u32,
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.seconds, self.nanoseconds / 1000)
    }
}

/// Whether the bytes begin as a capture does, in either format.
pub(crate) fn is_capture(file: &[u8]) -> bool {
    pcap::is_pcap(file) || pcapng::is_pcapng(file)
}

/// The packets of a capture, in its order. After an error there is nothing more.
///
/// # Errors
/// A sentence that says where the capture is broken; or that it is none.
pub(crate) fn packets(file: &[u8]) -> Box<dyn Iterator<Item = Result<Packet<'_>, String>> + '_> {
    if pcapng::is_pcapng(file) {
        return Box::new(pcapng::packets(file));
    }
    match pcap::packets(file) {
        Some(packets) => Box::new(packets),
        None => Box::new(std::iter::once(Err("this is not a capture, neither pcap nor pcapng".to_owned()))),
    }
}
