//! The command line: what can be typed, whom it asks, and how answers look.
//!
//! Every verb but `up` asks a server that runs, or looks at its data directory if none does (`access`). Either way the
//! answers are the same [`views`], made by [`ask`]; a server answers with these too. Start at [`run`], which the binary
//! calls; `cli` says what can be typed, `commands` what then happens, [`exit`] how it ends.
//!
//! Invariant: a command is no server. What listens, runs functions or speaks AWS's protocols is handed in as
//! [`RunServer`].

mod access;
pub mod ask;
mod cli;
mod client;
mod commands;
pub mod config;
pub mod exit;
pub mod keyring;
mod nearest;
pub mod open;
pub mod params;
pub mod query;
mod shopper;
mod terminal;
pub mod views;

pub use cli::UpOptions;
pub use shopper::KEY_FILE;

use clap::Parser as _;
use config::Config;
use exit::{DONE, Stop};
use std::path::PathBuf;
use std::process::ExitCode;
use terminal::{Look, Out};

/// Runs stacks until told to stop, as `up` does: by a configuration, of these templates (the built-in one if there are
/// none), and greeting with JSON or with words. The exit code is given back.
pub type RunServer = fn(config: &Config, templates: &[PathBuf], options: &UpOptions, json: bool) -> anyhow::Result<u8>;

/// Does what was typed, and says how it ended; `up` has a server run.
pub fn run(up: RunServer) -> ExitCode {
    let cli = cli::Cli::parse();
    let mut out = Out::new();
    let ended = commands::run(cli, up, &mut out).and_then(|code| out.flush().map(|()| code));
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
