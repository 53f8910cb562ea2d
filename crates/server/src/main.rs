//! The `orderflow` binary: the command line of [`console`], whose `up` runs a [`server`], and the allocator of both.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

/// Items are made on one thread and let go of on another all the time, which the system's own allocator does slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many milliseconds the allocator keeps memory that was let go of, and what a server has it do: a rush of orders
/// leaves 30 MB less behind than with the usual second.
const KEPT_FOR: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "100");

fn main() -> ExitCode {
    console::run(|config, templates, options, json| {
        begin_again();
        server::run(config, templates, options, json)
    })
}

/// The allocator is told by the environment alone, and reads it before `main`. So a server begins anew, in the same
/// process, unless somebody has said how long.
fn begin_again() {
    let (name, usual) = KEPT_FOR;
    let mut arguments = std::env::args_os();
    let called = arguments.next().unwrap_or_else(|| OsString::from("orderflow"));
    if let (None, Ok(program)) = (std::env::var_os(name), std::env::current_exe()) {
        // It comes back only if that fails; then more memory is kept, and nothing else is different.
        let _ = Command::new(program).arg0(called).args(arguments).env(name, usual).exec();
    }
}
