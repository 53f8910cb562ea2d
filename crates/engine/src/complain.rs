//! Decides how whoever runs the server is told that something is wrong: a line on the standard error, as far as that takes it.
//!
//! Invariant: telling never fails. Where the standard error goes may be what is wrong, a file on the full disk or a pipe that
//! nobody reads any more, and `eprintln!` would take the thread that tells with it.

use std::fmt::Arguments;
use std::io::Write as _;

/// Prints a line on the standard error as `eprintln!` does, and goes on if it cannot be written.
#[macro_export]
macro_rules! complain {
    ($($words:tt)*) => {
        $crate::complaint(::std::format_args!($($words)*))
    };
}

/// Prints a line on the standard error, in one piece. What cannot be printed is lost.
pub fn complaint(words: Arguments<'_>) {
    // Nobody is left to be told that this failed.
    let _ = std::io::stderr().lock().write_all(format!("{words}\n").as_bytes());
}
