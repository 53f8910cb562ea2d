//! Decides what can be typed: the verbs, their options, and what their help says.
//!
//! Start at [`Cli`]. What an option means is decided where it is used; here it is only read, and what cannot be meant
//! is refused. Each verb's help is as short as it can be and ends with lines to copy.

mod load;
mod templates;

use crate::config::Config;
use crate::exit::{Failure, USAGE};
use crate::params::Param;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use load::{Bench, BenchWhat, Top, Trigger};
pub(crate) use templates::{Check, Cost, Diagram, DiagramFormat, Engines};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Takes orders in, keeps them, and routes every change to the code that must act on it
#[derive(Debug, Parser)]
#[command(
    name = "orderflow",
    version,
    styles = STYLES,
    subcommand_precedence_over_arg = true,
    after_help = "\
Examples:
  orderflow                         run the built-in stack
  orderflow up stacks/orders.yaml   run another
  orderflow check my.yaml           would it run, and would its filters do what they say
  orderflow orders submit --watch   place a sample order, and see it through to its end
  orderflow trigger                 send it some more
  orderflow top                     watch it at work
  orderflow explain ORDER           see what every pipe did with an order, and why

Without a verb, orderflow does what `orderflow up` does.
Exit codes: 0 done or yes, 1 no or findings, 2 wrong usage or invalid input, 3 no server, 4 data refused"
)]
pub(crate) struct Cli {
    /// What every verb understands.
    #[command(flatten)]
    pub(crate) options: Options,
    /// What a bare `orderflow` understands, as `up` does.
    #[command(flatten)]
    pub(crate) up: UpOptions,
    /// The verb.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What every verb understands.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Options {
    /// Where orders are kept [default: orderflow-data]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Options of every verb")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The admin listener: where to listen, or whom to ask [default: 127.0.0.1:4566]
    #[arg(long, global = true, value_name = "ADDR", value_parser = address, help_heading = "Options of every verb")]
    pub(crate) admin: Option<SocketAddr>,
    /// Print JSON
    #[arg(long, global = true, help_heading = "Options of every verb")]
    pub(crate) json: bool,
    /// Read this configuration instead of ./orderflow.toml
    #[arg(long, global = true, value_name = "FILE", help_heading = "Options of every verb")]
    pub(crate) config: Option<PathBuf>,
}

/// What running a stack understands.
#[derive(Debug, Clone, Default, Args)]
pub struct UpOptions {
    /// Keep nothing: the data goes when the server stops
    #[arg(long, conflicts_with = "data_dir")]
    pub ephemeral: bool,
    /// Where customers are served [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub public: Option<SocketAddr>,
    /// A value for a parameter of a template, with its stack before it where several are run
    #[arg(long = "param", value_name = "[STACK.]NAME=VALUE")]
    pub params: Vec<Param>,
    /// Serve customers over TLS, with a certificate for development if the configuration names no other
    #[arg(long)]
    pub tls: bool,
    /// Send traces to this OpenTelemetry collector, such as http://127.0.0.1:4318
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run stacks
    #[command(display_order = 1)]
    #[command(after_help = "\
Examples:
  orderflow up                                    the built-in stack
  orderflow up stacks/premium.yaml stacks/orders.yaml
  orderflow up --ephemeral --admin 4600 my.yaml   keep nothing, listen elsewhere
  orderflow up stacks/orders.yaml --param TableName=Sales

Run it again with a changed template to update what changed; the data stays.")]
    Up(Up),
    /// Show an order's changes, and what every pipe did with each of them and why
    #[command(display_order = 4)]
    #[command(after_help = "\
Examples:
  orderflow explain ORD-1001
  orderflow explain ORD-1001 --json | jq .

Exit codes: 0 the order is known, 1 it is not")]
    Explain {
        /// The order's id
        order: String,
        /// Everything of every change: all attributes, and all that each filter says
        #[arg(long)]
        full: bool,
    },
    /// See what failed and why, and deliver it again
    #[command(display_order = 6)]
    #[command(subcommand, arg_required_else_help = true)]
    Dlq(Dlq),
    /// Show what functions printed
    #[command(display_order = 5)]
    #[command(after_help = "\
Examples:
  orderflow logs                                    which groups there are
  orderflow logs PremiumOrderFunction --since 10m   a group, by its name or the end of it
  orderflow logs PremiumOrderFunction --follow --filter '\"ORD-1001\"'

Filters are CloudWatch's: terms (ERROR -timeout), JSON ({ $.level = \"ERROR\" }), regular expressions (%5\\d\\d%).")]
    Logs(Logs),
    /// Watch a server at work: rates, latencies, queues, pipes
    #[command(display_order = 3)]
    #[command(after_help = "\
Examples:
  orderflow top
  orderflow top --once                           one look
  orderflow top --every 10 --json >> vitals.jsonl

Rates and latencies are those of the time between two looks. A latency is the end of the range that it lies in.
In a terminal, Ctrl-C ends it; a file or pipe gets a line for each look.")]
    Top(Top),
    /// Check the data: the log, the index, and whether they agree
    #[command(display_order = 13)]
    #[command(after_help = "Exit codes: 0 all is well, 1 findings, 4 the data is refused")]
    Doctor,
    /// Find what would fail or silently never match in templates, here or on AWS
    #[command(display_order = 10)]
    #[command(after_help = "\
Examples:
  orderflow check                                       the built-in stack
  orderflow check stacks/*.yaml
  orderflow check my.yaml --sample order.json           hold its filters against an item or event
  orderflow check my.yaml --sample PremiumPipe=@record.json --json
  orderflow check template.yaml --for aws               leave out what only orderflow minds
  orderflow check my.yaml --param StageName=dev

Patterns are checked in pipes, event source mappings and rules, in AWS::Serverless functions too.
Exit codes: 0 no errors, 1 errors, 2 a file cannot be read")]
    Check(Check),
    /// Draw what a template describes: what is in it, and what goes from where to where
    #[command(display_order = 11)]
    #[command(after_help = "\
Examples:
  orderflow diagram > commerce.svg                    the built-in stack
  orderflow diagram stacks/premium.yaml -o premium.svg
  orderflow diagram my.yaml --format mermaid          for a page that draws Mermaid
  orderflow diagram --live -o now.svg                 with what the running server does just now

Exit codes: 0 it is drawn, 1 the template has errors, 2 it cannot be read, 3 there is no server for --live")]
    Diagram(Diagram),
    /// Say what a month of the traffic costs on AWS, and what filters at the source save of it
    #[command(display_order = 12)]
    #[command(after_help = "\
Examples:
  orderflow cost                                   what the running server did, for a month
  orderflow cost --orders-per-month 1000000        the same, for so many of its orders
  orderflow cost --orders 1000000                  an estimate without a server
  orderflow cost stacks/premium.yaml --orders 5000000 --free-tier
  orderflow cost --prices eu-west-1.toml --json | jq .total

What it takes for granted stands below the table; docs/cost.md says how it is counted.
Exit codes: 0 it is said, 1 nothing can be said of it, 2 a file cannot be read, 3 no server and no --orders")]
    Cost(Cost),
    /// Does a pattern match an event, and if not, why
    #[command(display_order = 12)]
    #[command(
        name = "match",
        after_help = "\
Examples:
  orderflow match --pattern '{\"total\":[{\"numeric\":[\">\",100]}]}' --event '{\"total\":99}'
  orderflow match --pipe --pattern @pattern.json --event @record.json
  jq .record event.json | orderflow match --pattern @pattern.json --event -

Exit codes: 0 it matches, 1 it does not, 2 one of the two is invalid"
    )]
    Match(Match),
    /// Send realistic sample orders to a running server
    #[command(display_order = 7)]
    #[command(after_help = "\
Examples:
  orderflow trigger                             ten orders, over HTTP if a stack takes them so
  orderflow trigger --count 1000 --rate 50      fifty orders a second
  orderflow trigger --seed 7                    always the same ones
  orderflow trigger --table NewOrders           items of a table, and their changes of status

Exit codes: 0 all were accepted, 1 some were not")]
    Trigger(Trigger),
    /// Put load on the HTTP API of a running server, and show rates and latencies
    #[command(display_order = 8)]
    #[command(after_help = "\
Examples:
  orderflow bench                              64 connections, each as fast as it gets answers
  orderflow bench --rate 1000 --seconds 30     a thousand orders a second, whatever the answers take
  orderflow bench --what get
  orderflow bench --url http://10.0.0.7:8080 --key KEY --json | jq .submit

At a rate, latency counts from when a request was to be sent, so that waiting behind slow answers is not left out.
Orders are real ones: run it against a server whose data you can do without.")]
    Bench(Bench),
    /// Work with orders as a customer does: over the public listener, with a key
    #[command(display_order = 2)]
    #[command(subcommand, arg_required_else_help = true)]
    Orders(Orders),
    /// Say who may use the public listener
    #[command(display_order = 9)]
    #[command(subcommand, arg_required_else_help = true)]
    Keys(Keys),
    /// Print completions for a shell
    #[command(display_order = 15)]
    #[command(after_help = "\
Examples:
  orderflow completions bash > ~/.local/share/bash-completion/completions/orderflow
  orderflow completions zsh > ~/.zfunc/_orderflow
  orderflow completions fish > ~/.config/fish/completions/orderflow.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages
    #[command(display_order = 16)]
    #[command(after_help = "Examples:\n  orderflow man | man -l -\n  orderflow man ~/.local/share/man/man1")]
    Man {
        /// Where to; without it, the first page is printed
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Print the default configuration
    #[command(display_order = 14)]
    #[command(after_help = "Example:\n  orderflow config > orderflow.toml")]
    Config,
}

/// What `up` understands.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Up {
    /// Templates; the built-in stack if there are none
    #[arg(value_name = "TEMPLATE")]
    pub(crate) templates: Vec<PathBuf>,
    /// How.
    #[command(flatten)]
    pub(crate) options: UpOptions,
}

/// What can be done with orders.
#[derive(Debug, Subcommand)]
pub(crate) enum Orders {
    /// Place an order: one from a file, of items that you name, or a sample
    #[command(after_help = "\
Examples:
  orderflow orders submit                                   a sample order
  orderflow orders submit --watch                           and see it through to its end
  orderflow orders submit order.json
  orderflow orders submit --customer C-7 --item TEA-1:2:19.90 --item 'CUP-3:1:8.50:A blue cup'")]
    Submit(SubmitOrder),
    /// Show an order with its history
    #[command(after_help = "Example:\n  orderflow orders get 01890a5d-ac96-774b-bcce-b302099a8057")]
    Get {
        /// The order's id
        id: String,
        /// The key; ORDERFLOW_API_KEY or this machine's own if it is left out
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Show a customer's orders, the newest first
    #[command(after_help = "Example:\n  orderflow orders list C-1001 --limit 50")]
    List(ListOrders),
    /// Show each status of an order as it comes, to its end
    #[command(after_help = "Exit codes: 0 the order completed, 1 it failed or was cancelled")]
    Watch {
        /// The order's id
        id: String,
        /// The key; ORDERFLOW_API_KEY or this machine's own if it is left out
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Call an order off, while it can be
    #[command(after_help = "Exit codes: 0 it is called off, 1 it is too late")]
    Cancel {
        /// The order's id
        id: String,
        /// Why, for its history
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// The key; ORDERFLOW_API_KEY or this machine's own if it is left out
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
}

/// What `orders submit` understands.
#[derive(Debug, Args)]
pub(crate) struct SubmitOrder {
    /// The order as JSON, or - for the standard input
    #[arg(value_name = "FILE", conflicts_with_all = ["items", "customer", "email", "currency", "note", "seed"])]
    pub(crate) file: Option<PathBuf>,
    /// An item: SKU:QUANTITY:PRICE, or SKU:QUANTITY:PRICE:NAME
    #[arg(long = "item", value_name = "ITEM")]
    pub(crate) items: Vec<String>,
    /// The customer's id
    #[arg(long, value_name = "ID")]
    pub(crate) customer: Option<String>,
    /// The customer's e-mail
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// The currency of the prices [default: USD]
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,
    /// What the customer writes beside it
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// The same seed gives the same sample
    #[arg(long, value_name = "S", conflicts_with = "items")]
    pub(crate) seed: Option<u64>,
    /// The same key and order again give the same answer, and no second order
    #[arg(long, value_name = "TEXT")]
    pub(crate) idempotency_key: Option<String>,
    /// See it through to its end
    #[arg(long)]
    pub(crate) watch: bool,
    /// The key; ORDERFLOW_API_KEY or this machine's own if it is left out
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

/// What `orders list` understands.
#[derive(Debug, Args)]
pub(crate) struct ListOrders {
    /// The customer's id
    pub(crate) customer: String,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// The oldest first
    #[arg(long)]
    pub(crate) oldest_first: bool,
    /// The key; ORDERFLOW_API_KEY or this machine's own if it is left out
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Show which keys there are
    List,
    /// Make a key, and show it this once
    #[command(after_help = "\
Examples:
  orderflow keys create --tenant acme --name 'web shop'
  orderflow keys create --tenant acme --scope orders:read")]
    Create {
        /// What people call it
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Whose orders it may see; orders of other tenants are not there for it [default: default]
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
        /// The usage plan that counts for it; the stack's first if it is left out
        #[arg(long, value_name = "PLAN")]
        plan: Option<String>,
        /// What it may do, such as orders:read; everything if it is left out
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
    },
    /// Take a key back: requests with it are refused from now on
    Revoke {
        /// The key's id, as `keys list` shows it
        id: String,
    },
}

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum Dlq {
    /// List what failed, queue by queue
    #[command(after_help = "Example:\n  orderflow dlq list")]
    List {
        /// At most so many messages of each queue
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show the records in full, the error, and AWS's message
    #[command(after_help = "\
Examples:
  orderflow dlq show PremiumOrderDLQ
  orderflow dlq show PremiumOrderDLQ 1869054112399360")]
    Show {
        /// The queue
        queue: String,
        /// One message; all of them if it is left out
        id: Option<u64>,
        /// At most so many messages
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Give the records to their function again; what it does goes from the queue, what fails stays
    #[command(after_help = "\
Examples:
  orderflow dlq redrive PremiumOrderDLQ --dry-run
  orderflow dlq redrive PremiumOrderDLQ --containing ORD-1001
  orderflow dlq redrive PremiumOrderDLQ --rate 5

Exit codes: 0 all were delivered, 1 some failed again")]
    Redrive(Redrive),
}

/// What `dlq redrive` understands.
#[derive(Debug, Args)]
pub(crate) struct Redrive {
    /// The queue
    pub(crate) queue: String,
    /// One message; all of them if it is left out
    pub(crate) id: Option<u64>,
    /// Only those whose records or error hold this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) containing: Option<String>,
    /// At most so many a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What `logs` understands.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The group, by its name or the end of it; without one, groups are listed
    pub(crate) group: Option<String>,
    /// Go on showing lines as they are printed
    #[arg(long, short, requires = "group")]
    pub(crate) follow: bool,
    /// Only lines of this span: 30s, 10m, 2h, 1d
    #[arg(long, value_name = "SPAN", value_parser = span, requires = "group")]
    pub(crate) since: Option<Duration>,
    /// Only lines that this filter finds
    #[arg(long, value_name = "PATTERN", requires = "group")]
    pub(crate) filter: Option<String>,
    /// At most so many lines to begin with, the newest ones
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}

/// What `match` understands.
#[derive(Debug, Args)]
pub(crate) struct Match {
    /// The pattern: JSON, @FILE, or - for the standard input
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) pattern: String,
    /// The event: JSON, @FILE, or - for the standard input
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) event: String,
    /// Read the pattern as a pipe's filter, which has fewer operators than a bus's rule, and the event as a pipe does
    #[arg(long)]
    pub(crate) pipe: bool,
}

impl Cli {
    /// The verb, with what stands before it; a bare `orderflow` is `up`.
    pub(crate) fn verb(self) -> Result<(Options, Command), Failure> {
        let Self { options, up, command } = self;
        match command {
            None => Ok((options, Command::Up(Up { templates: Vec::new(), options: up }))),
            Some(Command::Up(given)) => {
                let ephemeral = given.options.ephemeral || up.ephemeral;
                let public = given.options.public.or(up.public);
                let params = [up.params, given.options.params].concat();
                let tls = given.options.tls || up.tls;
                let otlp = given.options.otlp.or(up.otlp);
                Ok((options, Command::Up(Up { options: UpOptions { ephemeral, public, params, tls, otlp }, ..given })))
            }
            // Nothing is kept, so there is nothing that any other verb could look at.
            Some(_) if up.ephemeral => {
                let failure = Failure::new(USAGE, "--ephemeral goes with `orderflow up` only");
                Err(failure.hint("other verbs look at a server that runs: name it with --admin ADDR"))
            }
            Some(_) if !up.params.is_empty() => {
                let failure = Failure::new(USAGE, "--param before a verb goes with `orderflow up` only");
                Err(failure.hint("`check` takes it behind: orderflow check TEMPLATE --param NAME=VALUE"))
            }
            Some(command) => Ok((options, command)),
        }
    }
}

impl Options {
    /// What of it has to be typed again for the next verb to look at the same server or data, with a space before it.
    pub(crate) fn again(&self) -> String {
        let quoted = |path: &Path| {
            let text = path.display().to_string();
            let is_plain = text.chars().all(|character| character.is_alphanumeric() || "/._-+:@".contains(character));
            if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
        };
        let admin = self.admin.map(|admin| match admin.ip() == Ipv4Addr::LOCALHOST {
            true => format!(" --admin {}", admin.port()),
            false => format!(" --admin {admin}"),
        });
        let directory = self.data_dir.as_deref().map(|directory| format!(" --data-dir {}", quoted(directory)));
        let config = self.config.as_deref().map(|config| format!(" --config {}", quoted(config)));
        [admin, directory, config].into_iter().flatten().collect()
    }

    /// The configuration with what stands on the command line laid over it.
    pub(crate) fn configured(&self) -> Result<Config, Failure> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(directory) = &self.data_dir {
            config.data_dir.clone_from(directory);
        }
        if let Some(admin) = self.admin {
            config.admin = admin;
        }
        Ok(config)
    }
}

/// `127.0.0.1:4566`, `localhost:4566`, or only the port on this machine.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let port = text.strip_prefix("localhost").unwrap_or(text).trim_start_matches(':');
    match port.parse() {
        Ok(port) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        Err(_) => Err("write an address and a port such as 127.0.0.1:4566, or only a port".to_owned()),
    }
}

/// `30s`, `10m`, `2h`, `1d`, or several of them: `1h30m`.
fn span(text: &str) -> Result<Duration, String> {
    const HINT: &str = "write a span such as 30s, 10m, 2h or 1d";
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| HINT.to_owned())?;
        let mut letters = rest[digits..].chars();
        let unit = match letters.next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            Some(_) | None => return Err(HINT.to_owned()),
        };
        let more = number.checked_mul(unit).and_then(|more| seconds.checked_add(more));
        seconds = more.filter(|seconds| *seconds < u64::from(u32::MAX)).ok_or("no line is that old")?;
        rest = letters.as_str();
    }
    if text.is_empty() { Err(HINT.to_owned()) } else { Ok(Duration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests;
