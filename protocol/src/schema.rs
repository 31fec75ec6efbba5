//! What the derive knows of a message, as data: for tests against Kafka's own tables, for documents and for printing.

use crate::version::VersionRange;

/// A message or one of the structs in it.
#[derive(Debug)]
pub struct StructSchema {
    /// Kafka's name of it.
    pub name: &'static str,
    /// Its fields, in the order of the wire (tagged ones stand where Kafka's definition has them).
    pub fields: &'static [FieldSchema],
}

/// One field of a struct.
#[derive(Debug)]
pub struct FieldSchema {
    /// Kafka's name of it, such as `TimeoutMs`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The versions that have it; the end of an open range is `i16::MAX`.
    pub versions: VersionRange,
    /// The versions in which it may be null.
    pub nullable: VersionRange,
    /// Its number, if it is a tagged field.
    pub tag: Option<u32>,
    /// Its default in Rust's notation, or nothing where that is the type's own zero, emptiness or null.
    pub default: &'static str,
    /// Whether a value that the version cannot carry is dropped quietly instead of being an error.
    pub ignorable: bool,
    /// Whether it identifies the elements of the array it lies in.
    pub map_key: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A primitive, by Kafka's name: `int16`, `string`, `uuid`, `records`, …
    Primitive(&'static str),
    /// An array of something.
    Array(&'static Kind),
    /// A struct of its own.
    Struct(&'static StructSchema),
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Primitive(name) => f.write_str(name),
            Self::Array(element) => write!(f, "[]{element}"),
            Self::Struct(schema) => f.write_str(schema.name),
        }
    }
}

/// A type that knows what Kafka calls it.
pub trait Typed {
    /// What a field of this type holds.
    const KIND: Kind;
}

/// A message or a struct inside one: what the derive knows of it.
pub trait Struct {
    /// Its schema.
    const SCHEMA: &'static StructSchema;
}

impl<T: Struct> Typed for T {
    const KIND: Kind = Kind::Struct(T::SCHEMA);
}

macro_rules! primitives {
    ($($type:ty: $name:literal),* $(,)?) => {
        $(impl Typed for $type {
            const KIND: Kind = Kind::Primitive($name);
        })*
    };
}

primitives! {
    bool: "bool", i8: "int8", i16: "int16", u16: "uint16", i32: "int32", u32: "uint32", i64: "int64", f64: "float64",
    bytestring::ByteString: "string", bytes::Bytes: "bytes", crate::wire::Records: "records",
    crate::names::Uuid: "uuid", crate::names::TopicName: "string", crate::names::TransactionalId: "string",
    crate::names::GroupId: "string", crate::names::BrokerId: "int32", crate::names::ProducerId: "int64",
    crate::names::Acks: "int16", crate::names::IsolationLevel: "int8", crate::error_code::ErrorCode: "int16",
}

impl<T: Typed> Typed for Option<T> {
    const KIND: Kind = T::KIND;
}

impl<T: Typed> Typed for Vec<T> {
    const KIND: Kind = Kind::Array(&T::KIND);
}

impl<T: Typed> Typed for crate::wire::IntArray<T> {
    const KIND: Kind = Kind::Array(&T::KIND);
}
