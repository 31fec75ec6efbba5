//! Fault rules from a file: YAML or JSON, which YAML can read too.
//!
//! A list, of rules as text or as maps of the same words:
//!
//! ```yaml
//! - on=Produce topic=orders nth=2 then=drop_response
//! - on: Produce
//!   topic: orders
//!   then: {error: NOT_ENOUGH_REPLICAS}
//! ```

use std::fmt;
use std::path::Path;

use mock_broker::{Fault, RuleError};
use saphyr::{MarkedYaml, Marker, ScanError, YamlData, YamlLoader};

use crate::failure::Failure;

/// Reads the rules of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Fault>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read the rules {}: {error}", path.display())))?;
    rules(&text).map_err(|wrong| Failure::usage(format!("{}:{wrong}", path.display())))
}

/// What is wrong in a file, and where.
#[derive(Debug)]
struct Wrong {
    at: Marker,
    reason: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.at.line(), self.at.col() + 1, self.reason)
    }
}

fn wrong(at: &MarkedYaml<'_>, reason: impl Into<String>) -> Wrong {
    Wrong { at: at.span.start, reason: reason.into() }
}

fn rules(text: &str) -> Result<Vec<Fault>, Wrong> {
    let documents =
        load(text).map_err(|error| Wrong { at: *error.marker(), reason: error.info().to_owned() })?;
    let mut rules: Vec<Fault> = Vec::new();
    for document in &documents {
        let YamlData::Sequence(items) = &document.data else {
            return Err(wrong(document, "a list of rules is expected, each a text or a map of its words"));
        };
        for item in items {
            let rule = rule(item)?;
            if let Some(name) = rule.name()
                && rules.iter().any(|other| other.name() == Some(name))
            {
                return Err(wrong(item, format!("two rules are called `{name}`")));
            }
            rules.push(rule);
        }
    }
    Ok(rules)
}

/// The documents in a text, with scalars as they are written: `nth: 2` is a word, not a number.
fn load(text: &str) -> Result<Vec<MarkedYaml<'_>>, ScanError> {
    let mut loader = YamlLoader::default();
    loader.early_parse(false);
    saphyr_parser::Parser::new_from_str(text).load(&mut loader, true)?;
    match loader.error() {
        Some(error) => Err(error.clone()),
        None => Ok(loader.into_documents()),
    }
}

fn rule(item: &MarkedYaml<'_>) -> Result<Fault, Wrong> {
    let YamlData::Mapping(words) = &item.data else {
        return scalar(item)?.parse().map_err(|error: RuleError| wrong(item, error.to_string()));
    };
    let pairs: Vec<(String, String)> = words
        .iter()
        .map(|(key, value)| Ok((scalar(key)?, word_value(value)?)))
        .collect::<Result<_, Wrong>>()?;
    let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Fault::from_words(pairs).map_err(|error| {
        let word = error.word().and_then(|index| words.keys().nth(index));
        wrong(word.unwrap_or(item), error.reason())
    })
}

/// A value: a scalar, or a map of which each entry is what text writes as `key=value`.
fn word_value(value: &MarkedYaml<'_>) -> Result<String, Wrong> {
    let YamlData::Mapping(map) = &value.data else { return scalar(value) };
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => Ok(format!("{}={}", scalar(key)?, listed(value)?)),
        _ => Err(wrong(value, "one word with its value is expected, such as {error: NOT_ENOUGH_REPLICAS}")),
    }
}

/// A value in a value: a scalar, or a map of which each entry is what text writes as `key:value`, between commas.
fn listed(value: &MarkedYaml<'_>) -> Result<String, Wrong> {
    let YamlData::Mapping(map) = &value.data else { return scalar(value) };
    let entries = map.iter().map(|(key, value)| Ok(format!("{}:{}", scalar(key)?, scalar(value)?)));
    Ok(entries.collect::<Result<Vec<_>, Wrong>>()?.join(","))
}

fn scalar(node: &MarkedYaml<'_>) -> Result<String, Wrong> {
    match &node.data {
        YamlData::Representation(text, ..) => Ok(text.to_string()),
        _ => Err(wrong(node, "a text or a number is expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(file: &str) -> Vec<String> {
        rules(file).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn yaml_and_json_say_the_same_as_text() {
        let expected = [
            "on=Produce topic=orders nth=2 then=drop_response",
            "name=full on=Produce client_id=\"my app\" partition=0 first=3 then=error=KAFKA_STORAGE_ERROR",
            "on=any then=pretend_version=Produce:7,Fetch:11",
        ];
        let yaml = "
# What goes wrong.
- on=Produce topic=orders nth=2 then=drop_response
- name: full
  on: Produce
  client_id: my app
  partition: 0
  first: 3
  then: {error: KAFKA_STORAGE_ERROR}
- then:
    pretend_version:
      Produce: 7
      Fetch: 11
";
        let json = r#"[
	{"on": "Produce", "topic": "orders", "nth": 2, "then": "drop_response"},
	{"name": "full", "on": "Produce", "client_id": "my app", "partition": 0, "first": 3,
	 "then": {"error": "KAFKA_STORAGE_ERROR"}},
	"then=pretend_version=Produce:7,Fetch:11"
]"#;
        assert_eq!(texts(yaml), expected);
        assert_eq!(texts(json), expected);
        assert_eq!(texts("[]"), [""; 0]);
        assert_eq!(texts("# nothing yet\n"), [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_column() {
        for (file, complaint) in [
            (
                "- on: Produce\n  nht: 2\n  then: close\n",
                "2:3: a fault rule has no word `nht`; the nearest is `nth`",
            ),
            ("- then: clos\n", "1:3: nothing that happens is called `clos`; the nearest is `close`"),
            ("- on: Produce\n", "1:3: a fault rule says what happens: then=…, such as then=drop_response"),
            (
                "# one\n- on=Produce nht=2 then=close\n",
                "2:3: column 12: a fault rule has no word `nht`; the nearest is `nth`",
            ),
            ("on: Produce\n", "1:1: a list of rules is expected, each a text or a map of its words"),
            ("- [on, Produce]\n", "1:3: a text or a number is expected"),
            ("- then: {close: 1, reset: 2}\n", "1:9: one word with its value is expected"),
            ("- name: a\n  then: close\n- name: a\n  then: close\n", "3:3: two rules are called `a`"),
        ] {
            let error = rules(file).unwrap_err().to_string();
            assert!(error.starts_with(complaint), "{file}: {error}");
        }
        for file in [
            "- on: [\n",
            "- a: b: c\n",
            "\t- on: x\n",
            "[{\"on\": \"Produce\"",
            "- then: close\n  then: close\n",
        ] {
            let error = rules(file).unwrap_err().to_string();
            assert!(error.contains(':'), "{file}: {error}");
        }
    }
}
