//! What was measured, and whether it was within the law.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::Bytes;
use protocol::{ApiKey, DecodeError, Request, Response};

use crate::peak::peak_of;

/// The multiple of its input that decoding may take.
const TIMES_INPUT: usize = 64;
/// And beyond it, for messages.
const MESSAGE_SLACK: usize = 64 << 10;
/// And beyond it, for batches, with the limit for inflated records.
const BATCH_SLACK: usize = 1 << 20;
/// Ratios of smaller inputs say nothing.
const WORTH_A_RATIO: usize = 1 << 10;
/// There may be thousands of the same kind.
const MOST_FAILURES: usize = 50;

/// A request or a response of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    pub(crate) api_key: ApiKey,
    pub(crate) is_response: bool,
}

impl Subject {
    /// All there are.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let both = |&api_key| [false, true].map(|is_response| Self { api_key, is_response });
        ApiKey::ALL.iter().flat_map(both)
    }

    pub(crate) fn name(self) -> String {
        format!("{}{}", self.api_key, if self.is_response { "Response" } else { "Request" })
    }

    pub(crate) fn decode(self, version: i16, body: &Bytes) -> Result<(), DecodeError> {
        if self.is_response {
            Response::decode(self.api_key, version, body).map(drop)
        } else {
            Request::decode(self.api_key, version, body).map(drop)
        }
    }
}

/// Collects what was measured.
#[derive(Debug, Default)]
pub(crate) struct Law {
    inputs: usize,
    /// The highest multiple of its input that a message took.
    worst: BTreeMap<String, f64>,
    failures: Vec<String>,
}

impl Law {
    /// Decodes a message under the law.
    pub(crate) fn message(
        &mut self,
        subject: Subject,
        version: i16,
        body: &Bytes,
    ) -> Result<(), DecodeError> {
        let name = || format!("{} v{version}", subject.name());
        let most = TIMES_INPUT * body.len() + MESSAGE_SLACK;
        let (result, peak) = self.measure(body, most, name, || subject.decode(version, body));
        if body.len() >= WORTH_A_RATIO {
            let worst = self.worst.entry(subject.name()).or_default();
            *worst = worst.max(peak as f64 / body.len() as f64);
        }
        result
    }

    /// Reads records under the law, inflated to at most `limit`.
    pub(crate) fn records(
        &mut self,
        name: &str,
        limit: usize,
        field: &Bytes,
        read: impl FnOnce() -> Result<(), DecodeError>,
    ) {
        let most = limit + BATCH_SLACK + TIMES_INPUT * field.len();
        let _ = self.measure(field, most, || name.to_owned(), read);
    }

    fn measure(
        &mut self,
        input: &Bytes,
        most: usize,
        name: impl Fn() -> String,
        work: impl FnOnce() -> Result<(), DecodeError>,
    ) -> (Result<(), DecodeError>, usize) {
        self.inputs += 1;
        let (result, peak) = peak_of(|| catch_unwind(AssertUnwindSafe(work)));
        if peak > most {
            self.fail(format!("{}: {peak} bytes for an input of {}, {most} at most", name(), input.len()));
        }
        match result {
            Ok(result) => (result, peak),
            Err(_) => {
                let shown: Vec<u8> = input.iter().copied().take(200).collect();
                self.fail(format!("{}: panics on {}", name(), harness::rows::hex(&shown)));
                (Ok(()), peak)
            }
        }
    }

    pub(crate) fn fail(&mut self, failure: String) {
        if self.failures.len() < MOST_FAILURES {
            self.failures.push(failure);
        }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The worst ratio of each message, highest first.
    pub(crate) fn report(&self) {
        let mut worst: Vec<_> = self.worst.iter().collect();
        worst.sort_by(|a, b| b.1.total_cmp(a.1));
        for (name, ratio) in worst {
            println!("{name:48} {ratio:6.1} bytes of memory for one of input");
        }
    }
}
