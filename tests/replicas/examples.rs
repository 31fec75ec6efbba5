//! The examples that are no table, each on a topic of its own; whoever plays one leaves all brokers running.

use harness::{
    cases::{Cases, Trouble},
    wire::{NewTopic, Wire},
};

use crate::{
    parties::{Answer, Party},
    place::{Place, await_replicas, eventually},
};

type Example = fn(&mut Stage<'_>) -> Result<(), Trouble>;

/// In the order in which they are played.
const EXAMPLES: [(&str, Example); 11] = [
    ("a batch over the size limit is refused and leaves no trace", size_limit),
    ("what is not replicated in time is told as timed out and stays in the log", timed_out),
    ("a minimum above the replication factor counts as that", minimum_above_replicas),
    ("while too few are in sync a record that waits times out and is not readable", shrinks_while_waiting),
    ("a single replica is in sync with itself and offline without its broker", single_replica),
    ("a broker that stops in good order hands over first and nothing is lost", good_order),
    ("records acknowledged by the leader alone are lost when it crashes", lost_with_the_leader),
    ("a leader that crashes before all have a record never acknowledged it", never_acknowledged),
    ("without a leader nobody takes records until there is a new one", election),
    ("who leaves a set that is too small may lead when it is empty", eligible),
    ("an unclean election loses what the new leader lacks", unclean),
];

/// A cluster, who sends, and the topic of the example that is on.
struct Stage<'a> {
    place: &'a mut dyn Place,
    party: Party<'a>,
    topic: String,
}

const NONE: i16 = 0;
const LEADER_NOT_AVAILABLE: i16 = 5;
const NOT_LEADER_OR_FOLLOWER: i16 = 6;
const REQUEST_TIMED_OUT: i16 = 7;
const MESSAGE_TOO_LARGE: i16 = 10;
const NOT_ENOUGH_REPLICAS: i16 = 19;

const ALL: i16 = -1;
const LEADER: i16 = 1;
/// No answer takes so long here.
const LONG: i32 = 30_000;

/// An example, the topic it has to itself, and its name.
pub(crate) struct Wanted<'a> {
    play: Example,
    party: Party<'a>,
    topic: String,
    name: String,
}

/// The examples, for each party, as far as they are wanted.
pub(crate) fn wanted<'a>(name: &str, cases: &Cases, parties: &[Party<'a>]) -> Vec<Wanted<'a>> {
    let mut wanted = Vec::new();
    for party in parties {
        for (number, (example, play)) in EXAMPLES.iter().enumerate() {
            let topic = format!("{}.example-{number}", party.name());
            let name = format!("{name} example {}, {example}", party.name());
            if cases.wants(&name) {
                wanted.push(Wanted { play: *play, party: *party, topic, name });
            }
        }
    }
    wanted
}

/// Plays them one after the other.
pub(crate) fn run(cases: &Cases, wanted: &[Wanted<'_>], place: &mut dyn Place) {
    for Wanted { play, party, topic, name } in wanted {
        let (topic, party) = (topic.clone(), *party);
        cases.run(name, || {
            let played = play(&mut Stage { place, party, topic });
            if played.is_err() {
                // The others are to have a chance; what cannot be done is not needed.
                for broker in [2, 3] {
                    let _ = place.start(broker);
                    let _ = place.freeze(broker, false);
                }
            }
            played
        });
    }
}

impl Stage<'_> {
    fn wire(&self, broker: i32) -> Result<Wire, String> {
        Wire::connect(&self.place.address(broker))
    }

    /// Creates the topic with these replicas, and waits until all know of it.
    fn topic(&mut self, brokers: &[i32], configs: &[(&str, &str)]) -> Result<(), String> {
        let mut wire = self.wire(1)?;
        wire.create(&[NewTopic { name: &self.topic, brokers, configs }])?;
        for broker in brokers {
            await_replicas(&mut self.wire(*broker)?, &self.topic, brokers[0], brokers)?;
        }
        Ok(())
    }

    /// Waits until the topic has this leader, in its so manieth epoch, and these in-sync replicas.
    fn await_leader(&self, leader: i32, epoch: i32, in_sync: &[i32]) -> Result<(), String> {
        let mut wire = self.wire(1)?;
        await_replicas(&mut wire, &self.topic, leader, in_sync)?;
        self.place.settle();
        let partition = wire.partition(&self.topic)?;
        same("the leader epoch", partition.leader_epoch, epoch)?;
        same(
            "the error in metadata",
            partition.error_code.0,
            if leader < 0 { LEADER_NOT_AVAILABLE } else { NONE },
        )
    }

    /// Sends a record to a broker: the error code and offset of the answer must be these.
    fn produce(&self, broker: i32, acks: i16, value: &str, answer: Answer) -> Result<(), Trouble> {
        let given = match (self.party, answer) {
            // A client sends nothing to a broker that does not lead: it would look for another, for ever.
            (_, (NOT_LEADER_OR_FOLLOWER, _)) => Party::Wire,
            (party, _) => party,
        };
        let given = given.send(&self.place.address(broker), &self.topic, acks, value)?;
        Ok(same("the answer's error code and offset", given, Some(answer))?)
    }

    fn answered(&self, wire: &mut Wire, answer: Answer) -> Result<(), String> {
        let sent = wire.sent()?;
        same("the answer's error code and offset", (sent.error_code.0, sent.base_offset), answer)
    }

    /// What a consumer reads from a broker must become these values, and the high watermark their number.
    fn reads(&self, broker: i32, expected: &[&str]) -> Result<(), String> {
        let mut wire = self.wire(broker)?;
        eventually(|| {
            let (read, high_watermark) = wire.read(&self.topic)?;
            same("what is read", read, expected.iter().map(|value| (*value).to_owned()).collect())?;
            same("the high watermark", high_watermark, expected.len() as i64)
        })
    }

    /// The same, and it must stay so though there is more in the log.
    fn reads_no_more_than(&self, broker: i32, expected: &[&str]) -> Result<(), String> {
        self.reads(broker, expected)?;
        let end = expected.len() as i64;
        let later = self.wire(broker)?.fetch(&self.topic, end, 500)?;
        same("the high watermark, later", later.high_watermark, end)
    }
}

/// An error that says what differs.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: T, should: T) -> Result<(), String> {
    if is == should { Ok(()) } else { Err(format!("{what} is {is:?}, not {should:?}")) }
}

fn size_limit(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[1, 2, 3], &[("max.message.bytes", "1000")])?;
    let large = "x".repeat(1000);
    stage.produce(1, LEADER, &large, (MESSAGE_TOO_LARGE, -1))?;
    stage.produce(1, ALL, &large, (MESSAGE_TOO_LARGE, -1))?;
    stage.reads(1, &[])?;
    stage.produce(1, ALL, "small", (NONE, 0))?;
    Ok(stage.reads(1, &["small"])?)
}

fn timed_out(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[1, 2], &[])?;
    stage.place.freeze(2, true)?;
    let mut wire = stage.wire(1)?;
    wire.send(&stage.topic, ALL, 300, "late")?;
    let answered = stage.answered(&mut wire, (REQUEST_TIMED_OUT, 0)).and_then(|()| stage.reads(1, &[]));
    stage.place.freeze(2, false)?;
    answered?;
    Ok(stage.reads(1, &["late"])?)
}

fn minimum_above_replicas(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[1, 2], &[("min.insync.replicas", "3")])?;
    stage.produce(1, ALL, "a", (NONE, 0))?;
    stage.reads(1, &["a"])?;
    stage.place.crash(2)?;
    stage.await_leader(1, 0, &[1])?;
    stage.produce(1, ALL, "b", (NOT_ENOUGH_REPLICAS, -1))?;
    stage.reads(1, &["a"])?;
    stage.place.start(2)?;
    Ok(stage.await_leader(1, 0, &[1, 2])?)
}

fn shrinks_while_waiting(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[1, 2], &[("min.insync.replicas", "2")])?;
    stage.place.freeze(2, true)?;
    let mut wire = stage.wire(1)?;
    wire.send(&stage.topic, ALL, 8000, "a")?;
    stage.place.await_log_end(&stage.topic, 1, 1)?;
    stage.reads(1, &[])?;
    stage.place.crash(2)?;
    stage.await_leader(1, 0, &[1])?;
    stage.answered(&mut wire, (REQUEST_TIMED_OUT, 0))?;
    stage.reads_no_more_than(1, &[])?;
    stage.place.start(2)?;
    stage.place.freeze(2, false)?;
    stage.await_leader(1, 0, &[1, 2])?;
    Ok(stage.reads(1, &["a"])?)
}

fn single_replica(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[2], &[("min.insync.replicas", "2")])?;
    stage.produce(2, ALL, "a", (NONE, 0))?;
    stage.reads(2, &["a"])?;
    stage.place.crash(2)?;
    stage.await_leader(-1, 1, &[])?;
    stage.produce(1, ALL, "b", (NOT_LEADER_OR_FOLLOWER, -1))?;
    stage.place.start(2)?;
    stage.await_leader(2, 2, &[2])?;
    stage.produce(2, ALL, "c", (NONE, 1))?;
    Ok(stage.reads(2, &["a", "c"])?)
}

fn good_order(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[2, 3], &[])?;
    stage.produce(2, LEADER, "a", (NONE, 0))?;
    stage.reads(2, &["a"])?;
    stage.place.stop(2)?;
    stage.await_leader(3, 1, &[3])?;
    stage.reads(3, &["a"])?;
    stage.produce(3, ALL, "b", (NONE, 1))?;
    stage.place.start(2)?;
    stage.await_leader(3, 1, &[2, 3])?;
    stage.reads(3, &["a", "b"])?;
    Ok(stage.reads(2, &["a", "b"])?)
}

fn lost_with_the_leader(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[2, 3], &[])?;
    stage.produce(2, ALL, "safe", (NONE, 0))?;
    stage.place.freeze(3, true)?;
    stage.produce(2, LEADER, "lost", (NONE, 1))?;
    stage.reads(2, &["safe"])?;
    stage.place.crash(2)?;
    stage.place.freeze(3, false)?;
    stage.await_leader(3, 1, &[3])?;
    stage.reads(3, &["safe"])?;
    stage.produce(3, ALL, "new", (NONE, 1))?;
    stage.reads(3, &["safe", "new"])?;
    // What nobody else has is cut off.
    stage.place.start(2)?;
    stage.await_leader(3, 1, &[2, 3])?;
    Ok(stage.reads(2, &["safe", "new"])?)
}

fn never_acknowledged(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[2, 3], &[])?;
    stage.produce(2, ALL, "safe", (NONE, 0))?;
    stage.place.freeze(3, true)?;
    let mut wire = stage.wire(2)?;
    wire.send(&stage.topic, ALL, LONG, "unknown")?;
    stage.place.await_log_end(&stage.topic, 2, 2)?;
    stage.reads(2, &["safe"])?;
    stage.place.crash(2)?;
    stage.place.freeze(3, false)?;
    if let Ok(answer) = wire.sent() {
        return Err(format!("an answer came: {answer:?}").into());
    }
    stage.await_leader(3, 1, &[3])?;
    stage.reads(3, &["safe"])?;
    stage.produce(3, ALL, "unknown", (NONE, 1))?;
    stage.reads(3, &["safe", "unknown"])?;
    stage.place.start(2)?;
    Ok(stage.await_leader(3, 1, &[2, 3])?)
}

fn election(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[2, 3], &[])?;
    stage.produce(2, ALL, "a", (NONE, 0))?;
    stage.place.crash(3)?;
    stage.await_leader(2, 0, &[2])?;
    stage.place.crash(2)?;
    stage.await_leader(-1, 1, &[])?;
    stage.produce(1, ALL, "b", (NOT_LEADER_OR_FOLLOWER, -1))?;
    // It was not in sync any more, and does not lead.
    stage.place.start(3)?;
    stage.await_leader(-1, 1, &[])?;
    stage.produce(3, ALL, "b", (NOT_LEADER_OR_FOLLOWER, -1))?;
    stage.place.start(2)?;
    stage.await_leader(2, 2, &[2, 3])?;
    stage.produce(2, ALL, "b", (NONE, 1))?;
    Ok(stage.reads(2, &["a", "b"])?)
}

fn eligible(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[2, 3], &[("min.insync.replicas", "2")])?;
    stage.produce(2, ALL, "safe", (NONE, 0))?;
    // A follower knows of the high watermark a moment later; as the leader of too few it could not find out.
    stage.reads(3, &["safe"])?;
    stage.place.stop(3)?;
    stage.await_leader(2, 0, &[2])?;
    stage.produce(2, LEADER, "held", (NONE, 1))?;
    stage.reads_no_more_than(2, &["safe"])?;
    stage.place.crash(2)?;
    stage.await_leader(-1, 1, &[])?;
    stage.place.start(3)?;
    stage.await_leader(3, 2, &[3])?;
    stage.reads(3, &["safe"])?;
    stage.place.start(2)?;
    stage.await_leader(3, 2, &[2, 3])?;
    stage.produce(3, ALL, "new", (NONE, 1))?;
    stage.reads(3, &["safe", "new"])?;
    Ok(stage.reads(2, &["safe", "new"])?)
}

fn unclean(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.topic(&[2, 3], &[("unclean.leader.election.enable", "true")])?;
    stage.produce(2, ALL, "safe", (NONE, 0))?;
    stage.place.crash(3)?;
    stage.await_leader(2, 0, &[2])?;
    stage.produce(2, ALL, "lost", (NONE, 1))?;
    stage.reads(2, &["safe", "lost"])?;
    stage.place.crash(2)?;
    stage.await_leader(-1, 1, &[])?;
    stage.place.start(3)?;
    stage.await_leader(3, 2, &[3])?;
    stage.reads(3, &["safe"])?;
    stage.produce(3, ALL, "new", (NONE, 1))?;
    stage.place.start(2)?;
    stage.await_leader(3, 2, &[2, 3])?;
    Ok(stage.reads(2, &["safe", "new"])?)
}
