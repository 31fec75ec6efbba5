//! A message as a tree of named values, in the order of its schema.
//!
//! The values are those of the JSON form; the schema gives the order of the fields, and tells bytes and records from
//! text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use protocol::json::{JsonForm, UNKNOWN_TAGGED_FIELDS, Value};
use protocol::schema::{Kind, StructSchema};
use protocol::wire::TaggedFields;

/// A value of a message.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A number, a string, a truth or null.
    Plain(Value),
    Bytes(Bytes),
    /// The bytes of a records field.
    Records(Bytes),
    List(Vec<Item>),
    /// Fields by Kafka's name of them, such as `TopicData`.
    Struct(Vec<(&'static str, Item)>),
    /// Tagged fields that the schema does not know, by number.
    Unknown(TaggedFields),
}

impl Item {
    /// The struct of this schema whose JSON form is `json`. What the version does not have is not there.
    pub(crate) fn of_struct(schema: &StructSchema, json: Value) -> Self {
        let Value::Object(mut object) = json else { return Self::Plain(json) };
        let fields = schema.fields.iter().filter_map(|field| {
            let value = object.remove(&json_name(field.name))?;
            Some((field.name, Self::of(&field.kind, value).unless_unaligned(field.name)))
        });
        let mut fields: Vec<_> = fields.collect();
        if let Some(unknown) = unknown_fields(&object.into()) {
            fields.push((UNKNOWN_TAGGED_FIELDS, Self::Unknown(unknown)));
        }
        Self::Struct(fields)
    }

    fn of(kind: &Kind, json: Value) -> Self {
        match (kind, json) {
            (Kind::Struct(schema), json @ Value::Object(_)) => Self::of_struct(schema, json),
            (Kind::Array(element), Value::Array(values)) => {
                Self::List(values.into_iter().map(|value| Self::of(element, value)).collect())
            }
            (Kind::Primitive(name @ ("bytes" | "records")), Value::String(text)) => {
                match BASE64.decode(&text) {
                    Ok(bytes) if *name == "records" => Self::Records(bytes.into()),
                    Ok(bytes) => Self::Bytes(bytes.into()),
                    Err(_) => Self::Plain(Value::String(text)),
                }
            }
            (_, json) => Self::Plain(json),
        }
    }

    /// A part of a snapshot's file has type records, but begins and ends anywhere (KIP-630).
    fn unless_unaligned(self, name: &str) -> Self {
        match self {
            Self::Records(bytes) if name == "UnalignedRecords" => Self::Bytes(bytes),
            item => item,
        }
    }

    /// Calls `visit` with every records field and the path to it, written as decoding errors write paths.
    pub(crate) fn visit_records<E>(
        &self,
        path: &str,
        visit: &mut impl FnMut(&str, &Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Plain(_) | Self::Bytes(_) | Self::Unknown(_) => Ok(()),
            Self::Records(bytes) => visit(path, bytes),
            Self::List(items) => {
                let mut items = items.iter().enumerate();
                items.try_for_each(|(index, item)| item.visit_records(&format!("{path}[{index}]"), visit))
            }
            Self::Struct(fields) => {
                let dot = if path.is_empty() { "" } else { "." };
                let mut fields = fields.iter();
                fields.try_for_each(|(name, item)| {
                    item.visit_records(&format!("{path}{dot}{}", path_name(name)), visit)
                })
            }
        }
    }
}

/// The tagged fields of a struct, in its JSON form, that its schema does not know; `None` if there are none.
pub(crate) fn unknown_fields(json: &Value) -> Option<TaggedFields> {
    let mut fields = TaggedFields::default();
    fields.read_json(json.get(UNKNOWN_TAGGED_FIELDS)?, 0).ok()?;
    Some(fields)
}

/// A field's name in Kafka's JSON form: `topicData`.
pub(crate) fn json_name(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A field's name as in the paths of decoding errors: `topic_data`.
pub(crate) fn path_name(name: &str) -> String {
    let mut path = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_uppercase() && !path.is_empty() {
            path.push('_');
        }
        path.extend(letter.to_lowercase());
    }
    path
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

#[cfg(test)]
mod tests {
    use protocol::ApiKey;
    use protocol::messages::ProduceRequest;
    use protocol::messages::produce::{PartitionProduceData, TopicProduceData};
    use protocol::schema::Struct;
    use protocol::wire::Records;

    use super::*;

    #[test]
    fn fields_come_in_the_order_of_the_schema_and_records_as_bytes() {
        let records = Some(Records::from(vec![1, 2, 3]));
        let partition = PartitionProduceData { records, ..Default::default() };
        let topic = TopicProduceData { partition_data: vec![partition], ..Default::default() };
        let request = ProduceRequest { topic_data: vec![topic], ..Default::default() };
        let item = Item::of_struct(ProduceRequest::SCHEMA, request.to_json(9).unwrap());

        let Item::Struct(fields) = &item else { panic!("{item:?}") };
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["TransactionalId", "Acks", "TimeoutMs", "TopicData"]);
        let mut found = Vec::new();
        let visited = item.visit_records("", &mut |path, bytes| {
            found.push((path.to_owned(), bytes.clone()));
            Ok::<(), ()>(())
        });
        assert_eq!(visited, Ok(()));
        let path = "topic_data[0].partition_data[0].records".to_owned();
        assert_eq!(found, [(path, Bytes::from_static(&[1, 2, 3]))]);
    }

    #[test]
    fn no_field_of_any_message_is_lost() {
        for key in ApiKey::ALL {
            for version in key.versions().unwrap().iter() {
                let [schema, _] = key.schemas().unwrap();
                let body = protocol::Request::from_json(*key, version, &empty(schema, version));
                let json = body.unwrap().unwrap().to_json(version).unwrap();
                let count = json.as_object().unwrap().len();
                let Item::Struct(fields) = Item::of_struct(schema, json) else { panic!("{key}") };
                assert_eq!(fields.len(), count, "{key} v{version}");
            }
        }
    }

    /// The JSON form of a message in which all is zero or empty.
    fn empty(schema: &StructSchema, version: i16) -> Value {
        let fields = schema.fields.iter().filter(|field| field.versions.contains(version));
        let value = |kind: &Kind| match kind {
            Kind::Primitive("bool") => Value::from(false),
            Kind::Primitive("string" | "bytes" | "records") => Value::from(""),
            Kind::Primitive("uuid") => Value::from("AAAAAAAAAAAAAAAAAAAAAA"),
            Kind::Primitive(_) => Value::from(0),
            Kind::Array(_) => Value::Array(Vec::new()),
            Kind::Struct(schema) => empty(schema, version),
        };
        fields
            .map(|field| (json_name(field.name), value(&field.kind)))
            .collect::<protocol::json::Object>()
            .into()
    }
}
