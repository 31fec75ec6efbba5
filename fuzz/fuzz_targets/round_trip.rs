//! Any message with any values, from one version into all others.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| milena_protocol::fuzzing::round_trip(data));
