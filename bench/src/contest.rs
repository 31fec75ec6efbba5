//! Rounds: every contestant does a lap in each, in an order that turns.

use crate::contestants::Lap;

/// How long a race is.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    /// Rounds, each with a lap of everyone.
    pub rounds: usize,
    /// Nanoseconds that a lap should take.
    pub lap: f64,
    /// Nanoseconds that a contestant in this process runs before the first round.
    pub warm_up: f64,
}

/// A contestant, and how it does the row of the race.
pub struct Contestant {
    /// Its name in the tables.
    pub name: &'static str,
    lap: Lap,
    times: u64,
}

impl std::fmt::Debug for Contestant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What one contestant took for one turn of a row, in nanoseconds, round by round.
#[derive(Clone, Debug)]
pub struct Times {
    /// The contestant.
    pub name: &'static str,
    /// In the order of the rounds.
    pub rounds: Vec<f64>,
}

impl Contestant {
    /// Lets it run for a while, and finds out how often it does the row in a lap.
    #[must_use]
    pub fn warmed_up(name: &'static str, mut lap: Lap, length: &Length, warm_up: f64) -> Self {
        let (mut times, mut spent) = (1, 0.0);
        loop {
            let took = lap(times);
            spent += took;
            if spent >= warm_up && took >= length.lap / 4.0 {
                let times = (times as f64 * length.lap / took).ceil() as u64;
                return Self { name, lap, times };
            }
            if took < length.lap {
                times = (times * 2).max(1);
            }
        }
    }
}

/// Runs the rounds.
pub fn race(contestants: &mut [Contestant], rounds: usize) -> Vec<Times> {
    let mut times: Vec<_> =
        contestants.iter().map(|contestant| Times { name: contestant.name, rounds: Vec::new() }).collect();
    for round in 0..rounds {
        for place in 0..contestants.len() {
            let turn = (round + place) % contestants.len();
            let Contestant { lap, times: turns, .. } = &mut contestants[turn];
            times[turn].rounds.push(lap(*turns) / *turns as f64);
        }
    }
    times
}

impl Times {
    /// The fastest round.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.at(0.0)
    }

    /// The round in the middle.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// How far apart the tenth and the ninetieth hundredth are, in parts of the median.
    #[must_use]
    pub fn spread(&self) -> f64 {
        (self.at(0.9) - self.at(0.1)) / self.median()
    }

    /// How many times faster than `other`: the median over the rounds, each compared with itself.
    #[must_use]
    pub fn ratio_to(&self, other: &Self) -> f64 {
        let rounds = self.rounds.iter().zip(&other.rounds).map(|(ours, theirs)| theirs / ours).collect();
        Self { name: self.name, rounds }.median()
    }

    fn at(&self, part: f64) -> f64 {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let index = (part * (sorted.len() - 1) as f64).round() as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }
}
