//! What goes out: requests for metadata and a producer id, and batches to their leaders.

use std::collections::BTreeMap;

use protocol::frame;
use protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use protocol::messages::{InitProducerIdRequest, ProduceRequest};
use protocol::names::{Acks, BrokerId, ProducerId, Timestamp, TopicName, Uuid};
use protocol::wire::Records;
use protocol::{ErrorCode, RequestMessage};

use super::batch::Batch;
use super::connection::{Connection, ConnectionId, Content, InFlight, Sent};
use super::lane::{Rules, Status};
use super::sequences::Leadership;
use super::{Action, Core};
use crate::config::Recovery;
use crate::error::SendError;

/// How many bytes of full batches go at once. Fewer wait, while an earlier request to the same broker has no answer, for
/// others to share theirs, but never longer than `linger.ms`: a request costs two system calls and two wake-ups.
const COMPANY: usize = 128 * 1024;

/// The partitions of a broker that have a batch to send.
struct Ready {
    slots: Vec<usize>,
    /// How long all of them may wait for more.
    due: Timestamp,
}

impl Core {
    /// Asks for metadata if it is due.
    pub(super) fn ask_for_metadata(&mut self, now: Timestamp) {
        self.rebootstrap_if_due(now);
        let due = self.metadata.due_at();
        if due > now {
            self.wake_at(due);
            return;
        }
        self.metadata.is_missed(now);
        self.rebootstrap_if_due(now);
        let Some(connection) = self.links.least_loaded(usize::MAX, now) else {
            self.connect_anywhere(now);
            return;
        };
        let Some(versions) = self.links.connections[&connection].versions() else { return };
        self.forget_idle_topics(now);
        let request = self.metadata.request();
        if self.transmit(connection, versions.metadata, &request, Content::Metadata, now).is_err() {
            self.metadata.failed(now, &mut self.random);
        }
    }

    /// Begins again with the bootstrap servers when the known brokers have told nothing for too long (KIP-1102).
    fn rebootstrap_if_due(&mut self, now: Timestamp) {
        let Some(since) = self.metadata.missed_since() else { return };
        if self.settings.recovery == Recovery::None || self.metadata.brokers().is_empty() {
            return;
        }
        let due = since + self.settings.rebootstrap_trigger;
        if due > now {
            self.wake_at(due);
        } else {
            self.rebootstrap("it did not tell metadata for metadata.recovery.rebootstrap.trigger.ms", now);
        }
    }

    /// Forgets the cluster's addresses, and begins again with the bootstrap servers.
    pub(super) fn rebootstrap(&mut self, reason: &str, now: Timestamp) {
        tracing::warn!("begins again with bootstrap.servers: {reason}");
        self.metadata.forget_brokers(now);
        let connections: Vec<_> = self.links.connections.keys().copied().collect();
        for connection in connections {
            self.drop_link(connection, "is left to begin again with bootstrap.servers", now);
        }
    }

    /// Sends whatever can be sent.
    pub(super) fn drain(&mut self, now: Timestamp) {
        let ready = self.ready_lanes(now);
        for (broker, Ready { slots, due }) in ready {
            self.note_availability(broker, now);
            let Some(connection) = self.links.to_broker(broker) else {
                self.connect_to(broker, now);
                continue;
            };
            if due > now && self.links.connections[&connection].is_producing() && !self.are_many(&slots) {
                self.wake_at(due);
                continue;
            }
            self.fill(connection, slots, now);
        }
        self.turn = self.turn.wrapping_add(1);
    }

    /// Notes whether a broker for which batches wait takes them; if it has not for long, its partitions are passed over.
    fn note_availability(&mut self, broker: BrokerId, now: Timestamp) {
        let link = self.links.to_broker(broker).map(|connection| &self.links.connections[&connection]);
        let can_take = link.is_some_and(|link| link.has_room(self.settings.max_in_flight, now));
        let Some(is_stuck) = self.availability.saw(broker, can_take, now) else { return };
        for lane in &self.lanes {
            if lane.leader.is_some_and(|leader| leader.broker == broker) {
                lane.shared.set_stuck(is_stuck);
            }
        }
    }

    fn are_many(&self, slots: &[usize]) -> bool {
        slots.iter().map(|&slot| self.lanes[slot].next_size()).sum::<usize>() >= COMPANY
    }

    /// How many bytes of full batches are worth waking for: while every broker has an answer to give, which wakes anyway,
    /// only as many as would be sent then.
    pub(super) fn patience(&self, now: Timestamp) -> usize {
        let max_in_flight = self.settings.max_in_flight;
        let links = || self.links.connections.values();
        if !links().all(Connection::is_producing) {
            0
        } else if links().any(|link| link.has_room(max_in_flight, now)) {
            COMPANY
        } else {
            usize::MAX
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            idempotent: self.settings.idempotent,
            one_at_a_time: self.settings.max_in_flight == 1,
            linger: self.settings.linger,
            urgency: self.accumulator.ledger.urgency(),
            metadata: self.metadata.version,
        }
    }

    /// The partitions that have a batch to send, by their leaders; and what is missing for the others is seen to.
    fn ready_lanes(&mut self, now: Timestamp) -> BTreeMap<BrokerId, Ready> {
        let rules = self.rules();
        let mut ready: BTreeMap<BrokerId, Ready> = BTreeMap::new();
        let (mut idle, mut needs_leader, mut needs_producer) = (Vec::new(), false, false);
        for &slot in &self.active {
            match self.lanes[slot].status(&rules, &mut self.identity, now) {
                Status::Idle => idle.push(slot),
                Status::Waiting => {}
                Status::Until(time) => self.wakeup = self.wakeup.min(time),
                Status::NoLeader => needs_leader = true,
                Status::NoProducer => needs_producer = true,
                Status::Ready(leader, due) => {
                    let none = || Ready { slots: Vec::new(), due: Timestamp::NEVER };
                    let ready = ready.entry(leader.broker).or_insert_with(none);
                    ready.slots.push(slot);
                    ready.due = ready.due.min(due);
                }
            }
        }
        for slot in idle {
            self.active.remove(&slot);
        }
        if needs_leader {
            self.metadata.refresh();
            self.ask_for_metadata(now);
        }
        if needs_producer {
            self.ask_for_identity(now);
        }
        ready
    }

    /// Gets a producer id early, so that the first batch need not wait for it.
    pub(super) fn introduce(&mut self, now: Timestamp) {
        if self.settings.idempotent && self.links.least_loaded(usize::MAX, now).is_some() {
            self.ask_for_identity(now);
        }
    }

    /// Asks for a producer id, of whichever broker.
    fn ask_for_identity(&mut self, now: Timestamp) {
        if self.identity.is_asked || self.identity.current().is_some() {
            return;
        }
        if self.identity.retry_at > now {
            self.wake_at(self.identity.retry_at);
            return;
        }
        let Some(connection) = self.links.least_loaded(usize::MAX, now) else {
            self.connect_anywhere(now);
            return;
        };
        let Some(versions) = self.links.connections[&connection].versions() else { return };
        let Some(version) = versions.init_producer_id else {
            self.identity_refused(ErrorCode::UNSUPPORTED_VERSION, now);
            return;
        };
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            producer_id: ProducerId::NONE,
            producer_epoch: -1,
            ..Default::default()
        };
        self.identity.is_asked = true;
        if self.transmit(connection, version, &request, Content::InitProducerId, now).is_err() {
            self.identity_failed(now);
        }
    }

    /// Opens the connection to a broker, or sees to it later.
    fn connect_to(&mut self, broker: BrokerId, now: Timestamp) {
        let Some(address) = self.metadata.brokers().get(&broker).cloned() else {
            self.metadata.refresh();
            self.ask_for_metadata(now);
            return;
        };
        if let Err(later) = self.connect(&address, Some(broker), now) {
            self.wake_at(later);
        }
    }

    /// Sends as many requests as the connection may have under way, each with one batch of every partition that is ready.
    fn fill(&mut self, connection: ConnectionId, mut slots: Vec<usize>, now: Timestamp) {
        let rules = self.rules();
        let turn = self.turn % slots.len();
        slots.rotate_left(turn);
        let max_in_flight = self.settings.max_in_flight;
        while !slots.is_empty() && self.links.connections[&connection].has_room(max_in_flight, now) {
            let (sent, left_out) = self.collect(&slots, &rules);
            if !sent.is_empty() {
                self.produce(connection, sent, now);
            }
            if !self.links.connections.contains_key(&connection) {
                return;
            }
            let broker = self.links.connections[&connection].broker;
            let mut is_ready = |slot: &usize| {
                let status = self.lanes[*slot].status(&rules, &mut self.identity, now);
                if let Status::Until(time) = status {
                    self.wakeup = self.wakeup.min(time);
                }
                matches!(status, Status::Ready(leader, _) if Some(leader.broker) == broker)
            };
            // Those that found no place in this request are first in the next.
            let sent: Vec<usize> =
                slots[..slots.len() - left_out].iter().copied().filter(&mut is_ready).collect();
            slots = slots.split_off(slots.len() - left_out);
            slots.retain(&mut is_ready);
            slots.extend(sent);
        }
    }

    /// Takes one batch of each partition, as many as fit into a request; and how many partitions are left out. The first
    /// batch always fits.
    fn collect(&mut self, slots: &[usize], rules: &Rules) -> (Vec<Sent>, usize) {
        let mut batches = Vec::with_capacity(slots.len());
        let mut size = 0;
        for (index, &slot) in slots.iter().enumerate() {
            let lane = &mut self.lanes[slot];
            size += lane.next_size();
            if size > self.settings.max_request_size && !batches.is_empty() {
                return (batches, slots.len() - index);
            }
            let Some(leader) = lane.leader else { continue };
            let Some(batch) = lane.take(rules) else { continue };
            if batch.record_count == 0 {
                // Its first record was refused while it was written.
                self.end(batch, Err(SendError::Closed));
                continue;
            }
            batches.push(Sent { slot, leader, batch });
        }
        (batches, 0)
    }

    /// Sends batches to their leader in one request.
    fn produce(&mut self, connection: ConnectionId, batches: Vec<Sent>, now: Timestamp) {
        let Some(versions) = self.links.connections[&connection].versions() else { return };
        let mut topics: BTreeMap<TopicName, Vec<PartitionProduceData>> = BTreeMap::new();
        let mut sent = Vec::with_capacity(batches.len());
        for mut item in batches {
            match item.batch.seal(&mut self.compressor, &self.accumulator.ledger) {
                Ok(bytes) => {
                    let data = PartitionProduceData {
                        index: item.batch.cell.partition,
                        records: Some(Records::from(bytes)),
                        ..Default::default()
                    };
                    topics.entry(item.batch.cell.topic.clone()).or_default().push(data);
                    sent.push(item);
                }
                Err(error) => self.cannot_be_made(item, &error.to_string()),
            }
        }
        if sent.is_empty() {
            return;
        }
        let ids: Vec<Uuid> = topics
            .keys()
            .map(|name| self.metadata.topic(name).map_or(Uuid::ZERO, |topic| topic.id))
            .collect();
        // From version 13 on topics go by their id, which a broker of before does not tell.
        let version = if ids.contains(&Uuid::ZERO) { versions.produce.min(12) } else { versions.produce };
        let topic_data = topics.into_iter().zip(ids).map(|((name, partition_data), topic_id)| {
            TopicProduceData { name, topic_id, partition_data, ..Default::default() }
        });
        let request = ProduceRequest {
            transactional_id: None,
            acks: self.settings.acks,
            timeout_ms: i32::try_from(self.settings.request_timeout.as_millis()).unwrap_or(i32::MAX),
            topic_data: topic_data.collect(),
            ..Default::default()
        };
        for item in &sent {
            self.lanes[item.slot].in_flight += 1;
        }
        if let Err((Content::Produce(sent), error)) =
            self.transmit(connection, version, &request, Content::Produce(sent), now)
        {
            for item in sent {
                self.lanes[item.slot].in_flight -= 1;
                self.cannot_be_made(item, &error);
            }
        }
    }

    /// A batch that cannot be compressed or encoded: nothing was sent.
    fn cannot_be_made(&mut self, item: Sent, error: &str) {
        let Sent { slot, batch, .. } = item;
        let value = format!("{} records for {}", batch.record_count, batch.cell.topic);
        self.fail(slot, batch, SendError::invalid("batch", value, error));
    }

    /// Encodes a request and gives it to its connection.
    pub(super) fn transmit<M: RequestMessage>(
        &mut self,
        connection: ConnectionId,
        version: i16,
        request: &M,
        content: Content,
        now: Timestamp,
    ) -> Result<(), (Content, String)> {
        let deadline = now + self.settings.request_timeout;
        let has_answer = !(matches!(content, Content::Produce(_)) && self.settings.acks == Acks::NONE);
        let Some(link) = self.links.connections.get_mut(&connection) else {
            return Err((content, "the connection is gone".to_owned()));
        };
        let correlation_id = link.next_correlation_id();
        let client_id = Some(self.settings.client_id.as_str());
        let frame = match frame::encode_request(correlation_id, client_id, version, request) {
            Ok(frame) => frame,
            Err(error) => return Err((content, error.to_string())),
        };
        link.sent(InFlight { correlation_id, version, deadline, content }, has_answer, now);
        self.wake_at(deadline);
        self.actions.push_back(Action::Transmit { connection, correlation_id, frame });
        Ok(())
    }

    /// Sends a batch again after a while.
    pub(super) fn retry(&mut self, slot: usize, mut batch: Batch, is_charged: bool, now: Timestamp) {
        if is_charged {
            batch.attempts += 1;
        }
        let wait = self.settings.retry_backoff.after(batch.attempts.max(1), &mut self.random);
        let lane = &mut self.lanes[slot];
        lane.retry_at = now + wait;
        lane.put_back(batch);
        self.active.insert(slot);
    }

    /// Whether the lane's leader is another one than the batch went to: then there is no reason to wait.
    pub(super) fn has_moved(&self, slot: usize, from: Leadership) -> bool {
        self.lanes[slot].leader.is_some_and(|leader| leader != from)
    }
}
