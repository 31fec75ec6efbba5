//! What the fuzz targets do, as plain functions: the fuzzer feeds them, and tests replay the saved corpus.
//!
//! Each takes any bytes and panics only when a promise is broken: what was decoded can be encoded, and what was
//! encoded decodes to the same bytes again.

use bytes::{Bytes, BytesMut};

use crate::api::{ApiKey, Request, Response};
use crate::frame::Framer;
use crate::header::RequestHeader;
use crate::records;
use crate::wire::Output;

/// Frames longer than this are refused, so that the fuzzer meets the limit too.
const MAX_FRAME_BYTES: usize = 1 << 16;

/// A stream of frames, each read as a request.
pub fn frame(data: &[u8]) {
    let framer = Framer::new(MAX_FRAME_BYTES);
    let mut received = BytesMut::new();
    for piece in data.chunks(7) {
        received.extend_from_slice(piece);
        while let Ok(Some(frame)) = framer.next(&mut received) {
            let Ok((header, body)) = RequestHeader::read(&frame) else { continue };
            let _ = Request::decode(header.request_api_key, header.request_api_version, &body);
        }
    }
}

/// A request: two bytes choose the API and the version, the rest is the body.
pub fn request(data: &[u8]) {
    let Some((api_key, version, body)) = choose(data) else { return };
    let Ok(message) = Request::decode(api_key, version, &body) else { return };
    let again = encoded(|output| message.encode(version, output));
    let decoded = Request::decode(api_key, version, &again).expect("what was encoded decodes");
    assert_eq!(encoded(|output| decoded.encode(version, output)), again);
}

/// A response: as [`request`].
pub fn response(data: &[u8]) {
    let Some((api_key, version, body)) = choose(data) else { return };
    let Ok(message) = Response::decode(api_key, version, &body) else { return };
    let again = encoded(|output| message.encode(version, output));
    let decoded = Response::decode(api_key, version, &again).expect("what was encoded decodes");
    assert_eq!(encoded(|output| decoded.encode(version, output)), again);
}

/// The bytes of a records field: every batch, every record, every header.
pub fn record_batch(data: &[u8]) {
    let limits = records::Limits { inflated_bytes: 1 << 20, ..Default::default() };
    for part in records::batches(&Bytes::copy_from_slice(data)) {
        let Ok(records::Part::Batch(batch)) = part else { return };
        let Ok(set) = batch.records(&limits) else { continue };
        for record in set.iter() {
            let Ok(record) = record else { break };
            let _ = record.headers.into_iter().count();
        }
    }
}

fn choose(data: &[u8]) -> Option<(ApiKey, i16, Bytes)> {
    let [api, version, body @ ..] = data else { return None };
    let api_key = ApiKey::ALL[usize::from(*api) % ApiKey::ALL.len()];
    let versions: Vec<i16> = api_key.versions()?.iter().collect();
    let version = versions[usize::from(*version) % versions.len()];
    Some((api_key, version, Bytes::copy_from_slice(body)))
}

fn encoded(encode: impl FnOnce(&mut Output) -> Result<(), crate::error::EncodeError>) -> Bytes {
    let mut output = Output::new(Vec::new());
    encode(&mut output).expect("what was decoded can be encoded");
    output.into_bytes()
}
