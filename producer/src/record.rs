//! What is sent, and what comes back.

use std::borrow::Cow;

use bytes::Bytes;
use protocol::names::{Timestamp, TopicName};
use protocol::records;

use crate::error::{Refusal, SendError};
use crate::serializer::{IntoPayload, Number, Serializer};

/// A record to be sent: a topic, and what is to be stored there.
///
/// It may borrow its key, value and headers: `send` writes them straight into the batch. Only a record that has to
/// wait, for room or for its topic, is copied.
///
/// ```
/// use milena_producer::Record;
///
/// let order = vec![1, 2, 3];
/// let record = Record::to("orders").key("customer-7").value(&order).header("trace", b"5a");
/// let deletion = Record::to("orders").key("customer-7");
/// ```
#[derive(Clone, Debug)]
pub struct Record<'a> {
    pub(crate) topic: Cow<'a, str>,
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Payload<'a>>,
    pub(crate) value: Option<Payload<'a>>,
    pub(crate) headers: Vec<(Cow<'a, str>, Option<Payload<'a>>)>,
}

impl<'a> Record<'a> {
    /// Begins a record for this topic. Until it is given one, it has no key and the value null.
    #[must_use]
    pub fn to(topic: impl Into<Cow<'a, str>>) -> Self {
        Self {
            topic: topic.into(),
            partition: None,
            timestamp: None,
            key: None,
            value: None,
            headers: Vec::new(),
        }
    }

    /// Sets the key: records of a topic with equal keys go to the same partition. `None` is no key.
    #[must_use]
    pub fn key(mut self, key: impl IntoPayload<'a>) -> Self {
        self.key = key.into_payload();
        self
    }

    /// Sets the value. `None` is the value null, which compacted topics take as the deletion of the key.
    #[must_use]
    pub fn value(mut self, value: impl IntoPayload<'a>) -> Self {
        self.value = value.into_payload();
        self
    }

    /// Sets the key to what a serializer makes of `key`.
    ///
    /// # Errors
    /// [`Refusal::Serialization`](crate::Refusal::Serialization): what the serializer says; nothing has been sent or kept.
    pub fn key_with<T: ?Sized>(self, serializer: &impl Serializer<T>, key: &T) -> Result<Self, SendError> {
        let payload = serialized(serializer, &self.topic, "key", key)?;
        Ok(self.key(payload))
    }

    /// Sets the value to what a serializer makes of `value`.
    ///
    /// # Errors
    /// As [`key_with`](Self::key_with).
    pub fn value_with<T: ?Sized>(
        self,
        serializer: &impl Serializer<T>,
        value: &T,
    ) -> Result<Self, SendError> {
        let payload = serialized(serializer, &self.topic, "value", value)?;
        Ok(self.value(payload))
    }

    /// Adds a header. Order is kept, and so are headers of the same name.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'a, str>>, value: impl IntoPayload<'a>) -> Self {
        self.headers.push((name.into(), value.into_payload()));
        self
    }

    /// Chooses the partition, whatever key and partitioner say.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Sets the time of the record, in milliseconds since the Unix epoch. Default: when it is sent.
    #[must_use]
    pub fn timestamp(mut self, timestamp_ms: i64) -> Self {
        self.timestamp = Some(timestamp_ms);
        self
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The same record, owning all it has.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        let header = |(name, value): (Cow<'a, str>, Option<Payload<'a>>)| {
            (Cow::Owned(name.into_owned()), value.map(Payload::into_owned))
        };
        Record {
            topic: Cow::Owned(self.topic.into_owned()),
            partition: self.partition,
            timestamp: self.timestamp,
            key: self.key.map(Payload::into_owned),
            value: self.value.map(Payload::into_owned),
            headers: self.headers.into_iter().map(header).collect(),
        }
    }

    /// The bytes of the key, if it has one.
    #[must_use]
    #[inline]
    pub fn key_bytes(&self) -> Option<&[u8]> {
        self.key.as_ref().map(Payload::as_bytes)
    }

    /// The bytes of the value, unless it is null.
    #[must_use]
    #[inline]
    pub fn value_bytes(&self) -> Option<&[u8]> {
        self.value.as_ref().map(Payload::as_bytes)
    }

    #[inline]
    pub(crate) fn headers(&self) -> impl ExactSizeIterator<Item = records::Header<'_>> + Clone {
        self.headers
            .iter()
            .map(|(key, value)| records::Header { key, value: value.as_ref().map(Payload::as_bytes) })
    }
}

fn serialized<T: ?Sized>(
    serializer: &impl Serializer<T>,
    topic: &str,
    field: &'static str,
    data: &T,
) -> Result<Option<Vec<u8>>, SendError> {
    serializer.serialize(topic, data).map_err(|reason| {
        let reason = reason.to_string();
        Refusal::Serialization { topic: topic.into(), field, reason }.into()
    })
}

/// Bytes of a record, borrowed or not.
#[derive(Clone, Debug)]
pub enum Payload<'a> {
    /// Someone else's.
    Borrowed(&'a [u8]),
    /// Its own.
    Owned(Vec<u8>),
    /// Shared.
    Shared(Bytes),
    /// A number.
    Number(Number),
}

impl Payload<'_> {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
            Self::Shared(bytes) => bytes,
            Self::Number(number) => number.as_bytes(),
        }
    }

    fn into_owned(self) -> Payload<'static> {
        match self {
            Self::Borrowed(bytes) => Payload::Owned(bytes.to_vec()),
            Self::Owned(bytes) => Payload::Owned(bytes),
            Self::Shared(bytes) => Payload::Shared(bytes),
            Self::Number(number) => Payload::Number(number),
        }
    }
}

/// Where a record was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordMetadata {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// The offset; −1 if the broker does not tell, as with `acks=0`.
    pub offset: i64,
    /// The record's time: its own, or that of the append if the topic says so.
    pub timestamp: Timestamp,
    /// Bytes of the key; `None` without one.
    pub serialized_key_size: Option<usize>,
    /// Bytes of the value; `None` if it is null.
    pub serialized_value_size: Option<usize>,
}
