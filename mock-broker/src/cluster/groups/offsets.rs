//! How far groups have read: committed offsets, and those that a transaction is about to commit.

use std::collections::BTreeMap;

use protocol::names::{ProducerId, Timestamp, TopicName};
use protocol::{ByteString, ErrorCode};

use super::classic::{ClassicGroup, State};
use super::{Group, Groups, MAX_BYTES, Timer};

/// The offsets of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    committed: BTreeMap<Place, Committed>,
    /// What becomes committed when the producer's transaction does.
    pending: BTreeMap<ProducerId, BTreeMap<Place, Committed>>,
}

/// A partition, by its topic's name.
type Place = (TopicName, i32);

/// An offset, as a client committed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    /// −1 if the client did not say.
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: ByteString,
    pub(crate) at: Timestamp,
    /// When it is forgotten, if old clients said when.
    pub(crate) expires: Option<Timestamp>,
}

/// Who commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Committer<'a> {
    pub(crate) member: &'a str,
    pub(crate) instance_id: Option<&'a str>,
    pub(crate) generation: i32,
    pub(crate) is_transactional: bool,
}

impl Offsets {
    pub(crate) fn get(&self, topic: &TopicName, partition: i32) -> Option<&Committed> {
        self.committed.get(&(topic.clone(), partition))
    }

    /// All of them, by topic and partition.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TopicName, i32, &Committed)> {
        self.committed.iter().map(|((topic, partition), committed)| (topic, *partition, committed))
    }

    /// Whether a transaction is about to change what is committed for a partition (KIP-447).
    pub(crate) fn is_unstable(&self, topic: &TopicName, partition: i32) -> bool {
        let place = (topic.clone(), partition);
        self.pending.values().any(|pending| pending.contains_key(&place))
    }

    pub(super) fn bytes(&self) -> usize {
        let pending = self.pending.values().flatten();
        self.committed.iter().chain(pending).map(|(place, committed)| bytes(place, committed)).sum()
    }

    fn put(offsets: &mut BTreeMap<Place, Committed>, place: Place, committed: Committed) -> (usize, usize) {
        let added = bytes(&place, &committed);
        let removed = offsets.get(&place).map_or(0, |old| bytes(&place, old));
        offsets.insert(place, committed);
        (added, removed)
    }
}

/// What an offset takes, its names included.
fn bytes((topic, _): &Place, committed: &Committed) -> usize {
    topic.len() + committed.metadata.len() + size_of::<Place>() + size_of::<Committed>()
}

impl Groups {
    /// Whether a client may commit for a group. One that is no member may if there are no members; it makes a group that
    /// is not there.
    pub(crate) fn check_commit(
        &mut self,
        id: &str,
        by: Committer<'_>,
        unknown: ErrorCode,
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        if !self.by_id.contains_key(id) {
            if by.generation >= 0 {
                return Err(unknown);
            }
            self.get_or_create(id, now)?;
        }
        let checked = self.with(id, now, |group, tools| {
            group.check_commit(by)?;
            if !by.is_transactional && matches!(group.state, State::Stable | State::PreparingRebalance) {
                group.touch(by.member, tools);
            }
            Ok(())
        });
        checked.unwrap_or(Err(unknown))
    }

    /// Stores an offset; for a producer's transaction, until that ends.
    pub(crate) fn commit(
        &mut self,
        id: &str,
        place: (TopicName, i32),
        committed: Committed,
        producer: Option<ProducerId>,
    ) -> Result<(), ErrorCode> {
        if committed.metadata.len() > self.rules.max_offset_metadata {
            return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
        }
        if self.bytes + bytes(&place, &committed) > MAX_BYTES {
            return Err(ErrorCode::INVALID_COMMIT_OFFSET_SIZE);
        }
        let group = self.by_id.get_mut(id).ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
        let offsets = match producer {
            None => &mut group.offsets.committed,
            Some(producer) => group.offsets.pending.entry(producer).or_default(),
        };
        let (added, removed) = Offsets::put(offsets, place, committed);
        self.bytes = self.bytes + added - removed;
        Ok(())
    }

    /// Whether offsets of a group may be deleted at all: not while members that are no consumers use it (KIP-496).
    pub(crate) fn check_offset_delete(&self, id: &str) -> Result<&Group, ErrorCode> {
        let group = self.by_id.get(id).ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
        if group.classic.state != State::Empty && !group.classic.is_consumer_group() {
            return Err(ErrorCode::NON_EMPTY_GROUP);
        }
        Ok(group)
    }

    /// Forgets what a group has committed for a partition.
    pub(crate) fn delete_offset(&mut self, id: &str, topic: &TopicName, partition: i32) {
        let Some(group) = self.by_id.get_mut(id) else { return };
        let before = group.offsets.bytes();
        let place = (topic.clone(), partition);
        group.offsets.committed.remove(&place);
        group.offsets.drop_pending(|pending| *pending == place);
        self.bytes -= before - group.offsets.bytes();
    }

    /// Forgets what all groups have committed for a topic, which is gone.
    pub(crate) fn forget_topic(&mut self, topic: &str) {
        for group in self.by_id.values_mut() {
            let before = group.offsets.bytes();
            group.offsets.committed.retain(|(known, _), _| known != topic);
            group.offsets.drop_pending(|(known, _)| known == topic);
            self.bytes -= before - group.offsets.bytes();
        }
    }

    /// Ends a producer's transaction in a group.
    pub(crate) fn end_transaction(&mut self, id: &str, producer: ProducerId, is_commit: bool) {
        let Some(group) = self.by_id.get_mut(id) else { return };
        let before = group.offsets.bytes();
        let pending = group.offsets.pending.remove(&producer).unwrap_or_default();
        if is_commit {
            group.offsets.committed.extend(pending);
        }
        self.bytes = self.bytes + group.offsets.bytes() - before;
    }

    /// Forgets offsets that are too old, and groups that have nothing left; and looks again some time later.
    pub(super) fn forget_expired(&mut self, now: Timestamp) {
        let retention = self.rules.offset_retention;
        let mut gone = Vec::new();
        for (id, Group { classic, offsets }) in &mut self.by_id {
            let before = offsets.bytes();
            let unstable: Vec<_> = offsets.pending.values().flat_map(BTreeMap::keys).cloned().collect();
            offsets.committed.retain(|place, committed| {
                let is_kept = classic.is_subscribed(&place.0) || unstable.contains(place);
                let expires =
                    committed.expires.or(classic.keeps_from(committed).map(|from| from + retention));
                is_kept || expires.is_none_or(|expires| now < expires)
            });
            self.bytes -= before - offsets.bytes();
            let is_used = classic.state != State::Empty || !classic.pending.is_empty();
            if !is_used && offsets.committed.is_empty() && offsets.pending.is_empty() {
                gone.push(id.clone());
            }
        }
        gone.iter().for_each(|id| self.remove(id));
        if !self.by_id.is_empty() {
            self.timers.set(Timer::Retention, now + self.rules.retention_check);
        }
    }
}

impl Offsets {
    fn drop_pending(&mut self, is_dropped: impl Fn(&Place) -> bool) {
        for pending in self.pending.values_mut() {
            pending.retain(|place, _| !is_dropped(place));
        }
        self.pending.retain(|_, pending| !pending.is_empty());
    }
}

impl ClassicGroup {
    fn check_commit(&self, by: Committer<'_>) -> Result<(), ErrorCode> {
        if by.generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        if by.generation >= 0 || !by.member.is_empty() || by.instance_id.is_some() {
            self.check_member(by.member, by.instance_id)?;
            if by.generation != self.generation {
                return Err(ErrorCode::ILLEGAL_GENERATION);
            }
        } else if !by.is_transactional && self.state != State::Empty {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        if !by.is_transactional && self.state == State::CompletingRebalance {
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        Ok(())
    }

    /// From when on the retention of an offset is counted: its commit, or the group's last member; `None` while members may
    /// come back to it.
    fn keeps_from(&self, committed: &Committed) -> Option<Timestamp> {
        match self.state {
            _ if self.is_simple() => Some(committed.at),
            State::Empty => Some(self.since),
            State::Stable if self.knows_subscriptions() => Some(committed.at),
            _ => None,
        }
    }
}
