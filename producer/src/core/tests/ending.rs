//! Expiry, flush, close and drop: every record has its outcome, once.

use super::*;

#[test]
fn a_record_that_could_not_be_sent_in_time_is_refused() {
    let mut stage = Stage::with(config().request_timeout(ms(1000)).delivery_timeout(ms(5000)));
    drop(stage.send("a"));
    stage.acknowledge_all();
    stage.leaders = vec![(-1, 1)];
    stage.core.metadata.refresh();
    stage.core.is_dirty = true;
    stage.pass(ms(200));
    let mut delivery = stage.send("b");
    stage.pass(ms(4999));
    assert!(delivery.outcome().is_none());
    stage.pass(ms(1));
    let error = delivery.outcome().unwrap().unwrap_err();
    assert!(
        matches!(*error, SendError::Refused(Refusal::Expired { waited, .. }) if waited == ms(5000)),
        "{error}"
    );
    assert!(stage.is_drained());
}

#[test]
fn a_record_that_the_broker_refuses_for_too_long_is_rejected_with_its_reason() {
    let mut stage = Stage::with(config().request_timeout(ms(100)).delivery_timeout(ms(1000)));
    let mut delivery = stage.send("a");
    while delivery.outcome().is_none() {
        if let Some(produced) = stage.produced.pop_front() {
            stage.answer(&produced, ErrorCode::NOT_ENOUGH_REPLICAS);
        }
        stage.pass(ms(10));
    }
    assert_eq!(stage.completed[0].2.as_ref().unwrap_err().code(), Some(ErrorCode::NOT_ENOUGH_REPLICAS));
    assert_eq!(stage.now.saturating_since(START), ms(1000));
}

#[test]
fn a_batch_that_expires_on_the_way_keeps_its_buffer_until_the_connection_is_done_with_it() {
    let config =
        config().request_timeout(ms(1000)).delivery_timeout(ms(1000)).batch_size(100).buffer_memory(100);
    let mut stage = Stage::with(config);
    let mut first = stage.send("a");
    let lost = stage.next();
    stage.disconnect(lost.connection);
    stage.pass(ms(500));
    let again = stage.next();
    stage.pass(ms(500));
    assert!(first.outcome().unwrap().unwrap_err().may_be_stored());
    assert_eq!(stage.core.available_memory(), 0, "its bytes may still be going out");
    let mut second = stage.send("b");
    assert!(stage.produced.is_empty());
    stage.answer(&again, ErrorCode::NONE);
    // It was stored after all: its sender knows only that nobody knew, and the numbers have no gap.
    let next = stage.next();
    assert_eq!(next.only(), (0, 1, vec!["b"]));
    stage.answer(&next, ErrorCode::NONE);
    assert!(second.outcome().unwrap().is_ok());
    assert_eq!(stage.completed.len(), 2);
    assert!(stage.is_drained());
}

#[test]
fn after_a_batch_of_unknown_outcome_a_new_epoch_begins() {
    let mut stage = Stage::with(config().request_timeout(ms(900)).delivery_timeout(ms(1000)));
    drop(stage.send("a"));
    let lost = stage.next();
    stage.refusing = ["b1:9092".to_owned()].into();
    stage.disconnect(lost.connection);
    stage.pass(ms(1000));
    assert!(stage.completed[0].2.as_ref().unwrap_err().may_be_stored());
    stage.refusing.clear();
    drop(stage.send("b"));
    stage.pass(ms(1500));
    assert_eq!(stage.next().only(), (1, 0, vec!["b"]));
}

#[test]
fn a_flush_sends_what_lingers_and_waits_for_what_was_there() {
    let mut stage = Stage::with(config().linger(ms(60_000)));
    drop(stage.send("a"));
    let mut flush = stage.core.flush();
    stage.run();
    let produced = stage.next();
    assert_eq!(produced.values(), ["a"]);
    let mut poll = |_: &mut Stage| {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::future::Future::poll(std::pin::Pin::new(&mut flush), &mut context)
    };
    drop(stage.send("b, which came later and lingers"));
    assert!(poll(&mut stage).is_pending());
    stage.answer(&produced, ErrorCode::NONE);
    assert!(poll(&mut stage).is_ready());
    assert!(stage.produced.is_empty());
}

#[test]
fn to_close_is_to_send_what_there_is_and_take_nothing_more() {
    let mut stage = Stage::with(config().linger(ms(60_000)));
    let mut delivery = stage.send("a");
    stage.core.close(ms(1000));
    stage.run();
    assert_eq!(stage.try_send(Record::to("t").value("b")).unwrap_err(), SendError::Closed);
    assert!(!stage.core.is_closed());
    stage.acknowledge_all();
    assert!(delivery.outcome().unwrap().is_ok());
    assert!(stage.core.is_closed());
    assert_eq!(stage.closed.len(), stage.connected.len());
}

#[test]
fn when_the_time_to_close_is_up_every_record_gets_an_error_that_says_what_it_knows() {
    let mut stage = Stage::new().leaders(&[(1, 0), (-1, 0)]);
    let mut sent = stage.send_to(0, "sent");
    let mut queued = stage.send_to(1, "never sent");
    stage.core.close(ms(1000));
    stage.pass(ms(1000));
    assert!(stage.core.is_closed());
    assert!(sent.outcome().unwrap().unwrap_err().may_be_stored());
    assert_eq!(queued.outcome().unwrap().unwrap_err(), SendError::Closed);
    assert!(stage.is_drained());
}

#[test]
fn records_that_wait_are_refused_when_the_producer_closes() {
    let mut stage = Stage::new();
    stage.topic_error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    let mut delivery = stage.send("a");
    stage.core.close(ms(1000));
    stage.run();
    assert_eq!(delivery.outcome().unwrap().unwrap_err(), SendError::Closed);
}

#[test]
fn dropping_the_core_leaves_no_record_without_an_outcome() {
    let mut stage = Stage::with(config().linger(ms(5))).leaders(&[(1, 0), (1, 0)]);
    let mut deliveries = vec![stage.send_to(0, "sent")];
    stage.pass(ms(5));
    deliveries.push(stage.send_to(1, "lingering"));
    stage.topic_error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    deliveries.push(stage.try_send(Record::to("unknown").value("waiting")).unwrap());
    let accumulator = Arc::clone(stage.core.accumulator());
    drop(stage);
    let errors: Vec<_> =
        deliveries.iter_mut().map(|delivery| delivery.outcome().unwrap().unwrap_err()).collect();
    assert!(errors[0].may_be_stored());
    assert_eq!(errors[1..], [SendError::Closed, SendError::Closed]);
    let late = accumulator.send(Record::to("t").value("late"), None, &|| START);
    assert_eq!(late.unwrap_err(), SendError::Closed);
}
