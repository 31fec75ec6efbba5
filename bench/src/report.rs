//! The tables: Markdown, which reads well on a terminal too.

use std::fmt::Write;

use crate::allocations::Allocations;
use crate::codec::Standing;
use crate::contestants::{OURS, OURS_DEFAULT};
use crate::row::Row;
use crate::targets::{TARGETS, allocations_allowed};

/// The targets, each with what was measured.
#[must_use]
pub fn targets(standings: &[Standing], allocations: &Allocations) -> String {
    let mut table = Table::new(&[
        "row",
        "ours",
        "default build",
        "allocations",
        "peer",
        "its time",
        "ratio",
        "wanted",
        "",
    ]);
    for target in &TARGETS {
        let Some(standing) = standings.iter().find(|standing| standing.row == target.row) else { continue };
        let (Some(ours), peer) = (standing.of(OURS), standing.of(target.peer)) else { continue };
        let ratio = peer.map(|peer| ours.ratio_to(peer));
        let verdict = match ratio {
            // Compared as they are shown: to two digits.
            Some(ratio) if hundredths(ratio) >= hundredths(target.ratio()) => "met",
            Some(_) => "**missed**",
            None => "did not take part",
        };
        table.row([
            target.row.title().to_owned(),
            time(ours.median()),
            standing.of(OURS_DEFAULT).map_or(String::new(), |times| time(times.median())),
            allocated(target.row, allocations),
            target.peer.to_owned(),
            peer.map_or(String::new(), |peer| time(peer.median())),
            ratio.map_or(String::new(), |ratio| format!("{ratio:.2}")),
            format!("{:.2}", target.ratio()),
            verdict.to_owned(),
        ]);
    }
    table.text()
}

fn hundredths(ratio: f64) -> f64 {
    (100.0 * ratio).round()
}

/// How many allocations we take, and how many we may.
fn allocated(row: Row, allocations: &Allocations) -> String {
    let taken = allocations.get(&(OURS.to_owned(), row.name().to_owned()));
    match (taken, allocations_allowed(row)) {
        (Some(taken), Some(allowed)) => format!("{taken} of {allowed}"),
        (Some(taken), None) => taken.to_string(),
        (None, _) => String::new(),
    }
}

/// Everyone's times.
#[must_use]
pub fn times(standings: &[Standing], allocations: &Allocations) -> String {
    let mut table = Table::new(&["row", "who", "median", "fastest", "spread", "allocations"]);
    for Standing { row, times } in standings {
        for times in times {
            let counted = allocations.get(&(times.name.to_owned(), row.name().to_owned()));
            table.row([
                row.title().to_owned(),
                times.name.to_owned(),
                time(times.median()),
                time(times.min()),
                format!("{:.0} %", 100.0 * times.spread()),
                counted.map_or(String::new(), u32::to_string),
            ]);
        }
    }
    table.text()
}

/// Nanoseconds, readable.
fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 100.0 => format!("{ns:.2} ns"),
        ns if ns < 1000.0 => format!("{ns:.0} ns"),
        ns if ns < 100_000.0 => format!("{:.2} µs", ns / 1e3),
        ns => format!("{:.0} µs", ns / 1e3),
    }
}

/// A Markdown table with columns as wide as their widest cell.
struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(ToString::to_string).collect()] }
    }

    fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    fn text(&self) -> String {
        let width = |column: usize| {
            self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default().max(3)
        };
        let widths: Vec<_> = (0..self.rows[0].len()).map(width).collect();
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(text, "| {cell:width$} ");
            }
            text.push_str("|\n");
            if index == 0 {
                for width in &widths {
                    let _ = write!(text, "|{}", "-".repeat(width + 2));
                }
                text.push_str("|\n");
            }
        }
        text
    }
}
