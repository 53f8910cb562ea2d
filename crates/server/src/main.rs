//! The `orderflow` binary.
fn main() {}
