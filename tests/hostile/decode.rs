//! Decoding a whole input through the public API, as a user would.

use bytes::{Bytes, BytesMut};
use protocol::{
    ApiKey, DecodeError, DecodeErrorKind, Message, Request, RequestHeader, Response, ResponseHeader,
    frame::Framer,
    messages::*,
    records::{Limits, Part, batches},
    wire::Records,
};

/// What records may inflate to.
pub(crate) const INFLATED_BYTES: usize = 32 << 20;

/// What an input is to be decoded as: the column `decode_as`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DecodeAs {
    /// `record_batch`: the content of a records field.
    Records,
    /// `request_frame v9`: frames, each with a request of any API.
    Frames,
    /// `produce_request v9`: one frame with that request.
    Request(ApiKey, i16),
    /// `metadata_response v12`: one frame with that response.
    Response(ApiKey, i16),
    /// `consumer_protocol_subscription v3`: a structure that Kafka keeps inside other fields, and nothing around it.
    Data(String, i16),
}

impl DecodeAs {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "record_batch" {
            return Some(Self::Records);
        }
        let (name, version) = text.split_once(' ')?;
        let version = version.strip_prefix('v')?.parse().ok()?;
        if name == "request_frame" {
            return Some(Self::Frames);
        }
        let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
        let api = |name: &str| {
            let is_it = |key: &&ApiKey| key.name().map(plain) == Some(plain(name));
            ApiKey::ALL.iter().find(is_it).copied()
        };
        if let Some(key) = name.strip_suffix("_request").and_then(api) {
            return Some(Self::Request(key, version));
        }
        if let Some(key) = name.strip_suffix("_response").and_then(api) {
            return Some(Self::Response(key, version));
        }
        let name = plain(name);
        data(&name, version, &Bytes::new()).map(|_| Self::Data(name, version))
    }

    /// Decodes the whole input, records in it to the last one.
    pub(crate) fn decode(&self, input: &Bytes) -> Result<(), DecodeError> {
        match self {
            Self::Records => records(input, Cut::IsAnError),
            Self::Frames => frames(input)?.iter().try_for_each(request),
            Self::Request(key, version) => {
                let frame = one_frame(input)?;
                expect(RequestHeader::peek(&frame), *key, *version)?;
                request(&frame)
            }
            Self::Response(key, version) => {
                let (_, body) = ResponseHeader::read(*key, *version, &one_frame(input)?)?;
                response(*key, *version, &body)
            }
            Self::Data(name, version) => data(name, *version, input).unwrap_or(Ok(())),
        }
    }
}

/// The frames of a stream that ends with a frame's end.
fn frames(input: &Bytes) -> Result<Vec<Bytes>, DecodeError> {
    let framer = Framer::default();
    let mut received = BytesMut::from(&input[..]);
    let mut frames = Vec::new();
    while let Some(frame) = framer.next(&mut received)? {
        frames.push(frame);
    }
    if received.is_empty() && !frames.is_empty() {
        return Ok(frames);
    }
    let (needed, remaining) = (framer.missing(&received), received.len());
    Err(DecodeError::new(DecodeErrorKind::UnexpectedEnd { needed, remaining }, input.len()))
}

fn one_frame(input: &Bytes) -> Result<Bytes, DecodeError> {
    let mut frames = frames(input)?;
    let first = frames.remove(0);
    if frames.is_empty() {
        return Ok(first);
    }
    let left = frames.iter().map(|frame| 4 + frame.len()).sum();
    Err(DecodeError::new(DecodeErrorKind::TrailingBytes(left), input.len() - left))
}

/// A user who waits for one request takes no other.
fn expect(found: Option<(ApiKey, i16, i32)>, key: ApiKey, version: i16) -> Result<(), DecodeError> {
    match found {
        Some((found, _, _)) if found != key => {
            Err(DecodeError::new(DecodeErrorKind::UnknownApiKey(found.0), 0))
        }
        Some((_, found, _)) if found != version => {
            let kind =
                DecodeErrorKind::UnsupportedVersion { version: found, lowest: version, highest: version };
            Err(DecodeError::new(kind, 2))
        }
        _ => Ok(()),
    }
}

fn request(frame: &Bytes) -> Result<(), DecodeError> {
    let (header, body) = RequestHeader::read(frame)?;
    match Request::decode(header.request_api_key, header.request_api_version, &body)? {
        Request::Produce(request) => {
            let partitions = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
            partitions.filter_map(|partition| partition.records.as_ref()).try_for_each(|field| {
                // A broker takes whole batches only.
                records(&whole(field), Cut::IsAnError)
            })
        }
        _ => Ok(()),
    }
}

fn response(key: ApiKey, version: i16, body: &Bytes) -> Result<(), DecodeError> {
    match Response::decode(key, version, body)? {
        Response::Fetch(response) => {
            let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
            let fields = partitions.filter_map(|partition| partition.records.as_ref());
            fields.into_iter().try_for_each(|field| records(&whole(field), Cut::IsFine))
        }
        Response::ShareFetch(response) => {
            let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
            partitions.into_iter().try_for_each(|partition| records(&whole(&partition.records), Cut::IsFine))
        }
        // A snapshot's records are cut anywhere, at the front too: nothing can be said of them here.
        _ => Ok(()),
    }
}

fn whole(field: &Records) -> Bytes {
    field.to_bytes()
}

/// What a batch is that ends behind the end of its field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Brokers fill an answer to its limit.
    IsFine,
    IsAnError,
}

fn records(field: &Bytes, cut: Cut) -> Result<(), DecodeError> {
    let limits = Limits::inflated_bytes(INFLATED_BYTES);
    for part in batches(field) {
        match part? {
            Part::Batch(batch) => {
                for record in &batch.records(&limits)? {
                    record?.headers.iter().for_each(drop);
                }
            }
            Part::Legacy(batch) => {
                for record in &batch.records(&limits)? {
                    record?;
                }
            }
            Part::Cut { have, missing } if cut == Cut::IsAnError => {
                let kind = DecodeErrorKind::UnexpectedEnd { needed: missing, remaining: have };
                return Err(DecodeError::new(kind, field.len()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Decodes one of the structures that have no API key; `None` if there is none of that name, whatever its case.
fn data(name: &str, version: i16, body: &Bytes) -> Option<Result<(), DecodeError>> {
    macro_rules! read {
        ($($message:ident)*) => {
            [$((stringify!($message), (|body, version| $message::read(body, version).map(drop)) as Read)),*]
        };
    }
    let mut all = protocol::data_messages!(read).into_iter();
    all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, read)| read(body, version))
}

/// Reads a body of a version.
type Read = fn(&Bytes, i16) -> Result<(), DecodeError>;
