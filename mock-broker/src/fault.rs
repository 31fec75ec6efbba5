//! Faults: what goes wrong, for which requests, how often. Plain data.

use std::fmt;
use std::time::Duration;

use protocol::names::{BrokerId, TopicName};
use protocol::{ApiKey, ErrorCode};

/// A rule: which requests it strikes, and what happens to them.
///
/// ```
/// use milena_mock_broker::{Fault, Reaction};
/// use milena_mock_broker::protocol::ApiKey;
///
/// // The second produce request that has records for partition 0 of `orders` is handled, but its answer is lost.
/// let lost_ack = Fault::on(ApiKey::PRODUCE).topic("orders").partition(0).nth(2).then(Reaction::DropResponse);
/// assert_eq!(lost_ack.to_string(), "Produce topic=orders partition=0 nth=2: DropResponse");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    api_key: ApiKey,
    topic: Option<TopicName>,
    partition: Option<i32>,
    broker: Option<BrokerId>,
    occurrence: Occurrence,
    reaction: Reaction,
}

/// A rule that still lacks its [`Reaction`]: see [`Fault::on`].
#[derive(Clone, Debug)]
#[must_use = "a rule is whole with `then`"]
pub struct FaultRule(Fault);

/// What happens to a request that a rule strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// Answer with this error, for what the rule names and nothing else; that part of the request is not carried out.
    Fail(ErrorCode),
    /// Handle the request, answer this much later.
    Delay(Duration),
    /// Close the connection before handling: it did not happen.
    DropRequest,
    /// Handle it, then close the connection: it happened, and the client cannot know.
    DropResponse,
    /// Panic while handling it, to see that the broker lives on. It has no place in the grammar.
    #[doc(hidden)]
    Panic,
}

/// Which of the requests that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occurrence {
    Always,
    Nth(u64),
    First(u64),
    Every(u64),
}

impl Occurrence {
    fn includes(self, count: u64) -> bool {
        match self {
            Self::Always => true,
            Self::Nth(n) => count == n,
            Self::First(n) => count <= n,
            Self::Every(n) => n > 0 && count.is_multiple_of(n),
        }
    }
}

impl Fault {
    /// Begins a rule about requests of this API; without more, about all of them.
    pub fn on(api_key: ApiKey) -> FaultRule {
        FaultRule(Self {
            api_key,
            topic: None,
            partition: None,
            broker: None,
            occurrence: Occurrence::Always,
            reaction: Reaction::DropRequest,
        })
    }

    /// The API whose requests it is about.
    #[must_use]
    pub fn api_key(&self) -> ApiKey {
        self.api_key
    }

    /// What happens to them.
    #[must_use]
    pub fn reaction(&self) -> Reaction {
        self.reaction
    }

    /// Whether the rule is about this place in a request.
    pub(crate) fn covers(&self, site: Site<'_>) -> bool {
        let (topic, partition) = match site {
            Site::Request => (None, None),
            Site::Topic(topic) => (Some(topic), None),
            Site::Partition(topic, partition) => (Some(topic), Some(partition)),
        };
        self.topic.as_deref().is_none_or(|wanted| topic == Some(wanted))
            && self.partition.is_none_or(|wanted| partition == Some(wanted))
    }
}

impl FaultRule {
    /// Only requests that have something about this topic.
    pub fn topic(mut self, topic: &str) -> Self {
        self.0.topic = Some(topic.into());
        self
    }

    /// Only requests that have something about a partition of this number.
    pub fn partition(mut self, partition: i32) -> Self {
        self.0.partition = Some(partition);
        self
    }

    /// Only requests to this broker.
    pub fn broker(mut self, broker: BrokerId) -> Self {
        self.0.broker = Some(broker);
        self
    }

    /// Only the n-th of them, counted from 1.
    pub fn nth(mut self, n: u64) -> Self {
        self.0.occurrence = Occurrence::Nth(n);
        self
    }

    /// Only the first `n` of them.
    pub fn first(mut self, n: u64) -> Self {
        self.0.occurrence = Occurrence::First(n);
        self
    }

    /// Every `n`-th of them: with 3, the third, sixth, ninth …
    pub fn every(mut self, n: u64) -> Self {
        self.0.occurrence = Occurrence::Every(n);
        self
    }

    /// What happens to them.
    #[must_use]
    pub fn then(mut self, reaction: Reaction) -> Fault {
        self.0.reaction = reaction;
        self.0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.api_key)?;
        if let Some(topic) = &self.topic {
            write!(f, " topic={topic}")?;
        }
        if let Some(partition) = self.partition {
            write!(f, " partition={partition}")?;
        }
        if let Some(broker) = self.broker {
            write!(f, " broker={broker}")?;
        }
        match self.occurrence {
            Occurrence::Always => {}
            Occurrence::Nth(n) => write!(f, " nth={n}")?,
            Occurrence::First(n) => write!(f, " first={n}")?,
            Occurrence::Every(n) => write!(f, " every={n}")?,
        }
        write!(f, ": {:?}", self.reaction)
    }
}

/// A rule that was added to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(u64);

/// A place in a request where Kafka decides on an error, and where a rule may decide instead.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Site<'a> {
    /// The request as a whole.
    Request,
    /// A topic in it.
    Topic(&'a str),
    /// A partition in it.
    Partition(&'a str, i32),
}

/// The rules of a cluster, in the order they were added, with their counters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    added: u64,
}

#[derive(Clone, Debug)]
struct Rule {
    id: FaultId,
    fault: Fault,
    /// Requests that fitted.
    seen: u64,
    /// Requests that were struck.
    hits: u64,
}

/// The rules that strike one request: decided once, when it arrives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strikes(Vec<(FaultId, Fault)>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> FaultId {
        self.added += 1;
        let id = FaultId(self.added);
        self.rules.push(Rule { id, fault, seen: 0, hits: 0 });
        id
    }

    pub(crate) fn remove(&mut self, id: FaultId) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() < before
    }

    pub(crate) fn hits(&self, id: FaultId) -> Option<u64> {
        self.rules.iter().find(|rule| rule.id == id).map(|rule| rule.hits)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Counts a request, and gives the rules that strike it. `sites` is every place in it.
    pub(crate) fn strike(&mut self, api_key: ApiKey, broker: BrokerId, sites: &[Site<'_>]) -> Strikes {
        let mut strikes = Vec::new();
        for rule in &mut self.rules {
            let fault = &rule.fault;
            let fits = fault.api_key == api_key
                && fault.broker.is_none_or(|wanted| wanted == broker)
                && sites.iter().any(|site| fault.covers(*site));
            if !fits {
                continue;
            }
            rule.seen += 1;
            if fault.occurrence.includes(rule.seen) {
                rule.hits += 1;
                strikes.push((rule.id, fault.clone()));
            }
        }
        Strikes(strikes)
    }
}

impl Strikes {
    /// The error that a rule wants at this place, if one does.
    pub(crate) fn verdict(&self, site: Site<'_>) -> Option<ErrorCode> {
        self.0.iter().find_map(|(_, fault)| match fault.reaction {
            Reaction::Fail(code) if fault.covers(site) => Some(code),
            _ => None,
        })
    }

    /// The rule by which the request is lost on its way, if one says so.
    pub(crate) fn drops_request(&self) -> Option<FaultId> {
        self.first(Reaction::DropRequest)
    }

    /// The rule by which the answer is lost on its way, if one says so.
    pub(crate) fn drops_response(&self) -> Option<FaultId> {
        self.first(Reaction::DropResponse)
    }

    /// How much later the answer is given.
    pub(crate) fn delay(&self) -> Duration {
        let delay = |fault: &Fault| match fault.reaction {
            Reaction::Delay(delay) => delay,
            _ => Duration::ZERO,
        };
        // Two that say "for ever" are no longer than one.
        self.0.iter().map(|(_, fault)| delay(fault)).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Panics if a rule says so.
    pub(crate) fn panic_if_wanted(&self) {
        assert!(self.first(Reaction::Panic).is_none(), "a fault rule wants a panic");
    }

    fn first(&self, reaction: Reaction) -> Option<FaultId> {
        self.0.iter().find(|(_, fault)| fault.reaction == reaction).map(|(id, _)| *id)
    }

    /// The rules, for the journal.
    pub(crate) fn ids(&self) -> Vec<FaultId> {
        self.0.iter().map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(fault: Fault, times: usize) -> Vec<bool> {
        let mut faults = Faults::default();
        faults.add(fault);
        let sites = [Site::Partition("orders", 0), Site::Partition("orders", 1)];
        let mut strike = || !faults.strike(ApiKey::PRODUCE, BrokerId(1), &sites).0.is_empty();
        (0..times).map(|_| strike()).collect()
    }

    #[test]
    fn occurrences_count_requests_from_one() {
        let on = || Fault::on(ApiKey::PRODUCE);
        assert_eq!(struck(on().then(Reaction::DropRequest), 3), [true, true, true]);
        assert_eq!(struck(on().nth(2).then(Reaction::DropRequest), 3), [false, true, false]);
        assert_eq!(struck(on().first(2).then(Reaction::DropRequest), 3), [true, true, false]);
        assert_eq!(struck(on().every(2).then(Reaction::DropRequest), 4), [false, true, false, true]);
    }

    #[test]
    fn delays_add_up_and_never_overflow() {
        let delays = |delays: &[Duration]| {
            let mut faults = Faults::default();
            for delay in delays {
                faults.add(Fault::on(ApiKey::PRODUCE).then(Reaction::Delay(*delay)));
            }
            faults.strike(ApiKey::PRODUCE, BrokerId(1), &[Site::Request]).delay()
        };
        let second = Duration::from_secs(1);
        assert_eq!(delays(&[second, second]), 2 * second);
        assert_eq!(delays(&[Duration::MAX, second]), Duration::MAX);
    }

    #[test]
    fn a_rule_strikes_only_what_it_names() {
        let on = || Fault::on(ApiKey::PRODUCE);
        assert_eq!(struck(on().topic("orders").partition(1).then(Reaction::DropRequest), 1), [true]);
        assert_eq!(struck(on().topic("orders").partition(2).then(Reaction::DropRequest), 1), [false]);
        assert_eq!(struck(on().topic("audit").then(Reaction::DropRequest), 1), [false]);
        assert_eq!(struck(on().broker(BrokerId(2)).then(Reaction::DropRequest), 1), [false]);
        assert_eq!(struck(Fault::on(ApiKey::FETCH).then(Reaction::DropRequest), 1), [false]);
    }

    #[test]
    fn an_error_is_for_the_named_partition_alone() {
        let mut faults = Faults::default();
        let fail = Reaction::Fail(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        let id = faults.add(Fault::on(ApiKey::PRODUCE).topic("orders").partition(1).then(fail));
        let sites = [Site::Partition("orders", 0), Site::Partition("orders", 1)];
        let strikes = faults.strike(ApiKey::PRODUCE, BrokerId(1), &sites);
        assert_eq!(strikes.verdict(sites[0]), None);
        assert_eq!(strikes.verdict(sites[1]), Some(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        assert_eq!(faults.hits(id), Some(1));
        assert!(faults.remove(id) && !faults.remove(id));
    }
}
