//! TCP segments out of captured packets.
//!
//! ```text
//! packet   link header (Ethernet, loopback, Linux cooked, none) │ IPv4 or IPv6 │ TCP │ payload
//! ```
//!
//! All numbers are big-endian. What is no TCP, what is a fragment and what is cut within its headers is passed over: a
//! capture has all kinds of things in it.
//!
//! Source: RFC 791, 8200, 9293; the link types of tcpdump.org.

use std::net::{IpAddr, SocketAddr};

use nom::bytes::complete::take;
use nom::number::complete::{be_u8, be_u16, be_u32, be_u128};
use nom::{IResult, Parser};

use super::packets::{Packet, Time, packets};

/// What a parser here returns: it does not matter why a packet is none of ours.
type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// A TCP segment as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    /// Which packet of the capture it is, the first is 1, as other tools count them.
    pub(crate) packet: usize,
    /// When it was captured, if the capture says so.
    pub(crate) time: Option<Time>,
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) sequence: u32,
    /// The first segment of its side.
    pub(crate) is_syn: bool,
    /// The first segment of the side that accepts.
    pub(crate) is_syn_ack: bool,
    pub(crate) payload: &'a [u8],
}

/// The TCP segments of a capture, in its order. After an error there is nothing more.
///
/// # Errors
/// A sentence, of what is no capture, or is broken somewhere, or has no packets but those of link types that are not
/// known.
pub(crate) fn segments(file: &[u8]) -> impl Iterator<Item = Result<Segment<'_>, String>> {
    let (mut unread, mut is_any_read) = (None, false);
    let mut packets = packets(file).fuse();
    std::iter::from_fn(move || {
        for packet in packets.by_ref() {
            let packet = match packet {
                Ok(packet) => packet,
                Err(error) => {
                    unread = None;
                    return Some(Err(error));
                }
            };
            match link(packet.link_type, packet.bytes) {
                Some(network) => {
                    is_any_read = true;
                    if let Some(segment) = network.ok().and_then(|(network, ())| of_packet(&packet, network))
                    {
                        return Some(Ok(segment));
                    }
                }
                None => _ = unread.get_or_insert(packet.link_type),
            }
        }
        let link_type = unread.take().filter(|_| !is_any_read)?;
        Some(Err(format!("the packets have link type {link_type}, which is not read here")))
    })
}

fn of_packet<'a>(packet: &Packet<'a>, network: &'a [u8]) -> Option<Segment<'a>> {
    let (_, segment) = internet(network).ok()?;
    Some(Segment { packet: packet.number, time: packet.time, ..segment })
}

/// Strips the link header; `None` for a link type that is not known. Gives what is of IP, in place of the rest.
fn link(link_type: u16, packet: &[u8]) -> Option<Parsed<'_, ()>> {
    Some(match link_type {
        0 | 108 => skip(packet, 4),
        1 => ethernet(packet),
        12 | 14 | 101 | 228 | 229 => Ok((packet, ())),
        113 => skip(packet, 14).and_then(|(input, ())| ip_only(input)),
        276 => ip_only(packet).and_then(|(input, ())| skip(input, 18)),
        _ => return None,
    })
}

fn skip(input: &[u8], count: usize) -> Parsed<'_, ()> {
    let (input, _) = take(count).parse(input)?;
    Ok((input, ()))
}

fn ethernet(input: &[u8]) -> Parsed<'_, ()> {
    let (mut input, _) = take(12_usize).parse(input)?;
    // Tags of virtual networks stand before the type.
    while let [0x81 | 0x91, 0x00, ..] | [0x88, 0xa8, ..] = input {
        input = take(4_usize).parse(input)?.0;
    }
    ip_only(input)
}

/// The type of what follows: IPv4 or IPv6.
fn ip_only(input: &[u8]) -> Parsed<'_, ()> {
    match be_u16.parse(input)? {
        (input, 0x0800 | 0x86dd) => Ok((input, ())),
        _ => refuse(),
    }
}

fn internet(input: &[u8]) -> Parsed<'_, Segment<'_>> {
    match input.first().map(|first| first >> 4) {
        Some(4) => internet_4(input),
        Some(6) => internet_6(input),
        _ => refuse(),
    }
}

fn internet_4(packet: &[u8]) -> Parsed<'_, Segment<'_>> {
    let (input, (first, _, total, _, fragment)) = (be_u8, be_u8, be_u16, be_u16, be_u16).parse(packet)?;
    let (input, (_, protocol, _, source, destination)) =
        (be_u8, be_u8, be_u16, be_u32, be_u32).parse(input)?;
    let (input, _options) = take((usize::from(first & 15) * 4).saturating_sub(20)).parse(input)?;
    // Only the first of several fragments has the ports, and none has all of the payload.
    if protocol != TCP || fragment & 0x3fff != 0 {
        return refuse();
    }
    let header = packet.len() - input.len();
    let payload = within(input, usize::from(total).saturating_sub(header), total == 0);
    tcp(payload, IpAddr::V4(source.into()), IpAddr::V4(destination.into()))
}

fn internet_6(packet: &[u8]) -> Parsed<'_, Segment<'_>> {
    let (input, (_, length, mut next, _)) = (be_u32, be_u16, be_u8, be_u8).parse(packet)?;
    let (input, (source, destination)) = (be_u128, be_u128).parse(input)?;
    let mut payload = within(input, usize::from(length), length == 0);
    // Options, routing, destination options: each says what follows and how long it is.
    while let 0 | 43 | 60 = next {
        let (input, (following, eights)) = (be_u8, be_u8).parse(payload)?;
        payload = take(usize::from(eights) * 8 + 6).parse(input)?.0;
        next = following;
    }
    if next != TCP {
        return refuse();
    }
    tcp(payload, IpAddr::V6(source.into()), IpAddr::V6(destination.into()))
}

/// The number of TCP in IP headers.
const TCP: u8 = 6;

/// Cuts off what the link added behind. A length of 0 is that of a packet which the network card was to cut up.
fn within(input: &[u8], length: usize, is_unknown: bool) -> &[u8] {
    if is_unknown { input } else { &input[..length.min(input.len())] }
}

fn tcp(segment: &[u8], source: IpAddr, destination: IpAddr) -> Parsed<'_, Segment<'_>> {
    let (input, (source_port, destination_port, sequence, _)) =
        (be_u16, be_u16, be_u32, be_u32).parse(segment)?;
    let (input, (length, flags)) = (be_u8, be_u8).parse(input)?;
    let (input, _) = take(6_usize).parse(input)?;
    let (payload, _options) = take((usize::from(length >> 4) * 4).saturating_sub(20)).parse(input)?;
    let (is_syn, is_ack) = (flags & 0x02 != 0, flags & 0x10 != 0);
    let segment = Segment {
        packet: 0,
        time: None,
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
        sequence,
        is_syn,
        is_syn_ack: is_syn && is_ack,
        payload,
    };
    Ok((&[], segment))
}

fn refuse<'a, T>() -> Parsed<'a, T> {
    Err(nom::Err::Error(()))
}

#[cfg(test)]
pub(crate) mod tests {
    use protocol::random::Random;

    use super::*;
    use crate::inspect::pcap::tests::capture;
    use crate::inspect::pcapng::tests::Writer;

    /// A packet of IPv4, with these ports.
    pub(crate) fn packet(source: u16, destination: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0];
        packet.extend((40 + payload.len() as u16).to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        packet.extend(tcp_segment(source, destination, sequence, flags, payload));
        packet
    }

    fn tcp_segment(source: u16, destination: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut segment = Vec::new();
        segment.extend(source.to_be_bytes());
        segment.extend(destination.to_be_bytes());
        segment.extend(sequence.to_be_bytes());
        segment.extend([0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0]);
        segment.extend(payload);
        segment
    }

    fn all(file: &[u8]) -> Vec<(usize, u16, u32, Vec<u8>)> {
        let show = |segment: Result<Segment<'_>, String>| {
            let segment = segment.unwrap();
            (segment.packet, segment.source.port(), segment.sequence, segment.payload.to_vec())
        };
        segments(file).map(show).collect()
    }

    #[test]
    fn segments_come_out_of_every_link_header() {
        let packet = packet(5000, 9092, 7, 0x18, b"abc");
        let headers: [(u32, &[u8]); 7] = [
            (0, &[2, 0, 0, 0]),
            (1, &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8, 0]),
            (1, &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x81, 0, 0, 5, 8, 0]),
            (101, &[]),
            (108, &[0, 0, 0, 2]),
            (113, &[0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]),
            (276, &[8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]),
        ];
        for (link_type, header) in headers {
            // Ethernet fills short packets up.
            let framed = [header, &packet, &[0; 6]].concat();
            let file = capture(link_type, &[vec![1, 2, 3], framed]);
            assert_eq!(all(&file), [(2, 5000, 7, b"abc".to_vec())], "link type {link_type}");
        }
    }

    #[test]
    fn link_types_that_are_not_known_are_told_if_there_are_no_others() {
        let unknown = capture(9999, &[vec![1], vec![2]]);
        let found: Vec<_> = segments(&unknown).collect();
        assert_eq!(found, [Err("the packets have link type 9999, which is not read here".to_owned())]);

        let mut writer = Writer::new(true);
        writer.interface(9999, &[]).interface(101, &[]);
        writer.enhanced(0, 0, &[1]).enhanced(1, 0, &packet(5000, 9092, 7, 0x18, b"abc"));
        assert_eq!(all(&writer.file), [(2, 5000, 7, b"abc".to_vec())]);
    }

    #[test]
    fn a_segment_is_found_behind_the_options_of_ipv6() {
        let segment = tcp_segment(5000, 9092, 7, 0x18, b"abc");
        let mut packet = vec![0x60, 0, 0, 0, 0, segment.len() as u8 + 8, 0, 64];
        packet.extend([0; 32]);
        packet.extend([6, 0, 0, 0, 0, 0, 0, 0]);
        packet.extend(&segment);
        assert_eq!(all(&capture(101, &[packet])), [(1, 5000, 7, b"abc".to_vec())]);
    }

    #[test]
    fn what_is_no_capture_is_told() {
        let error = segments(b"nothing of the kind").next().unwrap().unwrap_err();
        assert_eq!(error, "this is not a capture, neither pcap nor pcapng");
    }

    /// A capture in both formats, in the newer one in both byte orders.
    fn captures() -> [Vec<u8>; 3] {
        let ethernet = [&[0; 12][..], &[8, 0], &packet(5000, 9092, 7, 0x18, b"abc")].concat();
        let newer = |is_big| {
            let mut writer = Writer::new(is_big);
            writer.interface(1, &[(9, &[9]), (2, b"eth0"), (0, &[])]);
            writer.enhanced(0, 5, &ethernet).block(5, &[0; 8]).simple(&ethernet);
            writer.file
        };
        [capture(1, &[ethernet.clone(), ethernet.clone()]), newer(true), newer(false)]
    }

    #[test]
    fn no_cut_and_no_flipped_byte_panics() {
        for file in captures() {
            assert_eq!(segments(&file).filter(Result::is_ok).count(), 2);
            for length in 0..file.len() {
                assert!(segments(&file[..length]).count() <= 3);
            }
            for position in 0..file.len() {
                for byte in [0, 1, 0x7f, 0x80, 0xff] {
                    let mut file = file.clone();
                    file[position] = byte;
                    assert!(segments(&file).count() <= 4);
                }
            }
        }
    }

    #[test]
    fn dice_over_captures_never_panic_and_an_error_is_the_last_word() {
        let mut random = Random::new(3);
        for file in captures() {
            for _ in 0..5_000 {
                let mut file = file.clone();
                for _ in 0..1 + random.below(6) {
                    let at = random.below(file.len());
                    match random.below(3) {
                        0 => file[at] = random.bits() as u8,
                        1 => drop(file.splice(at..at, [random.bits() as u8; 4])),
                        _ => drop(file.drain(at..(at + 4).min(file.len()))),
                    }
                    file.push(0);
                }
                let found: Vec<_> = segments(&file).collect();
                let errors = found.iter().filter(|segment| segment.is_err()).count();
                assert!(errors <= 1 && found.iter().rev().skip(1).all(Result::is_ok));
                assert!(found.len() <= file.len() / 16 + 1);
            }
        }
    }
}
