//! Tagged fields (KIP-482): optional fields at a struct's end, by number.

use bytes::Bytes;

use super::{Encode, Output, Reader};
use crate::error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};

/// A tagged field that the schema does not know, kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedField {
    /// Its number.
    pub tag: u32,
    /// Its content, without the size.
    pub data: Bytes,
}

/// The tagged fields of a struct that its schema does not know, so that nothing is lost between decode and encode.
///
/// One pointer, null when there are none, which is nearly always.
#[derive(Debug, Default, Eq)]
pub struct TaggedFields(
    #[expect(clippy::box_collection, reason = "one pointer when absent")] Option<Box<Vec<TaggedField>>>,
);

// By hand: derived ones are inlined into those of every struct, where they were a tenth of what the library holds of its
// code for other crates.
impl Clone for TaggedFields {
    #[inline(never)]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl PartialEq for TaggedFields {
    #[inline(never)]
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl TaggedFields {
    /// Whether there are none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|fields| fields.is_empty())
    }

    /// The fields, by ascending tag.
    pub fn iter(&self) -> impl Iterator<Item = &TaggedField> {
        self.0.iter().flat_map(|fields| fields.iter())
    }

    /// Adds a field, or replaces the one of the same tag.
    pub fn insert(&mut self, tag: u32, data: Bytes) {
        let fields = self.0.get_or_insert_default();
        match fields.binary_search_by_key(&tag, |field| field.tag) {
            Ok(index) => fields[index].data = data,
            Err(index) => fields.insert(index, TaggedField { tag, data }),
        }
    }

    /// Keeps a field, of `left` that are still to come with it. Most often it is the only one, and then takes no more
    /// room than that.
    fn keep(&mut self, tag: u32, data: Bytes, left: u32) {
        let fields = self.0.get_or_insert_with(|| Box::new(Vec::with_capacity(left.min(4) as usize)));
        fields.push(TaggedField { tag, data });
    }

    /// Reads the tagged fields at the end of a struct.
    ///
    /// `known` reads the value of a tag that the schema has and says so; all others are kept here. A struct without
    /// tagged fields of its own passes [`no_known_tag`].
    pub fn decode(
        &mut self,
        reader: &mut Reader<'_>,
        mut known: impl FnMut(u32, &mut Reader<'_>) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        if !reader.is_flexible() {
            return Ok(());
        }
        let count = reader.unsigned_varint()?;
        if count == 0 {
            return Ok(());
        }
        // Each takes a byte of tag and a byte of size at least.
        if count as usize > reader.remaining() / 2 {
            let kind =
                DecodeErrorKind::CountTooLarge { count: count as usize, remaining: reader.remaining() };
            return Err(reader.error(kind));
        }
        let mut previous = None;
        for left in (1..=count).rev() {
            let tag = reader.unsigned_varint()?;
            if let Some(previous) = previous.filter(|&previous| previous >= tag) {
                return Err(reader.error(DecodeErrorKind::TagOutOfOrder { tag, previous }));
            }
            previous = Some(tag);
            let size = reader.unsigned_varint()? as usize;
            let mut is_known = false;
            let mut content = None;
            let unused = reader.part(size, |part| {
                is_known = known(tag, part)?;
                if !is_known {
                    content = Some(part.bytes(size)?);
                }
                Ok(())
            })?;
            if unused > 0 {
                return Err(reader.error(DecodeErrorKind::TagSizeMismatch { tag, unused }));
            }
            if let Some(data) = content {
                self.keep(tag, data, left);
            }
        }
        Ok(())
    }

    /// Refuses a number that the version being written has a field for: read back, it would be taken for that field.
    ///
    /// It comes from a version that did not know the number yet, as a proxy may have kept it.
    #[inline]
    pub fn check_free(&self, tag: u32) -> Result<(), EncodeError> {
        match &self.0 {
            Some(fields) if fields.iter().any(|field| field.tag == tag) => {
                Err(EncodeError::new(EncodeErrorKind::TagTaken(tag)))
            }
            _ => Ok(()),
        }
    }

    /// Writes the tagged fields at the end of a struct: the known ones of `known`, by ascending tag, and these.
    #[inline]
    pub fn encode(&self, known: &[(u32, &dyn Encode)], output: &mut Output) -> Result<(), EncodeError> {
        if self.0.is_some() || !known.is_empty() {
            return self.encode_some(known, output);
        }
        if output.is_flexible() {
            output.put(&[0]);
        }
        Ok(())
    }

    fn encode_some(&self, known: &[(u32, &dyn Encode)], output: &mut Output) -> Result<(), EncodeError> {
        if !output.is_flexible() {
            if self.is_empty() {
                return Ok(());
            }
            let kind = EncodeErrorKind::FieldNotInVersion { version: output.version() };
            return Err(EncodeError::new(kind).in_field("unknown_tagged_fields"));
        }
        let unknown = self.0.as_ref().map_or(&[][..], |fields| fields.as_slice());
        let set = known.len();
        output.put_unsigned_varint((set + unknown.len()) as u32);
        let mut rest = unknown.iter().peekable();
        for &(tag, value) in known {
            while let Some(field) = rest.next_if(|field| field.tag < tag) {
                encode_unknown(field, output)?;
            }
            if rest.peek().is_some_and(|field| field.tag == tag) {
                return Err(EncodeError::new(EncodeErrorKind::TagTaken(tag)));
            }
            output.put_unsigned_varint(tag);
            output.put_sized(|output| value.encode(output))?;
        }
        rest.try_for_each(|field| encode_unknown(field, output))
    }
}

fn encode_unknown(field: &TaggedField, output: &mut Output) -> Result<(), EncodeError> {
    output.put_unsigned_varint(field.tag);
    output.put_sized(|output| {
        output.put(&field.data);
        Ok(())
    })
}

/// For structs whose schema has no tagged fields: every tag is unknown.
#[inline]
pub fn no_known_tag(_tag: u32, _reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::ApiVersionsResponse;
    use crate::wire::Message;

    #[test]
    fn a_number_that_a_version_knows_is_not_written_as_an_unknown_one() {
        let mut response = ApiVersionsResponse::default();
        response.unknown_tagged_fields.insert(1, Bytes::from_static(&[1]));
        let error = response.to_bytes(3).unwrap_err();
        assert_eq!(*error.kind(), EncodeErrorKind::TagTaken(1));

        let mut response = ApiVersionsResponse::default();
        response.unknown_tagged_fields.insert(100, Bytes::from_static(&[1]));
        let bytes = response.to_bytes(3).unwrap();
        assert_eq!(ApiVersionsResponse::read(&bytes, 3).unwrap(), response);
    }
}
