//! Actions: what a test or a scenario does to a cluster. Plain data.

mod grammar;

use std::time::Duration;

use protocol::names::{BrokerId, TopicName};

pub use self::grammar::ActionError;
use crate::config::TopicSpec;

/// Something done to a cluster from outside: see [`Cluster::perform`](crate::Cluster::perform).
///
/// It can be written as text, a verb and what it is about, and read from it:
///
/// ```text
/// crash broker=2        stop broker=2         start broker=2
/// lag broker=3 time=500ms                     lag broker=3 topic=orders partition=0 records=5
/// lag broker=3 frozen                         lag broker=3 none
/// hold elections                              release elections
/// move topic=orders partition=0 broker=2      elect topic=orders partition=0 kind=preferred
/// create topic=orders partitions=6 replicas=3 min.insync.replicas=2
/// delete topic=orders
/// ```
///
/// ```
/// use milena_mock_broker::Action;
/// use milena_mock_broker::protocol::names::BrokerId;
///
/// assert_eq!("crash broker=2".parse(), Ok(Action::CrashBroker(BrokerId(2))));
/// let error = "crahs broker=2".parse::<Action>().unwrap_err();
/// assert_eq!(error.to_string(), "column 1: there is no action `crahs`; the nearest is `crash`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// A broker shuts down in good order: other in-sync replicas become the leaders of what it leads, then its connections
    /// are closed and it listens no more.
    StopBroker(BrokerId),
    /// A broker dies: its connections are reset in the same moment. The others notice after
    /// [`ClusterConfig::broker_session_timeout`](crate::ClusterConfig::broker_session_timeout).
    CrashBroker(BrokerId),
    /// A broker that stopped or crashed comes back with the log it had. It cuts off what the leaders of today do not have,
    /// and copies what it lacks.
    StartBroker(BrokerId),
    /// While elections are held up, a partition that loses its leader has none.
    HoldElections(bool),
    /// Another broker becomes the leader of a partition, in a new leader epoch. If it has no replica, it takes the place of
    /// the leader that was.
    MoveLeader {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
        /// The new leader.
        broker: BrokerId,
    },
    /// A partition gets a new leader by Kafka's rules.
    ElectLeader {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
        /// By which of the rules.
        kind: ElectionKind,
    },
    /// From now on a broker copies late what others lead; see [`Lag`].
    Lag {
        /// Of this topic; `None` for all topics, and those created later.
        topic: Option<TopicName>,
        /// Of this partition; `None` for all.
        partition: Option<i32>,
        /// The broker that copies.
        broker: BrokerId,
        /// How late.
        lag: Lag,
    },
    /// A topic is created.
    CreateTopic(TopicSpec),
    /// A topic is deleted with all its records.
    DeleteTopic(TopicName),
}

/// How late a follower copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lag {
    /// It has a record in the moment in which the leader has it. The default.
    #[default]
    None,
    /// It has a record so long after the leader.
    Time(Duration),
    /// It is so many records behind the leader, or more where a batch would be cut.
    Records(i64),
    /// It copies nothing, and cuts nothing off.
    Frozen,
}

/// How a leader is chosen by [`Action::ElectLeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionKind {
    /// The first replica of the assignment, if it is in sync.
    Preferred,
    /// If there is no leader: any replica that is alive, even if records are lost by it.
    Unclean,
}
