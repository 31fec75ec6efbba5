//! The law of memory: decoding takes no more than a small multiple of its input, whatever the input claims.
//!
//! ```text
//! cargo test --release -p milena-tests --test memory
//! ```
//!
//! For messages that is 64 times the input and 64 KiB; for record batches the limit for inflated records, 1 MiB and 64
//! times the input. Held against it, by a counting allocator: every golden vector, headers and data messages too, as it is, cut at every place and with single
//! bytes changed, messages made from every schema in which each array claims whatever it can get, and compressed streams
//! around the limit, honest and lying. Beside that,
//! nothing panics, and arrays of the smallest elements there are still decode. The worst ratio is printed by message.
#![expect(clippy::print_stdout, reason = "a test reports on standard output")]

use std::process::ExitCode;

use crate::law::Law;

#[path = "memory/claims.rs"]
mod claims;
#[path = "golden/folder.rs"]
mod folder;
#[path = "memory/golden.rs"]
mod golden;
#[path = "memory/inflation.rs"]
mod inflation;
#[path = "memory/law.rs"]
mod law;
#[path = "hostile/peak.rs"]
mod peak;

fn main() -> ExitCode {
    let mut law = Law::default();
    claims::smallest_elements(&mut law);
    claims::largest_claims(&mut law);
    claims::tagged_fields_of_headers(&mut law);
    inflation::streams(&mut law);
    match folder::find() {
        Ok(dir) => {
            golden::messages(&dir.join("messages"), &mut law);
            golden::records(&dir.join("records"), &mut law);
        }
        Err(error) => law.fail(error),
    }
    law.report();
    for failure in law.failures() {
        println!("FAILED {failure}");
    }
    println!("memory: {} inputs, {} failures", law.inputs(), law.failures().len());
    if law.failures().is_empty() && law.inputs() > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
