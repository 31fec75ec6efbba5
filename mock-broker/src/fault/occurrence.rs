//! How often a rule strikes: by count, by time, by chance.

use std::time::Duration;

use protocol::random::Random;

/// Which of the requests that fit. Those outside the time are not counted; chance decides last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Occurrence {
    /// So many go by first.
    pub(super) after: u64,
    pub(super) pick: Pick,
    /// Since the cluster began.
    pub(super) from: Option<Duration>,
    pub(super) until: Option<Duration>,
    pub(super) probability: Option<Probability>,
}

/// Which of those that are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pick {
    #[default]
    All,
    First(u64),
    Nth(u64),
    Every(u64),
}

/// A share of 1, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probability(pub(super) u32);

impl Probability {
    pub(super) const ONE: u32 = 1_000_000;

    pub(super) fn of(share: f64) -> Self {
        // What is no share at all, not even a number, becomes the nearest one.
        Self((share.clamp(0.0, 1.0) * f64::from(Self::ONE)).round() as u32)
    }

    fn draw(self, random: &mut Random) -> bool {
        random.below(Self::ONE as usize) < self.0 as usize
    }
}

impl Occurrence {
    /// Whether requests at this time since the cluster began count at all.
    pub(super) fn is_time(&self, since: Duration) -> bool {
        self.from.is_none_or(|from| since >= from) && self.until.is_none_or(|until| since < until)
    }

    /// Whether the `count`-th request, counted from 1, is struck.
    pub(super) fn includes(&self, count: u64, random: &mut Random) -> bool {
        let Some(count) = count.checked_sub(self.after).filter(|count| *count > 0) else { return false };
        let is_picked = match self.pick {
            Pick::All => true,
            Pick::Nth(n) => count == n,
            Pick::First(n) => count <= n,
            Pick::Every(n) => n > 0 && count.is_multiple_of(n),
        };
        is_picked && self.probability.is_none_or(|probability| probability.draw(random))
    }

    /// The next moment after this one at which [`Self::is_time`] changes.
    pub(super) fn next_change(&self, since: Duration) -> Option<Duration> {
        [self.from, self.until].into_iter().flatten().filter(|moment| *moment > since).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(occurrence: &Occurrence, times: u64) -> Vec<u64> {
        let mut random = Random::new(1);
        (1..=times).filter(|count| occurrence.includes(*count, &mut random)).collect()
    }

    #[test]
    fn occurrences_count_requests_from_one() {
        let pick = |after, pick| struck(&Occurrence { after, pick, ..Occurrence::default() }, 6);
        assert_eq!(pick(0, Pick::All), [1, 2, 3, 4, 5, 6]);
        assert_eq!(pick(0, Pick::Nth(2)), [2]);
        assert_eq!(pick(0, Pick::First(2)), [1, 2]);
        assert_eq!(pick(0, Pick::Every(2)), [2, 4, 6]);
        assert_eq!(pick(4, Pick::All), [5, 6]);
        assert_eq!(pick(3, Pick::Nth(2)), [5]);
        assert_eq!(pick(3, Pick::First(2)), [4, 5]);
        assert_eq!(pick(1, Pick::Every(2)), [3, 5]);
    }

    #[test]
    fn chance_strikes_about_as_often_as_it_says() {
        let with = |share| Occurrence { probability: Some(Probability::of(share)), ..Occurrence::default() };
        let hits = struck(&with(0.1), 10_000);
        assert!((900..1100).contains(&hits.len()), "{}", hits.len());
        assert_eq!(hits, struck(&with(0.1), 10_000));
        assert_eq!(struck(&with(0.0), 1000).len(), 0);
        assert_eq!(struck(&with(1.0), 1000).len(), 1000);
    }

    #[test]
    fn a_time_has_a_beginning_and_an_end() {
        let second = Duration::from_secs(1);
        let between = Occurrence { from: Some(second), until: Some(3 * second), ..Occurrence::default() };
        let times: Vec<bool> = (0..5).map(|at| between.is_time(at * second)).collect();
        assert_eq!(times, [false, true, true, false, false]);
        assert_eq!(between.next_change(Duration::ZERO), Some(second));
        assert_eq!(between.next_change(second), Some(3 * second));
        assert_eq!(between.next_change(3 * second), None);
    }
}
