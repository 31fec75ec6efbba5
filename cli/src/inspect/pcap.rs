//! Packets out of a capture in the classic format of libpcap.
//!
//! ```text
//! file     magic u32 · version u16 u16 · zone i32 · accuracy u32 · snap length u32 · link type u32 │ record …
//! record   seconds u32 · fraction u32 · captured u32 · original u32 │ packet, as many bytes as were captured
//! ```
//!
//! The numbers are in the byte order of the magic.
//!
//! Source: draft-ietf-opsawg-pcap.

use nom::bytes::complete::take;
use nom::number::Endianness;
use nom::number::complete::{be_u32, u32};
use nom::{IResult, Parser};

use super::packets::{Packet, Time};

type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// Whether the bytes begin as a capture of this format does.
pub(crate) fn is_pcap(file: &[u8]) -> bool {
    file_header(file).is_ok()
}

/// The packets of a capture; `None` if it is none. A last one that is cut off is an error, after which nothing comes.
pub(crate) fn packets(file: &[u8]) -> Option<impl Iterator<Item = Result<Packet<'_>, String>>> {
    let (mut rest, header) = file_header(file).ok()?;
    let mut number = 0;
    Some(std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        number += 1;
        let offset = file.len() - rest.len();
        let Ok((after, (time, bytes))) = record(rest, &header) else {
            rest = &[];
            return Some(Err(format!(
                "packet {number} at byte {offset} is cut off: the file ends within it"
            )));
        };
        rest = after;
        Some(Ok(Packet { number, time: Some(time), link_type: header.link_type, bytes }))
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
        _ => return Err(nom::Err::Error(())),
    };
    let (input, _) = take(16_usize).parse(input)?;
    let (input, link_type) = u32(order).parse(input)?;
    // The upper half says things about checksums at the end of packets.
    Ok((input, FileHeader { order, unit, link_type: link_type as u16 }))
}

/// A packet, as far as it was captured.
fn record<'a>(input: &'a [u8], header: &FileHeader) -> Parsed<'a, (Time, &'a [u8])> {
    let number = || u32(header.order);
    let (input, (seconds, fraction, captured, _original)) =
        (number(), number(), number(), number()).parse(input)?;
    let (input, packet) = take(captured).parse(input)?;
    let time = Time { seconds: seconds.into(), nanoseconds: fraction.saturating_mul(header.unit) };
    Ok((input, (time, packet)))
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

    #[test]
    fn both_byte_orders_and_both_units_of_time_are_read() {
        for (order, magic, nanoseconds) in [
            (true, 0xa1b2_c3d4_u32, 5000),
            (true, 0xa1b2_3c4d, 5),
            (false, 0xa1b2_c3d4, 5000),
            (false, 0xa1b2_3c4d, 5),
        ] {
            let put = |number: u32| if order { number.to_be_bytes() } else { number.to_le_bytes() };
            let numbers = [magic, 0, 0, 0, 65_535, 101, 9, 5, 3, 3];
            let mut file: Vec<u8> = numbers.into_iter().flat_map(put).collect();
            file.extend(b"abc");
            let found: Vec<_> = packets(&file).unwrap().collect();
            let time = Some(Time { seconds: 9, nanoseconds });
            assert_eq!(found, [Ok(Packet { number: 1, time, link_type: 101, bytes: b"abc" })]);
        }
    }

    #[test]
    fn a_capture_that_is_cut_off_is_told_after_what_came_before() {
        let file = capture(1, &[vec![1, 2], vec![3, 4]]);
        let found: Vec<_> = packets(&file[..file.len() - 1]).unwrap().collect();
        assert!(found[0].is_ok());
        assert_eq!(found[1], Err("packet 2 at byte 42 is cut off: the file ends within it".to_owned()));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn other_files_are_told_apart() {
        assert!(is_pcap(&capture(1, &[])));
        assert!(!is_pcap(&[0, 0, 0, 9, 0, 18]));
        assert!(!is_pcap(&[]));
    }
}
