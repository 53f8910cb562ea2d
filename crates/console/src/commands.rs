//! Decides what each verb does: ask, draw, and say with which code it ends.
//!
//! A verb gets its view from [`crate::access`], makes text of it with a function from the view and the terminal's look
//! to a string, and prints that; with `--json` it prints the view itself.

mod bench;
mod check;
mod cost;
mod diagram;
mod dlq;
mod doctor;
mod doubts;
mod explain;
mod findings;
mod keys;
mod logs;
mod manual;
mod match_event;
mod orders;
mod pretty;
mod record;
mod top;
mod trigger;

use crate::RunServer;
use crate::access::{Access, Named};
use crate::cli::{Cli, Command, Dlq, Options};
use crate::config::{self, Config, DEFAULTS};
use crate::exit::{DONE, Failure, Stop};
use crate::terminal::Out;

/// What every verb is given.
struct Given<'a> {
    config: Config,
    options: Options,
    out: &'a mut Out,
}

impl Given<'_> {
    /// Whom to ask.
    fn access(&self) -> Result<Access, Failure> {
        Access::open(&self.config, self.named())
    }

    /// Who was named on the command line.
    fn named(&self) -> Named {
        match self.options {
            Options { admin: Some(_), .. } => Named::Admin,
            Options { data_dir: Some(_), .. } => Named::DataDirectory,
            Options { .. } => Named::Nobody,
        }
    }
}

/// Does what was typed; the exit code is given back.
pub(crate) fn run(cli: Cli, run_server: RunServer, out: &mut Out) -> Result<u8, Stop> {
    let (options, command) = cli.verb()?;
    // These look at no configuration, so that a broken one does not keep them from working.
    match &command {
        Command::Config => {
            if options.json {
                out.json(&config::defaults())?;
            } else {
                out.print(DEFAULTS)?;
            }
            return Ok(DONE);
        }
        Command::Match(wanted) => return match_event::run(wanted, options.json, out),
        Command::Completions { shell } => return manual::completions(*shell, out),
        Command::Man { directory } => return manual::man(directory.as_deref(), out),
        Command::Check(wanted) => return check::run(wanted, options.json, out),
        Command::Diagram(wanted) if !wanted.live => return diagram::run(wanted, options.json, out),
        Command::Cost(wanted) if wanted.orders.is_some() => return cost::run(wanted, options.json, out),
        _ => {}
    }
    let config = options.configured()?;
    let given = Given { config, options, out };
    match command {
        Command::Up(up) => {
            let public = up.options.public.unwrap_or(given.config.public);
            let config = Config { public, tls: up.options.tls || given.config.tls, ..given.config };
            let ended = run_server(&config, &up.templates, &up.options, given.options.json);
            Ok(ended.map_err(Failure::from)?)
        }
        Command::Explain { order, full } => explain::run(given, &order, full),
        Command::Dlq(Dlq::List { limit }) => dlq::list(given, limit),
        Command::Dlq(Dlq::Show { queue, id, limit }) => dlq::show(given, &queue, id, limit),
        Command::Dlq(Dlq::Redrive(redrive)) => dlq::redrive(given, &redrive),
        Command::Logs(logs) => logs::run(given, &logs),
        Command::Doctor => doctor::run(given),
        Command::Orders(wanted) => orders::run(given, wanted),
        Command::Keys(wanted) => keys::run(given, wanted),
        Command::Top(wanted) => top::run(given, &wanted),
        Command::Trigger(trigger) => trigger::run(given, &trigger),
        Command::Bench(bench) => bench::run(given, &bench),
        Command::Diagram(wanted) => diagram::run_live(given, &wanted),
        Command::Cost(wanted) => cost::run_measured(given, &wanted),
        Command::Config | Command::Completions { .. } | Command::Man { .. } | Command::Match(_) | Command::Check(_) => {
            unreachable!("these have been done above")
        }
    }
}

/// `1 record`, `2 records`.
fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// `2025-10-31 10:00:00.000` of an instant in ISO 8601: what a person needs of it.
fn instant(iso: &str) -> String {
    iso.trim_end_matches('Z').replacen('T', " ", 1)
}
