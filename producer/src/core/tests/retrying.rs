//! What is asked again, and in which order; and batches that are too large.

use std::num::NonZeroU32;

use super::*;
use crate::{Acks, Compression};

#[test]
fn a_partition_that_moved_is_followed_after_fresh_metadata() {
    let mut stage = Stage::new();
    drop(stage.send("a"));
    let refused = stage.next();
    let asked = stage.metadata_requests;
    stage.leaders = vec![(2, 1)];
    stage.answer(&refused, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    stage.pass(ms(150));
    assert!(stage.metadata_requests > asked);
    let again = stage.next();
    let address = |connection| stage.connected.iter().find(|(id, _)| *id == connection).unwrap().1.as_str();
    assert_eq!((address(refused.connection), address(again.connection)), ("b1:9092", "b2:9092"));
}

#[test]
fn a_leader_hint_is_followed_at_once() {
    let mut stage = Stage::new();
    drop(stage.send("a"));
    let refused = stage.next();
    let asked = stage.metadata_requests;
    stage.answer_with(&refused, |_, answer| {
        answer.error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        answer.current_leader = hint(2, 1);
    });
    let again = stage.next();
    assert_ne!(again.connection, refused.connection);
    assert_eq!(stage.metadata_requests, asked);
}

#[test]
fn old_news_of_a_leader_does_not_undo_a_hint() {
    let mut stage = Stage::new();
    drop(stage.send("a"));
    let refused = stage.next();
    stage.answer_with(&refused, |_, answer| {
        answer.error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        answer.current_leader = hint(2, 1);
    });
    let again = stage.next();
    // The cluster still tells broker 1 at epoch 0 to whoever asks for metadata.
    stage.answer(&again, ErrorCode::NOT_ENOUGH_REPLICAS);
    stage.core.metadata.refresh();
    stage.core.is_dirty = true;
    stage.pass(ms(300));
    assert_eq!(stage.next().connection, again.connection);
}

#[test]
fn a_partition_that_the_answer_leaves_out_is_asked_again() {
    let mut stage = Stage::with(config().linger(ms(1))).leaders(&[(1, 0), (1, 0)]);
    let mut deliveries = [stage.send_to(0, "a"), stage.send_to(1, "b")];
    stage.pass(ms(1));
    let produced = stage.next();
    stage.reply(&produced, ProduceResponse::default());
    assert!(deliveries.iter_mut().all(|delivery| delivery.outcome().is_none()));
    stage.pass(ms(150));
    let sent = stage.acknowledge_all();
    assert_eq!(sent.len(), 2);
    assert!(stage.is_drained());
}

#[test]
fn retries_zero_gives_the_first_error() {
    let mut stage = Stage::with(config().retries(0));
    let mut delivery = stage.send("a");
    let produced = stage.next();
    stage.answer(&produced, ErrorCode::NOT_ENOUGH_REPLICAS);
    let error = delivery.outcome().unwrap().unwrap_err();
    assert_eq!((error.code(), error.may_be_stored()), (Some(ErrorCode::NOT_ENOUGH_REPLICAS), false));
}

#[test]
fn when_retries_are_used_up_without_an_answer_the_outcome_is_unknown() {
    let mut stage = Stage::with(config().retries(1));
    let mut delivery = stage.send("a");
    for _ in 0..2 {
        assert!(delivery.outcome().is_none());
        let produced = stage.next();
        stage.disconnect(produced.connection);
        stage.pass(ms(300));
    }
    assert!(delivery.outcome().unwrap().unwrap_err().may_be_stored());
}

#[test]
fn an_error_after_the_append_leaves_the_outcome_unknown() {
    let mut stage = Stage::with(config().retries(1));
    let mut delivery = stage.send("a");
    for _ in 0..2 {
        let produced = stage.next();
        stage.answer(&produced, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
        stage.pass(ms(300));
    }
    assert!(delivery.outcome().unwrap().unwrap_err().may_be_stored());
}

#[test]
fn without_acknowledgements_a_record_is_done_when_it_is_written() {
    let mut stage = Stage::with(config().acks(Acks::NONE));
    let mut delivery = stage.send("a");
    let produced = stage.next();
    assert_eq!(produced.only(), (-1, -1, vec!["a"]));
    assert_eq!(delivery.outcome().unwrap().unwrap().offset, -1);
    assert!(stage.is_drained());
}

/// Sends two batches without idempotence and refuses the first; the order in which values are then stored.
fn order_after_a_refusal(max_in_flight: u32) -> Vec<String> {
    let config = config().enable_idempotence(false).max_in_flight(NonZeroU32::new(max_in_flight).unwrap());
    let mut stage = Stage::with(config);
    drop(stage.send("a"));
    drop(stage.send("b"));
    let first = stage.next();
    let second = stage.produced.pop_front();
    stage.answer(&first, ErrorCode::NOT_ENOUGH_REPLICAS);
    let mut stored = Vec::new();
    if let Some(second) = second {
        stage.answer(&second, ErrorCode::NONE);
        stored.extend(second.batches);
    }
    stage.pass(ms(150));
    stored.extend(stage.acknowledge_all());
    stored.into_iter().flat_map(|sent| sent.values).collect()
}

#[test]
fn without_idempotence_a_retry_may_change_the_order_unless_one_request_is_in_flight() {
    assert_eq!(order_after_a_refusal(5), ["b", "a"]);
    assert_eq!(order_after_a_refusal(1), ["a", "b"]);
}

#[test]
fn a_batch_that_is_too_large_goes_on_in_pieces_with_numbers_in_a_row() {
    for compression in [Compression::None, Compression::Lz4] {
        let mut stage = Stage::with(config().linger(ms(1)).compression(compression));
        let mut deliveries: Vec<_> = (0..10).map(|number| stage.send(&format!("value {number}"))).collect();
        stage.pass(ms(1));
        // The broker takes three records at most.
        let mut stored = Vec::new();
        while let Some(produced) = stage.produced.pop_front() {
            let is_too_large = produced.values().len() > 3;
            if !is_too_large {
                stored.extend(produced.batches.clone());
            }
            stage
                .answer(&produced, if is_too_large { ErrorCode::MESSAGE_TOO_LARGE } else { ErrorCode::NONE });
        }
        let mut next = 0;
        for sent in &stored {
            assert_eq!((sent.header.base_sequence, sent.header.producer_epoch), (next, 0));
            next += sent.values.len() as i32;
        }
        assert_eq!(next, 10);
        let offsets: Vec<_> =
            deliveries.iter_mut().map(|delivery| delivery.outcome().unwrap().unwrap().offset).collect();
        assert_eq!(offsets, (0..10).collect::<Vec<_>>());
        assert!(stage.is_drained());
    }
}

#[test]
fn callbacks_follow_their_records_into_the_pieces() {
    let mut stage = Stage::with(config().linger(ms(1)));
    let heard = Arc::new(Mutex::new(Vec::new()));
    for number in 0..6_i64 {
        let heard = Arc::clone(&heard);
        let callback = Box::new(move |outcome: Result<crate::RecordMetadata, _>| {
            lock(&heard).push((number, outcome.unwrap().offset));
        });
        let now = stage.now;
        drop(stage.core.accumulator.send(Record::to("t").value("v"), Some(callback), &|| now).unwrap());
    }
    stage.pass(ms(1));
    let whole = stage.next();
    stage.answer(&whole, ErrorCode::MESSAGE_TOO_LARGE);
    stage.acknowledge_all();
    assert_eq!(*lock(&heard), (0..6).map(|number| (number, number)).collect::<Vec<_>>());
}

#[test]
fn a_single_record_that_is_too_large_is_rejected() {
    let mut stage = Stage::new();
    let mut delivery = stage.send("a");
    let produced = stage.next();
    stage.answer(&produced, ErrorCode::MESSAGE_TOO_LARGE);
    let error = delivery.outcome().unwrap().unwrap_err();
    assert_eq!((error.code(), error.is_retriable()), (Some(ErrorCode::MESSAGE_TOO_LARGE), false));
}
