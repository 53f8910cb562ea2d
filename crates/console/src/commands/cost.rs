//! Decides how `orderflow cost` comes to a month's traffic, and where its bill goes. What it costs decides
//! [`stack::cost`]; how it is shown, `draw`.

mod draw;
#[cfg(test)]
mod tests;
mod view;

use super::Given;
use super::check::{self, Template};
use super::diagram;
use super::top::LOOK_WITHIN;
use crate::access;
use crate::cli::Cost;
use crate::exit::{DONE, Failure, NO, Stop, USAGE};
use crate::params;
use crate::terminal::{Out, say};
use crate::views::traffic::Traffic;
use stack::Stack;
use stack::cost::{
    Bill, FreeTier, Measured, MeasuredFunction, MeasuredLogs, MeasuredPipe, MeasuredQueue, MeasuredTable, Month,
    NothingMeasured, Period, Prices,
};
use std::path::Path;
use std::time::Duration;
use types::SortedMap;

/// What is shown.
struct Shown<'a> {
    /// Of which stack.
    stack: &'a str,
    /// From what it was made.
    basis: String,
    month: Month,
    bill: Bill,
    prices: Prices,
    free_tier: FreeTier,
}

/// Estimates a month from the template alone.
pub(super) fn run(wanted: &Cost, json: bool, out: &mut Out) -> Result<u8, Stop> {
    let (prices, (template, stack)) = (prices(wanted)?, template(wanted)?);
    let stack = match stack {
        Ok(stack) => stack,
        Err(said) => return refuse(&said),
    };
    let orders = wanted.orders.unwrap_or_default();
    let month = stack::cost::estimate(&stack, orders).map_err(|error| {
        let failure = Failure::new(NO, format!("{}: {error}", template.file));
        failure.hint("run it, send it orders, and leave --orders out: then what they did is counted")
    })?;
    let basis = format!("an estimate for {} orders a month, from {}", draw::count(orders), template.file);
    hand_over(wanted, &template, basis, month, prices, json, out)
}

/// Says what a month of what a server does would cost.
pub(super) fn run_measured(given: Given<'_>, wanted: &Cost) -> Result<u8, Stop> {
    let (prices, (template, stack)) = (prices(wanted)?, template(wanted)?);
    let stack = match stack {
        Ok(stack) => stack,
        Err(said) => return refuse(&said),
    };
    let without = "or estimate it without a server: orderflow cost --orders 1000000";
    let (client, health) = access::server(&given.config, given.named()).map_err(|mut failure| {
        failure.hint = Some(failure.hint.map_or(without.to_owned(), |hint| format!("{hint}; {without}")));
        failure
    })?;
    if !health.stacks.contains(&template.stack_name) {
        let error = format!("the server at {} does not run a stack {}", health.admin, template.stack_name);
        let hint = match health.stacks.as_slice() {
            [] => "start it with: orderflow up TEMPLATE".to_owned(),
            running => format!("it runs {}: name the template of one of them; {without}", running.join(", ")),
        };
        return Err(Failure::new(NO, error).hint(hint).into());
    }
    let traffic: Traffic = client.get("/traffic", LOOK_WITHIN)?;
    let counted = measured(&traffic);
    let period = wanted.orders_per_month.map_or(Period::GoesOn, Period::Orders);
    let mut month = stack::cost::measured(&stack, &counted, period).map_err(|error| {
        let hint = match error {
            NothingMeasured::NoOrder => "send some with `orderflow trigger`",
            NothingMeasured::NoTime => "ask again in a moment",
        };
        Failure::new(NO, error.to_string()).hint(format!("{hint}; {without}"))
    })?;
    let slower =
        "functions take as long as they took here; on AWS each call of a table or queue adds some milliseconds";
    month.assumptions.insert(0, slower.to_owned());
    let basis = basis(&traffic, &health.admin, wanted.orders_per_month, month.orders);
    hand_over(wanted, &template, basis, month, prices, given.options.json, given.out)
}

fn basis(traffic: &Traffic, admin: &str, wanted: Option<u64>, orders: Option<u64>) -> String {
    let since = draw::span(Duration::from_micros(traffic.since_micros));
    let measured = format!("what the server at {admin} did in {since}");
    match (wanted, orders) {
        (Some(wanted), _) => format!("{measured}, for {} orders a month", draw::count(wanted)),
        (None, Some(orders)) => format!("{measured}, as if it went on for a month ({} orders)", draw::count(orders)),
        (None, None) => format!("{measured}, as if it went on for a month"),
    }
}

fn prices(wanted: &Cost) -> Result<Prices, Failure> {
    let Some(path) = &wanted.prices else { return Ok(Prices::built_in()) };
    let file = path.display().to_string();
    let hint = "the file that is built in is crates/stack/prices/us-east-1.toml: begin with a copy of it";
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(USAGE, format!("{file} cannot be read: {error}")).hint(hint))?;
    Prices::parse(&text, &file).map_err(|error| Failure::new(USAGE, error.to_string().trim_end()).hint(hint))
}

/// The template that is wanted, and its stack; or what `check` says of it.
fn template(wanted: &Cost) -> Result<(Template, Result<Stack, String>), Failure> {
    let template =
        wanted.template.as_deref().map(check::read as fn(&Path) -> _).unwrap_or_else(|| Ok(Template::built_in()))?;
    let overrides = params::by_stack(&wanted.params, &[template.stack_name.as_str()])?.remove(0);
    let stack = diagram::resolved(&template, &overrides);
    Ok((template, stack))
}

fn refuse(said: &str) -> Result<u8, Stop> {
    say(said);
    Ok(NO)
}

fn hand_over(
    wanted: &Cost,
    template: &Template,
    basis: String,
    month: Month,
    prices: Prices,
    json: bool,
    out: &mut Out,
) -> Result<u8, Stop> {
    let free_tier = if wanted.free_tier { FreeTier::Taken } else { FreeTier::Left };
    let bill = Bill::of(&month.usage, &prices, free_tier);
    let shown = Shown { stack: &template.stack_name, basis, month, bill, prices, free_tier };
    if json {
        out.json(&view::of(&shown))?;
    } else {
        out.print(&draw::text(&shown, out.look))?;
    }
    Ok(DONE)
}

/// What a server counted, as the cost of it is reckoned from.
fn measured(traffic: &Traffic) -> Measured {
    let mut answers = SortedMap::new();
    for (status, count) in traffic.routes.iter().flat_map(|route| &route.by_status) {
        *answers.get_or_default(status.parse().unwrap_or(0)) += count;
    }
    let tables = traffic.tables.iter().map(|table| {
        let counted = MeasuredTable {
            items: table.items,
            bytes: table.bytes,
            inserts: table.inserts,
            writes: table.writes,
            write_blocks: table.write_blocks,
            blocks_together: table.blocks_together,
            read_blocks: table.read_blocks,
        };
        (table.table.clone(), counted)
    });
    let queues = traffic.queues.iter().map(|queue| {
        let counted = MeasuredQueue {
            sent: queue.sent,
            sent_blocks: queue.sent_blocks,
            receives: queue.receives,
            empty_receives: queue.empty_receives,
            deleted: queue.deleted,
            hidden: queue.hidden,
        };
        (queue.queue.clone(), counted)
    });
    let pipes = traffic.pipes.iter().map(|pipe| {
        let counted = MeasuredPipe {
            passed: pipe.passed,
            passed_blocks: pipe.passed_blocks,
            stopped: pipe.stopped,
            stopped_blocks: pipe.stopped_blocks,
        };
        (pipe.pipe.clone(), counted)
    });
    let functions = traffic.functions.iter().map(|function| {
        let counted = MeasuredFunction { invocations: function.invocations, millis: function.millis };
        (function.function.clone(), counted)
    });
    let logs =
        traffic.logs.iter().map(|group| (group.group.clone(), MeasuredLogs { lines: group.lines, bytes: group.bytes }));
    Measured {
        micros: traffic.since_micros,
        answers,
        tables: tables.collect(),
        queues: queues.collect(),
        pipes: pipes.collect(),
        functions: functions.collect(),
        logs: logs.collect(),
        buses: traffic.buses.iter().map(|bus| (bus.bus.clone(), bus.event_blocks)).collect(),
        metrics: traffic.own_metrics,
    }
}
