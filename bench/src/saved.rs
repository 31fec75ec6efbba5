//! The saved ratios, which the short race is held to.
//!
//! ```text
//! processor <tab> row <tab> how many times faster than kafka-protocol
//! ```
//!
//! Processors differ by more than a loss that should be noticed: a ratio is compared with what the same kind of
//! processor had, or on one that is not in the table with the lowest of all.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;

use crate::codec::Standing;
use crate::contestants::{KAFKA_PROTOCOL, OURS};
use crate::row::Row;

/// A row may keep this much of its ratio before it counts as lost.
const KEPT: f64 = 0.7;

/// The table, by processor and row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved(BTreeMap<(String, String), f64>);

/// A row that lost its ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Which.
    pub row: Row,
    /// How many times faster than kafka-protocol we are.
    pub now: f64,
    /// How many times faster we were.
    pub then: f64,
}

impl Saved {
    /// Reads the table.
    ///
    /// # Errors
    /// The first line that is not one.
    pub fn parse(text: &str) -> io::Result<Self> {
        let line = |line: &str| {
            let [processor, row, ratio] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
            Some(((processor.to_owned(), row.to_owned()), ratio.parse().ok()?))
        };
        let lines = text.lines().map(|text| {
            line(text)
                .ok_or_else(|| io::Error::other(format!("not a processor, a row and a ratio: {text:?}")))
        });
        lines.collect::<io::Result<_>>().map(Self)
    }

    /// The table as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for ((processor, row), ratio) in &self.0 {
            let _ = writeln!(text, "{processor}\t{row}\t{ratio:.2}");
        }
        text
    }

    /// Puts in what a race on `processor` gave.
    pub fn put(&mut self, processor: &str, standings: &[Standing]) {
        for (row, ratio) in ratios(standings) {
            self.0.insert((processor.to_owned(), row.name().to_owned()), ratio);
        }
    }

    /// The rows that lost more than 30 hundredths of their ratio.
    #[must_use]
    pub fn losses(&self, processor: &str, standings: &[Standing]) -> Vec<Loss> {
        let loss = |(row, now)| {
            let then = self.of(processor, row)?;
            (now < KEPT * then).then_some(Loss { row, now, then })
        };
        ratios(standings).filter_map(loss).collect()
    }

    fn of(&self, processor: &str, row: Row) -> Option<f64> {
        let same = self.0.get(&(processor.to_owned(), row.name().to_owned()));
        let of_row = self.0.iter().filter(|((_, name), _)| name == row.name()).map(|(_, ratio)| *ratio);
        same.copied().or_else(|| of_row.min_by(f64::total_cmp))
    }
}

/// How many times faster than kafka-protocol we are, by row.
fn ratios(standings: &[Standing]) -> impl Iterator<Item = (Row, f64)> {
    standings.iter().filter_map(|standing| {
        let (ours, peer) = (standing.of(OURS)?, standing.of(KAFKA_PROTOCOL)?);
        Some((standing.row, ours.ratio_to(peer)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::Times;

    fn standing(row: Row, ours: f64, peer: f64) -> Standing {
        let times = |name, time| Times { name, rounds: vec![time; 3] };
        Standing { row, times: vec![times(OURS, ours), times(KAFKA_PROTOCOL, peer)] }
    }

    #[test]
    fn a_ratio_is_compared_with_the_same_processor_or_else_the_lowest() {
        let mut saved = Saved::default();
        saved.put("quick", &[standing(Row::EncodeA, 1.0, 8.0)]);
        saved.put("slow", &[standing(Row::EncodeA, 1.0, 4.0)]);
        assert_eq!(Saved::parse(&saved.text()).unwrap(), saved);

        let now = [standing(Row::EncodeA, 1.0, 5.0)];
        assert_eq!(saved.losses("quick", &now), [Loss { row: Row::EncodeA, now: 5.0, then: 8.0 }]);
        assert_eq!(saved.losses("slow", &now), []);
        assert_eq!(saved.losses("another", &now), []);
        assert_eq!(saved.losses("another", &[standing(Row::EncodeA, 1.0, 2.7)]).len(), 1);
        assert_eq!(saved.losses("quick", &[standing(Row::ReadA, 1.0, 1.0)]), [], "a row that was not saved");
    }

    #[test]
    fn a_line_that_is_none_is_shown() {
        let error = Saved::parse("quick\ta-encode\t4.2\nquick\ta-read\n").unwrap_err();
        assert!(error.to_string().contains(r#""quick\ta-read""#), "{error}");
    }
}
