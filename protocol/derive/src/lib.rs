//! `#[derive(Message)]`: a struct whose attributes are its schema.
//!
//! ```text
//! #[derive(Clone, Debug, PartialEq, Message)]
//! #[message(versions = "3-13", flexible = "9+")]     the whole message; a struct inside one has no such line
//! pub struct ProduceRequest {
//!     pub transactional_id: Option<TransactionalId>,  in every version, nullable
//!     #[field(versions = "7+", default = -1)]         from version 7 on; what it is when nobody says
//!     pub session_epoch: i32,
//!     #[field(versions = "12+", tag = 0, ignorable)]  a tagged field; dropped where the version cannot carry it
//!     pub cluster_id: Option<ByteString>,
//!     pub unknown_tagged_fields: TaggedFields,        what other people's versions add is kept here
//! }
//! ```
//!
//! | in `#[field(…)]` | means |
//! |---|---|
//! | `versions = "4-14"` | the versions that have the field; all of the message's if absent |
//! | `nullable = "7+"` | of these, the ones in which it may be null; all if absent and the type is an `Option` |
//! | `tag = 0` | a tagged field with this number |
//! | `default = -1` | its default; `default = empty` for an `Option` that is not null unless it is said to be |
//! | `ignorable` | a value is dropped quietly in a version without the field, instead of being an error |
//! | `key` | identifies the elements of the array it is in |
//! | `name = "timeoutMs"` | Kafka's name, where it is not the Rust name in camel case |
//!
//! A struct inside a message may say `#[message(name = "PartitionData")]` where Kafka gives one name to two structs.
//!
//! What comes out is one line a field that calls the `wire` module, and nothing clever: `Default`, `Decode`, `Encode`,
//! for whole messages `Message`, the schema as data, and with the feature `json` the JSON form. Some of what it calls is
//! private to `milena-protocol` (nullable structs, checks of the version, the fields of an object), and paths begin with
//! `crate`: it is for that crate alone. `schema` reads the attributes; `decode`, `encode`, `describe` and `json` write one impl each.

mod decode;
mod describe;
mod encode;
mod json;
mod schema;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// See the crate's page.
#[proc_macro_derive(Message, attributes(message, field))]
pub fn derive_message(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let schema = schema::Struct::parse(input)?;
    let default = describe::default(&schema);
    let decode = decode::expand(&schema);
    let encode = encode::expand(&schema);
    let description = describe::expand(&schema);
    let json = json::expand(&schema);
    Ok(quote! { #default #decode #encode #description #json })
}

#[cfg(test)]
mod tests;
