//! A record that failed comes back as it was given, whatever it failed of and wherever that is learned.

use super::*;
use crate::Compression;
use crate::core::receipt::Callback;

/// A record with all that a record can have.
fn full() -> Record<'static> {
    let record = Record::to("t").partition(0).timestamp(77).key("k").value("v");
    record.header("h", b"1").header("h", None::<&str>)
}

/// One with next to nothing.
fn bare() -> Record<'static> {
    Record::to("t")
}

fn assert_given_back(failed: Failed, given: &Record<'_>) {
    let record = failed.into_record().unwrap();
    assert_eq!(format!("{:?}", record.topic), format!("{:?}", given.topic));
    assert_eq!((record.partition, record.timestamp), (given.partition, given.timestamp));
    assert_eq!((record.key_bytes(), record.value_bytes()), (given.key_bytes(), given.value_bytes()));
    let headers = |record: &Record<'_>| {
        record
            .headers()
            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect::<Vec<_>>()
    };
    assert_eq!(headers(&record), headers(given));
}

#[test]
fn what_is_refused_at_send() {
    let mut stage = Stage::with(config().max_request_size(100));
    let given = full().value("v".repeat(100));
    assert_given_back(stage.try_send(given.clone()).unwrap_err(), &given);
    stage.core.close(Duration::ZERO);
    stage.run();
    assert_given_back(stage.try_send(full()).unwrap_err(), &full());
    assert_given_back(stage.core.try_send(full(), stage.now).unwrap_err(), &full());
}

#[test]
fn what_waited_in_vain() {
    let mut stage = Stage::with(config().max_block(ms(100)));
    stage.topic_error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    let mut delivery = stage.try_send(full()).unwrap();
    stage.pass(ms(100));
    assert_given_back(delivery.outcome().unwrap().unwrap_err(), &full());
}

#[test]
fn what_the_broker_rejects_whatever_its_compression() {
    for compression in Compression::ALL {
        let mut stage = Stage::with(config().compression(compression).linger(ms(5)));
        let given = [full(), bare(), bare().value("w").timestamp(80), bare().key("x").partition(0)];
        let mut deliveries = given.clone().map(|record| stage.try_send(record).unwrap());
        stage.pass(ms(5));
        let produced = stage.next();
        stage.answer(&produced, ErrorCode::INVALID_RECORD);
        for (delivery, given) in deliveries.iter_mut().zip(&given) {
            let failed = delivery.outcome().unwrap().unwrap_err();
            assert_eq!(failed.code(), Some(ErrorCode::INVALID_RECORD));
            assert_given_back(failed, given);
        }
        assert!(stage.is_drained());
    }
}

#[test]
fn what_was_never_sent_and_what_nobody_knows_of() {
    let mut stage = Stage::with(config().request_timeout(ms(1000)).delivery_timeout(ms(1000)));
    let mut under_way = stage.try_send(full()).unwrap();
    stage.run();
    let lost = stage.next();
    let mut queued = stage.try_send(full()).unwrap();
    stage.run();
    stage.refusing = ["b1:9092".to_owned()].into();
    stage.disconnect(lost.connection);
    stage.pass(ms(1000));
    let failed = under_way.outcome().unwrap().unwrap_err();
    assert!(failed.may_be_stored());
    assert_given_back(failed, &full());
    let failed = queued.outcome().unwrap().unwrap_err();
    assert!(!failed.may_be_stored() && failed.is_retriable());
    assert_given_back(failed, &full());
}

#[test]
fn what_a_callback_is_told_of_and_can_be_sent_again_from_there() {
    let mut stage = Stage::with(config().linger(ms(5)));
    let back = Arc::new(Mutex::new(Vec::new()));
    for value in ["a", "b"] {
        let back = Arc::clone(&back);
        let callback: Callback = Box::new(move |outcome: Result<_, Failed>| {
            lock(&back).extend(outcome.err().and_then(Failed::into_record));
        });
        let now = stage.now;
        drop(stage.core.accumulator.send(Record::to("t").value(value), Some(callback), &|| now).unwrap());
    }
    stage.pass(ms(5));
    let produced = stage.next();
    stage.answer(&produced, ErrorCode::INVALID_RECORD);
    for record in lock(&back).drain(..) {
        drop(stage.try_send(record).unwrap());
    }
    stage.pass(ms(300));
    assert_eq!(stage.next().values(), ["a", "b"]);
}

#[test]
fn what_was_split_and_then_rejected() {
    let mut stage = Stage::with(config().linger(ms(5)));
    let mut deliveries = ["a", "b", "c"].map(|value| stage.try_send(bare().value(value)).unwrap());
    stage.pass(ms(5));
    let whole = stage.next();
    stage.answer(&whole, ErrorCode::MESSAGE_TOO_LARGE);
    while let Some(piece) = stage.produced.pop_front() {
        let is_one = piece.values().len() == 1;
        stage.answer(&piece, if is_one { ErrorCode::INVALID_RECORD } else { ErrorCode::MESSAGE_TOO_LARGE });
        stage.pass(ms(1200));
    }
    for (delivery, value) in deliveries.iter_mut().zip(["a", "b", "c"]) {
        assert_given_back(delivery.outcome().unwrap().unwrap_err(), &bare().value(value));
    }
    assert!(stage.is_drained());
}

#[test]
fn a_batch_that_nobody_asks_about_gives_its_buffer_to_the_next() {
    let mut stage = Stage::new();
    drop(stage.send("a"));
    let produced = stage.next();
    stage.answer(&produced, ErrorCode::INVALID_RECORD);
    assert!(stage.is_drained());
    assert!(
        !stage.core.accumulator.ledger.spare().is_empty() || stage.core.accumulator.ledger.available() > 0
    );
}
