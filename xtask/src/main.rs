//! Decides which chores there are: `cargo xtask` lists them, `cargo xtask NAME` does one.
//!
//! The house rules are tests, run by `cargo test -p xtask`: which room may import which, how files begin, how long they
//! may get.

mod bench;
mod clients;
mod docs;
#[cfg(test)]
mod house;
mod machine;
#[cfg(test)]
mod rooms;
mod shop;
mod snacks;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Chores of this repository:

  cargo xtask bench [NAME] [-- OPTIONS]   measure, print a table, write target/bench.json
                                          NAME is one of pattern, filters, store, engine, start; OPTIONS go to
                                          the bench, as in `cargo xtask bench store -- --long`
  cargo xtask bench shop [-- OPTIONS]     measure the shop front against PostgreSQL, Restate and bare hyper, which are
                                          installed into target/rivals; OPTIONS are --quick, --rounds N, --no-rivals,
                                          --only-rivals, --stack FILE; writes target/bench-shop.json
  cargo xtask bench snacks [-- OPTIONS]   measure Serverless Snacks: how long an order takes to be PROCESSED; OPTIONS are
                                          --rounds N, --seconds N, --rate N (orders a second, 500), --debug; writes
                                          target/bench-snacks.json
  cargo xtask clients [OPTIONS] [SCRIPT]  run the release build (or with --debug the debug build) under other programs:
                                          aws-cli, boto3, cfn-lint and schemathesis, which are installed into
                                          target/clients, and slowhttptest, by apt-get; a SCRIPT of xtask/clients runs
                                          alone; --cases N has schemathesis make N cases instead of 3 minutes of them
  cargo xtask docs                        write docs/lints.md from the lints themselves, and the pictures of the stacks
                                          in docs from their templates

The house rules are tests: cargo test -p xtask";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &arguments[..] {
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["bench", rest @ ..] => bench::run(rest),
        ["clients", rest @ ..] => clients::run(rest),
        ["docs"] => docs::run(),
        other => {
            eprintln!("error: there is no chore `{}`\n\n{HELP}", other.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Where the repository is.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies in the repository").to_owned()
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs this, as if it had been called by hand. What cargo says of xtask's own package to whatever it runs is
/// taken away: build scripts that look at it would run again, and all that depends on them would be built again.
fn cargo() -> std::process::Command {
    let mut command = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    let of_xtask = |name: &&std::ffi::OsString| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    let told: Vec<std::ffi::OsString> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in told.iter().filter(of_xtask) {
        command.env_remove(name);
    }
    command
}

/// Which build is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Build {
    /// Ours to give away.
    Release,
    /// Sooner built.
    Debug,
}

/// Builds the server as a bare `cargo run` does, so that neither builds again what the other built, and tells where it is.
/// (`--package` would choose other features of what several packages use.)
fn build_server(build: Build) -> anyhow::Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--bin", "orderflow"]);
    let profile = match build {
        Build::Release => {
            command.arg("--release");
            "release"
        }
        Build::Debug => "debug",
    };
    anyhow::ensure!(command.stdin(std::process::Stdio::null()).status()?.success(), "the server does not build");
    Ok(target().join(profile).join("orderflow"))
}
