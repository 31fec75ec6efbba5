//! Fault rules of a running cluster.

use std::time::Duration;

use super::MockCluster;
use crate::fault::{Fault, FaultId};

impl MockCluster {
    /// Adds a fault rule.
    pub fn add_fault(&self, fault: Fault) -> FaultId {
        self.with(|cluster| cluster.add_fault(fault))
    }

    /// Puts another fault rule in the place of one; whether it was there. Its counters begin anew.
    pub fn replace_fault(&self, id: FaultId, fault: Fault) -> bool {
        self.with(|cluster| cluster.replace_fault(id, fault))
    }

    /// Takes a fault rule away, and lets go what it holds back; whether it was there.
    pub fn remove_fault(&self, id: FaultId) -> bool {
        self.with(|cluster| cluster.remove_fault(id))
    }

    /// Lets a fault rule strike no more, and lets go what it holds back; its counter stays. Whether it could strike until
    /// now.
    pub fn release_fault(&self, id: FaultId) -> bool {
        self.with(|cluster| cluster.release_fault(id))
    }

    /// How often a fault rule has struck, if it is there.
    #[must_use]
    pub fn fault_hits(&self, id: FaultId) -> Option<u64> {
        self.with(|cluster| cluster.fault_hits(id))
    }

    /// The first fault rule of this name.
    #[must_use]
    pub fn fault_named(&self, name: &str) -> Option<FaultId> {
        self.with(|cluster| cluster.fault_named(name))
    }

    /// Waits until a fault rule has struck so often, but no longer than `timeout`; whether it has. A rule that is not
    /// there never does.
    pub async fn wait_for_hits(&self, id: FaultId, hits: u64, timeout: Duration) -> bool {
        let enough = async {
            loop {
                // Listening before looking: nothing that happens between the two is missed.
                let mut struck = std::pin::pin!(self.shared.struck.notified());
                struck.as_mut().enable();
                if self.fault_hits(id).is_some_and(|count| count >= hits) {
                    return;
                }
                struck.await;
            }
        };
        tokio::time::timeout(timeout, enough).await.is_ok()
    }
}
