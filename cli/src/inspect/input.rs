//! Where the bytes come from, and in which writing.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use clap::ValueEnum;

use crate::failure::Failure;

/// The most that is read from a file or from standard input, in bytes: all of it is held in memory.
const MAX_INPUT_BYTES: u64 = 1 << 30;

/// How the bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A capture is known by its first bytes, hex text by having nothing but hex digits; all else is binary.
    #[default]
    Auto,
    /// The bytes themselves.
    Binary,
    /// Hex digits; white space, `:`, `,`, `_`, `-`, `0x` and `\x` between them are passed over.
    Hex,
    /// A capture of network packets, in the classic format of libpcap or in pcapng.
    Pcap,
}

/// Reads a whole file; `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<Bytes, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let count = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).map_err(failed)?.take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes)
    };
    if count.map_err(failed)? as u64 > MAX_INPUT_BYTES {
        return Err(Failure::new(format!("{}: more than {MAX_INPUT_BYTES} bytes", path.display())));
    }
    Ok(bytes.into())
}

/// The bytes that a file's content stands for.
pub(crate) fn decode(content: Bytes, format: Format) -> Result<Bytes, HexError> {
    match format {
        Format::Hex => unhex(&content),
        Format::Auto if !content.is_empty() => Ok(unhex(&content).unwrap_or(content)),
        Format::Auto | Format::Binary | Format::Pcap => Ok(content),
    }
}

/// Reads hex digits.
pub(crate) fn unhex(text: &[u8]) -> Result<Bytes, HexError> {
    let (mut bytes, mut high, mut at) = (Vec::with_capacity(text.len() / 2), None, 0);
    while let Some(&letter) = text.get(at) {
        let digit = char::from(letter).to_digit(16).map(|digit| digit as u8);
        match (high, digit) {
            (None, _) if text[at..].starts_with(b"0x") || text[at..].starts_with(b"\\x") => at += 1,
            (None, Some(digit)) => high = Some(digit),
            (Some(first), Some(digit)) => {
                bytes.push(first << 4 | digit);
                high = None;
            }
            (None, None) if letter.is_ascii_whitespace() || b":,_-".contains(&letter) => {}
            _ => return Err(HexError { position: at }),
        }
        at += 1;
    }
    if high.is_some() { Err(HexError { position: at }) } else { Ok(bytes.into()) }
}

/// Text that is not hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HexError {
    /// The first letter that is neither a digit nor passed over; the end, if half a byte is missing there.
    position: usize,
}

impl From<HexError> for Failure {
    fn from(error: HexError) -> Self {
        Self::usage(format!("this is not hex: letter {} is no hex digit, or half a byte", error.position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_as_people_write_it() {
        let expected = Bytes::from_static(&[0x00, 0x12, 0xab, 0x0f]);
        for text in
            ["0012ab0f", "00 12\nAB 0f\n", "0x00, 0x12, 0xab, 0x0f", "\\x00\\x12\\xAB\\x0f", "00:12:ab:0f"]
        {
            assert_eq!(unhex(text.as_bytes()), Ok(expected.clone()), "{text}");
        }
    }

    #[test]
    fn what_is_not_hex_is_told_by_its_place() {
        for (text, position) in [("00 1", 4), ("00 1 2", 4), ("00zz", 2), ("0x1x", 3), ("한", 0)] {
            assert_eq!(unhex(text.as_bytes()), Err(HexError { position }), "{text}");
        }
    }

    #[test]
    fn binary_that_looks_like_hex_can_be_had_as_it_is() {
        let content = Bytes::from_static(b"00ff\n");
        assert_eq!(decode(content.clone(), Format::Auto).unwrap(), [0, 0xff][..]);
        assert_eq!(decode(content.clone(), Format::Binary).unwrap(), content);
        assert_eq!(decode(Bytes::from_static(&[0, 1]), Format::Auto).unwrap(), [0, 1][..]);
        assert!(decode(Bytes::from_static(&[0, 1]), Format::Hex).is_err());
    }
}
