//! Decides how a bill looks: a table by service, its sum, what filters save, and what was taken for granted.

use super::Shown;
use crate::commands::counted;
use crate::terminal::{Look, Paint, columns, safe};
use stack::cost::{Bill, FreeTier, Line, Money, Quantity, Saving};
use std::time::Duration;

/// A row of the table: service, item, quantity, price, cost.
type Row = [String; 5];

/// All of it, in lines.
pub(super) fn text(shown: &Shown<'_>, look: Look) -> String {
    let bill = &shown.bill;
    let title = format!("{} on AWS, a month", safe(shown.stack));
    let mut lines = vec![look.paint(Paint::Bold, &title), safe(&shown.basis).into_owned()];
    let free = match shown.free_tier {
        FreeTier::Taken => ", what is free for ever taken off",
        FreeTier::Left => "",
    };
    let prices =
        format!("prices of {} as of {}, in dollars{free}", safe(&shown.prices.region), safe(&shown.prices.date));
    lines.extend([look.paint(Paint::Dim, &prices), String::new()]);
    table(bill, look, &mut lines);
    lines.push(String::new());
    if let Some(biggest) = bill.biggest() {
        lines.push(biggest_text(biggest, bill, shown.month.orders));
    }
    if let Some(saving) = &bill.saving {
        lines.push(saving_text(saving, bill));
    }
    lines.extend([String::new(), look.paint(Paint::Dim, "taken for granted")]);
    lines.extend(shown.month.assumptions.iter().map(|said| format!("  - {}", safe(said))));
    lines.push(String::new());
    lines.join("\n")
}

fn table(bill: &Bill, look: Look, lines: &mut Vec<String>) {
    let heads = ["SERVICE", "WHAT", "HOW MUCH", "PRICE", "COST"].map(str::to_owned);
    let mut rows: Vec<Row> = vec![heads];
    for service in bill.services() {
        let of = bill.lines.iter().filter(|line| line.service == service);
        for (index, line) in of.enumerate() {
            let name = if index == 0 { service.name() } else { "" };
            rows.push(row(name, line));
        }
    }
    rows.push(["total".into(), String::new(), String::new(), String::new(), bill.total().to_string()]);
    let width = |column: usize| rows.iter().map(|row| columns(&row[column])).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    let last = rows.len() - 1;
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            let room = " ".repeat(width - columns(cell));
            // Numbers end under one another.
            if matches!(column, 2 | 4) { format!("{room}{cell}") } else { format!("{cell}{room}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        let line = line.trim_end();
        lines.push(match index {
            0 => look.paint(Paint::Dim, line),
            _ if index == last => look.paint(Paint::Bold, line),
            _ => line.to_owned(),
        });
    }
}

fn row(service: &str, line: &Line) -> Row {
    let per = if line.per == 1 { line.unit.to_owned() } else { thousands(line.per) };
    let free = if line.free > Quantity::ZERO { format!(", {} free", line.free) } else { String::new() };
    let tiers = if line.parts.len() > 1 { format!(", {} tiers", line.parts.len()) } else { String::new() };
    let price = format!("${} per {per}{free}{tiers}", line.price);
    [service.to_owned(), safe(&line.item).into_owned(), line.quantity.to_string(), price, line.cost().to_string()]
}

/// The biggest item, and what an order costs where that is known.
fn biggest_text(biggest: &Line, bill: &Bill, orders: Option<u64>) -> String {
    let share = share(biggest.cost(), bill.total());
    let item = safe(&biggest.item);
    let told =
        format!("The biggest item is {}, {item}: {} of {}, {share}.", biggest.service, biggest.cost(), bill.total());
    match orders {
        Some(orders) if orders > 0 => {
            let each = bill.total().as_f64() / orders as f64 * 1000.0;
            format!("{told} A thousand orders cost ${each:.3}.")
        }
        Some(_) | None => told,
    }
}

/// What filters save, in one sentence.
fn saving_text(saving: &Saving, bill: &Bill) -> String {
    let all = bill.total() + saving.cost;
    format!(
        "Filtering at the source saves {} a month ({} of {all}) against filtering in the functions: filters stop {} and \
         so {} of functions.",
        saving.cost,
        share(saving.cost, all),
        counted_text(saving.records, "record"),
        counted_text(saving.invocations, "call"),
    )
}

/// `1 record`, `2,000 records`.
fn counted_text(number: u64, one: &str) -> String {
    counted(number, one).replacen(&number.to_string(), &count(number), 1)
}

/// `38 %`
fn share(part: Money, whole: Money) -> String {
    match whole.as_f64() {
        0.0 => "0 %".to_owned(),
        whole => format!("{:.0} %", part.as_f64() / whole * 100.0),
    }
}

/// `million`, `1,000`.
fn thousands(per: u64) -> String {
    if per == 1_000_000 { "million".to_owned() } else { count(per) }
}

/// `1,000,000`
pub(super) fn count(number: u64) -> String {
    Quantity::whole(number).to_string()
}

/// `12 s`, `35 min`, `7.5 h`, `12 days`.
pub(super) fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{:.1} h", seconds as f64 / 3600.0),
        seconds => format!("{} days", seconds / 86_400),
    }
}
