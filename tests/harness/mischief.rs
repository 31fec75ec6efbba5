//! What the seed does to the brokers of a world: crashes, shutdowns, lag, elections that take their time.

use std::time::Duration;

use mock_broker::{Action, Cluster, ElectionKind, Lag};
use protocol::names::{BrokerId, TopicName};

use crate::random::Random;

/// What can be done to the brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// Another in-sync replica becomes the leader of a partition, or a broker without a replica takes its place.
    MoveLeader,
    /// A broker dies, and comes back later.
    Crash,
    /// A broker shuts down in good order, and comes back later.
    Stop,
    /// A broker copies late, or not at all, for a while.
    Lag,
    /// Nobody is elected for a while.
    HoldElections,
    /// A partition without a leader gets one at any price.
    UncleanElection,
}

/// Something to do now, and what ends it, later.
pub type Plan = (Action, Option<(Duration, Action)>);

/// How long a broker stays away, or something else that does not last.
fn a_while(random: &mut Random) -> Duration {
    Duration::from_millis(*random.pick(&[5, 100, 1_500, 12_000, 35_000]) + random.below(500) as u64)
}

/// What to do in the way of `kind`; `None` if there is nothing that it could be done to.
pub fn plan(kind: Mischief, cluster: &Cluster, random: &mut Random) -> Option<Plan> {
    match kind {
        Mischief::MoveLeader => {
            let (topic, partition) = a_partition(cluster, random)?;
            let broker = a_broker(cluster, random)?;
            Some((Action::MoveLeader { topic, partition, broker }, None))
        }
        Mischief::Crash => {
            let broker = a_broker(cluster, random)?;
            Some((Action::CrashBroker(broker), Some((a_while(random), Action::StartBroker(broker)))))
        }
        Mischief::Stop => {
            let broker = a_broker(cluster, random)?;
            Some((Action::StopBroker(broker), Some((a_while(random), Action::StartBroker(broker)))))
        }
        Mischief::Lag => {
            let broker = a_broker(cluster, random)?;
            let lags = [
                Lag::Time(Duration::from_millis(1 + random.below(300) as u64)),
                Lag::Time(Duration::from_secs(60)),
                Lag::Records(1 + random.below(20) as i64),
                Lag::Frozen,
            ];
            let with = |lag| Action::Lag { topic: None, partition: None, broker, lag };
            Some((with(*random.pick(&lags)), Some((a_while(random), with(Lag::None)))))
        }
        Mischief::HoldElections => {
            Some((Action::HoldElections(true), Some((a_while(random), Action::HoldElections(false)))))
        }
        Mischief::UncleanElection => {
            let (topic, partition) = a_partition(cluster, random)?;
            Some((Action::ElectLeader { topic, partition, kind: ElectionKind::Unclean }, None))
        }
    }
}

fn a_broker(cluster: &Cluster, random: &mut Random) -> Option<BrokerId> {
    let up: Vec<BrokerId> = cluster.brokers().map(|(id, _)| id).filter(|id| cluster.is_up(*id)).collect();
    (!up.is_empty()).then(|| *random.pick(&up))
}

fn a_partition(cluster: &Cluster, random: &mut Random) -> Option<(TopicName, i32)> {
    let topics: Vec<_> = cluster.topics().collect();
    if topics.is_empty() {
        return None;
    }
    let topic = random.pick(&topics);
    Some((topic.name().clone(), random.below(topic.partitions().len()) as i32))
}
