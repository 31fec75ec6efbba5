//! The core, asked with real frames.

mod client;
mod faults;
mod fetch;
mod groups;
mod idempotence;
#[expect(dead_code, unreachable_pub, reason = "the end-to-end tests have the same table")]
#[path = "../../../tests/harness/in_sync.rs"]
mod in_sync;
mod journal;
mod list_offsets;
mod memory;
mod produce;
mod reactions;
mod recording;
mod replicas;
mod scenarios;
mod state;
mod topics;
mod transactions;
mod versions;
