//! The core, asked with real frames.

mod client;
mod faults;
mod fetch;
mod idempotence;
mod list_offsets;
mod memory;
mod produce;
mod topics;
mod versions;
