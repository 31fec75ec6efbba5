//! One line of a file of messages.

use bytes::Bytes;
use harness::rows::unhex;
use protocol::wire::TaggedField;
use serde_json::Value;

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
    pub(crate) json: Value,
    /// In the variant `tags` only.
    pub(crate) unknown_tags: Vec<TaggedField>,
}

impl Vector {
    /// Reads a line of the file `file`.
    pub(crate) fn parse(file: &str, line: &str) -> Result<Self, String> {
        let mut line: Value = serde_json::from_str(line).map_err(|e| format!("{file}: {e}"))?;
        let version = number(&line["version"]);
        let name = format!("{file} v{} {}", line["version"], line["variant"].as_str().unwrap_or("?"));
        let tags =
            line["unknownTags"].as_array().map_or(Ok(Vec::new()), |tags| tags.iter().map(tag).collect());
        match (version, line["hex"].as_str().and_then(unhex), tags) {
            (Some(version), Some(bytes), Ok(unknown_tags)) => Ok(Self {
                name,
                version,
                key: number(&line["key"]),
                header_version: number(&line["headerVersion"]),
                bytes: bytes.into(),
                unknown_tags,
                json: line["json"].take(),
            }),
            _ => Err(format!("{name}: this line is not a vector")),
        }
    }

    /// Whether the message can be built from the JSON alone.
    pub(crate) fn is_whole_in_json(&self) -> bool {
        self.unknown_tags.is_empty()
    }

    /// Compares a decoded message with what the bytes mean; `shown` is its debug form.
    ///
    /// The JSON has no unknown tagged fields, so those are looked for in the debug form: each as often as it is
    /// expected. That each lies in the right struct follows from the bytes when the message is written again.
    pub(crate) fn compare(&self, json: &Value, shown: &str) -> Result<(), String> {
        if *json != self.json {
            return Err(format!("decodes to other values: {}", difference("", &self.json, json)));
        }
        let all = shown.matches("TaggedField {").count();
        if all != self.unknown_tags.len() {
            return Err(format!("{all} unknown tagged fields instead of {}", self.unknown_tags.len()));
        }
        let lost = self.unknown_tags.iter().find(|tag| {
            let expected = self.unknown_tags.iter().filter(|other| other == tag).count();
            shown.matches(&format!("{tag:?}")).count() != expected
        });
        lost.map_or(Ok(()), |tag| Err(format!("lost the unknown tagged field {tag:?}")))
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

fn tag(value: &Value) -> Result<TaggedField, ()> {
    let tag = value["tag"].as_u64().and_then(|tag| tag.try_into().ok()).ok_or(())?;
    let data = value["data"].as_str().and_then(unhex).ok_or(())?;
    Ok(TaggedField { tag, data: data.into() })
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
