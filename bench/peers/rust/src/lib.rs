//! The other Rust crates, each driven as its users would drive it, at its best.

pub mod kafka_protocol;
pub mod rskafka;

use milena_bench::contestants::Lap;
use milena_bench::inputs::Inputs;
use milena_bench::row::Row;

/// How a crate does a row, if it can.
pub type Work = fn(Row, &Inputs) -> Option<Lap>;

/// All of them, by name. A crate that does not write the very bytes that we write stops the race.
#[must_use]
pub fn all(inputs: &Inputs) -> [(&'static str, Work); 2] {
    kafka_protocol::check(inputs);
    rskafka::check(inputs);
    [("kafka-protocol", kafka_protocol::work), ("rskafka", rskafka::work)]
}
