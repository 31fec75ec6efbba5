//! A batch: while it fills, while it is sent, and in pieces when it is too large.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use protocol::names::{ProducerId, Timestamp};
use protocol::records::{self, BatchBuilder, BatchOptions, Compressor, Limits, Part};
use protocol::{ByteString, DecodeError, EncodeError, ErrorCode};

use super::ledger::{Grant, Ledger};
use super::receipt::{Callback, Cell, Completion, Entry, Failure, Stored};
use crate::error::SendError;
use crate::record::Record;

/// A batch that takes records.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    builder: BatchBuilder,
    cell: Arc<Cell>,
    callbacks: Callbacks,
    pub(crate) created: Timestamp,
    pub(crate) generation: u64,
    pub(crate) reserved: usize,
}

impl OpenBatch {
    pub(crate) fn new(grant: Grant, options: BatchOptions, cell: Arc<Cell>, created: Timestamp) -> Self {
        let Grant { buffer, reserved, generation } = grant;
        let builder = BatchBuilder::new(buffer, options);
        Self { builder, cell, callbacks: Callbacks::default(), created, generation, reserved }
    }

    /// Writes the record behind those that are there; gives its place.
    #[inline]
    pub(crate) fn append(
        &mut self,
        record: &Record<'_>,
        timestamp: i64,
        callback: &mut Option<Callback>,
    ) -> Result<(Arc<Cell>, u32), EncodeError> {
        let (key, value) = (record.key_bytes(), record.value_bytes());
        let index = self.builder.append(timestamp, key, value, record.headers())? as u32;
        if let Some(callback) = callback.take() {
            self.callbacks.0.push((Entry::of(record, index, timestamp), callback));
        }
        Ok((Arc::clone(&self.cell), index))
    }

    /// Whether a batch of at most `limit` bytes takes this record too, which alone takes up to `bytes`.
    #[inline]
    pub(crate) fn has_room_for(
        &self,
        limit: usize,
        bytes: usize,
        record: &Record<'_>,
        timestamp: i64,
    ) -> bool {
        // Mostly that is enough to know.
        self.builder.estimated_bytes() + (bytes - records::HEADER_SIZE) <= limit
            || self.builder.has_room_for(
                limit,
                timestamp,
                record.key_bytes(),
                record.value_bytes(),
                record.headers(),
            )
    }

    #[inline]
    pub(crate) fn is_full(&self, limit: usize) -> bool {
        self.builder.is_full(limit)
    }

    #[inline]
    pub(crate) fn written_bytes(&self) -> usize {
        self.builder.written_bytes()
    }

    /// Closes it for more records.
    pub(crate) fn close(self) -> Batch {
        let written = self.builder.written_bytes();
        Batch {
            record_count: self.builder.record_count() as u32,
            body: Body::Filled(Box::new(self.builder)),
            cell: self.cell,
            callbacks: self.callbacks,
            created: self.created,
            generation: self.generation,
            reserved: self.reserved,
            position: 0,
            written,
            attempts: 0,
            sequence: None,
            may_be_stored: false,
            last_error: None,
            is_done: false,
        }
    }
}

/// A batch that takes no more records: to be sent, under way, or to be sent again.
#[derive(Debug)]
pub(crate) struct Batch {
    body: Body,
    pub(crate) cell: Arc<Cell>,
    callbacks: Callbacks,
    pub(crate) record_count: u32,
    pub(crate) created: Timestamp,
    pub(crate) generation: u64,
    pub(crate) reserved: usize,
    /// How many records of its partition were sent before it: its place among the others.
    pub(crate) position: u64,
    /// Bytes before compression.
    written: usize,
    /// How often it was sent and not stored.
    pub(crate) attempts: u32,
    pub(crate) sequence: Option<Sequence>,
    /// Whether an attempt ended without an answer that rules it out.
    pub(crate) may_be_stored: bool,
    pub(crate) last_error: Option<(ErrorCode, Option<ByteString>)>,
    /// Whether its senders have been told; it may still be under way.
    pub(crate) is_done: bool,
}

#[derive(Debug)]
enum Body {
    /// Its records are written; header and compression are to come.
    Filled(Box<BatchBuilder>),
    /// As it goes to the wire.
    Sealed(Bytes),
}

#[derive(Default)]
struct Callbacks(Vec<(Entry, Callback)>);

impl std::fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} callbacks", self.0.len())
    }
}

/// Who sent a batch, and which number its first record has (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) producer_id: ProducerId,
    pub(crate) producer_epoch: i16,
    pub(crate) base: i32,
}

impl Batch {
    /// The most bytes that it takes on the wire.
    pub(crate) fn size(&self) -> usize {
        match &self.body {
            Body::Filled(builder) => builder.written_bytes(),
            Body::Sealed(bytes) => bytes.len(),
        }
    }

    /// The bytes for the wire, made when they are first asked for; with the sequence that the batch has then.
    pub(crate) fn seal(
        &mut self,
        compressor: &mut Compressor,
        ledger: &Ledger,
    ) -> Result<Bytes, EncodeError> {
        if let Body::Filled(builder) = &mut self.body {
            if let Some(Sequence { producer_id, producer_epoch, base }) = self.sequence {
                builder.set_producer(producer_id, producer_epoch, base);
            }
            let is_compressed = builder.options().compression != records::Compression::None;
            let builder =
                std::mem::replace(&mut **builder, BatchBuilder::new(Vec::new(), BatchOptions::default()));
            let spare = if is_compressed { ledger.spare() } else { Vec::new() };
            let (batch, spare) = builder.build_with(compressor, spare)?;
            ledger.give_back(spare);
            self.body = Body::Sealed(Bytes::from(batch));
        }
        match &self.body {
            Body::Sealed(bytes) => Ok(bytes.clone()),
            Body::Filled(_) => unreachable!("it was sealed above"),
        }
    }

    /// Gives the batch another sequence; its bytes are patched if they are made already.
    pub(crate) fn set_sequence(&mut self, sequence: Sequence) {
        self.sequence = Some(sequence);
        if let Body::Sealed(bytes) = &mut self.body {
            // A copy only if a connection still holds the bytes: they must not change under it.
            let mut writable = match std::mem::take(bytes).try_into_mut() {
                Ok(own) => own,
                Err(shared) => shared[..].into(),
            };
            let Sequence { producer_id, producer_epoch, base } = sequence;
            let patched = records::set_producer(&mut writable, producer_id, producer_epoch, base);
            assert!(patched.is_ok(), "{patched:?}");
            *bytes = writable.freeze();
        }
    }

    /// What its senders are to be told, once; the batch may still be under way.
    pub(crate) fn complete(
        &mut self,
        outcome: Result<Stored, SendError>,
        ledger: &Arc<Ledger>,
    ) -> Completion {
        self.is_done = true;
        let outcome = outcome.map_err(|error| Arc::new(Failure::new(error, self.bytes_for_senders())));
        Completion {
            cell: Arc::clone(&self.cell),
            outcome,
            callbacks: std::mem::take(&mut self.callbacks.0),
            records: self.record_count,
            generation: self.generation,
            ledger: Arc::clone(ledger),
        }
    }

    /// The batch as bytes, if somebody may want records of it back.
    fn bytes_for_senders(&mut self) -> Bytes {
        if Arc::strong_count(&self.cell) == 1 && self.callbacks.0.is_empty() {
            return Bytes::new();
        }
        match &mut self.body {
            Body::Sealed(bytes) => bytes.clone(),
            Body::Filled(builder) => {
                let empty = BatchBuilder::new(Vec::new(), BatchOptions::default());
                let bytes = std::mem::replace(&mut **builder, empty).build().unwrap_or_default();
                self.body = Body::Sealed(bytes.clone());
                bytes
            }
        }
    }

    /// The buffer, if nobody else holds it any more.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        match self.body {
            Body::Sealed(mut bytes) if bytes.is_unique() => {
                bytes.clear();
                Vec::from(bytes)
            }
            _ => Vec::new(),
        }
    }

    /// Splits it into about two halves, in order; the receipts go with their records. The batch itself is empty then.
    ///
    /// The memory of the whole stays with the last piece, which ends last.
    pub(crate) fn split(&mut self, options: BatchOptions) -> Result<VecDeque<Self>, SplitError> {
        let Body::Sealed(bytes) = &self.body else { return Err(SplitError::NotSealed) };
        let Some(Part::Batch(whole)) = records::batches(bytes).next().transpose()? else {
            return Err(SplitError::NotSealed);
        };
        // Each half is less than the whole, so that this ends at single records.
        let limit = self.written / 2;
        let set = whole.records(&Limits::default())?;
        let mut builders: Vec<(u32, BatchBuilder)> = Vec::new();
        for (index, record) in set.iter().enumerate() {
            let record = record?;
            let (key, value, headers) = (record.key, record.value, record.headers.iter());
            let fits = |builder: &BatchBuilder| {
                builder.has_room_for(limit, record.timestamp, key, value, headers.clone())
            };
            if !builders.last().is_some_and(|(_, builder)| fits(builder)) {
                builders.push((index as u32, BatchBuilder::new(Vec::new(), options)));
            }
            if let Some((_, builder)) = builders.last_mut() {
                builder.append(record.timestamp, key, value, headers)?;
            }
        }
        let mut callbacks = std::mem::take(&mut self.callbacks.0);
        let mut pieces = VecDeque::new();
        let mut cells = Vec::new();
        for (first, builder) in builders.into_iter().rev() {
            let cell = Cell::new(self.cell.topic.clone(), self.cell.partition);
            cells.insert(0, (first, Arc::clone(&cell)));
            let from = callbacks.partition_point(|(entry, _)| entry.index < first);
            let mut own = callbacks.split_off(from);
            own.iter_mut().for_each(|(entry, _)| entry.index -= first);
            let builder_bytes = builder.written_bytes();
            let is_last = pieces.is_empty();
            let base = self.sequence.map(|sequence| sequence.after(first));
            pieces.push_front(Self {
                record_count: builder.record_count() as u32,
                body: Body::Filled(Box::new(builder)),
                cell,
                callbacks: Callbacks(own),
                created: self.created,
                generation: self.generation,
                reserved: if is_last { self.reserved } else { 0 },
                position: self.position + u64::from(first),
                written: builder_bytes,
                attempts: self.attempts,
                sequence: base,
                may_be_stored: self.may_be_stored,
                last_error: None,
                is_done: false,
            });
        }
        self.cell.split(cells);
        Ok(pieces)
    }
}

impl Sequence {
    /// The same producer, so many records on. After 2³¹−1 comes 0.
    pub(crate) fn after(self, records: u32) -> Self {
        Self { base: advance(self.base, records), ..self }
    }
}

/// The sequence number `records` after `sequence`, which has 31 bits.
pub(crate) fn advance(sequence: i32, records: u32) -> i32 {
    sequence.wrapping_add(records as i32) & i32::MAX
}

/// Why a batch cannot be split: only a bug could make it so, for the bytes are our own.
#[derive(Debug)]
pub(crate) enum SplitError {
    NotSealed,
    Decode(DecodeError),
    Encode(EncodeError),
}

impl std::fmt::Display for SplitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotSealed => f.write_str("it was never sent"),
            Self::Decode(error) => error.fmt(f),
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl From<DecodeError> for SplitError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for SplitError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}
