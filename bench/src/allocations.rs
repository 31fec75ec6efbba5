//! Counting allocations. It takes programs of its own, because counting costs time, and most for those who allocate
//! most.

use std::collections::BTreeMap;
use std::io;
use std::process::Command;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region};

use crate::contestants::Lap;
use crate::inputs::Inputs;
use crate::row::Row;

/// How many one turn takes, by contestant and row.
pub type Allocations = BTreeMap<(String, String), u32>;

/// Does a turn of each row, and prints a line `contestant row allocations`. For programs whose global allocator counts.
#[expect(clippy::print_stdout, reason = "it is what the program is for")]
pub fn print(name: &str, inputs: &Inputs, work: impl Fn(Row, &Inputs) -> Option<Lap>) {
    for row in Row::ALL {
        let Some(mut lap) = work(row, inputs) else { continue };
        // Buffers that are used again grow in the first turns.
        lap(3);
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        lap(1);
        let counted = region.change();
        println!("{name} {} {}", row.name(), counted.allocations + counted.reallocations);
    }
}

/// Runs such a program, and adds what it has counted.
///
/// # Errors
/// It does not run, or prints something else.
pub fn add(counted: &mut Allocations, mut program: Command) -> io::Result<()> {
    let output = program.output()?;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let [name, row, count] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(io::Error::other(format!("not a count: {line:?}")));
        };
        counted.insert((name.to_owned(), row.to_owned()), count.parse().map_err(io::Error::other)?);
    }
    Ok(())
}
