//! One of the crates, driven by `milena-bench`: its name is the argument.

use std::{env, io};

use milena_bench::contestants::child;
use milena_bench::inputs::Inputs;

fn main() -> io::Result<()> {
    let inputs = Inputs::new();
    let wanted = env::args().nth(1).unwrap_or_default();
    let found = milena_bench_peers::all(&inputs).into_iter().find(|(name, _)| *name == wanted);
    let (_, work) = found.ok_or_else(|| io::Error::other(format!("there is no peer {wanted:?}")))?;
    child::serve(&inputs, work)
}
