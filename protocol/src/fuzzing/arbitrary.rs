//! Messages with any values, written from their schema as data.
//!
//! This is a second encoder, small and slow, that shares nothing with the derived one: what it writes must decode, and
//! what was decoded must encode to the same bytes.

use super::source::Source;
use crate::api::ApiKey;
use crate::schema::{FieldSchema, Kind, StructSchema};
use crate::wire::varint;

/// What a maker of messages knows of single fields, by Kafka's names of them: values that lead somewhere, where any value
/// would lead to an error. `None` leaves the field to the dice.
pub trait Words {
    /// A string.
    fn text(&self, _field: &str, _source: &mut Source<'_>) -> Option<String> {
        None
    }

    /// A number of any width.
    fn number(&self, _field: &str, _source: &mut Source<'_>) -> Option<i64> {
        None
    }

    /// An id.
    fn uuid(&self, _field: &str, _source: &mut Source<'_>) -> Option<[u8; 16]> {
        None
    }

    /// Bytes, or records.
    fn bytes(&self, _field: &str, _source: &mut Source<'_>) -> Option<Vec<u8>> {
        None
    }
}

/// Knows nothing.
struct NoWords;

impl Words for NoWords {}

/// Rolls a request's body, with words for its fields; `None` for an API that is not in the table.
pub fn request_body(
    api_key: ApiKey,
    version: i16,
    source: &mut Source<'_>,
    words: &dyn Words,
) -> Option<Vec<u8>> {
    let [schema, _] = api_key.schemas()?;
    let is_flexible = api_key.flexible_from().is_some_and(|first| version >= first);
    let mut writer = Writer { bytes: Vec::new(), version, is_flexible, is_canonical: true, source, words };
    writer.fields(schema);
    Some(writer.bytes)
}

/// A message as bytes.
pub(super) struct Made {
    pub(super) bytes: Vec<u8>,
    /// Whether there is no shorter way to write it, so that the encoder must write the same. A tagged field that is
    /// there may be at its default, and the encoder leaves it out then.
    pub(super) is_canonical: bool,
}

/// Rolls a message body of `version`.
pub(super) fn message(
    schema: &StructSchema,
    version: i16,
    is_flexible: bool,
    source: &mut Source<'_>,
) -> Made {
    let mut writer =
        Writer { bytes: Vec::new(), version, is_flexible, is_canonical: true, source, words: &NoWords };
    writer.fields(schema);
    Made { bytes: writer.bytes, is_canonical: writer.is_canonical }
}

struct Writer<'s, 'a> {
    bytes: Vec<u8>,
    version: i16,
    is_flexible: bool,
    is_canonical: bool,
    source: &'s mut Source<'a>,
    words: &'s dyn Words,
}

impl Writer<'_, '_> {
    fn fields(&mut self, schema: &StructSchema) {
        let version = self.version;
        let here = |field: &&FieldSchema| field.versions.contains(version);
        for field in schema.fields.iter().filter(here).filter(|field| field.tag.is_none()) {
            self.field(field);
        }
        if self.is_flexible {
            self.tagged(schema);
        }
    }

    fn tagged(&mut self, schema: &StructSchema) {
        let dice = self.source.byte();
        let known = schema.fields.iter().filter(|field| field.versions.contains(self.version));
        let mut known: Vec<(u32, &FieldSchema)> =
            known.filter_map(|field| Some((field.tag?, field))).collect();
        known.sort_by_key(|(tag, _)| *tag);
        known.retain(|(tag, _)| dice >> (tag % 6) & 1 == 1);
        // Beyond all numbers that Kafka uses in any version, so that it is unknown in every one.
        let unknown = (dice >= 0xc0).then(|| 64 + u32::from(self.source.byte()));

        self.is_canonical &= known.is_empty();
        self.unsigned(known.len() as u32 + u32::from(unknown.is_some()));
        for (tag, field) in known {
            self.unsigned(tag);
            let before = std::mem::take(&mut self.bytes);
            self.field(field);
            let content = std::mem::replace(&mut self.bytes, before);
            self.sized(&content);
        }
        if let Some(tag) = unknown {
            self.unsigned(tag);
            let length = self.source.length();
            let content = self.source.bytes(length);
            self.sized(&content);
        }
    }

    fn field(&mut self, field: &FieldSchema) {
        let is_nullable = field.nullable.contains(self.version);
        let is_null = is_nullable && self.source.below(4) == 1;
        match field.kind {
            Kind::Struct(schema) => {
                if is_nullable {
                    self.bytes.push(if is_null { 0xff } else { 1 });
                }
                if !is_null {
                    self.fields(schema);
                }
            }
            Kind::Array(_) | Kind::Primitive("bytes" | "records") if is_null => self.length(None),
            Kind::Primitive("string") if is_null => self.string_length(None),
            kind => self.value(kind, field.name),
        }
    }

    /// A value of the field of that name, or an element of it.
    fn value(&mut self, kind: Kind, name: &str) {
        match kind {
            Kind::Struct(schema) => self.fields(schema),
            Kind::Array(element) => {
                // Long ones only at times, and not of structs, so that nothing multiplies.
                let count = match (element, self.source.length()) {
                    (Kind::Primitive(_), count) => count,
                    (_, count) => count.min(3),
                };
                let count = if self.source.is_used_up() { 0 } else { count };
                self.length(Some(count));
                (0..count).for_each(|_| self.value(*element, name));
            }
            Kind::Primitive("string") => {
                let text = self.words.text(name, self.source).unwrap_or_else(|| {
                    let length = self.source.length();
                    self.source.text(length)
                });
                self.string_length(Some(text.len()));
                self.bytes.extend_from_slice(text.as_bytes());
            }
            Kind::Primitive("bytes" | "records") => {
                let content = self.words.bytes(name, self.source).unwrap_or_else(|| {
                    let length = self.source.length();
                    self.source.bytes(length)
                });
                self.length(Some(content.len()));
                self.bytes.extend_from_slice(&content);
            }
            Kind::Primitive("bool") => {
                let flag = self.source.flag();
                self.bytes.push(u8::from(flag));
            }
            Kind::Primitive("uuid") => {
                let id = self.words.uuid(name, self.source).unwrap_or_else(|| self.source.array());
                self.bytes.extend_from_slice(&id);
            }
            Kind::Primitive(number) => {
                let width = match number {
                    "int8" => 1,
                    "int16" | "uint16" => 2,
                    "int32" | "uint32" => 4,
                    "int64" | "float64" => 8,
                    other => unreachable!("a primitive called {other}"),
                };
                let number = self.words.number(name, self.source).unwrap_or_else(|| self.source.number());
                let number = number.to_be_bytes();
                self.bytes.extend_from_slice(&number[8 - width..]);
            }
        }
    }

    fn length(&mut self, length: Option<usize>) {
        match length {
            _ if self.is_flexible => self.unsigned(length.map_or(0, |length| length as u32 + 1)),
            Some(length) => self.bytes.extend_from_slice(&(length as i32).to_be_bytes()),
            None => self.bytes.extend_from_slice(&[0xff; 4]),
        }
    }

    fn string_length(&mut self, length: Option<usize>) {
        match length {
            _ if self.is_flexible => self.unsigned(length.map_or(0, |length| length as u32 + 1)),
            Some(length) => self.bytes.extend_from_slice(&(length as i16).to_be_bytes()),
            None => self.bytes.extend_from_slice(&[0xff; 2]),
        }
    }

    fn sized(&mut self, content: &[u8]) {
        self.unsigned(content.len() as u32);
        self.bytes.extend_from_slice(content);
    }

    fn unsigned(&mut self, value: u32) {
        varint::put_unsigned(&mut self.bytes, value);
    }
}
