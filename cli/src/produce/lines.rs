//! A line as a record, in the form of Kafka's `LineMessageReader`.
//!
//! ```text
//! headers, if parse.headers ─ headers.delimiter ─ key, if parse.key ─ key.separator ─ value
//! └ name ─ headers.key.separator ─ value ─ headers.separator ─ …
//! ```

use crate::properties::{Property, is_true};

/// How lines are read.
#[derive(Clone, Debug)]
pub(super) struct LineReader {
    parse_key: bool,
    parse_headers: bool,
    ignore_error: bool,
    key_separator: String,
    headers_delimiter: String,
    headers_separator: String,
    headers_key_separator: String,
    null_marker: Option<String>,
}

/// What a line says; borrowed from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: Vec<Header<'a>>,
}

/// Name and value.
pub(super) type Header<'a> = (&'a str, Option<&'a [u8]>);

impl Default for LineReader {
    fn default() -> Self {
        Self {
            parse_key: false,
            parse_headers: false,
            ignore_error: false,
            key_separator: "\t".to_owned(),
            headers_delimiter: "\t".to_owned(),
            headers_separator: ",".to_owned(),
            headers_key_separator: ":".to_owned(),
            null_marker: None,
        }
    }
}

impl LineReader {
    /// The keys of a reader's properties.
    const KEYS: &str = "parse.key, parse.headers, ignore.error, key.separator, headers.delimiter, headers.separator, \
        headers.key.separator, null.marker";

    /// Makes one of the properties.
    ///
    /// # Errors
    /// A key that is not known, separators that are empty, or two that are equal and would be mistaken for each other.
    pub(super) fn from_properties(properties: &[Property]) -> Result<Self, String> {
        let mut reader = Self::default();
        for Property { key, value } in properties {
            match key.as_str() {
                "parse.key" => reader.parse_key = is_true(value),
                "parse.headers" => reader.parse_headers = is_true(value),
                "ignore.error" => reader.ignore_error = is_true(value),
                "key.separator" => reader.key_separator.clone_from(value),
                "headers.delimiter" => reader.headers_delimiter.clone_from(value),
                "headers.separator" => reader.headers_separator.clone_from(value),
                "headers.key.separator" => reader.headers_key_separator.clone_from(value),
                "null.marker" => reader.null_marker = Some(value.clone()),
                _ => return Err(format!("reader property {key:?} is none of {}", Self::KEYS)),
            }
        }
        reader.check().map(|()| reader)
    }

    fn check(&self) -> Result<(), String> {
        let separators = [
            ("key.separator", &self.key_separator),
            ("headers.delimiter", &self.headers_delimiter),
            ("headers.separator", &self.headers_separator),
            ("headers.key.separator", &self.headers_key_separator),
        ];
        if let Some((name, _)) = separators.iter().find(|(_, separator)| separator.is_empty()) {
            return Err(format!("{name} may not be empty"));
        }
        // The key's separator may be that of the headers: each is looked for behind the other.
        let may_not_equal = [(1, 2), (1, 3), (2, 3)].map(|(one, other)| (separators[one], separators[other]));
        for ((one, text), (other, same)) in may_not_equal {
            if text == same {
                return Err(format!("{one} and {other} may not be equal: both are {text:?}"));
            }
        }
        match &self.null_marker {
            Some(marker) => match separators.iter().find(|(_, separator)| *separator == marker) {
                Some((name, _)) => {
                    Err(format!("null.marker and {name} may not be equal: both are {marker:?}"))
                }
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Reads one line, its end cut off.
    ///
    /// # Errors
    /// A separator that is missing, unless errors are to be ignored; a header's name that is null or not UTF-8.
    pub(super) fn read<'a>(&self, line: &'a [u8]) -> Result<Line<'a>, String> {
        let mut rest = line;
        let mut headers = None;
        if self.parse_headers {
            headers = self.part(&mut rest, &self.headers_delimiter, "headers delimiter")?;
        }
        let mut key = None;
        if self.parse_key {
            key = self.part(&mut rest, &self.key_separator, "key separator")?;
        }
        let headers = match headers.and_then(|headers| self.unless_null(headers)) {
            Some(headers) => self.headers(headers)?,
            None => Vec::new(),
        };
        Ok(Line { key: key.and_then(|key| self.unless_null(key)), value: self.unless_null(rest), headers })
    }

    /// Takes what lies before a separator off the front of `rest`.
    fn part<'a>(&self, rest: &mut &'a [u8], separator: &str, name: &str) -> Result<Option<&'a [u8]>, String> {
        match split_once(rest, separator.as_bytes()) {
            Some((part, behind)) => {
                *rest = behind;
                Ok(Some(part))
            }
            None if self.ignore_error => Ok(None),
            None => Err(format!("no {name} {separator:?} in {:?}", String::from_utf8_lossy(rest))),
        }
    }

    fn headers<'a>(&self, mut rest: &'a [u8]) -> Result<Vec<Header<'a>>, String> {
        let mut headers = Vec::new();
        loop {
            let (pair, behind) = match split_once(rest, self.headers_separator.as_bytes()) {
                Some((pair, behind)) => (pair, Some(behind)),
                None => (rest, None),
            };
            headers.push(self.header(pair)?);
            match behind {
                Some(behind) if !behind.is_empty() => rest = behind,
                _ => return Ok(headers),
            }
        }
    }

    fn header<'a>(&self, pair: &'a [u8]) -> Result<Header<'a>, String> {
        let name = |name: &'a [u8]| {
            std::str::from_utf8(name).map_err(|_| {
                format!("a header's name that is not UTF-8: {:?}", String::from_utf8_lossy(name))
            })
        };
        match split_once(pair, self.headers_key_separator.as_bytes()) {
            Some((key, _)) if self.unless_null(key).is_none() => {
                Err(format!("a header's name is the null marker in {:?}", String::from_utf8_lossy(pair)))
            }
            Some((key, value)) => Ok((name(key)?, self.unless_null(value))),
            None if self.ignore_error => Ok((name(pair)?, None)),
            None => {
                let (separator, pair) = (&self.headers_key_separator, String::from_utf8_lossy(pair));
                Err(format!("no header key separator {separator:?} in {pair:?}"))
            }
        }
    }

    fn unless_null<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let is_null = self.null_marker.as_ref().is_some_and(|marker| marker.as_bytes() == text);
        (!is_null).then_some(text)
    }
}

fn split_once<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = match separator {
        [byte] => text.iter().position(|other| other == byte)?,
        _ => text.windows(separator.len()).position(|window| window == separator)?,
    };
    Some((&text[..at], &text[at + separator.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(properties: &[&str]) -> Result<LineReader, String> {
        LineReader::from_properties(&properties.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    /// The line as `headers|key|value`, `-` for null and for none.
    fn shown(properties: &[&str], line: &str) -> Result<String, String> {
        let text =
            |bytes: Option<&[u8]>| bytes.map_or("-".to_owned(), |it| String::from_utf8(it.to_vec()).unwrap());
        let reader = reader(properties)?;
        let line = reader.read(line.as_bytes())?;
        let headers: Vec<_> =
            line.headers.iter().map(|(name, value)| format!("{name}={}", text(*value))).collect();
        Ok(format!("{}|{}|{}", headers.join(" "), text(line.key), text(line.value)))
    }

    #[test]
    fn a_line_is_cut_into_headers_key_and_value() {
        let both = ["parse.key=true", "parse.headers=true"];
        let null = ["parse.key=TRUE", "parse.headers=true", "null.marker=NULL"];
        let own = [
            "parse.key=true",
            "parse.headers=true",
            "headers.delimiter=##",
            "key.separator=|",
            "headers.separator=;",
            "headers.key.separator=->",
        ];
        let cases: &[(&[&str], &str, &str)] = &[
            (&[], "a\tb", "|-|a\tb"),
            (&[], "", "|-|"),
            (&["parse.key=true"], "k\tv\tw", "|k|v\tw"),
            (&["parse.key=true"], "\t", "||"),
            (&["parse.key=true", "ignore.error=true"], "no key", "|-|no key"),
            (&["parse.key=true", "key.separator=::"], "a:b::c", "|a:b|c"),
            (&["parse.headers=true"], "h1:v1,h2:v2:x\tv", "h1=v1 h2=v2:x|-|v"),
            (&both, "h:1,h:2,\tk\tv", "h=1 h=2|k|v"),
            (&both, "h:\tk\tv", "h=|k|v"),
            (&["parse.headers=true", "ignore.error=true"], "h\tv", "h=-|-|v"),
            (&null, "h:NULL\tNULL\tNULL", "h=-|-|-"),
            (&null, "NULL\tk\tv", "|k|v"),
            (&own, "a->1;b->2##키|값", "a=1 b=2|키|값"),
        ];
        for (properties, line, expected) in cases {
            assert_eq!(shown(properties, line).as_deref(), Ok(*expected), "{properties:?} {line:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_rule() {
        let cases: &[(&[&str], &str, &str)] = &[
            (&["parse.key=true"], "abc", "no key separator \"\\t\" in \"abc\""),
            (&["parse.headers=true"], "abc", "no headers delimiter"),
            (&["parse.headers=true"], "abc\tv", "no header key separator \":\" in \"abc\""),
            (&["parse.headers=true"], "\tv", "no header key separator"),
            (&["parse.headers=true", "null.marker=N"], "N:1\tv", "null marker"),
            (&["headers.separator=:"], "", "headers.separator and headers.key.separator may not be equal"),
            (&["key.separator=N", "null.marker=N"], "", "null.marker and key.separator may not be equal"),
            (&["key.separator="], "", "key.separator may not be empty"),
            (&["parse.keys=true"], "", "\"parse.keys\" is none of"),
        ];
        for (properties, line, expected) in cases {
            let error = shown(properties, line).unwrap_err();
            assert!(error.contains(expected), "{properties:?} {line:?}: {error}");
        }
    }
}
