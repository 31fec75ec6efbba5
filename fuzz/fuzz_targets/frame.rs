//! A stream of frames, which arrives in pieces; each is read as a request.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| milena_protocol::fuzzing::frame(data));
