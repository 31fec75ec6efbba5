//! Whether fault rules and expectations can ever be about anything in this cluster.

use protocol::names::BrokerId;
use protocol::{ApiKey, VersionRange, nearest};

use super::Cluster;
use crate::fault::{Fault, Reaction, RuleError};
use crate::handlers::{self, Place, SERVED};
use crate::journal::Expectation;

/// What a rule or an expectation says of the requests that it is about.
#[derive(Debug)]
struct About<'a> {
    api_key: Option<ApiKey>,
    versions: Option<VersionRange>,
    broker: Option<BrokerId>,
    topic: Option<&'a str>,
    partition: Option<i32>,
    places: Vec<Place>,
}

impl Cluster {
    /// Whether a fault rule makes sense in this cluster.
    ///
    /// # Errors
    /// As [`Fault::check`]; an API that is not served, or not in these versions, or whose requests have nothing of what the rule
    /// names; an error code that there is none of; a broker or a partition that is not there; a topic that is not there where
    /// `auto.create.topics.enable` is off.
    pub fn check_fault(&self, fault: &Fault) -> Result<(), RuleError> {
        fault.check()?;
        let refuse = |reason: String| Err(RuleError::new(reason));
        match fault.reaction() {
            Reaction::PretendVersion(versions) => {
                versions.iter().try_for_each(|(api_key, _)| check_served(*api_key))?;
            }
            Reaction::Fail(code) | Reaction::ApplyThenFail(code) if code.name().is_none() => {
                return refuse(format!("there is no error code {}", code.0));
            }
            Reaction::ApplyThenFail(_) => {
                if let Some(api_key) = fault.api_key().filter(|api_key| !has_afterthoughts(*api_key)) {
                    let reaction = fault.reaction();
                    return refuse(format!("`then={reaction}` has no place in answers to {api_key}"));
                }
            }
            _ => {}
        }
        self.check_about(&About {
            api_key: fault.api_key(),
            versions: fault.versions(),
            broker: fault.broker(),
            topic: fault.topic(),
            partition: fault.partition(),
            places: fault.places(),
        })
    }

    /// Whether an expectation can apply to this cluster.
    ///
    /// # Errors
    /// As [`Self::check_fault`], as far as it says the same; another API where only Produce makes sense.
    pub fn check_expectation(&self, expectation: &Expectation) -> Result<(), RuleError> {
        let filter = expectation.filter();
        if let Expectation::OnlyAcks(..) | Expectation::NoDuplicate(..) = expectation
            && filter.api_key().is_some_and(|api_key| api_key != ApiKey::PRODUCE)
        {
            return Err(RuleError::new(format!("`{expectation}` goes only with on=Produce")));
        }
        self.check_about(&About {
            api_key: expectation.api_key(),
            versions: filter.version_range(),
            broker: filter.broker_id(),
            topic: filter.topic_name().map(|name| name.as_str()),
            partition: filter.partition_index(),
            places: Vec::new(),
        })
    }

    /// What may be wrong about a topic that a rule or an expectation names, although clients can still have it created.
    #[must_use]
    pub fn doubt_about_topic(&self, topic: Option<&str>) -> Option<String> {
        let topic = topic.filter(|topic| self.topics.get(topic).is_none())?;
        let known = self.topics.iter().map(|known| known.name.as_str());
        let nearest = nearest(topic, known)?;
        Some(format!("there is no topic `{}` yet; the nearest is `{nearest}`", topic.escape_debug()))
    }

    fn check_about(&self, about: &About<'_>) -> Result<(), RuleError> {
        let refuse = |reason: String| Err(RuleError::new(reason));
        if let Some(api_key) = about.api_key {
            check_served(api_key)?;
            let served = handlers::served(api_key).filter(|_| about.versions.is_some());
            if let Some((served, wanted)) = served.zip(about.versions)
                && served.intersection(wanted).is_empty()
            {
                let (lowest, highest) = (served.lowest(), served.highest());
                return refuse(format!("{api_key} is served in the versions {lowest} to {highest}"));
            }
            let has = handlers::places(api_key);
            if let Some(place) = about.places.iter().find(|place| !has.contains(place)) {
                return refuse(format!("requests of {api_key} have no `{place}`"));
            }
        }
        if let Some(broker) = about.broker.filter(|broker| !self.brokers.contains_key(broker)) {
            return refuse(format!("there is no broker {broker}; they are 1 to {}", self.brokers.len()));
        }
        let Some(topic) = about.topic.filter(|_| about.api_key != Some(ApiKey::CREATE_TOPICS)) else {
            return Ok(());
        };
        match (self.topics.get(topic), about.partition) {
            (Some(known), Some(partition)) if known.partition(partition).is_none() => {
                let count = known.partitions().len();
                refuse(format!("the topic `{topic}` has no partition {partition}; it has {count}, from 0"))
            }
            (None, _) if !self.config.flag("auto.create.topics.enable") => {
                let known = self.topics.iter().map(|known| known.name.as_str());
                let topic = topic.escape_debug().to_string();
                match nearest(&topic, known) {
                    Some(nearest) => {
                        refuse(format!("there is no topic `{topic}`; the nearest is `{nearest}`"))
                    }
                    None => refuse(format!("there is no topic `{topic}`")),
                }
            }
            _ => Ok(()),
        }
    }
}

fn check_served(api_key: ApiKey) -> Result<(), RuleError> {
    if handlers::served(api_key).is_some() {
        return Ok(());
    }
    let served = SERVED.iter().filter_map(|(served, _)| served.name());
    let nearest = nearest(&api_key.to_string(), served).unwrap_or_default();
    Err(RuleError::new(format!("{api_key} is not served here; the nearest that is is `{nearest}`")))
}

/// Whether an error can be answered for what was carried out: where `fault::answer` shows the errors of an answer.
fn has_afterthoughts(api_key: ApiKey) -> bool {
    !matches!(
        api_key,
        ApiKey::DESCRIBE_TRANSACTIONS
            | ApiKey::LIST_TRANSACTIONS
            | ApiKey::DESCRIBE_PRODUCERS
            | ApiKey::WRITE_TXN_MARKERS
    )
}
