//! `milena scenarios`: what `milena broker --scenario` can play.

use std::io::Write;
use std::process::ExitCode;

use mock_broker::Scenario;

use crate::failure::Failure;

/// Prints each scenario's name, what happens in it, and what a good client does.
pub(crate) fn run() -> Result<ExitCode, Failure> {
    let mut stdout = std::io::stdout().lock();
    for scenario in Scenario::all() {
        let (name, happens, remedy) = (scenario.name(), scenario.happens(), scenario.remedy());
        writeln!(stdout, "{name}\n    {happens}.\n    A good client {remedy}.\n")?;
    }
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}
