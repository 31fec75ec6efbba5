//! From what a program has to the bytes of a record: types that are bytes as they are, and serializers for all else.
//!
//! ```
//! use milena_producer::{Record, SendError};
//!
//! # fn example() -> Result<(), SendError> {
//! // The type decides: eight bytes, the highest first, as Kafka's LongSerializer writes them.
//! let record = Record::to("readings").key(4711_i64).value(21.5_f64);
//!
//! // One's own: a closure will do.
//! let csv = |_topic: &str, row: &[u32]| match row {
//!     [] => Err("a row has at least one number"),
//!     row => Ok(Some(row.iter().map(u32::to_string).collect::<Vec<_>>().join(",").into_bytes())),
//! };
//! let record = Record::to("rows").value_with(&csv, &[1, 2, 3][..])?;
//! assert_eq!(record.value_bytes(), Some(&b"1,2,3"[..]));
//!
//! // What cannot be serialized is an error before anything is kept or sent.
//! let error = Record::to("rows").value_with(&csv, &[][..]).unwrap_err();
//! assert_eq!(error.to_string(), "the value for topic rows cannot be serialized: a row has at least one number");
//! # Ok(())
//! # }
//! # example().unwrap();
//! ```

use std::fmt;

use bytes::Bytes;
use protocol::ByteString;
use protocol::names::Uuid;

use crate::record::Payload;

/// Makes the bytes of keys or values: for [`Record::key_with`](crate::Record::key_with) and
/// [`Record::value_with`](crate::Record::value_with). A closure is one.
pub trait Serializer<T: ?Sized> {
    /// What is wrong with data that it does not take.
    type Error: fmt::Display;

    /// The bytes for this topic; `None` is null.
    ///
    /// # Errors
    /// Data that has no bytes, with the reason.
    fn serialize(&self, topic: &str, data: &T) -> Result<Option<Vec<u8>>, Self::Error>;
}

impl<T: ?Sized, E: fmt::Display, F: Fn(&str, &T) -> Result<Option<Vec<u8>>, E>> Serializer<T> for F {
    type Error = E;

    fn serialize(&self, topic: &str, data: &T) -> Result<Option<Vec<u8>>, E> {
        self(topic, data)
    }
}

/// JSON, of whatever serde serializes.
///
/// ```
/// use std::collections::BTreeMap;
/// use milena_producer::{Record, serializer::Json};
///
/// let order = BTreeMap::from([("amount", 3)]);
/// let record = Record::to("orders").value_with(&Json, &order)?;
/// assert_eq!(record.value_bytes(), Some(&br#"{"amount":3}"#[..]));
/// # Ok::<(), milena_producer::SendError>(())
/// ```
#[cfg(feature = "json")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

#[cfg(feature = "json")]
impl<T: serde::Serialize + ?Sized> Serializer<T> for Json {
    type Error = serde_json::Error;

    fn serialize(&self, _: &str, data: &T) -> Result<Option<Vec<u8>>, serde_json::Error> {
        serde_json::to_vec(data).map(Some)
    }
}

/// The bytes of a number.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    bytes: [u8; 8],
    length: u8,
}

impl Number {
    fn new<const N: usize>(number: [u8; N]) -> Self {
        const { assert!(N <= 8) };
        let mut bytes = [0; 8];
        bytes[..N].copy_from_slice(&number);
        Self { bytes, length: N as u8 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// As Java writes a UUID.
fn hyphenated(id: Uuid) -> String {
    let digits: String = id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

/// What can be a key, a value or a header's value as it is.
///
/// | what | bytes | Kafka's serializer in Java |
/// |---|---|---|
/// | text | UTF-8 | `StringSerializer` |
/// | bytes | those | `ByteArraySerializer`, `BytesSerializer`, `ByteBufferSerializer` |
/// | `i16`, `i32`, `i64` | 2, 4, 8, highest first | `ShortSerializer`, `IntegerSerializer`, `LongSerializer` |
/// | `f32`, `f64` | 4, 8, as IEEE 754 has them, highest first | `FloatSerializer`, `DoubleSerializer` |
/// | `bool` | 1 or 0 | `BooleanSerializer` |
/// | [`Uuid`] | 36 letters, as `f81d4fae-7dec-11d0-a765-00a0c91e6bf6` | `UUIDSerializer` |
/// | `()`, `None` | null, which is not the same as no bytes | `VoidSerializer` |
pub trait IntoPayload<'a> {
    /// The bytes; `None` is null.
    fn into_payload(self) -> Option<Payload<'a>>;
}

macro_rules! payloads {
    ($($(#[$attribute:meta])* impl [$($generics:tt)*] $type:ty: $this:ident => $payload:expr;)*) => {$(
        impl<'a, $($generics)*> IntoPayload<'a> for $type {
            #[inline]
            fn into_payload(self) -> Option<Payload<'a>> {
                let $this = self;
                Some($payload)
            }
        }
    )*};
}

payloads! {
    impl [] &'a str: text => Payload::Borrowed(text.as_bytes());
    impl [] &'a String: text => Payload::Borrowed(text.as_bytes());
    impl [] &'a [u8]: bytes => Payload::Borrowed(bytes);
    impl [const N: usize] &'a [u8; N]: bytes => Payload::Borrowed(bytes);
    impl [] &'a Vec<u8>: bytes => Payload::Borrowed(bytes);
    impl [] &'a Bytes: bytes => Payload::Borrowed(bytes);
    impl [] String: text => Payload::Owned(text.into_bytes());
    impl [] Vec<u8>: bytes => Payload::Owned(bytes);
    impl [] Bytes: bytes => Payload::Shared(bytes);
    impl [] ByteString: text => Payload::Shared(text.into_bytes());
    impl [] Payload<'a>: payload => payload;
    impl [] bool: truth => Payload::Number(Number::new([u8::from(truth)]));
    impl [] i16: number => Payload::Number(Number::new(number.to_be_bytes()));
    impl [] i32: number => Payload::Number(Number::new(number.to_be_bytes()));
    impl [] i64: number => Payload::Number(Number::new(number.to_be_bytes()));
    impl [] f32: number => Payload::Number(Number::new(number.to_be_bytes()));
    impl [] f64: number => Payload::Number(Number::new(number.to_be_bytes()));
    impl [] Uuid: id => Payload::Owned(hyphenated(id).into_bytes());
}

impl<'a> IntoPayload<'a> for () {
    fn into_payload(self) -> Option<Payload<'a>> {
        None
    }
}

impl<'a, T: IntoPayload<'a>> IntoPayload<'a> for Option<T> {
    #[inline]
    fn into_payload(self) -> Option<Payload<'a>> {
        self.and_then(T::into_payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;

    fn bytes<'a>(data: impl IntoPayload<'a>) -> Option<Vec<u8>> {
        Record::to("t").value(data).value_bytes().map(<[u8]>::to_vec)
    }

    #[test]
    fn each_type_has_the_bytes_of_kafkas_serializer_in_java() {
        assert_eq!(bytes("é"), Some(vec![0xc3, 0xa9]));
        assert_eq!(bytes(true), Some(vec![1]));
        assert_eq!(bytes(-2_i16), Some(vec![0xff, 0xfe]));
        assert_eq!(bytes(1_i32), Some(vec![0, 0, 0, 1]));
        assert_eq!(bytes(i64::MIN), Some(vec![0x80, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(bytes(1_f32), Some(vec![0x3f, 0x80, 0, 0]));
        assert_eq!(bytes(-2_f64), Some(vec![0xc0, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(bytes(()), None);
        assert_eq!(bytes(None::<i32>), None);
        assert_eq!(bytes(""), Some(vec![]));
        let id = Uuid::from_u128(0xf81d_4fae_7dec_11d0_a765_00a0_c91e_6bf6);
        assert_eq!(bytes(id).unwrap(), b"f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    }

    #[test]
    fn numbers_take_4_and_8_bytes_where_their_text_takes_more() {
        assert_eq!(bytes(1_234_567_890_i32).unwrap().len(), 4);
        assert_eq!(bytes("1234567890").unwrap().len(), 10);
        assert_eq!(bytes(std::f64::consts::PI).unwrap().len(), 8);
        assert_eq!(bytes(std::f64::consts::PI.to_string()).unwrap().len(), 17);
    }

    #[test]
    fn what_cannot_be_serialized_is_refused_with_the_reason_before_there_is_a_record() {
        let never = |topic: &str, _: &str| Err(format!("not to {topic}"));
        for (outcome, field) in [
            (Record::to("t").key_with(&never, "k"), "key"),
            (Record::to("t").value_with(&never, "v"), "value"),
        ] {
            let error = outcome.unwrap_err();
            assert_eq!(error.to_string(), format!("the {field} for topic t cannot be serialized: not to t"));
            assert!(!error.is_retriable() && !error.may_be_stored());
        }
    }

    #[cfg(feature = "json")]
    #[test]
    fn json_that_cannot_be_is_an_error() {
        let record = Record::to("t").value_with(&Json, &[1, 2]).unwrap();
        assert_eq!(record.value_bytes(), Some(&b"[1,2]"[..]));
        let no_json = std::collections::BTreeMap::from([([1, 2], 3)]);
        let error = Record::to("t").value_with(&Json, &no_json).unwrap_err();
        assert_eq!(error.to_string(), "the value for topic t cannot be serialized: key must be a string");
    }
}
