//! What a scenario is made of, and the words in which the tables tell it.

use std::time::Duration;

use protocol::ApiKey;
use protocol::names::{BrokerId, TopicName};

use super::script::{Deed, Script};
use crate::action::{Action, Lag};
use crate::config::ReplicationRules;
use crate::fault::{Fault, FaultRule, Reaction};

/// A row of the tables.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(super) name: &'static str,
    /// What happens.
    pub(super) happens: &'static str,
    /// What a good client does.
    pub(super) remedy: &'static str,
    /// How many the partition has; there are as many brokers.
    pub(super) replicas: i16,
    /// More would make something else of it.
    pub(super) most_replicas: usize,
    /// Settings of the topic, where it has none.
    pub(super) topic: &'static [(&'static str, &'static str)],
    /// Settings of the brokers, where the configuration has none.
    pub(super) settings: &'static [(&'static str, &'static str)],
    /// The settings above of which another value would make something else of it.
    pub(super) needs: &'static [&'static str],
    pub(super) rules: Option<ReplicationRules>,
    pub(super) script: fn(&Cast) -> Script,
}

impl Plot {
    /// What most rows have in common.
    pub(super) const USUAL: Self = Self {
        name: "",
        happens: "",
        remedy: "",
        replicas: 3,
        most_replicas: usize::MAX,
        topic: &[("min.insync.replicas", "2")],
        settings: &[],
        needs: &[],
        rules: None,
        script: |_| Script { rules: Vec::new(), steps: Vec::new() },
    };
}

/// Who has which role: the partition that it is about, and its replicas when it begins.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub(crate) topic: TopicName,
    pub(crate) partition: i32,
    pub(crate) leader: BrokerId,
    pub(crate) followers: Vec<BrokerId>,
}

impl Cast {
    /// A rule about what is produced to the partition.
    pub(super) fn produce(&self) -> FaultRule {
        Fault::on(ApiKey::PRODUCE).topic(&self.topic).partition(self.partition)
    }

    /// A script that can wait for what is produced to the partition.
    pub(super) fn begin(&self) -> Story {
        Story(Script::new().rule(self.produce().named(PRODUCED).then(Reaction::Observe)))
    }

    /// All replicas, the leader first.
    pub(super) fn replicas(&self) -> impl Iterator<Item = BrokerId> + Clone {
        std::iter::once(self.leader).chain(self.followers.iter().copied())
    }

    /// A broker copies the partition late from then on.
    pub(super) fn lag(&self, broker: BrokerId, lag: Lag) -> Action {
        Action::Lag { topic: Some(self.topic.clone()), partition: Some(self.partition), broker, lag }
    }

    /// Another broker leads the partition.
    pub(super) fn lead(&self, broker: BrokerId) -> Action {
        Action::MoveLeader { topic: self.topic.clone(), partition: self.partition, broker }
    }
}

/// The rule that counts requests with records for the partition.
const PRODUCED: &str = "produced";

/// A script in the making, told in milliseconds after the first such request.
pub(super) struct Story(Script);

impl Story {
    /// A fault rule that is there from the start.
    pub(super) fn rule(self, rule: Fault) -> Self {
        Self(self.0.rule(rule))
    }

    /// Done before anything comes.
    pub(super) fn first(self, deeds: impl IntoIterator<Item = Action>) -> Self {
        Self(deeds.into_iter().fold(self.0, |script, deed| script.at(Duration::ZERO, deed)))
    }

    /// Done so many milliseconds after the first request.
    pub(super) fn then(self, after_ms: u64, deed: impl Into<Deed>) -> Self {
        self.after(1, after_ms, deed)
    }

    /// The same for several deeds.
    pub(super) fn all(self, after_ms: u64, deeds: impl IntoIterator<Item = Action>) -> Self {
        deeds.into_iter().fold(self, |story, deed| story.then(after_ms, deed))
    }

    /// Done so many milliseconds after the n-th request.
    pub(super) fn after(self, nth: u64, after_ms: u64, deed: impl Into<Deed>) -> Self {
        Self(self.0.upon(PRODUCED, nth, Duration::from_millis(after_ms), deed))
    }

    pub(super) fn end(self) -> Script {
        self.0
    }
}
