//! One line of a file of messages.

use bytes::Bytes;
use harness::rows::unhex;
use protocol::json::UNKNOWN_TAGGED_FIELDS;
use serde_json::{Value, json};

/// The bytes of a message, and what they mean.
pub(crate) struct Vector {
    /// For reports: message, version, variant.
    pub(crate) name: String,
    pub(crate) version: i16,
    /// The API key; headers and data messages have none.
    pub(crate) key: Option<i16>,
    /// The header version that goes with it.
    pub(crate) header_version: Option<i16>,
    pub(crate) bytes: Bytes,
    /// What they mean: Kafka's JSON, and in the variant `tags` the unknown tagged fields, which Kafka's lacks.
    pub(crate) json: Value,
}

impl Vector {
    /// Reads a line of the file `file`.
    pub(crate) fn parse(file: &str, line: &str) -> Result<Self, String> {
        let mut line: Value = serde_json::from_str(line).map_err(|e| format!("{file}: {e}"))?;
        let version = number(&line["version"]);
        let name = format!("{file} v{} {}", line["version"], line["variant"].as_str().unwrap_or("?"));
        let tags = line["unknownTags"].take();
        let mut json = line["json"].take();
        let is_placed =
            tags.as_array().is_none_or(|tags| tags.iter().all(|tag| put_tag(tag, &mut json).is_some()));
        match (version, line["hex"].as_str().and_then(unhex), is_placed) {
            (Some(version), Some(bytes), true) => Ok(Self {
                name,
                version,
                key: number(&line["key"]),
                header_version: number(&line["headerVersion"]),
                bytes: bytes.into(),
                json,
            }),
            _ => Err(format!("{name}: this line is not a vector")),
        }
    }

    /// Compares a decoded message's JSON with what the bytes mean.
    pub(crate) fn compare(&self, json: &Value) -> Result<(), String> {
        if *json == self.json {
            return Ok(());
        }
        Err(format!("decodes to other values: {}", difference("", &self.json, json)))
    }

    /// Compares the bytes that encoding gave.
    pub(crate) fn compare_bytes(&self, how: &str, bytes: &[u8]) -> Result<(), String> {
        if bytes == self.bytes {
            return Ok(());
        }
        let same = bytes.iter().zip(&self.bytes).take_while(|(a, b)| a == b).count();
        Err(format!(
            "{how}: {} bytes instead of {}, first different at {same}",
            bytes.len(),
            self.bytes.len()
        ))
    }
}

fn number(value: &Value) -> Option<i16> {
    value.as_i64().and_then(|number| number.try_into().ok())
}

/// Adds an unknown tagged field, `{"path": …, "tag": …, "data": …}`, to the struct at its path; `None` if there is none.
fn put_tag(tag: &Value, json: &mut Value) -> Option<()> {
    let at = json.pointer_mut(tag["path"].as_str()?)?.as_object_mut()?;
    let fields = at.entry(UNKNOWN_TAGGED_FIELDS).or_insert_with(|| json!([])).as_array_mut()?;
    fields.push(json!({ "tag": tag["tag"].as_u64()?, "data": tag["data"].as_str()? }));
    Some(())
}

/// The path to the first difference, and both sides of it.
fn difference(path: &str, expected: &Value, found: &Value) -> String {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name)));
            for name in names {
                let (a, b) = (a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null));
                if a != b {
                    return difference(&format!("{path}.{name}"), a, b);
                }
            }
            format!("{path}: a field is null on one side and absent on the other")
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let differ = (0..a.len()).find(|&index| a[index] != b[index]);
            let index = differ.expect("the arrays differ somewhere");
            difference(&format!("{path}[{index}]"), &a[index], &b[index])
        }
        _ => format!("{path} is {found} instead of {expected}"),
    }
}
