//! The table of APIs: key, name, request and response. All else that goes by API key is made from it.

use std::fmt;

use bytes::Bytes;

use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::messages::*;
use crate::schema::StructSchema;
use crate::version::VersionRange;
use crate::wire::{Message, Output};

/// Which request this is, as the number on the wire.
///
/// Open: a key that is not in the table survives, it just has no name, no versions and no messages.
///
/// ```
/// use milena_protocol::ApiKey;
///
/// assert_eq!(ApiKey(18), ApiKey::API_VERSIONS);
/// assert_eq!(ApiKey::FETCH.name(), Some("Fetch"));
/// assert_eq!(ApiKey(32_000).versions(), None);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKey(pub i16);

/// A request: a message that has an API key and an answer.
pub trait RequestMessage: Message + Into<Request> {
    /// Its key.
    const KEY: ApiKey;
    /// What a broker answers.
    type Response: ResponseMessage;
}

/// A response: the answer to the request of the same key and version.
pub trait ResponseMessage: Message + Into<Response> {
    /// Its key.
    const KEY: ApiKey;
}

macro_rules! apis {
    ($($key:literal, $constant:ident, $name:ident, $request:ident, $response:ident;)*) => {
        impl ApiKey {
            $(#[doc = concat!(stringify!($name), ".")]
            pub const $constant: Self = Self($key);)*

            /// Every key in the table, ascending.
            pub const ALL: &[Self] = &[$(Self::$constant),*];

            /// Kafka's name of the API, if the key is in the table.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($key => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// The versions that this crate reads and writes, if the key is in the table.
            #[must_use]
            pub const fn versions(self) -> Option<VersionRange> {
                match self.0 {
                    $($key => Some(<$request as Message>::VERSIONS),)*
                    _ => None,
                }
            }

            /// The schemas of request and response, if the key is in the table.
            #[must_use]
            pub const fn schemas(self) -> Option<[&'static StructSchema; 2]> {
                match self.0 {
                    $($key => Some([<$request as Message>::SCHEMA, <$response as Message>::SCHEMA]),)*
                    _ => None,
                }
            }

            /// The first version with compact lengths and tagged fields (KIP-482), if there is one.
            #[must_use]
            pub const fn flexible_from(self) -> Option<i16> {
                match self.0 {
                    $($key => <$request as Message>::FLEXIBLE_FROM,)*
                    _ => None,
                }
            }
        }

        /// Any request.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "a request is moved a few times at most, and boxing one costs an allocation each")]
        #[non_exhaustive]
        pub enum Request {
            $(#[doc = concat!(stringify!($name), " (key ", stringify!($key), ").")]
            $name($request),)*
        }

        /// Any response.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "as for requests")]
        #[non_exhaustive]
        pub enum Response {
            $(#[doc = concat!(stringify!($name), " (key ", stringify!($key), ").")]
            $name($response),)*
        }

        any_message!(Request, request, $($constant, $name, $request;)*);
        any_message!(Response, response, $($constant, $name, $response;)*);

        $(
            impl RequestMessage for $request {
                const KEY: ApiKey = ApiKey::$constant;
                type Response = $response;
            }

            impl ResponseMessage for $response {
                const KEY: ApiKey = ApiKey::$constant;
            }
        )*
    };
}

macro_rules! any_message {
    ($any:ident, $word:ident, $($constant:ident, $name:ident, $message:ident;)*) => {
        impl $any {
            /// Reads a whole body, header excluded.
            ///
            /// # Errors
            /// [`DecodeErrorKind::UnknownApiKey`] for a key outside the table; else as [`Message::read`].
            pub fn decode(api_key: ApiKey, version: i16, body: &Bytes) -> Result<Self, DecodeError> {
                match api_key {
                    $(ApiKey::$constant => $message::read(body, version).map(Self::$name),)*
                    ApiKey(key) => Err(DecodeError::new(DecodeErrorKind::UnknownApiKey(key), 0)),
                }
            }

            /// Appends the body, header excluded.
            ///
            /// # Errors
            /// As [`Message::write`].
            pub fn encode(&self, version: i16, output: &mut Output) -> Result<(), EncodeError> {
                match self {
                    $(Self::$name(message) => message.write(version, output),)*
                }
            }

            /// Its key.
            #[must_use]
            pub fn api_key(&self) -> ApiKey {
                match self {
                    $(Self::$name(_) => ApiKey::$constant,)*
                }
            }

            /// Its JSON form.
            ///
            /// # Errors
            /// As [`Message::write`].
            #[cfg(feature = "json")]
            pub fn to_json(&self, version: i16) -> Result<crate::json::Value, EncodeError> {
                match self {
                    $(Self::$name(message) => crate::json::JsonForm::to_json(message, version),)*
                }
            }

            /// Reads its JSON form; `None` for a key outside the table.
            ///
            /// # Errors
            /// A field that is missing or not what it should be.
            #[cfg(feature = "json")]
            pub fn from_json(
                api_key: ApiKey,
                version: i16,
                json: &crate::json::Value,
            ) -> Option<Result<Self, crate::json::JsonError>> {
                match api_key {
                    $(ApiKey::$constant => {
                        let mut message = $message::default();
                        let read = crate::json::JsonForm::from_json(&mut message, json, version);
                        Some(read.map(|()| Self::$name(message)))
                    })*
                    _ => None,
                }
            }
        }

        $(impl From<$message> for $any {
            fn from(message: $message) -> Self {
                Self::$name(message)
            }
        })*
    };
}

apis! {
    0, PRODUCE, Produce, ProduceRequest, ProduceResponse;
    1, FETCH, Fetch, FetchRequest, FetchResponse;
    2, LIST_OFFSETS, ListOffsets, ListOffsetsRequest, ListOffsetsResponse;
    3, METADATA, Metadata, MetadataRequest, MetadataResponse;
    10, FIND_COORDINATOR, FindCoordinator, FindCoordinatorRequest, FindCoordinatorResponse;
    18, API_VERSIONS, ApiVersions, ApiVersionsRequest, ApiVersionsResponse;
    19, CREATE_TOPICS, CreateTopics, CreateTopicsRequest, CreateTopicsResponse;
    20, DELETE_TOPICS, DeleteTopics, DeleteTopicsRequest, DeleteTopicsResponse;
    22, INIT_PRODUCER_ID, InitProducerId, InitProducerIdRequest, InitProducerIdResponse;
}

impl ApiKey {
    /// The version of the request header that goes with `version` of this API: 2 if it is flexible, else 1.
    #[must_use]
    pub fn request_header_version(self, version: i16) -> i16 {
        if self.flexible_from().is_some_and(|first| version >= first) { 2 } else { 1 }
    }

    /// The version of the response header that goes with `version` of this API: 1 if it is flexible, else 0.
    ///
    /// ApiVersions always has 0, for a client cannot know yet what the broker speaks (KIP-511).
    #[must_use]
    pub fn response_header_version(self, version: i16) -> i16 {
        if self == Self::API_VERSIONS { 0 } else { self.request_header_version(version) - 1 }
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "api key {}", self.0),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
