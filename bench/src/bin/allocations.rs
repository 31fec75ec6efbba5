//! Counts what we allocate, for `milena-bench`.

use std::alloc::System;

use milena_bench::contestants::{OURS, ours};
use milena_bench::{allocations, inputs::Inputs};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    allocations::print(OURS, &Inputs::new(), ours::work);
}
