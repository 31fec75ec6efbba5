//! The program `milena`: a mock Kafka cluster, and small tools that work with any Kafka cluster.

mod broker;
mod consume;
mod demo;
mod failure;
mod inspect;
mod produce;
mod properties;
mod rules;
mod runs;
mod scenarios;
mod settings;
mod signals;
mod topics;
mod verdict;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use tracing::level_filters::LevelFilter;

use crate::failure::Failure;

/// A Kafka cluster in memory, and the tools to work with it or with any other.
#[derive(Debug, Parser)]
#[command(name = "milena", version)]
struct Arguments {
    /// What goes to the log on standard error: off, error, warn, info, debug or trace.
    #[arg(long, global = true, default_value = "warn", value_name = "LEVEL")]
    log_level: LevelFilter,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a mock cluster until it is told to end.
    Broker(broker::Arguments),
    /// Tells what can go wrong by name in `milena broker --scenario`.
    Scenarios,
    /// Plays a recorded run of a mock cluster again, and compares its answers.
    Replay(runs::Arguments),
    /// Creates, lists, describes and deletes topics.
    Topics(topics::Arguments),
    /// Sends lines from standard input as records.
    Produce(produce::Arguments),
    /// Prints records to standard output.
    Consume(consume::Arguments),
    /// Shows it all at work: a mock cluster, faults, and every record back once.
    Demo(demo::Arguments),
    /// Prints what lies in bytes of the Kafka protocol: hex, files, captures.
    Inspect(inspect::Arguments),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    tracing_subscriber::fmt()
        .with_max_level(arguments.log_level)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    let outcome = match run(arguments.command) {
        // Whoever read our output has seen enough.
        Err(failure) if failure.is_broken_pipe() => return ExitCode::SUCCESS,
        outcome => outcome,
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            tell(&failure.to_string());
            failure.exit_code()
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    // One thread: it starts faster than several, and all of this waits for sockets most of the time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Broker(arguments) => broker::run(arguments).await,
            Command::Scenarios => scenarios::run(),
            Command::Replay(arguments) => runs::replay(&arguments),
            Command::Topics(arguments) => topics::run(arguments).await,
            Command::Produce(arguments) => produce::run(arguments).await,
            Command::Consume(arguments) => consume::run(arguments).await,
            Command::Demo(arguments) => demo::run(arguments).await,
            Command::Inspect(arguments) => inspect::run(&arguments),
        }
    });
    runtime.shutdown_background();
    outcome
}

/// Tells what is wrong with the command line, in one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let shown = write!(std::io::stdout(), "{}", error.render());
        return if shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = write!(std::io::stderr(), "{}", error.render());
        return ExitCode::from(2);
    }
    let text = error.render().to_string();
    let end = text.find("\n\nUsage:").or_else(|| text.find("\n\nFor more")).unwrap_or(text.len());
    // A hint is a paragraph of its own.
    let text = text[..end].replace("\n\n  tip: ", "; ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let help = help_for(std::env::args());
    tell(&format!("{}; `{help}` tells more", words.join(" ").trim_start_matches("error: ")));
    ExitCode::from(2)
}

/// What shows the help for the command that these arguments name, as far as they name one.
fn help_for(arguments: impl Iterator<Item = String>) -> String {
    let all = Arguments::command();
    let mut command = &all;
    let mut path = vec![command.get_name()];
    for argument in arguments.skip(1) {
        if let Some(subcommand) = command.find_subcommand(argument) {
            command = subcommand;
            path.push(command.get_name());
        }
    }
    format!("{} --help", path.join(" "))
}

/// Writes one line to standard error; if that is gone, there is nobody to tell.
fn tell(message: &str) {
    let _ = writeln!(std::io::stderr(), "milena: {message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_that_is_pointed_to_is_that_of_the_command() {
        let cases = [
            ("milena frob", "milena --help"),
            ("milena topics crate", "milena topics --help"),
            ("milena topics create --topic list", "milena topics create --help"),
            ("milena --log-level x inspect", "milena inspect --help"),
        ];
        for (line, help) in cases {
            assert_eq!(help_for(line.split(' ').map(str::to_owned)), help, "{line}");
        }
    }
}
