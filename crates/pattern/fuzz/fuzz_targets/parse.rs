//! Any text as a pattern.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pattern_fuzz::parse(data));
