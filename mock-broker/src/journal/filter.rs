//! Which requests of the journal are meant. Plain data, with the words of a fault rule.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use protocol::names::{Acks, BrokerId, ProducerId, TopicName};
use protocol::{ApiKey, ByteString, ErrorCode, VersionRange, nearest};

use super::{JournalEntry, Outcome, PartitionOutcome};
use crate::fault::{RuleError, api, code, number, versions};
use crate::words::{Quoted, Word, words};

/// Requests of the journal; without more, all of them.
///
/// ```
/// use milena_mock_broker::Filter;
/// use milena_mock_broker::protocol::{ApiKey, names::Acks};
///
/// let safe = Filter::on(ApiKey::PRODUCE).topic("orders").acks(Acks::ALL);
/// assert_eq!(safe.to_string(), "on=Produce topic=orders acks=all");
/// assert_eq!(safe.to_string().parse(), Ok(safe));
/// ```
///
/// | word | which requests |
/// |---|---|
/// | `on=Produce`, `versions=3-9` | of this API, in these versions (also `9` and `9+`) |
/// | `client_id=app`, `broker=2`, `connection=3` | of this client, to this broker, on this connection |
/// | `topic=orders`, `partition=0`, `producer_id=7` | that have something about it |
/// | `acks=all` | Produce requests that want so much: `none`, `leader`, `all` or Kafka's number |
/// | `error=NOT_LEADER_OR_FOLLOWER` | that were answered with this error, for what the words above name; `NONE` is success |
/// | `outcome=closed` | that ended so: `waiting`, `answered`, `unanswered`, `closed`, `unknown` |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub(super) api_key: Option<ApiKey>,
    versions: Option<VersionRange>,
    client_id: Option<ByteString>,
    pub(super) broker: Option<BrokerId>,
    connection: Option<u64>,
    topic: Option<TopicName>,
    partition: Option<i32>,
    producer_id: Option<ProducerId>,
    acks: Option<Acks>,
    error_code: Option<ErrorCode>,
    outcome: Option<Outcome>,
}

impl Filter {
    /// All requests.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests of this API.
    #[must_use]
    pub fn on(api_key: ApiKey) -> Self {
        Self { api_key: Some(api_key), ..Self::default() }
    }

    /// Only requests in these versions.
    #[must_use]
    pub fn versions(mut self, versions: RangeInclusive<i16>) -> Self {
        self.versions = Some(VersionRange::new(*versions.start(), *versions.end()));
        self
    }

    /// Only of clients that call themselves so.
    #[must_use]
    pub fn client_id(mut self, client_id: &str) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Only those to this broker.
    #[must_use]
    pub fn broker(mut self, broker: BrokerId) -> Self {
        self.broker = Some(broker);
        self
    }

    /// Only those on this connection.
    #[must_use]
    pub fn connection(mut self, connection: u64) -> Self {
        self.connection = Some(connection);
        self
    }

    /// Only those that have something about this topic.
    #[must_use]
    pub fn topic(mut self, topic: &str) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Only those that have something about a partition of this number.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Only those that have a batch of this producer.
    #[must_use]
    pub fn producer_id(mut self, producer_id: ProducerId) -> Self {
        self.producer_id = Some(producer_id);
        self
    }

    /// Only Produce requests that want to be sure of so much.
    #[must_use]
    pub fn acks(mut self, acks: Acks) -> Self {
        self.acks = Some(acks);
        self
    }

    /// Only those that were answered with this error, or with [`ErrorCode::NONE`].
    #[must_use]
    pub fn error(mut self, error_code: ErrorCode) -> Self {
        self.error_code = Some(error_code);
        self
    }

    /// Only those that ended so.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// The API, if it names one.
    pub(crate) fn api_key(&self) -> Option<ApiKey> {
        self.api_key
    }

    pub(crate) fn version_range(&self) -> Option<VersionRange> {
        self.versions
    }

    pub(crate) fn partition_index(&self) -> Option<i32> {
        self.partition
    }

    pub(crate) fn broker_id(&self) -> Option<BrokerId> {
        self.broker
    }

    /// The topic that they have something about, if it is to be one.
    #[must_use]
    pub fn topic_name(&self) -> Option<&TopicName> {
        self.topic.as_ref()
    }

    /// Whether a request is one of them.
    #[must_use]
    pub fn matches(&self, entry: &JournalEntry) -> bool {
        self.api_key.is_none_or(|wanted| wanted == entry.api_key)
            && self.versions.is_none_or(|wanted| wanted.contains(entry.version))
            && self.client_id.as_ref().is_none_or(|wanted| entry.client_id.as_ref() == Some(wanted))
            && self.broker.is_none_or(|wanted| wanted == entry.broker)
            && self.connection.is_none_or(|wanted| wanted == entry.connection.0)
            && self.acks.is_none_or(|wanted| entry.acks == Some(wanted))
            && self.outcome.is_none_or(|wanted| wanted == entry.outcome)
            && self.matches_a_place(entry)
    }

    /// Whether topic, partition, producer and error fit one and the same place of it.
    fn matches_a_place(&self, entry: &JournalEntry) -> bool {
        let names_a_place = self.topic.is_some() || self.partition.is_some() || self.producer_id.is_some();
        if entry.partitions.iter().any(|place| self.fits(place)) {
            return true;
        }
        let is_whole = entry.partitions.is_empty() || entry.error_code.is_error();
        !names_a_place && self.error_code.is_none_or(|wanted| is_whole && wanted == entry.error_code)
    }

    fn fits(&self, place: &PartitionOutcome) -> bool {
        let producer_id = || place.batch.map(|batch| batch.producer_id);
        self.topic.as_ref().is_none_or(|wanted| *wanted == place.topic)
            && self.partition.is_none_or(|wanted| wanted == place.partition)
            && self.producer_id.is_none_or(|wanted| producer_id() == Some(wanted))
            && self.error_code.is_none_or(|wanted| wanted == place.error_code)
    }

    /// Takes a word of a text; whether it is one of a filter.
    pub(super) fn take(&mut self, word: &Word<'_>) -> Result<bool, String> {
        let value = || word.value.as_deref().ok_or_else(|| format!("`{}` lacks its value", word.key));
        match word.key {
            "on" => self.api_key = if value()? == "any" { None } else { Some(api(value()?)?) },
            "versions" => self.versions = Some(versions(value()?)?),
            "client_id" => self.client_id = Some(value()?.into()),
            "broker" => self.broker = Some(BrokerId(number(value()?)?)),
            "connection" => self.connection = Some(number(value()?)?),
            "topic" => self.topic = Some(value()?.into()),
            "partition" => self.partition = Some(number(value()?)?),
            "producer_id" => self.producer_id = Some(ProducerId(number(value()?)?)),
            "acks" => self.acks = Some(acks(value()?)?),
            "error" => self.error_code = Some(code(value()?)?),
            "outcome" => self.outcome = Some(outcome(value()?)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The words of a filter.
pub(super) const WORDS: [&str; 11] = [
    "on",
    "versions",
    "client_id",
    "broker",
    "connection",
    "topic",
    "partition",
    "producer_id",
    "acks",
    "error",
    "outcome",
];

const OUTCOMES: [Outcome; 5] =
    [Outcome::Waiting, Outcome::Answered, Outcome::Unanswered, Outcome::Closed, Outcome::Unknown];

fn outcome(text: &str) -> Result<Outcome, String> {
    let names = OUTCOMES.map(Outcome::name);
    OUTCOMES.into_iter().find(|outcome| outcome.name() == text).ok_or_else(|| {
        let nearest = nearest(text, names).unwrap_or_default();
        format!("no request ends with `{text}`; the nearest is `{nearest}`")
    })
}

const ACKS: [(&str, Acks); 6] = [
    ("none", Acks::NONE),
    ("leader", Acks::LEADER),
    ("all", Acks::ALL),
    ("0", Acks::NONE),
    ("1", Acks::LEADER),
    ("-1", Acks::ALL),
];

pub(super) fn acks(text: &str) -> Result<Acks, String> {
    ACKS.iter().find(|(name, _)| *name == text).map(|(_, acks)| *acks).ok_or_else(|| {
        let nearest = nearest(text, ACKS.iter().map(|(name, _)| *name)).unwrap_or_default();
        format!("acks cannot be `{text}`; the nearest is `{nearest}`")
    })
}

/// What acks are called, if they are Kafka's.
pub(super) fn acks_name(acks: Acks) -> String {
    let known = ACKS.iter().find(|(_, known)| *known == acks);
    known.map_or_else(|| acks.0.to_string(), |(name, _)| (*name).to_owned())
}

impl FromStr for Filter {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let mut filter = Self::default();
        let mut said = Vec::new();
        for word in words(text).map_err(|(column, reason)| RuleError::at(column, reason))? {
            if said.contains(&word.key) {
                return Err(RuleError::at(word.column, format!("`{}` is said twice", word.key)));
            }
            if !filter.take(&word).map_err(|reason| RuleError::at(word.column, reason))? {
                let nearest = nearest(word.key, WORDS).unwrap_or_default();
                let reason = format!("a filter has no word `{}`; the nearest is `{nearest}`", word.key);
                return Err(RuleError::at(word.column, reason));
            }
            said.push(word.key);
        }
        Ok(filter)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let api_key = self.api_key.map(|api_key| api_key.to_string());
        let words = [
            ("on", api_key.as_deref().map(quoted)),
            ("versions", self.versions.map(|versions| versions.to_string())),
            ("client_id", self.client_id.as_deref().map(quoted)),
            ("broker", self.broker.map(|broker| broker.to_string())),
            ("connection", self.connection.map(|connection| connection.to_string())),
            ("topic", self.topic.as_deref().map(quoted)),
            ("partition", self.partition.map(|partition| partition.to_string())),
            ("producer_id", self.producer_id.map(|id| id.0.to_string())),
            ("acks", self.acks.map(acks_name)),
            ("error", self.error_code.map(|code| code.name().map_or(code.0.to_string(), str::to_owned))),
            ("outcome", self.outcome.map(|outcome| outcome.name().to_owned())),
        ];
        let mut blank = "";
        for (key, value) in words {
            if let Some(value) = value {
                write!(f, "{blank}{key}={value}")?;
                blank = " ";
            }
        }
        if blank.is_empty() { f.write_str("on=any") } else { Ok(()) }
    }
}

fn quoted(text: &str) -> String {
    Quoted(text).to_string()
}
