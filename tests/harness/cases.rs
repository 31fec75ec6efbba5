//! Counts cases, prints each with its result, and decides how the test ends.

use std::{env, process::ExitCode};

use crate::tools::{self, Missing};

/// The results of a run, for test programs that are their own `main` (so that the lines are seen).
#[derive(Debug, Default)]
pub struct Cases {
    name: &'static str,
    filters: Vec<String>,
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
}

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

    /// Notes how a case went, and prints it.
    #[expect(clippy::print_stdout, reason = "a test reports on standard output")]
    pub fn note(&mut self, case: &str, result: Result<(), String>) {
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("ok      {case}");
            }
            Err(reason) => {
                println!("FAILED  {case}: {reason}");
                self.failed.push(case.to_owned());
            }
        }
    }

    /// Leaves out `count` cases of a group because a tool is missing; with `CI=true` that is a failure.
    #[expect(clippy::print_stdout, reason = "a test reports on standard output")]
    pub fn skip(&mut self, group: &str, count: usize, missing: &Missing) {
        if tools::is_ci() {
            return self.note(group, Err(missing.to_string()));
        }
        self.skipped += count;
        println!("skipped: {group}: {missing}");
    }

    /// Prints the last line; success if no case failed and at least one was counted.
    #[expect(clippy::print_stdout, reason = "a test reports on standard output")]
    pub fn finish(self) -> ExitCode {
        let Self { name, passed, failed, skipped, .. } = self;
        for case in &failed {
            println!("failed: {case}");
        }
        println!("{name}: {passed} passed, {} failed, {skipped} skipped", failed.len());
        if failed.is_empty() && passed + skipped > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
