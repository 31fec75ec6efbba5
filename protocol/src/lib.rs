//! The Kafka wire protocol: bytes ⇄ messages, byte for byte as Apache Kafka writes them.
//!
//! ```text
//! a connection      frame │ frame │ frame …
//! a frame           length i32 │ header │ body                                    [frame], [header]
//! a request header  api_key i16 │ api_version i16 │ correlation_id i32 │ client_id …
//! a body            the fields of one message, in the version that the header names   [messages], [api]
//! a records field   batch │ batch │ batch …                                        [records]
//! ```
//!
//! Messages are plain structs; strings, bytes and records in them are slices of the frame they were read from, so that
//! decoding copies nothing. Every version of a message is one struct: a field that a version does not have is at its
//! default.
//!
//! Whatever an API is, it goes the same way: a header says what the body is, the body is read whole.
//!
//! ```
//! use milena_protocol::messages::{MetadataRequest, MetadataResponse, metadata::MetadataRequestTopic};
//! use milena_protocol::{ApiKey, Message, Request, RequestHeader, frame};
//!
//! // A client asks about one topic, in version 12.
//! let topic = MetadataRequestTopic { name: Some("orders".into()), ..Default::default() };
//! let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
//! let bytes = frame::encode_request(7, Some("me"), 12, &request)?.into_bytes();
//!
//! // A broker reads it. The first four bytes are the frame's length.
//! let (header, body) = RequestHeader::read(&bytes.slice(4..))?;
//! assert_eq!((header.request_api_key, header.correlation_id), (ApiKey::METADATA, 7));
//! let read = Request::decode(header.request_api_key, header.request_api_version, &body)?;
//! assert_eq!(read, Request::Metadata(request));
//!
//! // Whoever wants one message only reads it by its type.
//! assert!(MetadataResponse::read(&body, 12).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Examples
//!
//! Build a produce request, and send it:
//!
//! ```
//! use std::io::Write;
//!
//! use milena_protocol::messages::ProduceRequest;
//! use milena_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
//! use milena_protocol::names::Acks;
//! use milena_protocol::records::{BatchBuilder, BatchOptions, Compression, Header};
//! use milena_protocol::{Request, RequestHeader, frame};
//!
//! fn send(socket: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
//!     let options = BatchOptions { compression: Compression::Lz4, ..BatchOptions::default() };
//!     let mut builder = BatchBuilder::new(Vec::with_capacity(16_384), options);
//!     let headers = [Header::new("trace", b"4711")];
//!     builder.append(1_700_000_000_000, Some(b"customer-7"), Some(b"three pears"), headers)?;
//!
//!     let records = Some(builder.build()?.into());
//!     let partition = PartitionProduceData { index: 0, records, ..Default::default() };
//!     let topic = TopicProduceData { name: "orders".into(), partition_data: vec![partition], ..Default::default() };
//!     let request =
//!         ProduceRequest { acks: Acks::ALL, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() };
//!     let frame = frame::encode_request(1, Some("me"), 9, &request)?;
//!     for part in frame.parts() {
//!         socket.write_all(part)?;
//!     }
//!     Ok(())
//! }
//!
//! let mut sent = Vec::new();
//! send(&mut sent)?;
//! assert_eq!(sent[..8], [0, 0, 0, sent[3], 0, 0, 0, 9]);
//! # let (header, body) = RequestHeader::read(&bytes::Bytes::from(sent).slice(4..))?;
//! # assert!(matches!(Request::decode(header.request_api_key, 9, &body)?, Request::Produce(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Decode a produce request from a socket, down to its records:
//!
//! ```
//! use std::io::Read;
//!
//! use bytes::BytesMut;
//! use milena_protocol::frame::Framer;
//! use milena_protocol::records::{Limits, OwnedRecord, Part, batches};
//! use milena_protocol::{Request, RequestHeader};
//!
//! fn records(socket: &mut impl Read) -> Result<Vec<OwnedRecord>, Box<dyn std::error::Error>> {
//!     // A longer frame is refused by its length, before any memory is spent on it.
//!     let (framer, mut received, mut piece) = (Framer::new(1 << 20), BytesMut::new(), [0; 4096]);
//!     let frame = loop {
//!         match framer.next(&mut received)? {
//!             Some(frame) => break frame,
//!             None => match socket.read(&mut piece)? {
//!                 0 => return Err("the connection ended within a frame".into()),
//!                 count => received.extend_from_slice(&piece[..count]),
//!             },
//!         }
//!     };
//!     let (header, body) = RequestHeader::read(&frame)?;
//!     let request = Request::decode(header.request_api_key, header.request_api_version, &body)?;
//!     let Request::Produce(request) = request else { return Err("not a produce request".into()) };
//!
//!     let mut found = Vec::new();
//!     let partitions = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
//!     for field in partitions.filter_map(|partition| partition.records.as_ref()) {
//!         for part in batches(&field.to_bytes()) {
//!             let Part::Batch(batch) = part? else { return Err("not a whole batch of format 2".into()) };
//!             found.extend(batch.records(&Limits::inflated_bytes(8 << 20))?.to_owned()?);
//!         }
//!     }
//!     Ok(found)
//! }
//! # use milena_protocol::{frame, messages::ProduceRequest, records::{BatchBuilder, BatchOptions}};
//! # use milena_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
//! # let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
//! # builder.append(0, Some(b"customer-7"), None, [])?;
//! # let partition = PartitionProduceData { records: Some(builder.build()?.into()), ..Default::default() };
//! # let topic = TopicProduceData { partition_data: vec![partition], ..Default::default() };
//! # let request = ProduceRequest { topic_data: vec![topic], ..Default::default() };
//! # let sent = frame::encode_request(1, None, 9, &request)?.into_bytes();
//!
//! let mut socket = &sent[..];
//! assert_eq!(records(&mut socket)?[0].key(), Some(&b"customer-7"[..]));
//! assert!(records(&mut &sent[..9]).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Rewrite records in a proxy without copying them: offset and leader epoch lie outside the checksum, so that a batch gets
//! a new header and keeps its records where they are.
//!
//! ```
//! use milena_protocol::frame::{EncodedFrame, forward_request};
//! use milena_protocol::records::{Part, batches, rewrite_header};
//! use milena_protocol::wire::Records;
//! use milena_protocol::{Bytes, Request, RequestHeader};
//!
//! fn forward(frame: &Bytes, base_offset: i64) -> Result<EncodedFrame, Box<dyn std::error::Error>> {
//!     let (header, body) = RequestHeader::read(frame)?;
//!     let mut request = Request::decode(header.request_api_key, header.request_api_version, &body)?;
//!     if let Request::Produce(produce) = &mut request {
//!         for partition in produce.topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data) {
//!             let (mut offset, mut slices) = (base_offset, Vec::new());
//!             for part in batches(&partition.records.take().unwrap_or_default().to_bytes()) {
//!                 let Part::Batch(batch) = part? else { return Err("not a whole batch of format 2".into()) };
//!                 slices.extend(rewrite_header(&batch, offset, 3, None));
//!                 offset += i64::from(batch.header().last_offset_delta) + 1;
//!             }
//!             partition.records = Some(Records::from_slices(slices));
//!         }
//!     }
//!     Ok(forward_request(&header, &request)?)
//! }
//! # use milena_protocol::{frame, messages::ProduceRequest, records::{BatchBuilder, BatchOptions}};
//! # use milena_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
//! # let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
//! # builder.append(0, None, Some(&[7; 100_000]), [])?;
//! # let partition = PartitionProduceData { records: Some(builder.build()?.into()), ..Default::default() };
//! # let topic = TopicProduceData { partition_data: vec![partition], ..Default::default() };
//! # let request = ProduceRequest { topic_data: vec![topic], ..Default::default() };
//! # let received = frame::encode_request(1, None, 9, &request)?.into_bytes().slice(4..);
//!
//! let frame = forward(&received, 1000)?;
//! let is_of_received = |part: &&Bytes| received.as_ptr_range().contains(&part.as_ptr());
//! let kept: usize = frame.parts().filter(is_of_received).map(|part| part.len()).sum();
//! assert!(kept > 100_000 && frame.len() - kept < 200);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same three as programs with real sockets, which check what comes out:
//!
//! | `cargo run -p milena-protocol --example …` | |
//! |---|---|
//! | [`decode_produce`] | reads a produce request from a socket, down to its records |
//! | [`send_produce`] | agrees on versions, builds a batch, sends it, and reads the answer |
//! | [`proxy`] | renames topics and assigns offsets between two sockets; records stay slices of what came in |
//!
//! [`decode_produce`]: https://github.com/milena-kafka/milena/blob/main/protocol/examples/decode_produce.rs
//! [`send_produce`]: https://github.com/milena-kafka/milena/blob/main/protocol/examples/send_produce.rs
//! [`proxy`]: https://github.com/milena-kafka/milena/blob/main/protocol/examples/proxy.rs
//!
//! # What is supported
//!
//! | | |
//! |---|---|
//! | requests and responses | all 91 of [`ApiKey::ALL`], at every version of Kafka 4.4 |
//! | data messages | the eleven that Kafka keeps inside records and fields, such as [`messages::VotersRecord`] |
//! | headers | request 1–2, response 0–1, ApiVersions' exception (KIP-511) |
//! | versions | what a broker offers, and what to speak with it ([`negotiation`], KIP-35, KIP-511) |
//! | unknown tagged fields (KIP-482) | kept, at every level, in the JSON form too |
//! | record batches | format 2, read and written, with none, gzip, snappy, lz4 and zstd, each behind a default feature |
//! | control records | read and written: commit, abort, leader change, snapshot header and footer, KRaft version and voters ([`records::ControlRecord`]) |
//! | message formats 0 and 1 | read, borrowed and owned, and written, wrapped compression too; no Produce version of today carries them |
//! | Kafka's JSON form | feature `json`, both directions |
//! | not here | sockets, retries, SASL mechanisms, the records of the metadata log and of the coordinators' topics |
//!
//! # Limits
//!
//! | what | limit | default | set by |
//! |---|---|---|---|
//! | a frame that is received | refused by its length alone | 100 MiB, [`frame::DEFAULT_MAX_FRAME_BYTES`] | [`frame::Framer::new`] |
//! | a frame that is sent | refused when it is encoded | 2 GiB − 1 byte | the format |
//! | the records of a batch, inflated | an error that names the limit | 128 MiB | [`records::Limits::inflated_bytes`] |
//! | memory that decoding a message takes | 64 × its bytes + 64 KiB at most | | tested |
//! | memory that reading a batch takes | the inflation limit + 1 MiB + 64 × its bytes at most, beside zstd's own[^zstd] | | tested |
//! | a batch that is not whole | [`records::Part::Cut`] says what is missing: up to 2 GiB, as its length claims | | whoever waits for the rest |
//! | an array's count | what the bytes that are left can hold | | the input |
//! | a string, a client id | refused, both ways | 32,767 bytes | Kafka |
//! | a varint | refused if it is longer | 5 bytes for 32 bits, 10 for 64 | the format |
//!
//! [^zstd]: What zstd's C library takes for its state is on the C heap, which the tests do not count. Streams are inflated
//! in one piece into the counted buffer, so there is no window beside it; one that asks for a window of more than
//! 128 MiB, the largest that Kafka's Java library reads, is refused.
//!
//! # Safe on any input
//!
//! There is no `unsafe` here, and no input panics. A length or a count buys no memory by itself: arrays are reserved only
//! as far as the bytes that are left can fill them, and decompression stops at a limit that the caller gives
//! ([`records::Limits`]). What is wrong is said with its offset and the path to the field ([`DecodeError`]).

pub mod api;
mod error;
mod error_code;
pub mod frame;
#[doc(hidden)]
pub mod fuzzing;
pub mod header;
#[cfg(feature = "json")]
pub mod json;
pub mod messages;
pub mod names;
mod nearest;
pub mod negotiation;
mod parse;
#[doc(hidden)]
pub mod random;
pub mod records;
pub mod schema;
mod version;
pub mod wire;

pub use bytes::Bytes;
pub use bytestring::ByteString;

pub use self::api::{ApiKey, Request, RequestMessage, Response, ResponseMessage};
pub use self::error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};
pub use self::error_code::ErrorCode;
pub use self::header::{RequestHeader, ResponseHeader};
pub use self::nearest::nearest;
pub use self::negotiation::{ApiVersionsAnswer, BrokerVersions};
pub use self::version::VersionRange;
pub use self::wire::Message;
