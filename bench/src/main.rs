//! `cargo run --release --manifest-path bench/Cargo.toml -- codec`

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

use milena_bench::allocations::Allocations;
use milena_bench::codec::{self, Options, Standing};
use milena_bench::contest::Length;
use milena_bench::producer::{race, sink};
use milena_bench::row::Row;
use milena_bench::saved::{Loss, Saved};
use milena_bench::{build, programs, report};

const HELP: &str = "\
Races of Milena against its peers and the limits of the machine.

  milena-bench codec [--short] [--row TEXT] [--rounds N] [--table FILE] [--save]
  milena-bench producer [--rounds N] [--who TEXT] [--set KEY=VALUE]…
  milena-bench build

codec  the codec beside kafka-protocol, rskafka, Java and Go, in alternating rounds; CPU time
  --short       ours and kafka-protocol only; exit code 1 if a row lost 30 % of its ratio in codec-table.tsv
  --row TEXT    only the row TEXT, or if there is none the rows whose name contains it
  --rounds N    how many rounds; 31, or 15 with --short
  --table FILE  writes the tables into FILE too, as Markdown
  --save        puts the ratios of this kind of processor into codec-table.tsv, which --short holds itself to
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
    let length = Length { rounds, lap: 1e7, warm_up: 5e7 };
    let rows = match Row::named(&rows) {
        Some(row) => vec![row],
        None => Row::ALL.into_iter().filter(|row| row.name().contains(&rows)).collect(),
    };

    let options = Options { rows, short, length };
    let standings = codec::race(&options)?;
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
    let file = programs::package().join("codec-table.tsv");
    let mut saved = Saved::parse(&fs::read_to_string(&file)?)?;
    if save {
        saved.put(&processor(), &standings);
        fs::write(&file, saved.text())?;
    }
    if short { held_to(&saved, &options, &standings) } else { Ok(ExitCode::SUCCESS) }
}

/// Says which rows lost their ratio. One that seems to is raced again: on a busy machine it may have been the only one
/// that had a neighbour.
fn held_to(saved: &Saved, options: &Options, standings: &[Standing]) -> io::Result<ExitCode> {
    const TIMES: usize = 3;
    let mut losses = saved.losses(&processor(), standings);
    for _ in 1..TIMES {
        if losses.is_empty() {
            break;
        }
        let rows = losses.iter().map(|loss| loss.row).collect();
        losses = saved.losses(&processor(), &codec::race(&Options { rows, ..options.clone() })?);
    }
    for Loss { row, now, then } in &losses {
        let name = row.name();
        println!("slower: {name}: {now:.2} times as fast as kafka-protocol, {then:.2} in the saved table");
    }
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
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown").to_owned();
    format!(
        "{rounds} alternating rounds; CPU time for one turn; {}; load {load} at the end. A ratio is the median over \
         the rounds.\n",
        processor()
    )
}

/// Its name.
fn processor() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "unknown processor".to_owned(), |(_, name)| name.to_owned())
}
