//! Decides what can be typed behind the verbs that look at templates without running them: `check`, `diagram`
//! and `cost`.

use crate::params::Param;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What `check` understands.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Templates, YAML or JSON, or - for the standard input; the built-in stack if there are none
    #[arg(value_name = "TEMPLATE")]
    pub(crate) templates: Vec<PathBuf>,
    /// An event or item like those that will come: a file or JSON, for one pipe or rule with its logical id before it
    #[arg(long = "sample", value_name = "[NAME=]FILE", allow_hyphen_values = true)]
    pub(crate) samples: Vec<String>,
    /// Only what concerns AWS, or orderflow here; both if it is left out
    #[arg(long = "for", value_name = "WHERE")]
    pub(crate) engines: Option<Engines>,
    /// A value for a parameter of a template, with its stack before it where several are checked
    #[arg(long = "param", value_name = "[STACK.]NAME=VALUE")]
    pub(crate) params: Vec<Param>,
    /// Show too what is only worth knowing
    #[arg(long)]
    pub(crate) info: bool,
}

/// What `diagram` understands.
#[derive(Debug, Args)]
pub(crate) struct Diagram {
    /// A template, YAML or JSON, or - for the standard input; the built-in stack if it is left out
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: Option<PathBuf>,
    /// As what; what FILE ends with says so too, .svg or .mmd, and otherwise it is svg
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<DiagramFormat>,
    /// Ask the running server, and write beside everything what it does just now
    #[arg(long)]
    pub(crate) live: bool,
    /// Where to; without it, the drawing is printed
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// A value for a parameter of the template
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<Param>,
}

/// What `cost` understands.
#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// A template, YAML or JSON, or - for the standard input; the built-in stack if it is left out
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: Option<PathBuf>,
    /// Estimate a month with so many orders from the template alone, without a server
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=ORDERS_MAX))]
    pub(crate) orders: Option<u64>,
    /// A month with so many orders, each like those that the server had; by time if it is left out
    #[arg(long, value_name = "N", conflicts_with = "orders", value_parser = clap::value_parser!(u64).range(1..=ORDERS_MAX))]
    pub(crate) orders_per_month: Option<u64>,
    /// Prices of your own; those of us-east-1 that are built in if it is left out
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    /// Take off what is free for ever, as if nothing else of the account used it
    #[arg(long)]
    pub(crate) free_tier: bool,
    /// A value for a parameter of the template
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<Param>,
}

/// More orders than that nobody has in a month.
const ORDERS_MAX: u64 = 1_000_000_000_000;

/// As what something is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiagramFormat {
    /// A picture
    Svg,
    /// Text that Mermaid makes a picture of
    Mermaid,
}

/// Where a template is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engines {
    /// By orderflow
    Here,
    /// On AWS
    Aws,
}
