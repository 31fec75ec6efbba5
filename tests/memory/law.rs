//! What was measured, and whether it was within the law.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::Bytes;
use protocol::{
    ApiKey, DecodeError, Message, Request, RequestHeader, Response, ResponseHeader, VersionRange,
    messages::*, schema::StructSchema,
};

use crate::peak::peak_of;

/// The multiple of its input that decoding may take.
const TIMES_INPUT: usize = 64;
/// And beyond it, for messages.
const MESSAGE_SLACK: usize = 64 << 10;
/// And beyond it, for batches, with the limit for inflated records.
const BATCH_SLACK: usize = 1 << 20;
/// Ratios of smaller inputs say nothing.
const WORTH_A_RATIO: usize = 1 << 10;
/// There may be thousands of the same kind.
const MOST_FAILURES: usize = 50;

/// A message of any kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    Request(ApiKey),
    Response(ApiKey),
    /// The versions are those of the header, not of what follows it.
    RequestHeader,
    ResponseHeader,
    /// A structure that Kafka keeps inside records and fields.
    Data(&'static Data),
}

/// What is to be known of a data message.
#[derive(Debug)]
pub(crate) struct Data {
    name: &'static str,
    schema: &'static StructSchema,
    versions: VersionRange,
    flexible_from: Option<i16>,
    read: fn(&Bytes, i16) -> Result<(), DecodeError>,
}

impl Data {
    const fn of<M: Message>() -> Self {
        let read = |body: &Bytes, version| M::read(body, version).map(drop);
        let (name, schema, versions) = (M::NAME, M::SCHEMA, M::VERSIONS);
        Self { name, schema, versions, flexible_from: M::FLEXIBLE_FROM, read }
    }
}

macro_rules! data {
    ($($message:ident)*) => { &[$(Data::of::<$message>()),*] };
}

static DATA: &[Data] = protocol::data_messages!(data);

impl Subject {
    /// All that have a schema, which is all but the headers.
    pub(crate) fn with_schemas() -> impl Iterator<Item = Self> {
        let apis = ApiKey::ALL.iter().flat_map(|&key| [Self::Request(key), Self::Response(key)]);
        apis.chain(DATA.iter().map(Self::Data))
    }

    /// The message of a golden vector: its API key, or its name if it has none.
    pub(crate) fn of(key: Option<i64>, kind: &str, name: &str) -> Option<Self> {
        match (key, kind) {
            (Some(key), "request") => Some(Self::Request(ApiKey(key.try_into().ok()?))),
            (Some(key), "response") => Some(Self::Response(ApiKey(key.try_into().ok()?))),
            (None, "header") if name == "RequestHeader" => Some(Self::RequestHeader),
            (None, "header") if name == "ResponseHeader" => Some(Self::ResponseHeader),
            (None, "data") => DATA.iter().find(|data| data.name == name).map(Self::Data),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Request(key) => format!("{key}Request"),
            Self::Response(key) => format!("{key}Response"),
            Self::RequestHeader => "RequestHeader".to_owned(),
            Self::ResponseHeader => "ResponseHeader".to_owned(),
            Self::Data(data) => data.name.to_owned(),
        }
    }

    /// `None` of headers.
    pub(crate) fn schema(self) -> Option<&'static StructSchema> {
        match self {
            Self::Request(key) => key.schemas().map(|[request, _]| request),
            Self::Response(key) => key.schemas().map(|[_, response]| response),
            Self::RequestHeader | Self::ResponseHeader => None,
            Self::Data(data) => Some(data.schema),
        }
    }

    pub(crate) fn versions(self) -> VersionRange {
        match self {
            Self::Request(key) | Self::Response(key) => key.versions().unwrap_or(VersionRange::NONE),
            Self::RequestHeader => VersionRange::new(1, 2),
            Self::ResponseHeader => VersionRange::new(0, 1),
            Self::Data(data) => data.versions,
        }
    }

    pub(crate) fn is_flexible(self, version: i16) -> bool {
        let first = match self {
            Self::Request(key) | Self::Response(key) => key.flexible_from(),
            Self::RequestHeader => Some(2),
            Self::ResponseHeader => Some(1),
            Self::Data(data) => data.flexible_from,
        };
        first.is_some_and(|first| version >= first)
    }

    /// What follows from the header's version is which request it belongs to. A request's header names that itself.
    pub(crate) fn request_of_header(version_is_flexible: bool) -> (ApiKey, i16) {
        (ApiKey::PRODUCE, if version_is_flexible { 9 } else { 8 })
    }

    pub(crate) fn decode(self, version: i16, body: &Bytes) -> Result<(), DecodeError> {
        match self {
            Self::Request(key) => Request::decode(key, version, body).map(drop),
            Self::Response(key) => Response::decode(key, version, body).map(drop),
            Self::RequestHeader => RequestHeader::read(body).map(drop),
            Self::ResponseHeader => {
                let (key, version) = Self::request_of_header(self.is_flexible(version));
                ResponseHeader::read(key, version, body).map(drop)
            }
            Self::Data(data) => (data.read)(body, version),
        }
    }
}

/// Collects what was measured.
#[derive(Debug, Default)]
pub(crate) struct Law {
    inputs: usize,
    /// The highest multiple of its input that a message took.
    worst: BTreeMap<String, f64>,
    failures: Vec<String>,
}

impl Law {
    /// Decodes a message under the law.
    pub(crate) fn message(
        &mut self,
        subject: Subject,
        version: i16,
        body: &Bytes,
    ) -> Result<(), DecodeError> {
        let name = || format!("{} v{version}", subject.name());
        let most = TIMES_INPUT * body.len() + MESSAGE_SLACK;
        let (result, peak) = self.measure(body, most, name, || subject.decode(version, body));
        if body.len() >= WORTH_A_RATIO {
            let worst = self.worst.entry(subject.name()).or_default();
            *worst = worst.max(peak as f64 / body.len() as f64);
        }
        result
    }

    /// Reads records under the law, inflated to at most `limit`.
    pub(crate) fn records(
        &mut self,
        name: &str,
        limit: usize,
        field: &Bytes,
        read: impl FnOnce() -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let most = limit + BATCH_SLACK + TIMES_INPUT * field.len();
        self.measure(field, most, || name.to_owned(), read).0
    }

    fn measure(
        &mut self,
        input: &Bytes,
        most: usize,
        name: impl Fn() -> String,
        work: impl FnOnce() -> Result<(), DecodeError>,
    ) -> (Result<(), DecodeError>, usize) {
        self.inputs += 1;
        let (result, peak) = peak_of(|| catch_unwind(AssertUnwindSafe(work)));
        if peak > most {
            self.fail(format!("{}: {peak} bytes for an input of {}, {most} at most", name(), input.len()));
        }
        match result {
            Ok(result) => (result, peak),
            Err(_) => {
                let shown: Vec<u8> = input.iter().copied().take(200).collect();
                self.fail(format!("{}: panics on {}", name(), harness::rows::hex(&shown)));
                (Ok(()), peak)
            }
        }
    }

    pub(crate) fn fail(&mut self, failure: String) {
        if self.failures.len() < MOST_FAILURES {
            self.failures.push(failure);
        }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The worst ratio of each message, highest first.
    pub(crate) fn report(&self) {
        let mut worst: Vec<_> = self.worst.iter().collect();
        worst.sort_by(|a, b| b.1.total_cmp(a.1));
        for (name, ratio) in worst {
            println!("{name:48} {ratio:6.1} bytes of memory for one of input");
        }
    }
}
