//! The race of the codecs.

use std::cell::RefCell;
use std::io;
use std::process::Command;
use std::rc::Rc;

use crate::allocations::{self, Allocations};
use crate::contest::{self, Contestant, Length, Times};
use crate::contestants::child::Program;
use crate::contestants::{
    CRC_FAST, CRC32C, GO, JAVA, KAFKA_PROTOCOL, Lap, MEMCPY, OURS, OURS_DEFAULT, REFERENCE, RSKAFKA, limits,
    ours,
};
use crate::inputs::Inputs;
use crate::programs::{self, PEERS, cargo_bin};
use crate::row::Row;

/// How the race is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is raced.
    pub rows: Vec<Row>,
    /// Ours and kafka-protocol only.
    pub short: bool,
    /// How long it is.
    pub length: Length,
}

/// Java compiles what is used often, by and by: it runs for so long before it is timed.
const JAVA_WARM_UP: f64 = 2e9;

/// One row: what everyone took.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The row.
    pub row: Row,
    /// Those who do it.
    pub times: Vec<Times>,
}

impl Standing {
    /// What `name` took.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&Times> {
        self.times.iter().find(|times| times.name == name)
    }
}

/// Runs it, and reports on standard error how far it is.
///
/// # Errors
/// A program that has to be there and does not start.
pub fn race(options: &Options) -> io::Result<Vec<Standing>> {
    let inputs = Inputs::new();
    let programs = start(&inputs, options.short)?;
    let mut standings = Vec::new();
    for &row in &options.rows {
        eprint!("{} ", row.name());
        let mut contestants = contestants(row, &inputs, &programs, &options.length);
        standings.push(Standing { row, times: contest::race(&mut contestants, options.length.rounds) });
    }
    eprintln!();
    Ok(standings)
}

fn contestants(row: Row, inputs: &Inputs, programs: &Programs, length: &Length) -> Vec<Contestant> {
    type Work = fn(Row, &Inputs) -> Option<Lap>;
    let here: [(_, Work); 5] = [
        (OURS, ours::work),
        (MEMCPY, limits::memcpy),
        (CRC32C, limits::crc32c),
        (CRC_FAST, limits::crc_fast),
        (REFERENCE, limits::reference),
    ];
    let here = here.into_iter().filter_map(|(name, work)| Some((name, work(row, inputs)?)));
    let there = programs.iter().filter_map(|(name, program)| Some((*name, Program::work(program, row)?)));
    let warmed = |(name, lap)| {
        let warm_up = if name == JAVA { JAVA_WARM_UP } else { length.warm_up };
        Contestant::warmed_up(name, lap, length, warm_up)
    };
    here.chain(there).map(warmed).collect()
}

/// Contestants that run as programs.
type Programs = Vec<(&'static str, Rc<RefCell<Program>>)>;

/// Starts them. Java and Go, if the machine has no tools for them, are named and left out.
fn start(inputs: &Inputs, short: bool) -> io::Result<Programs> {
    let mut started = vec![(KAFKA_PROTOCOL, peer(KAFKA_PROTOCOL)?)];
    if short {
        return Ok(started);
    }
    started.push((RSKAFKA, peer(RSKAFKA)?));
    started.push((
        OURS_DEFAULT,
        program(cargo_bin(DEFAULT_BUILD, &["--no-default-features", "-F", "codecs"])?)?,
    ));

    let folder = programs::folder("inputs")?;
    inputs.write_to(&folder)?;
    for (name, command) in [(JAVA, programs::java(&folder)), (GO, programs::go(&folder))] {
        match command.and_then(program) {
            Ok(program) => started.push((name, program)),
            Err(error) => eprintln!("{name} does not take part: {error}"),
        }
    }
    Ok(started)
}

const DEFAULT_BUILD: &str = "milena-bench-default";

fn peer(name: &str) -> io::Result<Rc<RefCell<Program>>> {
    let mut command = cargo_bin("milena-bench-peers", &PEERS)?;
    command.arg(name);
    program(command)
}

fn program(command: Command) -> io::Result<Rc<RefCell<Program>>> {
    Program::start(command).map(|program| Rc::new(RefCell::new(program)))
}

/// Counts the allocations of the crates.
///
/// # Errors
/// A program that counts them does not build or run.
pub fn allocations() -> io::Result<Allocations> {
    let mut counted = Allocations::new();
    allocations::add(&mut counted, cargo_bin("milena-bench-allocations", &[])?)?;
    allocations::add(&mut counted, cargo_bin("milena-bench-peers-allocations", &PEERS)?)?;
    Ok(counted)
}
