//! The rounds: one process after the other, in an order that turns.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::load::{Load, write_values};
use crate::programs;

/// Who takes part, and what with.
#[derive(Clone, Copy, Debug)]
struct Contestant {
    name: &'static str,
    program: Program,
    kind: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Program {
    Ours,
}

const CONTESTANTS: [Contestant; 3] = [
    Contestant { name: "milena, forget", program: Program::Ours, kind: "forget" },
    Contestant { name: "milena, callback", program: Program::Ours, kind: "callback" },
    Contestant { name: "milena, future", program: Program::Ours, kind: "future" },
];

/// What is raced.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many rounds.
    pub rounds: usize,
    /// Only contestants whose name contains this.
    pub who: String,
    /// Arguments that change the load, `key=value`.
    pub changes: Vec<String>,
}

/// One run of one contestant.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Records in a second.
    rate: f64,
    /// CPU seconds for a million records.
    cpu: f64,
    rss_mb: f64,
}

/// Races everyone, and gives the table.
///
/// # Errors
/// That something does not build or run, or that records were not acknowledged.
pub fn race(options: &Options) -> io::Result<String> {
    let folder = programs::folder("producer")?;
    let mut load = Load::from_arguments(options.changes.iter().cloned())?;
    load.payloads = folder.display().to_string();
    write_values(&folder, load.size)?;
    let sink = Sink::start()?;
    load.boot = format!("127.0.0.1:{}", sink.port);
    let contestants: Vec<_> =
        CONTESTANTS.iter().filter(|contestant| contestant.name.contains(&options.who)).collect();
    let mut commands = Vec::new();
    for contestant in &contestants {
        commands.push(contestant.command()?);
    }
    let mut runs = vec![Vec::new(); contestants.len()];
    for round in 0..options.rounds {
        for place in 0..contestants.len() {
            let turn = (round + place) % contestants.len();
            let own = Load { kind: contestants[turn].kind.into(), ..load.clone() };
            runs[turn].push(Run::of(&mut commands[turn](), &own)?);
        }
    }
    let mut table = format!(
        "{} records of {} bytes after {}, {} rounds, compression {}, batch.size {}, linger.ms {}, acks {}\n\n\
         | who | records/s | CPU s per M, median | least | most | peak RSS, MB |\n|---|---|---|---|---|---|\n",
        load.n, load.size, load.warm, options.rounds, load.comp, load.batch, load.linger, load.acks
    );
    for (contestant, runs) in contestants.iter().zip(&runs) {
        let rate = median(runs, |run| run.rate);
        let cpu = sorted(runs, |run| run.cpu);
        let (least, most) = (cpu.first().copied().unwrap_or(0.0), cpu.last().copied().unwrap_or(0.0));
        let (cpu, rss) = (median(runs, |run| run.cpu), median(runs, |run| run.rss_mb));
        table += &format!(
            "| {} | {:.2} M | {cpu:.3} | {least:.3} | {most:.3} | {rss:.1} |\n",
            contestant.name,
            rate / 1e6
        );
    }
    Ok(table)
}

impl Contestant {
    /// Builds it, and gives what starts it.
    fn command(&self) -> io::Result<Box<dyn Fn() -> Command>> {
        match self.program {
            Program::Ours => {
                let command = programs::cargo_bin("milena-bench-producer", &["--features", "producer"])?;
                let program = command.get_program().to_owned();
                Ok(Box::new(move || Command::new(&program)))
            }
        }
    }
}

impl Run {
    fn of(command: &mut Command, load: &Load) -> io::Result<Self> {
        let output = command.args(load.arguments()).stderr(Stdio::inherit()).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = said.lines().find_map(|line| line.strip_prefix("throughput "));
        let numbers: Vec<f64> =
            line.unwrap_or_default().split(' ').filter_map(|number| number.parse().ok()).collect();
        match numbers[..] {
            [n, ok, _, seconds, cpu, rss] if ok == n => {
                Ok(Self { rate: n / seconds, cpu: cpu / n * 1e6, rss_mb: rss / 1024.0 })
            }
            _ => Err(io::Error::other(format!("{command:?}: {}: {said}", output.status))),
        }
    }
}

fn sorted(runs: &[Run], of: impl Fn(&Run) -> f64) -> Vec<f64> {
    let mut figures: Vec<f64> = runs.iter().map(of).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures
}

fn median(runs: &[Run], of: impl Fn(&Run) -> f64) -> f64 {
    let figures = sorted(runs, of);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// The sink in a process of its own, so that what it costs is not the contestant's.
struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    fn start() -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("sink")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or_else(|| io::Error::other("the sink says nothing"))?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().map_err(|_| io::Error::other("the sink does not tell its port"))?;
        Ok(Self { child, port })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
