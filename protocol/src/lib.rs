//! The Kafka wire protocol.

#![allow(missing_docs)]

pub mod api;
mod error;
mod error_code;
pub mod frame;
pub mod header;
#[cfg(feature = "json")]
pub mod json;
pub mod messages;
pub mod names;
mod parse;
//pub mod records;
pub mod schema;
mod version;
pub mod wire;

pub use bytes::Bytes;
pub use bytestring::ByteString;

pub use self::api::{ApiKey, Request, RequestMessage, Response, ResponseMessage};
pub use self::error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};
pub use self::error_code::ErrorCode;
pub use self::header::{RequestHeader, ResponseHeader};
pub use self::version::VersionRange;
pub use self::wire::Message;
