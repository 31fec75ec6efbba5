//! Frames: a length, a header and a body, the unit on a connection.
//!
//! ```text
//! length i32 │ header │ body
//!            └── length bytes ──┘
//! ```

use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};
use bytestring::ByteString;

use crate::api::{Request, RequestMessage, Response};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};
use crate::header::{RequestHeader, ResponseHeader};
use crate::parse::{self, be_i32};
use crate::wire::Output;

/// The longest frame that Kafka's brokers take by default (`socket.request.max.bytes`), in bytes: 100 MiB.
pub const DEFAULT_MAX_FRAME_BYTES: usize = 100 * 1024 * 1024;

/// Bytes of the length before each frame.
const PREFIX: usize = 4;

/// Cuts a stream of bytes into frames.
///
/// It holds no bytes itself: the caller's buffer does, and grows as bytes arrive, never by what a length claims.
///
/// ```
/// use bytes::BytesMut;
/// use milena_protocol::frame::Framer;
///
/// let framer = Framer::new(1000);
/// let mut received = BytesMut::from(&[0, 0, 0, 2, 7, 8, 0, 0][..]);
/// assert_eq!(framer.next(&mut received)?.as_deref(), Some(&[7, 8][..]));
/// assert_eq!(framer.next(&mut received)?, None);
/// assert_eq!(framer.missing(&received), 2);
/// # Ok::<(), milena_protocol::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Framer {
    max_frame_bytes: usize,
}

impl Default for Framer {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_FRAME_BYTES)
    }
}

impl Framer {
    /// Accepts frames of up to so many bytes, the length itself not counted.
    #[must_use]
    pub const fn new(max_frame_bytes: usize) -> Self {
        Self { max_frame_bytes }
    }

    /// Takes a whole frame, without its length, off the front of what was received.
    ///
    /// # Errors
    /// [`DecodeErrorKind::FrameLength`] for a length that is negative or over the maximum.
    pub fn next(&self, received: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
        let Some(length) = self.length(received)? else { return Ok(None) };
        if received.len() - PREFIX < length {
            return Ok(None);
        }
        received.advance(PREFIX);
        Ok(Some(received.split_to(length).freeze()))
    }

    /// How many bytes the frame at the front still lacks, as far as is known: at least one.
    #[must_use]
    pub fn missing(&self, received: &[u8]) -> usize {
        match self.length(received) {
            Ok(Some(length)) => (PREFIX + length).saturating_sub(received.len()).max(1),
            _ => PREFIX.saturating_sub(received.len()).max(1),
        }
    }

    fn length(&self, received: &[u8]) -> Result<Option<usize>, DecodeError> {
        let Ok((_, length)) = parse::parse(be_i32, received) else { return Ok(None) };
        let limit = self.max_frame_bytes;
        match usize::try_from(length) {
            Ok(accepted) if accepted <= limit => Ok(Some(accepted)),
            _ => Err(DecodeError::new(DecodeErrorKind::FrameLength { length, limit }, 0)),
        }
    }
}

/// A frame ready for the socket, its length included.
///
/// Record batches in it are the slices that were given, not copies: it is a row of slices, to be written in one
/// vectored write. As a [`Buf`] it works with every writer that takes one.
#[derive(Clone, Debug, Default)]
pub struct EncodedFrame {
    /// In reverse, so that what is written comes off the end.
    parts: Vec<Bytes>,
    remaining: usize,
}

impl EncodedFrame {
    /// Makes a frame of slices that already are one.
    #[must_use]
    pub fn from_parts(mut parts: Vec<Bytes>) -> Self {
        parts.retain(|part| !part.is_empty());
        parts.reverse();
        let remaining = parts.iter().map(Bytes::len).sum();
        Self { parts, remaining }
    }

    /// The slices, in order.
    pub fn parts(&self) -> impl Iterator<Item = &Bytes> {
        self.parts.iter().rev()
    }

    /// Bytes in all, the length included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.remaining
    }

    /// Whether nothing is left of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The whole in one slice; a copy only if it is made of more than one.
    #[must_use]
    pub fn into_bytes(mut self) -> Bytes {
        match self.parts.len() {
            0 | 1 => self.parts.pop().unwrap_or_default(),
            _ => {
                let mut whole = Vec::with_capacity(self.len());
                self.parts().for_each(|part| whole.extend_from_slice(part));
                Bytes::from(whole)
            }
        }
    }
}

impl Buf for EncodedFrame {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.parts.last().map_or(&[], |part| part)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pairs = slices.iter_mut().zip(self.parts());
        pairs.map(|(slice, part)| *slice = IoSlice::new(part)).count()
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.remaining, "advanced past the end of the frame");
        self.remaining -= count;
        while let Some(part) = self.parts.last_mut() {
            if count < part.len() {
                part.advance(count);
                return;
            }
            count -= part.len();
            self.parts.pop();
        }
    }
}

/// Encodes a request with its header and length.
///
/// # Errors
/// A field that `version` cannot carry; a frame of 2 GiB or more.
pub fn encode_request<M: RequestMessage>(
    correlation_id: i32,
    client_id: Option<&str>,
    version: i16,
    request: &M,
) -> Result<EncodedFrame, EncodeError> {
    let header = RequestHeader {
        request_api_key: M::KEY,
        request_api_version: version,
        correlation_id,
        client_id: client_id.map(ByteString::from),
        unknown_tagged_fields: Default::default(),
    };
    let mut output = start();
    header.write(&mut output)?;
    request.write(version, &mut output)?;
    finish(output)
}

/// Encodes the response to a request of `version`, with its header and length.
///
/// # Errors
/// As [`encode_request`].
pub fn encode_response(
    version: i16,
    correlation_id: i32,
    response: &Response,
) -> Result<EncodedFrame, EncodeError> {
    let header = ResponseHeader { correlation_id, unknown_tagged_fields: Default::default() };
    forward_response(&header, version, response)
}

/// Encodes a request behind a header of its own, for proxies: the header's tagged fields go along.
///
/// # Errors
/// As [`encode_request`].
pub fn forward_request(header: &RequestHeader, request: &Request) -> Result<EncodedFrame, EncodeError> {
    let mut output = start();
    header.write(&mut output)?;
    request.encode(header.request_api_version, &mut output)?;
    finish(output)
}

/// Encodes the response to a request of `version` behind a header of its own, for proxies.
///
/// A refused ApiVersions request is answered in version 0, whatever was asked: `version` is what
/// [`answered_version`](crate::negotiation::answered_version) gives for the body that was received.
///
/// # Errors
/// As [`encode_request`].
pub fn forward_response(
    header: &ResponseHeader,
    version: i16,
    response: &Response,
) -> Result<EncodedFrame, EncodeError> {
    let mut output = start();
    header.write(response.api_key(), version, &mut output)?;
    response.encode(version, &mut output)?;
    finish(output)
}

fn start() -> Output {
    let mut output = Output::spliced(Vec::with_capacity(256));
    output.put(&[0; PREFIX]);
    output
}

fn finish(mut output: Output) -> Result<EncodedFrame, EncodeError> {
    let length = output.len() - PREFIX;
    let Ok(prefix) = i32::try_from(length) else {
        return Err(EncodeError::new(EncodeErrorKind::TooLong { length, limit: i32::MAX as usize }));
    };
    output.patch_i32(0, prefix);
    Ok(EncodedFrame::from_parts(output.into_parts()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiKey;
    use crate::messages::produce::{PartitionProduceData, TopicProduceData};
    use crate::messages::{MetadataResponse, ProduceRequest};
    use crate::wire::{Message, Records};

    #[test]
    fn a_length_that_is_negative_or_too_long_is_refused_before_a_byte_is_read() {
        for length in [-1_i32, i32::MIN, 1001, i32::MAX] {
            let mut received = BytesMut::from(&length.to_be_bytes()[..]);
            let error = Framer::new(1000).next(&mut received).unwrap_err();
            assert_eq!(*error.kind(), DecodeErrorKind::FrameLength { length, limit: 1000 });
            assert_eq!(received.capacity(), 4);
        }
    }

    #[test]
    fn frames_come_out_however_the_bytes_are_cut() {
        let stream = [0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3];
        for step in 1..=stream.len() {
            let (mut received, mut frames) = (BytesMut::new(), Vec::new());
            for piece in stream.chunks(step) {
                received.extend_from_slice(piece);
                while let Some(frame) = Framer::default().next(&mut received).unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, [&[7][..], &[], &[1, 2, 3]]);
        }
    }

    #[test]
    fn a_produce_request_carries_its_batch_by_reference() {
        let batch = Bytes::from(vec![1; 5000]);
        let request = ProduceRequest {
            topic_data: vec![TopicProduceData {
                name: "orders".into(),
                partition_data: vec![PartitionProduceData {
                    records: Some(Records::from(batch.clone())),
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let frame = encode_request(7, Some("me"), 9, &request).unwrap();
        assert!(frame.parts().any(|part| part.as_ptr() == batch.as_ptr()));

        let mut received = BytesMut::from(&frame.into_bytes()[..]);
        let frame = Framer::default().next(&mut received).unwrap().unwrap();
        let (header, body) = RequestHeader::read(&frame).unwrap();
        assert_eq!((header.request_api_key, header.correlation_id), (ApiKey::PRODUCE, 7));
        assert_eq!(Request::decode(ApiKey::PRODUCE, 9, &body).unwrap(), Request::Produce(request));
    }

    #[test]
    fn a_frame_is_written_whole_in_steps_of_any_size() {
        let parts = vec![Bytes::from_static(b"abc"), Bytes::new(), Bytes::from_static(b"defgh")];
        for step in 1..9 {
            let mut frame = EncodedFrame::from_parts(parts.clone());
            let mut written = Vec::new();
            while frame.has_remaining() {
                let count = step.min(frame.chunk().len());
                written.extend_from_slice(&frame.chunk()[..count]);
                frame.advance(count);
            }
            assert_eq!(written, b"abcdefgh");
        }
    }

    #[test]
    fn a_proxy_loses_nothing_of_a_header() {
        let mut header = RequestHeader {
            request_api_key: ApiKey::METADATA,
            request_api_version: 12,
            correlation_id: 3,
            ..Default::default()
        };
        header.unknown_tagged_fields.insert(9, Bytes::from_static(b"new"));
        let frame = forward_request(&header, &Request::Metadata(Default::default())).unwrap().into_bytes();
        assert_eq!(RequestHeader::read(&frame.slice(PREFIX..)).unwrap().0, header);
    }

    #[test]
    fn a_response_reads_back() {
        let response = MetadataResponse { cluster_id: Some("c".into()), ..Default::default() };
        let frame = encode_response(12, 5, &Response::Metadata(response.clone())).unwrap().into_bytes();
        let (header, body) = ResponseHeader::read(ApiKey::METADATA, 12, &frame.slice(PREFIX..)).unwrap();
        assert_eq!(header.correlation_id, 5);
        assert_eq!(MetadataResponse::read(&body, 12).unwrap(), response);
    }
}
