//! Counts cases, prints each with its result, and decides how the test ends.

use std::{collections::BTreeSet, env, fmt, process::ExitCode};

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
#[derive(Debug, Default)]
pub struct Cases {
    name: &'static str,
    filters: Vec<String>,
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
    told: BTreeSet<String>,
}

#[expect(clippy::print_stdout, reason = "a test reports on standard output")]
impl Cases {
    /// Starts to count under this name. Words on the command line choose the cases whose name has one of them.
    pub fn new(name: &'static str) -> Self {
        let filters = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
        Self { name, filters, ..Self::default() }
    }

    /// Whether this case is to run.
    pub fn wants(&self, case: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| case.contains(filter.as_str()))
    }

    /// Runs a case if it is to run, and notes how it went.
    pub fn run(&mut self, case: &str, run: impl FnOnce() -> Result<(), Trouble>) {
        if self.wants(case) {
            self.note(case, run());
        }
    }

    /// Notes how a case went, and prints it.
    ///
    /// What comes before a comma in a case's name is its group: what a missing tool skips is told once for a group.
    pub fn note(&mut self, case: &str, result: Result<(), Trouble>) {
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("ok      {case}");
            }
            Err(Trouble::Missing(missing)) if !tools::is_ci() => {
                self.skipped += 1;
                let group = case.split(',').next().unwrap_or(case);
                let line = format!("skipped: {group}: {missing}");
                if !self.told.contains(&line) {
                    println!("{line}");
                    self.told.insert(line);
                }
            }
            Err(trouble) => {
                println!("FAILED  {case}: {trouble}");
                self.failed.push(case.to_owned());
            }
        }
    }

    /// Prints the last line; success if no case failed and at least one was counted.
    pub fn finish(self) -> ExitCode {
        let Self { name, passed, failed, skipped, .. } = self;
        for case in &failed {
            println!("failed: {case}");
        }
        println!("{name}: {passed} passed, {} failed, {skipped} skipped", failed.len());
        if failed.is_empty() && passed + skipped > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
