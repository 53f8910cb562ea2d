//! The `orderflow` binary: the command line of [`console`], whose `up` runs a [`server`].

use std::process::ExitCode;

/// Items are made on one thread and let go of on another all the time, which the system's own allocator does slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    console::run(server::run)
}
