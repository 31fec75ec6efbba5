//! Records as plain data: made from a seed, written to files for other programs, compared byte for byte.

use std::{fmt::Write as _, fs, path::Path};

use serde_json::{Value, json};

use crate::random::Random;

/// A record where it lies in a topic: what was sent, or what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The partition's number.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// `None` is null, which is not the same as empty.
    pub key: Option<Vec<u8>>,
    /// `None` is null, a tombstone.
    pub value: Option<Vec<u8>>,
    /// In order, with duplicates.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Makes `count` records for `partitions` partitions, offsets as an empty topic gives them when they are sent in order.
///
/// Among them are the odd ones: values of 0 bytes and of 100 KiB, null values, null, empty and binary keys, no headers
/// and many, header names that repeat, header values that are null or empty, timestamps that go back.
pub fn sample(seed: u64, count: usize, partitions: i32) -> Vec<Row> {
    let mut random = Random::new(seed);
    let mut next_offset = vec![0; partitions as usize];
    (0..count)
        .map(|index| {
            let partition = random.below(partitions as usize);
            let offset = next_offset[partition];
            next_offset[partition] += 1;
            Row {
                partition: partition as i32,
                offset,
                timestamp: 1_600_000_000_000 + random.below(100_000_000) as i64,
                key: key(&mut random, index),
                value: value(&mut random, index),
                headers: headers(&mut random, index),
            }
        })
        .collect()
}

fn key(random: &mut Random, index: usize) -> Option<Vec<u8>> {
    match index % 4 {
        0 => None,
        1 => Some(Vec::new()),
        2 => Some(format!("고객-{}", random.below(50)).into_bytes()),
        _ => Some(some_bytes(random, 1, 64)),
    }
}

fn value(random: &mut Random, index: usize) -> Option<Vec<u8>> {
    match index % 8 {
        0 => Some(Vec::new()),
        1 => None,
        2 => Some(some_bytes(random, 100 * 1024, 1)),
        3 => Some(some_text(random, 1_000, 9_000)),
        4 => Some(some_bytes(random, 1, 4)),
        5 => Some(some_text(random, 100, 200)),
        // Around the lengths where a varint grows by a byte.
        6 => Some(some_bytes(random, 60, 10)),
        _ => Some(some_bytes(random, 8_180, 20)),
    }
}

fn headers(random: &mut Random, index: usize) -> Vec<(String, Option<Vec<u8>>)> {
    let names = ["trace", "trace", "출처", "a", ""];
    let count = match index % 5 {
        0 | 1 => 0,
        2 => 1,
        3 => 3,
        _ => random.below(9),
    };
    (0..count)
        .map(|_| {
            let value = match random.below(4) {
                0 => None,
                1 => Some(Vec::new()),
                _ => Some(some_bytes(random, 1, 40)),
            };
            ((*random.pick(&names)).to_owned(), value)
        })
        .collect()
}

fn some_bytes(random: &mut Random, at_least: usize, spread: usize) -> Vec<u8> {
    let len = at_least + random.below(spread);
    random.bytes(len)
}

/// Words, so that a compressor finds something to do.
fn some_text(random: &mut Random, at_least: usize, spread: usize) -> Vec<u8> {
    let words = ["order", "paid", "shipped", "서울", "부산", "returned", "\n", "42"];
    let len = at_least + random.below(spread);
    let mut text = Vec::with_capacity(len + 16);
    while text.len() < len {
        text.extend_from_slice(random.pick(&words).as_bytes());
        text.push(b' ');
    }
    text
}

/// Compares what was read with what was sent: the same records in the same order within each partition, nothing more.
///
/// # Errors
/// The first difference, in words.
pub fn compare(sent: &[Row], read: &[Row]) -> Result<(), String> {
    let (sent, read) = (by_partition(sent), by_partition(read));
    for (sent, read) in sent.iter().zip(&read) {
        if sent != read {
            return Err(difference(sent, read));
        }
    }
    if sent.len() != read.len() {
        return Err(format!("{} records were sent and {} were read", sent.len(), read.len()));
    }
    Ok(())
}

fn by_partition(rows: &[Row]) -> Vec<&Row> {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| row.partition); // stable: the order within a partition is what is compared
    rows
}

fn difference(sent: &Row, read: &Row) -> String {
    let place = format!("partition {} offset {}", sent.partition, sent.offset);
    if (sent.partition, sent.offset) != (read.partition, read.offset) {
        return format!("instead of {place} came partition {} offset {}", read.partition, read.offset);
    }
    if sent.timestamp != read.timestamp {
        return format!("{place}: timestamp {} became {}", sent.timestamp, read.timestamp);
    }
    if sent.key != read.key {
        return format!("{place}: key {}", bytes_difference(sent.key.as_deref(), read.key.as_deref()));
    }
    if sent.value != read.value {
        return format!("{place}: value {}", bytes_difference(sent.value.as_deref(), read.value.as_deref()));
    }
    format!("{place}: headers {:?} became {:?}", sent.headers, read.headers)
}

fn bytes_difference(sent: Option<&[u8]>, read: Option<&[u8]>) -> String {
    let (Some(sent), Some(read)) = (sent, read) else {
        let show =
            |bytes: Option<&[u8]>| bytes.map_or("null".to_owned(), |bytes| format!("{} bytes", bytes.len()));
        return format!("was {} and became {}", show(sent), show(read));
    };
    let at = sent.iter().zip(read).position(|(a, b)| a != b).unwrap_or(sent.len().min(read.len()));
    format!("of {} bytes became {} bytes that differ from byte {at} on", sent.len(), read.len())
}

/// Changes one byte of one field of one row, wherever the generator points: what [`compare`] must notice.
pub fn change_one_byte(rows: &mut [Row], random: &mut Random) {
    let at = random.below(rows.len());
    let row = &mut rows[at];
    let mut fields: Vec<&mut Vec<u8>> = Vec::new();
    fields.extend(row.key.as_mut());
    fields.extend(row.value.as_mut());
    fields.extend(row.headers.iter_mut().filter_map(|(_, value)| value.as_mut()));
    fields.retain(|field| !field.is_empty());
    if fields.is_empty() {
        row.timestamp ^= 1 << (8 * random.below(6));
        return;
    }
    let field = random.below(fields.len());
    let byte = random.below(fields[field].len());
    fields[field][byte] ^= 1 << random.below(8);
}

/// Writes rows as JSON lines, byte strings in hexadecimal, null as null.
pub fn save(file: &Path, rows: &[Row]) {
    let mut text = String::new();
    for row in rows {
        let headers: Vec<Value> =
            row.headers.iter().map(|(name, value)| json!([name, value.as_deref().map(hex)])).collect();
        let line = json!({
            "partition": row.partition,
            "offset": row.offset,
            "timestamp": row.timestamp,
            "key": row.key.as_deref().map(hex),
            "value": row.value.as_deref().map(hex),
            "headers": headers,
        });
        let _ = writeln!(text, "{line}");
    }
    fs::write(file, text).unwrap_or_else(|e| panic!("cannot write {}: {e}", file.display()));
}

/// Reads rows from JSON lines, as [`save`] writes them.
pub fn load(file: &Path) -> Result<Vec<Row>, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    text.lines().map(|line| parse(line).ok_or_else(|| format!("not a record: {line}"))).collect()
}

fn parse(line: &str) -> Option<Row> {
    let row: Value = serde_json::from_str(line).ok()?;
    let mut headers = Vec::new();
    for header in row["headers"].as_array()? {
        headers.push((header[0].as_str()?.to_owned(), nullable(&header[1])?));
    }
    Some(Row {
        partition: row["partition"].as_i64()? as i32,
        offset: row["offset"].as_i64()?,
        timestamp: row["timestamp"].as_i64()?,
        key: nullable(&row["key"])?,
        value: nullable(&row["value"])?,
        headers,
    })
}

fn nullable(value: &Value) -> Option<Option<Vec<u8>>> {
    match value {
        Value::Null => Some(None),
        value => unhex(value.as_str()?).map(Some),
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Hexadecimal digits as bytes.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_is_noticed() {
        let sent = sample(1, 60, 3);
        assert_eq!(compare(&sent, &sent), Ok(()));
        for seed in 0..300 {
            let mut read = sent.clone();
            change_one_byte(&mut read, &mut Random::new(seed));
            assert!(compare(&sent, &read).is_err(), "seed {seed}");
        }
    }

    #[test]
    fn a_missing_a_doubled_and_a_moved_record_are_noticed() {
        let sent = sample(2, 10, 1);
        assert!(compare(&sent, &sent[..9]).is_err());
        assert!(compare(&sent, &[&sent[..], &sent[9..]].concat()).is_err());
        let mut moved = sent.clone();
        moved.swap(3, 4);
        assert!(compare(&sent, &moved).is_err());
    }

    #[test]
    fn an_empty_key_is_not_a_null_key() {
        let mut sent = sample(3, 1, 1);
        sent[0].key = None;
        let mut read = sent.clone();
        read[0].key = Some(Vec::new());
        assert_eq!(
            compare(&sent, &read).unwrap_err(),
            "partition 0 offset 0: key was null and became 0 bytes"
        );
    }
}
