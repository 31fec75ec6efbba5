//! The figures, for people and for programs.

use std::fmt::Write;
use std::time::Duration;

use serde_json::json;

use super::figures::{Figures, PartitionFigures};
use super::{BROKERS, PARTITIONS, REPLICATION_FACTOR, TOPIC};

/// Room for the sample of each partition's last record, in columns of the terminal.
const SAMPLE_COLUMNS: usize = 34;

/// A page for a terminal of 100 columns.
pub(super) fn text(figures: &Figures) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write_page(figures, &mut page);
    page
}

fn write_page(figures: &Figures, page: &mut String) -> std::fmt::Result {
    let moved = figures.moved;
    writeln!(page, "milena demo, seed {}\n", figures.seed)?;
    writeln!(page, "  cluster  {BROKERS} brokers in this process, on {}", figures.bootstrap_servers)?;
    writeln!(page, "  topic    {TOPIC}: {PARTITIONS} partitions, {REPLICATION_FACTOR} replicas of each")?;
    let (sent, keys, lines) = (thousands(figures.sent), figures.keys, figures.lines);
    writeln!(
        page,
        "  sent     {sent} records of {keys} keys: the {lines} lines of cli/demo/stations.txt, again and again"
    )?;
    let lost: Vec<String> = figures.lost_answers.iter().map(u64::to_string).collect();
    let lost = if lost.is_empty() { "none".to_owned() } else { lost.join(", ") };
    writeln!(
        page,
        "  faults   the answer to produce request {lost} of {} was lost,",
        figures.produce_requests
    )?;
    writeln!(
        page,
        "           the leader of partition {} moved from broker {} to {}\n",
        moved.partition, moved.from, moved.to
    )?;

    writeln!(page, "  partition  leader  records  keys  batches  retries  refused  last record read")?;
    for (index, partition) in figures.partitions.iter().enumerate() {
        let leader = partition.leader.map_or("-".to_owned(), |leader| leader.to_string());
        let sample = cut(&partition.last, SAMPLE_COLUMNS);
        writeln!(page, "  {index:>9}  {leader:>6}{}  {sample}", columns(partition))?;
    }
    writeln!(page, "      total        {}\n", columns(&sum(figures)))?;

    let rate = |duration| thousands(per_second(figures.records(), duration));
    let megabytes = per_second(figures.appended_bytes, figures.sending) as f64 / 1e6;
    let (sending, reading) = (figures.sending.as_millis(), figures.reading.as_millis());
    writeln!(
        page,
        "  sending  {sending:>5} ms  {:>9} records/s  {megabytes:>5.1} MB/s",
        rate(figures.sending)
    )?;
    writeln!(page, "  reading  {reading:>5} ms  {:>9} records/s\n", rate(figures.reading))?;

    let found = figures.faults_found();
    if found.is_empty() {
        let retries = figures.total(|partition| partition.retries);
        let refused = figures.total(|partition| partition.duplicates_refused);
        let count = thousands(figures.records());
        writeln!(page, "  OK: all {count} records are back, each once, each key in order,")?;
        writeln!(page, "      after {} and {}.", plural(retries, "retry", "retries"), refusals(refused))?;
    }
    for fault in found {
        writeln!(page, "  FAILED: {fault}")?;
    }
    Ok(())
}

fn refusals(count: u64) -> String {
    plural(count, "duplicate refused", "duplicates refused")
}

fn columns(partition: &PartitionFigures) -> String {
    format!(
        "{:>9}{:>6}{:>9}{:>9}{:>9}",
        thousands(partition.records),
        partition.keys.len(),
        thousands(partition.batches),
        partition.retries,
        partition.duplicates_refused
    )
}

fn sum(figures: &Figures) -> PartitionFigures {
    PartitionFigures {
        records: figures.records(),
        keys: figures.partitions.iter().flat_map(|partition| partition.keys.iter().cloned()).collect(),
        batches: figures.total(|partition| partition.batches),
        retries: figures.total(|partition| partition.retries),
        duplicates_refused: figures.total(|partition| partition.duplicates_refused),
        ..PartitionFigures::default()
    }
}

/// The same figures as one JSON object, on one line.
pub(super) fn json(figures: &Figures) -> String {
    let partitions = figures.partitions.iter().enumerate().map(|(index, partition)| {
        json!({
            "partition": index,
            "leader": partition.leader.map(|leader| leader.0),
            "records": partition.records,
            "keys": partition.keys,
            "batches": partition.batches,
            "retries": partition.retries,
            "duplicates_refused": partition.duplicates_refused,
            "sent_to_old_leader": partition.sent_to_old_leader,
            "out_of_order": partition.out_of_order,
            "records_per_second": per_second(partition.records, figures.sending),
            "last_record": partition.last,
        })
    });
    let found = figures.faults_found();
    let object = json!({
        "ok": found.is_empty(),
        "failed": found,
        "seed": figures.seed,
        "bootstrap_servers": figures.bootstrap_servers,
        "brokers": BROKERS,
        "topic": TOPIC,
        "replication_factor": REPLICATION_FACTOR,
        "partitions": partitions.collect::<Vec<_>>(),
        "sent": figures.sent,
        "keys": figures.keys,
        "lines": figures.lines,
        "read_back": figures.records(),
        "missing": figures.missing,
        "more_than_once": figures.twice,
        "altered": figures.altered,
        "out_of_order": figures.out_of_order,
        "produce_requests": figures.produce_requests,
        "lost_answers": figures.lost_answers,
        "leader_moved": {
            "partition": figures.moved.partition,
            "from": figures.moved.from.0,
            "to": figures.moved.to.0,
        },
        "retries": figures.total(|partition| partition.retries),
        "duplicates_refused": figures.total(|partition| partition.duplicates_refused),
        "appended_bytes": figures.appended_bytes,
        "sending_ms": figures.sending.as_millis() as u64,
        "reading_ms": figures.reading.as_millis() as u64,
        "sent_per_second": per_second(figures.records(), figures.sending),
        "read_per_second": per_second(figures.records(), figures.reading),
    });
    format!("{object}\n")
}

/// A count in a time, as a rate; what takes less than a millisecond counts as one.
fn per_second(count: u64, duration: Duration) -> u64 {
    (count as f64 / duration.as_secs_f64().max(1e-3)) as u64
}

/// A number with a comma between its thousands.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { one } else { many })
}

/// The beginning of a text that fits into so many columns.
fn cut(text: &str, columns: usize) -> String {
    let mut used = 0;
    let fits = |letter: &char| {
        used += if is_wide(*letter) { 2 } else { 1 };
        used <= columns
    };
    text.chars().take_while(fits).collect()
}

/// Whether a terminal gives a letter two columns: Chinese, Japanese and Korean.
fn is_wide(letter: char) -> bool {
    matches!(u32::from(letter), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff00..=0xff60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_shown_as_people_write_them() {
        assert_eq!(
            [0, 999, 1000, 24_000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "24,000", "1,234,567"]
        );
        assert_eq!(plural(1, "retry", "retries"), "1 retry");
        assert_eq!(plural(2000, "retry", "retries"), "2,000 retries");
        assert_eq!(cut("seoul 서울역", 9), "seoul 서");
        assert_eq!(cut("roma", 9), "roma");
        assert_eq!(per_second(10, Duration::ZERO), 10_000);
    }
}
