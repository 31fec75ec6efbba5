//! A compressed stream of any codec.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| milena_protocol::fuzzing::decompression(data));
