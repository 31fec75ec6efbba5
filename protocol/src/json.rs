//! Kafka's own JSON form of messages, both directions (feature `json`).
//!
//! Field names are Kafka's in lower camel case; bytes and records are standard base64; a [`Uuid`] is url-safe base64;
//! 64-bit integers are plain numbers; a tagged field at its default is left out; null is null.
//!
//! Source: the `JsonConverter` classes of Kafka's Java library, except that those leave `records` empty and drop unknown
//! tagged fields: here a struct that has some has an [extra key](UNKNOWN_TAGGED_FIELDS), so that nothing is lost.

mod unknown;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use bytestring::ByteString;
pub use serde_json::Value;

pub use self::unknown::UNKNOWN_TAGGED_FIELDS;
pub(crate) use self::unknown::{put_unknown, take_unknown};
use crate::api::ApiKey;
use crate::error::EncodeError;
use crate::error_code::ErrorCode;
use crate::header::{RequestHeader, ResponseHeader};
use crate::names::{Acks, BrokerId, GroupId, IsolationLevel, ProducerId, TopicName, TransactionalId, Uuid};
use crate::version::VersionRange;
use crate::wire::{IntArray, Records, WireInt};

/// A JSON object.
pub type Object = serde_json::Map<String, Value>;

/// A value with a JSON form.
pub trait JsonForm {
    /// The value as JSON, with the fields that `version` has.
    ///
    /// # Errors
    /// As encoding: a version that the message does not have, a field that the version cannot carry.
    fn to_json(&self, version: i16) -> Result<Value, EncodeError>;

    /// Reads the value over `self`, which is at its default. Fields that the version does not have are overlooked.
    ///
    /// # Errors
    /// A version that the message does not have; a field that is missing, of the wrong type or out of range.
    fn read_json(&mut self, value: &Value, version: i16) -> Result<(), JsonError>;
}

/// JSON that is not the form of the message: which field, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    path: String,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    IsNot(&'static str),
    Version(i16, VersionRange),
}

impl JsonError {
    fn expected(expected: &'static str) -> Self {
        Self { path: String::new(), problem: Problem::IsNot(expected) }
    }

    fn within(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }

    /// Which field, from the outside in; empty for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "the message" } else { &self.path };
        match self.problem {
            Problem::IsNot(expected) => write!(f, "{place} is not {expected}"),
            Problem::Version(version, versions) => {
                write!(f, "{place} has no version {version}, only {versions}")
            }
        }
    }
}

impl std::error::Error for JsonError {}

/// Refuses to read a version that the message does not have.
pub(crate) fn check_version(version: i16, versions: VersionRange) -> Result<(), JsonError> {
    if versions.contains(version) {
        return Ok(());
    }
    Err(JsonError { path: String::new(), problem: Problem::Version(version, versions) })
}

/// The object that a struct is written as.
pub(crate) fn object(value: &Value) -> Result<&Object, JsonError> {
    value.as_object().ok_or(JsonError::expected("an object"))
}

/// Reads one field; only a tagged one may be missing.
pub(crate) fn take<T: JsonForm>(
    object: &Object,
    name: &str,
    tagged: bool,
    version: i16,
    field: &mut T,
) -> Result<(), JsonError> {
    match object.get(name) {
        Some(value) => field.read_json(value, version).map_err(|error| error.within(name)),
        None if tagged => Ok(()),
        None => Err(JsonError::expected("given").within(name)),
    }
}

macro_rules! integers {
    ($($type:ty: $expected:literal),*) => {$(
        impl JsonForm for $type {
            fn to_json(&self, _version: i16) -> Result<Value, EncodeError> {
                Ok(Value::from(*self))
            }

            fn read_json(&mut self, value: &Value, _version: i16) -> Result<(), JsonError> {
                let number = value.as_i64().and_then(|number| <$type>::try_from(number).ok());
                *self = number.ok_or(JsonError::expected($expected))?;
                Ok(())
            }
        }
    )*};
}

integers!(i8: "an int8", i16: "an int16", u16: "a uint16", i32: "an int32", u32: "a uint32", i64: "an int64");

impl JsonForm for bool {
    fn to_json(&self, _version: i16) -> Result<Value, EncodeError> {
        Ok(Value::from(*self))
    }

    fn read_json(&mut self, value: &Value, _version: i16) -> Result<(), JsonError> {
        *self = value.as_bool().ok_or(JsonError::expected("true or false"))?;
        Ok(())
    }
}

const INFINITY: &str = "Infinity";
const NEG_INFINITY: &str = "-Infinity";
const NAN: &str = "NaN";

impl JsonForm for f64 {
    fn to_json(&self, _version: i16) -> Result<Value, EncodeError> {
        // JSON has no NaN and no infinity; Java's converter writes its own words for them.
        Ok(match *self {
            f64::INFINITY => Value::from(INFINITY),
            f64::NEG_INFINITY => Value::from(NEG_INFINITY),
            number => serde_json::Number::from_f64(number).map_or(Value::from(NAN), Value::from),
        })
    }

    fn read_json(&mut self, value: &Value, _version: i16) -> Result<(), JsonError> {
        let number = match value.as_str() {
            Some(INFINITY) => Some(f64::INFINITY),
            Some(NEG_INFINITY) => Some(f64::NEG_INFINITY),
            Some(NAN) => Some(f64::NAN),
            _ => value.as_f64(),
        };
        *self = number.ok_or(JsonError::expected("a number"))?;
        Ok(())
    }
}

fn text(value: &Value) -> Result<&str, JsonError> {
    value.as_str().ok_or(JsonError::expected("a string"))
}

fn blob(value: &Value) -> Result<Bytes, JsonError> {
    let decoded = value.as_str().and_then(|text| BASE64.decode(text).ok());
    decoded.map(Bytes::from).ok_or(JsonError::expected("base64"))
}

impl JsonForm for ByteString {
    fn to_json(&self, _version: i16) -> Result<Value, EncodeError> {
        Ok(Value::from(&**self))
    }

    fn read_json(&mut self, value: &Value, _version: i16) -> Result<(), JsonError> {
        *self = Self::from(text(value)?);
        Ok(())
    }
}

impl JsonForm for Bytes {
    fn to_json(&self, _version: i16) -> Result<Value, EncodeError> {
        Ok(Value::from(BASE64.encode(self)))
    }

    fn read_json(&mut self, value: &Value, _version: i16) -> Result<(), JsonError> {
        *self = blob(value)?;
        Ok(())
    }
}

impl JsonForm for Records {
    fn to_json(&self, _version: i16) -> Result<Value, EncodeError> {
        Ok(Value::from(BASE64.encode(self.to_bytes())))
    }

    fn read_json(&mut self, value: &Value, _version: i16) -> Result<(), JsonError> {
        *self = Self::from(blob(value)?);
        Ok(())
    }
}

impl JsonForm for Uuid {
    fn to_json(&self, _version: i16) -> Result<Value, EncodeError> {
        Ok(Value::from(self.to_string()))
    }

    fn read_json(&mut self, value: &Value, _version: i16) -> Result<(), JsonError> {
        *self = text(value)?.parse().map_err(|_| JsonError::expected("a uuid in url-safe base64"))?;
        Ok(())
    }
}

macro_rules! text_names {
    ($($name:ident),*) => {$(
        impl JsonForm for $name {
            fn to_json(&self, _version: i16) -> Result<Value, EncodeError> {
                Ok(Value::from(self.as_str()))
            }

            fn read_json(&mut self, value: &Value, _version: i16) -> Result<(), JsonError> {
                *self = Self::from(text(value)?);
                Ok(())
            }
        }
    )*};
}

text_names!(TopicName, TransactionalId, GroupId);

macro_rules! numbers {
    ($($name:ident),*) => {$(
        impl JsonForm for $name {
            fn to_json(&self, version: i16) -> Result<Value, EncodeError> {
                self.0.to_json(version)
            }

            fn read_json(&mut self, value: &Value, version: i16) -> Result<(), JsonError> {
                self.0.read_json(value, version)
            }
        }
    )*};
}

numbers!(ApiKey, BrokerId, ProducerId, Acks, IsolationLevel, ErrorCode);

impl<T: JsonForm + Default> JsonForm for Option<T> {
    fn to_json(&self, version: i16) -> Result<Value, EncodeError> {
        self.as_ref().map_or(Ok(Value::Null), |value| value.to_json(version))
    }

    fn read_json(&mut self, value: &Value, version: i16) -> Result<(), JsonError> {
        if value.is_null() {
            *self = None;
            return Ok(());
        }
        self.insert(T::default()).read_json(value, version)
    }
}

fn elements<T: JsonForm + Default>(value: &Value, version: i16) -> Result<Vec<T>, JsonError> {
    let values = value.as_array().ok_or(JsonError::expected("an array"))?;
    let mut elements = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let mut element = T::default();
        element.read_json(value, version).map_err(|error| error.within(&format!("[{index}]")))?;
        elements.push(element);
    }
    Ok(elements)
}

impl<T: JsonForm + Default> JsonForm for Vec<T> {
    fn to_json(&self, version: i16) -> Result<Value, EncodeError> {
        let mut values = Vec::with_capacity(self.len());
        for (index, element) in self.iter().enumerate() {
            values.push(element.to_json(version).map_err(|error| error.in_element(index))?);
        }
        Ok(Value::Array(values))
    }

    fn read_json(&mut self, value: &Value, version: i16) -> Result<(), JsonError> {
        *self = elements(value, version)?;
        Ok(())
    }
}

impl<T: JsonForm + WireInt> JsonForm for IntArray<T> {
    fn to_json(&self, version: i16) -> Result<Value, EncodeError> {
        self.iter().map(|element| element.to_json(version)).collect()
    }

    fn read_json(&mut self, value: &Value, version: i16) -> Result<(), JsonError> {
        *self = elements::<T>(value, version)?.into();
        Ok(())
    }
}

impl JsonForm for RequestHeader {
    fn to_json(&self, version: i16) -> Result<Value, EncodeError> {
        let mut object = Object::new();
        object.insert("requestApiKey".to_owned(), self.request_api_key.to_json(version)?);
        object.insert("requestApiVersion".to_owned(), self.request_api_version.to_json(version)?);
        object.insert("correlationId".to_owned(), self.correlation_id.to_json(version)?);
        object.insert("clientId".to_owned(), self.client_id.to_json(version)?);
        put_unknown(&mut object, &self.unknown_tagged_fields, version)?;
        Ok(object.into())
    }

    fn read_json(&mut self, value: &Value, version: i16) -> Result<(), JsonError> {
        let object = object(value)?;
        take(object, "requestApiKey", false, version, &mut self.request_api_key)?;
        take(object, "requestApiVersion", false, version, &mut self.request_api_version)?;
        take(object, "correlationId", false, version, &mut self.correlation_id)?;
        take(object, "clientId", false, version, &mut self.client_id)?;
        take_unknown(object, &mut self.unknown_tagged_fields, version)
    }
}

impl JsonForm for ResponseHeader {
    fn to_json(&self, version: i16) -> Result<Value, EncodeError> {
        let mut object = Object::new();
        object.insert("correlationId".to_owned(), self.correlation_id.to_json(version)?);
        put_unknown(&mut object, &self.unknown_tagged_fields, version)?;
        Ok(object.into())
    }

    fn read_json(&mut self, value: &Value, version: i16) -> Result<(), JsonError> {
        let object = object(value)?;
        take(object, "correlationId", false, version, &mut self.correlation_id)?;
        take_unknown(object, &mut self.unknown_tagged_fields, version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::EncodeErrorKind;
    use crate::messages::MetadataRequest;
    use crate::messages::metadata::MetadataRequestTopic;

    #[test]
    fn an_error_names_the_field_that_is_wrong() {
        let json =
            serde_json::json!({"topics": [{"name": "a"}, {"name": 7}], "allowAutoTopicCreation": true});
        let error = MetadataRequest::default().read_json(&json, 4).unwrap_err();
        assert_eq!(error.path(), "topics[1].name");
        assert_eq!(error.to_string(), "topics[1].name is not a string");
    }

    #[test]
    fn numbers_that_json_lacks_have_java_s_names() {
        for (number, text) in
            [(f64::INFINITY, "Infinity"), (f64::NEG_INFINITY, "-Infinity"), (f64::NAN, "NaN")]
        {
            assert_eq!(number.to_json(0).unwrap(), text);
            let mut read = 0.0;
            f64::read_json(&mut read, &Value::from(text), 0).unwrap();
            assert_eq!(read.to_bits(), number.to_bits());
        }
    }

    #[test]
    fn a_version_that_the_message_lacks_is_an_error_in_both_directions() {
        let request = crate::Request::from(MetadataRequest::default());
        let kind = request.to_json(99).unwrap_err().kind().clone();
        assert_eq!(kind, EncodeErrorKind::UnsupportedVersion { version: 99, lowest: 0, highest: 13 });
        let read = crate::Request::from_json(ApiKey::METADATA, 99, &Value::Null).unwrap();
        assert_eq!(read.unwrap_err().to_string(), "the message has no version 99, only 0-13");

        let mut typed = MetadataRequest::default();
        assert_eq!(*typed.to_json(99).unwrap_err().kind(), kind);
        let error = typed.read_json(&serde_json::json!({}), 99).unwrap_err();
        assert_eq!(error.to_string(), "the message has no version 99, only 0-13");
    }

    #[test]
    fn a_field_that_cannot_be_written_is_named_with_its_element() {
        let by_id = MetadataRequestTopic { name: None, ..Default::default() };
        let topics = vec![MetadataRequestTopic::default(), by_id];
        let request = MetadataRequest { topics: Some(topics), ..Default::default() };
        assert_eq!(request.to_json(4).unwrap_err().path(), "topics[1].name");
    }

    #[test]
    fn a_field_that_is_not_tagged_must_be_given() {
        let error = MetadataRequest::default().read_json(&serde_json::json!({"topics": []}), 4).unwrap_err();
        assert_eq!(error.path(), "allowAutoTopicCreation");
    }
}
