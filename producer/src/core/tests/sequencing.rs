//! Idempotence: numbers, retries, epochs.

use super::*;

/// Sends `a` and has it acknowledged, so that more than one batch may be on the way.
fn proven() -> Stage {
    let mut stage = Stage::new();
    drop(stage.send("a"));
    let first = stage.next();
    stage.answer(&first, ErrorCode::NONE);
    stage
}

#[test]
fn nothing_follows_the_first_batch_before_its_leader_has_acknowledged_it() {
    let mut stage = Stage::new();
    for value in ["a", "b", "c"] {
        drop(stage.send(value));
    }
    let first = stage.next();
    assert_eq!(first.only(), (0, 0, vec!["a"]));
    assert!(stage.produced.is_empty());
    stage.answer(&first, ErrorCode::NONE);
    // They came one by one while the first was on the way, and wait in one batch.
    assert_eq!(stage.next().only(), (0, 1, vec!["b", "c"]));
}

#[test]
fn then_up_to_five_are_on_the_way() {
    let mut stage = proven();
    for number in 0..8 {
        drop(stage.send(&number.to_string()));
    }
    let sequences: Vec<_> = stage.produced.iter().map(|produced| produced.only().1).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
}

#[test]
fn a_new_leader_is_given_one_batch_first_again() {
    let mut stage = proven();
    stage.leaders = vec![(2, 1)];
    drop(stage.send("b"));
    let refused = stage.next();
    stage.answer(&refused, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    stage.pass(ms(200));
    drop(stage.send("c"));
    let again = stage.next();
    assert_ne!(again.connection, refused.connection);
    assert_eq!(again.only(), (0, 1, vec!["b"]));
    assert!(stage.produced.is_empty());
    stage.answer(&again, ErrorCode::NONE);
    assert_eq!(stage.next().only(), (0, 2, vec!["c"]));
}

#[test]
fn a_retry_goes_alone_with_its_number_and_nothing_overtakes_it() {
    let mut stage = proven();
    for value in ["b", "c", "d"] {
        drop(stage.send(value));
    }
    let sent: Vec<_> = (0..3).map(|_| stage.next()).collect();
    stage.answer(&sent[0], ErrorCode::NOT_ENOUGH_REPLICAS);
    for later in &sent[1..] {
        stage.answer(later, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    }
    drop(stage.send("e"));
    stage.pass(ms(120));
    for (sequence, value) in [(1, "b"), (2, "c"), (3, "d")] {
        let again = stage.next();
        assert_eq!(again.only(), (0, sequence, vec![value]));
        // Only what never went before may follow the last retry.
        assert!(stage.produced.is_empty() || value == "d", "{value} goes alone");
        stage.answer(&again, ErrorCode::NONE);
        stage.pass(ms(120));
    }
    let last = stage.next();
    assert_eq!(last.only(), (0, 4, vec!["e"]));
    stage.answer(&last, ErrorCode::NONE);
    assert!(stage.is_drained());
}

#[test]
fn a_lost_answer_is_asked_again_byte_for_byte() {
    let mut stage = proven();
    let mut delivery = stage.send("b");
    let lost = stage.next();
    stage.disconnect(lost.connection);
    stage.pass(ms(300));
    let again = stage.next();
    assert_eq!(again.batches[0].bytes, lost.batches[0].bytes);
    stage.answer(&again, ErrorCode::NONE);
    assert_eq!(delivery.outcome().unwrap().unwrap().offset, 1);
}

#[test]
fn a_duplicate_is_stored_and_nobody_knows_where() {
    let mut stage = proven();
    let mut delivery = stage.send("b");
    let produced = stage.next();
    stage.answer(&produced, ErrorCode::DUPLICATE_SEQUENCE_NUMBER);
    assert_eq!(delivery.outcome().unwrap().unwrap().offset, -1);
}

#[test]
fn a_lost_number_begins_a_new_epoch_at_zero_and_is_never_fatal() {
    for code in [
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        ErrorCode::UNKNOWN_PRODUCER_ID,
        ErrorCode::INVALID_PRODUCER_EPOCH,
    ] {
        let mut stage = proven();
        for value in ["b", "c"] {
            drop(stage.send(value));
        }
        let (first, second) = (stage.next(), stage.next());
        stage.answer(&first, code);
        assert!(stage.produced.is_empty(), "not before the other one is answered");
        stage.answer(&second, code);
        stage.pass(ms(120));
        let again = stage.next();
        assert_eq!(again.only(), (1, 0, vec!["b"]));
        stage.answer(&again, ErrorCode::NONE);
        stage.pass(ms(120));
        assert_eq!(stage.next().only(), (1, 1, vec!["c"]));
    }
}

#[test]
fn other_partitions_take_the_new_epoch_when_nothing_of_theirs_is_on_the_way() {
    let mut stage = Stage::new().leaders(&[(1, 0), (1, 0)]);
    drop(stage.send_to(0, "a"));
    drop(stage.send_to(1, "x"));
    let (a, x) = (stage.next(), stage.next());
    stage.answer(&a, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    stage.pass(ms(120));
    assert_eq!(stage.next().only(), (1, 0, vec!["a"]));
    drop(stage.send_to(1, "y"));
    stage.answer(&x, ErrorCode::NONE);
    assert_eq!(stage.next().only(), (1, 0, vec!["y"]));
}

#[test]
fn after_the_last_epoch_a_new_producer_id_is_taken() {
    let mut stage = Stage::new();
    stage.identity.2 = i16::MAX;
    drop(stage.send("a"));
    let first = stage.next();
    stage.identity = (ErrorCode::NONE, 8, 0);
    stage.answer(&first, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    stage.pass(ms(120));
    let again = stage.next();
    assert_eq!(again.batches[0].header.producer_id, ProducerId(8));
    assert_eq!(again.only(), (0, 0, vec!["a"]));
}

#[test]
fn a_rejected_batch_leaves_a_gap_that_a_new_epoch_closes() {
    let mut stage = proven();
    let mut rejected = stage.send("b");
    let mut later = stage.send("c");
    let (first, second) = (stage.next(), stage.next());
    stage.answer(&first, ErrorCode::INVALID_RECORD);
    stage.answer(&second, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(rejected.outcome().unwrap().unwrap_err().code(), Some(ErrorCode::INVALID_RECORD));
    stage.pass(ms(120));
    let again = stage.next();
    assert_eq!(again.only(), (1, 0, vec!["c"]));
    stage.answer(&again, ErrorCode::NONE);
    assert!(later.outcome().unwrap().is_ok());
    assert!(stage.is_drained());
}

#[test]
fn a_producer_id_that_is_not_ready_is_asked_for_again() {
    let mut stage = Stage::new();
    stage.identity.0 = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
    drop(stage.send("a"));
    stage.pass(ms(50));
    assert!(stage.produced.is_empty());
    stage.identity.0 = ErrorCode::NONE;
    stage.pass(ms(400));
    assert_eq!(stage.next().values(), ["a"]);
}

#[test]
fn a_producer_id_that_is_denied_rejects_what_waits_for_it() {
    let mut stage = Stage::new();
    stage.identity.0 = ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
    let mut delivery = stage.send("a");
    stage.pass(ms(300));
    let error = delivery.outcome().unwrap().unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED));
    assert!(stage.is_drained());
}
