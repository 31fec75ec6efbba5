//! A stream of frames, each read as a request.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| milena_protocol::fuzzing::frame(data));
