//! `milena scenarios`, and `milena broker --scenario`, with the program's own client over TCP.

use crate::harness::{Broker, run};

fn produce(broker: &Broker, line: &str, settings: &[&str]) {
    let mut arguments =
        vec!["produce", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "orders"];
    for setting in settings {
        arguments.extend(["--producer-property", setting]);
    }
    run(&arguments, format!("{line}\n").as_bytes()).ok();
}

/// So many records from the beginning.
fn consume(broker: &Broker, count: &str) -> String {
    let servers = broker.bootstrap_servers();
    let arguments = ["consume", "--bootstrap-server", servers, "--topic", "orders", "--from-beginning"];
    run(&[&arguments[..], &["--max-messages", count]].concat(), b"").ok()
}

#[test]
fn all_are_listed_with_what_happens_and_what_to_do() {
    let listed = run(&["scenarios"], b"").ok();
    for scenario in mock_broker::Scenario::all() {
        for words in [scenario.name(), scenario.happens(), scenario.remedy()] {
            assert!(listed.contains(words), "{words}");
        }
    }
}

#[test]
fn a_lost_acknowledgement_doubles_the_record_of_who_is_not_idempotent() {
    for (settings, count, expected) in
        [(&["enable.idempotence=false"][..], "4", "a\nb\nb\nc\n"), (&[], "3", "a\nb\nc\n")]
    {
        let broker = Broker::start(&["--scenario", "lost-ack"]);
        for line in ["a", "b", "c"] {
            produce(&broker, line, settings);
        }
        assert_eq!(consume(&broker, count), expected, "{settings:?}");
    }
}

#[test]
fn a_leader_that_crashes_after_acks_1_takes_the_record_with_it() {
    for (acks, expected) in [("acks=1", "b\nc\n"), ("acks=all", "a\nb\n")] {
        let broker = Broker::start(&["--scenario", "leader-crash-after-ack1"]);
        // With acks=all, this returns when the next leader has it.
        produce(&broker, "a", &[acks]);
        // With acks=1, this waits until the leader that had it is gone: nobody else copies.
        for line in ["b", "c"] {
            produce(&broker, line, &["acks=all"]);
        }
        assert_eq!(consume(&broker, "2"), expected, "{acks}");
    }
}
