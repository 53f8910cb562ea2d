//! Any text as a pattern to be linted, with any bytes as a sample.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pattern_fuzz::lint(data));
