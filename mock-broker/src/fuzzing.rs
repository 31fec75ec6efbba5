//! What the fuzz target of this crate does, as a plain function: the fuzzer feeds it, and tests replay the saved corpus.
//!
//! ```text
//! any bytes ──▶ dice ──▶ connections, requests, raw frames, rules, actions, time ──▶ Cluster ──▶ effects ──▶ promises
//! ```

mod requests;
mod rules;
mod watch;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use protocol::fuzzing::{Source, Target};
use protocol::names::{BrokerId, Timestamp, TopicName};
use protocol::{Bytes, RequestHeader};

use self::requests::Known;
use self::watch::Watch;
use crate::{
    Action, Cluster, ClusterConfig, ConnectionId, Effect, Effects, ElectionKind, Input, Lag, TopicSpec,
};

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[("broker", broker)];

/// What topics are called here; the last is not there from the start.
const TOPICS: [&str; 4] = ["a", "b", "c", "new"];
const BROKERS: i32 = 3;
/// What is done to one cluster at most, so that an input has an end.
const MOST_STEPS: usize = 200;
/// How often time goes on at the end, when nothing else happens any more: groups look through their offsets every ten
/// minutes.
const MOST_WAKEUPS: usize = 10_000;
/// A request can wait for as many milliseconds as an int32 holds, 25 days.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 86_400);

/// A sequence of what can happen to a cluster. Nothing panics; what is to be done is about connections that are open; a
/// request is answered at most once, in order, and at the end at least once if no rule is in its way; offsets and epochs of
/// a log go up, but for an unclean election; time has an end. Some inputs are played twice, and give the same effects.
pub fn broker(data: &[u8]) {
    let [choice, dice @ ..] = data else { return };
    let digest = Game::new(*choice).play(&mut Source::new(dice));
    if choice & 0xe0 == 0xe0 {
        assert_eq!(Game::new(*choice).play(&mut Source::new(dice)), digest, "the same input, other effects");
    }
}

struct Game {
    cluster: Cluster,
    now: Timestamp,
    connections: u64,
    correlation_id: i32,
    known: Known,
    watch: Watch,
    digest: DefaultHasher,
    has_rules: bool,
    is_played_twice: bool,
}

impl Game {
    fn new(choice: u8) -> Self {
        let spec =
            |name: &str| TopicSpec::new(name).partitions(2).replication_factor(i16::from(choice % 3) + 1);
        let mut config = ClusterConfig::new(BROKERS as usize).seed(choice.into()).journal_limit(500);
        for name in &TOPICS[..3] {
            config = config.topic_with(spec(name));
        }
        if choice & 4 == 4 {
            config = config.broker_session_timeout(Duration::from_millis(900));
        }
        let few = config
            .config("milena.max.partitions", "100")
            .and_then(|config| config.config("min.insync.replicas", if choice & 8 == 8 { "2" } else { "1" }));
        Self {
            cluster: Cluster::new(few.expect("both settings are known")),
            now: Timestamp(1_700_000_000_000),
            connections: 0,
            correlation_id: 0,
            known: Known::default(),
            watch: Watch::default(),
            digest: DefaultHasher::new(),
            has_rules: choice & 0x10 == 0x10,
            is_played_twice: choice & 0xe0 == 0xe0,
        }
    }

    /// Plays to the end; gives a digest of all effects.
    fn play(mut self, source: &mut Source<'_>) -> u64 {
        for broker in 1..=BROKERS {
            self.open(BrokerId(broker));
        }
        for _ in 0..MOST_STEPS {
            if source.is_used_up() {
                break;
            }
            self.step(source);
        }
        self.come_to_rest();
        self.digest.finish()
    }

    fn step(&mut self, source: &mut Source<'_>) {
        if self.watch.nth_open(0).is_none() {
            self.open(BrokerId(source.below(BROKERS as u8) as i32 + 1));
        }
        // Whoever drives a cluster comes late at times.
        if source.below(4) == 0 {
            self.now = Timestamp(self.now.0 + i64::from(source.byte()));
        }
        match source.byte() {
            0..=9 => self.open(BrokerId(source.below(5) as i32)),
            10..=13 => self.close(source),
            14..=17 => self.raw(source),
            18..=31 if self.has_rules => rules::change(&mut self.cluster, &mut self.watch, source),
            18..=51 => self.pass_time(source),
            52..=75 => self.act(source),
            76.. => self.request(source),
        }
        self.keep_time();
        self.watch.look_at_logs(&self.cluster);
    }

    fn open(&mut self, broker: BrokerId) {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.watch.open(connection);
        self.handle(Input::Opened { connection, broker });
    }

    fn close(&mut self, source: &mut Source<'_>) {
        let connection = self.connection(source);
        self.watch.close(connection);
        self.handle(Input::Closed { connection });
    }

    /// One that is open most often, or was, or never will be.
    fn connection(&self, source: &mut Source<'_>) -> ConnectionId {
        let back = source.byte();
        match self.watch.nth_open(back) {
            Some(connection) if back < 0xf0 => connection,
            _ => ConnectionId(u64::from(back)),
        }
    }

    fn request(&mut self, source: &mut Source<'_>) {
        let connection = self.connection(source);
        self.correlation_id += 1;
        self.known.learn(&self.cluster);
        let Some(frame) = requests::roll(self.correlation_id, &self.known, source) else { return };
        self.frame(connection, frame);
    }

    /// Any bytes, or a request that was changed on the way.
    fn raw(&mut self, source: &mut Source<'_>) {
        let connection = self.connection(source);
        if source.flag() {
            let length = usize::from(source.byte());
            let frame = source.bytes(length);
            return self.frame(connection, frame);
        }
        self.correlation_id += 1;
        let Some(mut frame) = requests::roll(self.correlation_id, &self.known, source) else { return };
        // The correlation id stays what it is, so that the answer is known.
        let at = 8 + usize::from(source.byte()) % frame.len().max(1);
        match frame.get_mut(at) {
            Some(byte) => *byte = source.byte(),
            None => frame.truncate(at),
        }
        self.frame(connection, frame);
    }

    fn frame(&mut self, connection: ConnectionId, frame: Vec<u8>) {
        let frame = Bytes::from(frame);
        let is_answered = !requests::wants_no_answer(&frame);
        if let Some((_, _, correlation_id)) = RequestHeader::peek(&frame) {
            self.watch.ask(connection, correlation_id, is_answered);
        }
        self.handle(Input::Frame { connection, frame });
    }

    fn pass_time(&mut self, source: &mut Source<'_>) {
        let milliseconds = match source.below(4) {
            0 => i64::from(source.byte() % 8),
            1 => i64::from(source.byte()) * 10,
            2 => self.cluster.next_wakeup().map_or(0, |at| (at.0 - self.now.0).max(0)),
            _ => i64::from(source.byte()) * 1000,
        };
        self.now = Timestamp(self.now.0 + milliseconds);
        self.handle(Input::Wakeup);
    }

    fn act(&mut self, source: &mut Source<'_>) {
        let broker = BrokerId(source.below(4) as i32 + 1);
        let topic = TopicName::from(TOPICS[source.below(4)]);
        let partition = source.below(3) as i32;
        let action = match source.below(10) {
            0 => Action::StopBroker(broker),
            1 => Action::CrashBroker(broker),
            2 | 3 => Action::StartBroker(broker),
            4 => Action::HoldElections(source.flag()),
            5 => Action::MoveLeader { topic, partition, broker },
            6 => {
                let kind = if source.flag() { ElectionKind::Unclean } else { ElectionKind::Preferred };
                Action::ElectLeader { topic, partition, kind }
            }
            7 => {
                let lag = match source.below(4) {
                    0 => Lag::None,
                    1 => Lag::Time(Duration::from_millis(source.byte().into())),
                    2 => Lag::Records(i64::from(source.byte() % 8)),
                    _ => Lag::Frozen,
                };
                let topic = source.flag().then_some(topic);
                let partition = topic.is_some().then_some(partition).filter(|_| source.flag());
                Action::Lag { topic, partition, broker, lag }
            }
            8 => Action::CreateTopic(TopicSpec::new(&topic).partitions(2).replication_factor(2)),
            _ => Action::DeleteTopic(topic),
        };
        let read = action.to_string().parse();
        assert_eq!(read.as_ref(), Ok(&action), "an action that is not read as it is written");
        self.watch.foresee(&action);
        match self.cluster.perform(action, self.now) {
            Ok(effects) => self.carry_out(effects),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }

    fn handle(&mut self, input: Input) {
        let effects = self.cluster.handle(input, self.now);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Effects) {
        for effect in effects {
            if self.is_played_twice {
                format!("{effect:?}").hash(&mut self.digest);
            }
            self.watch.carry_out(&effect);
            if let Effect::Send { frame, .. } = &effect {
                self.known.hear(frame);
            }
        }
    }

    /// What is due is done: there is no moment that is due for ever.
    fn keep_time(&mut self) {
        let mut wakeups = 0;
        while self.cluster.next_wakeup().is_some_and(|at| at <= self.now) {
            self.handle(Input::Wakeup);
            wakeups += 1;
            assert!(wakeups < 100, "{:?} stays due", self.cluster.next_wakeup());
        }
    }

    /// Lets time pass until nothing waits for it any more, or for longer than any request can.
    fn come_to_rest(&mut self) {
        let end = self.now + LONGEST_WAIT;
        for _ in 0..MOST_WAKEUPS {
            self.keep_time();
            self.watch.look_at_logs(&self.cluster);
            match self.cluster.next_wakeup() {
                Some(at) if at <= end => self.now = at,
                _ => return self.watch.expect_answers(&self.cluster),
            }
        }
        panic!("there is always something to wait for");
    }
}

/// One of these.
fn pick<'a, T>(source: &mut Source<'_>, items: &'a [T]) -> &'a T {
    &items[usize::from(source.byte()) % items.len()]
}

#[cfg(test)]
mod tests {
    use protocol::random::Random;

    use super::*;

    #[test]
    fn dice_of_many_seeds_break_no_promise() {
        for seed in 0..300 {
            let mut random = Random::new(seed);
            let length = 50 + random.below(1500);
            let dice: Vec<u8> = (0..length).map(|_| random.bits() as u8).collect();
            broker(&dice);
        }
    }
}
