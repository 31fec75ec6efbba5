//! The brokers of a cluster: where they are, and which of them run.

use std::collections::BTreeMap;

use protocol::ByteString;
use protocol::names::{BrokerId, Timestamp};

use super::{Cluster, Endpoint};
use crate::action::Lag;
use crate::config::ClusterConfig;
use crate::recording::Step;

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broker {
    pub(crate) endpoint: Endpoint,
    pub(crate) rack: Option<ByteString>,
    pub(crate) state: BrokerState,
    /// Whether the others know that it does not run: until then it stays in metadata and in the in-sync sets.
    pub(crate) is_fenced: bool,
    /// When they notice.
    pub(crate) fenced_at: Option<Timestamp>,
    /// How late it copies what others lead, where nothing else was said of a partition.
    pub(crate) lag: Lag,
}

impl Broker {
    /// Whether all is the same but for where it is.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let moved = Self { endpoint: other.endpoint.clone(), ..self.clone() };
        moved == *other
    }
}

/// Whether a broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokerState {
    /// It does.
    Up,
    /// It was shut down in good order.
    Stopped,
    /// It died.
    Crashed,
}

/// The brokers that a configuration asks for; they listen nowhere yet.
pub(crate) fn configured(config: &ClusterConfig) -> BTreeMap<BrokerId, Broker> {
    let broker = |id: i32| Broker {
        endpoint: Endpoint { host: "127.0.0.1".into(), port: 9091 + id as u16 },
        rack: config.racks.get(&BrokerId(id)).map(|rack| rack.as_str().into()),
        state: BrokerState::Up,
        is_fenced: false,
        fenced_at: None,
        lag: Lag::None,
    };
    (1..=config.brokers as i32).map(|id| (BrokerId(id), broker(id))).collect()
}

impl Cluster {
    /// All brokers, also those that do not run, and where clients find them, by id.
    pub fn brokers(&self) -> impl Iterator<Item = (BrokerId, &Endpoint)> {
        self.brokers.iter().map(|(id, broker)| (*id, &broker.endpoint))
    }

    /// Whether a broker runs, if there is one of this id.
    #[must_use]
    pub fn broker_state(&self, broker: BrokerId) -> Option<BrokerState> {
        self.brokers.get(&broker).map(|broker| broker.state)
    }

    /// Whether a broker is there and runs.
    #[must_use]
    pub fn is_up(&self, broker: BrokerId) -> bool {
        self.broker_state(broker) == Some(BrokerState::Up)
    }

    /// How many clients are connected to a broker.
    #[must_use]
    pub fn connections_to(&self, broker: BrokerId) -> usize {
        self.connections.values().filter(|connection| connection.broker == broker).count()
    }

    /// Says where clients find a broker. Unknown ids are ignored.
    pub fn set_endpoint(&mut self, broker: BrokerId, endpoint: Endpoint) {
        self.note(|| Step::Endpoint(broker, endpoint.clone()));
        if let Some(known) = self.brokers.get_mut(&broker) {
            known.endpoint = endpoint;
        }
    }

    /// The brokers that clients are told of: all but those that are known not to run.
    pub(crate) fn live_brokers(&self) -> impl Iterator<Item = (BrokerId, &Broker)> {
        self.brokers.iter().filter(|(_, broker)| !broker.is_fenced).map(|(id, broker)| (*id, broker))
    }

    /// The broker that clients are told to send what only a controller can do.
    pub(crate) fn controller(&self) -> BrokerId {
        self.live_brokers().next().map_or(BrokerId::NONE, |(id, _)| id)
    }
}
