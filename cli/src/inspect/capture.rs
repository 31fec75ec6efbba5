//! The frames in a capture: segments put in order, both directions of each connection, responses with their requests.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use bytes::Bytes;
use protocol::RequestHeader;

use super::message::{self, Finding, Trouble};
use super::packets::Time;
use super::report::{Origin, Place};
use super::segment::{Segment, segments};
use super::stream::{self, Awaited, Content, PREFIX, Piece};
use crate::failure::Failure;

/// Finds all frames of the connections to `port`, and hands them out in the order in which they were complete; gives
/// how many connections there are.
///
/// # Errors
/// That of `each`; a sentence if this is not a capture, or is one that is broken somewhere, after what came before.
pub(crate) fn frames(
    file: &[u8],
    port: u16,
    max_frame_bytes: usize,
    mut each: impl FnMut(&Place<'_>, Finding) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    let mut broken = None;
    let segments = segments(file).map_while(|segment| segment.map_err(|rule| broken = Some(rule)).ok());
    let connections = connections(segments, port);
    let mut events: Vec<Event> = Vec::new();
    for (number, connection) in connections.iter().enumerate() {
        connection.events(number, max_frame_bytes, &mut events);
    }
    events.sort_by_key(|event| (event.packet, event.is_response, event.piece.offset));

    let names: Vec<[String; 2]> = connections.iter().map(Connection::names).collect();
    let mut awaited: Vec<Awaited> = connections.iter().map(|_| Awaited::default()).collect();
    for event in events {
        let awaited = &mut awaited[event.connection];
        let origin = Origin {
            packet: event.packet,
            time: event.time.map(|time| time.to_string()),
            connection: &names[event.connection][usize::from(event.is_response)],
        };
        let (before, finding) = event.read(awaited);
        let (offset, length) = (event.piece.offset, event.length);
        each(&Place { offset, start: offset + before, length, origin: Some(origin) }, finding)?;
    }
    broken.map_or(Ok(connections.len()), |rule| Err(Failure::new(rule)))
}

/// A part of a stream, and when it was complete.
struct Event {
    connection: usize,
    is_response: bool,
    packet: usize,
    time: Option<Time>,
    length: usize,
    piece: Piece,
}

impl Event {
    /// What it is, and how many bytes of it come before that.
    fn read(&self, awaited: &mut Awaited) -> (usize, Finding) {
        let kind = if self.is_response { "response" } else { "request" };
        match &self.piece.content {
            Content::Frame(frame) if self.is_response => {
                let mut finding = awaited.response(frame);
                // The capture may have begun after the request.
                if let Some(trouble) = &mut finding.trouble {
                    trouble.is_note |= trouble.kind == message::UNKNOWN_REQUEST;
                }
                (PREFIX, finding)
            }
            Content::Frame(frame) => {
                awaited.note(frame);
                (PREFIX, message::request(frame))
            }
            Content::Cut { missing, .. } => {
                let mut trouble = Trouble::new("Cut", format!("cut off here: {missing} bytes are missing"));
                trouble.is_note = true;
                (0, Finding::broken(kind, trouble))
            }
            Content::Senseless(trouble) => (0, Finding::broken(kind, trouble.clone())),
        }
    }
}

/// The two directions between a client and a server.
struct Connection<'a> {
    client: SocketAddr,
    server: SocketAddr,
    requests: Direction<'a>,
    responses: Direction<'a>,
}

impl Connection<'_> {
    fn names(&self) -> [String; 2] {
        let (client, server) = (self.client, self.server);
        [format!("{client} > {server}"), format!("{server} > {client}")]
    }

    fn events(&self, connection: usize, max_frame_bytes: usize, events: &mut Vec<Event>) {
        let mut correlation_ids = BTreeSet::new();
        let is_length = |start: &[u8]| {
            let length = start.first_chunk().map(|length| i32::from_be_bytes(*length));
            length
                .and_then(|length| usize::try_from(length).ok())
                .is_some_and(|length| length <= max_frame_bytes)
        };
        let peek =
            |start: &[u8]| RequestHeader::peek(&Bytes::copy_from_slice(start.get(PREFIX..PREFIX + 8)?));
        let is_request = |start: &[u8]| {
            let known = |(key, version, _): (protocol::ApiKey, i16, i32)| {
                key.versions().is_some_and(|versions| versions.contains(version))
            };
            is_length(start) && peek(start).is_some_and(known)
        };
        for run in self.requests.runs(is_request) {
            run.events(connection, false, max_frame_bytes, events, |frame| {
                correlation_ids.extend(RequestHeader::peek(frame).map(|(_, _, id)| id));
            });
        }
        let is_response = |start: &[u8]| {
            let id =
                start.get(PREFIX..).and_then(|body| body.first_chunk()).map(|id| i32::from_be_bytes(*id));
            is_length(start) && id.is_some_and(|id| correlation_ids.contains(&id))
        };
        for run in self.responses.runs(is_response) {
            run.events(connection, true, max_frame_bytes, events, |_| {});
        }
    }
}

/// Sorts segments into connections to `port`. A new handshake on the same ports begins a new one.
fn connections<'a>(segments: impl Iterator<Item = Segment<'a>>, port: u16) -> Vec<Connection<'a>> {
    let mut connections: Vec<Connection<'a>> = Vec::new();
    let mut current: BTreeMap<(SocketAddr, SocketAddr), usize> = BTreeMap::new();
    for segment in segments {
        let is_request = segment.destination.port() == port;
        if !is_request && segment.source.port() != port {
            continue;
        }
        let (client, server) = match is_request {
            true => (segment.source, segment.destination),
            false => (segment.destination, segment.source),
        };
        let begins = segment.is_syn && !segment.is_syn_ack;
        let known = current.get(&(client, server)).copied();
        let index = known.filter(|index| !(begins && connections[*index].has_data())).unwrap_or_else(|| {
            let (requests, responses) = (Direction::default(), Direction::default());
            connections.push(Connection { client, server, requests, responses });
            current.insert((client, server), connections.len() - 1);
            connections.len() - 1
        });
        let connection = &mut connections[index];
        let direction = if is_request { &mut connection.requests } else { &mut connection.responses };
        direction.add(segment);
    }
    connections
}

impl Connection<'_> {
    fn has_data(&self) -> bool {
        !self.requests.segments.is_empty() || !self.responses.segments.is_empty()
    }
}

/// The segments of one direction.
#[derive(Default)]
struct Direction<'a> {
    /// With their place in the stream, counted from the first one seen, or from the handshake.
    segments: Vec<(i64, Segment<'a>)>,
    /// Where the last one began, by sequence number and by place: numbers begin again after 4 GiB, places do not.
    last: Option<(u32, i64)>,
    /// Whether the handshake was seen, so that place 0 is the start.
    is_whole: bool,
}

impl<'a> Direction<'a> {
    fn add(&mut self, segment: Segment<'a>) {
        let sequence = segment.sequence.wrapping_add(u32::from(segment.is_syn));
        let place = match self.last {
            Some((last, place)) => place + i64::from(sequence.wrapping_sub(last) as i32),
            None => 0,
        };
        self.is_whole |= segment.is_syn && self.last.is_none();
        self.last = Some((sequence, place));
        if !segment.payload.is_empty() {
            self.segments.push((place, segment));
        }
    }

    /// The bytes in order, in one run if none are missing. A run of which the start was not seen is left out up to
    /// the first segment that begins as a frame does.
    fn runs(&self, is_start: impl Fn(&[u8]) -> bool) -> Vec<Run> {
        let mut segments: Vec<&(i64, Segment<'_>)> = self.segments.iter().collect();
        segments.sort_by_key(|(place, segment)| (*place, segment.packet));
        let first = segments.first().map_or(0, |(place, _)| *place);
        let start = if self.is_whole { 0 } else { first };
        let mut run = Run { is_whole: self.is_whole, ..Run::default() };
        let (mut runs, mut next) = (Vec::new(), start);
        for (place, segment) in segments {
            let end = place + segment.payload.len() as i64;
            if end <= next {
                continue;
            }
            if *place > next {
                let offset = usize::try_from(place - start).unwrap_or_default();
                let lost = place - next;
                runs.push(std::mem::replace(&mut run, Run { offset, lost, ..Run::default() }));
                next = *place;
            }
            let fresh = usize::try_from(next - place).unwrap_or_default();
            let packet = run.marks.last().map_or(0, |mark| mark.packet);
            let (packet, time) = match run.marks.last() {
                // What came late completes what came before it.
                Some(mark) if packet > segment.packet => (packet, mark.time),
                _ => (segment.packet, segment.time),
            };
            run.marks.push(Mark { start: run.bytes.len(), packet, time });
            run.bytes.extend_from_slice(&segment.payload[fresh..]);
            next = end;
        }
        runs.push(run);
        runs.into_iter().map(|run| run.starting_where(&is_start)).collect()
    }
}

/// Bytes of a stream with none missing.
#[derive(Default)]
struct Run {
    /// Where it begins in the stream.
    offset: usize,
    /// Bytes before it that are not in the capture.
    lost: i64,
    bytes: Vec<u8>,
    marks: Vec<Mark>,
    /// Whether it begins with a frame.
    is_whole: bool,
    /// Bytes at its start that are in the middle of a frame.
    passed_over: usize,
}

/// From where on bytes came with which packet, or with one before.
struct Mark {
    start: usize,
    packet: usize,
    time: Option<Time>,
}

impl Run {
    fn starting_where(mut self, is_start: impl Fn(&[u8]) -> bool) -> Self {
        if !self.is_whole {
            let starts = self.marks.iter().map(|mark| mark.start);
            self.passed_over =
                starts.into_iter().find(|at| is_start(&self.bytes[*at..])).unwrap_or(self.bytes.len());
        }
        self
    }

    fn events(
        &self,
        connection: usize,
        is_response: bool,
        max_frame_bytes: usize,
        events: &mut Vec<Event>,
        mut note: impl FnMut(&Bytes),
    ) {
        let event = |piece: Piece, length: usize| {
            let end = piece.offset - self.offset + length;
            let index = self.marks.partition_point(|mark| mark.start < end).saturating_sub(1);
            let mark = self.marks.get(index);
            let (packet, time) = mark.map_or((0, None), |mark| (mark.packet, mark.time));
            Event { connection, is_response, packet, time, length, piece }
        };
        if self.lost > 0 || self.passed_over > 0 {
            let piece = Piece { offset: self.offset, content: Content::Senseless(self.hole()) };
            events.push(event(piece, self.passed_over));
        }
        for mut piece in stream::pieces(&self.bytes[self.passed_over..], max_frame_bytes) {
            let length = match &piece.content {
                Content::Frame(frame) => {
                    note(frame);
                    PREFIX + frame.len()
                }
                Content::Cut { have, .. } => *have,
                Content::Senseless(_) => self.bytes.len() - self.passed_over - piece.offset,
            };
            piece.offset += self.offset + self.passed_over;
            events.push(event(piece, length));
        }
    }

    /// Says what is not shown before the first frame.
    fn hole(&self) -> Trouble {
        let (lost, passed_over) = (self.lost, self.passed_over);
        let message = match (lost, passed_over) {
            (0, _) => format!("it begins with {passed_over} bytes from the middle of a frame"),
            (_, 0) => format!("{lost} bytes before here were not captured"),
            _ => format!(
                "{lost} bytes before here were not captured, and {passed_over} more are from the middle of a frame"
            ),
        };
        Trouble { is_note: true, ..Trouble::new("Incomplete", message) }
    }
}

#[cfg(test)]
mod tests {
    use protocol::Response;
    use protocol::frame::{encode_request, encode_response};
    use protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse};

    use super::*;
    use crate::inspect::pcap::tests::capture;
    use crate::inspect::segment::tests::packet;

    const SYN: u8 = 0x02;
    const SYN_ACK: u8 = 0x12;
    const ACK: u8 = 0x10;

    /// What is found in a capture of these packets.
    fn found(packets: &[Vec<u8>]) -> Vec<String> {
        let mut found = Vec::new();
        let counted = frames(&capture(101, packets), 9092, 1 << 20, |place, finding| {
            let origin = place.origin.as_ref().unwrap();
            let trouble = finding.trouble.map(|trouble| format!(" {}", trouble.kind)).unwrap_or_default();
            let (kind, api) = (finding.kind, finding.api);
            found.push(format!("{} {kind} @{}+{} {api}{trouble}", origin.packet, place.offset, place.length));
            Ok(())
        });
        counted.unwrap();
        found
    }

    fn requests() -> [Bytes; 2] {
        [
            encode_request(1, None, 0, &ApiVersionsRequest::default()).unwrap().into_bytes(),
            encode_request(2, None, 1, &MetadataRequest::default()).unwrap().into_bytes(),
        ]
    }

    fn responses() -> [Bytes; 2] {
        [
            encode_response(0, 1, &Response::ApiVersions(ApiVersionsResponse::default()))
                .unwrap()
                .into_bytes(),
            encode_response(1, 2, &Response::Metadata(MetadataResponse::default())).unwrap().into_bytes(),
        ]
    }

    #[test]
    fn segments_out_of_order_twice_and_cut_anywhere_give_the_same_frames() {
        let sent = requests().concat();
        let (a, rest) = sent.split_at(7);
        let (b, c) = rest.split_at(9);
        let answer = responses().concat();
        let base = u32::MAX - 3;
        let at = |bytes: &[&[u8]]| base.wrapping_add(1 + bytes.concat().len() as u32);
        let packets = [
            packet(5000, 9092, base, SYN, b""),
            packet(9092, 5000, 100, SYN_ACK, b""),
            packet(5000, 9092, at(&[a, b]), ACK, c),
            packet(5000, 9092, at(&[]), ACK, a),
            packet(5000, 9092, at(&[a]), ACK, &[b, c].concat()),
            packet(5000, 9092, at(&[]), ACK, a),
            packet(9092, 5000, 101, ACK, &answer),
            packet(9092, 5000, 101, ACK, b""),
        ];
        let expected = [
            format!("5 request @0+{} ApiVersions", requests()[0].len()),
            format!("5 request @{}+{} Metadata", requests()[0].len(), requests()[1].len()),
            format!("7 response @0+{} ApiVersions", responses()[0].len()),
            format!("7 response @{}+{} Metadata", responses()[0].len(), responses()[1].len()),
        ];
        assert_eq!(found(&packets), expected);
    }

    #[test]
    fn after_a_loss_it_goes_on_with_the_next_segment_that_begins_a_frame() {
        let [first, second] = requests();
        let lost = 1 + first.len() as u32;
        let packets = [
            packet(5000, 9092, 0, SYN, b""),
            packet(5000, 9092, 1, ACK, &first),
            packet(5000, 9092, lost + 10, ACK, b"the end of what was lost"),
            packet(5000, 9092, lost + 34, ACK, &second),
        ];
        let expected = [
            format!("2 request @0+{} ApiVersions", first.len()),
            format!("3 request @{}+24  Incomplete", first.len() + 10),
            format!("4 request @{}+{} Metadata", first.len() + 34, second.len()),
        ];
        assert_eq!(found(&packets), expected);
    }

    #[test]
    fn a_capture_that_begins_late_and_ends_early_is_read_as_far_as_it_goes() {
        let ([_, request], [first, second]) = (requests(), responses());
        let packets = [
            packet(5000, 9092, 70, ACK, &request),
            packet(9092, 5000, 5, ACK, &first),
            packet(9092, 5000, 5 + first.len() as u32, ACK, &second[..second.len() - 1]),
        ];
        let expected = [
            format!("1 request @0+{} Metadata", request.len()),
            format!("2 response @0+{}  Incomplete", first.len()),
            format!("3 response @{}+{}  Cut", first.len(), second.len() - 1),
        ];
        assert_eq!(found(&packets), expected);
    }

    #[test]
    fn no_flipped_byte_panics() {
        let [request, _] = requests();
        let [response, _] = responses();
        let packets = [
            packet(5000, 9092, 10, SYN, b""),
            packet(5000, 9092, 11, ACK, &request[..9]),
            packet(5000, 9092, 20, ACK, &request[9..]),
            packet(9092, 5000, 1, ACK, &response),
        ];
        let file = capture(101, &packets);
        for position in 24..file.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut file = file.clone();
                file[position] = byte;
                let mut count = 0;
                let each = |_: &Place<'_>, _| {
                    count += 1;
                    Ok(())
                };
                let _ = frames(&file, 9092, 1 << 20, each);
                assert!(count <= 6, "{count} findings with {byte} at {position}");
            }
        }
    }

    #[test]
    fn ports_that_are_used_again_are_another_connection() {
        let [request, _] = requests();
        let [response, _] = responses();
        let one = |base: u32| {
            [
                packet(5000, 9092, base, SYN, b""),
                packet(9092, 5000, base, SYN_ACK, b""),
                packet(5000, 9092, base + 1, ACK, &request),
                packet(9092, 5000, base + 1, ACK, &response),
            ]
        };
        let packets = [one(10), one(7_000_000)].concat();
        let line = |packet, kind, frame: &Bytes| format!("{packet} {kind} @0+{} ApiVersions", frame.len());
        let expected = [
            line(3, "request", &request),
            line(4, "response", &response),
            line(7, "request", &request),
            line(8, "response", &response),
        ];
        assert_eq!(found(&packets), expected);
    }
}
