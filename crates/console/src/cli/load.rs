//! Decides what can be typed of the verbs that send load or watch it: `trigger`, `bench`, `top`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What `trigger` understands.
#[derive(Debug, Args)]
pub(crate) struct Trigger {
    /// How many orders
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) count: u32,
    /// At most so many orders a second
    #[arg(long, value_name = "R", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// As items into this table; without it over HTTP where a stack has an API, else into the table of orders
    #[arg(long, value_name = "T")]
    pub(crate) table: Option<String>,
    /// The same seed gives the same orders
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
}

/// What `bench` understands.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Where customers are served; without it, where the server that runs says
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The key to show; the one that `up` left in the data directory if it is left out
    #[arg(long, value_name = "KEY", env = "ORDERFLOW_API_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// What requests do: submit orders, get them, or mixed, where one in five submits
    #[arg(long, value_name = "WHAT", default_value = "submit", hide_possible_values = true)]
    pub(crate) what: BenchWhat,
    /// So many requests a second; without it, as many as the connections carry
    #[arg(long, value_name = "R", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// Over so many connections [default: 64, or 256 at a rate]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub(crate) connections: Option<u32>,
    /// For so many seconds [default: 10]
    #[arg(long, value_name = "S", default_value_t = 10, hide_default_value = true, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) seconds: u32,
    /// Follow so many orders a second until they are COMPLETED; 0 for none [default: 20]
    #[arg(long, value_name = "N", default_value_t = 20, hide_default_value = true, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) follow: u32,
    /// How many seconds those orders have, once no more are sent [default: 30]
    #[arg(long, value_name = "S", default_value_t = 30, hide_default_value = true, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(crate) patience: u32,
    /// Give each order an Idempotency-Key of its own
    #[arg(long)]
    pub(crate) idempotency_keys: bool,
    /// Send this order instead of samples
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    /// Submit to this path, or get it, instead of /orders: for measuring other servers with the same means
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<String>,
}

/// What the requests of a bench do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchWhat {
    /// Submit orders
    Submit,
    /// Look at orders
    Get,
    /// One in five submits, the others look
    Mixed,
}

/// What `top` understands.
#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Look once, and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Seconds between two looks
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = seconds)]
    pub(crate) every: f64,
}

/// A number above zero; `0.5` is one order every two seconds.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (0.001..=1e6).contains(&rate) => Ok(rate),
        Ok(_) | Err(_) => Err("write how many orders a second, from 0.001 to 1000000".to_owned()),
    }
}

/// A number of seconds; `0.5` is half of one.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(seconds),
        Ok(_) | Err(_) => Err("write a number of seconds from 0.1 to 3600".to_owned()),
    }
}
