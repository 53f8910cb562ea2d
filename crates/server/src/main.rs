//! The `orderflow` binary: one verb for each thing that people do with their orders.
//!
//! `up` runs a server ([`up`]); every other verb asks one, or looks at its data directory if none runs ([`access`]).
//! Start at [`cli`] for what can be typed, at [`commands`] for what then happens, at [`exit`] for how it ends.

mod access;
mod app;
mod ask;
mod aws;
mod body;
mod cli;
mod client;
mod commands;
mod config;
mod convert;
mod exit;
mod front;
mod greeting;
mod keyring;
mod listener;
mod metrics;
mod nearest;
mod open;
mod own;
mod params;
mod query;
mod rush;
mod shopper;
mod slots;
mod stall;
mod terminal;
mod tls;
mod tracing;
mod up;
mod views;
mod watching;

use clap::Parser;
use exit::{DONE, Stop};
use std::process::ExitCode;
use terminal::{Look, Out};

/// Items are made on one thread and let go of on another all the time, which the system's own allocator does slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let mut out = Out::new();
    let ended = commands::run(cli, &mut out).and_then(|code| out.flush().map(|()| code));
    let code = match ended {
        Ok(code) => code,
        Err(Stop::OutputClosed) => DONE,
        Err(Stop::Failed(failure)) => {
            // What was printed before comes first; if nobody reads it, the failure is said all the same.
            let _ = out.flush();
            terminal::say(&terminal::failure_text(&failure, Look::of_errors()));
            failure.code
        }
    };
    // Nothing is left in the buffer that could be lost here.
    drop(out);
    ExitCode::from(code)
}
