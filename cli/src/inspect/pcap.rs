//! TCP segments out of a capture of packets, the classic format of libpcap.
//!
//! ```text
//! file     magic u32 · version u16 u16 · zone i32 · accuracy u32 · snap length u32 · link type u32 │ record …
//! record   seconds u32 · fraction u32 · captured u32 · original u32 │ packet, as many bytes as were captured
//! packet   link header (Ethernet, loopback, Linux cooked, none) │ IPv4 or IPv6 │ TCP │ payload
//! ```
//!
//! The numbers of file and record are in the byte order of the magic, all others big-endian. What is no TCP, what is a
//! fragment and what is cut within its headers is passed over: a capture has all kinds of things in it.
//!
//! Source: draft-ietf-opsawg-pcap; RFC 791, 8200, 9293; the link types of tcpdump.org.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use nom::bytes::complete::take;
use nom::number::Endianness;
use nom::number::complete::{be_u8, be_u16, be_u32, be_u128, u32};
use nom::{IResult, Parser};

/// What a parser here returns: it does not matter why a packet is none of ours.
type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// A TCP segment as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    /// Which packet of the capture it is, the first is 1, as other tools count them.
    pub(crate) packet: usize,
    pub(crate) time: Time,
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) sequence: u32,
    /// The first segment of its side.
    pub(crate) is_syn: bool,
    /// The first segment of the side that accepts.
    pub(crate) is_syn_ack: bool,
    pub(crate) payload: &'a [u8],
}

/// Seconds and nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Time {
    seconds: u32,
    nanoseconds: u32,
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.seconds, self.nanoseconds / 1000)
    }
}

/// Whether the bytes begin as a capture does, of a format that is read here or of the newer one.
pub(crate) fn is_capture(file: &[u8]) -> bool {
    file_header(file).is_ok() || is_newer(file)
}

/// Whether it is a file of the format pcapng.
fn is_newer(file: &[u8]) -> bool {
    file.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a])
}

/// The TCP segments of a capture, in its order.
///
/// # Errors
/// A sentence, if it is no capture or of link headers that are not known.
pub(crate) fn segments(file: &[u8]) -> Result<impl Iterator<Item = Segment<'_>>, String> {
    if is_newer(file) {
        let advice = "write it with `tcpdump -w`, or convert it with `editcap -F pcap`";
        return Err(format!("this is a pcapng file, and only the classic pcap format is read: {advice}"));
    }
    let Ok((mut rest, header)) = file_header(file) else {
        return Err("this is not a capture in the format of libpcap".to_owned());
    };
    if link(header.link_type, &[]).is_none() {
        return Err(format!("the packets have link type {}, which is not read here", header.link_type));
    }
    let packets = std::iter::from_fn(move || {
        let (after, packet) = record(rest, &header).ok()?;
        rest = after;
        Some(packet)
    });
    let numbered = (1..).zip(packets);
    Ok(numbered.filter_map(move |(number, (time, packet))| {
        let network = link(header.link_type, packet)?.ok()?.0;
        let (_, segment) = internet(network).ok()?;
        Some(Segment { packet: number, time, ..segment })
    }))
}

/// What the head of the file says.
#[derive(Clone, Copy)]
struct FileHeader {
    order: Endianness,
    /// Nanoseconds in a unit of the fraction.
    unit: u32,
    link_type: u16,
}

fn file_header(input: &[u8]) -> Parsed<'_, FileHeader> {
    let (input, magic) = be_u32(input)?;
    let (order, unit) = match magic {
        0xa1b2_c3d4 => (Endianness::Big, 1000),
        0xd4c3_b2a1 => (Endianness::Little, 1000),
        0xa1b2_3c4d => (Endianness::Big, 1),
        0x4d3c_b2a1 => (Endianness::Little, 1),
        _ => return refuse(),
    };
    let (input, _) = take(16_usize).parse(input)?;
    let (input, link_type) = u32(order).parse(input)?;
    // The upper half says things about checksums at the end of packets.
    Ok((input, FileHeader { order, unit, link_type: link_type as u16 }))
}

/// A packet, as far as it was captured. The last one may be cut off, then it is none.
fn record<'a>(input: &'a [u8], header: &FileHeader) -> Parsed<'a, (Time, &'a [u8])> {
    let number = || u32(header.order);
    let (input, (seconds, fraction, captured, _original)) =
        (number(), number(), number(), number()).parse(input)?;
    let (input, packet) = take(captured).parse(input)?;
    Ok((input, (Time { seconds, nanoseconds: fraction.saturating_mul(header.unit) }, packet)))
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
        time: Time::default(),
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
    use super::*;

    /// A capture with microseconds, in the byte order of most machines.
    pub(crate) fn capture(link_type: u32, packets: &[Vec<u8>]) -> Vec<u8> {
        let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
        file.extend([0; 8]);
        file.extend(65_535_u32.to_le_bytes());
        file.extend(link_type.to_le_bytes());
        for packet in packets {
            let length = packet.len() as u32;
            for number in [1_700_000_000, 5, length, length] {
                file.extend(number.to_le_bytes());
            }
            file.extend(packet);
        }
        file
    }

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
        let show = |segment: Segment<'_>| {
            (segment.packet, segment.source.port(), segment.sequence, segment.payload.to_vec())
        };
        segments(file).unwrap().map(show).collect()
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
        assert!(segments(&capture(9999, &[])).is_err());
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
    fn both_byte_orders_and_both_units_of_time_are_read() {
        for (order, magic, nanoseconds) in [
            (true, 0xa1b2_c3d4_u32, 5000),
            (true, 0xa1b2_3c4d, 5),
            (false, 0xa1b2_c3d4, 5000),
            (false, 0xa1b2_3c4d, 5),
        ] {
            let put = |number: u32| if order { number.to_be_bytes() } else { number.to_le_bytes() };
            let packet = packet(1, 2, 3, 0, b"x");
            let length = packet.len() as u32;
            let numbers = [magic, 0, 0, 0, 65_535, 101, 9, 5, length, length];
            let mut file: Vec<u8> = numbers.into_iter().flat_map(put).collect();
            file.extend(packet);
            let found: Vec<Time> = segments(&file).unwrap().map(|segment| segment.time).collect();
            assert_eq!(found, [Time { seconds: 9, nanoseconds }]);
        }
    }

    #[test]
    fn no_cut_and_no_flipped_byte_panics() {
        let ethernet = [&[0; 12][..], &[8, 0], &packet(5000, 9092, 7, 0x18, b"abc")].concat();
        let file = capture(1, &[ethernet.clone(), ethernet]);
        for length in 0..file.len() {
            if let Ok(segments) = segments(&file[..length]) {
                assert!(segments.count() <= 2);
            }
        }
        for position in 0..file.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut file = file.clone();
                file[position] = byte;
                if let Ok(segments) = segments(&file) {
                    assert!(segments.count() <= 2);
                }
            }
        }
    }

    #[test]
    fn other_files_are_told_apart() {
        assert!(is_capture(&capture(1, &[])));
        assert!(!is_capture(&[0, 0, 0, 9, 0, 18]));
        assert!(!is_capture(&[]));
        let error = segments(&[0x0a, 0x0d, 0x0d, 0x0a, 0]).map(drop).unwrap_err();
        assert!(error.contains("editcap"), "{error}");
    }
}
