//! Decides what `orderflow bench` measures, and beside what: load on the HTTP API of a server that runs, the time from
//! an order to COMPLETED, and what the disk itself takes for a flush.
//!
//! The load goes from this process, over real connections, as customers' would. Start at [`run`]; how requests are sent
//! and timed is decided in `load`.

mod flush;
mod follow;
mod histogram;
mod http;
mod load;
mod report;
mod samples;

use super::Given;
use crate::access;
use crate::cli;
use crate::exit::{DONE, Failure, NO, Stop, UNREACHABLE, USAGE};
use crate::shopper::kept_key;
use crate::terminal::{Look, say};
use follow::{Followed, Followers};
use http::Target;
use load::{Done, Plan, What};
use report::{Completion, Latency, Report, Second};
use std::collections::VecDeque;
use std::io::IsTerminal as _;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

/// How many connections there are unless a number is given: for customers who wait for their answers, and for those who
/// come at a rate, whatever became of those before them.
const CONNECTIONS_CLOSED: usize = 64;
const CONNECTIONS_OPEN: usize = 256;
/// How many orders are submitted first when orders are to be looked at.
const KNOWN: u64 = 500;

/// Measures.
pub(super) fn run(given: Given<'_>, wanted: &cli::Bench) -> Result<u8, Stop> {
    let named = given.named();
    let Given { mut config, options, out } = given;
    let url = match &wanted.url {
        Some(url) => url.clone(),
        // The server that runs says where customers are served, and where the key and the disk are.
        None => {
            let (_, health) = access::server(&config, named).map_err(elsewhere)?;
            config.data_dir = health.directory.into();
            health.public
        }
    };
    let key = wanted.key.clone().or_else(|| kept_key(&config.data_dir).ok());
    let target = Target::parse(&url, key).map_err(|wrong| Failure::new(USAGE, format!("{url}: {wrong}")))?;
    let address = resolve(&target)?;
    let mut plan = plan(wanted, target, address)?;
    // Measured first, so that the load is not in the way of it.
    let is_here = address.ip().is_loopback() && config.data_dir.is_dir();
    let flush = if is_here { flush::measure(&config.data_dir).ok() } else { None };
    if plan.what != What::Submit && plan.known.is_empty() {
        plan.known = known(&plan)?;
    }
    let followers =
        plan.follow_every.map(|_| Followers::start(address, &plan.target, Duration::from_secs(wanted.patience.into())));
    let (done, followed) = measure(&plan, followers)?;
    let report = report(&url, &plan, done, followed, flush);
    let code = if report.good > 0 { DONE } else { NO };
    if options.json {
        out.json(&report)?;
    } else {
        let text = report::draw(&report, out.look);
        out.print(&text)?;
    }
    if report.by_status.keys().any(|status| matches!(status, 401 | 403)) {
        say("the server refuses the key; name one with --key or ORDERFLOW_API_KEY\n");
    }
    if report.by_status.contains_key(&429) {
        say("the key's plan allows less than this; make a key with a plan that allows more\n");
    }
    Ok(code)
}

/// What the command line asks for.
fn plan(wanted: &cli::Bench, target: Target, address: SocketAddr) -> Result<Plan, Failure> {
    let bodies = match &wanted.body {
        None => samples::bodies(),
        Some(file) => {
            let read = std::fs::read(file);
            vec![read.map_err(|error| Failure::new(USAGE, format!("{} cannot be read: {error}", file.display())))?]
        }
    };
    let path = wanted.path.clone();
    if path.as_deref().is_some_and(|path| !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(Failure::new(USAGE, "--path begins with a slash and has no spaces"));
    }
    let (what, known) = match (wanted.what, path.clone()) {
        (cli::BenchWhat::Submit, _) => (What::Submit, None),
        (cli::BenchWhat::Get, path) => (What::Get, path),
        (cli::BenchWhat::Mixed, _) => (What::Mixed, None),
    };
    let submit_to = if what == What::Get { None } else { path };
    let usual = if wanted.rate.is_some() { CONNECTIONS_OPEN } else { CONNECTIONS_CLOSED };
    Ok(Plan {
        target,
        address,
        what,
        submit_to: submit_to.unwrap_or_else(|| "/orders".to_owned()),
        bodies,
        idempotent: wanted.idempotency_keys,
        connections: wanted.connections.map_or(usual, |connections| connections as usize),
        rate: wanted.rate,
        lasts: Duration::from_secs(wanted.seconds.into()),
        requests_max: u64::MAX,
        known: known.into_iter().collect(),
        follow_every: (wanted.follow > 0 && what != What::Get).then(|| Duration::from_secs(1) / wanted.follow),
    })
}

/// No server is needed that other verbs could ask, only one that serves customers.
fn elsewhere(failure: Failure) -> Failure {
    let hint =
        format!("{}; or name where customers are served with --url", failure.hint.as_deref().unwrap_or("start one"));
    failure.hint(hint)
}

fn resolve(target: &Target) -> Result<SocketAddr, Failure> {
    let authority = target.authority();
    let found = authority.to_socket_addrs().map(|mut all| all.next());
    let unknown = |why: String| Failure::new(UNREACHABLE, format!("{authority} cannot be found{why}"));
    found.map_err(|error| unknown(format!(": {error}")))?.ok_or_else(|| unknown(String::new()))
}

/// Submits some orders, so that there are orders to look at.
fn known(plan: &Plan) -> Result<VecDeque<String>, Failure> {
    let first = Plan {
        what: What::Submit,
        connections: plan.connections.min(CONNECTIONS_CLOSED),
        rate: None,
        requests_max: KNOWN,
        follow_every: None,
        lasts: Duration::from_secs(60),
        ..plan.clone()
    };
    let done = load::run(&first, &mut |_, _| {}, &mut |_| {})?;
    if done.known.is_empty() {
        let said = done.by_status.keys().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let failure = Failure::new(NO, "no order can be submitted that could be looked at");
        return Err(match done.fault {
            Some(fault) => failure.hint(format!("the connection is lost: {fault}")),
            None => failure.hint(format!("the server answers {said}")),
        });
    }
    Ok(done.known)
}

/// Runs the load, tells how far it is, and waits for those orders that are followed.
fn measure(plan: &Plan, mut followers: Option<Followers>) -> Result<(Done, Option<Followed>), Failure> {
    let shown = std::io::stderr().is_terminal();
    let look = Look::of_errors();
    let mut tell = |done: &Done, elapsed: Duration| {
        if shown {
            let latest = done.seconds.iter().rev().nth(1).or(done.seconds.last());
            let p99 = latest.map_or(0, |second| second.latency.quantile(0.99));
            let drawn = report::draw_progress(elapsed, plan.lasts, done.good(), done.refusals.count(), p99, look);
            say(&format!("\r{drawn}\u{1b}[K"));
        }
    };
    let mut follow = |accepted| {
        if let Some(followers) = &mut followers {
            followers.take(accepted);
        }
    };
    let done = load::run(plan, &mut tell, &mut follow);
    if shown {
        say("\r\u{1b}[K");
    }
    let done = done?;
    Ok((done, followers.map(Followers::finish)))
}

fn report(
    url: &str,
    plan: &Plan,
    done: Done,
    followed: Option<Followed>,
    flush: Option<histogram::Histogram>,
) -> Report {
    let good = done.good();
    let whole = done.seconds.iter().take(plan.lasts.as_secs() as usize);
    let seconds = done.took.as_secs_f64().max(0.001);
    let submitted = done.submits.count();
    let completion = followed.map(|followed| Completion {
        failed: followed.failed,
        unfinished: followed.unfinished,
        completed_per_second: followed
            .last
            .filter(|_| followed.unfinished == 0)
            .map(|last| submitted as f64 / (last - done.began).as_secs_f64().max(0.001)),
        since_accepted: Latency::of(followed.since_accepted),
        since_sent: Latency::of(followed.since_sent),
    });
    Report {
        url: url.to_owned(),
        what: match plan.what {
            What::Submit => "submit",
            What::Get => "get",
            What::Mixed => "mixed",
        },
        connections: plan.connections,
        rate_wanted: plan.rate,
        seconds,
        sent: done.sent,
        good,
        // What is answered after the end was not answered in that time.
        good_per_second: whole.map(|second| second.accepted).sum::<u64>() as f64 / seconds,
        refused: done.refusals.count(),
        unsent: done.unsent,
        lost: done.lost,
        fault: done.fault,
        by_status: done.by_status,
        submit: Latency::of(done.submits),
        get: Latency::of(done.gets),
        refusal: Latency::of(done.refusals),
        answer_bytes: done.good_bytes / good.max(1),
        completion,
        flush: flush.and_then(Latency::of),
        by_second: done
            .seconds
            .iter()
            .map(|second| Second {
                good: second.accepted,
                refused: second.refused,
                p50_us: second.latency.quantile(0.5),
                p99_us: second.latency.quantile(0.99),
            })
            .collect(),
    }
}
