//! The journal: which requests are found in it, what is expected of them, and how that is told.

use milena_mock_broker::{ClusterConfig, Expectation, Fault, Filter, Input, Outcome, Reaction};
use protocol::messages::{CreateTopicsRequest, MetadataRequest, create_topics::CreatableTopic};
use protocol::names::{Acks, BrokerId, ProducerId};
use protocol::{ApiKey, Bytes, ErrorCode};

use crate::client::{World, batch, sequenced};

/// A cluster of which was asked: four times Produce, once Metadata and once CreateTopics.
fn world() -> World {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 2).topic("audit", 1));
    let connection = world.connect(1);
    world.produce(connection, "orders", 0, -1, Some(batch(1)));
    world.produce(connection, "orders", 1, 1, Some(sequenced(2, (ProducerId(7), 0), 0)));
    world.produce(connection, "nowhere", 0, -1, Some(batch(1)));
    world.produce(connection, "audit", 0, 0, Some(batch(1)));
    world.ask(connection, 12, &MetadataRequest::default());
    let topics = vec![CreatableTopic {
        name: "audit".into(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    }];
    world.ask(connection, 7, &CreateTopicsRequest { topics, ..Default::default() });
    world
}

fn count(world: &World, filter: &str) -> usize {
    world.cluster.journal().matching(&filter.parse().unwrap()).count()
}

#[test]
fn filters_name_requests_by_what_was_asked_and_what_came_of_it() {
    let world = world();
    let cases = [
        ("", 6),
        ("on=any", 6),
        ("on=Produce", 4),
        ("on=Produce acks=all", 2),
        ("acks=leader", 1),
        ("acks=0", 1),
        ("on=Produce topic=orders", 2),
        ("topic=orders partition=1", 1),
        ("producer_id=7", 1),
        ("producer_id=7 partition=0", 0),
        ("error=UNKNOWN_TOPIC_OR_PARTITION", 1),
        ("topic=orders error=UNKNOWN_TOPIC_OR_PARTITION", 0),
        ("topic=audit error=TOPIC_ALREADY_EXISTS", 1),
        ("error=NONE", 4),
        ("outcome=unanswered", 1),
        ("versions=9", 4),
        ("versions=10+", 1),
        ("client_id=test broker=1 connection=1", 6),
        ("client_id=other", 0),
        ("broker=2", 0),
    ];
    for (filter, expected) in cases {
        assert_eq!(count(&world, filter), expected, "{filter}");
    }
}

#[test]
fn a_filter_is_read_back_from_its_text() {
    let filter = Filter::on(ApiKey::PRODUCE)
        .versions(3..=9)
        .client_id("my app")
        .broker(BrokerId(1))
        .connection(3)
        .topic("orders")
        .partition(0)
        .producer_id(ProducerId(7))
        .acks(Acks::LEADER)
        .error(ErrorCode::NONE)
        .outcome(Outcome::Closed);
    let text = "on=Produce versions=3-9 client_id=\"my app\" broker=1 connection=3 topic=orders partition=0 \
                producer_id=7 acks=leader error=NONE outcome=closed";
    assert_eq!(filter.to_string(), text);
    assert_eq!(text.parse(), Ok(filter));
    assert_eq!(Filter::any().to_string().parse(), Ok(Filter::any()));
}

#[test]
fn words_that_are_unknown_are_refused_with_the_nearest() {
    for (text, told) in [
        ("on=Produc", "column 1: no API is called `Produc`; the nearest is `Produce`"),
        ("on=Produce topik=a", "column 12: a filter has no word `topik`; the nearest is `topic`"),
        ("acks=al", "column 1: acks cannot be `al`; the nearest is `all`"),
        ("outcome=close", "column 1: no request ends with `close`; the nearest is `closed`"),
        ("on=Fetch on=Fetch", "column 10: `on` is said twice"),
        ("topic", "column 1: `topic` lacks its value"),
    ] {
        assert_eq!(text.parse::<Filter>().unwrap_err().to_string(), told);
    }
    for (text, told) in [
        ("", "an expectation begins with one of no_unknown_request,"),
        ("at_lest n=1", "column 1: nothing is expected with `at_lest`; the nearest is `at_least`"),
        ("at_least on=Produce", "column 1: `at_least` lacks its number: at_least n=3"),
        ("at_least n=x", "column 10: `x` is not a whole number"),
        ("no_duplicate n=3", "column 14: `no_duplicate` has no word `n`; the nearest is `on`"),
        ("only_acks", "column 1: `only_acks` lacks its value: only_acks=all"),
        ("exactly=3", "column 1: `exactly` has no value"),
        (
            "offsets_committed group=g",
            "column 1: `offsets_committed` is said so: at_least n=1 on=OffsetCommit topic=… error=NONE",
        ),
    ] {
        let error = text.parse::<Expectation>().unwrap_err().to_string();
        assert!(error.starts_with(told), "{text}: {error}");
    }
}

#[test]
fn an_expectation_that_cannot_apply_is_refused() {
    let config =
        ClusterConfig::new(3).topic("orders", 1).config("auto.create.topics.enable", "false").unwrap();
    let world = World::new(config);
    for (text, told) in [
        ("at_least n=1 on=AlterPartition", "AlterPartition is not served here"),
        ("only_acks=all on=Fetch", "goes only with on=Produce"),
        ("no_unknown_request broker=4", "there is no broker 4; they are 1 to 3"),
        ("at_least n=1 topic=ordres", "there is no topic `ordres`; the nearest is `orders`"),
    ] {
        let error = world.cluster.check_expectation(&text.parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
    assert!(world.cluster.check_expectation(&"at_least n=1 topic=orders".parse().unwrap()).is_ok());
}

#[test]
fn expectations_are_met_or_tell_a_story() {
    let world = world();
    let check = |text: &str| text.parse::<Expectation>().unwrap().check(world.cluster.journal());
    for met in [
        "no_unknown_request",
        "no_duplicate",
        "only_acks=all topic=nowhere",
        "at_least on=Produce n=4",
        "at_most on=Fetch n=0",
        "exactly n=2 acks=all",
    ] {
        assert_eq!(check(met), Ok(()), "{met}");
    }
    let story = check("only_acks=all").unwrap_err().to_string();
    let lines: Vec<_> = story.lines().collect();
    assert_eq!(lines[..2], ["expected: only_acks=all", "    seen: 2 of 6 requests want other acks"]);
    assert_eq!(
        lines[2..],
        [
            "  #1 +0.000s broker 1 connection 1 \"test\": Produce v9 acks=leader, answered; orders-1 NONE at offset 0 (2 records)",
            "  #3 +0.000s broker 1 connection 1 \"test\": Produce v9 acks=none, unanswered; audit-0 NONE at offset 0 (1 records)",
        ]
    );
    let seen = |text| check(text).unwrap_err().seen().to_owned();
    assert_eq!(seen("at_least n=5 on=Produce"), "4 such requests");
    assert_eq!(seen("at_least n=1 on=Fetch"), "none of 6 requests is Fetch");
    assert_eq!(seen("at_least n=1 on=Produce topic=invoices"), "none, but 4 other Produce requests");
    assert_eq!(seen("at_most n=3 on=Produce"), "4 such requests");
    assert_eq!(seen("exactly n=1 on=Produce"), "4 such requests");
}

#[test]
fn a_batch_that_was_stored_twice_is_told_and_a_recognised_duplicate_is_not() {
    let no_duplicate = Expectation::NoDuplicate(Filter::any());
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    let connection = world.connect(1);
    let sequenced = sequenced(1, (ProducerId(7), 0), 0);
    for _ in 0..2 {
        world.produce(connection, "orders", 0, -1, Some(sequenced.clone()));
    }
    assert_eq!(no_duplicate.check(world.cluster.journal()), Ok(()));
    for _ in 0..2 {
        world.produce(connection, "orders", 0, -1, Some(batch(1)));
    }
    let story = no_duplicate.check(world.cluster.journal()).unwrap_err().to_string();
    assert!(story.contains("\n  #2 ") && story.contains("\n  #3 ") && !story.contains("\n  #1 "), "{story}");
}

#[test]
fn what_is_not_served_or_cannot_be_read_stands_in_the_journal_too() {
    let mut world = World::new(ClusterConfig::new(1));
    for frame in [&b"\x7d\0\0\x01\0\0\0\x05"[..], b"\0\x03\0\x63\0\0\0\x05\xff\xff", b"\0\x03\0\x0c"] {
        let connection = world.connect(1);
        world.cluster.handle(Input::Frame { connection, frame: Bytes::copy_from_slice(frame) }, world.now);
    }
    let story = Expectation::NoUnknownRequest(Filter::any()).check(world.cluster.journal()).unwrap_err();
    assert_eq!(story.seen(), "3 of 3 requests could not be read or are not served");
    assert!(story.to_string().contains("api key 32000 v1, unknown"), "{story}");
}

#[test]
fn what_is_forgotten_cannot_be_vouched_for() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1).journal_limit(4));
    let connection = world.connect(1);
    for _ in 0..4 {
        world.produce(connection, "orders", 0, -1, Some(batch(1)));
    }
    let journal = world.cluster.journal();
    let check = |text: &str| text.parse::<Expectation>().unwrap().check(journal);
    assert!(check("only_acks=all").unwrap_err().seen().contains("the oldest 2 of 4"));
    assert!(check("at_least n=2").is_ok());
    assert!(check("at_least n=3").unwrap_err().seen().contains("the oldest 2 are forgotten"));
    world.cluster.journal_mut().clear();
    assert_eq!(Expectation::AtMost(0, Filter::any()).check(world.cluster.journal()), Ok(()));
}

#[test]
fn a_line_of_json_has_everything_with_its_type() {
    let mut world = World::new(ClusterConfig::new(1).topic("orders", 1));
    world.cluster.add_fault(Fault::on(ApiKey::PRODUCE).named("seen \"it\"\n").then(Reaction::Observe));
    let connection = world.connect(1);
    world.produce(connection, "orders", 0, -1, Some(sequenced(2, (ProducerId(7), 0), 0)));
    let (lines, next) = world.cluster.journal_lines(0, false);
    assert_eq!((lines.len(), next), (1, 1));
    let (head, crc) = lines[0].split_once("\"crc\":").unwrap();
    assert_eq!(
        head,
        "{\"number\":0,\"time_ms\":1795217074598,\"broker\":1,\"connection\":1,\"client_id\":\"test\",\
         \"api\":\"Produce\",\"api_key\":0,\"version\":9,\"acks\":-1,\"outcome\":\"answered\",\"error_code\":0,\
         \"error\":\"NONE\",\"faults\":[\"seen \\\"it\\\"\\u000a\"],\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\
         \"error_code\":0,\"error\":\"NONE\",\"base_offset\":0,\"batch\":{\"producer_id\":7,\"producer_epoch\":0,\
         \"base_sequence\":0,\"record_count\":2,\"size\":79,"
    );
    assert!(crc.ends_with(",\"duplicate\":false}}]}"), "{crc}");
    assert_eq!(world.cluster.journal_lines(next, false), (Vec::new(), 1));
}
