//! `milena broker`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;

use crate::harness::{Broker, Run, milena, run};

#[test]
fn one_line_says_where_the_brokers_are_and_signals_end_them_cleanly() {
    for signal in ["-TERM", "-INT"] {
        let broker = Broker::start(&["--brokers", "3", "--topic", "orders:6:3"]);
        let addresses: Vec<SocketAddr> =
            broker.bootstrap_servers().split(',').map(|address| address.parse().unwrap()).collect();
        assert_eq!(addresses.len(), 3);
        for address in addresses {
            TcpStream::connect(address).unwrap();
        }
        let run = broker.end_by(signal);
        assert_eq!((run.code, run.stdout.as_slice()), (Some(0), &b""[..]), "{signal}: {run:?}");
    }
}

#[test]
fn a_port_means_itself_and_those_that_follow() {
    // Two neighbouring ports that are free now may be taken in the next moment.
    for _ in 0..50 {
        let Some(port) = free_neighbours() else { continue };
        let mut command = milena(&["broker", "--brokers", "2", "--listen", &format!("127.0.0.1:{port}")]);
        let Ok(broker) = Broker::start_as(&mut command) else { continue };
        assert_eq!(broker.ready, format!("bootstrap.servers=127.0.0.1:{port},127.0.0.1:{}", port + 1));
        return;
    }
    panic!("no two neighbouring ports are free");
}

fn free_neighbours() -> Option<u16> {
    let first = TcpListener::bind("127.0.0.1:0").ok()?;
    let port = first.local_addr().ok()?.port();
    TcpListener::bind(("127.0.0.1", port.checked_add(1)?)).ok().map(|_| port)
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = run(&["broker", "--listen", &address], b"");
    assert_eq!(run.stdout, b"");
    let complaint = run.complaint(1);
    assert!(complaint.contains(&address) && complaint.contains("in use"), "{complaint}");
}

#[test]
fn a_broker_that_cannot_say_where_it_is_fails() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = milena(&["broker", "--listen", "127.0.0.1:0"]);
    let run =
        Run::from(command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap());
    assert!(run.complaint(1).starts_with("milena: cannot say where the brokers are: "));
}

#[test]
fn clients_are_told_the_advertised_host() {
    let mut command = milena(&["broker", "--listen", "127.0.0.1:0", "--advertised-host", "localhost"]);
    let broker = Broker::start_as(&mut command).unwrap();
    assert!(broker.ready.starts_with("bootstrap.servers=localhost:"), "{}", broker.ready);
}

#[test]
fn what_cannot_be_is_refused_with_its_rule() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["--listen", "0.0.0.0:0"], &["0.0.0.0", "--advertised-host"]),
        (&["--listen", "[::]:0"], &["::", "--advertised-host"]),
        (&["--listen", "9092"], &["--listen", "HOST:PORT"]),
        (&["--listen", "127.0.0.1:65535", "--brokers", "2"], &["65535", "2 brokers"]),
        (&["--brokers", "0"], &["--brokers", "0"]),
        (&["--topic", "orders:0"], &["--topic", "orders:0", "partitions"]),
        (&["--topic", "a b:1"], &["a b"]),
        (&["--topic", "orders:1:2"], &["orders", "2"]),
        (&["--config", "num.partition=3"], &["num.partition", "num.partitions"]),
        (&["--config", "num.partitions=many"], &["num.partitions", "many"]),
        (&["--config", "num.partitions"], &["--config", "key=value"]),
        (&["--topic", "t", "--topic-config", "t:retention.mss=1"], &["retention.mss", "retention.ms"]),
        (&["--topic-config", "t:retention.ms=1"], &["--topic t"]),
        (&["--port", "1"], &["--port"]),
        (&["--expect", "at_lest n=1"], &["at_lest", "at_least"]),
        (&["--expect", "at_least n=1 on=Prodce"], &["Prodce", "Produce"]),
        (&["--expect", "at_least n=1 on=AlterPartition"], &["AlterPartition", "not served"]),
        (&["--load", "/nowhere/at/all"], &["cannot read the run /nowhere/at/all"]),
        (&["--load", "/dev/null"], &["/dev/null: byte 0: this is no recorded run"]),
        (&["--load", "/dev/null", "--topic", "t"], &["--load", "--topic"]),
        (&["--load", "/dev/null", "--scenario", "lost-ack"], &["--load", "--scenario"]),
        (&["--time", "idel"], &["idel", "idle"]),
        (&["--time", "steped"], &["steped", "the nearest is `real`"]),
        (
            &["--fault", "name=a then=close", "--fault", "name=a then=close"],
            &["two fault rules are called `a`"],
        ),
        (&["--rack", "1"], &["--rack", "BROKER=RACK"]),
        (&["--rack", "2=a"], &["no broker 2", "1 to 1"]),
        (&["--record", "/nowhere/at/all"], &["/nowhere/at/all"]),
        (&["--time", "stepped"], &["--time", "real and idle"]),
        (&["--journal", "/nowhere/at/all"], &["/nowhere/at/all"]),
        (&["--fault", "on=Produce nht=2 then=close"], &["--fault", "column 12", "`nht`", "`nth`"]),
        (&["--fault", "on=Produce then=error=NOT_LEADR"], &["column 12", "NOT_LEADR", "the nearest is"]),
        (&["--fault", "broker=2 then=refuse_connections"], &["there is no broker 2", "1 to 1"]),
        (&["--fault", "on=AlterPartition then=close"], &["AlterPartition is not served"]),
        (&["--scenario", "lost-akc"], &["--scenario", "`lost-akc`", "the nearest is `lost-ack`"]),
        (&["--scenario", "lost-ack topic=orders"], &["no topic `orders`"]),
        (&["--scenario", "lost-ack", "--brokers", "2"], &["needs 3 brokers", "has 2"]),
        (&["--rules", "/no/such/file"], &["/no/such/file", "No such file"]),
    ];
    for (arguments, words) in cases {
        let mut all = vec!["broker"];
        // Free ports unless the case is about them: whatever starts must not meet another test.
        if arguments[0] != "--listen" {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend_from_slice(arguments);
        let complaint = run(&all, b"").complaint(2);
        assert!(words.iter().all(|word| complaint.contains(word)), "{arguments:?}: {complaint}");
    }
}

#[test]
fn rules_of_a_file_and_of_the_command_line_strike() {
    let file = std::env::temp_dir().join(format!("milena-rules-{}.yaml", std::process::id()));
    std::fs::write(&file, "- {on: Metadata, nth: 2, then: drop_request}\n").unwrap();
    let path = file.to_str().unwrap();
    let rule = "on=CreateTopics topic=no then=error=POLICY_VIOLATION";
    let broker = Broker::start(&["--rules", path, "--fault", rule, "--topic", "orders"]);
    let create = |topic| {
        run(&["topics", "create", "--bootstrap-server", broker.bootstrap_servers(), "--topic", topic], b"")
    };
    assert!(create("no").complaint(1).contains("POLICY_VIOLATION"));
    create("yes").ok();

    std::fs::write(&file, "- on: Metadata\n  then: drop\n").unwrap();
    let complaint = run(&["broker", "--listen", "127.0.0.1:0", "--rules", path], b"").complaint(2);
    std::fs::remove_file(&file).unwrap();
    assert!(complaint.contains(&format!("{path}:2:3: nothing that happens is called `drop`")), "{complaint}");
}

#[test]
fn what_was_expected_and_did_not_happen_fails_with_its_story() {
    let expectations = ["only_acks=all", "at_least on=Produce topic=orders n=2", "no_unknown_request"];
    let arguments = expectations.iter().flat_map(|text| ["--expect", text]);
    let broker = Broker::start(&["--topic", "orders:1"].into_iter().chain(arguments).collect::<Vec<_>>());
    let arguments = ["produce", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "orders"];
    run(&[&arguments[..], &["--request-required-acks", "1"]].concat(), b"x\n").ok();
    let run = broker.end_by("-TERM");
    for words in [
        "expected: only_acks=all",
        "seen: 1 such request",
        "Produce v",
        "acks=leader, answered; orders-0 NONE",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("expected: no_unknown_request"), "{}", run.stderr);
    assert_eq!(run.complaint(1), "milena: 2 of 3 expectations were not met");
}

#[test]
fn the_journal_is_a_file_of_one_json_object_a_line() {
    let file = std::env::temp_dir().join(format!("milena-journal-{}.jsonl", std::process::id()));
    let broker = Broker::start(&[
        "--topic",
        "orders:1",
        "--journal",
        file.to_str().unwrap(),
        "--expect",
        "at_least n=1",
    ]);
    let arguments = ["produce", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "orders"];
    run(&arguments, b"x\n").ok();
    assert_eq!(broker.end_by("-INT").code, Some(0));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<_> = lines.iter().map(|line| line["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..lines.len() as u64).collect::<Vec<_>>());
    let produce = lines.iter().find(|line| line["api"] == "Produce").unwrap();
    assert_eq!((&produce["acks"], &produce["partitions"][0]["topic"]), (&(-1).into(), &"orders".into()));
}

#[test]
fn a_run_is_recorded_played_again_and_gone_on_from() {
    let file = std::env::temp_dir().join(format!("milena-run-{}", std::process::id()));
    let file = file.to_str().unwrap();
    let produce = |broker: &Broker, lines: &[u8]| {
        run(&["produce", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "orders"], lines).ok();
    };
    let broker = Broker::start(&["--brokers", "3", "--topic", "orders:1", "--record", file]);
    produce(&broker, b"one\ntwo\n");
    assert_eq!(broker.end_by("-TERM").code, Some(0));
    assert!(run(&["replay", file], b"").ok().contains("the same answers"));

    // Twice, so that what was gone on with is recorded too.
    for line in [&b"three\n"[..], b"four\n"] {
        let broker = Broker::start(&["--load", file, "--record", file]);
        assert_eq!(broker.bootstrap_servers().split(',').count(), 3);
        produce(&broker, line);
        assert_eq!(broker.end_by("-INT").code, Some(0));
    }
    let broker = Broker::start(&["--load", file]);
    let arguments = ["consume", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "orders"];
    let consumed = run(&[&arguments[..], &["--from-beginning", "--max-messages", "4"]].concat(), b"").ok();
    assert_eq!(consumed, "one\ntwo\nthree\nfour\n");

    let mut damaged = std::fs::read(file).unwrap();
    damaged.pop();
    std::fs::write(file, damaged).unwrap();
    assert!(run(&["replay", file], b"").complaint(2).contains("the file is damaged or cut"));
    std::fs::remove_file(file).unwrap();
}

#[test]
fn what_goes_on_from_a_run_is_expected_of_what_comes_then() {
    let file = std::env::temp_dir().join(format!("milena-run-expected-{}", std::process::id()));
    let file = file.to_str().unwrap();
    let broker = Broker::start(&["--topic", "orders:1", "--record", file]);
    run(&["produce", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "orders"], b"x\n").ok();
    assert_eq!(broker.end_by("-TERM").code, Some(0));
    let broker = Broker::start(&["--load", file, "--expect", "at_least n=1 on=Produce"]);
    let run = broker.end_by("-TERM");
    std::fs::remove_file(file).unwrap();
    assert_eq!(run.complaint(1), "milena: 1 of 1 expectations were not met");
}

#[test]
fn a_run_that_cannot_be_written_does_not_keep_the_verdict_back() {
    let directory = std::env::temp_dir().join(format!("milena-no-run-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let file = directory.join("run");
    let broker = Broker::start(&["--expect", "at_least n=1", "--record", file.to_str().unwrap()]);
    std::fs::remove_dir_all(&directory).unwrap();
    let run = broker.end_by("-TERM");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("1 of 1 expectations were not met"), "{}", run.stderr);
    assert!(run.stderr.contains("milena: cannot write the run to"), "{}", run.stderr);
}

#[test]
fn a_journal_with_holes_says_so_and_one_that_is_there_outlives_a_start_that_fails() {
    let file = std::env::temp_dir().join(format!("milena-holes-{}.jsonl", std::process::id()));
    let path = file.to_str().unwrap();
    std::fs::write(&file, "kept\n").unwrap();
    run(&["broker", "--journal", path, "--listen", "127.0.0.1:0", "--topic", "a b"], b"").complaint(2);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept\n");

    let broker = Broker::start(&["--topic", "orders:1", "--journal", path, "--journal-limit", "1"]);
    let produce = ["produce", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "orders"];
    run(&produce, b"x\n").ok();
    let run = broker.end_by("-TERM");
    std::fs::remove_file(&file).unwrap();
    assert!(run.stderr.contains("requests are missing in"), "{}", run.stderr);
}

#[test]
fn steps_that_cannot_be_taken_are_told_and_fail() {
    // The second scenario finds down what the first has crashed.
    let scenario = ["--scenario", "single-replica-down", "--scenario", "single-replica-down"];
    let broker = Broker::start(&[&scenario[..], &["--time", "idle"]].concat());
    let produce = ["produce", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "orders"];
    run(&produce, b"x\n").ok();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let run = broker.end_by("-TERM");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("a step of a scenario could not be taken: "), "{}", run.stderr);
    assert!(run.stderr.contains("steps of scenarios could not be taken"), "{}", run.stderr);
}
