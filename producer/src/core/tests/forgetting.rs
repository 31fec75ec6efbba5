//! Topics that are not sent to any more.

use super::*;

fn idle(max_idle: Duration) -> Stage {
    Stage::with(config().metadata_max_age(ms(3000)).metadata_max_idle(max_idle))
}

#[test]
fn a_topic_that_is_not_sent_to_is_forgotten_and_learned_anew() {
    let mut stage = idle(ms(5000));
    drop(stage.send("a"));
    let produced = stage.next();
    assert_eq!(produced.only(), (0, 0, vec!["a"]));
    stage.answer(&produced, ErrorCode::NONE);
    stage.pass(ms(4000));
    assert_eq!(stage.asked_for, ["t"]);
    stage.pass(ms(4000));
    assert!(stage.asked_for.is_empty());
    assert!(stage.core.metadata.topic("t").is_none());

    // What the broker remembers of the partition's numbers is left behind with their epoch.
    drop(stage.send("b"));
    stage.pass(ms(200));
    assert_eq!(stage.next().only(), (1, 0, vec!["b"]));
    assert_eq!(stage.core.lanes.len(), 1, "the place of the forgotten partition is used again");
}

#[test]
fn a_topic_that_is_sent_to_or_waited_for_is_kept() {
    let mut stage = idle(ms(5000));
    for _ in 0..6 {
        drop(stage.send("a"));
        stage.acknowledge_all();
        stage.pass(ms(3000));
    }
    assert_eq!(stage.asked_for, ["t"]);
    let mut unanswered = stage.send("b");
    stage.pass(ms(20_000));
    assert_eq!(stage.asked_for, ["t"], "a batch is on the way");
    stage.acknowledge_all();
    assert!(unanswered.outcome().unwrap().is_ok());
}

#[test]
fn many_topics_take_no_more_than_those_in_use() {
    let mut stage = idle(ms(5000));
    for number in 0..50 {
        drop(stage.try_send(Record::to(format!("t{number}")).value("v")).unwrap());
        stage.acknowledge_all();
        stage.pass(ms(1000));
    }
    assert!(stage.core.lanes.len() <= 12, "{} partitions are remembered", stage.core.lanes.len());
    assert!(stage.asked_for.len() <= 12, "{} topics are asked for", stage.asked_for.len());
}
