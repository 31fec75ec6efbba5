//! One message read: a request or a response with its header, a bare body, or a data message.

use bytes::Bytes;
use protocol::json::{JsonForm, Value};
use protocol::messages::*;
use protocol::negotiation::answered_version;
use protocol::schema::StructSchema;
use protocol::{
    ApiKey, DecodeError, EncodeError, Message, Request, RequestHeader, Response, ResponseHeader, nearest,
};

use super::tree::Item;

/// What bytes turned out to be.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// `request`, `response`, `data` or `records`.
    pub(crate) kind: &'static str,
    /// Kafka's name of the API or of the data message; empty if it is not known.
    pub(crate) api: String,
    pub(crate) version: Option<i16>,
    pub(crate) header: Option<Header>,
    pub(crate) body: Option<Item>,
    pub(crate) trouble: Option<Trouble>,
}

/// What stands before a body, as far as it is of interest here.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) correlation_id: i32,
    /// Requests have one, which may be null.
    pub(crate) client_id: Option<Option<String>>,
    /// Its JSON form.
    pub(crate) json: Value,
}

/// Why bytes could not be read to their end.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// The name of the kind of error, such as `InvalidUtf8`.
    pub(crate) kind: String,
    /// The same as a sentence.
    pub(crate) message: String,
    /// The byte, counted from where the finding's own bytes begin.
    pub(crate) offset: usize,
    /// The field that was being read; empty if it was none.
    pub(crate) path: String,
    /// Whether this is no fault of the bytes, but of what is missing around them.
    pub(crate) is_note: bool,
}

impl Trouble {
    /// Something that is not an error of decoding.
    pub(crate) fn new(kind: &str, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            message: message.into(),
            offset: 0,
            path: String::new(),
            is_note: false,
        }
    }
}

impl From<DecodeError> for Trouble {
    fn from(error: DecodeError) -> Self {
        let kind = format!("{:?}", error.kind());
        let name = kind.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
        let message = error.kind().to_string();
        let (offset, path) = (error.offset(), error.path());
        Self { kind: name.to_owned(), message, offset, path, is_note: false }
    }
}

/// The kind of trouble of a response that answers no request we know.
pub(crate) const UNKNOWN_REQUEST: &str = "UnknownRequest";

/// A message that was asked for by name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    Api(ApiKey),
    Data(&'static str, DataReader),
}

/// Reads a data message of a version: its schema and its JSON form.
type DataReader = fn(i16, &Bytes) -> (&'static StructSchema, Result<Value, Trouble>);

impl Named {
    /// The API of this name or key, or the data message of this name. Case does not matter.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(key) = text.parse() {
            let key = ApiKey(key);
            return key.name().map(|_| Self::Api(key)).ok_or(format!("there is no API with key {}", key.0));
        }
        let is_asked = |name: &&str| name.eq_ignore_ascii_case(text);
        let apis = || ApiKey::ALL.iter().filter_map(|key| Some((key.name()?, Self::Api(*key))));
        let data = DATA_MESSAGES.iter().map(|(name, read)| (*name, Self::Data(name, *read)));
        if let Some((_, named)) = apis().chain(data).find(|(name, _)| is_asked(name)) {
            return Ok(named);
        }
        let known = apis().map(|(name, _)| name).chain(DATA_MESSAGES.iter().map(|(name, _)| *name));
        let nearest = nearest(text, known).unwrap_or_default();
        Err(format!(
            "neither an API, such as Produce or 0, nor a data message, such as VotersRecord; the nearest name is {nearest}"
        ))
    }
}

macro_rules! readers {
    ($($name:ident)*) => {
        &[$((stringify!($name), read_data::<$name>)),*]
    };
}

const DATA_MESSAGES: &[(&str, DataReader)] = protocol::data_messages!(readers);

fn read_data<M: Message + JsonForm>(
    version: i16,
    body: &Bytes,
) -> (&'static StructSchema, Result<Value, Trouble>) {
    let message = M::read(body, version).map_err(Trouble::from);
    (M::SCHEMA, message.and_then(|message| message.to_json(version).map_err(unshown)))
}

/// A value that was read has a JSON form in its version; should one not, it is said.
fn unshown(error: EncodeError) -> Trouble {
    Trouble::new("NoJsonForm", error.to_string())
}

/// A data message of version `version`.
pub(crate) fn data(name: &str, read: DataReader, version: i16, body: &Bytes) -> Finding {
    let (schema, json) = read(version, body);
    Finding::start("data", name, Some(version)).with_body(json.map(|json| Item::of_struct(schema, json)))
}

/// A request with its header; the frame's length is not part of it.
pub(crate) fn request(frame: &Bytes) -> Finding {
    let (header, body) = match RequestHeader::read(frame) {
        Ok(read) => read,
        Err(error) => {
            let (key, version) = RequestHeader::peek(frame).map(|(key, version, _)| (key, version)).unzip();
            let name = key.map(|key| key.to_string()).unwrap_or_default();
            return Finding::start("request", &name, version).with_body(Err(in_header(error)));
        }
    };
    let (key, version) = (header.request_api_key, header.request_api_version);
    let mut finding = request_body(key, version, &body).shifted_by(frame.len() - body.len());
    let json = header.to_json(key.request_header_version(version)).unwrap_or_default();
    let client_id = Some(header.client_id.as_deref().map(str::to_owned));
    finding.header = Some(Header { correlation_id: header.correlation_id, client_id, json });
    finding
}

/// The response to a request of `api_key` in `version`, with its header.
pub(crate) fn response(api_key: ApiKey, version: i16, frame: &Bytes) -> Finding {
    let (header, body) = match ResponseHeader::read(api_key, version, frame) {
        Ok(read) => read,
        Err(error) => {
            let name = api_key.to_string();
            return Finding::start("response", &name, Some(version)).with_body(Err(in_header(error)));
        }
    };
    let mut finding = response_body(api_key, version, &body).shifted_by(frame.len() - body.len());
    let json = header.to_json(api_key.response_header_version(version)).unwrap_or_default();
    finding.header = Some(Header { correlation_id: header.correlation_id, client_id: None, json });
    finding
}

/// A response of which nobody knows what it answers: all that can be read is its correlation id.
pub(crate) fn unmatched_response(frame: &Bytes) -> Finding {
    let mut finding = Finding::start("response", "", None);
    match ResponseHeader::read(ApiKey::API_VERSIONS, 0, frame) {
        Ok((header, _)) => {
            let json = header.to_json(0).unwrap_or_default();
            finding.header = Some(Header { correlation_id: header.correlation_id, client_id: None, json });
            let message = "no request with this correlation id came before";
            finding.trouble = Some(Trouble::new(UNKNOWN_REQUEST, message));
        }
        Err(error) => finding.trouble = Some(in_header(error)),
    }
    finding
}

/// The body of a request.
pub(crate) fn request_body(api_key: ApiKey, version: i16, body: &Bytes) -> Finding {
    let json = Request::decode(api_key, version, body)
        .map_err(Trouble::from)
        .and_then(|request| request.to_json(version).map_err(unshown));
    Finding::of_api("request", api_key, version, 0, json)
}

/// The body of the response to a request in `version`.
pub(crate) fn response_body(api_key: ApiKey, version: i16, body: &Bytes) -> Finding {
    let version = answered_version(api_key, version, body);
    let json = Response::decode(api_key, version, body)
        .map_err(Trouble::from)
        .and_then(|response| response.to_json(version).map_err(unshown));
    Finding::of_api("response", api_key, version, 1, json)
}

fn in_header(error: DecodeError) -> Trouble {
    error.in_field("header").into()
}

impl Finding {
    pub(crate) fn start(kind: &'static str, api: &str, version: Option<i16>) -> Self {
        Self { kind, api: api.to_owned(), version, header: None, body: None, trouble: None }
    }

    /// Bytes of which nothing can be said but what is wrong with them.
    pub(crate) fn broken(kind: &'static str, trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), ..Self::start(kind, "", None) }
    }

    fn of_api(
        kind: &'static str,
        key: ApiKey,
        version: i16,
        schema: usize,
        json: Result<Value, Trouble>,
    ) -> Self {
        let start = Self::start(kind, &key.to_string(), Some(version));
        match key.schemas() {
            Some(schemas) => start.with_body(json.map(|json| Item::of_struct(schemas[schema], json))),
            None => start.with_body(json.map(Item::Plain)),
        }
    }

    pub(crate) fn with_body(mut self, body: Result<Item, Trouble>) -> Self {
        match body {
            Ok(body) => self.body = Some(body),
            Err(trouble) => self.trouble = Some(trouble),
        }
        self
    }

    /// Counts the offset of what is wrong from so many bytes before.
    pub(crate) fn shifted_by(mut self, bytes: usize) -> Self {
        if let Some(trouble) = &mut self.trouble {
            trouble.offset += bytes;
        }
        self
    }
}
