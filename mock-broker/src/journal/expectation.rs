//! What a client is expected to do: checked when all is over, and told as a story.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use protocol::names::Acks;
use protocol::{ApiKey, nearest};

use super::filter::{WORDS, acks, acks_name};
use super::{Filter, Journal, JournalEntry, Outcome};
use crate::fault::{RuleError, number};
use crate::words::{Word, words};

/// Something that is to be true of all requests that a cluster had.
///
/// It can be built, or read from text; its text is what `milena broker --expect` takes:
///
/// ```
/// use milena_mock_broker::{Expectation, Filter};
/// use milena_mock_broker::protocol::ApiKey;
///
/// let three = Expectation::AtLeast(3, Filter::on(ApiKey::PRODUCE).topic("orders"));
/// assert_eq!(three.to_string(), "at_least n=3 on=Produce topic=orders");
/// assert_eq!(three.to_string().parse(), Ok(three));
///
/// let error = "only_ack=all".parse::<Expectation>().unwrap_err();
/// assert_eq!(error.to_string(), "column 1: nothing is expected with `only_ack`; the nearest is `only_acks`");
/// ```
///
/// Behind each stands how it begins in text; the words of a [`Filter`] can follow, and it is about these requests then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expectation {
    /// `no_unknown_request`: every request could be read, and was of an API and version that are served.
    NoUnknownRequest(Filter),
    /// `no_duplicate`: no batch was stored twice, as happens when a producer without idempotence tries again. What the
    /// broker recognised as a duplicate was not stored. Told by checksum, size and count of records: equal batches that were meant look
    /// the same, and records that were sent again in other batches are not seen.
    NoDuplicate(Filter),
    /// `only_acks=all`: every Produce request wants to be sure of so much.
    OnlyAcks(Acks, Filter),
    /// `at_least n=3`: there were so many, or more.
    AtLeast(u64, Filter),
    /// `at_most n=3`: there were so many, or fewer.
    AtMost(u64, Filter),
    /// `exactly n=3`: there were so many.
    Exactly(u64, Filter),
}

/// An expectation that was not met, as a story: what was expected, what was seen, and the requests that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    expected: String,
    seen: String,
    /// In order, and with the time since the journal began.
    requests: Vec<String>,
    /// How many more there are.
    more: usize,
}

impl Unmet {
    fn new<'a>(
        journal: &Journal,
        expected: impl fmt::Display,
        seen: String,
        requests: impl Iterator<Item = &'a JournalEntry>,
    ) -> Self {
        let began = journal.began();
        let mut all: Vec<_> = requests.collect();
        all.sort_unstable_by_key(|entry| entry.number);
        let more = all.len().saturating_sub(MAX_TOLD);
        let requests = all.into_iter().take(MAX_TOLD).map(|entry| entry.told_since(began)).collect();
        Self { expected: expected.to_string(), seen, requests, more }
    }

    /// What was seen instead, in a sentence.
    #[must_use]
    pub fn seen(&self) -> &str {
        &self.seen
    }
}

/// A story has an end: so many requests are told one by one.
const MAX_TOLD: usize = 20;

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected: {}\n    seen: {}", self.expected, self.seen)?;
        for request in &self.requests {
            write!(f, "\n  {request}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more"),
        }
    }
}

impl std::error::Error for Unmet {}

impl Expectation {
    /// The requests that it is about.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        match self {
            Self::NoUnknownRequest(filter)
            | Self::NoDuplicate(filter)
            | Self::OnlyAcks(_, filter)
            | Self::AtLeast(_, filter)
            | Self::AtMost(_, filter)
            | Self::Exactly(_, filter) => filter,
        }
    }

    /// Whether it is met.
    ///
    /// # Errors
    /// The story of how it is not; also if the journal has forgotten requests that it depends on.
    pub fn check(&self, journal: &Journal) -> Result<(), Unmet> {
        let unmet = |seen: String, requests: Vec<&JournalEntry>| {
            Err(Unmet::new(journal, self, seen, requests.into_iter()))
        };
        let about: Vec<_> = journal.matching(self.filter()).collect();
        let broken: Vec<_> = match self {
            Self::NoUnknownRequest(_) => {
                about.iter().copied().filter(|entry| entry.outcome == Outcome::Unknown).collect()
            }
            Self::NoDuplicate(_) => stored_twice(&about),
            Self::OnlyAcks(acks, _) => {
                let is_other = |entry: &&JournalEntry| entry.acks.is_some_and(|other| other != *acks);
                about.iter().copied().filter(is_other).collect()
            }
            Self::AtLeast(n, _) if about.len() as u64 >= *n => return Ok(()),
            Self::AtLeast(..) | Self::AtMost(..) | Self::Exactly(..) => {
                return self.check_count(journal, about);
            }
        };
        if !broken.is_empty() {
            let (count, of) = (broken.len(), about.len());
            return unmet(format!("{count} of {of} requests {}", self.breach()), broken);
        }
        self.check_memory(journal)
    }

    fn check_count(&self, journal: &Journal, about: Vec<&JournalEntry>) -> Result<(), Unmet> {
        let count = about.len() as u64;
        let is_met = match self {
            Self::AtMost(n, _) => count <= *n,
            Self::Exactly(n, _) => count == *n,
            _ => false,
        };
        if is_met {
            return self.check_memory(journal);
        }
        let mut seen = format!("{count} such requests");
        let mut requests = about;
        if requests.is_empty() {
            // What came nearest is what one wants to look at.
            let Filter { api_key, .. } = self.filter();
            requests =
                journal.entries().filter(|entry| api_key.is_none_or(|key| key == entry.api_key)).collect();
            seen = match (requests.len(), api_key) {
                (0, Some(api_key)) => format!("none of {} requests is {api_key}", journal.requests()),
                (others, Some(api_key)) => format!("none, but {others} other {api_key} requests"),
                (others, None) => format!("none, but {others} other requests"),
            };
        }
        if journal.dropped() > 0 {
            seen.push_str(&format!("; the oldest {} are forgotten", journal.dropped()));
        }
        Err(Unmet::new(journal, self, seen, requests.into_iter()))
    }

    /// What is said of all requests cannot be known of those that are forgotten.
    fn check_memory(&self, journal: &Journal) -> Result<(), Unmet> {
        match journal.dropped() {
            0 => Ok(()),
            dropped => {
                let seen = format!(
                    "nothing against it, but the journal has forgotten the oldest {dropped} of {} requests; \
                     give it a higher limit",
                    journal.requests()
                );
                Err(Unmet::new(journal, self, seen, std::iter::empty()))
            }
        }
    }

    /// What those do that break it.
    fn breach(&self) -> &'static str {
        match self {
            Self::NoUnknownRequest(_) => "could not be read or are not served",
            Self::NoDuplicate(_) => "stored a batch that another had stored already, or was the first to",
            _ => "want other acks",
        }
    }

    /// The API that it is about, if it is about one.
    pub(crate) fn api_key(&self) -> Option<ApiKey> {
        match self {
            Self::OnlyAcks(..) | Self::NoDuplicate(_) => Some(ApiKey::PRODUCE),
            _ => self.filter().api_key,
        }
    }
}

/// The requests with a batch that was stored more than once, the first of them too.
fn stored_twice<'a>(about: &[&'a JournalEntry]) -> Vec<&'a JournalEntry> {
    let mut stored: BTreeMap<_, Vec<&JournalEntry>> = BTreeMap::new();
    for entry in about {
        for place in entry.partitions.iter().filter(|place| !place.error_code.is_error()) {
            let Some(batch) = place.batch.filter(|batch| !batch.duplicate) else { continue };
            let same = (&place.topic, place.partition, batch.crc, batch.size, batch.record_count);
            stored.entry(same).or_default().push(entry);
        }
    }
    let mut twice: Vec<_> = stored.into_values().filter(|entries| entries.len() > 1).flatten().collect();
    twice.sort_unstable_by_key(|entry| entry.number);
    twice.dedup_by_key(|entry| entry.number);
    twice
}

/// The first words of expectations, and whether a count or acks belong to them.
const KINDS: [&str; 6] =
    ["no_unknown_request", "no_duplicate", "only_acks", "at_least", "at_most", "exactly"];

impl FromStr for Expectation {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let words = words(text).map_err(|(column, reason)| RuleError::at(column, reason))?;
        let Some((kind, rest)) = words.split_first() else {
            return Err(RuleError::new(format!("an expectation begins with one of {}", KINDS.join(", "))));
        };
        let at_kind = |reason: String| RuleError::at(kind.column, reason);
        if !KINDS.contains(&kind.key) {
            return Err(at_kind(unknown_kind(kind.key)));
        }
        match (kind.key, &kind.value) {
            ("only_acks", None) => {
                return Err(at_kind("`only_acks` lacks its value: only_acks=all".to_owned()));
            }
            ("only_acks", Some(_)) | (_, None) => {}
            (key, Some(_)) => return Err(at_kind(format!("`{key}` has no value"))),
        }
        let (filter, n) = rest_of(kind, rest)?;
        let count = || n.ok_or_else(|| at_kind(format!("`{0}` lacks its number: {0} n=3", kind.key)));
        Ok(match kind.key {
            "no_unknown_request" => Self::NoUnknownRequest(filter),
            "no_duplicate" => Self::NoDuplicate(filter),
            "only_acks" => {
                let wanted = acks(kind.value.as_deref().unwrap_or_default()).map_err(at_kind)?;
                Self::OnlyAcks(wanted, filter)
            }
            "at_least" => Self::AtLeast(count()?, filter),
            "at_most" => Self::AtMost(count()?, filter),
            _ => Self::Exactly(count()?, filter),
        })
    }
}

fn unknown_kind(key: &str) -> String {
    if key == "offsets_committed" {
        return format!("`{key}` is said so: at_least n=1 on=OffsetCommit topic=… error=NONE");
    }
    let nearest = nearest(key, KINDS).unwrap_or_default();
    format!("nothing is expected with `{key}`; the nearest is `{nearest}`")
}

/// What follows the first word: a filter, and the count where there is one.
fn rest_of(kind: &Word<'_>, rest: &[Word<'_>]) -> Result<(Filter, Option<u64>), RuleError> {
    let counts = ["at_least", "at_most", "exactly"].contains(&kind.key);
    let (mut filter, mut n, mut said) = (Filter::any(), None, Vec::new());
    for word in rest {
        let at_word = |reason: String| RuleError::at(word.column, reason);
        if said.contains(&word.key) {
            return Err(at_word(format!("`{}` is said twice", word.key)));
        }
        said.push(word.key);
        if counts && word.key == "n" {
            n = Some(number(word.value.as_deref().unwrap_or_default()).map_err(at_word)?);
        } else if !filter.take(word).map_err(at_word)? {
            let known = WORDS.into_iter().chain(counts.then_some("n"));
            let nearest = nearest(word.key, known).unwrap_or_default();
            let reason = format!("`{}` has no word `{}`; the nearest is `{nearest}`", kind.key, word.key);
            return Err(at_word(reason));
        }
    }
    Ok((filter, n))
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUnknownRequest(_) => write!(f, "no_unknown_request")?,
            Self::NoDuplicate(_) => write!(f, "no_duplicate")?,
            Self::OnlyAcks(acks, _) => write!(f, "only_acks={}", acks_name(*acks))?,
            Self::AtLeast(n, _) => write!(f, "at_least n={n}")?,
            Self::AtMost(n, _) => write!(f, "at_most n={n}")?,
            Self::Exactly(n, _) => write!(f, "exactly n={n}")?,
        }
        match self.filter() {
            filter if *filter == Filter::any() => Ok(()),
            filter => write!(f, " {filter}"),
        }
    }
}
