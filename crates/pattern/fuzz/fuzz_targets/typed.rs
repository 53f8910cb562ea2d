//! Generated patterns and typed events, compared with the slow model.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pattern_fuzz::typed(data));
