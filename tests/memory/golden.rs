//! Golden vectors, cut and with bytes changed.

use std::{fs, path::Path};

use bytes::Bytes;
use harness::{random::Random, rows::unhex};
use protocol::{
    DecodeError,
    records::{Limits, Part, batches, set_producer},
};
use serde_json::Value;

use crate::law::{Law, Subject};

/// A vector is cut at every place if it has no more than this; else at so many random ones.
const CUTS: usize = 300;
const CHANGES: usize = 60;
/// Large ones are decoded less often.
const LARGE: usize = 16 << 10;
const LARGE_CUTS: usize = 8;
const LARGE_CHANGES: usize = 4;
/// What batches may inflate to.
const INFLATED_BYTES: usize = 4 << 20;

/// All messages of a folder.
pub(crate) fn messages(dir: &Path, law: &mut Law) {
    let mut random = Random::new(20);
    for vector in vectors(dir, law) {
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let subject = Subject::of(vector["key"].as_i64(), text("type"), text("api"));
        let version = vector["version"].as_i64().and_then(|version| version.try_into().ok());
        let (Some(subject), Some(version), Some(mut body)) = (subject, version, unhex(text("hex"))) else {
            law.fail(format!("no vector: {}", vector.to_string().chars().take(200).collect::<String>()));
            continue;
        };
        if matches!(subject, Subject::RequestHeader) {
            name_request(&mut body, subject.is_flexible(version));
        }
        if let Err(error) = law.message(subject, version, &Bytes::from(body.clone())) {
            law.fail(format!("{} v{version}: {error}", subject.name()));
        }
        for broken in variations(body, &mut random) {
            let _ = law.message(subject, version, &broken);
        }
    }
}

/// In the vectors a request's header names any request; its own version follows from that, so here it names one of it.
fn name_request(header: &mut [u8], is_flexible: bool) {
    let (key, version) = Subject::request_of_header(is_flexible);
    header[..2].copy_from_slice(&key.0.to_be_bytes());
    header[2..4].copy_from_slice(&version.to_be_bytes());
}

/// All records of a folder, which must be read while they are as they were written; changed ones also with checksums that fit again.
pub(crate) fn records(dir: &Path, law: &mut Law) {
    let mut random = Random::new(21);
    for vector in vectors(dir, law) {
        let name = vector["name"].as_str().unwrap_or("?");
        let Some(field) = vector["hex"].as_str().and_then(unhex) else {
            law.fail(format!("{name}: no hex digits"));
            continue;
        };
        let intact = Bytes::from(field.clone());
        if let Err(error) = law.records(name, INFLATED_BYTES, &intact, || read(&intact)) {
            law.fail(format!("{name}: {error}"));
        }
        for broken in variations(field, &mut random) {
            let _ = law.records(name, INFLATED_BYTES, &broken, || read(&broken));
            let repaired = with_checksums(&broken);
            let _ = law.records(name, INFLATED_BYTES, &repaired, || read(&repaired));
        }
    }
}

/// Reads all that can be read and gives the first error; a batch that is broken does not keep from looking at the next.
fn read(field: &Bytes) -> Result<(), DecodeError> {
    let limits = Limits::inflated_bytes(INFLATED_BYTES);
    let mut first = Ok(());
    for part in batches(field) {
        let read = match part? {
            Part::Batch(batch) => batch.records(&limits).and_then(|set| {
                for record in &set {
                    record?.headers.iter().for_each(drop);
                }
                set.to_owned().map(drop)
            }),
            Part::Legacy(batch) => batch.records(&limits).and_then(|set| {
                for record in &set {
                    record?;
                }
                set.to_owned().map(drop)
            }),
            _ => Ok(()),
        };
        first = first.and(read);
    }
    first
}

fn with_checksums(field: &Bytes) -> Bytes {
    let mut bytes = field.to_vec();
    let mut start = 0;
    for part in batches(field) {
        let size = match part {
            Ok(Part::Batch(batch)) => {
                let header = batch.header();
                let batch = &mut bytes[start..start + batch.size()];
                set_producer(batch, header.producer_id, header.producer_epoch, header.base_sequence)
                    .expect("it is of format 2");
                batch.len()
            }
            Ok(Part::Legacy(batch)) => batch.size(),
            _ => break,
        };
        start += size;
    }
    Bytes::from(bytes)
}

/// The input cut short, and with one byte changed.
fn variations(input: Vec<u8>, random: &mut Random) -> impl Iterator<Item = Bytes> {
    let length = input.len();
    let (cuts, changes) = if length > LARGE { (LARGE_CUTS, LARGE_CHANGES) } else { (CUTS, CHANGES) };
    let cuts: Vec<usize> = if length <= cuts {
        (0..length).collect()
    } else {
        (0..cuts).map(|_| random.below(length)).collect()
    };
    let changes = if length == 0 { 0 } else { changes };
    let changes: Vec<(usize, u8)> = (0..changes)
        .map(|_| {
            // Edges of lengths and counts more often than other values.
            let edges = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];
            let byte = if random.one_in(2) { *random.pick(&edges) } else { random.below(256) as u8 };
            (random.below(length), byte)
        })
        .collect();
    let whole = Bytes::from(input);
    let cut = {
        let whole = whole.clone();
        cuts.into_iter().map(move |length| whole.slice(..length))
    };
    cut.chain(changes.into_iter().map(move |(at, byte)| {
        let mut changed = whole.to_vec();
        changed[at] = byte;
        Bytes::from(changed)
    }))
}

/// All lines of all files of a folder.
fn vectors(dir: &Path, law: &mut Law) -> Vec<Value> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    let text = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect::<String>();
    let (vectors, broken): (Vec<_>, Vec<_>) = text.lines().map(serde_json::from_str).partition(Result::is_ok);
    if vectors.is_empty() || !broken.is_empty() {
        law.fail(format!("{}: {} vectors, {} broken", dir.display(), vectors.len(), broken.len()));
    }
    vectors.into_iter().flatten().collect()
}
