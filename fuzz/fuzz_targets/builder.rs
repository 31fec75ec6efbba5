//! Any records, built into a batch and read back.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| milena_protocol::fuzzing::builder(data));
