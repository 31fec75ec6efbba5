//! The table of `min.insync.replicas`, acks and followers that are down, for every party.

use harness::{
    cases::{Cases, Trouble},
    in_sync::{CASES, Case, REPLICAS},
    wire::{NewTopic, Wire},
};

use crate::{
    parties::Party,
    place::{Place, await_replicas, eventually},
};

/// A case of the table and who plays it, on a topic of their own.
pub(crate) struct Trial<'a> {
    case: Case,
    party: Party<'a>,
    topic: String,
    name: String,
}

/// The table, for each party, as far as it is wanted.
pub(crate) fn trials<'a>(name: &str, cases: &Cases, parties: &[Party<'a>]) -> Vec<Trial<'a>> {
    let mut trials = Vec::new();
    for party in parties {
        for case in CASES {
            let topic = format!("{}.{}", party.name(), case.topic());
            let name = format!("{name} table {}, {}", party.name(), case.topic());
            if cases.wants(&name) {
                trials.push(Trial { case, party: *party, topic, name });
            }
        }
    }
    trials
}

/// Plays the table: followers go down one by one, and each time the cases are played that want so many down.
pub(crate) fn run(cases: &Cases, trials: &[Trial<'_>], place: &mut dyn Place) {
    if trials.is_empty() {
        return;
    }
    let mut results: Vec<Result<(), Trouble>> = vec![Ok(()); trials.len()];
    if let Err(e) = play(trials, &mut results, place) {
        results.fill(Err(e.into()));
    }
    for (trial, result) in trials.iter().zip(results) {
        cases.note(&trial.name, result);
    }
}

/// An error is one of the place, and of all trials.
fn play(
    trials: &[Trial<'_>],
    results: &mut [Result<(), Trouble>],
    place: &mut dyn Place,
) -> Result<(), String> {
    let leader = place.address(1);
    let mut wire = Wire::connect(&leader)?;
    for trial in trials {
        let min_in_sync = trial.case.min_in_sync.to_string();
        let configs = [("min.insync.replicas", min_in_sync.as_str())];
        wire.create(&[NewTopic { name: &trial.topic, brokers: &[1, 2, 3], configs: &configs }])?;
    }
    for trial in trials {
        await_replicas(&mut wire, &trial.topic, 1, &[1, 2, 3])?;
        wire.send(&trial.topic, -1, 30_000, "before")?;
        let error_code = wire.sent()?.error_code;
        if error_code.is_error() {
            return Err(format!("{}: {error_code} while all replicas are there", trial.topic));
        }
    }
    for down in 0..REPLICAS {
        let in_sync: Vec<i32> = (1..=(REPLICAS - down) as i32).collect();
        if down > 0 {
            place.crash((REPLICAS - down) as i32 + 1)?;
        }
        for trial in trials {
            await_replicas(&mut wire, &trial.topic, 1, &in_sync)?;
        }
        place.settle();
        for (trial, result) in trials.iter().zip(&mut *results) {
            if trial.case.down == down {
                *result = attempt(trial, &leader, &mut wire);
            }
        }
    }
    for broker in 2..=REPLICAS as i32 {
        place.start(broker)?;
    }
    for (trial, result) in trials.iter().zip(&mut *results) {
        await_replicas(&mut wire, &trial.topic, 1, &[1, 2, 3])?;
        if result.is_ok() {
            *result =
                eventually(|| readable(&mut wire, &trial.topic, trial.case.log_end)).map_err(Trouble::from);
        }
    }
    Ok(())
}

fn attempt(trial: &Trial<'_>, leader: &str, wire: &mut Wire) -> Result<(), Trouble> {
    let Trial { case, party, topic, .. } = trial;
    let answer = party.send(leader, topic, case.acks, "after")?;
    let offset = if case.answer == Some(0) { 1 } else { -1 };
    let expected = case.answer.map(|error_code| (error_code, offset));
    if answer != expected {
        return Err(format!("the answer is {answer:?}, not {expected:?}").into());
    }
    eventually(|| readable(wire, topic, case.high_watermark))?;
    if case.log_end > case.high_watermark {
        // It stays like that, though there is more in the log: whoever waits for it waits in vain.
        let more = wire.fetch(topic, case.high_watermark, 500)?;
        if more.high_watermark != case.high_watermark {
            return Err(format!("the high watermark is {} later", more.high_watermark).into());
        }
    }
    Ok(())
}

/// Whether a consumer reads so many of the two records, and is told so.
fn readable(wire: &mut Wire, topic: &str, high_watermark: i64) -> Result<(), String> {
    let (read, end) = wire.read(topic)?;
    match end == high_watermark && read == ["before", "after"][..high_watermark as usize] {
        true => Ok(()),
        false => Err(format!("{read:?} are read, and the high watermark is {end}")),
    }
}
