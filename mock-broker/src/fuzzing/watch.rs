//! Holds a cluster to its promises.

use std::collections::{BTreeMap, VecDeque};

use protocol::frame::EncodedFrame;
use protocol::names::{BrokerId, Uuid};

use crate::{Action, Cluster, ConnectionId, Corruption, Effect, ElectionKind, Fault, Reaction};

/// What was seen of a cluster so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    open: BTreeMap<ConnectionId, VecDeque<Asked>>,
    logs: BTreeMap<(Uuid, i32), Log>,
    /// Partitions whose leader may have been elected at the price of records, by name.
    unclean: Vec<(String, i32)>,
    /// Rules make answers into other bytes, or send them twice or in another order.
    is_distorted: bool,
    /// Rules keep answers back.
    is_hindered: bool,
}

/// A request that was not answered yet.
#[derive(Clone, Copy, Debug)]
struct Asked {
    correlation_id: i32,
    is_answered: bool,
}

#[derive(Clone, Copy, Debug)]
struct Log {
    leader_epoch: i32,
    start: i64,
    high_watermark: i64,
}

impl Watch {
    pub(super) fn open(&mut self, connection: ConnectionId) {
        self.open.insert(connection, VecDeque::new());
    }

    pub(super) fn close(&mut self, connection: ConnectionId) {
        self.open.remove(&connection);
    }

    /// One of the open connections.
    pub(super) fn nth_open(&self, n: u8) -> Option<ConnectionId> {
        self.open.keys().rev().nth(usize::from(n) % self.open.len().max(1)).copied()
    }

    pub(super) fn ask(&mut self, connection: ConnectionId, correlation_id: i32, is_answered: bool) {
        if let Some(asked) = self.open.get_mut(&connection) {
            asked.push_back(Asked { correlation_id, is_answered });
        }
    }

    pub(super) fn rule(&mut self, fault: &Fault) {
        match fault.reaction() {
            Reaction::Corrupt(Corruption::Crc) => {}
            Reaction::Corrupt(_) | Reaction::Duplicate | Reaction::Reorder => self.is_distorted = true,
            _ => {}
        }
        self.is_hindered = true;
    }

    /// Notes what an action may do to logs before it is done.
    pub(super) fn foresee(&mut self, action: &Action) {
        if let Action::ElectLeader { topic, partition, kind: ElectionKind::Unclean } = action {
            self.unclean.push((topic.to_string(), *partition));
        }
    }

    pub(super) fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Send { connection, frame } => self.answered(*connection, frame),
            Effect::SendSlowly { connection, frame, bytes_per_second } => {
                assert!(*bytes_per_second > 0, "an answer that is never written");
                self.answered(*connection, frame);
            }
            Effect::Close { connection, reason } => {
                assert!(self.open.remove(connection).is_some(), "{connection:?} is closed and was not open");
                assert!(!reason.to_string().is_empty());
            }
            Effect::Reset { connection } => {
                assert!(self.open.remove(connection).is_some(), "{connection:?} is reset and was not open");
            }
            Effect::StopReading { connection } | Effect::ResumeReading { connection } => {
                assert!(self.open.contains_key(connection), "{connection:?} is not open");
            }
            Effect::Listen { broker, .. } => assert!(*broker != BrokerId::NONE),
        }
    }

    /// An answer is the one to the oldest request, or to a later one if those before get none.
    fn answered(&mut self, connection: ConnectionId, frame: &EncodedFrame) {
        let Some(asked) = self.open.get_mut(&connection) else {
            panic!("an answer on {connection:?}, which is not open");
        };
        if self.is_distorted {
            return;
        }
        let bytes = frame.clone().into_bytes();
        let number = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| i32::from_be_bytes(*bytes));
        let is_hindered = self.is_hindered;
        assert!(is_hindered || number(0) == Some(bytes.len() as i32 - 4), "a frame with another length");
        // Of a half answer there may be less than its head.
        let Some(correlation_id) = number(4) else { return };
        while let Some(next) = asked.pop_front() {
            if next.correlation_id == correlation_id {
                return;
            }
            assert!(is_hindered || !next.is_answered, "{} was left out", next.correlation_id);
        }
        panic!("an answer to {correlation_id}, which nobody asked, or twice");
    }

    /// Offsets and epochs of each log are no lower than they were.
    pub(super) fn look_at_logs(&mut self, cluster: &Cluster) {
        for topic in cluster.topics() {
            let is_unclean =
                |key: &str, value: &str| key == "unclean.leader.election.enable" && value == "true";
            let is_unclean = topic.configs().any(|(key, value)| is_unclean(key, value));
            for (index, partition) in (0..).zip(topic.partitions()) {
                let seen = Log {
                    leader_epoch: partition.leader_epoch(),
                    start: partition.log_start_offset(),
                    high_watermark: partition.high_watermark(),
                };
                let before = self.logs.insert((topic.id(), index), seen);
                let Some(before) = before else { continue };
                let name = format!("{}-{index}: {before:?}, then {seen:?}", topic.name());
                assert!(seen.leader_epoch >= before.leader_epoch, "{name}");
                assert!(seen.start <= seen.high_watermark, "{name}");
                let is_unclean = is_unclean
                    || self.unclean.iter().any(|(name, at)| topic.name() == &**name && *at == index);
                assert!(is_unclean || seen.start >= before.start, "{name}");
                assert!(is_unclean || seen.high_watermark >= before.high_watermark, "{name}");
            }
        }
    }

    /// When nothing waits for time any more, every request that wants an answer has one.
    pub(super) fn expect_answers(&self, cluster: &Cluster) {
        if self.is_hindered || !cluster.has_no_faults() {
            return;
        }
        for (connection, asked) in &self.open {
            let left = asked.iter().find(|asked| asked.is_answered);
            assert!(left.is_none(), "{left:?} on {connection:?} was never answered");
        }
    }
}
