//! The frames of one direction of a connection, and which response answers which request.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use protocol::frame::Framer;
use protocol::{ApiKey, RequestHeader};

use super::message::{self, Finding, Trouble};

/// Bytes of the length before each frame.
pub(crate) const PREFIX: usize = 4;

/// A part of a stream.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Where it begins, length included, from the start of the stream.
    pub(crate) offset: usize,
    pub(crate) content: Content,
}

/// What a part of a stream is.
#[derive(Debug)]
pub(crate) enum Content {
    /// A whole frame, without its length.
    Frame(Bytes),
    /// A frame, or its length, that the stream ends in.
    Cut { have: usize, missing: usize },
    /// A length that no frame has. Where the next frame begins nobody can tell.
    Senseless(Trouble),
}

/// Cuts a stream into its frames.
pub(crate) fn pieces(stream: &[u8], max_frame_bytes: usize) -> impl Iterator<Item = Piece> {
    let framer = Framer::new(max_frame_bytes);
    let (total, mut rest) = (stream.len(), BytesMut::from(stream));
    std::iter::from_fn(move || {
        let (offset, have) = (total - rest.len(), rest.len());
        let content = match framer.next(&mut rest) {
            _ if have == 0 => return None,
            Ok(Some(frame)) => return Some(Piece { offset, content: Content::Frame(frame) }),
            Ok(None) => Content::Cut { have, missing: framer.missing(&rest) },
            Err(error) => Content::Senseless(error.into()),
        };
        rest.clear();
        Some(Piece { offset, content })
    })
}

/// The requests whose responses are still to come, by correlation id.
///
/// A client may use an id again; then the responses come in the order of the requests.
#[derive(Debug, Default)]
pub(crate) struct Awaited(BTreeMap<i32, VecDeque<(ApiKey, i16)>>);

impl Awaited {
    /// Notes a request.
    pub(crate) fn note(&mut self, frame: &Bytes) {
        if let Some((key, version, correlation_id)) = RequestHeader::peek(frame) {
            self.0.entry(correlation_id).or_default().push_back((key, version));
        }
    }

    /// Reads a response as the answer to the request with its correlation id.
    pub(crate) fn response(&mut self, frame: &Bytes) -> Finding {
        let asked = frame.first_chunk().and_then(|bytes| {
            let correlation_id = i32::from_be_bytes(*bytes);
            let requests = self.0.get_mut(&correlation_id)?;
            let asked = requests.pop_front();
            if requests.is_empty() {
                self.0.remove(&correlation_id);
            }
            asked
        });
        match asked {
            Some((key, version)) => message::response(key, version, frame),
            None => message::unmatched_response(frame),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_falls_into_frames_and_tells_how_it_ends() {
        let describe = |stream: &[u8]| -> Vec<String> {
            let show = |piece: Piece| match piece.content {
                Content::Frame(frame) => format!("{}+{}", piece.offset, frame.len()),
                Content::Cut { have, missing } => format!("{} cut {have}/{missing}", piece.offset),
                Content::Senseless(trouble) => format!("{} {}", piece.offset, trouble.kind),
            };
            pieces(stream, 10).map(show).collect()
        };
        assert_eq!(describe(&[]), [""; 0]);
        assert_eq!(describe(&[0, 0, 0, 1, 7, 0, 0, 0, 0]), ["0+1", "5+0"]);
        assert_eq!(describe(&[0, 0, 0, 1, 7, 0, 0]), ["0+1", "5 cut 2/2"]);
        assert_eq!(describe(&[0, 0, 0, 9, 7]), ["0 cut 5/8"]);
        assert_eq!(describe(&[0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0]), ["0+0", "4 FrameLength"]);
    }
}
