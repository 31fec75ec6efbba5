//! Scripts: rules, and steps with the moment for each. Plain data.

use std::time::Duration;

use crate::action::Action;
use crate::fault::Fault;

/// What is played in a cluster: see [`Cluster::play`](crate::Cluster::play).
///
/// ```
/// use std::time::Duration;
/// use milena_mock_broker::{Action, Fault, Script};
/// use milena_mock_broker::protocol::names::BrokerId;
///
/// let produced: Fault = "name=produced on=Produce topic=orders then=observe".parse()?;
/// let script = Script::new()
///     .rule(produced)
///     .upon("produced", 3, Duration::from_millis(50), Action::CrashBroker(BrokerId(1)))
///     .upon("produced", 3, Duration::from_secs(2), Action::StartBroker(BrokerId(1)));
/// # Ok::<(), milena_mock_broker::RuleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a script is played by a cluster"]
pub struct Script {
    pub(crate) rules: Vec<Fault>,
    pub(crate) steps: Vec<Step>,
}

/// One thing that is done, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub when: When,
    /// What.
    pub deed: Deed,
}

/// When a step is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// So long after the script began.
    At(Duration),
    /// So long after a rule of the script has struck so often.
    Hits {
        /// The rule's name.
        rule: String,
        /// How often.
        hits: u64,
        /// How long after.
        after: Duration,
    },
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deed {
    /// Something to the cluster.
    Act(Action),
    /// A fault rule begins.
    Begin(Box<Fault>),
    /// The fault rule of this name is released.
    End(String),
}

impl Script {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A fault rule that is there from the start.
    pub fn rule(mut self, rule: Fault) -> Self {
        self.rules.push(rule);
        self
    }

    /// Something that is done so long after the script began. Steps of one moment are taken in the order in which they
    /// were added.
    pub fn at(mut self, time: Duration, deed: impl Into<Deed>) -> Self {
        self.steps.push(Step { when: When::At(time), deed: deed.into() });
        self
    }

    /// Something that is done so long after a rule has struck so often.
    pub fn upon(mut self, rule: &str, hits: u64, after: Duration, deed: impl Into<Deed>) -> Self {
        let when = When::Hits { rule: rule.to_owned(), hits, after };
        self.steps.push(Step { when, deed: deed.into() });
        self
    }

    /// Every name that a rule of it has, sooner or later.
    pub(crate) fn rule_names(&self) -> impl Iterator<Item = &str> {
        let begun = self.steps.iter().filter_map(|step| match &step.deed {
            Deed::Begin(rule) => rule.name(),
            _ => None,
        });
        self.rules.iter().filter_map(Fault::name).chain(begun)
    }

    /// Every name of a rule that its steps need.
    pub(crate) fn needed_names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().flat_map(|step| {
            let struck = match &step.when {
                When::Hits { rule, .. } => Some(rule.as_str()),
                When::At(_) => None,
            };
            let ended = match &step.deed {
                Deed::End(rule) => Some(rule.as_str()),
                _ => None,
            };
            struck.into_iter().chain(ended)
        })
    }
}

impl From<Action> for Deed {
    fn from(action: Action) -> Self {
        Self::Act(action)
    }
}

impl From<Fault> for Deed {
    fn from(rule: Fault) -> Self {
        Self::Begin(Box::new(rule))
    }
}
