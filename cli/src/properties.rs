//! Properties, given one by one as `key=value` or in a file.

use std::path::Path;
use std::str::FromStr;

use producer::config::properties_of;

use crate::failure::Failure;

/// One `key=value`; the value may be empty, and may contain `=` itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for Property {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self { key: key.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err(format!("a property is key=value, not {text:?}")),
        }
    }
}

/// Those of a file, if there is one, then those given one by one, so that these win where both name a key.
pub(crate) fn gather(file: Option<&Path>, given: &[Property]) -> Result<Vec<Property>, Failure> {
    let mut all = file.map(read).transpose()?.unwrap_or_default();
    all.retain(|property: &Property| !given.iter().any(|other| other.key == property.key));
    all.extend_from_slice(given);
    Ok(all)
}

/// Whether a property is true: Kafka's tools look for `true` in any case, and take everything else as false.
pub(crate) fn is_true(value: &str) -> bool {
    value.trim().eq_ignore_ascii_case("true")
}

/// Reads a properties file, as Java reads them.
fn read(path: &Path) -> Result<Vec<Property>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read the properties file {}: {error}", path.display()))
    })?;
    Ok(properties_of(&text).into_iter().map(|(key, value)| Property { key, value }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_cut_at_its_first_equals_sign() {
        let cases = [
            ("a=b", Some(("a", "b"))),
            ("a=", Some(("a", ""))),
            ("key.separator==", Some(("key.separator", "="))),
            ("a= b", Some(("a", " b"))),
            ("a", None),
            ("=b", None),
        ];
        for (text, expected) in cases {
            let property = text.parse::<Property>().ok();
            assert_eq!(property.as_ref().map(|it| (it.key.as_str(), it.value.as_str())), expected, "{text}");
        }
    }

    #[test]
    fn what_is_given_wins_over_the_file() {
        let file = std::env::temp_dir().join(format!("milena-properties-{}", std::process::id()));
        std::fs::write(&file, "# comment\n\nacks = 1\nlinger.ms=\\\n  5\nkey.separator: \\t\n").unwrap();
        let given = ["acks=all".parse().unwrap()];
        let all = gather(Some(&file), &given).unwrap();
        std::fs::remove_file(&file).unwrap();
        let all: Vec<_> = all.iter().map(|it| (it.key.as_str(), it.value.as_str())).collect();
        assert_eq!(all, [("linger.ms", "5"), ("key.separator", "\t"), ("acks", "all")]);
        assert!(gather(Some(Path::new("/no/such/file")), &[]).is_err());
    }
}
