//! Counts what the crates allocate, for `milena-bench`.

use std::alloc::System;

use milena_bench::{allocations, inputs::Inputs};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let inputs = Inputs::new();
    for (name, work) in milena_bench_peers::all(&inputs) {
        allocations::print(name, &inputs, work);
    }
}
