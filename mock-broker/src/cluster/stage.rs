//! Scripts being played: steps that wait for their moment.

use std::collections::BTreeMap;

use protocol::names::{Timestamp, TopicName};
use protocol::nearest;

use super::{AdminError, Cluster, Effects};
use crate::action::Action;
use crate::fault::{Fault, FaultId};
use crate::recording;
use crate::scenario::{Cast, Deed, Scenario, ScenarioError, Script, Step, When};

/// The steps that are still to be taken, and those that could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stage {
    steps: Vec<Pending>,
    /// Of each script, by the how-manieth it was, the rules that it added, by the name it has for them: other scripts, and
    /// whoever adds rules beside them, may have the same names.
    rules: BTreeMap<u64, BTreeMap<String, FaultId>>,
    played: u64,
    failed: Vec<(Action, AdminError)>,
}

/// A step, and its moment once that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    step: Step,
    /// The script that it is of.
    play: u64,
    /// When the script began; none if the cluster itself has not.
    from: Option<Timestamp>,
    due: Option<Timestamp>,
}

impl Stage {
    fn rule(&self, play: u64, name: &str) -> Option<FaultId> {
        self.rules.get(&play)?.get(name).copied()
    }
}

impl Cluster {
    /// Plays a script from now on: its rules are added, its steps taken when their moment comes.
    ///
    /// # Errors
    /// A rule that makes no sense here, a step that waits for or ends a rule that no part of the script has. Nothing is played
    /// then.
    pub fn play(&mut self, script: Script) -> Result<(), ScenarioError> {
        self.begin_step(|| recording::Step::Play(script.clone()));
        let played = self.play_step(script);
        self.end_step(&[]);
        played
    }

    fn play_step(&mut self, script: Script) -> Result<(), ScenarioError> {
        let begun = script.steps.iter().filter_map(|step| match &step.deed {
            Deed::Begin(rule) => Some(&**rule),
            _ => None,
        });
        for rule in script.rules.iter().chain(begun) {
            self.check_fault(rule)
                .map_err(|error| ScenarioError::new(format!("the fault rule `{rule}` cannot be: {error}")))?;
        }
        if let Some(unknown) =
            script.needed_names().find(|name| script.rule_names().all(|known| known != *name))
        {
            let nearest =
                nearest(unknown, script.rule_names()).map(|name| format!("; the nearest is `{name}`"));
            let nearest = nearest.unwrap_or_default();
            return Err(ScenarioError::new(format!("no rule of the script is called `{unknown}`{nearest}")));
        }
        let play = self.stage.played;
        self.stage.played += 1;
        for rule in script.rules {
            self.begin_rule(play, rule);
        }
        let from = self.began.map(|_| self.now);
        let pending = |step| Pending { step, play, from, due: None };
        self.stage.steps.extend(script.steps.into_iter().map(pending));
        self.forget_ended_plays();
        self.time_steps(self.now);
        Ok(())
    }

    fn begin_rule(&mut self, play: u64, rule: Fault) {
        let name = rule.name().map(str::to_owned);
        let id = self.add_fault(rule);
        if let Some(name) = name {
            self.stage.rules.entry(play).or_default().insert(name, id);
        }
    }

    /// Forgets the rules of scripts of which no step is to come.
    fn forget_ended_plays(&mut self) {
        let Stage { steps, rules, .. } = &mut self.stage;
        rules.retain(|play, _| steps.iter().any(|pending| pending.play == *play));
    }

    /// The actions of scripts that could not be done, and why: the cluster was not in a state for them.
    #[must_use]
    pub fn failed_steps(&self) -> &[(Action, AdminError)] {
        &self.stage.failed
    }

    /// How many steps of scripts are still to come.
    #[must_use]
    pub fn steps_to_come(&self) -> usize {
        self.stage.steps.len()
    }

    /// Plays a scenario; its topic is there.
    pub(super) fn play_scenario(&mut self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let (name, partition) = (TopicName::from(scenario.topic()), scenario.partition());
        let topic = self.topics.get(&name);
        let count = topic.map_or(0, |topic| topic.partitions().len());
        let Some(place) = topic.and_then(|topic| topic.partition(partition)) else {
            let reason = format!("the topic `{name}` has no partition {partition}; it has {count}, from 0");
            return Err(ScenarioError::new(reason));
        };
        let leader = place.leader();
        let followers = place.replicas.iter().copied().filter(|broker| *broker != leader).collect();
        let script = scenario.script(&Cast { topic: name, partition, leader, followers })?;
        self.play(script)
    }

    /// Takes the steps whose moment has come.
    pub(super) fn take_steps(&mut self, now: Timestamp, effects: &mut Effects) {
        while !self.stage.steps.is_empty() {
            self.time_steps(now);
            let due =
                |(index, pending): (usize, &Pending)| Some((pending.due.filter(|due| *due <= now)?, index));
            let Some((_, index)) = self.stage.steps.iter().enumerate().filter_map(due).min() else { return };
            let Pending { step, play, .. } = self.stage.steps.remove(index);
            match step.deed {
                Deed::Act(action) => match self.perform(action.clone(), now) {
                    Ok(mut more) => effects.append(&mut more),
                    Err(error) => self.stage.failed.push((action, error)),
                },
                Deed::Begin(rule) => self.begin_rule(play, *rule),
                Deed::End(name) => {
                    if let Some(rule) = self.stage.rule(play, &name) {
                        self.release_fault(rule);
                    }
                }
            }
            self.forget_ended_plays();
        }
    }

    /// Finds out when steps are due.
    fn time_steps(&mut self, now: Timestamp) {
        let Some(began) = self.began else { return };
        let (faults, Stage { steps, rules, .. }) = (&self.faults, &mut self.stage);
        for Pending { step, play, from, due } in steps.iter_mut().filter(|pending| pending.due.is_none()) {
            *due = match &step.when {
                When::At(time) => Some(from.unwrap_or(began) + *time),
                When::Hits { rule, hits, after } => {
                    let rule = rules.get(play).and_then(|rules| rules.get(rule));
                    let struck = rule.and_then(|id| faults.hits(*id)).unwrap_or_default();
                    (struck >= *hits).then(|| now + *after)
                }
            };
        }
    }

    /// When the next step is due.
    pub(super) fn next_step(&self) -> Option<Timestamp> {
        self.stage.steps.iter().filter_map(|pending| pending.due).min()
    }
}
