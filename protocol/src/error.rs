//! What can go wrong between bytes and values.
//!
//! Both errors are one pointer wide, so that a decoder that succeeds pays nothing for the one that could fail. They
//! are built in cold code, and the path to the field is added on the way out, level by level.

use std::fmt;

/// Bytes that are not what they claim to be: where, what, and in which field.
///
/// ```
/// use milena_protocol::{DecodeErrorKind, Message, messages::MetadataResponse};
///
/// let cut = bytes::Bytes::from_static(&[0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]);
/// let error = MetadataResponse::read(&cut, 4).unwrap_err();
/// assert!(matches!(error.kind(), DecodeErrorKind::CountTooLarge { count: 0x7fff_ffff, .. }));
/// assert_eq!(error.path(), "brokers");
/// ```
#[derive(Clone)]
pub struct DecodeError(Box<DecodeFailure>);

#[derive(Clone)]
struct DecodeFailure {
    kind: DecodeErrorKind,
    offset: usize,
    /// Innermost first: it is written while the error travels outwards.
    path: Vec<Step>,
}

#[derive(Clone)]
enum Step {
    Field(&'static str),
    Index(usize),
}

/// Steps that were written innermost first, as they are read: `topics[2].partitions[0].leader_id`.
fn joined(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps.iter().rev() {
        match step {
            Step::Field(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// Why bytes were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input ends before the value does.
    UnexpectedEnd {
        /// Bytes the value still needs.
        needed: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// A length below −1, or −1 where null is not allowed to be written so.
    NegativeLength(i64),
    /// An array claims more elements than the bytes that are left could hold.
    CountTooLarge {
        /// Claimed elements.
        count: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// Null where this version of the message has no null.
    UnexpectedNull,
    /// A varint of more bytes than its type has room for.
    VarintTooLong,
    /// A string of more bytes than strings may have.
    StringTooLong {
        /// Its length, in bytes.
        length: usize,
        /// The longest there may be.
        limit: usize,
    },
    /// A string that is not UTF-8.
    InvalidUtf8,
    /// A tagged field out of order, or given twice (KIP-482 wants them strictly ascending).
    TagOutOfOrder {
        /// The offending tag.
        tag: u32,
        /// The tag before it.
        previous: u32,
    },
    /// A known tagged field whose value is shorter than the size given for it.
    TagSizeMismatch {
        /// The tag.
        tag: u32,
        /// Bytes of its value that were not used.
        unused: usize,
    },
    /// Bytes left over after the whole message.
    TrailingBytes(usize),
    /// An API key that is not in the table.
    UnknownApiKey(i16),
    /// A version that the message does not have.
    UnsupportedVersion {
        /// The version asked for.
        version: i16,
        /// The lowest version there is.
        lowest: i16,
        /// The highest version there is.
        highest: i16,
    },
    /// A frame whose length is negative or over the limit.
    FrameLength {
        /// The length that the frame claims.
        length: i32,
        /// The longest frame that is accepted.
        limit: usize,
    },
    /// A record batch of a format that is not known.
    UnknownMagic(i8),
    /// The checksum of a record batch does not fit its bytes.
    CrcMismatch {
        /// As written in the batch.
        stored: u32,
        /// As computed from the bytes.
        computed: u32,
    },
    /// Attributes that name no known compression (0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd).
    UnknownCompression(u8),
    /// The crate was built without this codec.
    CompressionNotBuiltIn {
        /// The cargo feature to turn on.
        feature: &'static str,
    },
    /// The compressed records could not be inflated.
    Decompression(String),
    /// The records inflate to more than the caller allows.
    InflatedTooLarge {
        /// The caller's limit, in bytes.
        limit: usize,
    },
    /// A record or batch that breaks a rule of its format; the text says which.
    InvalidRecord(&'static str),
}

impl DecodeError {
    /// Makes an error about the byte at `offset`.
    #[cold]
    pub fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self(Box::new(DecodeFailure { kind, offset, path: Vec::new() }))
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// Where, counted in bytes from the start of the decoded input.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// Which field, from the outside in: `topics[2].partitions[0].leader_id`; empty if it is none.
    #[must_use]
    pub fn path(&self) -> String {
        joined(&self.0.path)
    }

    /// Adds the field that was being read.
    #[cold]
    #[must_use]
    pub fn in_field(mut self, name: &'static str) -> Self {
        self.0.path.push(Step::Field(name));
        self
    }

    /// Adds the element that was being read.
    #[cold]
    #[must_use]
    pub fn in_element(mut self, index: usize) -> Self {
        self.0.path.push(Step::Index(index));
        self
    }

    /// Moves the offset, for input that itself lies within a larger one.
    #[cold]
    #[must_use]
    pub fn shifted_by(mut self, bytes: usize) -> Self {
        self.0.offset += bytes;
        self
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd { needed, remaining } => {
                write!(f, "the input ends too early: {needed} bytes needed, {remaining} left")
            }
            Self::NegativeLength(length) => write!(f, "a length of {length}"),
            Self::CountTooLarge { count, remaining } => {
                write!(f, "{count} elements cannot lie in the {remaining} bytes that are left")
            }
            Self::UnexpectedNull => write!(f, "null where this version has no null"),
            Self::VarintTooLong => write!(f, "a varint longer than its type"),
            Self::StringTooLong { length, limit } => {
                write!(f, "a string of {length} bytes, where {limit} is the most")
            }
            Self::InvalidUtf8 => write!(f, "a string that is not UTF-8"),
            Self::TagOutOfOrder { tag, previous } => {
                write!(f, "tagged field {tag} after {previous}: tags must ascend")
            }
            Self::TagSizeMismatch { tag, unused } => {
                write!(f, "tagged field {tag} leaves {unused} bytes of its size unused")
            }
            Self::TrailingBytes(count) => write!(f, "{count} bytes after the end of the message"),
            Self::UnknownApiKey(key) => write!(f, "unknown api key {key}"),
            Self::UnsupportedVersion { version, lowest, highest } => {
                write!(f, "version {version} is outside {lowest} to {highest}")
            }
            Self::FrameLength { length, limit } => {
                write!(f, "a frame of {length} bytes, where 0 to {limit} are accepted")
            }
            Self::UnknownMagic(magic) => write!(f, "a record batch of unknown magic {magic}"),
            Self::CrcMismatch { stored, computed } => {
                write!(f, "the batch says checksum {stored:#010x}, its bytes give {computed:#010x}")
            }
            Self::UnknownCompression(id) => write!(f, "unknown compression {id}"),
            Self::CompressionNotBuiltIn { feature } => {
                write!(f, "this build cannot inflate {feature}: turn on the feature `{feature}`")
            }
            Self::Decompression(reason) => write!(f, "records that do not inflate: {reason}"),
            Self::InflatedTooLarge { limit } => {
                write!(f, "records that inflate to more than the limit of {limit} bytes")
            }
            Self::InvalidRecord(rule) => f.write_str(rule),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.0.kind, self.0.offset)?;
        if !self.0.path.is_empty() {
            write!(f, " in {}", self.path())?;
        }
        Ok(())
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("kind", &self.0.kind)
            .field("offset", &self.0.offset)
            .field("path", &self.path())
            .finish()
    }
}

impl std::error::Error for DecodeError {}

/// A value that the chosen version cannot carry: which field, and why.
///
/// ```
/// use milena_protocol::{EncodeErrorKind, Message};
/// use milena_protocol::messages::{MetadataRequest, metadata::MetadataRequestTopic};
///
/// let by_id = MetadataRequestTopic { name: None, ..Default::default() };
/// let topics = vec![MetadataRequestTopic::default(), by_id];
/// let request = MetadataRequest { topics: Some(topics), ..Default::default() };
/// let error = request.to_bytes(4).unwrap_err();
/// assert_eq!(*error.kind(), EncodeErrorKind::NullNotAllowed { version: 4 });
/// assert_eq!(error.path(), "topics[1].name");
/// ```
#[derive(Clone)]
pub struct EncodeError(Box<EncodeFailure>);

#[derive(Clone)]
struct EncodeFailure {
    kind: EncodeErrorKind,
    /// Innermost first, as in decoding.
    path: Vec<Step>,
}

/// Why a value cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// The field is set, but this version does not have it and Kafka does not allow to drop it quietly.
    FieldNotInVersion {
        /// The version that was asked for.
        version: i16,
    },
    /// The field is `None`, but this version has no null for it.
    NullNotAllowed {
        /// The version that was asked for.
        version: i16,
    },
    /// A string, blob, array or frame is longer than its length field can say.
    TooLong {
        /// How long it is.
        length: usize,
        /// The longest that can be written.
        limit: usize,
    },
    /// The message does not have this version.
    UnsupportedVersion {
        /// The version asked for.
        version: i16,
        /// The lowest version there is.
        lowest: i16,
        /// The highest version there is.
        highest: i16,
    },
    /// An unknown tagged field that the schema knows, or that is given twice.
    TagTaken(u32),
    /// The crate was built without this codec.
    CompressionNotBuiltIn {
        /// The cargo feature to turn on.
        feature: &'static str,
    },
    /// The codec refused; the text is its own.
    Compression(String),
    /// A record that its batch cannot take; the text says why.
    InvalidRecord(&'static str),
    /// Options of a batch that cannot be; the text says which, and what could be.
    InvalidOptions(String),
}

impl EncodeError {
    /// Makes an error; the field names are added on the way out.
    #[cold]
    pub fn new(kind: EncodeErrorKind) -> Self {
        Self(Box::new(EncodeFailure { kind, path: Vec::new() }))
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &EncodeErrorKind {
        &self.0.kind
    }

    /// Which field, from the outside in: `topics[2].name`; empty if it is none.
    #[must_use]
    pub fn path(&self) -> String {
        joined(&self.0.path)
    }

    /// Adds the field that was being written.
    #[cold]
    #[must_use]
    pub fn in_field(mut self, name: &'static str) -> Self {
        self.0.path.push(Step::Field(name));
        self
    }

    /// Adds the element that was being written.
    #[cold]
    #[must_use]
    pub fn in_element(mut self, index: usize) -> Self {
        self.0.path.push(Step::Index(index));
        self
    }
}

impl fmt::Display for EncodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldNotInVersion { version } => {
                write!(f, "is set, but version {version} does not have it")
            }
            Self::NullNotAllowed { version } => write!(f, "is null, which version {version} cannot say"),
            Self::TooLong { length, limit } => write!(f, "is {length} long, where {limit} is the most"),
            Self::UnsupportedVersion { version, lowest, highest } => {
                write!(f, "version {version} is outside {lowest} to {highest}")
            }
            Self::TagTaken(tag) => write!(f, "tag {tag} is used twice"),
            Self::CompressionNotBuiltIn { feature } => {
                write!(f, "this build cannot compress with {feature}: turn on the feature `{feature}`")
            }
            Self::Compression(reason) => write!(f, "the records could not be compressed: {reason}"),
            Self::InvalidRecord(rule) => write!(f, "a record {rule}"),
            Self::InvalidOptions(reason) => write!(f, "the options of the batch: {reason}"),
        }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{} ", self.path())?;
        }
        write!(f, "{}", self.0.kind)
    }
}

impl fmt::Debug for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodeError").field("kind", &self.0.kind).field("path", &self.path()).finish()
    }
}

impl std::error::Error for EncodeError {}
