//! Scenarios: what goes wrong in a cluster, step by step, by name.
//!
//! ```text
//! name ──> Plot (in a table) ──cast: topic, leader, followers──> Script: rules and steps ──> played by the cluster
//! ```

mod incidents;
mod plot;
mod replicas;
mod requests;
mod script;

use std::fmt;
use std::str::FromStr;

use protocol::names::TopicName;
use protocol::nearest;

pub(crate) use self::plot::{Cast, Plot};
pub use self::script::{Deed, Script, Step, When};
use crate::config::{ClusterConfig, TopicSpec};
use crate::words::words;

/// Something that goes wrong in a cluster, by name.
///
/// It has its own topic, `orders`, unless it is told another. All begins with the first records that come for that
/// partition, so that a client may take its time.
///
/// ```
/// use milena_mock_broker::{ClusterConfig, Scenario};
///
/// let scenario: Scenario = "leader-crash-after-ack1".parse()?;
/// let config = ClusterConfig::new(scenario.brokers()).scenario(scenario);
///
/// let error = "leader-crash-after-ack2".parse::<Scenario>().unwrap_err();
/// assert!(error.to_string().contains("the nearest is `leader-crash-after-ack1`"));
/// # Ok::<(), milena_mock_broker::ScenarioError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scenario {
    plot: &'static Plot,
    topic: Option<TopicName>,
    partition: i32,
}

/// The topic of a scenario that is not told another.
const TOPIC: &str = "orders";

impl Scenario {
    /// All there are, in the order of the table in `docs/scenarios.md`.
    pub fn all() -> impl Iterator<Item = Self> {
        let plots = [replicas::PLOTS, requests::PLOTS, incidents::PLOTS].into_iter().flatten();
        plots.map(|plot| Self { plot, topic: None, partition: 0 })
    }

    /// The one of this name.
    ///
    /// # Errors
    /// There is none; the error tells the nearest.
    pub fn named(name: &str) -> Result<Self, ScenarioError> {
        let unknown = || {
            let nearest = nearest(name, Self::all().map(|known| known.plot.name)).unwrap_or_default();
            ScenarioError::new(format!("no scenario is called `{name}`; the nearest is `{nearest}`"))
        };
        Self::all().find(|known| known.plot.name == name).ok_or_else(unknown)
    }

    /// Plays it on a partition of this topic, which must be one of the cluster's configuration. Settings that the topic
    /// lacks for it are set.
    #[must_use]
    pub fn on(mut self, topic: &str, partition: i32) -> Self {
        (self.topic, self.partition) = (Some(topic.into()), partition);
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.plot.name
    }

    /// What happens, in a sentence without its full stop.
    #[must_use]
    pub fn happens(&self) -> &'static str {
        self.plot.happens
    }

    /// What a good client does, in a sentence without its full stop.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        self.plot.remedy
    }

    /// How many brokers it needs at least.
    #[must_use]
    pub fn brokers(&self) -> usize {
        self.plot.replicas.unsigned_abs().into()
    }

    /// The topic it is about.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.topic.as_deref().unwrap_or(TOPIC)
    }

    /// The settings and the topic that a configuration lacks for it.
    pub(crate) fn complete(&self, mut config: ClusterConfig) -> Result<ClusterConfig, ScenarioError> {
        let name = self.topic();
        let refused = |error: crate::config::ConfigError| ScenarioError::new(error.to_string());
        let topics = || config.topics.iter().map(|topic| topic.name.as_str());
        if let Some(topic) = &self.topic
            && !topics().any(|known| known == topic.as_str())
        {
            let which = nearest(topic, topics()).map(|nearest| format!("; the nearest is `{nearest}`"));
            let which = which.unwrap_or_default();
            return Err(ScenarioError::new(format!("the cluster begins with no topic `{topic}`{which}")));
        }
        if config.brokers < self.brokers() {
            let (wanted, have) = (self.brokers(), config.brokers);
            return Err(ScenarioError::new(format!("it needs {wanted} brokers, and the cluster has {have}")));
        }
        for (key, value) in self.plot.settings {
            match config.explicit_setting(key) {
                Some(set) => self.check_setting(key, value, set, "the cluster")?,
                None => config = config.config(key, value).map_err(refused)?,
            }
        }
        if let Some(rules) = self.plot.rules {
            config = config.replication_rules(rules);
        }
        let its_own = || TopicSpec::new(name).partitions(1).replication_factor(self.plot.replicas);
        let place = config.topics.iter().position(|topic| topic.name.as_str() == name);
        let mut topic = place.map_or_else(its_own, |index| config.topics[index].clone());
        for (key, value) in self.plot.topic {
            match topic.configs.get(key) {
                Some(set) => self.check_setting(key, value, set, &format!("the topic `{name}`"))?,
                None => topic = topic.config(key, value).map_err(refused)?,
            }
        }
        match place {
            Some(index) => config.topics[index] = topic,
            None => config = config.topic_with(topic),
        }
        Ok(config)
    }

    /// Refuses a setting that would make something else of it.
    fn check_setting(&self, key: &str, needed: &str, set: &str, of: &str) -> Result<(), ScenarioError> {
        if !self.plot.needs.contains(&key) || set == needed {
            return Ok(());
        }
        Err(ScenarioError::new(format!("it needs {key}={needed}, and {of} has {key}={set}")))
    }

    /// What is played, with these in the roles.
    pub(crate) fn script(&self, cast: &Cast) -> Result<Script, ScenarioError> {
        let (wanted, have) = (self.brokers(), 1 + cast.followers.len());
        if have < wanted {
            let (topic, partition) = (&cast.topic, cast.partition);
            return Err(ScenarioError::new(format!(
                "it needs {wanted} replicas, and {topic}-{partition} has {have}"
            )));
        }
        let most = self.plot.most_replicas;
        if have > most {
            let (topic, partition) = (&cast.topic, cast.partition);
            return Err(ScenarioError::new(format!(
                "with more replicas than {most} it is something else, and {topic}-{partition} has {have}"
            )));
        }
        Ok((self.plot.script)(cast))
    }

    /// The partition it is about.
    pub(crate) fn partition(&self) -> i32 {
        self.partition
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plot.name)?;
        match &self.topic {
            Some(topic) => write!(f, " topic={topic} partition={}", self.partition),
            None => Ok(()),
        }
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    /// A name, and the topic and the partition if it is not to have its own: `lost-ack topic=audit partition=2`.
    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let words = words(text)
            .map_err(|(column, reason)| ScenarioError::new(format!("column {column}: {reason}")))?;
        let [name, rest @ ..] = &words[..] else {
            return Err(ScenarioError::new("a scenario has a name"));
        };
        if name.value.is_some() {
            return Err(ScenarioError::new("a scenario begins with its name, such as lost-ack topic=audit"));
        }
        let mut scenario = Self::named(name.key)?;
        for word in rest {
            let value = word.value.as_deref().unwrap_or_default();
            match word.key {
                "topic" if !value.is_empty() => scenario.topic = Some(value.into()),
                "partition" => {
                    let number = value.parse().ok().filter(|number| *number >= 0);
                    scenario.partition = number.ok_or_else(|| {
                        ScenarioError::new(format!("column {}: `{value}` is no partition", word.column))
                    })?;
                }
                other => {
                    let nearest = nearest(other, ["topic", "partition"]).unwrap_or_default();
                    let column = word.column;
                    return Err(ScenarioError::new(format!(
                        "column {column}: a scenario has no word `{other}` with this value; the nearest is `{nearest}=`"
                    )));
                }
            }
        }
        if scenario.partition > 0 && scenario.topic.is_none() {
            return Err(ScenarioError::new("a partition belongs to a topic: topic=NAME partition=N"));
        }
        Ok(scenario)
    }
}

/// Why a scenario cannot be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError(String);

impl ScenarioError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScenarioError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_one_scenario_and_every_one_is_told_in_words() {
        let mut names: Vec<_> = Scenario::all().map(|scenario| scenario.name()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for scenario in Scenario::all() {
            for sentence in [scenario.happens(), scenario.remedy()] {
                assert!(!sentence.is_empty() && !sentence.ends_with('.'), "{scenario}: {sentence}");
            }
            assert_eq!(scenario.to_string().parse::<Scenario>().unwrap().name(), scenario.name());
        }
    }

    #[test]
    fn a_scenario_is_read_from_its_text() {
        let scenario: Scenario = "lost-ack topic=audit partition=2".parse().unwrap();
        assert_eq!((scenario.name(), scenario.topic(), scenario.partition()), ("lost-ack", "audit", 2));
        assert_eq!(scenario.to_string(), "lost-ack topic=audit partition=2");
        for (text, complaint) in [
            ("", "a scenario has a name"),
            ("lost-akc", "no scenario is called `lost-akc`; the nearest is `lost-ack`"),
            ("name=lost-ack", "a scenario begins with its name, such as lost-ack topic=audit"),
            (
                "lost-ack topc=a",
                "column 10: a scenario has no word `topc` with this value; the nearest is `topic=`",
            ),
            ("lost-ack topic=a partition=x", "column 18: `x` is no partition"),
            ("lost-ack partition=1", "a partition belongs to a topic: topic=NAME partition=N"),
        ] {
            assert_eq!(text.parse::<Scenario>().unwrap_err().to_string(), complaint, "{text}");
        }
    }
}
