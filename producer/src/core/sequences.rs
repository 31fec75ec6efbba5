//! Idempotence: who the producer is, and which number each record has (KIP-98, KIP-360).
//!
//! A partition's leader remembers, for each producer id, the last five batches and which number comes next. So a retry
//! with the same number is never stored twice, and nothing overtakes. Two things it does not do by itself, and
//! they shape this module: it takes a batch of *any* number from a producer that it does not know, so that nothing may
//! be pipelined before it has acknowledged something; and once a number is lost, all later ones are refused until the
//! producer begins anew with a higher epoch.

use protocol::names::{BrokerId, ProducerId, Timestamp};

use super::batch::{Sequence, advance};

/// A producer, as brokers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProducerIdAndEpoch {
    pub(crate) id: ProducerId,
    pub(crate) epoch: i16,
}

/// Who this producer is, once a broker has told it.
#[derive(Debug)]
pub(crate) struct Identity {
    current: Option<ProducerIdAndEpoch>,
    pub(crate) is_asked: bool,
    pub(crate) retry_at: Timestamp,
    pub(crate) failures: u32,
}

impl Identity {
    pub(crate) fn new() -> Self {
        Self { current: None, is_asked: false, retry_at: Timestamp(i64::MIN), failures: 0 }
    }

    pub(crate) fn current(&self) -> Option<ProducerIdAndEpoch> {
        self.current
    }

    /// A broker gave this producer its id.
    pub(crate) fn granted(&mut self, id: ProducerId, epoch: i16) {
        *self = Self::new();
        self.current = Some(ProducerIdAndEpoch { id, epoch });
    }

    /// The numbers of a partition are forgotten: should it come back, it begins at 0, and that takes a new epoch.
    pub(crate) fn leave_behind(&mut self, numbers: &Sequences) {
        if let Some(producer) = numbers.producer {
            self.bump(producer);
        }
    }

    /// Begins a new epoch after `seen`, unless that has been done; after the last one, a new id is needed.
    fn bump(&mut self, seen: ProducerIdAndEpoch) {
        if self.current == Some(seen) {
            self.current = seen.epoch.checked_add(1).map(|epoch| ProducerIdAndEpoch { epoch, ..seen });
        }
    }
}

/// Who takes the writes of a partition, and since which election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leadership {
    pub(crate) broker: BrokerId,
    pub(crate) epoch: i32,
}

/// The numbers of one partition.
#[derive(Debug)]
pub(crate) struct Sequences {
    /// Under whom the numbers are given out.
    producer: Option<ProducerIdAndEpoch>,
    /// The number of the next record.
    next: i32,
    /// The number after the last that was acknowledged.
    acknowledged: i32,
    /// The leader that has acknowledged something under this producer.
    proven: Option<Leadership>,
    /// The leader's account is not ours.
    is_lost: bool,
    /// A batch with a number was given up, so that the numbers may have a gap.
    may_have_gap: bool,
}

impl Sequences {
    pub(crate) fn new() -> Self {
        Self { producer: None, next: 0, acknowledged: 0, proven: None, is_lost: false, may_have_gap: false }
    }

    /// Whether numbers have to be settled before anything more is sent.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.is_lost || self.may_have_gap
    }

    /// Whether more than one batch may be on the way to this leader.
    pub(crate) fn may_pipeline_to(&self, leader: Leadership) -> bool {
        self.proven == Some(leader)
    }

    /// The number for a batch of so many records.
    pub(crate) fn assign(&mut self, records: u32) -> Option<Sequence> {
        let ProducerIdAndEpoch { id, epoch } = self.producer?;
        let base = self.next;
        self.next = advance(base, records);
        Some(Sequence { producer_id: id, producer_epoch: epoch, base })
    }

    /// A batch was acknowledged by this leader.
    pub(crate) fn acknowledged(&mut self, sequence: Sequence, records: u32, leader: Leadership) {
        if self.is_under(sequence) {
            self.acknowledged = advance(sequence.base, records);
            self.proven = Some(leader);
        }
    }

    /// The leader refuses a number. Only if it is the next one is our account wrong: all later ones are refused
    /// because an earlier one was, and to begin anew for them would store records twice.
    pub(crate) fn refused(&mut self, sequence: Sequence) {
        if self.is_under(sequence) && sequence.base == self.acknowledged {
            self.is_lost = true;
        }
    }

    /// A batch was given up.
    pub(crate) fn given_up(&mut self, sequence: Sequence) {
        self.may_have_gap |= self.is_under(sequence);
    }

    /// Nobody has acknowledged anything any more: the topic is another one under the same name.
    pub(crate) fn forget_leader(&mut self) {
        self.proven = None;
    }

    /// Puts the numbers in order while nothing is on the way. `first` is the number that would be sent next if some batch
    /// has one already. Says whether batches that have numbers need new ones.
    pub(crate) fn settle(&mut self, identity: &mut Identity, first: Option<i32>) -> bool {
        self.may_have_gap &= first.unwrap_or(self.next) != self.acknowledged;
        if !self.is_unsettled()
            && (self.producer == identity.current || first.is_some())
            && self.producer.is_some()
        {
            return false;
        }
        if let (true, Some(producer)) = (self.is_unsettled(), self.producer) {
            identity.bump(producer);
        }
        if identity.current.is_some() {
            *self = Self { producer: identity.current, ..Self::new() };
            return first.is_some();
        }
        false
    }

    /// Whether numbers are given out under the producer that brokers know now, or were when their batches were sent.
    pub(crate) fn has_producer(&self) -> bool {
        self.producer.is_some()
    }

    fn is_under(&self, sequence: Sequence) -> bool {
        self.producer == Some(ProducerIdAndEpoch { id: sequence.producer_id, epoch: sequence.producer_epoch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEADER: Leadership = Leadership { broker: BrokerId(1), epoch: 3 };

    fn known() -> (Identity, Sequences) {
        let mut identity = Identity::new();
        identity.granted(ProducerId(7), 0);
        let mut sequences = Sequences::new();
        assert!(!sequences.settle(&mut identity, None));
        (identity, sequences)
    }

    #[test]
    fn numbers_count_records_and_go_on_at_zero_after_the_last() {
        let (_, mut sequences) = known();
        sequences.next = i32::MAX - 1;
        assert_eq!(sequences.assign(2).unwrap().base, i32::MAX - 1);
        assert_eq!(sequences.assign(1).unwrap().base, 0);
        assert_eq!(sequences.assign(1).unwrap().base, 1);
    }

    #[test]
    fn nothing_is_pipelined_before_this_leader_acknowledged_something() {
        let (_, mut sequences) = known();
        let first = sequences.assign(3).unwrap();
        assert!(!sequences.may_pipeline_to(LEADER));
        sequences.acknowledged(first, 3, LEADER);
        assert!(sequences.may_pipeline_to(LEADER));
        assert!(!sequences.may_pipeline_to(Leadership { epoch: 4, ..LEADER }));
        assert!(!sequences.may_pipeline_to(Leadership { broker: BrokerId(2), ..LEADER }));
    }

    #[test]
    fn only_a_refusal_of_the_next_number_begins_a_new_epoch() {
        let (mut identity, mut sequences) = known();
        let (first, second) = (sequences.assign(3).unwrap(), sequences.assign(2).unwrap());
        sequences.refused(second);
        assert!(!sequences.is_unsettled());
        sequences.refused(first);
        assert!(sequences.is_unsettled());
        assert!(sequences.settle(&mut identity, Some(first.base)));
        let anew = sequences.assign(1).unwrap();
        assert_eq!((anew.producer_id, anew.producer_epoch, anew.base), (ProducerId(7), 1, 0));
    }

    #[test]
    fn one_refusal_bumps_the_epoch_once_and_other_partitions_follow_when_they_are_idle() {
        let (mut identity, mut one) = known();
        let mut other = Sequences::new();
        other.settle(&mut identity, None);
        for sequences in [&mut one, &mut other] {
            let first = sequences.assign(1).unwrap();
            sequences.refused(first);
        }
        assert!(one.settle(&mut identity, Some(0)));
        assert!(other.settle(&mut identity, Some(0)));
        assert_eq!(identity.current().unwrap().epoch, 1);
        assert_eq!(other.assign(1).unwrap().producer_epoch, 1);
    }

    #[test]
    fn a_partition_keeps_its_epoch_while_batches_have_numbers_of_it() {
        let (mut identity, mut sequences) = known();
        sequences.assign(1).unwrap();
        identity.bump(identity.current().unwrap());
        assert!(!sequences.settle(&mut identity, Some(0)));
        assert_eq!(sequences.assign(1).unwrap().producer_epoch, 0);
        assert!(!sequences.settle(&mut identity, None));
        assert_eq!(sequences.assign(1).unwrap().producer_epoch, 1);
    }

    #[test]
    fn a_batch_that_was_given_up_and_stored_after_all_leaves_no_gap() {
        let (mut identity, mut sequences) = known();
        let first = sequences.assign(4).unwrap();
        sequences.given_up(first);
        sequences.acknowledged(first, 4, LEADER);
        assert!(!sequences.settle(&mut identity, None));
        assert_eq!(sequences.assign(1).unwrap().base, 4);
    }

    #[test]
    fn a_batch_that_was_given_up_leaves_a_gap_that_a_new_epoch_closes() {
        let (mut identity, mut sequences) = known();
        let (first, second) = (sequences.assign(4).unwrap(), sequences.assign(1).unwrap());
        sequences.given_up(first);
        assert!(sequences.settle(&mut identity, Some(second.base)));
        let anew = sequences.assign(1).unwrap();
        assert_eq!((anew.producer_epoch, anew.base), (1, 0));
    }

    #[test]
    fn after_the_last_epoch_a_new_id_is_asked_for() {
        let mut identity = Identity::new();
        identity.granted(ProducerId(7), i16::MAX);
        let mut sequences = Sequences::new();
        sequences.settle(&mut identity, None);
        let first = sequences.assign(1).unwrap();
        sequences.refused(first);
        assert!(!sequences.settle(&mut identity, Some(0)));
        assert_eq!(identity.current(), None);
        assert!(sequences.is_unsettled());
        identity.granted(ProducerId(8), 0);
        assert!(sequences.settle(&mut identity, Some(0)));
        assert_eq!(sequences.assign(1).unwrap().producer_id, ProducerId(8));
    }
}
