//! Taking connections: how many, from whom, and what happens when there are no file descriptors left.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::names::BrokerId;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::connection;
use super::limits::Limits;
use super::shared::Shared;

/// Takes the connections of one broker, which end with this task.
pub(super) async fn run(shared: Arc<Shared>, broker: BrokerId, open: mpsc::Sender<Infallible>) {
    let door = Arc::new(Door::new(shared.limits));
    let mut connections = JoinSet::new();
    // Whether the last one could not be taken: said once, not with each that follows.
    let (mut is_out, mut is_full) = (false, false);
    loop {
        let accepted = tokio::select! {
            accepted = shared.listeners.accept(broker) => accepted,
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%broker, %error, "a connection's task failed");
                }
                continue;
            }
        };
        match accepted {
            Ok((stream, peer)) => {
                is_out = false;
                match door.enter(peer.ip()) {
                    Ok(guest) => {
                        is_full = false;
                        connections.spawn(serve(
                            Arc::clone(&shared),
                            broker,
                            (stream, peer),
                            guest,
                            open.clone(),
                        ));
                    }
                    Err(limit) => {
                        shared.counters.refused.fetch_add(1, Ordering::Relaxed);
                        match std::mem::replace(&mut is_full, true) {
                            false => tracing::warn!(%peer, %broker, limit, "closing: too many connections"),
                            true => tracing::debug!(%peer, %broker, limit, "closing: too many connections"),
                        }
                    }
                }
            }
            Err(error) if is_of_one_connection(&error) => {
                tracing::debug!(%broker, %error, "a connection was gone before it was taken");
            }
            Err(error) => {
                // Out of file descriptors, most likely: others must close before it can get better.
                if !std::mem::replace(&mut is_out, true) {
                    tracing::warn!(%broker, %error, "cannot accept connections; trying on every {PAUSE:?}");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve(
    shared: Arc<Shared>,
    broker: BrokerId,
    (stream, peer): (TcpStream, SocketAddr),
    guest: Guest,
    open: mpsc::Sender<Infallible>,
) {
    connection::serve(shared, broker, stream, peer).await;
    // Dropped after the socket.
    drop((guest, open));
}

/// How long a broker takes no connections after it could not.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether the next connection may well be better.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// Counts who is connected to a broker.
struct Door {
    limits: Limits,
    inside: Mutex<BTreeMap<IpAddr, usize>>,
}

/// A place that a connection takes, until it is dropped.
struct Guest {
    door: Arc<Door>,
    ip: IpAddr,
}

impl Door {
    fn new(limits: Limits) -> Self {
        Self { limits, inside: Mutex::new(BTreeMap::new()) }
    }

    /// A place, or the name of the limit that leaves none.
    fn enter(self: &Arc<Self>, ip: IpAddr) -> Result<Guest, &'static str> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = inside.values().sum();
        if all >= self.limits.connections {
            return Err("max.connections");
        }
        let from_there = inside.get(&ip).copied().unwrap_or_default();
        if from_there >= self.limits.connections_per_ip {
            return Err("max.connections.per.ip");
        }
        inside.insert(ip, from_there + 1);
        Ok(Guest { door: Arc::clone(self), ip })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut inside = self.door.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = inside.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                inside.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ClusterConfig;

    #[test]
    fn a_place_is_free_again_when_its_guest_has_left() {
        let config = ClusterConfig::new(1).config("max.connections", "3").unwrap();
        let config = config.config("max.connections.per.ip", "2").unwrap();
        let door = Arc::new(Door::new(Limits::new(&config)));
        let ip = |last| IpAddr::from([10, 0, 0, last]);
        let guests = [door.enter(ip(1)).ok().unwrap(), door.enter(ip(1)).ok().unwrap()];
        assert_eq!(door.enter(ip(1)).err(), Some("max.connections.per.ip"));
        let other = door.enter(ip(2)).ok().unwrap();
        assert_eq!(door.enter(ip(3)).err(), Some("max.connections"));
        drop(guests);
        assert!(door.enter(ip(1)).is_ok());
        drop(other);
        assert!(door.inside.lock().unwrap().is_empty());
    }
}
