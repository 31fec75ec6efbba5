//! `Decode`: one line a field, in the order of the wire.

use proc_macro2::TokenStream;
use quote::quote;

use crate::schema::{Field, Struct};

pub(crate) fn expand(schema: &Struct) -> TokenStream {
    let ident = &schema.ident;
    let sizes = schema.always_present().map(|field| {
        let ty = &field.ty;
        quote!(+ <#ty as crate::wire::Decode>::MIN_SIZE)
    });
    let fields = schema.plain().map(|field| {
        let read = read(field);
        match field.versions {
            Some(versions) => {
                let condition = versions.condition();
                quote!(if #condition { #read })
            }
            None => read,
        }
    });
    let tags = schema.has_tags.then(|| tagged_fields(&schema.tagged()));
    quote! {
        impl crate::wire::Decode for #ident {
            const MIN_SIZE: usize = 0 #(#sizes)*;

            fn decode(&mut self, reader: &mut crate::wire::Reader<'_>) -> Result<(), crate::error::DecodeError> {
                #[allow(unused_variables)]
                let version = reader.version();
                #(#fields)*
                #tags
                Ok(())
            }
        }
    }
}

fn read(field: &Field) -> TokenStream {
    let (ident, path) = (&field.ident, field.path_name());
    let null_check = field.nullable.map(|nullable| {
        let condition = nullable.condition();
        quote! {
            if self.#ident.is_none() && !(#condition) {
                return Err(reader.error(crate::error::DecodeErrorKind::UnexpectedNull).in_field(#path));
            }
        }
    });
    quote! {
        if let Err(error) = crate::wire::Decode::decode(&mut self.#ident, reader) {
            return Err(error.in_field(#path));
        }
        #null_check
    }
}

fn tagged_fields(tagged: &[&Field]) -> TokenStream {
    if tagged.is_empty() {
        return quote!(self.unknown_tagged_fields.decode(reader, crate::wire::no_known_tag)?;);
    }
    let arms = tagged.iter().map(|field| {
        let (tag, read) = (field.tag, read(field));
        let guard = field.versions.map(|versions| {
            let condition = versions.condition();
            quote!(if #condition)
        });
        quote!(#tag #guard => { #read })
    });
    quote! {
        self.unknown_tagged_fields.decode(reader, |tag, reader| {
            match tag {
                #(#arms)*
                _ => return Ok(false),
            }
            Ok(true)
        })?;
    }
}
