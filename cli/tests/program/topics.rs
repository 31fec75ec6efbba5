//! `milena topics`.

use std::net::TcpListener;

use mock_broker::{ClusterConfig, Fault, MockCluster, Reaction};
use protocol::{ApiKey, ErrorCode};

use crate::harness::{Broker, Running, milena, run};

#[test]
fn topics_are_created_listed_described_and_deleted() {
    let broker = Broker::start(&["--brokers", "3", "--topic", "audit"]);
    let topics = |action: &str, more: &[&str]| {
        let mut arguments = vec!["topics", action, "--bootstrap-server", broker.bootstrap_servers()];
        arguments.extend_from_slice(more);
        run(&arguments, b"")
    };
    let create =
        ["--topic", "orders", "--partitions", "2", "--replication-factor", "3", "--config", "retention.ms=1"];
    assert_eq!(topics("create", &create).ok(), "Created topic orders.\n");
    assert!(topics("create", &create).complaint(1).contains("topic orders: TOPIC_ALREADY_EXISTS"));
    assert_eq!(topics("create", &["--topic", "orders", "--if-not-exists"]).ok(), "");
    assert_eq!(topics("list", &[]).ok(), "audit\norders\n");

    let described = topics("describe", &["--topic", "orders"]).ok();
    let lines: Vec<Vec<&str>> = described.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), 3, "{described}");
    assert_eq!(lines[0][0], "Topic: orders");
    assert_eq!(lines[0][2..], ["PartitionCount: 2", "ReplicationFactor: 3"]);
    assert_eq!(lines[2][..3], ["", "Topic: orders", "Partition: 1"]);
    assert_eq!(lines[2][4].matches(',').count(), 2, "three replicas in {described}");

    assert_eq!(topics("delete", &["--topic", "orders"]).ok(), "");
    assert_eq!(topics("list", &[]).ok(), "audit\n");
    assert!(topics("delete", &["--topic", "orders"]).complaint(1).contains("UNKNOWN_TOPIC_OR_PARTITION"));
    assert_eq!(topics("delete", &["--topic", "orders", "--if-exists"]).ok(), "");
    assert!(topics("describe", &["--topic", "orders"]).complaint(1).contains("topic orders"));
    assert_eq!(topics("describe", &["--topic", "orders", "--if-exists"]).ok(), "");
}

#[test]
fn a_topic_that_cannot_be_is_refused_with_its_rule() {
    let broker = Broker::start(&[]);
    let cases: &[(&[&str], &str)] = &[
        (&["--topic", "a b"], "INVALID_TOPIC_EXCEPTION"),
        (&["--topic", "t", "--replication-factor", "2"], "INVALID_REPLICATION_FACTOR"),
        (&["--topic", "t", "--config", "retention.mss=1"], "retention.mss"),
        (&["--topic", "t", "--config", "retention.ms=soon"], "retention.ms"),
    ];
    for (arguments, word) in cases {
        let mut all = vec!["topics", "create", "--bootstrap-server", broker.bootstrap_servers()];
        all.extend_from_slice(arguments);
        let complaint = run(&all, b"").complaint(1);
        assert!(complaint.contains(word), "{arguments:?}: {complaint}");
    }
}

#[test]
fn a_cluster_that_is_not_there_is_named_with_the_reason() {
    let complaint =
        run(&["topics", "list", "--bootstrap-server", "127.0.0.1:1,127.0.0.1:2"], b"").complaint(1);
    assert_eq!(complaint.matches("Connection refused").count(), 2, "{complaint}");
    assert!(complaint.contains("127.0.0.1:1") && complaint.contains("127.0.0.1:2"), "{complaint}");
}

#[test]
fn a_hint_is_told_apart_from_what_is_wrong() {
    let complaint = run(&["topics", "crate"], b"").complaint(2);
    let expected = "milena: unrecognized subcommand 'crate'; a similar subcommand exists: 'create'; \
        `milena topics --help` tells more";
    assert_eq!(complaint, expected);
}

#[test]
fn a_broker_that_says_nothing_is_named_while_it_is_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let mut running = Running::start(&mut milena(&["topics", "list", "--bootstrap-server", &address]));
    running.wait_for(&format!("{address}: no answer yet"));
    drop(silent);
    assert!(running.end().complaint(1).contains(&address));
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_or_that_has_another_controller_is_made_all_the_same() {
    let cases = [Reaction::DropResponse, Reaction::DropRequest, Reaction::Fail(ErrorCode::NOT_CONTROLLER)];
    for reaction in cases {
        let cluster = MockCluster::start(ClusterConfig::new(3)).await.unwrap();
        let servers = cluster.bootstrap_servers();
        for (action, api) in [("create", ApiKey::CREATE_TOPICS), ("delete", ApiKey::DELETE_TOPICS)] {
            let fault = cluster.add_fault(Fault::on(api).first(1).then(reaction.clone()));
            let arguments = ["topics", action, "--bootstrap-server", &servers, "--topic", "t"];
            let arguments = arguments.map(str::to_owned);
            let run = move || run(&arguments.each_ref().map(String::as_str), b"");
            tokio::task::spawn_blocking(run).await.unwrap().ok();
            assert_eq!(cluster.fault_hits(fault), Some(1), "{action} {reaction:?}");
        }
    }
}
