//! Records that have to wait: for room, for their topic, for their partition.

use super::*;

/// Memory for two batches of 150 bytes.
fn small() -> Stage {
    Stage::with(config().batch_size(150).buffer_memory(300).max_block(ms(500)))
}

#[test]
fn a_record_waits_for_room_and_gets_it_in_turn() {
    let mut stage = small();
    let mut deliveries: Vec<_> = ["a", "b", "c", "d"]
        .map(|value| {
            let value = format!("{value}{}", ".".repeat(30));
            stage.send(&value)
        })
        .into();
    assert_eq!(stage.core.available_memory(), 0);
    let sent = stage.acknowledge_all();
    let order: Vec<_> = sent.iter().flat_map(|sent| &sent.values).map(|value| &value[..1]).collect();
    assert_eq!(order, ["a", "b", "c", "d"]);
    assert!(deliveries.iter_mut().all(|delivery| delivery.outcome().unwrap().is_ok()));
    assert!(stage.is_drained());
}

#[test]
fn a_small_record_does_not_overtake_a_large_one_that_waits() {
    let mut stage = small();
    drop(stage.send("a"));
    let large = "l".repeat(100);
    drop(stage.send(&large));
    drop(stage.send("s"));
    let sent = stage.acknowledge_all();
    let order: Vec<_> = sent.iter().flat_map(|sent| &sent.values).map(|value| &value[..1]).collect();
    assert_eq!(order, ["a", "l", "s"]);
}

#[test]
fn a_full_buffer_refuses_after_max_block_ms() {
    let mut stage = small();
    let value = "v".repeat(50);
    for _ in 0..2 {
        drop(stage.send(&value));
    }
    let mut late = stage.send(&value);
    stage.pass(ms(499));
    assert!(late.outcome().is_none());
    stage.pass(ms(1));
    let error = late.outcome().unwrap().unwrap_err();
    assert!(matches!(*error, SendError::Refused(Refusal::BufferFull { waited, .. }) if waited == ms(500)));
    assert_eq!(stage.acknowledge_all().len(), 2);
    assert!(stage.is_drained());
}

#[test]
fn a_record_that_waits_can_be_taken_back() {
    let mut stage = small();
    let value = "v".repeat(50);
    for _ in 0..2 {
        drop(stage.send(&value));
    }
    stage.try_send(Record::to("t").value("taken back".repeat(6))).unwrap().cancel();
    let sent = stage.acknowledge_all();
    assert_eq!(counted(sent.iter().flat_map(|sent| &sent.values)).len(), 1);
}

#[test]
fn a_record_larger_than_a_request_or_the_buffer_is_refused_at_once() {
    for (config, name) in [
        (config().max_request_size(1000), "max.request.size"),
        (config().buffer_memory(1000), "buffer.memory"),
    ] {
        let mut stage = Stage::with(config);
        // 61 bytes of batch, at most 21 of record, and the lengths of key, value and headers: 918 are left, less 4.
        assert!(stage.try_send(Record::to("t").value(vec![0; 914])).is_ok());
        let error = stage.try_send(Record::to("t").value(vec![0; 915])).unwrap_err();
        let expected = Refusal::TooLarge { size: 1001, limit: 1000, setting: name };
        assert_eq!(error, expected.into());
    }
}

#[test]
fn a_topic_that_is_created_meanwhile_is_found() {
    let mut stage = Stage::new();
    stage.topic_error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    drop(stage.send("a"));
    stage.pass(ms(1000));
    assert!(stage.produced.is_empty() && stage.metadata_requests > 2);
    stage.topic_error = ErrorCode::NONE;
    stage.pass(ms(1200));
    assert_eq!(stage.next().values(), ["a"]);
}

#[test]
fn a_record_does_not_overtake_one_that_waited_for_the_topic() {
    let mut stage = Stage::new();
    drop(stage.try_send(Record::to("t").partition(0).value("a")).unwrap());
    while stage.metadata_requests == 0 {
        stage.step();
    }
    // The topic is known from here on, and the core has not been asked yet what is to be done about it.
    drop(stage.try_send(Record::to("t").partition(0).value("b")).unwrap());
    stage.run();
    assert_eq!(stage.next().values(), ["a", "b"]);
}

#[test]
fn a_topic_that_is_not_found_refuses_after_max_block_ms_and_says_what_the_broker_said() {
    let mut stage = Stage::with(config().max_block(ms(500)));
    stage.topic_error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    let mut delivery = stage.send("a");
    stage.pass(ms(500));
    let error = delivery.outcome().unwrap().unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert!(matches!(*error, SendError::Refused(Refusal::NoMetadata { .. })));
}

#[test]
fn a_topic_that_may_not_be_written_is_rejected_without_waiting() {
    let mut stage = Stage::new();
    stage.topic_error = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    let mut delivery = stage.send("a");
    let error = delivery.outcome().unwrap().unwrap_err();
    assert!(matches!(*error, SendError::Rejected { code: ErrorCode::TOPIC_AUTHORIZATION_FAILED, .. }));
}

#[test]
fn a_topic_that_may_be_written_again_is_asked_for_again() {
    let mut stage = Stage::new();
    stage.topic_error = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    drop(stage.send("a"));
    let asked = stage.metadata_requests;
    let mut still_refused = stage.send("b");
    assert!(still_refused.outcome().is_none(), "what was said of another record is no news");
    stage.pass(ms(300));
    assert!(stage.metadata_requests > asked);
    let error = still_refused.outcome().unwrap().unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED));

    stage.topic_error = ErrorCode::NONE;
    drop(stage.send("c"));
    stage.pass(ms(1200));
    assert_eq!(stage.next().values(), ["c"]);
}

#[test]
fn a_partition_that_the_topic_does_not_have_is_refused_with_fresh_metadata() {
    let mut stage = Stage::new().leaders(&[(1, 0), (1, 0)]);
    drop(stage.send_to(0, "a"));
    stage.acknowledge_all();
    let asked = stage.metadata_requests;
    let mut delivery = stage.send_to(7, "b");
    stage.pass(ms(200));
    assert_eq!(stage.metadata_requests, asked + 1);
    let error = delivery.outcome().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "partition \"7\": topic t has the partitions 0 to 1");
}

#[test]
fn a_partition_that_was_added_meanwhile_is_found() {
    let mut stage = Stage::new();
    drop(stage.send_to(0, "a"));
    stage.leaders.push((2, 0));
    drop(stage.send_to(1, "b"));
    stage.pass(ms(200));
    let sent = stage.acknowledge_all();
    assert_eq!(sent.iter().map(|sent| sent.partition).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn what_a_record_cannot_be_is_refused_at_once_with_the_rule() {
    let mut stage = Stage::new();
    drop(stage.send("a"));
    let cases = [
        (Record::to("t").partition(-1), "partition \"-1\": is 0 or more"),
        (Record::to("t").timestamp(-5), "timestamp \"-5\": is 0 or more"),
        (Record::to("no spaces"), "topic \"no spaces\": only ASCII letters and digits"),
        (Record::to(".."), "topic \"..\": it must not be"),
        (Record::to(""), "topic \"\": it is empty"),
    ];
    for (record, text) in cases {
        let error = stage.try_send(record).unwrap_err().to_string();
        assert!(error.starts_with(text), "{error}");
    }
}

#[test]
fn without_a_leader_batches_wait_until_there_is_one() {
    let mut stage = Stage::new().leaders(&[(-1, 3)]);
    drop(stage.send("a"));
    stage.pass(ms(1000));
    assert!(stage.produced.is_empty());
    stage.leaders = vec![(2, 4)];
    stage.pass(ms(1200));
    assert_eq!(stage.next().values(), ["a"]);
}

#[test]
fn a_record_does_not_overtake_one_of_its_topic_that_waits_while_memory_comes_free() {
    let mut stage = small();
    for _ in 0..2 {
        drop(stage.try_send(Record::to("t").partition(0).value(vec![b'v'; 50])).unwrap());
        stage.run();
    }
    // Both buffers are in use. What comes now waits, and the core is not asked before the last has come.
    let produced = stage.next();
    drop(stage.try_send(Record::to("t").partition(0).value(vec![b'l'; 60])).unwrap());
    stage.run();
    stage.answer(&produced, ErrorCode::NONE);
    drop(stage.try_send(Record::to("t").partition(0).value("s")).unwrap());
    let sent = stage.acknowledge_all();
    let order: Vec<_> = sent.iter().flat_map(|sent| &sent.values).map(|value| &value[..1]).collect();
    assert_eq!(order, ["v", "l", "s"]);
}

#[test]
fn a_record_for_a_partition_that_is_not_there_holds_up_no_other() {
    let mut stage = Stage::new();
    drop(stage.send("a"));
    stage.acknowledge_all();
    stage.topic_error = ErrorCode::LEADER_NOT_AVAILABLE;
    let mut misled = stage.send_to(7, "b");
    drop(stage.send("c"));
    assert_eq!(stage.next().values(), ["c"]);
    assert!(misled.outcome().is_none());
}

#[test]
fn what_waits_takes_no_more_than_buffer_memory_again() {
    let mut stage = Stage::with(config().buffer_memory(1000).batch_size(100));
    stage.topic_error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    // A batch of 61 bytes, 21 of record and its lengths, and 200 of value: three of them fit.
    let sent: Vec<_> = (0..4).map(|_| stage.try_send(Record::to("t").value(vec![0; 200]))).collect();
    assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 3);
    let error = stage.try_send(Record::to("t").value(vec![0; 200])).unwrap_err();
    assert_eq!(error, Refusal::TooManyWaiting { limit: 1000 }.into());
    assert!(error.is_retriable());
    drop(sent);
    stage.pass(ms(60_000));
    assert!(stage.try_send(Record::to("t").value(vec![0; 200])).is_ok(), "the others have given up");
}

#[test]
fn trying_takes_what_need_not_wait_and_asks_for_what_would_have_to() {
    let mut stage = small();
    let value = "v".repeat(50);
    let try_send = |stage: &mut Stage| {
        let outcome = stage.core.try_send(Record::to("t").value(&value), stage.now);
        stage.run();
        outcome.map(drop).map_err(|failed| failed.to_string())
    };
    let unknown = "a record for topic t would have to wait for the topic's partitions to be learned";
    assert_eq!(try_send(&mut stage), Err(unknown.to_owned()));
    // It was asked for meanwhile.
    assert_eq!(try_send(&mut stage), Ok(()));
    assert_eq!(try_send(&mut stage), Ok(()));
    let full = "a record for topic t would have to wait for room in buffer.memory";
    assert_eq!(try_send(&mut stage), Err(full.to_owned()));
    stage.acknowledge_all();
    assert_eq!(try_send(&mut stage), Ok(()));
    let no_such_name = stage.core.try_send(Record::to("no spaces"), stage.now).unwrap_err();
    assert!(!no_such_name.is_retriable(), "{no_such_name}");
}

#[test]
fn trying_never_goes_before_a_record_that_waits() {
    let mut stage = Stage::new();
    stage.topic_error = ErrorCode::LEADER_NOT_AVAILABLE;
    let mut waiting = stage.send("a");
    stage.topic_error = ErrorCode::NONE;
    assert!(
        stage.core.try_send(Record::to("t").partition(0).value("b"), stage.now).unwrap_err().is_retriable()
    );
    stage.pass(ms(300));
    assert_eq!(stage.acknowledge_all()[0].values, ["a"]);
    assert!(waiting.outcome().unwrap().is_ok());
}
