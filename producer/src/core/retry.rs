//! Which answers are asked again, and when.

use std::time::Duration;

use protocol::ErrorCode;
use protocol::random::Random;

/// What an answer to a produced batch means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The log has it, now or from an attempt before.
    Stored,
    /// Ask again after a while; `refresh` if the metadata seems to be wrong.
    Again { refresh: bool, may_be_stored: bool },
    /// The broker's account of the sequence is not ours (KIP-98, KIP-360).
    SequenceLost,
    /// Ask again in smaller pieces.
    TooLarge,
    /// Nothing that asking again would change.
    Final,
}

/// Judges the answer to a batch.
///
/// `sequenced` is whether it carries a sequence number: only then do errors about sequences have a remedy.
pub(crate) fn judge(code: ErrorCode, sequenced: bool) -> Verdict {
    match code {
        // A duplicate outside the window that the broker remembers: stored, but nobody knows where.
        ErrorCode::NONE | ErrorCode::DUPLICATE_SEQUENCE_NUMBER => Verdict::Stored,
        ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE => Verdict::TooLarge,
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
        | ErrorCode::UNKNOWN_PRODUCER_ID
        | ErrorCode::INVALID_PRODUCER_EPOCH
            if sequenced =>
        {
            Verdict::SequenceLost
        }
        code if code.is_retriable() => Verdict::Again {
            refresh: code.wants_fresh_metadata(),
            // Both are said after the leader has appended the batch.
            may_be_stored: matches!(
                code,
                ErrorCode::REQUEST_TIMED_OUT | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
            ),
        },
        _ => Verdict::Final,
    }
}

/// A wait that doubles with each failure, within ±20 %, up to a maximum (KIP-580).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) max: Duration,
}

impl Backoff {
    /// How long to wait after so many failures; not at all after none.
    pub(crate) fn after(&self, failures: u32, random: &mut Random) -> Duration {
        if failures == 0 {
            return Duration::ZERO;
        }
        if self.first >= self.max {
            // As in Java: a first wait above the maximum makes every wait the maximum.
            return self.max;
        }
        // Thirty doublings take a millisecond past any maximum that a setting can name.
        let doubled = self.first.saturating_mul(1 << (failures - 1).min(30));
        doubled.min(self.max).mul_f64(jitter(random)).min(self.max)
    }
}

/// A factor between 0.8 and 1.2: what keeps many clients from coming back in step.
fn jitter(random: &mut Random) -> f64 {
    0.8 + 0.4 * random.share()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_one_meaning() {
        let again = |refresh, may_be_stored| Verdict::Again { refresh, may_be_stored };
        let cases = [
            (ErrorCode::NONE, Verdict::Stored, Verdict::Stored),
            (ErrorCode::DUPLICATE_SEQUENCE_NUMBER, Verdict::Stored, Verdict::Stored),
            (ErrorCode::NOT_LEADER_OR_FOLLOWER, again(true, false), again(true, false)),
            (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, again(true, false), again(true, false)),
            (ErrorCode::NOT_ENOUGH_REPLICAS, again(false, false), again(false, false)),
            (ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, again(false, true), again(false, true)),
            (ErrorCode::REQUEST_TIMED_OUT, again(false, true), again(false, true)),
            (ErrorCode::CORRUPT_MESSAGE, again(false, false), again(false, false)),
            (ErrorCode::MESSAGE_TOO_LARGE, Verdict::TooLarge, Verdict::TooLarge),
            (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, Verdict::SequenceLost, Verdict::Final),
            (ErrorCode::UNKNOWN_PRODUCER_ID, Verdict::SequenceLost, Verdict::Final),
            (ErrorCode::INVALID_PRODUCER_EPOCH, Verdict::SequenceLost, Verdict::Final),
            (ErrorCode::TOPIC_AUTHORIZATION_FAILED, Verdict::Final, Verdict::Final),
            (ErrorCode::INVALID_RECORD, Verdict::Final, Verdict::Final),
            (ErrorCode(9999), Verdict::Final, Verdict::Final),
        ];
        for (code, sequenced, not) in cases {
            assert_eq!(judge(code, true), sequenced, "{code}");
            assert_eq!(judge(code, false), not, "{code}");
        }
    }

    /// The page `docs/errors.md` has a line for each code that Kafka has, and says what is done here.
    #[test]
    fn the_documented_table_of_error_codes_is_what_is_done() {
        let words = |verdict| match verdict {
            Verdict::Stored => "stored",
            Verdict::Again { refresh: false, may_be_stored: false } => "sent again",
            Verdict::Again { refresh: false, may_be_stored: true } => "sent again; may be stored",
            Verdict::Again { refresh: true, .. } => "sent again, after asking for metadata",
            Verdict::SequenceLost => "sent again under a new epoch, if its number was the next",
            Verdict::TooLarge => "sent again in two halves; a single record is rejected",
            Verdict::Final => "rejected",
        };
        let mut table = String::new();
        for &code in ErrorCode::ALL {
            let (idempotent, not) = (words(judge(code, true)), words(judge(code, false)));
            let not = if not == idempotent { "the same" } else { not };
            let retriable = if code.is_retriable() { "yes" } else { "" };
            table += &format!("| {} | {code} | {idempotent} | {not} | {retriable} |\n", code.0);
        }
        let page = include_str!("../../docs/errors.md");
        let (_, written) = page.split_once("|---|---|---|---|---|\n").unwrap();
        assert!(written == table, "the table should be:\n{table}");
    }

    #[test]
    fn a_wait_doubles_within_a_fifth_and_stops_at_its_maximum() {
        let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_millis(1000) };
        let mut random = Random::new(1);
        assert_eq!(backoff.after(0, &mut random), Duration::ZERO);
        for (failures, middle) in [(1, 100.0), (2, 200.0), (3, 400.0), (4, 800.0)] {
            for _ in 0..100 {
                let wait = backoff.after(failures, &mut random).as_secs_f64() * 1000.0;
                assert!((middle * 0.8..=middle * 1.2).contains(&wait), "{wait} after {failures}");
            }
        }
        assert!((0..100).all(|_| backoff.after(1_000_000, &mut random) <= backoff.max));
        let upside_down = Backoff { first: Duration::from_millis(5000), max: Duration::from_millis(1000) };
        assert_eq!(upside_down.after(1, &mut random), upside_down.max);
    }
}
