//! Text made of words, `key=value` between blanks: what rules and actions are written in.
//!
//! A value with blanks, quotes or nothing in it stands in double quotes, in which `\` takes the meaning from what follows:
//! `client_id="my \"app\""`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// The column in which it begins, from 1.
    pub(crate) column: usize,
    /// What stands before the first `=`, or all of it.
    pub(crate) key: &'a str,
    /// What stands behind it.
    pub(crate) value: Option<Cow<'a, str>>,
}

/// A text that does not come apart into words: the column, and what is wrong there.
pub(crate) type NoWords = (usize, &'static str);

/// Takes a text apart.
pub(crate) fn words(text: &str) -> Result<Vec<Word<'_>>, NoWords> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let column = 1 + text[..text.len() - rest.len()].chars().count();
        let end = rest.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            None => (None, after),
            Some(value) if value.starts_with('"') => {
                let (value, after) = unquote(value).map_err(|what| (column + end + 1, what))?;
                (Some(Cow::Owned(value)), after)
            }
            Some(value) => {
                let (value, after) = value.split_at(value.find(char::is_whitespace).unwrap_or(value.len()));
                (Some(Cow::Borrowed(value)), after)
            }
        };
        words.push(Word { column, key, value });
        rest = after.trim_start();
        if rest.len() == after.len() && !rest.is_empty() {
            return Err((
                1 + text.chars().count() - rest.chars().count(),
                "a blank is missing behind the quotes",
            ));
        }
    }
    Ok(words)
}

/// Takes a value in quotes off the front of a text.
fn unquote(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                _ => return Err(r#"in quotes, \ stands before one of \ " n r t"#),
            },
            _ => value.push(letter),
        }
    }
    Err("the quotes are never closed")
}

/// A value, in quotes if it needs them.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != '\\';
        if !self.0.is_empty() && self.0.chars().all(is_plain) && !self.0.starts_with('"') {
            return f.write_str(self.0);
        }
        f.write_str("\"")?;
        for letter in self.0.chars() {
            match letter {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '"' | '\\' => write!(f, "\\{letter}")?,
                _ => write!(f, "{letter}")?,
            }
        }
        f.write_str("\"")
    }
}

/// A time, in the largest unit that leaves no fraction: `3s`, `250ms`, `7us`.
pub(crate) struct Time(pub(crate) Duration);

/// The units of time, the largest first, in nanoseconds.
const UNITS: [(&str, u128); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1000),
    ("ns", 1),
];

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        // Nobody says 90 seconds in minutes.
        let fits = |(unit, size): &&(&str, u128)| !matches!(*unit, "h" | "m") && nanos.is_multiple_of(*size);
        let (unit, size) = UNITS.iter().find(fits).unwrap_or(&UNITS[5]);
        write!(f, "{}{unit}", nanos / size)
    }
}

/// What a time looks like.
pub(crate) const TIME: &str = "a time is a number with its unit, such as 250ms, 3s, 2m or 1h";

/// Reads a time.
pub(crate) fn time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
    let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let nanos = number.parse::<u128>().ok()?.checked_mul(*size)?;
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    Some(Duration::new(seconds, (nanos % 1_000_000_000) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(usize, &str, Option<String>)> {
        let words = words(text).unwrap();
        words.into_iter().map(|word| (word.column, word.key, word.value.map(Cow::into_owned))).collect()
    }

    #[test]
    fn a_text_comes_apart_at_its_blanks() {
        let word = |column, key, value: &str| (column, key, Some(value.to_owned()));
        assert_eq!(pairs("  a=1\t\nb=x=y  "), [word(3, "a", "1"), word(8, "b", "x=y")]);
        assert_eq!(pairs("ä= b"), [word(1, "ä", ""), (4, "b", None)]);
        assert_eq!(
            pairs(r#"a="x \"y\" \\ \n" b=c"d"#),
            [word(1, "a", "x \"y\" \\ \n"), word(19, "b", "c\"d")]
        );
        assert_eq!(pairs(" "), []);
    }

    #[test]
    fn broken_quotes_are_refused_where_they_are() {
        assert_eq!(words(r#"a=1 b="x"#), Err((7, "the quotes are never closed")));
        assert_eq!(words(r#"b="x"y"#), Err((6, "a blank is missing behind the quotes")));
        assert!(words(r#"b="\x""#).is_err());
    }

    #[test]
    fn what_was_quoted_is_read_back() {
        for value in ["", "a", "a b", "\"", "a\"b", "\\", "\n\r\t", "ä\u{a0}ö", "=", "\u{7}"] {
            let text = format!("key={} next=1", Quoted(value));
            assert_eq!(words(&text).unwrap()[0].value.as_deref(), Some(value), "{text}");
            assert_eq!(words(&text).unwrap().len(), 2, "{text}");
        }
    }

    #[test]
    fn times_are_read_back() {
        for (duration, text) in [
            (Duration::ZERO, "0s"),
            (Duration::from_millis(250), "250ms"),
            (Duration::from_secs(90), "90s"),
            (Duration::from_nanos(1_000_001), "1000001ns"),
            (Duration::MAX, "18446744073709551615999999999ns"),
        ] {
            assert_eq!(Time(duration).to_string(), text);
            assert_eq!(time(text), Some(duration));
        }
        assert_eq!(time("2m"), Some(Duration::from_secs(120)));
        assert_eq!(time("1h"), Some(Duration::from_secs(3600)));
        for text in ["", "5", "ms", "1.5s", "-1s", "5 s", "99999999999999999999999h"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
