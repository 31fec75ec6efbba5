//! Request and response headers.
//!
//! A header's own version follows from the API key and version it names, and in the vectors those two are arbitrary
//! numbers. So the checks put a request of the right header version in their place, in the bytes and in the JSON.

use std::path::Path;

use bytes::Bytes;
use protocol::{ApiKey, RequestHeader, ResponseHeader, json::JsonForm, wire::Output};
use serde_json::json;

use crate::{summary::Summary, vector::Vector};

/// Checks every vector of a file of request headers.
pub(crate) fn requests(file: &str, path: &Path) -> Summary {
    run(file, path, request)
}

/// Checks every vector of a file of response headers.
pub(crate) fn responses(file: &str, path: &Path) -> Summary {
    run(file, path, response)
}

fn run(file: &str, path: &Path, check: fn(Vector) -> Result<(), String>) -> Summary {
    let mut summary = Summary::default();
    for vector in super::read_vectors(file, path, &mut summary) {
        let name = vector.name.clone();
        summary.count(&name, check(vector));
    }
    summary
}

fn request(mut vector: Vector) -> Result<(), String> {
    let (key, version, id) = RequestHeader::peek(&vector.bytes).ok_or("is too short")?;
    let peeked = [json!(key.0), json!(version), json!(id)];
    if peeked != ["requestApiKey", "requestApiVersion", "correlationId"].map(|name| vector.json[name].clone())
    {
        return Err(format!("begins with {peeked:?}"));
    }

    let (key, version) = with_flexible(vector.version == 2);
    let mut bytes = vector.bytes.to_vec();
    bytes[..2].copy_from_slice(&key.0.to_be_bytes());
    bytes[2..4].copy_from_slice(&version.to_be_bytes());
    vector.bytes = bytes.into();
    vector.json["requestApiKey"] = json!(key.0);
    vector.json["requestApiVersion"] = json!(version);

    let (header, body) = RequestHeader::read(&vector.bytes).map_err(|e| format!("does not decode: {e}"))?;
    expect_empty(&body)?;
    vector.compare(&header.to_json(vector.version).map_err(|e| e.to_string())?)?;
    built_from_json(&header, &vector)?;
    let mut output = Output::new(Vec::new());
    header.write(&mut output).map_err(|e| format!("does not encode: {e}"))?;
    vector.compare_bytes("encoded again", &output.into_bytes())
}

fn response(vector: Vector) -> Result<(), String> {
    let (key, version) = with_flexible(vector.version == 1);
    let read = ResponseHeader::read(key, version, &vector.bytes);
    let (header, body) = read.map_err(|e| format!("does not decode: {e}"))?;
    expect_empty(&body)?;
    vector.compare(&header.to_json(vector.version).map_err(|e| e.to_string())?)?;
    built_from_json(&header, &vector)?;
    let mut output = Output::new(Vec::new());
    header.write(key, version, &mut output).map_err(|e| format!("does not encode: {e}"))?;
    vector.compare_bytes("encoded again", &output.into_bytes())
}

fn built_from_json<H: JsonForm + Default + PartialEq>(header: &H, vector: &Vector) -> Result<(), String> {
    let mut built = H::default();
    built
        .read_json(&vector.json, vector.version)
        .map_err(|e| format!("cannot be built from its JSON: {e}"))?;
    if built == *header { Ok(()) } else { Err("its JSON is read as another header".to_owned()) }
}

/// A request that is flexible, or one that is not.
fn with_flexible(is_flexible: bool) -> (ApiKey, i16) {
    (ApiKey::PRODUCE, if is_flexible { 9 } else { 8 })
}

fn expect_empty(body: &Bytes) -> Result<(), String> {
    if body.is_empty() { Ok(()) } else { Err(format!("{} bytes are left over", body.len())) }
}
