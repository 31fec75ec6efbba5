//! The producers' race: everyone sends the same records to the same blind sink, each in a process of its own.

pub mod load;
pub mod race;
pub mod sink;
