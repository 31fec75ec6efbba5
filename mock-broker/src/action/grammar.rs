//! Actions as text: `lag broker=3 records=5`.

use std::fmt;
use std::str::FromStr;

use protocol::names::{BrokerId, TopicName};
use protocol::nearest;

use super::{Action, ElectionKind, Lag};
use crate::config::TopicSpec;
use crate::words::{Quoted, TIME, Time, Word, time, words};

/// Why a text is no action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionError {
    column: Option<usize>,
    reason: String,
}

impl ActionError {
    fn new(reason: impl Into<String>) -> Self {
        Self { column: None, reason: reason.into() }
    }

    fn at(column: usize, reason: impl Into<String>) -> Self {
        Self { column: Some(column), reason: reason.into() }
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "column {column}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for ActionError {}

/// The verbs, and the words that may follow each. A topic's settings may follow `create` too.
const VERBS: [(&str, &[&str]); 10] = [
    ("stop", &["broker"]),
    ("crash", &["broker"]),
    ("start", &["broker"]),
    ("hold", &["elections"]),
    ("release", &["elections"]),
    ("move", &["topic", "partition", "broker"]),
    ("elect", &["topic", "partition", "kind"]),
    ("lag", &["broker", "topic", "partition", "time", "records", "frozen", "none"]),
    ("create", &["topic", "partitions", "replicas"]),
    ("delete", &["topic"]),
];

impl FromStr for Action {
    type Err = ActionError;

    fn from_str(text: &str) -> Result<Self, ActionError> {
        let words = words(text).map_err(|(column, reason)| ActionError::at(column, reason))?;
        let Some((verb, rest)) = words.split_first() else {
            return Err(ActionError::new("an action says what is done, such as crash broker=2"));
        };
        let Some((name, known)) = VERBS.iter().find(|(name, _)| *name == verb.key) else {
            let nearest = nearest(verb.key, VERBS.iter().map(|(name, _)| *name)).unwrap_or_default();
            let reason = format!("there is no action `{}`; the nearest is `{nearest}`", verb.key);
            return Err(ActionError::at(verb.column, reason));
        };
        if verb.value.is_some() {
            let reason = format!("`{name}` stands alone, without a value");
            return Err(ActionError::at(verb.column, reason));
        }
        let clause = Clause { verb: name, known, words: rest };
        clause.check()?;
        clause.action()
    }
}

/// A verb and what it is about.
struct Clause<'a> {
    verb: &'static str,
    known: &'static [&'static str],
    words: &'a [Word<'a>],
}

impl Clause<'_> {
    /// Whether every word is one that may follow the verb, once.
    fn check(&self) -> Result<(), ActionError> {
        for (index, word) in self.words.iter().enumerate() {
            let is_setting = self.verb == "create" && word.key.contains('.');
            if !is_setting && !self.known.contains(&word.key) {
                let nearest = nearest(word.key, self.known.iter().copied()).unwrap_or_default();
                let reason = format!(
                    "`{}` does not go with `{}`; the nearest that does is `{nearest}`",
                    word.key, self.verb
                );
                return Err(ActionError::at(word.column, reason));
            }
            if self.words[..index].iter().any(|earlier| earlier.key == word.key) {
                return Err(ActionError::at(word.column, format!("`{}` is said twice", word.key)));
            }
            let is_flag = matches!(word.key, "frozen" | "none" | "elections");
            if is_flag != word.value.is_none() {
                let reason = match is_flag {
                    true => format!("`{}` stands alone, without a value", word.key),
                    false => format!("`{0}` has a value: {0}=…", word.key),
                };
                return Err(ActionError::at(word.column, reason));
            }
        }
        Ok(())
    }

    fn action(&self) -> Result<Action, ActionError> {
        Ok(match self.verb {
            "stop" => Action::StopBroker(self.broker()?),
            "crash" => Action::CrashBroker(self.broker()?),
            "start" => Action::StartBroker(self.broker()?),
            "hold" | "release" => {
                self.need("elections")?;
                Action::HoldElections(self.verb == "hold")
            }
            "move" => {
                let (topic, partition) = (self.topic()?, self.need_number("partition")?);
                Action::MoveLeader { topic, partition, broker: self.broker()? }
            }
            "elect" => {
                let (topic, partition) = (self.topic()?, self.need_number("partition")?);
                Action::ElectLeader { topic, partition, kind: self.kind()? }
            }
            "lag" => self.lag()?,
            "create" => Action::CreateTopic(self.spec()?),
            _ => Action::DeleteTopic(self.topic()?),
        })
    }

    fn lag(&self) -> Result<Action, ActionError> {
        let lags = ["time", "records", "frozen", "none"];
        let mut said = self.words.iter().filter(|word| lags.contains(&word.key));
        let Some(word) = said.next() else {
            let reason = "`lag` says how late: time=500ms, records=5, frozen or none";
            return Err(ActionError::new(reason));
        };
        if let Some(other) = said.next() {
            let reason = format!("`{}` and `{}` exclude each other", word.key, other.key);
            return Err(ActionError::at(other.column, reason));
        }
        let value = word.value.as_deref().unwrap_or_default();
        let lag = match word.key {
            "time" => Lag::Time(time(value).ok_or_else(|| ActionError::at(word.column, TIME))?),
            "records" => Lag::Records(number(word)?),
            "frozen" => Lag::Frozen,
            _ => Lag::None,
        };
        if let Lag::Records(..0) = lag {
            return Err(ActionError::at(word.column, "`records` cannot be negative"));
        }
        let partition = self.find("partition").map(number).transpose()?;
        if let (Some(word), None) = (self.find("partition"), self.find("topic")) {
            return Err(ActionError::at(word.column, "`partition` is of a topic: topic=…"));
        }
        let topic = self.find("topic").map(text);
        Ok(Action::Lag { topic, partition, broker: self.broker()?, lag })
    }

    fn spec(&self) -> Result<TopicSpec, ActionError> {
        let mut spec = TopicSpec::new(&self.topic()?);
        spec.partitions = self.find("partitions").map(number).transpose()?;
        spec.replication_factor = self.find("replicas").map(number).transpose()?;
        for word in self.words.iter().filter(|word| word.key.contains('.')) {
            let value = word.value.as_deref().unwrap_or_default();
            spec = spec
                .config(word.key, value)
                .map_err(|error| ActionError::at(word.column, error.to_string()))?;
        }
        Ok(spec)
    }

    fn kind(&self) -> Result<ElectionKind, ActionError> {
        let word = self.need("kind")?;
        match word.value.as_deref() {
            Some("preferred") => Ok(ElectionKind::Preferred),
            Some("unclean") => Ok(ElectionKind::Unclean),
            _ => Err(ActionError::at(word.column, "`kind` is `preferred` or `unclean`")),
        }
    }

    fn broker(&self) -> Result<BrokerId, ActionError> {
        self.need_number("broker").map(BrokerId)
    }

    fn topic(&self) -> Result<TopicName, ActionError> {
        self.need("topic").map(text)
    }

    fn need_number(&self, key: &str) -> Result<i32, ActionError> {
        self.need(key).and_then(number)
    }

    fn need(&self, key: &str) -> Result<&Word<'_>, ActionError> {
        let missing = || ActionError::new(format!("`{}` lacks `{key}`", self.verb));
        self.find(key).ok_or_else(missing)
    }

    fn find(&self, key: &str) -> Option<&Word<'_>> {
        self.words.iter().find(|word| word.key == key)
    }
}

fn text(word: &Word<'_>) -> TopicName {
    word.value.as_deref().unwrap_or_default().into()
}

fn number<N: FromStr>(word: &Word<'_>) -> Result<N, ActionError> {
    let value = word.value.as_deref().unwrap_or_default();
    let wrong = || ActionError::at(word.column, format!("`{}` is a whole number, not `{value}`", word.key));
    value.parse().map_err(|_| wrong())
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StopBroker(broker) => write!(f, "stop broker={broker}"),
            Self::CrashBroker(broker) => write!(f, "crash broker={broker}"),
            Self::StartBroker(broker) => write!(f, "start broker={broker}"),
            Self::HoldElections(true) => f.write_str("hold elections"),
            Self::HoldElections(false) => f.write_str("release elections"),
            Self::MoveLeader { topic, partition, broker } => {
                write!(f, "move topic={} partition={partition} broker={broker}", Quoted(topic))
            }
            Self::ElectLeader { topic, partition, kind } => {
                let kind = match kind {
                    ElectionKind::Preferred => "preferred",
                    ElectionKind::Unclean => "unclean",
                };
                write!(f, "elect topic={} partition={partition} kind={kind}", Quoted(topic))
            }
            Self::Lag { topic, partition, broker, lag } => {
                write!(f, "lag broker={broker}")?;
                if let Some(topic) = topic {
                    write!(f, " topic={}", Quoted(topic))?;
                }
                if let Some(partition) = partition {
                    write!(f, " partition={partition}")?;
                }
                write!(f, " {lag}")
            }
            Self::CreateTopic(spec) => {
                write!(f, "create topic={}", Quoted(&spec.name))?;
                if let Some(partitions) = spec.partitions {
                    write!(f, " partitions={partitions}")?;
                }
                if let Some(replicas) = spec.replication_factor {
                    write!(f, " replicas={replicas}")?;
                }
                spec.configs.iter().try_for_each(|(key, value)| write!(f, " {key}={}", Quoted(value)))
            }
            Self::DeleteTopic(topic) => write!(f, "delete topic={}", Quoted(topic)),
        }
    }
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Time(lag) => write!(f, "time={}", Time(*lag)),
            Self::Records(lag) => write!(f, "records={lag}"),
            Self::Frozen => f.write_str("frozen"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let topic = || TopicName::from("my topic");
        let lag = |topic, partition, lag| Action::Lag { topic, partition, broker: BrokerId(3), lag };
        let spec = TopicSpec::new("orders").partitions(6).replication_factor(3);
        let cases = [
            (Action::StopBroker(BrokerId(2)), "stop broker=2"),
            (Action::CrashBroker(BrokerId(2)), "crash broker=2"),
            (Action::StartBroker(BrokerId(2)), "start broker=2"),
            (Action::HoldElections(true), "hold elections"),
            (Action::HoldElections(false), "release elections"),
            (
                Action::MoveLeader { topic: topic(), partition: 1, broker: BrokerId(2) },
                r#"move topic="my topic" partition=1 broker=2"#,
            ),
            (
                Action::ElectLeader { topic: "orders".into(), partition: 0, kind: ElectionKind::Preferred },
                "elect topic=orders partition=0 kind=preferred",
            ),
            (
                Action::ElectLeader { topic: "orders".into(), partition: 0, kind: ElectionKind::Unclean },
                "elect topic=orders partition=0 kind=unclean",
            ),
            (lag(None, None, Lag::None), "lag broker=3 none"),
            (lag(None, None, Lag::Frozen), "lag broker=3 frozen"),
            (lag(None, None, Lag::Time(Duration::from_millis(500))), "lag broker=3 time=500ms"),
            (
                lag(Some("orders".into()), Some(4), Lag::Records(5)),
                "lag broker=3 topic=orders partition=4 records=5",
            ),
            (
                Action::CreateTopic(spec.config("min.insync.replicas", "2").unwrap()),
                "create topic=orders partitions=6 replicas=3 min.insync.replicas=2",
            ),
            (Action::CreateTopic(TopicSpec::new("orders")), "create topic=orders"),
            (Action::DeleteTopic(topic()), r#"delete topic="my topic""#),
        ];
        for (action, text) in cases {
            assert_eq!(action.to_string(), text);
            assert_eq!(text.parse(), Ok(action), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_place_and_the_nearest_word() {
        let cases = [
            ("", "an action says what is done, such as crash broker=2"),
            ("crash=2", "column 1: `crash` stands alone, without a value"),
            ("kill broker=2", "column 1: there is no action `kill`; the nearest is `hold`"),
            ("crash", "`crash` lacks `broker`"),
            ("crash broker", "column 7: `broker` has a value: broker=…"),
            ("crash broker=two", "column 7: `broker` is a whole number, not `two`"),
            (
                "crash brokre=2",
                "column 7: `brokre` does not go with `crash`; the nearest that does is `broker`",
            ),
            ("crash broker=2 broker=3", "column 16: `broker` is said twice"),
            ("hold", "`hold` lacks `elections`"),
            ("hold elections=true", "column 6: `elections` stands alone, without a value"),
            ("lag broker=3", "`lag` says how late: time=500ms, records=5, frozen or none"),
            ("lag broker=3 frozen none", "column 21: `frozen` and `none` exclude each other"),
            ("lag broker=3 records=-1", "column 14: `records` cannot be negative"),
            ("lag broker=3 partition=1 none", "column 14: `partition` is of a topic: topic=…"),
            ("elect topic=a partition=0 kind=fast", "column 27: `kind` is `preferred` or `unclean`"),
            (
                "create topic=a min.insync.replica=2",
                "column 16: `min.insync.replica` (set to `2`) is no topic setting that is known here; \
                 the nearest is `min.insync.replicas`",
            ),
            (r#"delete topic="a"#, "column 14: the quotes are never closed"),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Action>().unwrap_err().to_string(), error, "{text}");
        }
        let bad_time = "lag broker=3 time=500".parse::<Action>().unwrap_err().to_string();
        assert_eq!(bad_time, format!("column 14: {TIME}"));
    }
}
