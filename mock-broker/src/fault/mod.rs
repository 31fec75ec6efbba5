//! Faults: what goes wrong, for which requests, how often. Plain data.
//!
//! ```text
//! Fault = which (Which) · how often (Occurrence) · what happens (Reaction)
//! text, files ⇄ grammar ⇄ Fault ──> Faults (installed, counted) ──> Strikes (of one request) ──> verdicts
//! ```

pub(crate) mod answer;
mod check;
mod grammar;
mod installed;
mod occurrence;
mod reaction;
mod reaction_grammar;
mod which;

use std::ops::RangeInclusive;
use std::time::Duration;

use protocol::names::{BrokerId, ProducerId};
use protocol::{ApiKey, VersionRange};

pub use self::grammar::RuleError;
pub(crate) use self::grammar::versions;
pub(crate) use self::installed::{Arrival, Faults, Strikes, Struck};
use self::occurrence::{Occurrence, Pick, Probability};
pub use self::reaction::{Corruption, Reaction};
pub(crate) use self::reaction_grammar::{api, code, number};
use self::which::Which;
pub(crate) use self::which::{Site, Whole};
use crate::handlers::Place;

/// A rule: which requests it strikes, how often, and what happens to them.
///
/// It can be built, or read from text; its text is what the program and files take too:
///
/// ```
/// use milena_mock_broker::{Fault, Reaction};
/// use milena_mock_broker::protocol::ApiKey;
///
/// // The second produce request that has records for partition 0 of `orders` is handled, but its answer is lost.
/// let lost_ack = Fault::on(ApiKey::PRODUCE).topic("orders").partition(0).nth(2).then(Reaction::DropResponse);
/// assert_eq!(lost_ack.to_string(), "on=Produce topic=orders partition=0 nth=2 then=drop_response");
/// assert_eq!(lost_ack.to_string().parse(), Ok(lost_ack));
///
/// let error = "on=Produce nht=2 then=drop_response".parse::<Fault>().unwrap_err();
/// assert_eq!(error.to_string(), "column 12: a fault rule has no word `nht`; the nearest is `nth`");
/// ```
///
/// | word | which requests |
/// |---|---|
/// | `on=Produce` | those of this API; `any`, which is also meant where the word is missing, is all of them |
/// | `versions=3-9` | in these versions; also `9` and `9+` |
/// | `client_id=app` | of clients that call themselves so |
/// | `broker=2` | to this broker |
/// | `connection=3` | on the third connection that the cluster had |
/// | `topic=orders`, `partition=0` | that have something about it |
/// | `producer_id=7`, `group=g`, `transactional_id=t` | that have something of it |
///
/// | word | how often |
/// |---|---|
/// | `first=2`, `nth=2`, `every=2` | the first two, the second, every second |
/// | `after=5` | none of the first five; the words above count from there |
/// | `from=2s`, `until=1m` | in this time since the cluster began; others are not counted |
/// | `probability=0.1` | one in ten of those that are left, by the cluster's seed |
///
/// What happens (`then=…`) is a [`Reaction`]; `name=…` gives the rule a name. Every rule lasts until it is released or
/// removed, or its time (`until`) is over; what it holds back until then goes on in that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    name: Option<String>,
    which: Which,
    occurrence: Occurrence,
    reaction: Reaction,
}

/// A rule that still lacks its [`Reaction`]: see [`Fault::on`].
#[derive(Clone, Debug)]
#[must_use = "a rule is whole with `then`"]
pub struct FaultRule(Fault);

/// A rule that was added to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub(crate) u64);

impl Fault {
    /// Begins a rule about requests of this API; without more, about all of them.
    pub fn on(api_key: ApiKey) -> FaultRule {
        let FaultRule(mut fault) = Self::on_any();
        fault.which.api_key = Some(api_key);
        FaultRule(fault)
    }

    /// Begins a rule about all requests.
    pub fn on_any() -> FaultRule {
        let (which, occurrence) = (Which::default(), Occurrence::default());
        FaultRule(Self { name: None, which, occurrence, reaction: Reaction::Observe })
    }

    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The API whose requests it is about, if it is not about all.
    #[must_use]
    pub fn api_key(&self) -> Option<ApiKey> {
        self.which.api_key
    }

    /// The broker that it is about, if it is about one.
    #[must_use]
    pub fn broker(&self) -> Option<BrokerId> {
        self.which.broker
    }

    /// The topic that it is about, if it is about one.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.which.topic.as_deref()
    }

    pub(crate) fn versions(&self) -> Option<VersionRange> {
        self.which.versions
    }

    pub(crate) fn partition(&self) -> Option<i32> {
        self.which.partition
    }

    /// What it names in requests.
    pub(crate) fn places(&self) -> Vec<Place> {
        let which = &self.which;
        let named = [
            (which.topic.is_some(), Place::Topic),
            (which.partition.is_some(), Place::Partition),
            (which.producer_id.is_some(), Place::ProducerId),
            (which.group.is_some(), Place::Group),
            (which.transactional_id.is_some(), Place::TransactionalId),
        ];
        named.into_iter().filter(|(is_named, _)| *is_named).map(|(_, place)| place).collect()
    }

    /// What happens to them.
    #[must_use]
    pub fn reaction(&self) -> &Reaction {
        &self.reaction
    }
}

impl FaultRule {
    /// The name of the rule, by which [`Cluster::fault_named`](crate::Cluster::fault_named) finds it.
    pub fn named(mut self, name: &str) -> Self {
        self.0.name = Some(name.to_owned());
        self
    }

    /// Only requests in these versions.
    pub fn versions(mut self, versions: RangeInclusive<i16>) -> Self {
        self.0.which.versions = Some(VersionRange::new(*versions.start(), *versions.end()));
        self
    }

    /// Only requests of clients that call themselves so.
    pub fn client_id(mut self, client_id: &str) -> Self {
        self.0.which.client_id = Some(client_id.into());
        self
    }

    /// Only requests to this broker.
    pub fn broker(mut self, broker: BrokerId) -> Self {
        self.0.which.broker = Some(broker);
        self
    }

    /// Only requests on the n-th connection that the cluster had, counted from 1.
    pub fn connection(mut self, n: u64) -> Self {
        self.0.which.connection = Some(n);
        self
    }

    /// Only requests that have something about this topic.
    pub fn topic(mut self, topic: &str) -> Self {
        self.0.which.topic = Some(topic.into());
        self
    }

    /// Only requests that have something about a partition of this number.
    pub fn partition(mut self, partition: i32) -> Self {
        self.0.which.partition = Some(partition);
        self
    }

    /// Only requests that have something of this producer.
    pub fn producer_id(mut self, producer_id: ProducerId) -> Self {
        self.0.which.producer_id = Some(producer_id);
        self
    }

    /// Only requests that have something about this group.
    pub fn group(mut self, group: &str) -> Self {
        self.0.which.group = Some(group.into());
        self
    }

    /// Only requests that have something of this transactional producer.
    pub fn transactional_id(mut self, transactional_id: &str) -> Self {
        self.0.which.transactional_id = Some(transactional_id.into());
        self
    }

    /// Only the n-th of them, counted from 1.
    pub fn nth(mut self, n: u64) -> Self {
        self.0.occurrence.pick = Pick::Nth(n);
        self
    }

    /// Only the first `n` of them.
    pub fn first(mut self, n: u64) -> Self {
        self.0.occurrence.pick = Pick::First(n);
        self
    }

    /// Every `n`-th of them: with 3, the third, sixth, ninth …
    pub fn every(mut self, n: u64) -> Self {
        self.0.occurrence.pick = Pick::Every(n);
        self
    }

    /// None of the first `n`; what else is counted is counted from there.
    pub fn after(mut self, n: u64) -> Self {
        self.0.occurrence.after = n;
        self
    }

    /// Only those that arrive so long after the cluster began, or later.
    pub fn from(mut self, time: Duration) -> Self {
        self.0.occurrence.from = Some(time);
        self
    }

    /// Only those that arrive before it is so long ago that the cluster began. What is held back goes on then.
    pub fn until(mut self, time: Duration) -> Self {
        self.0.occurrence.until = Some(time);
        self
    }

    /// Of those that are left, this share, by the cluster's seed: from 0 to 1, in millionths.
    pub fn probability(mut self, share: f64) -> Self {
        self.0.occurrence.probability = Some(Probability::of(share));
        self
    }

    /// What happens to them.
    #[must_use]
    pub fn then(mut self, reaction: Reaction) -> Fault {
        self.0.reaction = reaction;
        self.0
    }
}

#[cfg(test)]
mod tests;
