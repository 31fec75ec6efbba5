//! Our codec in its default build, driven by `milena-bench`.

use milena_bench::contestants::{child, ours};
use milena_bench::inputs::Inputs;

fn main() -> std::io::Result<()> {
    child::serve(&Inputs::new(), ours::work)
}
