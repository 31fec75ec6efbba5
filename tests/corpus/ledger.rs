//! The ledger of executions: its sums are those of its runs.

use std::{collections::BTreeMap, fs, path::Path};

/// Targets that go round; the others decode, but for the cluster's.
const ROUND_TRIPS: [&str; 2] = ["round_trip", "builder"];
const CLUSTER: &str = "broker";

/// Adds up the runs of `LEDGER.md`, and compares what stands above them. Gives what is wrong.
pub(crate) fn check(file: &Path) -> Vec<String> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return vec![format!("{}: {error}", file.display())],
    };
    let rows: Vec<Vec<&str>> = text.lines().filter_map(cells).collect();
    let runs = rows.iter().filter_map(|row| match row[..] {
        [_date, _commit, target, executions, _seconds, _crashes] => Some((target, number(executions)?)),
        _ => None,
    });
    let (mut sums, mut kinds) = (BTreeMap::new(), BTreeMap::new());
    for (target, executions) in runs {
        *sums.entry(target).or_insert(0) += executions;
        let kind = match target {
            CLUSTER => "cluster",
            target if ROUND_TRIPS.contains(&target) => "round trips",
            _ => "decoding",
        };
        *kinds.entry(kind).or_insert(0) += executions;
    }
    let stated: BTreeMap<&str, u64> = rows
        .iter()
        .filter_map(|row| match row[..] {
            [name, executions, _hours] => Some((name.split(':').next()?, number(executions)?)),
            _ => None,
        })
        .collect();
    let wrong = |(name, sum): (&str, u64)| {
        let stated = stated.get(name).copied();
        (stated != Some(sum)).then(|| format!("fuzz/LEDGER.md: {name} is {stated:?}, its runs are {sum}"))
    };
    sums.into_iter().chain(kinds).filter_map(wrong).collect()
}

/// The cells of a row of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    Some(line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect())
}

/// A number with commas between thousands, or without.
fn number(text: &str) -> Option<u64> {
    text.replace(',', "").parse().ok()
}
