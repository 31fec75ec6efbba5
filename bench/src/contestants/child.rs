//! Contestants that are programs of their own: in other languages, or ours in another build.
//!
//! The two talk in lines. The child begins with `ready` and the names of its rows; then it gets `row times` and
//! answers with nanoseconds of CPU time, until its input ends.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use super::Lap;
use crate::inputs::Inputs;
use crate::row::Row;

/// A program that waits for rows.
#[derive(Debug)]
pub struct Program {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    rows: Vec<Row>,
}

impl Program {
    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    /// What the system says, or the child does not say.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let missing = || io::Error::other("a pipe that was asked for is not there");
        let orders = child.stdin.take().ok_or_else(missing)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let mut program = Self { child, orders: Some(orders), answers, rows: Vec::new() };
        let line = program.answer()?;
        let Some(rows) = line.strip_prefix("ready") else {
            return Err(io::Error::other(format!("it did not say ready but {line:?}")));
        };
        program.rows = rows.split_whitespace().filter_map(Row::named).collect();
        Ok(program)
    }

    /// How it does the row.
    pub fn work(program: &Rc<RefCell<Self>>, row: Row) -> Option<Lap> {
        if !program.borrow().rows.contains(&row) {
            return None;
        }
        let program = Rc::clone(program);
        Some(Box::new(move |times| {
            let mut program = program.borrow_mut();
            program.order(row, times).unwrap_or_else(|error| panic!("{}: {error}", row.name()))
        }))
    }

    fn order(&mut self, row: Row, times: u64) -> io::Result<f64> {
        if let Some(orders) = &mut self.orders {
            writeln!(orders, "{} {times}", row.name())?;
            orders.flush()?;
        }
        let line = self.answer()?;
        line.trim().parse().map_err(|_| io::Error::other(format!("not a number: {line:?}")))
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(io::Error::other("the program ended")),
            _ => Ok(line),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        self.orders = None;
        let _ = self.child.wait();
    }
}

/// The child's side: serves the rows of `work`.
///
/// # Errors
/// What the pipes say.
pub fn serve(inputs: &Inputs, work: impl Fn(Row, &Inputs) -> Option<Lap>) -> io::Result<()> {
    let mut laps: Vec<(Row, Lap)> =
        Row::ALL.into_iter().filter_map(|row| work(row, inputs).map(|lap| (row, lap))).collect();
    let mut answers = io::stdout();
    let names: Vec<_> = laps.iter().map(|(row, _)| row.name()).collect();
    writeln!(answers, "ready {}", names.join(" "))?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let order =
            line.split_once(' ').and_then(|(row, times)| Some((Row::named(row)?, times.parse().ok()?)));
        let lap = order.and_then(|(row, times)| {
            let (_, lap) = laps.iter_mut().find(|(served, _)| *served == row)?;
            Some(lap(times))
        });
        match lap {
            Some(nanoseconds) => writeln!(answers, "{nanoseconds}")?,
            None => return Err(io::Error::other(format!("not an order: {line:?}"))),
        }
        answers.flush()?;
    }
    Ok(())
}
