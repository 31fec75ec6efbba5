//! Numbers and texts as bytes, and back. Whoever made them may mean harm.

use bytes::Bytes;

/// Reads from the front.
#[derive(Debug)]
pub(super) struct Reader {
    all: Bytes,
    at: usize,
}

/// Where something is wrong, and what.
pub(super) type Bad = (usize, String);

impl Reader {
    pub(super) fn new(all: Bytes) -> Self {
        Self { all, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.all.len()
    }

    fn take(&mut self, count: usize) -> Result<Bytes, Bad> {
        let rest = self.all.len() - self.at;
        if count > rest {
            return Err((self.at, format!("{count} bytes are wanted, and {rest} are left")));
        }
        let taken = self.all.slice(self.at..self.at + count);
        self.at += count;
        Ok(taken)
    }

    pub(super) fn number<const SIZE: usize>(&mut self) -> Result<[u8; SIZE], Bad> {
        let mut number = [0; SIZE];
        number.copy_from_slice(&self.take(SIZE)?);
        Ok(number)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Bad> {
        self.number().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Bad> {
        self.number().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Bad> {
        self.number().map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Bad> {
        self.number().map(i32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Bad> {
        self.number().map(u64::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Bad> {
        self.number().map(i64::from_be_bytes)
    }

    /// A length and so many bytes.
    pub(super) fn blob(&mut self) -> Result<Bytes, Bad> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    pub(super) fn text(&mut self) -> Result<String, Bad> {
        let at = self.at;
        String::from_utf8(self.blob()?.into()).map_err(|_| (at, "this is no text".to_owned()))
    }
}

/// Writes what [`Reader::blob`] reads.
pub(super) fn put_blob(out: &mut Vec<u8>, blob: &[u8]) {
    // Nothing that is recorded is so long: frames have their limit, and texts are ours.
    out.extend_from_slice(&u32::try_from(blob.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(blob);
}
