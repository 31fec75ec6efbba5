//! Counts cases, prints each with its result, and decides how the test ends.

use std::{
    collections::{BTreeSet, VecDeque},
    env, fmt,
    process::ExitCode,
    sync::{Mutex, MutexGuard},
    thread,
};

use crate::tools::{self, Missing};

/// Why a case did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It could not be tried.
    Missing(Missing),
    /// It was tried, and this came out.
    Failed(String),
}

impl From<Missing> for Trouble {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(missing) => missing.fmt(f),
            Self::Failed(reason) => reason.fmt(f),
        }
    }
}

/// The results of a run, for test programs that are their own `main` (so that the lines are seen).
#[derive(Debug)]
pub struct Cases {
    name: &'static str,
    filters: Vec<String>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
    told: BTreeSet<String>,
}

/// A piece of work that runs some cases, one after the other.
pub type Work<'a> = Box<dyn FnOnce() + Send + 'a>;

#[expect(clippy::print_stdout, reason = "a test reports on standard output")]
impl Cases {
    /// Starts to count under this name. Words on the command line choose the cases whose name has one of them.
    pub fn new(name: &'static str) -> Self {
        let filters = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
        Self { name, filters, counts: Mutex::default() }
    }

    /// Whether this case is to run.
    pub fn wants(&self, case: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| case.contains(filter.as_str()))
    }

    /// Runs a case if it is to run, and notes how it went.
    pub fn run(&self, case: &str, run: impl FnOnce() -> Result<(), Trouble>) {
        if self.wants(case) {
            self.note(case, run());
        }
    }

    /// Notes how a case went, and prints it.
    ///
    /// What comes before a comma in a case's name is its group: what a missing tool skips is told once for a group.
    pub fn note(&self, case: &str, result: Result<(), Trouble>) {
        let mut counts = self.counts();
        match result {
            Ok(()) => {
                counts.passed += 1;
                println!("ok      {case}");
            }
            Err(Trouble::Missing(missing)) if !tools::is_ci() => {
                counts.skipped += 1;
                let group = case.split(',').next().unwrap_or(case);
                let line = format!("skipped: {group}: {missing}");
                if !counts.told.contains(&line) {
                    println!("{line}");
                    counts.told.insert(line);
                }
            }
            Err(trouble) => {
                println!("FAILED  {case}: {trouble}");
                counts.failed.push(case.to_owned());
            }
        }
    }

    /// Prints the last line; success if no case failed and at least one was counted.
    pub fn finish(self) -> ExitCode {
        let counts = self.counts();
        for case in &counts.failed {
            println!("failed: {case}");
        }
        let (passed, failed, skipped) = (counts.passed, counts.failed.len(), counts.skipped);
        println!("{}: {passed} passed, {failed} failed, {skipped} skipped", self.name);
        if failed == 0 && passed + skipped > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().expect("no thread panics while it holds this lock")
    }
}

/// Runs the work in a few threads, each taking the next piece when it has done one: most of it is waiting for others.
pub fn in_lanes(lanes: usize, work: Vec<Work<'_>>) {
    let work = Mutex::new(VecDeque::from(work));
    let next = || work.lock().expect("no thread panics while it holds this lock").pop_front();
    thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                while let Some(piece) = next() {
                    piece();
                }
            });
        }
    });
}
