//! Names, ids and small numbers that must not be mistaken for one another.

use std::borrow::Borrow;
use std::fmt;
use std::ops::{Add, Deref};
use std::str::FromStr;
use std::time::Duration;

use bytestring::ByteString;

use crate::error::{DecodeError, EncodeError};
use crate::wire::{Decode, Encode, Nullable, Output, Reader, WireInt};

macro_rules! text_names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ByteString);

        impl $name {
            /// A name from text that lives as long as the program.
            #[must_use]
            pub const fn from_static(text: &'static str) -> Self {
                Self(ByteString::from_static(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(ByteString::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(ByteString::from(text))
            }
        }

        impl From<ByteString> for $name {
            fn from(text: ByteString) -> Self {
                Self(text)
            }
        }

        impl From<$name> for ByteString {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.as_str(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl Decode for $name {
            const MIN_SIZE: usize = <ByteString as Decode>::MIN_SIZE;

            #[inline]
            fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
                self.0.decode(reader)
            }
        }

        impl Encode for $name {
            #[inline]
            fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
                self.0.encode(output)
            }

            fn is_default(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl Nullable for $name {
            const MIN_SIZE: usize = <ByteString as Nullable>::MIN_SIZE;

            fn decode_nullable(this: &mut Option<Self>, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
                let mut text = None;
                ByteString::decode_nullable(&mut text, reader)?;
                *this = text.map(Self);
                Ok(())
            }

            fn encode_nullable(this: Option<&Self>, output: &mut Output) -> Result<(), EncodeError> {
                ByteString::encode_nullable(this.map(|name| &name.0), output)
            }
        }
    )*};
}

text_names! {
    /// The name of a topic.
    TopicName;
    /// The id under which a producer's transactions survive its restarts (KIP-98).
    TransactionalId;
    /// The name of a group of consumers.
    GroupId;
}

impl TopicName {
    /// The most characters that a topic's name has: with `-`, a partition's number and a suffix it is a file's name still.
    pub const MAX_LENGTH: usize = 249;

    /// Why no topic can be called `name`; `None` if one can.
    ///
    /// A value of this type may hold any text, for that is what the wire brings: whoever creates topics, or sends to
    /// them, asks here.
    ///
    /// ```
    /// use milena_protocol::names::TopicName;
    ///
    /// assert_eq!(TopicName::fault("orders.2024"), None);
    /// assert_eq!(TopicName::fault(".."), Some("it must not be \".\" or \"..\""));
    /// ```
    ///
    /// Source: Kafka's class `org.apache.kafka.common.internals.Topic`.
    #[must_use]
    pub fn fault(name: &str) -> Option<&'static str> {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        match name {
            "" => Some("it is empty"),
            "." | ".." => Some("it must not be \".\" or \"..\""),
            _ if name.len() > Self::MAX_LENGTH => Some("it is longer than 249 characters"),
            _ if !name.bytes().all(is_legal) => {
                Some("only ASCII letters and digits, '.', '_' and '-' are allowed")
            }
            _ => None,
        }
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($number:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $number);

        impl From<$number> for $name {
            fn from(number: $number) -> Self {
                Self(number)
            }
        }

        impl PartialEq<$number> for $name {
            fn eq(&self, other: &$number) -> bool {
                self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl Decode for $name {
            const MIN_SIZE: usize = <$number as Decode>::MIN_SIZE;

            #[inline]
            fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
                self.0.decode(reader)
            }
        }

        impl Encode for $name {
            #[inline]
            fn encode(&self, output: &mut Output) -> Result<(), EncodeError> {
                self.0.encode(output)
            }

            fn is_default(&self) -> bool {
                self.0 == 0
            }
        }
    )*};
}

numbers! {
    /// The number of a broker in its cluster; −1 stands for none.
    BrokerId(i32);
    /// What the coordinator gives an idempotent or transactional producer (KIP-98); −1 stands for none.
    ProducerId(i64);
    /// How many replicas must have a record before the producer is answered. Open: a peer may send any number.
    Acks(i16);
    /// Which records a reader sees of transactions that are not decided (KIP-98). Open, as [`Acks`].
    IsolationLevel(i8);
}

impl BrokerId {
    /// No broker.
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// No producer id: neither idempotent nor transactional.
    pub const NONE: Self = Self(-1);
}

impl Acks {
    /// Nobody waits for an answer, and none comes.
    pub const NONE: Self = Self(0);
    /// The leader has it.
    pub const LEADER: Self = Self(1);
    /// All in-sync replicas have it.
    pub const ALL: Self = Self(-1);
}

impl IsolationLevel {
    /// Everything up to the high watermark.
    pub const READ_UNCOMMITTED: Self = Self(0);
    /// Everything up to the last stable offset, aborted transactions to be left out.
    pub const READ_COMMITTED: Self = Self(1);
}

impl WireInt for BrokerId {
    const ZERO: Self = Self(0);

    #[inline]
    fn from_wire(value: i32) -> Self {
        Self(value)
    }

    #[inline]
    fn to_wire(self) -> i32 {
        self.0
    }
}

/// A 128-bit id: of a topic (KIP-516), a replica's directory, a cluster's member.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid([u8; 16]);

impl Uuid {
    /// The id that means none.
    pub const ZERO: Self = Self([0; 16]);

    /// From its sixteen bytes, highest first.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its sixteen bytes, highest first.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From a number.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        Self(number.to_be_bytes())
    }
}

/// The alphabet of url-safe base64.
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl fmt::Display for Uuid {
    /// As Kafka shows it: url-safe base64 without padding, 22 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u128::from_be_bytes(self.0);
        let mut text = String::with_capacity(22);
        // 128 bits are 21 groups of six and one of two, which base64 fills up with zeros.
        for group in 0..21 {
            text.push(char::from(BASE64_URL[(number >> (122 - 6 * group)) as usize & 63]));
        }
        text.push(char::from(BASE64_URL[(number << 4) as usize & 63]));
        f.pad(&text)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uuid({self})")
    }
}

/// Text that is no [`Uuid`] in Kafka's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUuid;

impl fmt::Display for InvalidUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a uuid is 22 characters of url-safe base64")
    }
}

impl std::error::Error for InvalidUuid {}

impl FromStr for Uuid {
    type Err = InvalidUuid;

    fn from_str(text: &str) -> Result<Self, InvalidUuid> {
        let text = text.trim_end_matches('=').as_bytes();
        let [groups @ .., last] = text else { return Err(InvalidUuid) };
        let value = |letter: &u8| BASE64_URL.iter().position(|known| known == letter).ok_or(InvalidUuid);
        let last = value(last)?;
        if groups.len() != 21 || last & 15 != 0 {
            return Err(InvalidUuid);
        }
        let mut number = 0_u128;
        for letter in groups {
            number = number << 6 | value(letter)? as u128;
        }
        Ok(Self::from_u128(number << 2 | (last >> 4) as u128))
    }
}

/// A moment, in milliseconds since the Unix epoch, as Kafka's record timestamps are.
///
/// Cores are given it as `now` and never look at a clock themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The end of time: later than any moment.
    pub const NEVER: Self = Self(i64::MAX);

    /// How long it is since `earlier`; zero if that is not earlier.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_shown_and_read_as_kafka_does() {
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid::from_u128(1).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        let uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210);
        assert_eq!(uuid.to_string().parse(), Ok(uuid));
        assert_eq!("too short".parse::<Uuid>(), Err(InvalidUuid));
        assert_eq!("AAAAAAAAAAAAAAAAAAAAAB".parse::<Uuid>(), Err(InvalidUuid));
    }

    #[test]
    fn topic_names_keep_kafkas_rule() {
        let longest = "a".repeat(TopicName::MAX_LENGTH);
        for name in ["a", "A-z_0.9", "...", "__consumer_offsets", &longest] {
            assert_eq!(TopicName::fault(name), None, "{name}");
        }
        let too_long = "a".repeat(TopicName::MAX_LENGTH + 1);
        for name in ["", ".", "..", "bad name!", "주문", "a/b", "a\0", &too_long] {
            assert!(TopicName::fault(name).is_some(), "{name}");
        }
    }

    #[test]
    fn time_stops_at_its_ends() {
        assert_eq!(Timestamp(5).saturating_since(Timestamp(9)), Duration::ZERO);
        assert_eq!(Timestamp::NEVER + Duration::from_secs(1), Timestamp::NEVER);
        assert_eq!(Timestamp(1) + Duration::from_millis(2), Timestamp(3));
    }
}
