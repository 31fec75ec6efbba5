//! `milena topics`.

use crate::harness::{Broker, run};

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
