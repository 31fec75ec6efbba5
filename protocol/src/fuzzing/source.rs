//! Dice out of the fuzzer's bytes.

/// Draws numbers from a slice of bytes; when they are used up, all draws are 0.
#[derive(Debug)]
pub struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    /// Draws from these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether there are no bytes left.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        match self.0 {
            [byte, rest @ ..] => {
                self.0 = rest;
                *byte
            }
            [] => 0,
        }
    }

    /// So many bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// Yes or no.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u8) -> usize {
        usize::from(self.byte() % end)
    }

    /// A number of 64 bits: most often a small one, at times at the edge of a width.
    pub fn number(&mut self) -> i64 {
        match self.below(4) {
            0 => i64::from(self.byte() as i8),
            1 => i64::from(i16::from_be_bytes(self.array())),
            2 => i64::from_be_bytes(self.array()),
            _ => {
                let edge = 1_i64.rotate_left(u32::from(self.byte()));
                edge.wrapping_add(i64::from(self.byte() as i8))
            }
        }
    }

    /// A length: most often a few, at times one around where a length takes one byte more.
    pub fn length(&mut self) -> usize {
        match self.byte() {
            few @ 0..=239 => usize::from(few % 8),
            many => 112 + usize::from(many - 240) * 2,
        }
    }

    /// So many bytes, or fewer and then zeros.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        let mut bytes = taken.to_vec();
        bytes.resize(length, 0);
        bytes
    }

    /// Text of so many bytes, some of it beyond ASCII.
    pub fn text(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length);
        for byte in self.bytes(length) {
            match (byte, length - text.len()) {
                (_, 0) => break,
                (0xc0..=0xdf, 2..) => text.push('ß'),
                (0xe0..=0xef, 3..) => text.push('서'),
                (0xf0..=0xff, 4..) => text.push('🦀'),
                (byte, _) => text.push(char::from(byte & 0x7f)),
            }
        }
        text
    }
}
