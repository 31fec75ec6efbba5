//! The JSON form, behind the feature `json` of the protocol crate.

use proc_macro2::TokenStream;
use quote::quote;

use crate::encode::{not_in_version, null_check};
use crate::schema::{Field, Struct};

pub(crate) fn expand(schema: &Struct) -> TokenStream {
    let ident = &schema.ident;
    let puts = schema.fields.iter().map(put);
    let takes = schema.fields.iter().map(take);
    let (put_unknown, take_unknown) = unknown(schema);
    let (check_put, check_take) = version_checks(schema);
    quote! {
        #[cfg(feature = "json")]
        impl crate::json::JsonForm for #ident {
            fn to_json(&self, version: i16) -> Result<crate::json::Value, crate::error::EncodeError> {
                #check_put
                let mut object = crate::json::Object::new();
                #(#puts)*
                #put_unknown
                Ok(object.into())
            }

            fn read_json(&mut self, value: &crate::json::Value, version: i16) -> Result<(), crate::json::JsonError> {
                #check_take
                let object = crate::json::object(value)?;
                #(#takes)*
                #take_unknown
                Ok(())
            }
        }
    }
}

/// A whole message refuses a version that it does not have; what lies inside is in the message's.
fn version_checks(schema: &Struct) -> (TokenStream, TokenStream) {
    if schema.message.is_none() {
        return (TokenStream::new(), TokenStream::new());
    }
    let versions = quote!(<Self as crate::wire::Message>::VERSIONS);
    (
        quote!(crate::wire::check_version(version, #versions)?;),
        quote!(crate::json::check_version(version, #versions)?;),
    )
}

/// Tagged fields that the schema does not know are written and read beside the others.
fn unknown(schema: &Struct) -> (TokenStream, TokenStream) {
    if !schema.has_tags {
        return (TokenStream::new(), TokenStream::new());
    }
    (
        quote!(crate::json::put_unknown(&mut object, &self.unknown_tagged_fields, version)?;),
        quote!(crate::json::take_unknown(object, &mut self.unknown_tagged_fields, version)?;),
    )
}

fn put(field: &Field) -> TokenStream {
    let (ident, path, name) = (&field.ident, field.path_name(), field.json_name());
    let null_check = null_check(field);
    let put = quote! {
        #null_check
        match crate::json::JsonForm::to_json(&self.#ident, version) {
            Ok(value) => object.insert(#name.to_owned(), value),
            Err(error) => return Err(error.in_field(#path)),
        };
    };
    // As on the wire, a tagged field at its default is left out.
    let put = if field.tag.is_some() {
        let is_default = field.is_default();
        quote!(if !#is_default { #put })
    } else {
        put
    };
    match field.versions {
        Some(versions) => {
            let (condition, otherwise) = (versions.condition(), not_in_version(field));
            quote!(if #condition { #put } #otherwise)
        }
        None => put,
    }
}

fn take(field: &Field) -> TokenStream {
    let (ident, name, tagged) = (&field.ident, field.json_name(), field.tag.is_some());
    let take = quote! {
        crate::json::take(object, #name, #tagged, version, &mut self.#ident)?;
    };
    match field.versions {
        Some(versions) => {
            let condition = versions.condition();
            quote!(if #condition { #take })
        }
        None => take,
    }
}
