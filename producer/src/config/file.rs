//! `.properties` files: read whole, before there is a producer, and their syntax.

use std::fs;
use std::path::Path;

use super::{ConfigError, ProducerConfig};

impl ProducerConfig {
    /// Reads the settings of a `.properties` file: see [`properties_of`].
    ///
    /// # Errors
    /// A file that cannot be read; as [`set`](Self::set).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path)
            .map_err(|error| ConfigError::rule("file", path.display(), format!("cannot be read: {error}")))?;
        Self::from_properties(properties_of(&text))
    }
}

/// Reads the properties of a file, in order: a key, `=`, `:` or a blank, and a value, on a line.
///
/// As Java reads them: blanks before the key and around the separator do not count, lines that begin with `#` or `!` are
/// comments, a `\\` at the end of a line goes on in the next, and `\\` before a character takes away its meaning, but for
/// `\\t`, `\\n`, `\\r`, `\\f` and `\\uXXXX`. A file is UTF-8.
///
/// ```
/// let text = "# where to\nbootstrap.servers = a:9092,\\\n    b:9092\nacks: all\n";
/// let properties = milena_producer::config::properties_of(text);
/// assert_eq!(properties[0], ("bootstrap.servers".to_owned(), "a:9092,b:9092".to_owned()));
/// assert_eq!(properties[1], ("acks".to_owned(), "all".to_owned()));
/// ```
#[must_use]
pub fn properties_of(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines();
    let mut properties = Vec::new();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = line.to_owned();
        while goes_on(&whole) {
            whole.pop();
            whole += lines.next().unwrap_or_default().trim_start();
        }
        properties.push(split(&whole));
    }
    properties
}

/// Whether a line ends with a backslash that no other one takes the meaning of.
fn goes_on(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

fn split(line: &str) -> (String, String) {
    let mut is_escaped = false;
    let end = line.find(|letter: char| {
        let is_end = !is_escaped && (letter == '=' || letter == ':' || letter.is_ascii_whitespace());
        is_escaped = letter == '\\' && !is_escaped;
        is_end
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start();
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (unescaped(key), unescaped(value.trim_start()))
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let digits = letters.as_str().get(..4).unwrap_or_default();
                if let Some(letter) = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
                    plain.push(letter);
                    letters = letters.as_str()[4..].chars();
                } else {
                    plain.push('u');
                }
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_line_is_read_as_java_reads_it() {
        let cases = [
            ("a=b", Some(("a", "b"))),
            ("  a = b ", Some(("a", "b "))),
            ("a:b", Some(("a", "b"))),
            ("a b=c", Some(("a", "b=c"))),
            ("a", Some(("a", ""))),
            ("a=", Some(("a", ""))),
            ("a==b", Some(("a", "=b"))),
            ("a\\=b=c", Some(("a=b", "c"))),
            ("a=b\\\n  c", Some(("a", "bc"))),
            ("a=b\\\\", Some(("a", "b\\"))),
            ("a=\\t\\u0041\\x", Some(("a", "\tAx"))),
            ("a=\\u00", Some(("a", "u00"))),
            ("a=주문", Some(("a", "주문"))),
            ("# a=b", None),
            ("! a=b", None),
            ("   ", None),
        ];
        for (text, expected) in cases {
            let properties = properties_of(text);
            let first = properties.first().map(|(key, value)| (key.as_str(), value.as_str()));
            assert_eq!(first, expected, "{text}");
        }
        assert_eq!(properties_of("a=1\r\n\r\nb=2").len(), 2);
    }
}
