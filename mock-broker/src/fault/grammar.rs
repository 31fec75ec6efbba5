//! Rules as text: `on=Produce topic=orders nth=2 then=drop_response`.

use std::fmt;
use std::str::FromStr;

use protocol::names::{BrokerId, ProducerId};
use protocol::{VersionRange, nearest};

use super::occurrence::{Pick, Probability};
use super::reaction_grammar::{api, duration, number, reaction};
use super::{Fault, FaultRule};
use crate::words::{Quoted, Time, words};

/// The words of a rule, in the order in which they are written.
pub(super) const WORDS: [&str; 19] = [
    "name",
    "on",
    "versions",
    "client_id",
    "broker",
    "connection",
    "topic",
    "partition",
    "producer_id",
    "group",
    "transactional_id",
    "after",
    "first",
    "nth",
    "every",
    "from",
    "until",
    "probability",
    "then",
];

/// Why a text, or a row of words, is no fault rule, filter or expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The word that is wrong, counted from 0.
    word: Option<usize>,
    column: Option<usize>,
    reason: String,
}

impl RuleError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { word: None, column: None, reason: reason.into() }
    }

    pub(crate) fn at(column: usize, reason: impl Into<String>) -> Self {
        Self { column: Some(column), ..Self::new(reason) }
    }

    /// Which word is wrong, counted from 0, if it is one alone.
    #[must_use]
    pub fn word(&self) -> Option<usize> {
        self.word
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "column {column}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for RuleError {}

impl FromStr for Fault {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let broken =
            |(column, reason): (usize, &str)| RuleError { column: Some(column), ..RuleError::new(reason) };
        let words = words(text).map_err(broken)?;
        if let Some(alone) = words.iter().find(|word| word.value.is_none()) {
            let reason = format!("`{}` is not a word of a rule, which is key=value", alone.key);
            return Err(broken((alone.column, &reason)));
        }
        let pairs = words.iter().map(|word| (word.key, word.value.as_deref().unwrap_or_default()));
        Self::from_words(pairs).map_err(|error| {
            let column = error.word.and_then(|index| words.get(index)).map(|word| word.column);
            RuleError { column, ..error }
        })
    }
}

impl Fault {
    /// A rule from its words, each a key and a value, as they stand in files.
    ///
    /// # Errors
    /// A word that is unknown, said twice or has a value that is none; words that exclude each other.
    pub fn from_words<'a>(words: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, RuleError> {
        let FaultRule(mut fault) = Self::on_any();
        let mut said: Vec<&str> = Vec::new();
        for (index, (key, value)) in words.into_iter().enumerate() {
            let at_word = |reason| RuleError { word: Some(index), column: None, reason };
            if said.contains(&key) {
                return Err(at_word(format!("`{key}` is said twice")));
            }
            fault.set(key, value).map_err(at_word)?;
            said.push(key);
        }
        if !said.contains(&"then") {
            return Err(RuleError::new("a fault rule says what happens: then=…, such as then=drop_response"));
        }
        fault.check().map(|()| fault)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let which = &mut self.which;
        let occurrence = &mut self.occurrence;
        match key {
            "name" => self.name = Some(value.to_owned()),
            "on" => which.api_key = if value == "any" { None } else { Some(api(value)?) },
            "versions" => which.versions = Some(versions(value)?),
            "client_id" => which.client_id = Some(value.into()),
            "broker" => which.broker = Some(BrokerId(number(value)?)),
            "connection" => which.connection = Some(number(value)?),
            "topic" => which.topic = Some(value.into()),
            "partition" => which.partition = Some(number(value)?),
            "producer_id" => which.producer_id = Some(ProducerId(number(value)?)),
            "group" => which.group = Some(value.into()),
            "transactional_id" => which.transactional_id = Some(value.into()),
            "after" => occurrence.after = number(value)?,
            "first" | "nth" | "every" => {
                if let Some(other) = pick_word(occurrence.pick) {
                    return Err(format!("`{key}` and `{other}` exclude each other"));
                }
                occurrence.pick = match key {
                    "first" => Pick::First(number(value)?),
                    "nth" => Pick::Nth(number(value)?),
                    _ => Pick::Every(number(value)?),
                };
            }
            "from" => occurrence.from = Some(duration(value)?),
            "until" => occurrence.until = Some(duration(value)?),
            "probability" => occurrence.probability = Some(probability(value)?),
            "then" => self.reaction = reaction(value)?,
            _ => {
                let nearest = nearest(key, WORDS).unwrap_or_default();
                return Err(format!("a fault rule has no word `{key}`; the nearest is `{nearest}`"));
            }
        }
        Ok(())
    }
}

fn pick_word(pick: Pick) -> Option<&'static str> {
    match pick {
        Pick::All => None,
        Pick::First(_) => Some("first"),
        Pick::Nth(_) => Some("nth"),
        Pick::Every(_) => Some("every"),
    }
}

/// `9`, `3-9` or `9+`.
pub(crate) fn versions(text: &str) -> Result<VersionRange, String> {
    if let Some(lowest) = text.strip_suffix('+') {
        return Ok(VersionRange::new(number(lowest)?, i16::MAX));
    }
    match text.split_once('-') {
        Some((lowest, highest)) => Ok(VersionRange::new(number(lowest)?, number(highest)?)),
        None => number(text).map(|version| VersionRange::new(version, version)),
    }
}

/// A number from 0 to 1 with at most six decimals.
fn probability(text: &str) -> Result<Probability, String> {
    let rule = || format!("`{text}` is no probability: a number from 0 to 1, with at most six decimals");
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    if decimals.len() > 6 || decimals.is_empty() || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(rule());
    }
    let decimals: u32 = format!("{decimals:0<6}").parse().map_err(|_| rule())?;
    match whole {
        "0" => Ok(Probability(decimals)),
        "1" if decimals == 0 => Ok(Probability(Probability::ONE)),
        _ => Err(rule()),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "name={} ", Quoted(name))?;
        }
        let which = &self.which;
        match which.api_key {
            None => write!(f, "on=any")?,
            Some(api_key) => write!(f, "on={}", Quoted(&api_key.to_string()))?,
        }
        word(f, "versions", which.versions)?;
        word(f, "client_id", which.client_id.as_deref().map(Quoted))?;
        word(f, "broker", which.broker)?;
        word(f, "connection", which.connection)?;
        word(f, "topic", which.topic.as_deref().map(Quoted))?;
        word(f, "partition", which.partition)?;
        word(f, "producer_id", which.producer_id.map(|id| id.0))?;
        word(f, "group", which.group.as_deref().map(Quoted))?;
        word(f, "transactional_id", which.transactional_id.as_deref().map(Quoted))?;

        let occurrence = &self.occurrence;
        word(f, "after", Some(occurrence.after).filter(|after| *after > 0))?;
        match occurrence.pick {
            Pick::All => {}
            Pick::First(n) | Pick::Nth(n) | Pick::Every(n) => {
                word(f, pick_word(occurrence.pick).unwrap_or_default(), Some(n))?;
            }
        }
        word(f, "from", occurrence.from.map(Time))?;
        word(f, "until", occurrence.until.map(Time))?;
        word(f, "probability", occurrence.probability)?;
        write!(f, " then={}", self.reaction)
    }
}

fn word(f: &mut fmt::Formatter<'_>, key: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {key}={value}"))
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / Self::ONE, self.0 % Self::ONE);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}
