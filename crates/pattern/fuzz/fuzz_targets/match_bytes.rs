//! Any texts as patterns and events.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pattern_fuzz::match_bytes(data));
