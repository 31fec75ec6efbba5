//! What can go wrong between us and a cluster.

use std::fmt;
use std::io;
use std::time::Duration;

use protocol::{ApiKey, DecodeError, EncodeError, ErrorCode, VersionRange};

/// A request that was not answered well: which broker, which API, why.
///
/// ```text
/// 127.0.0.1:9092: Fetch: the broker closed the connection
/// ```
#[derive(Debug)]
pub struct ClientError(Box<Failure>);

#[derive(Debug)]
struct Failure {
    address: Option<String>,
    api: Option<ApiKey>,
    kind: ClientErrorKind,
}

/// Why a request failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientErrorKind {
    /// A text that names no address.
    InvalidAddress(&'static str),
    /// No connection could be made.
    Connect(io::Error),
    /// The connection broke.
    Broken(io::Error),
    /// The broker closed the connection.
    Closed,
    /// No answer within this time.
    TimedOut(Duration),
    /// An answer that cannot be read.
    Decode(DecodeError),
    /// A request that cannot be written in the version that was agreed.
    Encode(EncodeError),
    /// The two sides have no version of the API in common.
    NoCommonVersion {
        /// The versions that we have.
        ours: VersionRange,
        /// The versions that the broker has; none if it does not know the API.
        theirs: VersionRange,
    },
    /// The broker answered with an error.
    Refused {
        /// What was asked for, such as `topic orders` or `partition orders-0`.
        subject: String,
        /// The error.
        code: ErrorCode,
        /// What the broker has to say about it.
        message: Option<String>,
    },
    /// None of the addresses led to a broker that answers.
    NoBroker(Vec<ClientError>),
    /// An answer that has records, and none at the offset that was asked for or after it.
    NoProgress {
        /// The partition.
        subject: String,
        /// The offset.
        offset: i64,
    },
    /// No partition is assigned, or none is left that did not fail.
    NothingToRead,
}

impl ClientError {
    pub(crate) fn new(address: &str, api: Option<ApiKey>, kind: ClientErrorKind) -> Self {
        Self(Box::new(Failure { address: Some(address.to_owned()), api, kind }))
    }

    pub(crate) fn refused(address: &str, api: ApiKey, subject: impl fmt::Display, code: ErrorCode) -> Self {
        Self::answered(address, api, subject, code, None)
    }

    /// A broker that answered with an error about `subject`.
    #[must_use]
    pub fn answered(
        address: &str,
        api: ApiKey,
        subject: impl fmt::Display,
        code: ErrorCode,
        message: Option<&str>,
    ) -> Self {
        let (subject, message) = (subject.to_string(), message.map(str::to_owned));
        Self::new(address, Some(api), ClientErrorKind::Refused { subject, code, message })
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> &ClientErrorKind {
        &self.0.kind
    }

    /// The broker's address, if it is about one broker.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// Which request it was, unless it failed before there was one.
    #[must_use]
    pub fn api(&self) -> Option<ApiKey> {
        self.0.api
    }

    /// The error code, if a broker answered with one.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self.kind() {
            ClientErrorKind::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the same may go well later: another connection, another leader.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self.kind() {
            ClientErrorKind::Refused { code, .. } => code.is_retriable(),
            ClientErrorKind::Connect(_)
            | ClientErrorKind::Broken(_)
            | ClientErrorKind::Closed
            | ClientErrorKind::TimedOut(_)
            | ClientErrorKind::NoBroker(_)
            | ClientErrorKind::NoProgress { .. } => true,
            _ => false,
        }
    }
}

impl From<ClientErrorKind> for ClientError {
    /// An error that is not about one broker.
    fn from(kind: ClientErrorKind) -> Self {
        Self(Box::new(Failure { address: None, api: None, kind }))
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = self.address() {
            write!(f, "{address}: ")?;
        }
        if let Some(api) = self.api() {
            write!(f, "{api}: ")?;
        }
        self.kind().fmt(f)
    }
}

impl fmt::Display for ClientErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidAddress(rule) => f.write_str(rule),
            Self::Connect(error) => write!(f, "cannot connect: {error}"),
            Self::Broken(error) => write!(f, "the connection broke: {error}"),
            Self::Closed => f.write_str("the broker closed the connection"),
            Self::TimedOut(after) => write!(f, "no answer within {} ms", after.as_millis()),
            Self::Decode(error) => write!(f, "an answer that cannot be read: {error}"),
            Self::Encode(error) => write!(f, "a request that cannot be written: {error}"),
            Self::NoCommonVersion { ours, theirs } => {
                write!(f, "no version in common: we have {ours}, the broker has {theirs}")
            }
            Self::Refused { subject, code, message } => {
                write!(f, "{subject}: {code}")?;
                match (message, code.sentence()) {
                    (Some(message), _) => write!(f, " ({})", message.trim_end_matches('.')),
                    (None, Some(sentence)) if !sentence.is_empty() => write!(f, " ({sentence})"),
                    _ => Ok(()),
                }
            }
            Self::NoProgress { subject, offset } => {
                write!(f, "{subject}: no whole record from offset {offset} on")
            }
            Self::NothingToRead => f.write_str("no partition is left to read"),
            Self::NoBroker(failures) => {
                f.write_str("no broker reachable")?;
                for (index, failure) in failures.iter().enumerate() {
                    write!(f, "{} {failure}", if index == 0 { ":" } else { ";" })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            ClientErrorKind::Connect(error) | ClientErrorKind::Broken(error) => Some(error),
            ClientErrorKind::Decode(error) => Some(error),
            ClientErrorKind::Encode(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_where_what_and_why() {
        let closed = ClientError::new("h:9092", Some(ApiKey::FETCH), ClientErrorKind::Closed);
        assert_eq!(closed.to_string(), "h:9092: Fetch: the broker closed the connection");
        let both = ClientError::from(ClientErrorKind::NoBroker(vec![
            ClientError::new("h:1", None, ClientErrorKind::Connect(io::ErrorKind::ConnectionRefused.into())),
            ClientError::new("h:2", None, ClientErrorKind::TimedOut(Duration::from_secs(1))),
        ]));
        let expected =
            "no broker reachable: h:1: cannot connect: connection refused; h:2: no answer within 1000 ms";
        assert_eq!(both.to_string(), expected);
        let code = ErrorCode::TOPIC_ALREADY_EXISTS;
        let told = ClientError::answered("h:1", ApiKey::CREATE_TOPICS, "topic t", code, Some("It exists."));
        assert_eq!(told.to_string(), "h:1: CreateTopics: topic t: TOPIC_ALREADY_EXISTS (It exists)");
    }
}
