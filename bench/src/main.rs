//! `cargo run --release --manifest-path bench/Cargo.toml -- codec`

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

use milena_bench::allocations::Allocations;
use milena_bench::codec::{self, Options};
use milena_bench::contest::Length;
use milena_bench::producer::{race, sink};
use milena_bench::{build, programs, report};

const HELP: &str = "\
Races of Milena against its peers and the limits of the machine.

  milena-bench codec [--short] [--row TEXT] [--rounds N] [--table FILE] [--save]
  milena-bench producer [--rounds N] [--who TEXT] [--set KEY=VALUE]…
  milena-bench build

codec  the codec beside kafka-protocol, rskafka, Java and Go, in alternating rounds; CPU time
  --short       ours and kafka-protocol only; exit code 1 if a row lost 30 % of its ratio in codec-table.tsv
  --row TEXT    only rows whose name contains TEXT
  --rounds N    how many rounds; 31, or 15 with --short
  --table FILE  writes the tables into FILE too, as Markdown
  --save        writes the ratios to codec-table.tsv, which --short holds itself to
producer  the producer on a sink that answers blindly; CPU time, records in a second, memory
  --rounds N       how many rounds; 11
  --who TEXT       only contestants whose name contains TEXT
  --set KEY=VALUE  changes the load: n, warm, size, batch, linger, comp, acks
build  what compiling milena-protocol costs, beside kafka-protocol
";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("milena-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<ExitCode> {
    let mut arguments = env::args().skip(1);
    match arguments.next().as_deref() {
        Some("codec") => race_codecs(arguments),
        Some("producer") => race_producers(arguments),
        Some("sink") => sink::serve().map(|()| ExitCode::SUCCESS),
        Some("build") => {
            print!("{}", build::race()?);
            Ok(ExitCode::SUCCESS)
        }
        Some("--help" | "-h") => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprint!("{HELP}");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn race_codecs(mut arguments: impl Iterator<Item = String>) -> io::Result<ExitCode> {
    let (mut short, mut save, mut rows, mut rounds) = (false, false, String::new(), None);
    let mut table: Option<PathBuf> = None;
    while let Some(argument) = arguments.next() {
        let mut value =
            || arguments.next().ok_or_else(|| io::Error::other(format!("{argument} wants a value")));
        match argument.as_str() {
            "--short" => short = true,
            "--save" => save = true,
            "--row" => rows = value()?,
            "--rounds" => rounds = Some(value()?.parse().map_err(io::Error::other)?),
            "--table" => table = Some(value()?.into()),
            other => return Err(io::Error::other(format!("unknown option {other}; see --help"))),
        }
    }
    let rounds = rounds.unwrap_or(if short { 15 } else { 31 });
    let length = Length { rounds, lap: 2e6, warm_up: if short { 1e7 } else { 5e7 } };

    let standings = codec::race(&Options { rows, short, length })?;
    let allocations = if short { Allocations::new() } else { codec::allocations()? };
    let text = format!(
        "{}\n{}\n{}",
        about(rounds),
        report::targets(&standings, &allocations),
        report::times(&standings, &allocations)
    );
    print!("{text}");
    if let Some(file) = table {
        fs::write(file, &text)?;
    }
    let saved = programs::package().join("codec-table.tsv");
    if save {
        fs::write(&saved, report::ratios(&standings))?;
    }
    if !short {
        return Ok(ExitCode::SUCCESS);
    }
    let losses = report::losses(&standings, &fs::read_to_string(saved)?);
    losses.iter().for_each(|loss| println!("slower: {loss}"));
    Ok(if losses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn race_producers(mut arguments: impl Iterator<Item = String>) -> io::Result<ExitCode> {
    let mut options = race::Options { rounds: 11, who: String::new(), changes: Vec::new() };
    while let Some(argument) = arguments.next() {
        let mut value =
            || arguments.next().ok_or_else(|| io::Error::other(format!("{argument} wants a value")));
        match argument.as_str() {
            "--rounds" => options.rounds = value()?.parse().map_err(io::Error::other)?,
            "--who" => options.who = value()?,
            "--set" => options.changes.push(value()?),
            other => return Err(io::Error::other(format!("unknown option {other}; see --help"))),
        }
    }
    print!("{}", race::race(&options)?);
    Ok(ExitCode::SUCCESS)
}

/// The machine and its load, for whoever reads the table later.
fn about(rounds: usize) -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown").to_owned();
    format!(
        "{rounds} alternating rounds; CPU time for one turn; {}; load {load} at the end. A ratio is the median over \
         the rounds.\n",
        cpu.map_or("unknown processor", |(_, name)| name)
    )
}
