//! Packets out of a capture in the newer format, pcapng.
//!
//! ```text
//! file        section …
//! section     section header │ interface description, enhanced packet, simple packet, any other block …
//! block       type u32 · length u32 │ body │ length u32, the same          length: all of it, a multiple of 4
//!
//! section header          byte order 0x1a2b3c4d · version u16 u16 · section length i64 · options
//! interface description   link type u16 · 0 u16 · snap length u32 · options
//! enhanced packet         interface u32 · time u32 u32 · captured u32 · original u32 │ packet, padded · options
//! simple packet           original u32 │ packet, padded                     of the first interface, without time
//! options                 code u16 · length u16 │ value, padded │ …  up to code 0
//! ```
//!
//! The numbers are in the byte order that the section header shows. Of options only those that say how time is counted
//! are looked at; blocks of other types are passed over. What is kept is one small entry for each interface, which takes
//! 20 bytes of the file at least.
//!
//! Source: draft-ietf-opsawg-pcapng.

use nom::bytes::complete::take;
use nom::number::Endianness;
use nom::number::complete::{i64, u16, u32};
use nom::{IResult, Parser};

use super::packets::{Packet, Time};

/// Parsers of bodies: why one ends early is no matter, its block is named.
type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Type and both lengths.
const OVERHEAD: usize = 12;

/// Whether the bytes begin as a file of this format does: the type of a section header is the same both ways around.
pub(crate) fn is_pcapng(file: &[u8]) -> bool {
    file.starts_with(&SECTION_HEADER.to_be_bytes())
}

/// The packets of a capture. After an error, which names block and byte, there is nothing more.
pub(crate) fn packets(file: &[u8]) -> impl Iterator<Item = Result<Packet<'_>, String>> {
    let mut reader =
        Reader { file, rest: file, order: Endianness::Little, interfaces: Vec::new(), blocks: 0, packets: 0 };
    std::iter::from_fn(move || {
        while !reader.rest.is_empty() {
            reader.blocks += 1;
            let offset = reader.file.len() - reader.rest.len();
            match reader.block() {
                Ok(None) => {}
                Ok(Some(packet)) => return Some(Ok(packet)),
                Err(rule) => {
                    let name = name(reader.block_type());
                    reader.rest = &[];
                    return Some(Err(format!("block {} at byte {offset}, {name}: {rule}", reader.blocks)));
                }
            }
        }
        None
    })
}

fn name(block_type: Option<u32>) -> String {
    match block_type {
        Some(SECTION_HEADER) => "a section header".to_owned(),
        Some(INTERFACE) => "an interface description".to_owned(),
        Some(OLD_PACKET) => "a packet of the old form".to_owned(),
        Some(SIMPLE_PACKET) => "a simple packet".to_owned(),
        Some(ENHANCED_PACKET) => "an enhanced packet".to_owned(),
        Some(other) => format!("of type {other:#x}"),
        None => "without a type".to_owned(),
    }
}

struct Reader<'a> {
    file: &'a [u8],
    /// The block to be read and all after it.
    rest: &'a [u8],
    order: Endianness,
    /// Those of the section, by their number.
    interfaces: Vec<Interface>,
    blocks: usize,
    packets: usize,
}

/// What packets were captured at.
#[derive(Clone, Copy)]
struct Interface {
    link_type: u16,
    /// The most of a packet that was captured, in bytes; 0 is no limit.
    snap_length: u32,
    clock: Clock,
}

/// How an interface counts time.
#[derive(Clone, Copy)]
struct Clock {
    units_per_second: u64,
    /// Seconds to be added.
    offset: i64,
}

impl Clock {
    fn time(self, high: u32, low: u32) -> Time {
        let units = u64::from(high) << 32 | u64::from(low);
        let (seconds, fraction) = (units / self.units_per_second, units % self.units_per_second);
        let nanoseconds = u128::from(fraction) * 1_000_000_000 / u128::from(self.units_per_second);
        Time { seconds: seconds.saturating_add_signed(self.offset), nanoseconds: nanoseconds as u32 }
    }
}

impl<'a> Reader<'a> {
    fn block_type(&self) -> Option<u32> {
        u32::<_, ()>(self.order).parse(self.rest).ok().map(|(_, number)| number)
    }

    /// Reads one block and goes on behind it; stays before it if it is broken.
    fn block(&mut self) -> Result<Option<Packet<'a>>, String> {
        if is_pcapng(self.rest) {
            self.order = byte_order(self.rest)?;
        }
        let Block { block_type, body, rest } = framed(self.rest, self.order)?;
        let broken = |_| "its length is less than its fields take".to_owned();
        let packet = match block_type {
            SECTION_HEADER => {
                let (_, version) = section_header(body, self.order).map_err(broken)?;
                if version != 1 {
                    return Err(format!("it is of version {version}, and only 1 is known"));
                }
                self.interfaces.clear();
                None
            }
            INTERFACE => {
                self.interfaces.push(interface(body, self.order)?);
                None
            }
            ENHANCED_PACKET | OLD_PACKET => {
                let is_old = block_type == OLD_PACKET;
                let (_, fields) = timed_packet(body, self.order, is_old).map_err(broken)?;
                let interface = self.interface(fields.interface)?;
                let time = interface.clock.time(fields.time.0, fields.time.1);
                Some((Some(time), interface.link_type, fields.bytes))
            }
            SIMPLE_PACKET => {
                let (bytes, original) = u32::<_, ()>(self.order).parse(body).map_err(broken)?;
                let interface = self.interface(0)?;
                let most = if interface.snap_length == 0 { u32::MAX } else { interface.snap_length };
                let captured = original.min(most) as usize;
                let bytes = bytes.get(..captured).ok_or_else(|| broken(nom::Err::Error(())))?;
                Some((None, interface.link_type, bytes))
            }
            _ => None,
        };
        self.rest = rest;
        Ok(packet.map(|(time, link_type, bytes)| {
            self.packets += 1;
            Packet { number: self.packets, time, link_type, bytes }
        }))
    }

    fn interface(&self, number: u32) -> Result<Interface, String> {
        let interface = usize::try_from(number).ok().and_then(|number| self.interfaces.get(number));
        let count = self.interfaces.len();
        interface.copied().ok_or_else(|| {
            format!("it is of interface {number}, and the section has described {count} of them")
        })
    }
}

/// The order in which a section writes numbers.
fn byte_order(section: &[u8]) -> Result<Endianness, String> {
    match section.get(8..12) {
        Some([0x1a, 0x2b, 0x3c, 0x4d]) => Ok(Endianness::Big),
        Some([0x4d, 0x3c, 0x2b, 0x1a]) => Ok(Endianness::Little),
        Some(other) => Err(format!("its byte order is {other:02x?}, neither 1a 2b 3c 4d nor the reverse")),
        None => Err(CUT.to_owned()),
    }
}

const CUT: &str = "it is cut off: the file ends within it";

struct Block<'a> {
    block_type: u32,
    body: &'a [u8],
    /// What comes after the block.
    rest: &'a [u8],
}

/// The first block.
fn framed(input: &[u8], order: Endianness) -> Result<Block<'_>, String> {
    let number = |input| u32::<_, ()>(order).parse(input).map_err(|_| CUT.to_owned());
    let (after_type, block_type) = number(input)?;
    let (_, length) = number(after_type)?;
    let size = length as usize;
    if size < OVERHEAD || !size.is_multiple_of(4) {
        return Err(format!("its length is {length}, not a multiple of 4 from {OVERHEAD} on"));
    }
    let (block, rest) = input.split_at_checked(size).ok_or_else(|| CUT.to_owned())?;
    let (body, end) = block[OVERHEAD - 4..].split_at(size - OVERHEAD);
    let (_, repeated) = number(end)?;
    if repeated != length {
        return Err(format!("its length is {length} at its start and {repeated} at its end"));
    }
    Ok(Block { block_type, body, rest })
}

/// The major version of a section.
fn section_header(body: &[u8], order: Endianness) -> Parsed<'_, u16> {
    let (rest, (_byte_order, major, _minor, _length)) =
        (u32(order), u16(order), u16(order), i64(order)).parse(body)?;
    Ok((rest, major))
}

fn interface(body: &[u8], order: Endianness) -> Result<Interface, String> {
    let fields = (u16(order), u16(order), u32(order)).parse(body);
    let (rest, (link_type, _, snap_length)) =
        fields.map_err(|_: nom::Err<()>| "its length is less than its fields take".to_owned())?;
    Ok(Interface { link_type, snap_length, clock: clock(rest, order)? })
}

/// Looks for what the options say of time; without, it is counted in microseconds.
fn clock(mut options: &[u8], order: Endianness) -> Result<Clock, String> {
    const END: u16 = 0;
    const RESOLUTION: u16 = 9;
    const OFFSET: u16 = 14;
    let mut clock = Clock { units_per_second: 1_000_000, offset: 0 };
    while !options.is_empty() {
        let option = option(options, order).map_err(|_| "an option is longer than the block".to_owned())?;
        let (rest, (code, value)) = option;
        options = rest;
        match (code, value) {
            (END, _) => break,
            // The first bit says whether it is a power of two or of ten.
            (RESOLUTION, &[resolution]) => {
                let power = u32::from(resolution & 0x7f);
                let base = if resolution & 0x80 == 0 { 10_u64 } else { 2 };
                clock.units_per_second = base.checked_pow(power).ok_or_else(|| {
                    format!("it counts time in units of {base}^-{power} s, finer than 64 bits can hold")
                })?;
            }
            (OFFSET, value) => {
                if let Ok((_, offset)) = i64::<_, ()>(order).parse(value) {
                    clock.offset = offset;
                }
            }
            _ => {}
        }
    }
    Ok(clock)
}

fn option(input: &[u8], order: Endianness) -> Parsed<'_, (u16, &[u8])> {
    let (input, (code, length)) = (u16(order), u16(order)).parse(input)?;
    let (rest, value) = take(length).parse(input)?;
    // The last one may lack its padding.
    let padding = usize::from(length).next_multiple_of(4) - usize::from(length);
    Ok((&rest[padding.min(rest.len())..], (code, value)))
}

struct TimedPacket<'a> {
    interface: u32,
    time: (u32, u32),
    bytes: &'a [u8],
}

/// A packet with its interface and time. In the old form the interface is shorter, with a count of drops beside it.
fn timed_packet(body: &[u8], order: Endianness, is_old: bool) -> Parsed<'_, TimedPacket<'_>> {
    let number = || u32(order);
    let (input, interface) = match is_old {
        true => {
            let (input, (interface, _drops)) = (u16(order), u16(order)).parse(body)?;
            (input, u32::from(interface))
        }
        false => number().parse(body)?,
    };
    let (input, (high, low, captured, _original)) = (number(), number(), number(), number()).parse(input)?;
    let (rest, bytes) = take(captured).parse(input)?;
    Ok((rest, TimedPacket { interface, time: (high, low), bytes }))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Options of a block: codes and values.
    type Options<'a> = &'a [(u16, &'a [u8])];

    /// Writes a capture block by block.
    pub(crate) struct Writer {
        pub(crate) file: Vec<u8>,
        is_big: bool,
    }

    impl Writer {
        pub(crate) fn new(is_big: bool) -> Self {
            let mut writer = Self { file: Vec::new(), is_big };
            writer.section(is_big);
            writer
        }

        pub(crate) fn section(&mut self, is_big: bool) -> &mut Self {
            self.is_big = is_big;
            let mut body = self.u32(0x1a2b_3c4d).to_vec();
            body.extend(self.u16(1));
            body.extend(self.u16(0));
            body.extend([0xff; 8]);
            body.extend(self.options(&[(4, b"milena"), (0, &[])]));
            self.block(SECTION_HEADER, &body)
        }

        pub(crate) fn interface(&mut self, link_type: u16, options: Options<'_>) -> &mut Self {
            self.limited_interface(link_type, 0, options)
        }

        fn limited_interface(&mut self, link_type: u16, snap_length: u32, options: Options<'_>) -> &mut Self {
            let mut body = [self.u16(link_type), self.u16(0)].concat();
            body.extend(self.u32(snap_length));
            body.extend(self.options(options));
            self.block(INTERFACE, &body)
        }

        pub(crate) fn enhanced(&mut self, interface: u32, time: u64, packet: &[u8]) -> &mut Self {
            let numbers =
                [interface, (time >> 32) as u32, time as u32, packet.len() as u32, packet.len() as u32];
            let mut body: Vec<u8> = numbers.into_iter().flat_map(|number| self.u32(number)).collect();
            body.extend(packet);
            body.resize(body.len().next_multiple_of(4), 0);
            body.extend(self.options(&[(2, &[0; 4]), (0, &[])]));
            self.block(ENHANCED_PACKET, &body)
        }

        pub(crate) fn simple(&mut self, packet: &[u8]) -> &mut Self {
            let body = [&self.u32(packet.len() as u32), packet].concat();
            self.block(SIMPLE_PACKET, &body)
        }

        pub(crate) fn block(&mut self, block_type: u32, body: &[u8]) -> &mut Self {
            let length = self.u32((body.len().next_multiple_of(4) + OVERHEAD) as u32);
            self.file.extend(self.u32(block_type));
            self.file.extend(length);
            self.file.extend(body);
            self.file.resize(self.file.len().next_multiple_of(4), 0);
            self.file.extend(length);
            self
        }

        fn options(&self, options: Options<'_>) -> Vec<u8> {
            let mut bytes = Vec::new();
            for (code, value) in options {
                bytes.extend(self.u16(*code));
                bytes.extend(self.u16(value.len() as u16));
                bytes.extend(*value);
                bytes.resize(bytes.len().next_multiple_of(4), 0);
            }
            bytes
        }

        fn u32(&self, number: u32) -> [u8; 4] {
            if self.is_big { number.to_be_bytes() } else { number.to_le_bytes() }
        }

        fn u16(&self, number: u16) -> [u8; 2] {
            if self.is_big { number.to_be_bytes() } else { number.to_le_bytes() }
        }
    }

    fn packet(
        number: usize,
        time: Option<(u64, u32)>,
        link_type: u16,
        bytes: &[u8],
    ) -> Result<Packet<'_>, String> {
        let time = time.map(|(seconds, nanoseconds)| Time { seconds, nanoseconds });
        Ok(Packet { number, time, link_type, bytes })
    }

    fn all(file: &[u8]) -> Vec<Result<Packet<'_>, String>> {
        packets(file).collect()
    }

    #[test]
    fn packets_come_out_of_every_kind_of_block_in_both_byte_orders() {
        for is_big in [true, false] {
            let mut writer = Writer::new(is_big);
            writer.interface(101, &[]).limited_interface(1, 2, &[(9, &[9]), (0, &[])]);
            writer.block(4, b"names").enhanced(0, 7_000_005, b"one").enhanced(1, 7_000_000_005, b"two");
            writer.simple(b"three");
            let old = [&writer.u16(1)[..], &[0; 14], &writer.u32(4), b"four"].concat();
            let mut captured = old.clone();
            captured[12..16].copy_from_slice(&writer.u32(4));
            writer.block(OLD_PACKET, &captured).block(0x8000_0000, &[]);
            let expected = [
                packet(1, Some((7, 5_000)), 101, b"one"),
                packet(2, Some((7, 5)), 1, b"two"),
                packet(3, None, 101, b"three"),
                packet(4, Some((0, 0)), 1, b"four"),
            ];
            assert_eq!(all(&writer.file), expected);
        }
    }

    #[test]
    fn a_section_begins_with_a_byte_order_and_no_interfaces() {
        let mut writer = Writer::new(true);
        writer.interface(101, &[]).enhanced(0, 0, b"big").section(false).interface(1, &[]);
        writer.enhanced(0, 0, b"little").section(true);
        let offset = writer.file.len();
        writer.simple(b"of no interface");
        let expected = [
            packet(1, Some((0, 0)), 101, b"big"),
            packet(2, Some((0, 0)), 1, b"little"),
            Err(format!(
                "block 8 at byte {offset}, a simple packet: it is of interface 0, and the section has described 0 of them"
            )),
        ];
        assert_eq!(all(&writer.file), expected);
    }

    #[test]
    fn time_is_counted_as_the_interface_says() {
        let day = 86_400_i64.to_be_bytes();
        let cases: [(Options<'_>, u64, (u64, u32)); 6] = [
            (&[], 3_000_001, (3, 1_000)),
            (&[(9, &[3])], 3_001, (3, 1_000_000)),
            (&[(9, &[0x8a])], 3 * 1024 + 512, (3, 500_000_000)),
            (&[(9, &[19])], u64::MAX, (1, 844_674_407)),
            (&[(14, &day)], 1_000_000, (86_401, 0)),
            // After the end, nothing counts.
            (&[(0, &[]), (9, &[0])], 1_000_000, (1, 0)),
        ];
        for (options, units, time) in cases {
            let mut writer = Writer::new(true);
            writer.interface(101, options).enhanced(0, units, b"");
            assert_eq!(all(&writer.file), [packet(1, Some(time), 101, b"")], "{options:?}");
        }
    }

    #[test]
    fn a_simple_packet_ends_where_its_interface_cuts_or_it_does() {
        let mut writer = Writer::new(false);
        writer.limited_interface(101, 3, &[]).simple(b"abcde").simple(b"ab");
        assert_eq!(all(&writer.file), [packet(1, None, 101, b"abc"), packet(2, None, 101, b"ab")]);
    }

    #[test]
    fn a_broken_block_is_named_with_its_place_after_what_came_before() {
        let good = {
            let mut writer = Writer::new(true);
            writer.interface(101, &[]).enhanced(0, 0, b"good");
            writer.file
        };
        let at = good.len();
        let broken = |add: &dyn Fn(&mut Writer)| {
            let mut writer = Writer { file: good.clone(), is_big: true };
            add(&mut writer);
            let found = all(&writer.file);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[0].is_ok());
            found[1].clone().unwrap_err()
        };
        let raw = |bytes: &[u8]| {
            let bytes = bytes.to_vec();
            broken(&move |writer| writer.file.extend(&bytes))
        };
        let cut = "it is cut off: the file ends within it";
        assert_eq!(raw(&[0, 0]), format!("block 4 at byte {at}, without a type: {cut}"));
        assert_eq!(raw(&[0, 0, 0, 5, 0, 0]), format!("block 4 at byte {at}, of type 0x5: {cut}"));
        assert!(raw(&[0, 0, 0, 6, 0xff, 0xff, 0xff, 0xfc]).ends_with(cut));
        assert!(
            raw(&[0, 0, 0, 6, 0, 0, 0, 8]).contains("an enhanced packet: its length is 8, not a multiple")
        );
        assert!(raw(&[0, 0, 0, 6, 0, 0, 0, 13]).contains("its length is 13"));
        let uneven = raw(&[0, 0, 0, 5, 0, 0, 0, 12, 0, 0, 0, 16]);
        assert!(uneven.ends_with("its length is 12 at its start and 16 at its end"), "{uneven}");
        assert!(broken(&|writer| _ = writer.enhanced(7, 0, b"")).contains("it is of interface 7"));
        let short = "its length is less than its fields take";
        assert!(broken(&|writer| _ = writer.block(ENHANCED_PACKET, &[0; 16])).ends_with(short));
        assert!(
            broken(&|writer| _ = writer.block(SIMPLE_PACKET, &[0, 0, 0, 5, 1, 1, 1, 1])).ends_with(short)
        );
        assert!(broken(&|writer| _ = writer.block(INTERFACE, &[0; 4])).ends_with(short));
        assert!(
            raw(&[0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 1, 2, 3, 4])
                .contains("its byte order is [01, 02, 03, 04]")
        );
        let fine = broken(&|writer| _ = writer.interface(1, &[(9, &[20])]));
        assert!(fine.ends_with("it counts time in units of 10^-20 s, finer than 64 bits can hold"), "{fine}");
        let option = broken(&|writer| _ = writer.block(INTERFACE, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 9]));
        assert!(option.ends_with("an option is longer than the block"), "{option}");
        let newer = broken(&|writer| {
            _ = writer.block(SECTION_HEADER, &[0x1a, 0x2b, 0x3c, 0x4d, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        });
        assert!(newer.ends_with("it is of version 2, and only 1 is known"), "{newer}");
    }
}
