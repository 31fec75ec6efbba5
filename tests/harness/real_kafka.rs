//! A real Apache Kafka: one node that is broker and controller (KRaft), from Maven's jars, on loopback.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::mpsc::channel,
    time::Duration,
};

use crate::{java::Java, server::LastLines, tools};

/// A running broker. It is killed, and its folder removed, when this is dropped.
#[derive(Debug)]
pub struct RealKafka {
    node: Node,
    dir: PathBuf,
    port: u16,
}

impl RealKafka {
    /// Formats and starts a broker; returns when it takes requests.
    ///
    /// # Errors
    /// The reason and the end of its log. (A missing jar is found earlier, by [`Java::with_kafka`].)
    pub fn start(java: &Java) -> Result<Self, String> {
        with_free_ports(|| {
            let [port, controller] = free_ports();
            let dir = tools::cache_dir(&format!("broker-{}-{port}", std::process::id()));
            let properties = properties(&dir, Roles::Both, 1, port, controller);
            let node = Node::start(java, &dir, &properties)?;
            Ok(Self { node, dir, port })
        })
    }

    /// Its address, for `bootstrap.servers`.
    pub fn bootstrap_servers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for RealKafka {
    fn drop(&mut self) {
        self.node.kill();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// A node's process.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
}

impl Node {
    /// Formats the node's folder, unless it is, and starts the node; returns when it takes requests.
    pub(crate) fn start(java: &Java, dir: &Path, properties: &str) -> Result<Self, String> {
        let classes = java.compile("Broker", include_str!("Broker.java"))?;
        let file = dir.join("server.properties");
        fs::write(&file, properties).expect("the cache can be written to");

        let mut command = java.command(&classes, "Broker");
        command.arg(file).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("java does not start: {e}"))?;
        let log = LastLines::default();
        let (sender, ready) = channel();
        log.follow(child.stdout.take().expect("standard output is piped"), |_| {});
        log.follow(child.stderr.take().expect("standard error is piped"), move |line| {
            // It comes after the broker is unfenced and its sockets accept.
            if line.contains("Kafka Server started") {
                let _ = sender.send(());
            }
        });

        let mut node = Self { child };
        // A watchdog: a start takes two seconds. The channel also closes when the broker dies.
        match ready.recv_timeout(Duration::from_secs(60)) {
            Ok(()) => Ok(node),
            Err(e) => {
                node.kill();
                Err(format!("the real broker is not ready: {e}:\n{log}"))
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) {
        // Waiting would close it, and that ends the node at once.
        let input = self.child.stdin.take();
        let _ = self.child.wait();
        drop(input);
    }

    /// Ends it without any farewell.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tries again if a port that was free is not any more: between finding it and the broker's bind, another program may have
/// taken it.
pub(crate) fn with_free_ports<T>(start: impl Fn() -> Result<T, String>) -> Result<T, String> {
    let mut attempts = 3;
    loop {
        attempts -= 1;
        match start() {
            Err(e) if attempts > 0 && e.contains("Address already in use") => {}
            result => return result,
        }
    }
}

pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    // All are held until all are known, so that they differ.
    let sockets =
        [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port"));
    sockets.map(|socket| socket.local_addr().expect("it is bound").port())
}

/// What a node is in its cluster; node 1 is the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Roles {
    Both,
    Broker,
}

/// The settings of a node, one a line.
pub(crate) fn properties(dir: &Path, roles: Roles, id: i32, port: u16, controller: u16) -> String {
    let (roles, listeners) = match roles {
        Roles::Both => ("broker,controller", format!(",CONTROLLER://127.0.0.1:{controller}")),
        Roles::Broker => ("broker", String::new()),
    };
    format!(
        "process.roles={roles}\n\
         node.id={id}\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         controller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAINTEXT\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         listeners=PLAINTEXT://127.0.0.1:{port}{listeners}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         log.dirs={}/data\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\n\
         # The records of the tests carry times of years ago.\n\
         log.retention.ms=-1\n\
         log.cleaner.dedupe.buffer.size=2097152\n\
         num.io.threads=4\n\
         num.network.threads=2\n",
        dir.display()
    )
}
