//! `Default`, `Message` and the schema as data.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::schema::{Field, FieldDefault, Struct};

/// Schema defaults are not Rust's, so the derive writes `Default` too.
pub(crate) fn default(schema: &Struct) -> TokenStream {
    let ident = &schema.ident;
    let fields = schema.fields.iter().map(|field| {
        let (ident, value) = (&field.ident, field.default_value());
        quote!(#ident: #value,)
    });
    let tags = schema.has_tags.then(|| quote!(unknown_tagged_fields: ::core::default::Default::default(),));
    quote! {
        impl ::core::default::Default for #ident {
            fn default() -> Self {
                Self { #(#fields)* #tags }
            }
        }
    }
}

pub(crate) fn expand(schema: &Struct) -> TokenStream {
    let Struct { ident, name, .. } = schema;
    let fields = schema.fields.iter().map(field);
    // A static, because what makes a constant is kept in the library for other crates to compile once more.
    let described = quote! {
        impl crate::schema::Struct for #ident {
            const SCHEMA: &'static crate::schema::StructSchema = {
                static SCHEMA: crate::schema::StructSchema =
                    crate::schema::StructSchema { name: #name, fields: &[#(#fields),*] };
                &SCHEMA
            };
        }
    };
    let Some(message) = &schema.message else { return described };
    let versions = message.versions.range();
    let flexible_from = match message.flexible_from {
        Some(version) => quote!(Some(#version)),
        None => quote!(None),
    };
    quote! {
        #described

        impl crate::wire::Message for #ident {
            const NAME: &'static str = #name;
            const VERSIONS: crate::version::VersionRange = #versions;
            const FLEXIBLE_FROM: Option<i16> = #flexible_from;
        }
    }
}

fn field(field: &Field) -> TokenStream {
    let Field { name, ty, ignorable, map_key, .. } = field;
    let all = quote!(crate::version::VersionRange::new(0, i16::MAX));
    let versions = field.versions.map_or(all, |versions| versions.range());
    let nullable = match (field.is_option, field.nullable) {
        (false, _) => quote!(crate::version::VersionRange::NONE),
        (true, Some(nullable)) => nullable.range(),
        (true, None) => versions.clone(),
    };
    let tag = match field.tag {
        Some(tag) => quote!(Some(#tag)),
        None => quote!(None),
    };
    let default = match &field.default {
        FieldDefault::OfType => String::new(),
        FieldDefault::Empty => "empty".to_owned(),
        FieldDefault::Value(value) => value.to_token_stream().to_string().replace(' ', ""),
    };
    quote! {
        crate::schema::FieldSchema {
            name: #name,
            kind: <#ty as crate::schema::Typed>::KIND,
            versions: #versions,
            nullable: #nullable,
            tag: #tag,
            default: #default,
            ignorable: #ignorable,
            map_key: #map_key,
        }
    }
}
