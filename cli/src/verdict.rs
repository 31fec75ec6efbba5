//! What `milena broker` leaves behind: the journal in a file, and a word on what was expected.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use mock_broker::{Expectation, MockCluster};

use crate::failure::Failure;

/// The file that the journal is written to while requests come.
#[derive(Debug)]
pub(crate) struct JournalFile {
    path: PathBuf,
    file: BufWriter<File>,
    /// The number of the next request to write.
    next: u64,
}

impl JournalFile {
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| {
            Failure::usage(format!("cannot write the journal to {}: {error}", path.display()))
        })?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), next: 0 })
    }

    /// Writes what was answered since the last time; with `all`, what still waits too.
    pub(crate) fn write(&mut self, cluster: &MockCluster, all: bool) -> Result<(), Failure> {
        let (lines, next) = cluster.journal_lines(self.next, all);
        self.next = next;
        let written = lines.iter().try_for_each(|line| writeln!(self.file, "{line}"));
        written.and_then(|()| self.file.flush()).map_err(|error| {
            Failure::new(format!("cannot write the journal to {}: {error}", self.path.display()))
        })
    }
}

/// Sees whether the expectations can apply, before anybody relies on them.
pub(crate) fn check(cluster: &MockCluster, expectations: &[Expectation]) -> Result<(), Failure> {
    for expectation in expectations {
        cluster
            .with(|cluster| cluster.check_expectation(expectation))
            .map_err(|error| Failure::usage(format!("--expect '{expectation}': {error}")))?;
    }
    Ok(())
}

/// Tells the story of each expectation that is not met; that is a failure, and so is a panic of the broker.
pub(crate) fn pronounce(cluster: &MockCluster, expectations: &[Expectation]) -> Result<(), Failure> {
    let unmet: Vec<_> =
        expectations.iter().filter_map(|expectation| cluster.check(expectation).err()).collect();
    for story in &unmet {
        // If standard error is gone, the exit code still tells.
        let _ = writeln!(std::io::stderr(), "{story}");
    }
    let (panics, count, of) = (cluster.panics(), unmet.len(), expectations.len());
    match (panics, count) {
        (0, 0) => Ok(()),
        (0, _) => Err(Failure::new(format!("{count} of {of} expectations were not met"))),
        _ => Err(Failure::new(format!("{panics} requests made the broker panic, which is a bug of it"))),
    }
}
