//! Where the examples are played: three brokers that can be taken down.

use std::{thread, time::Duration};

use harness::{cases::Trouble, java::Java, real_cluster::RealCluster, wire::Wire};
use mock_broker::{Action, ClusterConfig, Lag, MockCluster};
use protocol::names::BrokerId;
use tokio::runtime::Runtime;

/// A cluster of the brokers 1, 2 and 3.
pub(crate) trait Place {
    /// Where a broker listens.
    fn address(&self, broker: i32) -> String;
    /// A broker dies.
    fn crash(&mut self, broker: i32) -> Result<(), String>;
    /// A broker shuts down in good order.
    fn stop(&mut self, broker: i32) -> Result<(), String>;
    /// It comes back, from either.
    fn start(&mut self, broker: i32) -> Result<(), String>;
    /// A broker copies nothing any more, until it is let go on.
    fn freeze(&mut self, broker: i32, frozen: bool) -> Result<(), String>;
    /// What metadata tells of leaders and in-sync sets is acted on from here on.
    fn settle(&self) {}
    /// Waits until a broker has appended so many records to a topic, readable or not.
    fn await_log_end(&self, topic: &str, broker: i32, end: i64) -> Result<(), String>;
}

/// The mock cluster.
pub(crate) struct Mock {
    cluster: MockCluster,
    _runtime: Runtime,
}

impl Mock {
    pub(crate) fn start() -> Result<Self, Trouble> {
        let runtime = Runtime::new().map_err(|e| e.to_string())?;
        let cluster =
            runtime.block_on(MockCluster::start(ClusterConfig::new(3))).map_err(|e| e.to_string())?;
        Ok(Self { cluster, _runtime: runtime })
    }

    fn perform(&self, action: Action) -> Result<(), String> {
        self.cluster.perform(action).map_err(|e| e.to_string())
    }
}

impl Place for Mock {
    fn address(&self, broker: i32) -> String {
        self.cluster.addresses()[broker as usize - 1].to_string()
    }

    fn crash(&mut self, broker: i32) -> Result<(), String> {
        self.perform(Action::CrashBroker(BrokerId(broker)))
    }

    fn stop(&mut self, broker: i32) -> Result<(), String> {
        self.perform(Action::StopBroker(BrokerId(broker)))
    }

    fn start(&mut self, broker: i32) -> Result<(), String> {
        self.perform(Action::StartBroker(BrokerId(broker)))
    }

    fn await_log_end(&self, topic: &str, broker: i32, end: i64) -> Result<(), String> {
        eventually(|| {
            let topics = self.cluster.topics();
            let known = topics.iter().find(|known| known.name().as_str() == topic);
            let known = known.and_then(|known| known.partitions()[0].log_end_offset(BrokerId(broker)));
            if known == Some(end) { Ok(()) } else { Err(format!("the log of {topic} ends at {known:?}")) }
        })
    }

    fn freeze(&mut self, broker: i32, frozen: bool) -> Result<(), String> {
        let lag = if frozen { Lag::Frozen } else { Lag::None };
        self.perform(Action::Lag { topic: None, partition: None, broker: BrokerId(broker), lag })
    }
}

/// Three real brokers.
pub(crate) struct Real(RealCluster);

impl Real {
    pub(crate) fn start(java: &Java) -> Result<Self, String> {
        RealCluster::start(java).map(Self)
    }
}

impl Place for Real {
    fn address(&self, broker: i32) -> String {
        self.0.address(broker)
    }

    fn crash(&mut self, broker: i32) -> Result<(), String> {
        self.0.crash(broker);
        Ok(())
    }

    fn stop(&mut self, broker: i32) -> Result<(), String> {
        self.0.stop(broker)
    }

    fn start(&mut self, broker: i32) -> Result<(), String> {
        self.0.restart(broker)
    }

    fn await_log_end(&self, _topic: &str, _broker: i32, _end: i64) -> Result<(), String> {
        // Nobody can see it, so that it must have had the time.
        thread::sleep(Duration::from_millis(500));
        Ok(())
    }

    fn settle(&self) {
        // A broker tells of a change before it has made it its own, and there is no way to see when it has.
        thread::sleep(Duration::from_millis(500));
    }

    fn freeze(&mut self, broker: i32, frozen: bool) -> Result<(), String> {
        self.0.freeze(broker, frozen)?;
        if frozen {
            // Its last request for more lies at the leader, and would be answered with what comes now: after
            // `replica.fetch.wait.max.ms` it is gone.
            thread::sleep(Duration::from_millis(700));
        }
        Ok(())
    }
}

/// Waits until a condition holds: a watchdog, not a measure. The error is what was the matter last.
pub(crate) fn eventually<T>(mut attempt: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    const PAUSE: Duration = Duration::from_millis(20);
    const ATTEMPTS: usize = 3000;
    for _ in 0..ATTEMPTS {
        if let Ok(done) = attempt() {
            return Ok(done);
        }
        thread::sleep(PAUSE);
    }
    attempt().map_err(|e| format!("after a minute still: {e}"))
}

/// Waits until a topic has this leader and these in-sync replicas.
pub(crate) fn await_replicas(
    wire: &mut Wire,
    topic: &str,
    leader: i32,
    in_sync: &[i32],
) -> Result<(), String> {
    eventually(|| {
        let partition = wire.partition(topic)?;
        let mut isr: Vec<i32> = partition.isr_nodes.iter().map(|broker| broker.0).collect();
        isr.sort_unstable();
        match (partition.leader_id.0, &isr[..]) == (leader, in_sync) {
            true => Ok(()),
            false => Err(format!("{topic}: leader {}, in sync {isr:?}", partition.leader_id)),
        }
    })
}
