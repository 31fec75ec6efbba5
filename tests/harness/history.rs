//! The checker: what was promised for each record, against what the logs hold.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use protocol::records::OwnedRecord;

use crate::losses::Losses;
use crate::world::{Seen, Sent};

/// What the producer's configuration promises.
#[derive(Clone, Copy, Debug)]
pub struct Promises {
    /// Records are stored at most once, and in the order of sending.
    pub idempotent: bool,
    /// The broker answers, so that an outcome without an error means stored.
    pub acknowledged: bool,
    /// It answers only when all in-sync replicas have the record, so that no clean election loses it.
    pub by_all: bool,
    /// No record waits longer for its outcome.
    pub longest: Duration,
}

/// Checks a history, and what was read along the way, against the logs of its topic; values must be unique in it.
///
/// # Errors
/// Every promise that was broken, a line each.
pub fn check(
    history: &[Sent],
    logs: &BTreeMap<i32, Vec<OwnedRecord>>,
    losses: &Losses,
    seen: &[Seen],
    promises: Promises,
) -> Result<(), String> {
    let mut broken = String::new();
    let mut found: BTreeMap<&[u8], Vec<(i32, i64)>> = BTreeMap::new();
    for (partition, records) in logs {
        for (expected, record) in (0..).zip(records) {
            if record.offset != expected {
                writeln!(broken, "partition {partition}: offset {} where {expected} was due", record.offset)
                    .ok();
            }
            let value = record.value().unwrap_or_default();
            found.entry(value).or_default().push((*partition, record.offset));
        }
    }

    let known: BTreeMap<&[u8], &Sent> = history.iter().map(|sent| (&sent.value[..], sent)).collect();
    for (partition, records) in logs {
        for record in records {
            let value = record.value().unwrap_or_default();
            match known.get(value) {
                None => writeln!(broken, "partition {partition}: nobody sent {}", shown(value)).ok(),
                Some(sent) if sent.key.as_deref() != record.key() => {
                    writeln!(broken, "partition {partition}: {} has another key", shown(value)).ok()
                }
                Some(_) => None,
            };
        }
    }

    for sent in history {
        let value = shown(&sent.value);
        let places = found.get(&sent.value[..]).map_or(&[][..], Vec::as_slice);
        let Some((outcome, at)) = &sent.outcome else {
            writeln!(broken, "{value} never got an outcome").ok();
            continue;
        };
        if at.saturating_since(sent.at) > promises.longest {
            writeln!(broken, "{value} waited {:?} for its outcome", at.saturating_since(sent.at)).ok();
        }
        match outcome {
            Ok(stored)
                if promises.acknowledged
                    && !places.contains(&(stored.partition, stored.offset))
                    && !losses.allow(stored.partition, stored.offset, sent.at, promises.by_all) =>
            {
                let (partition, offset) = (stored.partition, stored.offset);
                writeln!(broken, "{value} was acknowledged at {partition}:{offset} but is at {places:?}")
                    .ok();
            }
            Err(error) if !error.may_be_stored() && !places.is_empty() => {
                writeln!(broken, "{value} is at {places:?} although: {error}").ok();
            }
            _ => {}
        }
        if promises.idempotent && places.len() > 1 {
            writeln!(broken, "{value} is stored {} times: {places:?}", places.len()).ok();
        }
    }

    for Seen { partition, at, record } in seen {
        let same = logs.get(partition).and_then(|records| records.get(usize::try_from(record.offset).ok()?));
        if same.is_none_or(|same| same.value() != record.value())
            && !losses.allow(*partition, record.offset, *at, true)
        {
            let value = shown(record.value().unwrap_or_default());
            let place = format!("{partition}:{}", record.offset);
            writeln!(broken, "{value} was read from {place} at {at:?} and is not there any more").ok();
        }
    }

    if promises.idempotent {
        let order: BTreeMap<&[u8], usize> =
            history.iter().enumerate().map(|(index, sent)| (&sent.value[..], index)).collect();
        for (partition, records) in logs {
            let sent = |record: &OwnedRecord| order.get(record.value().unwrap_or_default()).copied();
            let indexes: Vec<usize> = records.iter().filter_map(sent).collect();
            if let Some(pair) = indexes.windows(2).find(|pair| pair[0] > pair[1]) {
                let (first, second) = (shown(&history[pair[0]].value), shown(&history[pair[1]].value));
                writeln!(broken, "partition {partition}: {second} was sent before {first}").ok();
            }
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}

fn shown(value: &[u8]) -> String {
    String::from_utf8_lossy(&value[..value.len().min(24)]).into_owned()
}
