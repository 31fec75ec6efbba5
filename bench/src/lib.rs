//! Races of Milena against its peers and the limits of the machine. See the README.

pub mod allocations;
pub mod build;
pub mod clock;
pub mod codec;
pub mod contest;
pub mod contestants;
pub mod inputs;
pub mod producer;
pub mod programs;
pub mod report;
pub mod row;
pub mod saved;
pub mod targets;
