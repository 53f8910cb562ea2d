//! Generated patterns and events as JSON, compared with the slow model.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pattern_fuzz::match_model(data));
