//! Standard input, line by line, read by a thread of its own so that the runtime never waits for it.

use std::io::{self, BufRead, BufReader, Read};

use tokio::sync::mpsc;

/// Whole lines, many at a time: a lone line of someone who types comes at once, a file in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// How many pieces wait at most until the producer takes them.
const PIECES_AHEAD: usize = 4;

/// Some lines, each with its end, except perhaps the last one of the input.
pub(super) type Piece = Vec<u8>;

/// The longest line, in bytes: no frame that a broker takes is longer.
const LONGEST_LINE: u64 = protocol::frame::DEFAULT_MAX_FRAME_BYTES as u64;

/// Starts reading standard input; an error comes last.
pub(super) fn lines_of_stdin() -> mpsc::Receiver<io::Result<Piece>> {
    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    std::thread::spawn(move || {
        let mut input = BufReader::with_capacity(PIECE_BYTES, io::stdin());
        while let Some(piece) = next_piece(&mut input, LONGEST_LINE).transpose() {
            let is_last = piece.is_err();
            if sender.blocking_send(piece).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// The lines that are there already, and before them one that may have to be waited for; none at the end.
fn next_piece(input: &mut BufReader<impl Read>, longest: u64) -> io::Result<Option<Piece>> {
    let mut piece = Vec::new();
    input.take(longest + 1).read_until(b'\n', &mut piece)?;
    if piece.len() as u64 > longest && piece.last() != Some(&b'\n') {
        return Err(io::Error::other(format!("a line of more than {longest} bytes")));
    }
    let whole = input.buffer().iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    piece.extend_from_slice(&input.buffer()[..whole]);
    input.consume(whole);
    Ok((!piece.is_empty()).then_some(piece))
}

/// The lines of a piece, their ends cut off: `\n` or `\r\n`.
pub(super) fn lines(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    piece.split_inclusive(|&byte| byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_lines_however_the_input_arrives() {
        let text = b"one\r\ntwo\n\nthe fourth line\nno end".as_slice();
        for capacity in 1..text.len() + 2 {
            let mut input = BufReader::with_capacity(capacity, text);
            let mut all: Vec<Vec<u8>> = Vec::new();
            while let Some(piece) = next_piece(&mut input, 15).unwrap() {
                all.extend(lines(&piece).map(<[u8]>::to_vec));
            }
            assert_eq!(all, [&b"one"[..], b"two", b"", b"the fourth line", b"no end"], "{capacity}");
        }
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        let read = |text: &'static [u8]| next_piece(&mut BufReader::new(text), 3);
        for text in [&b"abc"[..], b"abc\n"] {
            assert_eq!(read(text).unwrap().as_deref(), Some(text));
        }
        for text in [&b"abcd"[..], b"abcd\n"] {
            assert_eq!(read(text).unwrap_err().to_string(), "a line of more than 3 bytes");
        }
    }
}
