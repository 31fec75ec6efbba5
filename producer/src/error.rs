//! What can become of a record that is not stored, and who can do something about it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use protocol::names::TopicName;
use protocol::{ByteString, ErrorCode};

use crate::record::Record;

/// Why a record was not stored, or is not known to be.
///
/// The variant tells who can act: the caller ([`Refused`](Self::Refused)), the broker or whoever runs it
/// ([`Rejected`](Self::Rejected)), or nobody for certain ([`Unknown`](Self::Unknown)): that record was sent, and may be
/// stored or not.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// By this producer, before anything was sent: the record is not stored.
    Refused(Refusal),
    /// By the broker: the record is not stored.
    Rejected {
        /// What the broker said.
        code: ErrorCode,
        /// The topic it was meant for.
        topic: TopicName,
        /// The partition, if one had been chosen.
        partition: Option<i32>,
        /// What the broker added, if anything.
        message: Option<ByteString>,
    },
    /// It was sent, and the outcome is not known: the record may be stored. Sending it again may store it twice.
    Unknown {
        /// The topic it was sent to.
        topic: TopicName,
        /// The partition it was sent to.
        partition: i32,
        /// What came between the request and its answer.
        reason: ByteString,
    },
    /// The producer was closed or dropped before the record was sent: it is not stored.
    Closed,
}

/// Why a producer refuses a record before it sends anything.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The record alone is larger than a request or the buffer may be.
    TooLarge {
        /// Its size, with everything that goes with it in a batch of its own, before compression.
        size: usize,
        /// What is allowed.
        limit: usize,
        /// The setting that says so.
        setting: &'static str,
    },
    /// `buffer.memory` was in use for all of `max.block.ms`.
    BufferFull {
        /// How long it was waited for.
        waited: Duration,
        /// What went wrong with each broker that is in reach no more, if that is the cause.
        unreachable: Unreachable,
    },
    /// Records that wait for room, or for their topics, already take as much memory as `buffer.memory` allows.
    TooManyWaiting {
        /// How many bytes that is.
        limit: usize,
    },
    /// To be taken it would have to wait, and was not to: [`try_send`](crate::core::Core::try_send).
    NotNow {
        /// The topic.
        topic: TopicName,
        /// What for.
        wait: &'static str,
    },
    /// Which partitions the topic has was not to be learned within `max.block.ms`.
    NoMetadata {
        /// The topic.
        topic: TopicName,
        /// How long it was waited for.
        waited: Duration,
        /// What a broker last said about the topic, if one could be asked.
        code: Option<ErrorCode>,
        /// The addresses that were tried, and the system's reasons.
        unreachable: Unreachable,
    },
    /// `delivery.timeout.ms` passed before the record could be sent.
    Expired {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
        /// How long it was kept.
        waited: Duration,
        /// The addresses that were tried, and the system's reasons.
        unreachable: Unreachable,
    },
    /// A serializer does not take what was to be the key or the value.
    Serialization {
        /// The topic.
        topic: TopicName,
        /// `key` or `value`.
        field: &'static str,
        /// What the serializer says.
        reason: String,
    },
    /// The record cannot be what it says.
    Invalid {
        /// Which part of it: `topic`, `partition`, `timestamp`, …
        field: &'static str,
        /// Its value.
        value: String,
        /// The rule that it breaks.
        rule: String,
    },
}

/// The addresses that could not be reached when an error came up, each with the system's reason.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Unreachable(Option<Arc<[(String, String)]>>);

impl Unreachable {
    pub(crate) fn new(failures: impl IntoIterator<Item = (String, String)>) -> Self {
        let failures: Arc<[_]> = failures.into_iter().collect();
        Self((!failures.is_empty()).then_some(failures))
    }

    /// Address and reason, in the order of the addresses.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .flat_map(|list| list.iter())
            .map(|(address, reason)| (address.as_str(), reason.as_str()))
    }

    /// Whether none failed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (address, reason)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl SendError {
    /// Whether the same record may be stored when it is sent again, nothing else being changed.
    ///
    /// It says nothing about duplicates: see [`Self::may_be_stored`].
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Refused(refusal) => match refusal {
                Refusal::BufferFull { .. }
                | Refusal::TooManyWaiting { .. }
                | Refusal::NotNow { .. }
                | Refusal::Expired { .. } => true,
                Refusal::NoMetadata { code, .. } => code.is_none_or(ErrorCode::is_retriable),
                Refusal::TooLarge { .. } | Refusal::Serialization { .. } | Refusal::Invalid { .. } => false,
            },
            Self::Rejected { code, .. } => code.is_retriable(),
            Self::Unknown { .. } => true,
            Self::Closed => false,
        }
    }

    /// Whether the record may be in the log all the same, so that sending it again may duplicate it.
    #[must_use]
    pub fn may_be_stored(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// What a broker said, if one said something.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Rejected { code, .. } => Some(*code),
            Self::Refused(Refusal::NoMetadata { code, .. }) => *code,
            _ => None,
        }
    }

    pub(crate) fn invalid(field: &'static str, value: impl ToString, rule: impl Into<String>) -> Self {
        Self::Refused(Refusal::Invalid { field, value: value.to_string(), rule: rule.into() })
    }
}

/// A record that was not stored, or is not known to be: why, and the record itself, unchanged, to be sent again.
///
/// ```no_run
/// # async fn example(producer: milena_producer::Producer) -> Result<(), milena_producer::Failed> {
/// use milena_producer::Record;
///
/// let mut record = Record::to("orders").key("customer-7").value("an order");
/// loop {
///     let outcome = match producer.send(record).await {
///         Ok(delivery) => delivery.await,
///         Err(failed) => Err(failed),
///     };
///     match outcome {
///         // A record that may be stored would be stored twice: here, that is worse than to lose one.
///         Err(failed) if failed.is_retriable() && !failed.may_be_stored() => {
///             record = failed.into_record().expect("it is given back");
///         }
///         outcome => return outcome.map(drop),
///     }
/// }
/// # }
/// ```
///
/// It dereferences to the [`SendError`]. A record that was in a batch is read from its bytes, which live, outside of
/// `buffer.memory`, as long as a receipt or an error of that batch does.
#[derive(Clone)]
pub struct Failed(Box<Parts>);

#[derive(Clone)]
struct Parts {
    error: SendError,
    record: Option<Record<'static>>,
}

impl Failed {
    #[cold]
    pub(crate) fn new(error: SendError, record: Option<Record<'static>>) -> Self {
        Self(Box::new(Parts { error, record }))
    }

    /// Why.
    #[must_use]
    pub fn error(&self) -> &SendError {
        &self.0.error
    }

    /// Why, without the record.
    #[must_use]
    pub fn into_error(self) -> SendError {
        self.0.error
    }

    /// The record, as it was given to `send`: a partition or a time that the producer chose is not in it. `None` only if it
    /// was given back before.
    #[must_use]
    pub fn record(&self) -> Option<&Record<'static>> {
        self.0.record.as_ref()
    }

    /// The record, to be sent again.
    #[must_use]
    pub fn into_record(self) -> Option<Record<'static>> {
        self.0.record
    }

    /// The reason and the record.
    #[must_use]
    pub fn into_parts(self) -> (SendError, Option<Record<'static>>) {
        (self.0.error, self.0.record)
    }
}

impl std::ops::Deref for Failed {
    type Target = SendError;

    fn deref(&self) -> &SendError {
        &self.0.error
    }
}

impl From<SendError> for Failed {
    fn from(error: SendError) -> Self {
        Self::new(error, None)
    }
}

impl From<Failed> for SendError {
    fn from(failed: Failed) -> Self {
        failed.0.error
    }
}

impl PartialEq<SendError> for Failed {
    fn eq(&self, error: &SendError) -> bool {
        self.0.error == *error
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl std::error::Error for Failed {}

impl From<Refusal> for SendError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Rejected { code, topic, partition, message } => {
                write!(f, "the broker rejected the record for topic {topic}")?;
                if let Some(partition) = partition {
                    write!(f, ", partition {partition}")?;
                }
                write!(f, ": {code}")?;
                match message.as_deref().or_else(|| code.sentence().filter(|sentence| !sentence.is_empty())) {
                    Some(words) => write!(f, " ({words})"),
                    None => Ok(()),
                }
            }
            Self::Unknown { topic, partition, reason } => {
                write!(
                    f,
                    "the record was sent to topic {topic}, partition {partition}, and it is not known whether it is stored: {reason}"
                )
            }
            Self::Closed => f.write_str("the producer was closed before the record was sent"),
        }
    }
}

impl std::error::Error for SendError {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unreachable = match self {
            Self::TooLarge { size, limit, setting } => {
                return write!(
                    f,
                    "a record that takes {size} bytes is larger than {setting} allows, which is {limit}"
                );
            }
            Self::Serialization { topic, field, reason } => {
                return write!(f, "the {field} for topic {topic} cannot be serialized: {reason}");
            }
            Self::Invalid { field, value, rule } => return write!(f, "{field} {value:?}: {rule}"),
            Self::TooManyWaiting { limit } => {
                return write!(
                    f,
                    "records that wait for room or for their topics already take what buffer.memory allows, which is {limit}: await each send before the next"
                );
            }
            Self::NotNow { topic, wait } => {
                return write!(f, "a record for topic {topic} would have to wait for {wait}");
            }
            // The measured waits are left out, so that equal causes give equal texts.
            Self::BufferFull { unreachable, .. } => {
                f.write_str("buffer.memory was in use for all of max.block.ms")?;
                unreachable
            }
            Self::NoMetadata { topic, code, unreachable, .. } => {
                write!(f, "the partitions of topic {topic} were not learned within max.block.ms")?;
                if let Some(code) = code {
                    write!(f, ": the broker says {code}")?;
                }
                unreachable
            }
            Self::Expired { topic, partition, unreachable, .. } => {
                write!(
                    f,
                    "the record for topic {topic}, partition {partition}, was not sent within delivery.timeout.ms"
                )?;
                unreachable
            }
        };
        if unreachable.is_empty() { Ok(()) } else { write!(f, "; not reached: {unreachable}") }
    }
}

impl std::error::Error for Refusal {}

/// What [`close`](crate::core::Core::close) could not wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Records that were completed with an error when the time was up.
    pub records: usize,
}

impl Unfinished {
    /// What closing comes to, if so many records were left; an error is that it was closed before.
    #[cfg(feature = "net")]
    pub(crate) fn count<E>(left: Result<usize, E>) -> Result<(), Self> {
        match left {
            Ok(0) | Err(_) => Ok(()),
            Ok(records) => Err(Self { records }),
        }
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records were not acknowledged when the time to close was up", self.records)
    }
}

impl std::error::Error for Unfinished {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_says_whether_to_send_again_and_whether_that_may_duplicate() {
        let rejected =
            |code| SendError::Rejected { code, topic: "t".into(), partition: Some(0), message: None };
        let unknown = SendError::Unknown { topic: "t".into(), partition: 0, reason: "reset".into() };
        let full = Refusal::BufferFull { waited: Duration::ZERO, unreachable: Unreachable::default() };
        let large = Refusal::TooLarge { size: 2, limit: 1, setting: "max.request.size" };
        let cases = [
            (rejected(ErrorCode::NOT_ENOUGH_REPLICAS), true, false),
            (rejected(ErrorCode::INVALID_RECORD), false, false),
            (unknown, true, true),
            (full.into(), true, false),
            (large.into(), false, false),
            (SendError::invalid("partition", -1, "is 0 or more"), false, false),
            (SendError::Closed, false, false),
        ];
        for (error, retriable, stored) in cases {
            assert_eq!((error.is_retriable(), error.may_be_stored()), (retriable, stored), "{error}");
        }
    }

    #[test]
    fn an_error_repeats_each_address_and_its_reason() {
        let unreachable =
            Unreachable::new([("a:1".into(), "refused".into()), ("b:2".into(), "no route".into())]);
        let waited = Duration::from_secs(1);
        let error =
            SendError::from(Refusal::NoMetadata { topic: "t".into(), waited, code: None, unreachable });
        let text = "the partitions of topic t were not learned within max.block.ms; not reached: a:1: refused; b:2: no route";
        assert_eq!(error.to_string(), text);
    }
}
