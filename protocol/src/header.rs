//! The headers before every body: which request it is, and which request a response answers.
//!
//! ```text
//! request   api_key i16 │ api_version i16 │ correlation_id i32 │ client_id nullable string │ tagged fields (v2)
//! response  correlation_id i32 │ tagged fields (v1)
//! ```
//!
//! The API key and version decide the header's own version: see [`ApiKey::request_header_version`]. The client id
//! keeps its two-byte length even where lengths are compact, for a broker reads it before it knows.

use bytes::Bytes;
use bytestring::ByteString;
use nom::Parser;

use crate::api::ApiKey;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::parse::{self, Parsed, Reason, be_i16, be_i32, fail};
use crate::wire::{Output, Reader, TaggedFields, no_known_tag};

/// What stands before a request's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestHeader {
    /// Which request it is.
    pub request_api_key: ApiKey,
    /// In which version.
    pub request_api_version: i16,
    /// What the response will carry, so that the client knows which request it answers.
    pub correlation_id: i32,
    /// Who asks; for logs and quotas.
    pub client_id: Option<ByteString>,
    /// What newer clients add (header version 2).
    pub unknown_tagged_fields: TaggedFields,
}

/// What stands before a response's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHeader {
    /// That of the request it answers.
    pub correlation_id: i32,
    /// What newer brokers add (header version 1).
    pub unknown_tagged_fields: TaggedFields,
}

impl RequestHeader {
    /// Reads the header at the start of a frame, and gives the body behind it.
    ///
    /// # Errors
    /// [`DecodeErrorKind::UnknownApiKey`] and [`DecodeErrorKind::UnsupportedVersion`] for what is outside the table, for
    /// nobody can know the header's form then; else what is wrong with the bytes. Of ApiVersions any version is
    /// accepted: a broker answers one that it does not know in version 0 (KIP-511).
    pub fn read(frame: &Bytes) -> Result<(Self, Bytes), DecodeError> {
        let (rest, (key, version)) = parse::parse((be_i16, be_i16), frame)?;
        let Some(versions) = ApiKey(key).versions() else {
            return Err(DecodeError::new(DecodeErrorKind::UnknownApiKey(key), 0));
        };
        if !versions.contains(version) && ApiKey(key) != ApiKey::API_VERSIONS {
            let (lowest, highest) = (versions.lowest(), versions.highest());
            return Err(DecodeError::new(
                DecodeErrorKind::UnsupportedVersion { version, lowest, highest },
                2,
            ));
        }
        let (rest, (correlation_id, client_id)) = parse::parse((be_i32, nullable_string), rest)
            .map_err(|error| error.shifted_by(frame.len() - rest.len()))?;
        let client_id = client_id.map(|text| slice_of(frame, text));
        let is_flexible = ApiKey(key).request_header_version(version) >= 2;
        let (unknown_tagged_fields, body) = tagged_fields(frame, rest, is_flexible)?;
        let header = Self {
            request_api_key: ApiKey(key),
            request_api_version: version,
            correlation_id,
            client_id,
            unknown_tagged_fields,
        };
        Ok((header, body))
    }

    /// Key, version and correlation id of a frame that may be anything: for logs, and for answers to what cannot be
    /// read.
    #[must_use]
    pub fn peek(frame: &Bytes) -> Option<(ApiKey, i16, i32)> {
        let (_, (key, version, correlation_id)) = parse::parse((be_i16, be_i16, be_i32), frame).ok()?;
        Some((ApiKey(key), version, correlation_id))
    }

    /// Appends the header, in the version that goes with the request's.
    ///
    /// # Errors
    /// A client id of more than 32,767 bytes.
    pub fn write(&self, output: &mut Output) -> Result<(), EncodeError> {
        let header_version = self.request_api_key.request_header_version(self.request_api_version);
        output.set_version(header_version, false);
        output.put(&self.request_api_key.0.to_be_bytes());
        output.put(&self.request_api_version.to_be_bytes());
        output.put(&self.correlation_id.to_be_bytes());
        let client_id = self.client_id.as_deref();
        output.put_string_length(client_id.map(str::len)).map_err(|error| error.in_field("client_id"))?;
        output.put(client_id.unwrap_or_default().as_bytes());
        output.set_version(header_version, header_version >= 2);
        self.unknown_tagged_fields.encode(&[], output)
    }
}

impl ResponseHeader {
    /// Reads the header of the answer to a request of `api_key` and `version`, and gives the body behind it.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn read(api_key: ApiKey, version: i16, frame: &Bytes) -> Result<(Self, Bytes), DecodeError> {
        let (rest, correlation_id) = parse::parse(be_i32, frame)?;
        let is_flexible = api_key.response_header_version(version) >= 1;
        let (unknown_tagged_fields, body) = tagged_fields(frame, rest, is_flexible)?;
        Ok((Self { correlation_id, unknown_tagged_fields }, body))
    }

    /// Appends the header of the answer to a request of `api_key` and `version`.
    ///
    /// # Errors
    /// Unknown tagged fields where the header's version has none.
    pub fn write(&self, api_key: ApiKey, version: i16, output: &mut Output) -> Result<(), EncodeError> {
        let header_version = api_key.response_header_version(version);
        output.set_version(header_version, header_version >= 1);
        output.put(&self.correlation_id.to_be_bytes());
        self.unknown_tagged_fields.encode(&[], output)
    }
}

/// A string with a length of two bytes; −1 is null.
fn nullable_string(input: &[u8]) -> Parsed<'_, Option<&str>> {
    let (rest, length) = be_i16.parse_complete(input)?;
    if length == -1 {
        return Ok((rest, None));
    }
    let Ok(length) = usize::try_from(length) else {
        return fail(input, Reason::NegativeLength(i64::from(length)));
    };
    let (rest, bytes) = parse::take(rest, length)?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((rest, Some(text))),
        Err(_) => fail(bytes, Reason::Utf8),
    }
}

fn slice_of(frame: &Bytes, text: &str) -> ByteString {
    // The text was just read as UTF-8, so that the second look, over a few bytes, cannot fail.
    ByteString::try_from(frame.slice_ref(text.as_bytes())).unwrap_or_default()
}

fn tagged_fields(
    frame: &Bytes,
    rest: &[u8],
    is_flexible: bool,
) -> Result<(TaggedFields, Bytes), DecodeError> {
    let mut fields = TaggedFields::default();
    let mut reader = Reader::resume(frame, rest, 0, is_flexible);
    fields.decode(&mut reader, no_known_tag).map_err(|error| error.in_field("unknown_tagged_fields"))?;
    Ok((fields, frame.slice_ref(reader.rest())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_header_keeps_the_classic_client_id_in_flexible_versions() {
        let frame = Bytes::from_static(&[0, 18, 0, 3, 0, 0, 0, 9, 0, 2, b'm', b'e', 0, 0xaa]);
        let (header, body) = RequestHeader::read(&frame).unwrap();
        assert_eq!(header.request_api_key, ApiKey::API_VERSIONS);
        assert_eq!((header.request_api_version, header.correlation_id), (3, 9));
        assert_eq!(header.client_id.as_deref(), Some("me"));
        assert_eq!(body, [0xaa][..]);
        let mut output = Output::new(Vec::new());
        header.write(&mut output).unwrap();
        assert_eq!(output.into_bytes(), frame[..13]);
    }

    #[test]
    fn the_answer_to_api_versions_has_the_old_header_in_every_version() {
        let frame = Bytes::from_static(&[0, 0, 0, 9, 0xaa]);
        let (header, body) = ResponseHeader::read(ApiKey::API_VERSIONS, 3, &frame).unwrap();
        assert_eq!((header.correlation_id, &body[..]), (9, &[0xaa][..]));
        let error = ResponseHeader::read(ApiKey::METADATA, 9, &frame).unwrap_err();
        assert_eq!(error.path(), "unknown_tagged_fields");
    }

    #[test]
    fn an_unknown_key_is_named_and_can_still_be_peeked_at() {
        let frame = Bytes::from_static(&[0x7d, 0, 0, 1, 0, 0, 0, 5]);
        let error = RequestHeader::read(&frame).unwrap_err();
        assert_eq!(*error.kind(), DecodeErrorKind::UnknownApiKey(32_000));
        assert_eq!(RequestHeader::peek(&frame), Some((ApiKey(32_000), 1, 5)));
        assert_eq!(RequestHeader::peek(&frame.slice(..5)), None);
    }

    #[test]
    fn an_unknown_version_is_named_unless_it_is_of_api_versions() {
        let frame = |key| Bytes::from(vec![0, key, 0, 99, 0, 0, 0, 5, 0xff, 0xff, 0]);
        let error = RequestHeader::read(&frame(3)).unwrap_err();
        let expected = DecodeErrorKind::UnsupportedVersion { version: 99, lowest: 0, highest: 13 };
        assert_eq!(*error.kind(), expected);
        assert_eq!(RequestHeader::read(&frame(18)).unwrap().0.request_api_version, 99);
    }

    #[test]
    fn an_error_behind_the_version_counts_from_the_start_of_the_frame() {
        let frame = Bytes::from_static(&[0, 18, 0, 3, 0, 0, 0, 9, 0xff, 0xfe, 0]);
        let error = RequestHeader::read(&frame).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (&DecodeErrorKind::NegativeLength(-2), 8));
    }

    #[test]
    fn every_cut_of_a_header_is_an_error() {
        let frame = Bytes::from_static(&[0, 18, 0, 3, 0, 0, 0, 9, 0, 2, b'm', b'e', 1, 5, 1, 7]);
        assert!(RequestHeader::read(&frame).is_ok());
        for length in 0..frame.len() {
            assert!(RequestHeader::read(&frame.slice(..length)).is_err(), "{length}");
        }
    }
}
