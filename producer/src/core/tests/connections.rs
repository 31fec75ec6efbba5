//! Connections: finding a broker, giving one up, believing none that is out of step.

use protocol::frame::encode_response;

use super::*;
use crate::Recovery;

#[test]
fn a_broker_that_refuses_is_passed_over_for_the_next() {
    let mut stage =
        Stage::with(ProducerConfig::new(["b1:9092", "b2:9092", "b3:9092"]).linger(Duration::ZERO));
    stage.refusing = ["b1:9092".to_owned(), "b3:9092".to_owned()].into();
    stage.leaders = vec![(2, 0)];
    drop(stage.send("a"));
    stage.pass(ms(1000));
    assert_eq!(stage.next().values(), ["a"]);
}

#[test]
fn a_broker_that_says_nothing_does_not_hold_up_the_others() {
    let mut stage = Stage::with(ProducerConfig::new(["b1:9092", "b2:9092"]).linger(Duration::ZERO));
    stage.is_silent = true;
    drop(stage.send("a"));
    assert_eq!(stage.connected.len(), 1);
    // The silent one may be either; the other leads the partition.
    stage.leaders = vec![(if stage.connected[0].1 == "b1:9092" { 2 } else { 1 }, 0)];
    stage.is_silent = false;
    stage.pass(ms(300));
    assert_eq!(stage.connected.len(), 2);
    assert_eq!(stage.next().values(), ["a"]);
}

#[test]
fn one_connection_leads_to_each_broker() {
    let mut stage = Stage::new().leaders(&[(1, 0), (2, 0)]);
    for value in ["a", "b", "c"] {
        drop(stage.send_to(0, value));
        drop(stage.send_to(1, value));
        stage.acknowledge_all();
    }
    let addresses: Vec<_> = stage.connected.iter().map(|(_, address)| address.as_str()).collect();
    assert_eq!(addresses, ["b1:9092", "b2:9092"]);
}

#[test]
fn when_nothing_is_in_reach_the_error_names_each_address_and_reason() {
    let mut stage = Stage::with(ProducerConfig::new(["b1:9092", "b2:9092"]).max_block(ms(2000)));
    stage.refusing = ["b1:9092".to_owned(), "b2:9092".to_owned()].into();
    let mut delivery = stage.try_send(Record::to("t").value("a")).unwrap();
    stage.pass(ms(1999));
    assert!(delivery.outcome().is_none());
    stage.pass(ms(1));
    let error = delivery.outcome().unwrap().unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("max.block.ms") && text.ends_with("not reached: b1:9092: refused; b2:9092: refused"),
        "{text}"
    );
    // Backing off, they are tried a few times, not thousands.
    assert!((6..30).contains(&stage.connected.len()), "{}", stage.connected.len());
}

#[test]
fn an_answer_out_of_order_ends_the_connection_and_acknowledges_nothing() {
    let mut stage = Stage::new();
    let mut delivery = stage.send("a");
    let produced = stage.next();
    let answer =
        encode_response(produced.version, produced.correlation_id + 1, &ProduceResponse::default().into());
    let bytes = answer.unwrap().into_bytes();
    stage.core.handle(Event::Received { connection: produced.connection, bytes }, stage.now);
    stage.run();
    assert_eq!(stage.closed, [produced.connection]);
    assert!(delivery.outcome().is_none());
    stage.pass(ms(300));
    let again = stage.next();
    assert_ne!(again.connection, produced.connection);
    assert_eq!(again.batches[0].bytes, produced.batches[0].bytes);
}

#[test]
fn bytes_that_are_no_answer_end_the_connection() {
    let hostile: [&[u8]; 4] =
        [&[0xff; 8], b"HTTP/1.1 400 Bad Request\r\n\r\n", &[0, 0, 0, 1, 7], &[0, 0, 0, 5, 0, 0, 0, 3, 9]];
    for bytes in hostile {
        let mut stage = Stage::new();
        drop(stage.send("a"));
        let produced = stage.next();
        let bytes = Bytes::from_static(bytes);
        stage.core.handle(Event::Received { connection: produced.connection, bytes }, stage.now);
        stage.run();
        assert_eq!(stage.closed, [produced.connection]);
        stage.pass(ms(300));
        assert_eq!(stage.acknowledge_all().len(), 1);
        assert!(stage.is_drained());
    }
}

#[test]
fn answers_come_out_however_the_bytes_are_cut() {
    let mut stage = Stage::new();
    let mut delivery = stage.send("a");
    let produced = stage.next();
    let mut response = ProduceResponse::default();
    response.responses.push(TopicProduceResponse {
        name: "t".into(),
        partition_responses: vec![PartitionProduceResponse { base_offset: 9, ..Default::default() }],
        ..Default::default()
    });
    let bytes =
        encode_response(produced.version, produced.correlation_id, &response.into()).unwrap().into_bytes();
    for byte in bytes.chunks(1) {
        assert!(delivery.outcome().is_none());
        let bytes = Bytes::copy_from_slice(byte);
        stage.core.handle(Event::Received { connection: produced.connection, bytes }, stage.now);
        stage.run();
    }
    assert_eq!(delivery.outcome().unwrap().unwrap().offset, 9);
}

#[test]
fn a_request_that_is_not_answered_in_time_is_asked_again_elsewhere() {
    let mut stage = Stage::with(config().request_timeout(ms(1000)));
    drop(stage.send("a"));
    let silent = stage.next();
    stage.pass(ms(999));
    assert!(stage.closed.is_empty());
    stage.pass(ms(1));
    assert_eq!(stage.closed, [silent.connection]);
    stage.pass(ms(300));
    assert_eq!(stage.next().only(), (0, 0, vec!["a"]));
}

#[test]
fn a_connection_that_does_not_open_in_time_is_given_up() {
    let mut stage = Stage::with(config().setup_timeout(ms(1000), ms(1000)));
    stage.is_silent = true;
    drop(stage.try_send(Record::to("t").value("a")).unwrap());
    stage.pass(ms(1000));
    assert_eq!(stage.closed.len(), 1);
    stage.is_silent = false;
    stage.pass(ms(300));
    assert_eq!(stage.next().values(), ["a"]);
}

#[test]
fn a_connection_without_use_is_closed_and_opened_again_when_it_is_needed() {
    let mut stage = Stage::with(config().connections_max_idle(ms(10_000)));
    drop(stage.send("a"));
    stage.acknowledge_all();
    stage.pass(ms(10_000));
    assert_eq!(stage.closed.len(), 1);
    drop(stage.send("b"));
    assert_eq!(stage.acknowledge_all().len(), 1);
    assert_eq!(stage.connected.len(), 2);
}

#[test]
fn a_broker_that_asks_to_be_left_alone_is() {
    let mut stage = Stage::new();
    drop(stage.send("a"));
    let produced = stage.next();
    let mut response = ProduceResponse { throttle_time_ms: 700, ..Default::default() };
    response.responses.push(TopicProduceResponse {
        name: "t".into(),
        partition_responses: vec![PartitionProduceResponse::default()],
        ..Default::default()
    });
    stage.reply(&produced, response);
    drop(stage.send("b"));
    stage.pass(ms(699));
    assert!(stage.produced.is_empty());
    stage.pass(ms(1));
    assert_eq!(stage.next().values(), ["b"]);
}

#[test]
fn topics_go_by_their_id_where_both_sides_know_it() {
    let mut stage = Stage::new();
    (stage.produce_version, stage.topic_id) = (13, Uuid::from_u128(5));
    let mut delivery = stage.send("a");
    let produced = stage.next();
    assert_eq!(produced.version, 13);
    stage.answer(&produced, ErrorCode::NONE);
    assert!(delivery.outcome().unwrap().is_ok());

    let mut stage = Stage::new();
    stage.produce_version = 13;
    drop(stage.send("a"));
    assert_eq!(stage.next().version, 12);
}

#[test]
fn events_of_connections_that_are_gone_change_nothing() {
    let mut stage = Stage::new();
    drop(stage.send("a"));
    let produced = stage.next();
    stage.disconnect(produced.connection);
    stage.answer(&produced, ErrorCode::NONE);
    let transmitted =
        Event::Transmitted { connection: produced.connection, correlation_id: produced.correlation_id };
    stage.core.handle(transmitted, stage.now);
    stage.core.handle(Event::Connected { connection: ConnectionId(99) }, stage.now);
    stage.run();
    assert!(stage.completed.is_empty());
}

#[test]
fn a_broker_that_speaks_no_version_in_common_is_named_for_it() {
    let mut stage = Stage::with(config().max_block(ms(500)));
    stage.produce_version = 2;
    let mut delivery = stage.send("a");
    stage.pass(ms(500));
    let error = delivery.outcome().unwrap().unwrap_err().to_string();
    assert!(error.contains("b1:9092: speaks no version of Produce that this producer knows"), "{error}");
}

/// A producer that has learned of the brokers and then hears from none of them.
fn cut_off(recovery: Recovery) -> Stage {
    let config = ProducerConfig::new(["boot:9092"]).linger(Duration::ZERO).metadata_max_age(ms(3000));
    let mut stage = Stage::with(config.metadata_recovery(recovery, ms(2000)).max_block(ms(100_000)));
    drop(stage.send("a"));
    stage.acknowledge_all();
    stage.connected.clear();
    stage
}

fn addresses(stage: &Stage) -> BTreeSet<&str> {
    stage.connected.iter().map(|(_, address)| address.as_str()).collect()
}

#[test]
fn without_metadata_for_long_it_begins_again_with_the_bootstrap_servers() {
    let mut stage = cut_off(Recovery::Rebootstrap);
    stage.is_silent = true;
    stage.pass(ms(4900));
    assert!(stage.connected.is_empty(), "the brokers are still waited for");
    stage.pass(ms(200));
    assert_eq!(addresses(&stage), BTreeSet::from(["boot:9092"]));
}

#[test]
fn without_recovery_it_stays_with_the_brokers_that_it_knows() {
    let mut stage = cut_off(Recovery::None);
    let connections: Vec<_> = stage.core.links.connections.keys().copied().collect();
    stage.refusing = ["b1:9092", "b2:9092", "boot:9092"].map(str::to_owned).into();
    connections.into_iter().for_each(|connection| stage.disconnect(connection));
    stage.pass(ms(10_000));
    assert_eq!(addresses(&stage), BTreeSet::from(["b1:9092", "b2:9092"]));
}

#[test]
fn all_known_brokers_gone_is_a_reason_to_ask_the_bootstrap_servers() {
    let mut stage = cut_off(Recovery::Rebootstrap);
    let connections: Vec<_> = stage.core.links.connections.keys().copied().collect();
    stage.refusing = ["b1:9092", "b2:9092"].map(str::to_owned).into();
    connections.into_iter().for_each(|connection| stage.disconnect(connection));
    stage.pass(ms(1500));
    assert!(addresses(&stage).contains("boot:9092"));
    assert!(stage.core.metadata.missed_since().is_none(), "the bootstrap server has told it");
}

#[test]
fn a_broker_that_asks_for_it_makes_it_begin_again() {
    let mut stage = cut_off(Recovery::Rebootstrap);
    stage.metadata_error = ErrorCode::REBOOTSTRAP_REQUIRED;
    stage.pass(ms(3000));
    stage.metadata_error = ErrorCode::NONE;
    stage.pass(ms(1000));
    assert_eq!(stage.connected.first().map(|(_, address)| address.as_str()), Some("boot:9092"));
    drop(stage.send("b"));
    stage.pass(ms(1000));
    assert_eq!(stage.next().values(), ["b"]);
}
