//! Clients that mean harm, or have forgotten to stop: what they cost `milena broker`, and that nobody else notices.
//!
//! ```text
//! cargo test --release -p milena-tests --test abuse -- --nocapture
//! ```
//!
//! Where memory, file descriptors or processor time are counted, the broker is the program, as a process of its own. Each
//! test prints what it saw before, during and after; asserted is what is promised: memory, descriptors, answers.
#![expect(clippy::print_stdout, reason = "a test reports on standard output")]

#[path = "abuse/broker.rs"]
mod broker;
#[path = "abuse/client.rs"]
mod client;
#[path = "abuse/connections.rs"]
mod connections;
#[path = "abuse/embedded.rs"]
mod embedded;
#[path = "abuse/memory.rs"]
mod memory;
#[path = "abuse/shutdown.rs"]
mod shutdown;
#[path = "abuse/strangers.rs"]
mod strangers;
#[path = "abuse/time.rs"]
mod time;
