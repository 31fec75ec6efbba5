//! The rules of a cluster with their counters, and those that strike one request.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use protocol::names::BrokerId;
use protocol::{ApiKey, ErrorCode};

use super::{Fault, FaultId, Reaction, Site, Whole};
use protocol::random::Random;

/// The rules of a cluster, in the order they were added, with their counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    added: u64,
    /// Of its own, so that rules change nothing else that comes from the seed.
    random: Random,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    id: FaultId,
    fault: Arc<Fault>,
    /// Requests that fitted.
    seen: u64,
    /// Requests that were struck.
    hits: u64,
    is_released: bool,
}

/// A request as rules see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) api_key: ApiKey,
    pub(crate) version: i16,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) broker: BrokerId,
    /// The how-manieth connection of the cluster it came on.
    pub(crate) connection: u64,
    /// Since the cluster began.
    pub(crate) since: Duration,
    pub(crate) whole: &'a Whole,
    /// Every place in it.
    pub(crate) sites: &'a [Site<'a>],
}

/// A rule as it was when it struck: another may stand in its place since.
pub(crate) type Struck = (FaultId, Arc<Fault>);

/// The rules that strike one request: decided once, when it arrives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strikes {
    rules: Vec<Struck>,
    whole: Whole,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), added: 0, random: Random::new(seed ^ OWN_STREAM) }
    }

    pub(crate) fn add(&mut self, fault: Fault) -> FaultId {
        self.added += 1;
        let id = FaultId(self.added);
        self.rules.push(Rule { id, fault: Arc::new(fault), seen: 0, hits: 0, is_released: false });
        id
    }

    /// Puts another rule in the place of one; its counters begin anew.
    pub(crate) fn replace(&mut self, id: FaultId, fault: Fault) -> bool {
        let Some(rule) = self.rules.iter_mut().find(|rule| rule.id == id) else { return false };
        *rule = Rule { id, fault: Arc::new(fault), seen: 0, hits: 0, is_released: false };
        true
    }

    pub(crate) fn remove(&mut self, id: FaultId) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() < before
    }

    /// Lets a rule strike no more; whether it could until now.
    pub(crate) fn release(&mut self, id: FaultId) -> bool {
        let Some(rule) = self.rules.iter_mut().find(|rule| rule.id == id) else { return false };
        !std::mem::replace(&mut rule.is_released, true)
    }

    /// Whether a rule is there, not released, and its time not over.
    pub(crate) fn lasts(&self, id: FaultId, since: Duration) -> bool {
        self.rules.iter().any(|rule| rule.id == id && rule.lasts(since))
    }

    /// Whether a rule that has struck still holds back what it struck.
    pub(crate) fn still_holds(&self, (id, fault): &Struck, since: Duration) -> bool {
        let is_it = |rule: &Rule| rule.id == *id && Arc::ptr_eq(&rule.fault, fault);
        self.rules.iter().any(|rule| is_it(rule) && rule.lasts(since))
    }

    /// Whether the time of a rule ended after one moment, and up to another.
    pub(crate) fn any_ended(&self, after: Duration, since: Duration) -> bool {
        let mut ends = self.rules.iter().filter_map(|rule| rule.fault.occurrence.until);
        ends.any(|until| after < until && until <= since)
    }

    pub(crate) fn hits(&self, id: FaultId) -> Option<u64> {
        self.rules.iter().find(|rule| rule.id == id).map(|rule| rule.hits)
    }

    pub(crate) fn named(&self, name: &str) -> Option<FaultId> {
        self.rules.iter().find(|rule| rule.fault.name() == Some(name)).map(|rule| rule.id)
    }

    /// All rules, in the order they were added.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (FaultId, &Fault)> {
        self.rules.iter().map(|rule| (rule.id, &*rule.fault))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The generator that everything to do with rules takes its numbers from.
    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// The rules that last at this time since the cluster began.
    fn lasting(&self, since: Duration) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| !rule.is_released && rule.fault.occurrence.is_time(since))
    }

    /// The rules of a reaction that last at this time.
    pub(crate) fn begun(&self, reaction: &Reaction, since: Duration) -> Vec<FaultId> {
        self.lasting(since).filter(|rule| rule.fault.reaction == *reaction).map(|rule| rule.id).collect()
    }

    /// The brokers that take no connections at this time.
    pub(crate) fn refusing(
        &self,
        since: Duration,
        brokers: impl Iterator<Item = BrokerId> + Clone,
    ) -> BTreeSet<BrokerId> {
        let rules = self.lasting(since).filter(|rule| rule.fault.reaction == Reaction::RefuseConnections);
        rules
            .flat_map(|rule| {
                brokers.clone().filter(|id| rule.fault.broker().is_none_or(|wanted| wanted == *id))
            })
            .collect()
    }

    /// The highest version of an API that a broker pretends to know at this time.
    pub(crate) fn pretended(&self, api_key: ApiKey, broker: BrokerId, since: Duration) -> Option<i16> {
        let max = |rule: &Rule| match &rule.fault.reaction {
            Reaction::PretendVersion(versions)
                if rule.fault.broker().is_none_or(|wanted| wanted == broker) =>
            {
                versions.iter().find(|(of, _)| *of == api_key).map(|(_, max)| *max)
            }
            _ => None,
        };
        self.lasting(since).filter_map(max).min()
    }

    /// The next time since the cluster began at which a rule begins or ends something that lasts.
    pub(crate) fn next_change(&self, since: Duration) -> Option<Duration> {
        let change = |rule: &Rule| {
            let occurrence = &rule.fault.occurrence;
            match rule.fault.reaction {
                _ if rule.is_released => None,
                Reaction::RefuseConnections | Reaction::StaleMetadata => occurrence.next_change(since),
                // Whoever was never struck is not held back.
                ref it if it.holds_back() && rule.hits > 0 => occurrence.until.filter(|until| *until > since),
                _ => None,
            }
        };
        self.rules.iter().filter_map(change).min()
    }

    /// Counts a request, and gives the rules that strike it.
    pub(crate) fn strike(&mut self, arrival: &Arrival<'_>) -> Strikes {
        let mut rules = Vec::new();
        for rule in &mut self.rules {
            let fault = &rule.fault;
            let fits = !rule.is_released
                && !fault.reaction.is_condition()
                && fault.occurrence.is_time(arrival.since)
                && fault.which.fits(arrival);
            if !fits {
                continue;
            }
            rule.seen += 1;
            if fault.occurrence.includes(rule.seen, &mut self.random) {
                rule.hits += 1;
                rules.push((rule.id, Arc::clone(fault)));
            }
        }
        let whole = if rules.is_empty() { Whole::default() } else { arrival.whole.clone() };
        Strikes { rules, whole }
    }
}

impl Rule {
    fn lasts(&self, since: Duration) -> bool {
        !self.is_released && self.fault.occurrence.until.is_none_or(|until| since < until)
    }
}

/// What makes another stream of numbers from the same seed.
const OWN_STREAM: u64 = 0x6661_756c_7473_2121;

impl Strikes {
    /// Whether nothing happens to the request.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The error that a rule wants at this place, if one does.
    pub(crate) fn verdict(&self, site: Site<'_>) -> Option<ErrorCode> {
        self.at(site, |reaction| match reaction {
            Reaction::Fail(code) => Some(*code),
            _ => None,
        })
    }

    /// The error that a rule wants to be answered for what was carried out at this place, if one does.
    pub(crate) fn afterthought(&self, site: Site<'_>) -> Option<ErrorCode> {
        self.at(site, |reaction| match reaction {
            Reaction::ApplyThenFail(code) => Some(*code),
            _ => None,
        })
    }

    fn at(&self, site: Site<'_>, error: impl Fn(&Reaction) -> Option<ErrorCode>) -> Option<ErrorCode> {
        let mut rules = self.rules.iter();
        rules.find_map(|(_, fault)| error(&fault.reaction).filter(|_| fault.which.covers(site, &self.whole)))
    }

    /// What the first rule has to say of which `choose` takes something.
    pub(crate) fn first<T>(&self, choose: impl Fn(&Reaction) -> Option<T>) -> Option<(FaultId, T)> {
        self.rules.iter().find_map(|(id, fault)| Some((*id, choose(&fault.reaction)?)))
    }

    /// The first rule of this reaction.
    pub(crate) fn by(&self, reaction: &Reaction) -> Option<FaultId> {
        self.first(|it| (it == reaction).then_some(())).map(|(id, ())| id)
    }

    /// All rules of this reaction.
    pub(crate) fn all_by(&self, reaction: &Reaction) -> impl Iterator<Item = &Struck> {
        self.rules.iter().filter(move |(_, fault)| fault.reaction == *reaction)
    }

    /// Times that several rules want, one after the other.
    pub(crate) fn sum(&self, time: impl Fn(&Reaction) -> Option<Duration>) -> Duration {
        // Two that say "for ever" are no longer than one.
        let times = self.rules.iter().filter_map(|(_, fault)| time(&fault.reaction));
        times.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Panics if a rule says so.
    pub(crate) fn panic_if_wanted(&self) {
        assert!(self.by(&Reaction::Panic).is_none(), "a fault rule wants a panic");
    }

    /// The rules, for the journal.
    pub(crate) fn ids(&self) -> Vec<FaultId> {
        self.rules.iter().map(|(id, _)| *id).collect()
    }
}
