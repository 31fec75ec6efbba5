//! `milena produce` and `milena consume`.

use std::io::Read;
use std::process::Stdio;

use crate::harness::{Broker, Run, Running, milena, run};

fn produce(broker: &Broker, topic: &str, more: &[&str], input: &[u8]) -> Run {
    let mut arguments = vec!["produce", "--bootstrap-server", broker.bootstrap_servers(), "--topic", topic];
    arguments.extend_from_slice(more);
    run(&arguments, input)
}

/// From the beginning, so many records.
fn consume(broker: &Broker, topic: &str, count: usize, more: &[&str]) -> Run {
    let count = count.to_string();
    let mut arguments = vec!["consume", "--bootstrap-server", broker.bootstrap_servers(), "--topic", topic];
    arguments.extend(["--from-beginning", "--max-messages", &count]);
    arguments.extend_from_slice(more);
    run(&arguments, b"")
}

#[test]
fn lines_come_back_with_keys_headers_and_nulls() {
    let broker = Broker::start(&["--topic", "orders:1"]);
    let input = "trace:1,who:me\tk1\t값\nNULL\tNULL\tno key\ntrace:NULL\tk1\tNULL\r\n";
    let options = [
        "--reader-property",
        "parse.key=true",
        "--property",
        "parse.headers=true",
        "--reader-property",
        "null.marker=NULL",
    ];
    assert_eq!(produce(&broker, "orders", &options, input.as_bytes()).ok(), "");

    let options = [
        "--formatter-property",
        "print.key=true",
        "--property",
        "print.headers=true",
        "--formatter-property",
        "print.offset=true",
        "--formatter-property",
        "print.partition=true",
    ];
    let run = consume(&broker, "orders", 3, &options);
    assert!(run.stderr.ends_with("Processed a total of 3 messages\n"), "{}", run.stderr);
    let expected = "Partition:0\tOffset:0\ttrace:1,who:me\tk1\t값\n\
        Partition:0\tOffset:1\tNO_HEADERS\tnull\tno key\n\
        Partition:0\tOffset:2\ttrace:null\tk1\tnull\n";
    assert_eq!(run.ok(), expected);
}

#[test]
fn every_codec_and_every_acks_brings_all_lines_in_order() {
    let broker = Broker::start(&["--brokers", "3"]);
    let lines: String = (0..20_000).map(|number| format!("line {number}\n")).collect();
    for (index, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].iter().enumerate() {
        for acks in ["1", "all", "-1"] {
            let topic = format!("{codec}{index}{acks}");
            let create =
                ["topics", "create", "--bootstrap-server", broker.bootstrap_servers(), "--topic", &topic];
            run(&create, b"").ok();
            let options = ["--compression-codec", codec, "--request-required-acks", acks];
            assert_eq!(produce(&broker, &topic, &options, lines.as_bytes()).ok(), "");
            assert_eq!(consume(&broker, &topic, 20_000, &[]).ok(), lines, "{topic}");
        }
    }
}

#[test]
fn settings_of_the_producer_go_by_kafkas_keys() {
    let broker = Broker::start(&["--topic", "t:1"]);
    for option in ["--command-property", "--producer-property", "--producer-props"] {
        let options = [option, "compression.type=lz4", option, "linger.ms=0", "--sync"];
        assert_eq!(produce(&broker, "t", &options, b"x\n").ok(), "");
    }
    assert_eq!(consume(&broker, "t", 3, &[]).ok(), "x\nx\nx\n");
    let complaint = produce(&broker, "t", &["--command-property", "linger.mss=0"], b"x\n").complaint(2);
    assert!(complaint.contains("linger.mss") && complaint.contains("linger.ms"), "{complaint}");
    let complaint = produce(&broker, "t", &["--request-required-acks", "2"], b"x\n").complaint(2);
    assert!(complaint.contains("acks"), "{complaint}");
    let complaint = produce(&broker, "t", &["--reader-property", "parse.keys=true"], b"x\n").complaint(2);
    assert!(complaint.contains("parse.keys"), "{complaint}");
}

#[test]
fn a_line_that_cannot_be_read_ends_it_and_what_came_before_is_sent() {
    let broker = Broker::start(&["--topic", "t:1"]);
    let options = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=|"];
    let complaint = produce(&broker, "t", &options, b"k|v\nno key\nk|w\n").complaint(1);
    assert_eq!(complaint, "milena: line 2: no key separator \"|\" in \"no key\"");
    assert_eq!(consume(&broker, "t", 1, &["--formatter-property", "print.key=true"]).ok(), "k\tv\n");
}

#[test]
fn records_that_are_not_delivered_are_counted_with_the_reason() {
    let broker = Broker::start(&["--topic", "small:1", "--topic-config", "small:max.message.bytes=1000"]);
    let input = format!("fits\n{}\nfits too\n", "x".repeat(2000));
    let run = produce(&broker, "small", &["--sync"], input.as_bytes());
    let complaint = run.complaint(1);
    assert!(complaint.starts_with("milena: 1 of 3 records were not delivered to small at "), "{complaint}");
    assert!(complaint.contains("MESSAGE_TOO_LARGE"), "{complaint}");
    assert_eq!(consume(&broker, "small", 2, &[]).ok(), "fits\nfits too\n");
}

#[test]
fn two_things_that_go_wrong_are_both_told() {
    let broker = Broker::start(&["--topic", "small:1", "--topic-config", "small:max.message.bytes=1000"]);
    let options = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=|"];
    let input = format!("k|{}\nno key\nk|v\n", "x".repeat(2000));
    let complaint = produce(&broker, "small", &options, input.as_bytes()).complaint(1);
    assert!(complaint.starts_with("milena: line 2: no key separator"), "{complaint}");
    assert!(complaint.contains("; 1 of 1 records were not delivered to small"), "{complaint}");
}

#[test]
fn consume_begins_and_ends_where_it_is_told() {
    let broker = Broker::start(&["--topic", "t:2"]);
    for round in ["a", "b"] {
        produce(&broker, "t", &[], format!("{round}:0\n{round}:1\n{round}:2\n").as_bytes()).ok();
    }
    let of = |more: &[&str]| {
        let mut arguments = vec!["consume", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "t"];
        arguments.extend_from_slice(more);
        run(&arguments, b"")
    };
    let all = of(&["--from-beginning", "--max-messages", "6"]).ok();
    assert_eq!(all.lines().count(), 6);
    let timeout = ["--timeout-ms", "300"];
    let of_partitions: Vec<String> = ["0", "1"]
        .iter()
        .map(|partition| {
            of(&[&["--partition", partition, "--offset", "earliest"], &timeout[..]].concat()).ok()
        })
        .collect();
    assert_eq!(of_partitions.concat().lines().count(), 6);
    let (index, full) = of_partitions.iter().enumerate().max_by_key(|(_, text)| text.len()).unwrap();
    let partition = index.to_string();
    let from_second = of(&[&["--partition", &partition, "--offset", "1"], &timeout[..]].concat()).ok();
    assert_eq!(from_second, full.split_once('\n').unwrap().1);
    for at_end in [&["--partition", &partition, "--offset", "latest"][..], &["--partition", &partition], &[]]
    {
        assert_eq!(of(&[at_end, &timeout[..]].concat()).ok(), "");
    }

    assert!(of(&["--offset", "0"]).complaint(2).contains("--partition"));
    assert!(of(&["--partition", "0", "--offset", "-1"]).complaint(2).contains("--offset"));
    assert!(of(&["--partition", "2"]).complaint(1).contains("partition t-2"));
    assert!(of(&["--value-deserializer", "avro"]).complaint(2).contains("avro"));
    let wrong = of(&["--from-beginning", "--value-deserializer", "long"]).complaint(1);
    assert!(wrong.contains("value: 3 bytes where there must be 8"), "{wrong}");
    let skipped =
        of(&[&["--from-beginning", "--value-deserializer", "long", "--skip-message-on-error"], &timeout[..]]
            .concat());
    assert_eq!(skipped.ok(), "");
}

#[test]
fn an_unknown_topic_is_named() {
    let broker = Broker::start(&["--config", "auto.create.topics.enable=false"]);
    let complaint = consume(&broker, "nope", 1, &[]).complaint(1);
    assert!(complaint.contains("topic nope: UNKNOWN_TOPIC_OR_PARTITION"), "{complaint}");
    let complaint = produce(&broker, "nope", &["--max-block-ms", "300"], b"x\n").complaint(1);
    assert!(complaint.contains("1 of 1 records were not delivered to nope"), "{complaint}");
}

#[test]
fn settings_of_the_consumer_go_by_kafkas_keys() {
    let broker = Broker::start(&["--topic", "t:1"]);
    produce(&broker, "t", &[], b"x\ny\n").ok();
    let of = |more: &[&str]| {
        let mut arguments = vec!["consume", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "t"];
        arguments.extend_from_slice(more);
        run(&arguments, b"")
    };
    // As Kafka's tool has it: below 0 is no bound.
    let all = ["--max-messages", "-1", "--timeout-ms", "300"];
    for option in ["--command-property", "--consumer-property"] {
        let earliest = [option, "auto.offset.reset=earliest", option, "fetch.max.bytes=1"];
        assert_eq!(of(&[&all, &earliest[..]].concat()).ok(), "x\ny\n");
    }
    assert_eq!(of(&["--from-beginning", "--max-messages", "2", "--timeout-ms", "-1"]).ok(), "x\ny\n");
    let file = std::env::temp_dir().join(format!("milena-consumer-{}", std::process::id()));
    std::fs::write(&file, "auto.offset.reset=none\n").unwrap();
    for option in ["--command-config", "--consumer.config"] {
        let complaint = of(&[option, file.to_str().unwrap()]).complaint(2);
        assert!(complaint.contains("auto.offset.reset=none"), "{complaint}");
    }
    std::fs::write(&file, "security.protocol=SSL\n").unwrap();
    let file_name = file.to_str().unwrap();
    let servers = ["--bootstrap-server", broker.bootstrap_servers()];
    let topics = run(&[&["topics", "list", "--command-config", file_name], &servers[..]].concat(), b"");
    std::fs::remove_file(&file).unwrap();
    assert!(topics.complaint(2).contains("security.protocol=SSL: it is PLAINTEXT"));
    assert!(of(&["--command-property", "group.id=g"]).complaint(2).contains("there is no such setting here"));
}

#[test]
fn consume_tells_of_a_topic_that_is_gone() {
    let broker = Broker::start(&["--topic", "t:1"]);
    produce(&broker, "t", &[], b"x\n").ok();
    let servers = ["--bootstrap-server", broker.bootstrap_servers(), "--topic", "t"];
    let mut running = Running::start(&mut milena(&[&["consume", "--from-beginning"], &servers[..]].concat()));
    running.child.stdout.as_mut().unwrap().read_exact(&mut [0; 2]).unwrap();
    run(&[&["topics", "delete"], &servers[..]].concat(), b"").ok();
    running.wait_for("asking again");
    running.signal("-TERM");
    let run = running.end();
    assert!(run.stderr.contains("UNKNOWN_TOPIC"), "{run:?}");
    run.ok();
}

#[test]
fn consume_ends_quietly_when_nobody_reads_on() {
    let broker = Broker::start(&["--topic", "t:1"]);
    let lines = "a line of some length\n".repeat(50_000);
    produce(&broker, "t", &["--command-property", "batch.size=1000000"], lines.as_bytes()).ok();
    let arguments =
        ["consume", "--bootstrap-server", broker.bootstrap_servers(), "--topic", "t", "--from-beginning"];
    let mut child = milena(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0));
    assert!(!run.stderr.contains("milena:"), "{}", run.stderr);
}
