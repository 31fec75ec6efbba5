//! Message bodies: decoded, compared with their meaning, encoded again; and built from their meaning.

use std::path::Path;

use bytes::Bytes;
use protocol::json::JsonForm;
use protocol::messages::*;
use protocol::wire::Output;
use protocol::{ApiKey, DecodeError, EncodeError, Message, Request, Response};
use serde_json::Value;

use crate::{summary::Summary, vector::Vector};

/// Which message a file is about.
#[derive(Clone, Copy)]
pub(crate) enum Subject {
    Request(ApiKey),
    Response(ApiKey),
    /// A structure that Kafka keeps inside other fields and in logs.
    Data(fn(&Vector) -> Result<(), String>),
}

impl Subject {
    /// Finds the message of that name; `None` if there is none.
    pub(crate) fn of(message: &str) -> Option<Self> {
        let known = |name: &str| ApiKey::ALL.iter().copied().find(|key| key.name() == Some(name));
        if let Some(key) = message.strip_suffix("Request").and_then(known) {
            return Some(Self::Request(key));
        }
        if let Some(key) = message.strip_suffix("Response").and_then(known) {
            return Some(Self::Response(key));
        }
        data_message(message).map(Self::Data)
    }
}

/// Every message that there must be vectors of.
pub(crate) fn all() -> impl Iterator<Item = String> {
    let apis = ApiKey::ALL.iter().filter_map(|key| key.name());
    let bodies = apis.flat_map(|name| ["Request", "Response"].map(|kind| format!("{name}{kind}")));
    let headers = ["RequestHeader", "ResponseHeader"].map(str::to_owned);
    bodies.chain(headers).chain(DATA_MESSAGES.iter().map(|&name| name.to_owned()))
}

macro_rules! checks {
    ($($name:ident)*) => {
        const DATA_MESSAGES: &[&str] = &[$(stringify!($name)),*];

        fn data_message(name: &str) -> Option<fn(&Vector) -> Result<(), String>> {
            match name {
                $(stringify!($name) => Some(data::<$name>),)*
                _ => None,
            }
        }
    };
}

protocol::data_messages!(checks);

/// Checks every vector of a file.
pub(crate) fn run(subject: Subject, file: &str, path: &Path) -> Summary {
    let mut summary = Summary::default();
    for vector in super::read_vectors(file, path, &mut summary) {
        let result = match subject {
            Subject::Request(key) => request(key, &vector),
            Subject::Response(key) => response(key, &vector),
            Subject::Data(check) => check(&vector),
        };
        summary.count(&vector.name, result);
    }
    summary
}

fn request(key: ApiKey, vector: &Vector) -> Result<(), String> {
    let version = vector.version;
    expect_key(key, vector, key.request_header_version(version))?;
    check(
        vector,
        |bytes| Request::decode(key, version, bytes),
        |json| Some(Request::from_json(key, version, json)?.map_err(|e| e.to_string())),
        |request, output| request.encode(version, output),
        |request| request.to_json(version),
    )
}

fn response(key: ApiKey, vector: &Vector) -> Result<(), String> {
    let version = vector.version;
    expect_key(key, vector, key.response_header_version(version))?;
    check(
        vector,
        |bytes| Response::decode(key, version, bytes),
        |json| Some(Response::from_json(key, version, json)?.map_err(|e| e.to_string())),
        |response, output| response.encode(version, output),
        |response| response.to_json(version),
    )
}

fn data<M: Message + JsonForm>(vector: &Vector) -> Result<(), String> {
    let version = vector.version;
    check(
        vector,
        |bytes| M::read(bytes, version),
        |json| {
            let mut message = M::default();
            Some(message.read_json(json, version).map(|()| message).map_err(|e| e.to_string()))
        },
        |message, output| message.write(version, output),
        |message| message.to_json(version),
    )
}

/// Both directions: bytes → values → bytes, and JSON → bytes.
fn check<M>(
    vector: &Vector,
    decode: impl Fn(&Bytes) -> Result<M, DecodeError>,
    build: impl Fn(&Value) -> Option<Result<M, String>>,
    encode: impl Fn(&M, &mut Output) -> Result<(), EncodeError>,
    json: impl Fn(&M) -> Result<Value, EncodeError>,
) -> Result<(), String> {
    let encoded = |message: &M| {
        let mut output = Output::new(Vec::new());
        encode(message, &mut output).map_err(|e| format!("does not encode: {e}"))?;
        Ok::<_, String>(output.into_bytes())
    };
    let message = decode(&vector.bytes).map_err(|e| format!("does not decode: {e}"))?;
    let values = json(&message).map_err(|e| format!("has no JSON: {e}"))?;
    vector.compare(&values)?;
    vector.compare_bytes("encoded again", &encoded(&message)?)?;
    let built = build(&vector.json).ok_or("has no type")?;
    let built = built.map_err(|e| format!("cannot be built from its JSON: {e}"))?;
    vector.compare_bytes("built from its JSON", &encoded(&built)?)
}

fn expect_key(key: ApiKey, vector: &Vector, header_version: i16) -> Result<(), String> {
    if vector.key != Some(key.0) {
        return Err(format!("its key is {:?} and not {}", vector.key, key.0));
    }
    if vector.header_version != Some(header_version) {
        return Err(format!("its header version is {:?} and not {header_version}", vector.header_version));
    }
    Ok(())
}
