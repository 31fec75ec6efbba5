//! SIGINT and SIGTERM, whatever the program is waiting for.

use std::io::{Read, Write};
use std::time::Duration;

use milena::reader::{Partitions, Reader, Start};
use mock_broker::{ClusterConfig, Fault, MockCluster, Reaction};
use protocol::ApiKey;

use crate::harness::{Broker, Running, milena, run};

#[test]
fn produce_ends_while_no_broker_is_there() {
    let arguments = ["produce", "--bootstrap-server", "127.0.0.1:1", "--topic", "t"];
    let mut running = Running::start(milena(&arguments).args(["--log-level", "trace"]));
    running.child.stdin.as_mut().unwrap().write_all("a line\n".repeat(20).as_bytes()).unwrap();
    running.wait_for("line 1");
    running.signal("-TERM");
    assert_eq!(running.end().complaint(1), "milena: SIGTERM while line 1 was sent; no more was");
}

#[test]
fn produce_ends_well_if_all_it_read_is_sent() {
    let broker = Broker::start(&["--topic", "t:1"]);
    let arguments = ["produce", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "t"];
    let mut running = Running::start(&mut milena(&arguments));
    running.child.stdin.as_mut().unwrap().write_all(b"x\n").unwrap();
    let arguments = ["consume", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "t"];
    let consume = run(&[&arguments[..], &["--from-beginning", "--max-messages", "1"]].concat(), b"");
    assert_eq!(consume.ok(), "x\n");
    running.signal("-INT");
    running.end().ok();
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_records_in_flight() {
    let cluster = MockCluster::start(ClusterConfig::new(1).topic("t", 1)).await.unwrap();
    let never = Reaction::DelayAfter(Duration::from_secs(3600));
    cluster.add_fault(Fault::on(ApiKey::PRODUCE).then(never));
    let servers = cluster.bootstrap_servers();
    let mut running =
        Running::start(&mut milena(&["produce", "--bootstrap-server", &servers, "--topic", "t"]));
    running.child.stdin.as_mut().unwrap().write_all(b"x\n").unwrap();
    // When it can be read it is in flight.
    let mut reader = Reader::connect(&servers).await.unwrap();
    reader.assign("t", Partitions::All, Start::Earliest).await.unwrap();
    reader.next().await.unwrap();

    running.signal("-TERM");
    running.wait_for("waiting up to 5 s");
    running.signal("-INT");
    assert_eq!(running.end().complaint(130), "milena: ended by a second signal, SIGINT");
}

#[test]
fn consume_ends_while_nobody_reads_what_it_prints() {
    let broker = Broker::start(&["--topic", "t:1"]);
    let servers = ["--bootstrap-server", broker.bootstrap_servers(), "--topic", "t"];
    // More than a pipe holds.
    let lines = "a line of some length\n".repeat(50_000);
    run(&[&["produce"], &servers[..]].concat(), lines.as_bytes()).ok();
    let mut running = Running::start(&mut milena(&[&["consume", "--from-beginning"], &servers[..]].concat()));
    running.child.stdout.as_mut().unwrap().read_exact(&mut [0; 100]).unwrap();
    running.signal("-TERM");
    let complaint = running.end().complaint(1);
    assert_eq!(complaint, "milena: SIGTERM while nobody read standard output: the last of it is lost");
}
