//! Tagged fields that the schema does not know: Kafka's converters drop them, this form keeps them.

use bytes::Bytes;

use super::{JsonError, JsonForm, Object, Value, object, take};
use crate::error::EncodeError;
use crate::wire::{TaggedField, TaggedFields};

/// The key under which a struct's unknown tagged fields stand, if it has any. No field of Kafka's begins with `_`.
///
/// ```text
/// "_unknownTaggedFields": [{"tag": 10000, "data": "0a0b"}]        data in hex, by ascending tag
/// ```
pub const UNKNOWN_TAGGED_FIELDS: &str = "_unknownTaggedFields";

/// Adds the unknown tagged fields of a struct to its object, if there are any.
pub(crate) fn put_unknown(
    object: &mut Object,
    fields: &TaggedFields,
    version: i16,
) -> Result<(), EncodeError> {
    if !fields.is_empty() {
        object.insert(UNKNOWN_TAGGED_FIELDS.to_owned(), fields.to_json(version)?);
    }
    Ok(())
}

/// Reads the unknown tagged fields of a struct, if its object has any.
pub(crate) fn take_unknown(
    object: &Object,
    fields: &mut TaggedFields,
    version: i16,
) -> Result<(), JsonError> {
    take(object, UNKNOWN_TAGGED_FIELDS, true, version, fields)
}

impl JsonForm for TaggedFields {
    fn to_json(&self, _version: i16) -> Result<Value, EncodeError> {
        let field = |TaggedField { tag, data }: &TaggedField| {
            let data: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            serde_json::json!({ "tag": tag, "data": data })
        };
        Ok(self.iter().map(field).collect())
    }

    fn read_json(&mut self, value: &Value, version: i16) -> Result<(), JsonError> {
        let values = value.as_array().ok_or(JsonError::expected("an array"))?;
        for (index, value) in values.iter().enumerate() {
            self.read_field(value, version).map_err(|error| error.within(&format!("[{index}]")))?;
        }
        Ok(())
    }
}

impl TaggedFields {
    fn read_field(&mut self, value: &Value, version: i16) -> Result<(), JsonError> {
        let (object, mut tag) = (object(value)?, 0_u32);
        take(object, "tag", false, version, &mut tag)?;
        if self.iter().any(|field| field.tag == tag) {
            return Err(JsonError::expected("a tag that is given once").within("tag"));
        }
        let data = object.get("data").ok_or(JsonError::expected("given").within("data"))?;
        let data = data.as_str().and_then(unhex).ok_or(JsonError::expected("hex digits").within("data"))?;
        self.insert(tag, data);
        Ok(())
    }
}

fn unhex(text: &str) -> Option<Bytes> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::messages::MetadataRequest;
    use crate::messages::metadata::MetadataRequestTopic;

    #[test]
    fn unknown_tagged_fields_come_back_at_every_level() {
        let mut topic = MetadataRequestTopic { name: Some("a".into()), ..Default::default() };
        topic.unknown_tagged_fields.insert(7, Bytes::from_static(&[0xff, 0]));
        let mut request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
        request.unknown_tagged_fields.insert(10_000, Bytes::new());
        request.unknown_tagged_fields.insert(5, Bytes::from_static(b"x"));

        let written = request.to_json(12).unwrap();
        let of_topic = json!([{"tag": 7, "data": "ff00"}]);
        assert_eq!(written["topics"][0][UNKNOWN_TAGGED_FIELDS], of_topic);
        let of_request = json!([{"tag": 5, "data": "78"}, {"tag": 10_000, "data": ""}]);
        assert_eq!(written[UNKNOWN_TAGGED_FIELDS], of_request);

        let mut read = MetadataRequest::default();
        read.read_json(&written, 12).unwrap();
        assert_eq!(read, request);
    }

    #[test]
    fn without_any_the_form_is_kafka_s() {
        let written = MetadataRequest::default().to_json(12).unwrap();
        assert_eq!(written.get(UNKNOWN_TAGGED_FIELDS), None);
    }

    #[test]
    fn what_is_no_tagged_field_is_named() {
        let cases = [
            (json!({}), "_unknownTaggedFields is not an array"),
            (json!([7]), "_unknownTaggedFields[0] is not an object"),
            (json!([{"data": ""}]), "_unknownTaggedFields[0].tag is not given"),
            (json!([{"tag": -1, "data": ""}]), "_unknownTaggedFields[0].tag is not a uint32"),
            (json!([{"tag": 1}]), "_unknownTaggedFields[0].data is not given"),
            (json!([{"tag": 1, "data": "0"}]), "_unknownTaggedFields[0].data is not hex digits"),
            (json!([{"tag": 1, "data": "+1"}]), "_unknownTaggedFields[0].data is not hex digits"),
            (
                json!([{"tag": 1, "data": ""}, {"tag": 1, "data": ""}]),
                "_unknownTaggedFields[1].tag is not a tag that is given once",
            ),
        ];
        for (fields, expected) in cases {
            let json = json!({"topics": [], "allowAutoTopicCreation": true, UNKNOWN_TAGGED_FIELDS: fields});
            let error = MetadataRequest::default().read_json(&json, 4).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
