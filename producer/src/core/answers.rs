//! What comes in: greetings, metadata, a producer id, and what became of batches.

use std::time::Duration;

use bytes::Bytes;
use protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use protocol::messages::{InitProducerIdResponse, MetadataResponse, ProduceResponse};
use protocol::names::{Timestamp, TopicName};
use protocol::negotiation::ApiVersionsAnswer;
use protocol::{ErrorCode, Message};

use super::batch::Batch;
use super::connection::{Connection, ConnectionId, Content, InFlight, Sent, State, Versions};
use super::receipt::Stored;
use super::retry::{Verdict, judge};
use super::sequences::Leadership;
use super::{Core, unknown};
use crate::config::{Address, Recovery};
use crate::error::SendError;

impl Core {
    /// The connection is open: ask what the broker speaks.
    pub(super) fn connected(&mut self, connection: ConnectionId, now: Timestamp) {
        if let Some(link) = self.links.connections.get_mut(&connection) {
            link.state = State::Negotiating;
            let (version, request) = Connection::greeting();
            let _ = self.transmit(connection, version, &request, Content::ApiVersions, now);
        }
    }

    /// Bytes came in: take every whole answer off them.
    pub(super) fn received(&mut self, connection: ConnectionId, bytes: &[u8], now: Timestamp) {
        let Some(link) = self.links.connections.get_mut(&connection) else { return };
        link.receive(bytes, now);
        // An answer may end the connection, and then nothing behind it counts.
        while let Some(link) = self.links.connections.get_mut(&connection) {
            let outcome = match link.next_answer() {
                Ok(Some((request, body))) => self.answered(connection, request, &body, now),
                Ok(None) => return,
                Err(reason) => Err(reason),
            };
            if let Err(reason) = outcome {
                self.drop_link(connection, &reason, now);
            }
        }
    }

    /// A frame was written. Without acknowledgements, that is all there will ever be.
    pub(super) fn transmitted(&mut self, connection: ConnectionId, correlation_id: i32) {
        let Some(link) = self.links.connections.get_mut(&connection) else { return };
        if link.unwritten.front().is_none_or(|request| request.correlation_id != correlation_id) {
            return;
        }
        let Some(request) = link.unwritten.pop_front() else { return };
        if let Content::Produce(batches) = request.content {
            for Sent { slot, batch, .. } in batches {
                self.lanes[slot].in_flight -= 1;
                self.end(batch, Ok(Stored { base_offset: -1, log_append_time: None }));
            }
        }
    }

    fn answered(
        &mut self,
        connection: ConnectionId,
        request: InFlight,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<(), String> {
        let version = request.version;
        match request.content {
            Content::ApiVersions => self.negotiated(connection, body, version, now),
            Content::Metadata => match MetadataResponse::read(body, version) {
                Ok(response) => {
                    self.mute(connection, response.throttle_time_ms, now);
                    if response.error_code == ErrorCode::REBOOTSTRAP_REQUIRED
                        && self.settings.recovery == Recovery::Rebootstrap
                    {
                        self.rebootstrap("a broker asks for it", now);
                    } else {
                        self.learn(response, now);
                    }
                    Ok(())
                }
                Err(error) => {
                    self.metadata.failed(now, &mut self.random);
                    Err(format!("sent metadata that cannot be read: {error}"))
                }
            },
            Content::InitProducerId => match InitProducerIdResponse::read(body, version) {
                Ok(response) => {
                    self.mute(connection, response.throttle_time_ms, now);
                    self.identified(&response, now);
                    Ok(())
                }
                Err(error) => {
                    self.identity_failed(now);
                    Err(format!("sent a producer id that cannot be read: {error}"))
                }
            },
            Content::Produce(batches) => match ProduceResponse::read(body, version) {
                Ok(response) => {
                    self.mute(connection, response.throttle_time_ms, now);
                    self.produced(batches, response, now);
                    Ok(())
                }
                Err(error) => {
                    let reason = format!("sent an answer that cannot be read: {error}");
                    for sent in batches {
                        self.retry_unanswered(sent, &reason, now);
                    }
                    Err(reason)
                }
            },
        }
    }

    fn negotiated(
        &mut self,
        connection: ConnectionId,
        body: &Bytes,
        version: i16,
        now: Timestamp,
    ) -> Result<(), String> {
        let answer = ApiVersionsAnswer::read(body, version);
        match answer.map_err(|error| format!("sent versions that cannot be read: {error}"))? {
            ApiVersionsAnswer::Offered(offered) => {
                let versions = Versions::agree(&offered)
                    .map_err(|key| format!("speaks no version of {key} that this producer knows"))?;
                if let Some(link) = self.links.connections.get_mut(&connection) {
                    link.state = State::Ready(versions);
                    let address = link.address.clone();
                    self.links.worked(&address);
                }
                Ok(())
            }
            ApiVersionsAnswer::AskAgain(older) => {
                let (_, request) = Connection::greeting();
                self.transmit(connection, older, &request, Content::ApiVersions, now)
                    .map_err(|(_, error)| error)
            }
            ApiVersionsAnswer::Refused(code) => Err(format!("does not tell its versions: {code}")),
        }
    }

    /// Leaves a broker alone for as long as it asks for (KIP-219).
    fn mute(&mut self, connection: ConnectionId, throttle_time_ms: i32, now: Timestamp) {
        if let (Some(link), Ok(millis @ 1..)) =
            (self.links.connections.get_mut(&connection), u64::try_from(throttle_time_ms))
        {
            link.muted_until = now + Duration::from_millis(millis);
        }
    }

    fn learn(&mut self, response: MetadataResponse, now: Timestamp) {
        let topics = self.metadata.absorb(response, now, &mut self.random);
        self.publish(&topics, now);
        // At once, so that no record that comes now overtakes those that waited for the topic.
        self.admit(now);
        // Whom a bootstrap connection leads to is known now: no second one is needed.
        for (&broker, address) in self.metadata.brokers() {
            if self.links.to_broker(broker).is_none() {
                let nameless = self
                    .links
                    .connections
                    .values_mut()
                    .find(|link| link.broker.is_none() && link.address == *address);
                nameless.into_iter().for_each(|link| link.broker = Some(broker));
            }
        }
        self.close_moved(now);
        let brokers = self.metadata.brokers();
        self.availability.keep(|broker| brokers.contains_key(&broker));
    }

    /// Gives up connections to addresses at which their brokers no longer are.
    fn close_moved(&mut self, now: Timestamp) {
        let moved = self.links.connections.iter().filter(|(_, link)| {
            let address = link.broker.and_then(|broker| self.metadata.brokers().get(&broker));
            address.is_some_and(|address| *address != link.address)
        });
        let moved: Vec<ConnectionId> = moved.map(|(&id, _)| id).collect();
        for connection in moved {
            self.drop_link(connection, "is no longer the broker's address", now);
        }
    }

    fn identified(&mut self, response: &InitProducerIdResponse, now: Timestamp) {
        match response.error_code {
            ErrorCode::NONE => {
                self.identity.granted(response.producer_id, response.producer_epoch);
                tracing::debug!("producer id {}, epoch {}", response.producer_id, response.producer_epoch);
            }
            code if code.is_retriable() => self.identity_failed(now),
            code => self.identity_refused(code, now),
        }
    }

    /// No producer id this time.
    pub(super) fn identity_failed(&mut self, now: Timestamp) {
        self.identity.is_asked = false;
        self.identity.failures += 1;
        self.identity.retry_at =
            now + self.settings.retry_backoff.after(self.identity.failures, &mut self.random);
    }

    /// No producer id, and asking again would not change that: what waits for it fails.
    pub(super) fn identity_refused(&mut self, code: ErrorCode, now: Timestamp) {
        self.identity_failed(now);
        let active: Vec<usize> =
            self.active.iter().copied().filter(|&slot| self.lanes[slot].in_flight == 0).collect();
        for slot in active {
            for batch in self.lanes[slot].take_all() {
                let error = match batch.may_be_stored {
                    true => unknown(&batch, "no new producer id was to be had to send it again"),
                    false => rejected(code, &batch.cell.topic, batch.cell.partition, None),
                };
                self.fail(slot, batch, error);
            }
        }
    }

    /// Brokers answered for some or all of these batches.
    fn produced(&mut self, mut batches: Vec<Sent>, response: ProduceResponse, now: Timestamp) {
        for endpoint in &response.node_endpoints {
            if let Ok(port) = u16::try_from(endpoint.port) {
                self.metadata
                    .learn_broker(endpoint.node_id, Address { host: endpoint.host.to_string(), port });
            }
        }
        for topic in response.responses {
            let Some(name) = self.topic_of(&topic) else { continue };
            for answer in topic.partition_responses {
                let is_it =
                    |sent: &Sent| sent.batch.cell.partition == answer.index && sent.batch.cell.topic == name;
                // Answers mostly come in the order of the request, so the first is mostly the one.
                if let Some(place) = batches.iter().position(is_it) {
                    let sent = batches.remove(place);
                    self.settle(sent, &answer, now);
                }
            }
        }
        for sent in batches {
            self.retry_unanswered(sent, "the broker's answer leaves the partition out", now);
        }
    }

    fn topic_of(&self, answer: &TopicProduceResponse) -> Option<TopicName> {
        if answer.name.is_empty() {
            self.metadata.topic_by_id(answer.topic_id).cloned()
        } else {
            Some(answer.name.clone())
        }
    }

    /// Does what the answer for one batch asks for.
    fn settle(&mut self, sent: Sent, answer: &PartitionProduceResponse, now: Timestamp) {
        let Sent { slot, leader, mut batch } = sent;
        let code = answer.error_code;
        let lane = &mut self.lanes[slot];
        lane.in_flight -= 1;
        let verdict = judge(code, batch.sequence.is_some());
        if verdict == Verdict::Stored {
            if let Some(sequence) = batch.sequence {
                lane.sequences.acknowledged(sequence, batch.record_count, leader);
            }
            let is_duplicate = code != ErrorCode::NONE;
            let time = (answer.log_append_time_ms >= 0).then_some(Timestamp(answer.log_append_time_ms));
            let base_offset = if is_duplicate { -1 } else { answer.base_offset };
            self.end(batch, Ok(Stored { base_offset, log_append_time: time }));
            return;
        }
        tracing::debug!("topic {} partition {}: {code}", batch.cell.topic, batch.cell.partition);
        batch.last_error = Some((code, answer.error_message.clone()));
        let hint =
            Leadership { broker: answer.current_leader.leader_id, epoch: answer.current_leader.leader_epoch };
        let index = usize::try_from(batch.cell.partition).unwrap_or(usize::MAX);
        if self.metadata.hint(&batch.cell.topic, index, hint) {
            let topic = batch.cell.topic.clone();
            self.publish(&[topic], now);
        }
        match verdict {
            Verdict::Stored => {}
            Verdict::Again { refresh, may_be_stored } => {
                batch.may_be_stored |= may_be_stored;
                if refresh && !self.has_moved(slot, leader) {
                    self.lanes[slot].misled_by = Some(self.metadata.version);
                    self.metadata.refresh();
                }
                self.retry_or_fail(slot, leader, batch, now);
            }
            Verdict::SequenceLost => {
                if let Some(sequence) = batch.sequence {
                    self.lanes[slot].sequences.refused(sequence);
                }
                self.retry_or_fail(slot, leader, batch, now);
            }
            Verdict::TooLarge if batch.record_count > 1 && !batch.is_done => self.split(slot, batch, now),
            Verdict::TooLarge | Verdict::Final => {
                let message = answer.error_message.clone();
                let error = rejected(code, &batch.cell.topic, batch.cell.partition, message);
                self.fail(slot, batch, error);
            }
        }
    }

    /// Sends a batch again, unless its senders have been told already or it was sent too often.
    fn retry_or_fail(&mut self, slot: usize, leader: Leadership, batch: Batch, now: Timestamp) {
        let too_often = batch.attempts >= self.settings.retries;
        if !batch.is_done && !too_often {
            self.retry(slot, batch, true, now);
            if self.has_moved(slot, leader) {
                self.lanes[slot].retry_at = now;
            }
            return;
        }
        let error = match &batch.last_error {
            Some((code, message)) if !batch.may_be_stored => {
                rejected(*code, &batch.cell.topic, batch.cell.partition, message.clone())
            }
            _ => unknown(&batch, "an attempt ended without an answer, and retries is used up"),
        };
        self.fail(slot, batch, error);
    }

    /// A batch was sent and nobody said what became of it.
    pub(super) fn retry_unanswered(&mut self, sent: Sent, reason: &str, now: Timestamp) {
        let Sent { slot, leader, mut batch } = sent;
        self.lanes[slot].in_flight -= 1;
        batch.may_be_stored = true;
        self.metadata.refresh();
        if batch.is_done || batch.attempts >= self.settings.retries {
            let error = unknown(&batch, reason);
            self.fail(slot, batch, error);
        } else {
            self.retry_or_fail(slot, leader, batch, now);
        }
    }

    /// Sends a batch again in two halves: the broker takes smaller ones only, and does not say how small.
    fn split(&mut self, slot: usize, mut batch: Batch, now: Timestamp) {
        let (topic, partition) = (&batch.cell.topic.clone(), batch.cell.partition);
        match batch.split(self.accumulator.options()) {
            Ok(pieces) => {
                tracing::debug!("topic {topic} partition {partition}: a batch goes on as {}", pieces.len());
                self.accumulator.ledger.split(batch.generation, pieces.len());
                let lane = &mut self.lanes[slot];
                pieces.into_iter().for_each(|piece| lane.put_back(piece));
                lane.retry_at = now;
                self.active.insert(slot);
            }
            Err(why) => {
                tracing::error!("a batch for topic {topic} could not be split: {why}");
                let error = rejected(ErrorCode::MESSAGE_TOO_LARGE, topic, partition, None);
                self.fail(slot, batch, error);
            }
        }
    }
}

fn rejected(
    code: ErrorCode,
    topic: &TopicName,
    partition: i32,
    message: Option<protocol::ByteString>,
) -> SendError {
    SendError::Rejected { code, topic: topic.clone(), partition: Some(partition), message }
}
