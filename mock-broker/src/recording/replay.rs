//! Playing a run again.

use std::fmt;

use super::{Recording, RecordingError, Step, hash};
use crate::action::Action;
use crate::cluster::{Cluster, Effects, Input};
use crate::config::ConfigError;

/// Why a run cannot be played again, or how it was not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// It is damaged.
    Recording(RecordingError),
    /// What it began with cannot be.
    Config(ConfigError),
    /// A step was answered with other bytes than when it was recorded: by another release of this crate, most likely.
    Different {
        /// Its number, from 0.
        step: u64,
        /// What happened in it.
        what: String,
    },
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recording(error) => write!(f, "{error}"),
            Self::Config(error) => write!(f, "what the run began with cannot be: {error}"),
            Self::Different { step, what } => {
                write!(f, "step {step}, {what}, was answered with other bytes than when it was recorded")
            }
        }
    }
}

impl std::error::Error for ReplayError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Recording(error) => Some(error),
            Self::Config(error) => Some(error),
            Self::Different { .. } => None,
        }
    }
}

impl Recording {
    /// Plays the run on a fresh cluster, and compares every answer; gives the cluster as it is at the end.
    ///
    /// # Errors
    /// [`ReplayError::Different`] at the first answer that is not the same.
    pub fn replay(&self) -> Result<Cluster, ReplayError> {
        self.replay_into(None)
    }

    /// The same, and the run is recorded on, up to so many bytes in all; whoever is connected at its end is connected no more.
    ///
    /// # Errors
    /// As [`Self::replay`].
    pub fn resume(&self, record: Option<usize>) -> Result<Cluster, ReplayError> {
        let mut cluster = self.replay_into(record)?;
        for connection in cluster.all_connections() {
            cluster.handle(Input::Closed { connection }, cluster.last_time());
        }
        Ok(cluster)
    }

    /// The highest number that a connection had.
    #[cfg(feature = "net")]
    pub(crate) fn last_connection(&self) -> u64 {
        self.last_connection
    }

    fn replay_into(&self, record: Option<usize>) -> Result<Cluster, ReplayError> {
        let bad = |(offset, reason)| ReplayError::Recording(RecordingError::Bad { offset, reason });
        let mut config = self.config().map_err(bad)?;
        config.record = record;
        let mut cluster = Cluster::try_new(config).map_err(ReplayError::Config)?;
        let mut steps = self.steps().map_err(bad)?;
        let (mut number, mut what, mut answered) = (0, String::new(), Effects::new());
        while let Some(step) = steps.next().map_err(bad)? {
            if let Step::Told { effects, hash: expected } = step {
                if answered.len() as u64 != u64::from(effects) || hash(&answered) != expected {
                    return Err(ReplayError::Different { step: number - 1, what });
                }
                continue;
            }
            what = step.to_string();
            answered = play(&mut cluster, step);
            number += 1;
        }
        Ok(cluster)
    }
}

fn play(cluster: &mut Cluster, step: Step) -> Effects {
    match step {
        Step::Opened { connection, broker, now } => cluster.handle(Input::Opened { connection, broker }, now),
        Step::Frame { connection, frame, now } => cluster.handle(Input::Frame { connection, frame }, now),
        Step::Closed { connection, now } => cluster.handle(Input::Closed { connection }, now),
        Step::Wakeup { now } => cluster.handle(Input::Wakeup, now),
        // What failed then fails now.
        Step::Perform { action, now } => cluster.perform(action, now).unwrap_or_default(),
        Step::Directly(action) => {
            directly(cluster, action);
            Effects::new()
        }
        Step::AddFault(fault) => {
            cluster.add_fault(fault);
            Effects::new()
        }
        Step::ReplaceFault(id, fault) => {
            cluster.replace_fault(id, fault);
            Effects::new()
        }
        Step::RemoveFault(id) => {
            cluster.remove_fault(id);
            Effects::new()
        }
        Step::ReleaseFault(id) => {
            cluster.release_fault(id);
            Effects::new()
        }
        Step::Endpoint(broker, endpoint) => {
            cluster.set_endpoint(broker, endpoint);
            Effects::new()
        }
        // What could not be played then cannot be played now.
        Step::Play(script) => {
            drop(cluster.play(script));
            Effects::new()
        }
        Step::Told { .. } => Effects::new(),
    }
}

fn directly(cluster: &mut Cluster, action: Action) {
    // What failed then fails now.
    match action {
        Action::CreateTopic(topic) => drop(cluster.create_topic(topic)),
        Action::DeleteTopic(topic) => drop(cluster.delete_topic(&topic)),
        Action::MoveLeader { topic, partition, broker } => {
            drop(cluster.move_leader(&topic, partition, broker));
        }
        _ => {}
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { connection, broker, .. } => {
                write!(f, "a connection {} to broker {broker}", connection.0)
            }
            Self::Frame { connection, frame, now } => {
                let connection = connection.0;
                match protocol::RequestHeader::peek(frame) {
                    Some((api_key, version, _)) => {
                        write!(f, "{api_key} v{version} on connection {connection} at {} ms", now.0)
                    }
                    None => write!(f, "{} bytes on connection {connection} at {} ms", frame.len(), now.0),
                }
            }
            Self::Closed { connection, .. } => write!(f, "the end of connection {}", connection.0),
            Self::Wakeup { now } => write!(f, "a wakeup at {} ms", now.0),
            Self::Perform { action, .. } | Self::Directly(action) => write!(f, "`{action}`"),
            Self::AddFault(fault) | Self::ReplaceFault(_, fault) => write!(f, "the rule `{fault}`"),
            Self::RemoveFault(_) | Self::ReleaseFault(_) => write!(f, "the end of a rule"),
            Self::Endpoint(broker, endpoint) => {
                write!(f, "broker {broker} at {}:{}", endpoint.host, endpoint.port)
            }
            Self::Play(_) => write!(f, "a script"),
            Self::Told { .. } => write!(f, "an answer"),
        }
    }
}
