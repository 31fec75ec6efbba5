//! What the derive writes, shape by shape.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_quote};

use crate::schema::Struct;
use crate::{decode, encode, expand};

/// The statements of `decode` for a struct, without its frame.
fn decoded(input: &DeriveInput) -> String {
    let written = decode::expand(&Struct::parse(input).unwrap()).to_string();
    body(&written, "let version = reader . version () ;", "Ok (()) } }")
}

/// The statements of `encode` for a struct, without its frame.
fn encoded(input: &DeriveInput) -> String {
    let written = encode::expand(&Struct::parse(input).unwrap()).to_string();
    body(&written, "let version = output . version () ;", "Ok (()) } }")
}

fn body(written: &str, start: &str, end: &str) -> String {
    let from = written.find(start).unwrap() + start.len();
    let to = written.rfind(end).unwrap();
    written[from..to].trim().to_owned()
}

fn text(tokens: TokenStream) -> String {
    tokens.to_string()
}

fn refusal(input: &DeriveInput) -> String {
    expand(input).unwrap_err().to_string()
}

#[test]
fn a_field_of_every_version_is_one_call() {
    let shape = parse_quote! { struct S { index: i32 } };
    let expected = quote! {
        if let Err(error) = crate::wire::Decode::decode(&mut self.index, reader) {
            return Err(error.in_field("index"));
        }
    };
    assert_eq!(decoded(&shape), text(expected));
    let expected = quote! {
        if let Err(error) = crate::wire::Encode::encode(&self.index, output) {
            return Err(error.in_field("index"));
        }
    };
    assert_eq!(encoded(&shape), text(expected));
}

#[test]
fn versions_become_one_condition() {
    for (versions, condition) in [
        ("9+", quote!(if version >= 9i16)),
        ("3-7", quote!(if (3i16..=7i16).contains(&version))),
        ("0-12", quote!(if version <= 12i16)),
        ("4", quote!(if version == 4i16)),
    ] {
        let shape = parse_quote! { struct S { #[field(versions = #versions)] index: i32 } };
        assert!(decoded(&shape).starts_with(&text(condition)), "{versions}");
    }
}

#[test]
fn a_value_that_a_version_cannot_carry_is_an_error_unless_it_is_ignorable() {
    let strict = parse_quote! { struct S { #[field(versions = "7+", default = -1)] epoch: i32 } };
    let expected = quote! {
        else if !(self.epoch == -1) {
            let kind = crate::error::EncodeErrorKind::FieldNotInVersion { version };
            return Err(crate::error::EncodeError::new(kind).in_field("epoch"));
        }
    };
    assert!(encoded(&strict).ends_with(&text(expected)));
    let ignorable = parse_quote! { struct S { #[field(versions = "7+", ignorable)] epoch: i32 } };
    assert!(!encoded(&ignorable).contains("else"));
}

#[test]
fn null_is_checked_where_some_versions_have_none() {
    let shape = parse_quote! { struct S { #[field(nullable = "1+")] topics: Option<Vec<T>> } };
    let expected = quote! {
        if self.topics.is_none() && !(version >= 1i16) {
            return Err(reader.error(crate::error::DecodeErrorKind::UnexpectedNull).in_field("topics"));
        }
    };
    assert!(decoded(&shape).ends_with(&text(expected)));
    let always = parse_quote! { struct S { topics: Option<Vec<T>> } };
    assert!(!decoded(&always).contains("is_none"));
}

#[test]
fn tagged_fields_come_by_number_and_the_rest_is_kept() {
    let shape = parse_quote! {
        struct S {
            #[field(versions = "12+", tag = 1)]
            second: i32,
            #[field(tag = 0)]
            first: i32,
            unknown_tagged_fields: TaggedFields,
        }
    };
    let expected = quote! {
        self.unknown_tagged_fields.decode(reader, |tag, reader| {
            match tag {
                0u32 => {
                    if let Err(error) = crate::wire::Decode::decode(&mut self.first, reader) {
                        return Err(error.in_field("first"));
                    }
                }
                1u32 if version >= 12i16 => {
                    if let Err(error) = crate::wire::Decode::decode(&mut self.second, reader) {
                        return Err(error.in_field("second"));
                    }
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
    };
    assert_eq!(decoded(&shape), text(expected));
    let written = encoded(&shape);
    let first = written.find("known [count] = (0u32 , & self . first)").unwrap();
    let second = written.find("known [count] = (1u32 , & self . second)").unwrap();
    assert!(first < second);
}

#[test]
fn a_struct_without_tagged_fields_of_its_own_still_keeps_foreign_ones() {
    let shape = parse_quote! { struct S { unknown_tagged_fields: TaggedFields } };
    let expected = quote!(self.unknown_tagged_fields.decode(reader, crate::wire::no_known_tag)?;);
    assert_eq!(decoded(&shape), text(expected));
    assert_eq!(encoded(&shape), text(quote!(self.unknown_tagged_fields.encode(&[], output)?;)));
}

#[test]
fn defaults_are_the_schema_s() {
    let shape = parse_quote! {
        struct S {
            #[field(default = -1)]
            plain: i32,
            #[field(default = -1)]
            leader_id: BrokerId,
            #[field(default = empty)]
            topics: Option<Vec<T>>,
            none: Option<Vec<T>>,
        }
    };
    let expected = quote! {
        Self {
            plain: -1,
            leader_id: BrokerId(-1),
            topics: Some(::core::default::Default::default()),
            none: ::core::default::Default::default(),
        }
    };
    let written = expand(&shape).unwrap().to_string();
    assert!(written.contains(&text(expected)), "{written}");
}

#[test]
fn only_fields_that_no_version_lacks_count_for_the_smallest_size() {
    let shape = parse_quote! {
        struct S {
            #[field(versions = "16+")]
            node_id: i32,
            #[field(versions = "17+")]
            rack: ByteString,
            #[field(versions = "16+")]
            port: u16,
        }
    };
    let written = decode::expand(&Struct::parse(&shape).unwrap()).to_string();
    let expected = quote! {
        const MIN_SIZE: usize =
            0 + <i32 as crate::wire::Decode>::MIN_SIZE + <u16 as crate::wire::Decode>::MIN_SIZE;
    };
    assert!(written.contains(&text(expected)), "{written}");
}

#[test]
fn the_schema_has_kafka_s_names() {
    let shape = parse_quote! {
        #[message(name = "PartitionData")]
        struct VotePartitionData {
            voter_id: i32,
            #[field(name = "timeoutMs")]
            timeout_ms: i32,
            r#type: i8,
        }
    };
    let written = expand(&shape).unwrap().to_string();
    for name in ["\"PartitionData\"", "\"VoterId\"", "\"timeoutMs\"", "\"Type\""] {
        assert!(written.contains(&format!("name : {name}")), "{name}");
    }
}

#[test]
fn what_is_not_a_schema_is_refused_where_it_stands() {
    let versions = parse_quote! { struct S { #[field(versions = "x")] a: i32 } };
    assert_eq!(refusal(&versions), "versions are written \"3-13\", \"9+\" or \"4\"");
    let word = parse_quote! { struct S { #[field(optional)] a: i32 } };
    assert!(refusal(&word).starts_with("known here: versions, nullable"));
    let nullable = parse_quote! { struct S { #[field(nullable = "1+")] a: i32 } };
    assert_eq!(refusal(&nullable), "only an Option is nullable");
    let tag = parse_quote! { struct S { #[field(tag = 0)] a: i32 } };
    assert!(refusal(&tag).contains("unknown_tagged_fields"));
    let open = parse_quote! { #[message(versions = "3+")] struct S { a: i32 } };
    assert_eq!(refusal(&open), "a message has a last version: \"3-13\"");
    let shape = parse_quote! { enum E { A } };
    assert_eq!(refusal(&shape), "a message is a struct");
}
