//! What can happen to a cluster.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| milena_mock_broker::fuzzing::broker(data));
