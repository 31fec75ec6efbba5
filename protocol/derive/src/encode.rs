//! `Encode`: the twin of `Decode`, and what a version cannot carry.

use proc_macro2::TokenStream;
use quote::quote;

use crate::schema::{Field, Struct};

pub(crate) fn expand(schema: &Struct) -> TokenStream {
    let ident = &schema.ident;
    let fields = schema.plain().map(|field| {
        let write = write(field);
        match field.versions {
            Some(versions) => {
                let (condition, otherwise) = (versions.condition(), not_in_version(field));
                quote!(if #condition { #write } #otherwise)
            }
            None => write,
        }
    });
    let tags = schema.has_tags.then(|| tagged_fields(&schema.tagged()));
    quote! {
        impl crate::wire::Encode for #ident {
            fn encode(&self, output: &mut crate::wire::Output) -> Result<(), crate::error::EncodeError> {
                #[allow(unused_variables)]
                let version = output.version();
                #(#fields)*
                #tags
                Ok(())
            }
        }
    }
}

fn write(field: &Field) -> TokenStream {
    let (ident, path) = (&field.ident, field.path_name());
    let null_check = null_check(field);
    quote! {
        #null_check
        if let Err(error) = crate::wire::Encode::encode(&self.#ident, output) {
            return Err(error.in_field(#path));
        }
    }
}

/// Null is an error in versions of a nullable field that have no null for it.
pub(crate) fn null_check(field: &Field) -> Option<TokenStream> {
    let (ident, path) = (&field.ident, field.path_name());
    let condition = field.nullable?.condition();
    Some(quote! {
        if self.#ident.is_none() && !(#condition) {
            let kind = crate::error::EncodeErrorKind::NullNotAllowed { version };
            return Err(crate::error::EncodeError::new(kind).in_field(#path));
        }
    })
}

/// The `else` branch for versions without the field: a value that may not be dropped is an error.
pub(crate) fn not_in_version(field: &Field) -> Option<TokenStream> {
    if field.ignorable {
        return None;
    }
    let (is_default, path) = (field.is_default(), field.path_name());
    Some(quote! {
        else if !#is_default {
            let kind = crate::error::EncodeErrorKind::FieldNotInVersion { version };
            return Err(crate::error::EncodeError::new(kind).in_field(#path));
        }
    })
}

fn tagged_fields(tagged: &[&Field]) -> TokenStream {
    if tagged.is_empty() {
        return quote!(self.unknown_tagged_fields.encode(&[], output)?;);
    }
    let count = tagged.len();
    let pushes = tagged.iter().map(|field| {
        let (tag, ident, is_default) = (field.tag, &field.ident, field.is_default());
        let push = quote! {
            if !#is_default {
                known[count] = (#tag, &self.#ident);
                count += 1;
            } else {
                self.unknown_tagged_fields.check_free(#tag)?;
            }
        };
        match field.versions {
            Some(versions) => {
                let (condition, otherwise) = (versions.condition(), not_in_version(field));
                quote!(if #condition { #push } #otherwise)
            }
            None => push,
        }
    });
    quote! {
        let mut known: [(u32, &dyn crate::wire::Encode); #count] = [(0, &false); #count];
        let mut count = 0;
        #(#pushes)*
        self.unknown_tagged_fields.encode(&known[..count], output)?;
    }
}
