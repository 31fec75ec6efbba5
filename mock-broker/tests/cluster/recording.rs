//! Runs that are recorded, and played again with the same answers.

use std::time::Duration;

use milena_mock_broker::{
    Action, Cluster, ClusterConfig, Fault, Input, Lag, Reaction, Recording, RecordingError, ReplayError,
    Script, TopicSpec,
};
use protocol::messages::MetadataRequest;
use protocol::names::{BrokerId, ProducerId, Timestamp};
use protocol::{ApiKey, Bytes};

use crate::client::{NOW, World, batch, sequenced};

const LIMIT: usize = 1 << 20;

/// A run in which a bit of everything happens.
fn run(record: usize) -> World {
    let spec = TopicSpec::new("orders").partitions(2).replication_factor(3);
    let config = ClusterConfig::new(3).topic_with(spec).seed(7).record(record);
    let config = config.config("min.insync.replicas", "2").unwrap();
    let delay = Reaction::DelayAfter(Duration::from_millis(40));
    let mut world =
        World::new(config.fault(Fault::on(ApiKey::METADATA).named("late one").nth(2).then(delay)));
    let lag = |lag| Action::Lag { topic: None, partition: None, broker: BrokerId(2), lag };
    let connections = [1, 2, 3].map(|broker| world.connect(broker));
    for round in 0..6 {
        world.now = Timestamp(NOW + round * 25);
        for (broker, connection) in (1..).zip(connections) {
            let batch = sequenced(2, (ProducerId(broker), 0), round as i32 * 2);
            world.produce(connection, "orders", (round % 2) as i32, -1, Some(batch));
            world.ask(connection, 12, &MetadataRequest::default());
        }
        match round {
            1 => drop(world.cluster.perform(lag(Lag::Time(Duration::from_millis(30))), world.now).unwrap()),
            2 => {
                world.cluster.create_topic(TopicSpec::new("more").partitions(3)).unwrap();
                world
                    .cluster
                    .add_fault(Fault::on(ApiKey::PRODUCE).topic("more").then(Reaction::DropResponse));
            }
            3 => drop(world.cluster.perform(Action::CrashBroker(BrokerId(3)), world.now).unwrap()),
            // This fails, and fails again.
            4 => drop(world.cluster.perform(Action::CrashBroker(BrokerId(3)), world.now).unwrap_err()),
            0 => {
                let crash = Action::StopBroker(BrokerId(2));
                let script = Script::new().rule("name=asked on=Produce then=observe".parse().unwrap());
                let script = script.upon("asked", 4, Duration::from_millis(10), crash);
                let back = Action::StartBroker(BrokerId(2));
                world.cluster.play(script.at(Duration::from_millis(90), back)).unwrap();
            }
            5 => assert!(world.cluster.delete_topic("more")),
            _ => {}
        }
    }
    world
}

fn lines(cluster: &Cluster) -> Vec<String> {
    cluster.journal_lines(0, true).0
}

#[test]
fn a_run_is_played_again_with_the_same_answers_and_to_the_same_state() {
    let world = run(LIMIT);
    let file = world.cluster.recording().unwrap().to_bytes();
    let recording = Recording::from_bytes(file.into()).unwrap();
    let again = recording.replay().unwrap();
    assert_eq!(again.snapshot(), world.cluster.snapshot());
    assert_eq!(lines(&again), lines(&world.cluster));
    assert_eq!(again.recording(), Err(RecordingError::NotRecorded));
}

#[test]
fn who_goes_on_from_a_run_finds_nobody_connected_and_records_on() {
    let recording = run(LIMIT).cluster.recording().unwrap();
    let mut world = World::new(ClusterConfig::new(1));
    world.cluster = recording.resume(Some(LIMIT)).unwrap();
    world.now = Timestamp(NOW + 1000);
    let effects = world.cluster.handle(Input::Wakeup, world.now);
    assert!(effects.is_empty(), "{effects:?}");
    let connection = world.connect(1);
    world.ask(connection, 12, &MetadataRequest::default());
    let longer = world.cluster.recording().unwrap();
    assert!(longer.len() > recording.len());
    assert_eq!(longer.replay().unwrap().snapshot(), world.cluster.snapshot());
}

#[test]
fn an_answer_that_is_not_the_same_is_told_with_its_request() {
    let file = run(LIMIT).cluster.recording().unwrap().to_bytes();
    // The seed is another, and with it topic ids and leaders.
    let at = file.windows(7).position(|bytes| bytes == b"seed 7\n").unwrap();
    let mut other = file;
    other[at + 5] = b'8';
    let error = Recording::from_bytes(sealed(other)).unwrap().replay().unwrap_err();
    assert!(matches!(&error, ReplayError::Different { .. }), "{error}");
    let words = ["step ", "on connection", "was answered with other bytes"];
    assert!(words.iter().all(|word| error.to_string().contains(word)), "{error}");
}

/// A file whose checksum was made right again.
fn sealed(mut file: Vec<u8>) -> Bytes {
    let crc = protocol::records::crc32c(&file[15..]);
    file[11..15].copy_from_slice(&crc.to_be_bytes());
    file.into()
}

#[test]
fn what_is_longer_than_the_limit_is_no_recording() {
    assert_eq!(run(1000).cluster.recording(), Err(RecordingError::TooLong { limit: 1000 }));
    let cluster = Cluster::new(ClusterConfig::new(1));
    assert_eq!(cluster.recording(), Err(RecordingError::NotRecorded));
}

#[test]
fn damaged_files_are_refused_with_the_place() {
    let file = run(LIMIT).cluster.recording().unwrap().to_bytes();
    let read = |file: &[u8]| Recording::from_bytes(Bytes::copy_from_slice(file));
    for length in 0..file.len() {
        assert!(read(&file[..length]).is_err(), "cut at {length}");
    }
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        assert!(read(&damaged).is_err(), "damaged at {at}");
    }
    for (file, told) in [
        (&b"milena"[..], "byte 0: this is no recorded run: it is too short"),
        (b"not a recorded run", "byte 0: this is no recorded run"),
        (b"milena run\x02\0\0\0\0", "byte 10: its format is 2, and only 1 is known"),
        (b"milena run\x01\0\0\0\x01", "byte 11: the checksum is wrong: the file is damaged or cut"),
    ] {
        assert_eq!(read(file).unwrap_err().to_string(), told);
    }
    // The checksum is right, and what it stands for is not.
    let body = |body: &[u8]| sealed([&b"milena run\x01\0\0\0\0"[..], body].concat());
    for (body, told) in [
        (body(b"\0\0\0\x09"), "byte 19: 9 bytes are wanted, and 0 are left"),
        (body(b"\0\0\0\x05bound"), "byte 19: `bound`: no configuration has this"),
        (body(b"\0\0\0\0\x63"), "byte 19: no step is of kind 99"),
        (body(b"\0\0\0\0\x03\0"), "byte 20: 8 bytes are wanted, and 1 are left"),
    ] {
        assert_eq!(Recording::from_bytes(body).unwrap_err().to_string(), told);
    }
}

#[test]
fn hostile_steps_are_carried_out_or_refused_and_nothing_panics() {
    let file = run(LIMIT).cluster.recording().unwrap().to_bytes();
    let mut random = protocol::random::Random::new(1);
    let (mut refused, mut different) = (0, 0);
    for _ in 0..2000 {
        let mut hostile = file.clone();
        for _ in 0..1 + random.below(4) {
            let at = 15 + random.below(hostile.len() - 15);
            hostile[at] = random.below(256) as u8;
        }
        match Recording::from_bytes(sealed(hostile)).map(|recording| recording.replay()) {
            Err(_) | Ok(Err(ReplayError::Recording(_) | ReplayError::Config(_))) => refused += 1,
            Ok(Err(_)) => different += 1,
            Ok(Ok(_)) => {}
        }
    }
    assert!(refused > 0 && different > 0);
}

#[test]
fn a_copy_is_not_recorded() {
    let world = run(LIMIT);
    assert_eq!(world.cluster.clone().recording(), Err(RecordingError::NotRecorded));
    assert!(!world.cluster.recording().unwrap().is_empty());
}

#[test]
fn a_run_of_a_scenario_is_played_again() {
    let config = ClusterConfig::new(3).scenario("leader-crash-after-ack1".parse().unwrap()).record(LIMIT);
    let mut world = World::new(config);
    let topic = world.cluster.topics().next().unwrap().name().to_string();
    for round in 0..10 {
        world.now = Timestamp(NOW + round * 500);
        for broker in 1..=3 {
            let connection = world.connect(broker);
            world.produce(connection, &topic, 0, 1, Some(batch(1)));
        }
    }
    let recording = world.cluster.recording().unwrap();
    assert_eq!(recording.replay().unwrap().snapshot(), world.cluster.snapshot());
}
