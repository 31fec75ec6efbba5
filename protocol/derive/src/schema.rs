//! The attributes of a struct, read and checked.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Expr, Fields, LitInt, LitStr, Result, Type};

/// A message, or a struct inside one.
pub(crate) struct Struct {
    pub(crate) ident: Ident,
    /// Kafka's name of it.
    pub(crate) name: String,
    /// Set for whole messages.
    pub(crate) message: Option<MessageAttributes>,
    pub(crate) fields: Vec<Field>,
    /// Whether the struct ends with tagged fields in flexible versions.
    pub(crate) has_tags: bool,
}

pub(crate) struct MessageAttributes {
    pub(crate) versions: Versions,
    pub(crate) flexible_from: Option<i16>,
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Kafka's name in camel case with a capital.
    pub(crate) name: String,
    pub(crate) is_option: bool,
    /// `None` means every version.
    pub(crate) versions: Option<Versions>,
    /// Only said where it is not the same as `versions`.
    pub(crate) nullable: Option<Versions>,
    pub(crate) tag: Option<u32>,
    pub(crate) default: FieldDefault,
    pub(crate) ignorable: bool,
    pub(crate) map_key: bool,
}

pub(crate) enum FieldDefault {
    /// The type's own: zero, empty, or null.
    OfType,
    /// `Some` of the type's own.
    Empty,
    Value(Expr),
}

/// `"3-13"`, `"9+"` or `"4"`.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Versions {
    pub(crate) lowest: i16,
    pub(crate) highest: Option<i16>,
}

impl Versions {
    fn parse(text: &LitStr) -> Result<Self> {
        let number = |part: &str| part.trim().parse::<i16>().ok().filter(|&version| version >= 0);
        let value = text.value();
        let versions = if let Some(lowest) = value.strip_suffix('+') {
            number(lowest).map(|lowest| Self { lowest, highest: None })
        } else if let Some((lowest, highest)) = value.split_once('-') {
            number(lowest)
                .zip(number(highest))
                .map(|(lowest, highest)| Self { lowest, highest: Some(highest) })
        } else {
            number(&value).map(|only| Self { lowest: only, highest: Some(only) })
        };
        versions.ok_or_else(|| Error::new(text.span(), "versions are written \"3-13\", \"9+\" or \"4\""))
    }

    /// The condition on `version` that says a version is among these.
    pub(crate) fn condition(self) -> TokenStream {
        let Self { lowest, highest } = self;
        match highest {
            None => quote!(version >= #lowest),
            Some(highest) if highest == lowest => quote!(version == #lowest),
            Some(highest) if lowest == 0 => quote!(version <= #highest),
            Some(highest) => quote!((#lowest..=#highest).contains(&version)),
        }
    }

    /// These versions as a `VersionRange`.
    pub(crate) fn range(self) -> TokenStream {
        let Self { lowest, highest } = self;
        let highest = highest.map_or(quote!(i16::MAX), |highest| quote!(#highest));
        quote!(crate::version::VersionRange::new(#lowest, #highest))
    }
}

impl Struct {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new(input.span(), "a message is a struct"));
        };
        let Fields::Named(named) = &data.fields else {
            return Err(Error::new(input.span(), "a message has named fields"));
        };
        let (name, message) = message_attributes(input)?;
        let mut fields = Vec::new();
        let mut has_tags = false;
        for field in &named.named {
            let Some(ident) = &field.ident else { continue };
            if ident == "unknown_tagged_fields" {
                has_tags = true;
            } else {
                fields.push(Field::parse(ident, field)?);
            }
        }
        if let Some(field) = fields.iter().find(|field| field.tag.is_some() && !has_tags) {
            let message = "a struct with tagged fields ends with `pub unknown_tagged_fields: TaggedFields`";
            return Err(Error::new(field.ident.span(), message));
        }
        Ok(Self { ident: input.ident.clone(), name, message, fields, has_tags })
    }

    /// The tagged fields, by ascending tag.
    pub(crate) fn tagged(&self) -> Vec<&Field> {
        let mut tagged: Vec<_> = self.fields.iter().filter(|field| field.tag.is_some()).collect();
        tagged.sort_by_key(|field| field.tag);
        tagged
    }

    /// The fields that lie on the wire one after another.
    pub(crate) fn plain(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.tag.is_none())
    }

    /// The fields that no version of the struct lacks: what its smallest wire size is made of.
    ///
    /// The versions of a struct inside a message are those of its oldest field.
    pub(crate) fn always_present(&self) -> impl Iterator<Item = &Field> {
        let every_version = self.fields.iter().any(|field| field.versions.is_none());
        let oldest =
            self.fields.iter().filter_map(|field| field.versions).map(|versions| versions.lowest).min();
        self.plain().filter(move |field| match field.versions {
            None => true,
            Some(versions) => !every_version && versions.highest.is_none() && Some(versions.lowest) == oldest,
        })
    }
}

/// Reads `#[message(…)]`: the name, and for a whole message its versions.
fn message_attributes(input: &DeriveInput) -> Result<(String, Option<MessageAttributes>)> {
    let mut name = input.ident.to_string();
    let Some(attribute) = input.attrs.iter().find(|attribute| attribute.path().is_ident("message")) else {
        return Ok((name, None));
    };
    let (mut versions, mut flexible_from) = (None::<Versions>, None);
    attribute.parse_nested_meta(|meta| {
        if meta.path.is_ident("versions") {
            versions = Some(Versions::parse(&meta.value()?.parse()?)?);
        } else if meta.path.is_ident("flexible") {
            flexible_from = Some(Versions::parse(&meta.value()?.parse()?)?.lowest);
        } else if meta.path.is_ident("name") {
            name = meta.value()?.parse::<LitStr>()?.value();
        } else {
            return Err(meta.error("known here: versions, flexible, name"));
        }
        Ok(())
    })?;
    match versions {
        Some(versions) if versions.highest.is_none() => {
            Err(Error::new(attribute.span(), "a message has a last version: \"3-13\""))
        }
        None if flexible_from.is_some() => Err(Error::new(attribute.span(), "a message says its versions")),
        _ => Ok((name, versions.map(|versions| MessageAttributes { versions, flexible_from }))),
    }
}

impl Field {
    fn parse(ident: &Ident, field: &syn::Field) -> Result<Self> {
        let mut parsed = Self {
            ident: ident.clone(),
            ty: field.ty.clone(),
            name: camel_case(&ident.unraw().to_string()),
            is_option: is_option(&field.ty),
            versions: None,
            nullable: None,
            tag: None,
            default: FieldDefault::OfType,
            ignorable: false,
            map_key: false,
        };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("versions") {
                    parsed.versions = Some(Versions::parse(&meta.value()?.parse()?)?);
                } else if meta.path.is_ident("nullable") {
                    parsed.nullable = Some(Versions::parse(&meta.value()?.parse()?)?);
                } else if meta.path.is_ident("tag") {
                    parsed.tag = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?);
                } else if meta.path.is_ident("default") {
                    parsed.default = FieldDefault::parse(meta.value()?.parse()?);
                } else if meta.path.is_ident("ignorable") {
                    parsed.ignorable = true;
                } else if meta.path.is_ident("key") {
                    parsed.map_key = true;
                } else if meta.path.is_ident("name") {
                    parsed.name = meta.value()?.parse::<LitStr>()?.value();
                } else {
                    return Err(
                        meta.error("known here: versions, nullable, tag, default, ignorable, key, name")
                    );
                }
                Ok(())
            })?;
        }
        if parsed.nullable.is_some() && !parsed.is_option {
            return Err(Error::new(ident.span(), "only an Option is nullable"));
        }
        Ok(parsed)
    }

    fn is_primitive(&self) -> bool {
        let Type::Path(path) = &self.ty else { return false };
        ["bool", "i8", "i16", "u16", "i32", "u32", "i64", "f64"].iter().any(|name| path.path.is_ident(name))
    }

    /// The name as Kafka's JSON form has it.
    pub(crate) fn json_name(&self) -> String {
        let mut letters = self.name.chars();
        letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
    }

    /// The Rust name, as error paths show it.
    pub(crate) fn path_name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// The default as a value of the field's type.
    pub(crate) fn default_value(&self) -> TokenStream {
        match &self.default {
            FieldDefault::OfType => quote!(::core::default::Default::default()),
            FieldDefault::Empty => quote!(Some(::core::default::Default::default())),
            FieldDefault::Value(value) if self.is_primitive() => quote!(#value),
            // A newtype of a number.
            FieldDefault::Value(value) => {
                let ty = &self.ty;
                quote!(#ty(#value))
            }
        }
    }

    /// The condition that says the field is at its default.
    pub(crate) fn is_default(&self) -> TokenStream {
        let ident = &self.ident;
        match &self.default {
            FieldDefault::OfType => quote!(crate::wire::Encode::is_default(&self.#ident)),
            FieldDefault::Empty => {
                quote!(self.#ident.as_ref().is_some_and(crate::wire::Encode::is_default))
            }
            FieldDefault::Value(value) => quote!((self.#ident == #value)),
        }
    }
}

impl FieldDefault {
    fn parse(value: Expr) -> Self {
        if value.to_token_stream().to_string() == "empty" { Self::Empty } else { Self::Value(value) }
    }
}

fn is_option(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Option")
}

fn camel_case(snake: &str) -> String {
    snake
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}
