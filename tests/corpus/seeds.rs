//! Seeds for the fuzzer: the golden vectors in the form that each target takes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use harness::{random::Random, rows::unhex};
use protocol::{
    ApiKey, Bytes,
    records::{HEADER_SIZE, Part, batches},
};
use serde_json::Value;

/// Longer ones slow the fuzzer down and teach it nothing.
const LONGEST: usize = 4096;

/// Writes all seeds below `dir`; gives their number.
pub(crate) fn write(dir: &Path) -> Result<usize, String> {
    let golden = crate::folder::find()?;
    let mut seeds = Seeds { dir: dir.to_owned(), count: 0, random: Random::new(1) };
    for vector in vectors(&golden.join("messages"))? {
        seeds.message(&vector)?;
    }
    for vector in vectors(&golden.join("records"))? {
        seeds.records(&vector)?;
    }
    for &api_key in ApiKey::ALL {
        seeds.dice(api_key)?;
    }
    Ok(seeds.count)
}

struct Seeds {
    dir: PathBuf,
    count: usize,
    random: Random,
}

impl Seeds {
    fn message(&mut self, vector: &Value) -> Result<(), String> {
        let (Some(key), Some(version), Some(body)) =
            (vector["key"].as_i64(), vector["version"].as_i64(), vector["hex"].as_str().and_then(unhex))
        else {
            return Ok(()); // Headers and data messages have no key.
        };
        if ApiKey(key as i16).versions().is_none() {
            return Ok(());
        }
        let chosen = [&[key as u8, version as u8][..], &body].concat();
        if vector["type"] == "response" {
            return self.add("response", &chosen);
        }
        self.add("request", &chosen)?;
        if vector["variant"] != "full" {
            return Ok(());
        }
        // Two frames, the second one with an empty header: correlation id 7, a client id, no tagged fields.
        let mut frame = vec![0, key as u8, 0, version as u8, 0, 0, 0, 7, 0, 2, b'm', b'e'];
        if vector["headerVersion"] == 2 {
            frame.push(0);
        }
        frame.extend_from_slice(&body);
        let framed = [&(frame.len() as u32).to_be_bytes()[..], &frame].concat();
        self.add("frame", &[&[13][..], &framed, &framed].concat())
    }

    fn records(&mut self, vector: &Value) -> Result<(), String> {
        let Some(bytes) = vector["hex"].as_str().and_then(unhex) else { return Ok(()) };
        self.add("record_batch", &bytes)?;
        if vector["magic"] != 2 {
            self.add("legacy", &[&[0][..], &bytes].concat())?;
        }
        for part in batches(&Bytes::from(bytes)) {
            let Ok(Part::Batch(batch)) = part else { continue };
            let Ok(compression) = batch.header().attributes.compression() else { continue };
            self.add("decompression", &[&[compression.id()][..], &batch.bytes()[HEADER_SIZE..]].concat())?;
        }
        Ok(())
    }

    /// For targets that roll values out of bytes: any bytes will do.
    fn dice(&mut self, api_key: ApiKey) -> Result<(), String> {
        for version in api_key.versions().into_iter().flat_map(|versions| versions.iter()) {
            for direction in 0..2 {
                let dice = self.random.bytes(100);
                self.add("round_trip", &[&[direction, api_key.0 as u8, version as u8][..], &dice].concat())?;
            }
            let dice = self.random.bytes(200);
            self.add("builder", &dice)?;
            let dice = self.random.bytes(600);
            self.add("broker", &dice)?;
            self.add("legacy", &[&[8 + version as u8 % 8][..], &dice].concat())?;
        }
        Ok(())
    }

    fn add(&mut self, target: &str, seed: &[u8]) -> Result<(), String> {
        if seed.len() > LONGEST {
            return Ok(());
        }
        let dir = self.dir.join(target);
        let file = dir.join(format!("{:05}", self.count));
        self.count += 1;
        fs::create_dir_all(&dir)
            .and_then(|()| fs::write(&file, seed))
            .map_err(|error| format!("{}: {error}", file.display()))
    }
}

/// All lines of all files of a folder.
fn vectors(dir: &Path) -> Result<Vec<Value>, String> {
    let say = |error: &dyn std::fmt::Display| format!("{}: {error}", dir.display());
    let mut vectors = Vec::new();
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir).map_err(|e| say(&e))?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|e| say(&e))?;
        for line in text.lines() {
            vectors.push(serde_json::from_str(line).map_err(|e| say(&e))?);
        }
    }
    Ok(vectors)
}
