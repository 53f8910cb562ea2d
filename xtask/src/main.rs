//! House rules as tests, and the checks that use other programs.
fn main() {}
