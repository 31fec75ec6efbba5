//! What `milena broker` leaves behind: the journal in a file, and a word on what was expected.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use mock_broker::{Expectation, MockCluster};

use crate::failure::Failure;
use crate::runs;

/// The file that the journal is written to while requests come.
#[derive(Debug)]
pub(crate) struct JournalFile {
    path: PathBuf,
    file: BufWriter<File>,
    /// The number of the next request to write.
    next: u64,
}

impl JournalFile {
    pub(crate) fn create(path: &Path, cluster: &MockCluster) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| {
            Failure::usage(format!("cannot write the journal to {}: {error}", path.display()))
        })?;
        let next =
            cluster.with(|cluster| cluster.journal().requests() - cluster.journal().entries().count() as u64);
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), next })
    }

    /// Writes what was answered since the last time; with `all`, what still waits too.
    pub(crate) fn write(&mut self, cluster: &MockCluster, all: bool) -> Result<(), Failure> {
        let (lines, next) = cluster.journal_lines(self.next, all);
        let lost = (next - self.next).saturating_sub(lines.len() as u64);
        if lost > 0 {
            warn(format!(
                "{lost} requests are missing in {} before number {}: they made room before they were written; \
                 give --journal-limit more",
                self.path.display(),
                next - lines.len() as u64,
            ));
        }
        self.next = next;
        let written = lines.iter().try_for_each(|line| writeln!(self.file, "{line}"));
        written.and_then(|()| self.file.flush()).map_err(|error| {
            Failure::new(format!("cannot write the journal to {}: {error}", self.path.display()))
        })
    }
}

/// What goes wrong with a cluster of itself, told when it happens.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    failed_steps: usize,
    is_recording_full: bool,
}

impl Watch {
    pub(crate) fn look(&mut self, cluster: &MockCluster) {
        for (action, error) in cluster.failed_steps(self.failed_steps) {
            self.failed_steps += 1;
            warn(format!("a step of a scenario could not be taken: {action}: {error}"));
        }
        if !self.is_recording_full && cluster.is_recording_full() {
            self.is_recording_full = true;
            warn(format!("the run is longer than {} MiB: it is recorded no more", runs::LIMIT >> 20));
        }
    }
}

/// A word on standard error; if that is gone, nobody wants it.
pub(crate) fn warn(what: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "milena: {what}");
}

/// Sees whether the expectations can apply, before anybody relies on them.
pub(crate) fn check(cluster: &MockCluster, expectations: &[Expectation]) -> Result<(), Failure> {
    for expectation in expectations {
        cluster
            .with(|cluster| cluster.check_expectation(expectation))
            .map_err(|error| Failure::usage(format!("--expect '{expectation}': {error}")))?;
    }
    let doubts = cluster.with(|cluster| {
        let rules = cluster.faults().map(|(_, rule)| (rule.to_string(), rule.topic()));
        let expected = expectations
            .iter()
            .map(|it| (it.to_string(), it.filter().topic_name().map(|name| name.as_str())));
        let doubts = rules
            .chain(expected)
            .filter_map(|(text, topic)| Some(format!("'{text}': {}", cluster.doubt_about_topic(topic)?)));
        doubts.collect::<Vec<_>>()
    });
    doubts.into_iter().for_each(warn);
    Ok(())
}

/// Tells the story of each expectation that is not met; that is a failure, and so are a panic of the broker and
/// steps that could not be taken, of which was told when it happened.
pub(crate) fn pronounce(cluster: &MockCluster, expectations: &[Expectation]) -> Result<(), Failure> {
    let unmet: Vec<_> =
        expectations.iter().filter_map(|expectation| cluster.check(expectation).err()).collect();
    for story in &unmet {
        // If standard error is gone, the exit code still tells.
        let _ = writeln!(std::io::stderr(), "{story}");
    }
    let (panics, count, of) = (cluster.panics(), unmet.len(), expectations.len());
    let failed_steps = cluster.failed_steps(0).len();
    match (panics, count) {
        (0, 0) if failed_steps > 0 => {
            Err(Failure::new(format!("{failed_steps} steps of scenarios could not be taken")))
        }
        (0, 0) => Ok(()),
        (0, _) => Err(Failure::new(format!("{count} of {of} expectations were not met"))),
        _ => Err(Failure::new(format!("{panics} requests made the broker panic, which is a bug of it"))),
    }
}
