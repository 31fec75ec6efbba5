//! What the fuzz targets do, as plain functions: the fuzzer feeds them, and tests replay the saved corpus.
//!
//! Each takes any bytes and panics only when a promise is broken: nothing panics on bytes, what was decoded can be
//! encoded, what was encoded decodes to the same again, and nothing grows past its limit.

mod arbitrary;
mod records;
mod source;

use bytes::{Bytes, BytesMut};

pub use self::arbitrary::{Words, request_body};
pub use self::records::{builder, decompression, legacy, record_batch};
pub use self::source::Source;
use crate::api::{ApiKey, Request, Response};
use crate::error::{DecodeError, EncodeError, EncodeErrorKind};
use crate::frame::Framer;
use crate::header::{RequestHeader, ResponseHeader};
use crate::schema::StructSchema;
use crate::wire::Output;

/// A target: any bytes go in, and a broken promise is a panic.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("frame", frame),
    ("request", request),
    ("response", response),
    ("round_trip", round_trip),
    ("record_batch", record_batch),
    ("builder", builder),
    ("decompression", decompression),
    ("legacy", legacy),
];

/// Frames longer than this are refused, so that the fuzzer meets the limit too.
const MAX_FRAME_BYTES: usize = 1 << 12;

/// A stream of frames, which arrives in pieces of as many bytes as the first byte says; each frame is read as a
/// request, and its header also as a response's.
pub fn frame(data: &[u8]) {
    let [step, stream @ ..] = data else { return };
    let framer = Framer::new(MAX_FRAME_BYTES);
    let mut received = BytesMut::new();
    for piece in stream.chunks(usize::from(*step).max(1)) {
        received.extend_from_slice(piece);
        loop {
            match framer.next(&mut received) {
                Ok(Some(frame)) => one_frame(&frame),
                Ok(None) => break,
                Err(_) => return,
            }
        }
        assert!(framer.missing(&received) > 0, "a whole frame was not taken");
    }
}

fn one_frame(frame: &Bytes) {
    let Some((api_key, version, correlation_id)) = RequestHeader::peek(frame) else {
        assert!(RequestHeader::read(frame).is_err(), "a header that cannot be peeked at was read");
        return;
    };
    if let Ok((header, body)) = ResponseHeader::read(api_key, version, frame) {
        let again = encoded(|output| header.write(api_key, version, output));
        assert!(again.len() + body.len() <= frame.len());
        let read = ResponseHeader::read(api_key, version, &again);
        assert_eq!(read.expect("what was encoded decodes"), (header, Bytes::new()));
    }
    if let Ok((header, body)) = RequestHeader::read(frame) {
        assert_eq!(header.correlation_id, correlation_id);
        let again = encoded(|output| header.write(output));
        assert!(again.len() + body.len() <= frame.len());
        let read = RequestHeader::read(&again);
        assert_eq!(read.expect("what was encoded decodes"), (header, Bytes::new()));
        let _ = Request::decode(api_key, version, &body);
    }
}

/// A request: two bytes choose the API and the version, the rest is the body.
pub fn request(data: &[u8]) {
    raw::<Request>(data);
}

/// A response: as [`request`].
pub fn response(data: &[u8]) {
    raw::<Response>(data);
}

/// Any message with any values, from one version into all others.
///
/// One byte chooses request or response, two the API and the version; the rest is dice for a message that is written
/// straight from its schema, by code that shares nothing with the encoder.
pub fn round_trip(data: &[u8]) {
    let [direction, rest @ ..] = data else { return };
    if direction & 1 == 0 { schema_made::<Request>(rest) } else { schema_made::<Response>(rest) }
}

fn raw<M: AnyMessage>(data: &[u8]) {
    let [api, version, body @ ..] = data else { return };
    let (api_key, version) = choose(*api, *version);
    let Ok(message) = M::decode(api_key, version, &Bytes::copy_from_slice(body)) else { return };
    let again = encoded(|output| message.encode(version, output));
    // What was written in a longer way than needed gets shorter, nothing else changes.
    assert!(again.len() <= body.len(), "{} bytes became {}", body.len(), again.len());
    reread::<M>(api_key, version, &again);
}

fn schema_made<M: AnyMessage>(data: &[u8]) {
    let [api, version, dice @ ..] = data else { return };
    let (api_key, version) = choose(*api, *version);
    let Some(schema) = M::schema(api_key) else { return };
    let is_flexible = api_key.flexible_from().is_some_and(|first| version >= first);
    let made = arbitrary::message(schema, version, is_flexible, &mut Source::new(dice));
    let body = Bytes::from(made.bytes);
    let message = M::decode(api_key, version, &body).expect("what follows the schema decodes");
    let again = encoded(|output| message.encode(version, output));
    if made.is_canonical {
        assert_eq!(again, body);
    } else {
        reread::<M>(api_key, version, &again);
    }

    for other in api_key.versions().into_iter().flat_map(|versions| versions.iter()) {
        let mut output = Output::new(Vec::new());
        match message.encode(other, &mut output) {
            Ok(()) => reread::<M>(api_key, other, &output.into_bytes()),
            Err(error) => {
                assert!(other != version, "what was decoded cannot be encoded: {error}");
                let expected = matches!(
                    error.kind(),
                    EncodeErrorKind::FieldNotInVersion { .. } | EncodeErrorKind::NullNotAllowed { .. }
                );
                assert!(expected && !error.path().is_empty(), "{error:?}");
            }
        }
    }
}

/// What was encoded decodes, and encodes to the same bytes.
fn reread<M: AnyMessage>(api_key: ApiKey, version: i16, body: &Bytes) {
    let message = M::decode(api_key, version, body).expect("what was encoded decodes");
    assert_eq!(encoded(|output| message.encode(version, output)), *body);
}

/// An API and one of its versions. The bytes are the key and the version themselves wherever there are such, so that
/// a corpus stays what it is when the table grows.
fn choose(api: u8, version: u8) -> (ApiKey, i16) {
    let api_key = match ApiKey(i16::from(api)) {
        known if known.versions().is_some() => known,
        _ => ApiKey::ALL[usize::from(api) % ApiKey::ALL.len()],
    };
    let versions = api_key.versions().expect("it is in the table");
    let version = i16::from(version);
    if versions.contains(version) {
        return (api_key, version);
    }
    let count = versions.highest() - versions.lowest() + 1;
    (api_key, versions.lowest() + version % count)
}

fn encoded(encode: impl FnOnce(&mut Output) -> Result<(), EncodeError>) -> Bytes {
    let mut output = Output::new(Vec::new());
    encode(&mut output).expect("what was decoded can be encoded");
    output.into_bytes()
}

/// [`Request`] and [`Response`], whose functions are the same.
trait AnyMessage: Sized {
    fn decode(api_key: ApiKey, version: i16, body: &Bytes) -> Result<Self, DecodeError>;
    fn encode(&self, version: i16, output: &mut Output) -> Result<(), EncodeError>;
    fn schema(api_key: ApiKey) -> Option<&'static StructSchema>;
}

macro_rules! any_message {
    ($($any:ident: $index:literal;)*) => {$(
        impl AnyMessage for $any {
            fn decode(api_key: ApiKey, version: i16, body: &Bytes) -> Result<Self, DecodeError> {
                $any::decode(api_key, version, body)
            }

            fn encode(&self, version: i16, output: &mut Output) -> Result<(), EncodeError> {
                $any::encode(self, version, output)
            }

            fn schema(api_key: ApiKey) -> Option<&'static StructSchema> {
                api_key.schemas().map(|schemas| schemas[$index])
            }
        }
    )*};
}

any_message! { Request: 0; Response: 1; }
