//! Recorded runs: written by `milena broker`, begun from, and played again by `milena replay`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use mock_broker::{MockCluster, Recording};

use crate::failure::Failure;

/// How much of a run is kept in memory until it is written: 256 MiB.
pub(crate) const LIMIT: usize = 256 << 20;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run, as `milena broker --record` wrote it.
    file: PathBuf,
}

/// `milena replay`: sees whether a run still goes as it went.
pub(crate) fn replay(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let recording = read(&arguments.file)?;
    let of_file = |error| Failure::new(format!("{}: {error}", arguments.file.display()));
    let cluster = recording.replay().map_err(of_file)?;
    let mut told = String::new();
    // A string takes all that is written to it.
    let _ = writeln!(
        told,
        "{} steps, {} requests, the same answers",
        recording.len(),
        cluster.journal().requests()
    );
    std::io::Write::write_all(&mut std::io::stdout(), told.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn read(path: &Path) -> Result<Recording, Failure> {
    let file = fs::read(path)
        .map_err(|error| Failure::usage(format!("cannot read the run {}: {error}", path.display())))?;
    Recording::from_bytes(file.into()).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// The file that a run is written to at its end. One that is there is there whole, before and after.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    beside: PathBuf,
}

impl File {
    /// Sees whether it can be written, before there is a run to lose.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        let file = Self { path: path.to_owned(), beside: beside.into() };
        fs::File::create(&file.beside).map_err(|error| Failure::usage(file.complaint(&error)))?;
        Ok(file)
    }

    pub(crate) fn write(self, cluster: &MockCluster) -> Result<(), Failure> {
        let written = cluster.recording().map_err(|error| self.complaint(&error)).and_then(|recording| {
            fs::write(&self.beside, recording.to_bytes())
                .and_then(|()| fs::rename(&self.beside, &self.path))
                .map_err(|error| self.complaint(&error))
        });
        written.map_err(Failure::new)
    }

    fn complaint(&self, error: &dyn std::fmt::Display) -> String {
        format!("cannot write the run to {}: {error}", self.path.display())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // What was written has its name by now, and this one is gone.
        let _ = fs::remove_file(&self.beside);
    }
}
