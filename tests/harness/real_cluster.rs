//! Three real Kafka nodes whose brokers can be taken down: 1 is broker and the only controller, 2 and 3 are brokers.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use crate::{
    java::Java,
    real_kafka::{self, Node, Roles},
    tools,
};

/// A running cluster. Its nodes are killed, and its folder removed, when this is dropped.
#[derive(Debug)]
pub struct RealCluster {
    java: Java,
    dir: PathBuf,
    controller: u16,
    ports: [u16; 3],
    nodes: [Option<Node>; 3],
}

/// A broker that says nothing for so long is taken for dead: Kafka's default is 9 s.
const SESSION_TIMEOUT: Duration = Duration::from_secs(3);

impl RealCluster {
    /// Formats and starts the nodes; returns when they take requests.
    ///
    /// # Errors
    /// The reason and the end of a node's log.
    pub fn start(java: &Java) -> Result<Self, String> {
        real_kafka::with_free_ports(|| {
            let [controller, ports @ ..]: [u16; 4] = real_kafka::free_ports();
            let dir = tools::cache_dir(&format!("cluster-{}-{controller}", std::process::id()));
            let mut cluster = Self { java: java.clone(), dir, controller, ports, nodes: [const { None }; 3] };
            for broker in 1..=3 {
                cluster.restart(broker)?;
            }
            Ok(cluster)
        })
    }

    /// The addresses of all brokers, for `bootstrap.servers`.
    pub fn bootstrap_servers(&self) -> String {
        self.ports.map(|port| format!("127.0.0.1:{port}")).join(",")
    }

    /// Where a broker listens.
    pub fn address(&self, broker: i32) -> String {
        format!("127.0.0.1:{}", self.ports[place(broker)])
    }

    /// Kills a broker without warning; its data stays.
    pub fn crash(&mut self, broker: i32) {
        if let Some(mut node) = self.nodes[place(broker)].take() {
            node.kill();
        }
    }

    /// Ends a broker as its administrator would: it hands over what it leads, and closes its log. Returns when it is gone.
    ///
    /// # Errors
    /// The system has no way to ask it to.
    pub fn stop(&mut self, broker: i32) -> Result<(), String> {
        self.signal(broker, "-TERM")?;
        if let Some(mut node) = self.nodes[place(broker)].take() {
            node.wait();
        }
        Ok(())
    }

    /// Starts a broker that does not run, on its old port and data; returns when it takes requests.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn restart(&mut self, broker: i32) -> Result<(), String> {
        if self.nodes[place(broker)].is_some() {
            return Ok(());
        }
        let dir = self.dir.join(format!("node-{broker}"));
        fs::create_dir_all(&dir).expect("the cache can be written to");
        let roles = if broker == 1 { Roles::Both } else { Roles::Broker };
        let mut properties =
            real_kafka::properties(&dir, roles, broker, self.ports[place(broker)], self.controller);
        let session = SESSION_TIMEOUT.as_millis();
        properties += &format!("broker.session.timeout.ms={session}\nbroker.heartbeat.interval.ms=300\n");
        self.nodes[place(broker)] = Some(Node::start(&self.java, &dir, &properties)?);
        Ok(())
    }

    /// Freezes a broker, with its connections as they are, or lets it go on.
    ///
    /// # Errors
    /// The system has no way to do that.
    pub fn freeze(&self, broker: i32, frozen: bool) -> Result<(), String> {
        self.signal(broker, if frozen { "-STOP" } else { "-CONT" })
    }

    fn signal(&self, broker: i32, signal: &str) -> Result<(), String> {
        let node = self.nodes[place(broker)].as_ref().ok_or("the broker does not run")?;
        let mut kill = Command::new("kill");
        tools::run(kill.args([signal, &node.id().to_string()])).map(drop)
    }
}

impl Drop for RealCluster {
    fn drop(&mut self) {
        for node in self.nodes.iter_mut().flatten() {
            node.kill();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn place(broker: i32) -> usize {
    broker as usize - 1
}
