//! Messages made from their schema, in which arrays claim as much as they can get, or are as small as they can be.

use bytes::Bytes;
use harness::random::Random;
use protocol::schema::{FieldSchema, Kind, StructSchema};

use crate::law::{Law, Subject};

/// Zeros behind a claim: what it may call its own.
const FILLER: usize = 8 << 10;
/// How many random choices of nested claims are tried for each array.
const TRIES: usize = 6;
/// How many of the smallest elements are put into an array.
const ELEMENTS: usize = 50;

/// An array of the smallest elements there can be decodes, in every message and version: counts are not charged too
/// much.
pub(crate) fn smallest_elements(law: &mut Law) {
    for_each_array(|subject, version, schema, is_flexible, array| {
        let mut writer = Writer::new(version, is_flexible, array, Array::Filled);
        writer.fields(schema);
        if !writer.is_reached {
            return false;
        }
        if let Err(error) = law.message(subject, version, &Bytes::from(writer.bytes)) {
            law.fail(format!("{} v{version}: refuses small elements: {error}", subject.name()));
        }
        true
    });
}

/// Each array claims what it can get for the bytes that follow, and so do those that it lies in.
pub(crate) fn largest_claims(law: &mut Law) {
    let mut random = Random::new(22);
    for_each_array(|subject, version, schema, is_flexible, array| {
        for attempt in 0..TRIES {
            // The first attempts claim only here, for an element in as few bytes as possible; the others on the way too.
            let on_the_way = if attempt == 0 { 0 } else { 1 + random.below(8) };
            for bytes_per_element in 1..=64 {
                let mut writer = Writer::new(version, is_flexible, array, Array::Claims(bytes_per_element));
                writer.on_the_way = on_the_way;
                writer.fields(schema);
                if !writer.is_reached {
                    return false;
                }
                writer.bytes.resize(writer.bytes.len() + FILLER, 0);
                let result = law.message(subject, version, &Bytes::from(writer.bytes));
                let is_refused =
                    result.is_err_and(|error| error.to_string().contains("elements cannot lie in"));
                if !is_refused {
                    break;
                }
            }
        }
        true
    });
}

/// Headers have no arrays; unknown tagged fields are what they can hold many of, small ones or as many as they claim.
pub(crate) fn tagged_fields_of_headers(law: &mut Law) {
    for (subject, version, fixed) in [(Subject::RequestHeader, 2, 10), (Subject::ResponseHeader, 1, 4)] {
        let mut writer = Writer::new(version, true, 0, Array::Filled);
        writer.put(&[0; 10][..fixed]);
        if fixed == 10 {
            let (key, version) = Subject::request_of_header(true);
            writer.bytes[..2].copy_from_slice(&key.0.to_be_bytes());
            writer.bytes[2..4].copy_from_slice(&version.to_be_bytes());
        }
        let start = writer.bytes;
        let with_count = |count: usize| {
            let mut writer = Writer::new(version, true, 0, Array::Filled);
            writer.put(&start);
            writer.length_bytes(count as u32);
            writer
        };

        let count = FILLER / 4;
        let mut filled = with_count(count);
        for tag in 0..count {
            filled.length_bytes(tag as u32);
            filled.length_bytes(0);
        }
        if let Err(error) = law.message(subject, version, &Bytes::from(filled.bytes)) {
            law.fail(format!("{} v{version}: refuses small tagged fields: {error}", subject.name()));
        }
        for bytes_per_field in 1..=4 {
            let mut claimed = with_count(FILLER / bytes_per_field).bytes;
            claimed.resize(claimed.len() + FILLER, 0);
            let _ = law.message(subject, version, &Bytes::from(claimed));
        }
    }
}

/// Calls `visit` with the numbers 0, 1, … for each message and version, until it says that there is no such array.
fn for_each_array(mut visit: impl FnMut(Subject, i16, &StructSchema, bool, usize) -> bool) {
    for subject in Subject::with_schemas() {
        let schema = subject.schema().expect("it has one");
        for version in subject.versions().iter() {
            let is_flexible = subject.is_flexible(version);
            let mut array = 0;
            while visit(subject, version, schema, is_flexible, array) {
                array += 1;
            }
        }
    }
}

/// What stands at the array in question.
#[derive(Clone, Copy)]
enum Array {
    /// The smallest elements there are.
    Filled,
    /// A count as if each element took so many bytes; then the message ends.
    Claims(usize),
}

/// Writes a message in as few bytes as possible, up to the array in question.
struct Writer {
    bytes: Vec<u8>,
    version: i16,
    is_flexible: bool,
    /// Arrays before the one in question.
    left: usize,
    array: Array,
    is_reached: bool,
    /// Nothing is written any more.
    is_over: bool,
    /// Arrays on the way to it claim one element for so many bytes of filler; 0 is just the one element.
    on_the_way: usize,
}

impl Writer {
    fn new(version: i16, is_flexible: bool, left: usize, array: Array) -> Self {
        let (bytes, is_reached, is_over) = (Vec::new(), false, false);
        Self { bytes, version, is_flexible, left, array, is_reached, is_over, on_the_way: 0 }
    }

    fn put(&mut self, bytes: &[u8]) {
        if !self.is_over {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn fields(&mut self, schema: &StructSchema) {
        let version = self.version;
        let here = |field: &&FieldSchema| field.versions.contains(version);
        for field in schema.fields.iter().filter(here).filter(|field| field.tag.is_none()) {
            match field.kind {
                Kind::Struct(_) if field.nullable.contains(version) => self.nullable(field.kind),
                kind => self.value(kind),
            }
        }
        if !self.is_flexible || self.is_over {
            return;
        }
        // A known tagged field is written only if the array in question lies in it.
        let tagged = schema.fields.iter().filter(here).filter(|field| field.tag.is_some());
        for field in tagged {
            let mut inside =
                Self { bytes: Vec::new(), is_reached: false, is_over: false, array: self.array, ..*self };
            match field.kind {
                Kind::Struct(_) if field.nullable.contains(version) => inside.nullable(field.kind),
                kind => inside.value(kind),
            }
            self.left = inside.left;
            if inside.is_reached && !self.is_reached {
                let filler = if inside.is_over { FILLER } else { 0 };
                self.put(&[1, field.tag.unwrap_or_default() as u8]);
                self.length_bytes((inside.bytes.len() + filler) as u32);
                self.put(&inside.bytes);
                self.is_reached = true;
                self.is_over = inside.is_over;
                return;
            }
        }
        self.put(&[0]);
    }

    fn nullable(&mut self, kind: Kind) {
        self.put(&[1]);
        self.value(kind);
    }

    fn value(&mut self, kind: Kind) {
        match kind {
            Kind::Struct(schema) => self.fields(schema),
            Kind::Array(element) => self.array(*element),
            Kind::Primitive("string") if self.is_flexible => self.put(&[1]),
            Kind::Primitive("string") => self.put(&[0; 2]),
            Kind::Primitive("bytes" | "records") => self.length(0),
            Kind::Primitive("bool" | "int8") => self.put(&[0]),
            Kind::Primitive("int16" | "uint16") => self.put(&[0; 2]),
            Kind::Primitive("int32" | "uint32") => self.put(&[0; 4]),
            Kind::Primitive("int64" | "float64") => self.put(&[0; 8]),
            Kind::Primitive("uuid") => self.put(&[0; 16]),
            Kind::Primitive(other) => unreachable!("a primitive called {other}"),
        }
    }

    fn array(&mut self, element: Kind) {
        if self.is_reached {
            return self.length(0);
        }
        if self.left > 0 {
            self.left -= 1;
            let count_at = self.bytes.len();
            // Goes in, in case the array in question lies inside; else it is empty.
            let claimed = if self.on_the_way == 0 { 1 } else { FILLER / (8 * self.on_the_way) };
            self.length(claimed);
            self.value(element);
            if !self.is_reached {
                self.bytes.truncate(count_at);
                self.length(0);
            }
            return;
        }
        self.is_reached = true;
        match self.array {
            Array::Claims(bytes_per_element) => {
                self.length(FILLER / bytes_per_element);
                self.is_over = true;
            }
            Array::Filled => {
                self.length(ELEMENTS);
                (0..ELEMENTS).for_each(|_| self.value(element));
            }
        }
    }

    fn length(&mut self, length: usize) {
        if self.is_flexible {
            self.length_bytes(length as u32 + 1);
        } else {
            self.put(&(length as u32).to_be_bytes());
        }
    }

    /// An unsigned varint.
    fn length_bytes(&mut self, mut value: u32) {
        while value > 0x7f {
            self.put(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.put(&[value as u8]);
    }
}
