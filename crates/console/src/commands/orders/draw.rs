//! Decides how orders look in a terminal.

use crate::commands::instant;
use crate::terminal::{Look, Paint, columns, safe};
use serde_json::Value as Json;
use std::fmt::Write as _;

fn text<'a>(order: &'a Json, name: &str) -> std::borrow::Cow<'a, str> {
    safe(order[name].as_str().unwrap_or(""))
}

fn painted(status: &str, look: Look) -> String {
    let paint = match status {
        "COMPLETED" => Paint::Green,
        "FAILED" => Paint::Red,
        "CANCELLED" => Paint::Dim,
        _ => Paint::Yellow,
    };
    look.paint(paint, status)
}

/// Spaces that fill a text of `used` columns up to `width`.
fn pad(used: usize, width: usize) -> String {
    " ".repeat(width.saturating_sub(used))
}

/// One order with its lines and history.
pub(super) fn order(order: &Json, look: Look) -> String {
    let mut out = String::new();
    write_order(order, look, &mut out).expect("a text takes what is written to it");
    out
}

fn write_order(order: &Json, look: Look, out: &mut String) -> std::fmt::Result {
    let status = text(order, "status");
    writeln!(out, "{}  {}", look.paint(Paint::Bold, &text(order, "orderId")), painted(&status, look))?;
    writeln!(out, "  {}", of_whom(order))?;
    for line in order["items"].as_array().into_iter().flatten() {
        let quantity = line["quantity"].as_u64().unwrap_or(0);
        writeln!(out, "  {quantity:>4} × {}  {}  at {}", text(line, "sku"), text(line, "name"), text(line, "price"))?;
    }
    if let Some(tracking) = order.get("tracking").filter(|tracking| tracking.is_object()) {
        let url = text(tracking, "url");
        let url = if url.is_empty() { String::new() } else { format!("  {url}") };
        writeln!(out, "  on its way with {} as {}{url}", text(tracking, "carrier"), text(tracking, "number"))?;
    }
    if let Some(error) = order.get("error").filter(|error| error.is_object()) {
        let failed = format!("failed at {}: {} ({})", text(error, "step"), text(error, "message"), text(error, "code"));
        writeln!(out, "  {}", look.paint(Paint::Red, &failed))?;
    }
    for event in order["history"].as_array().into_iter().flatten() {
        out.push_str("  ");
        out.push_str(&moment(event, look));
    }
    Ok(())
}

/// Which order it is, for whom and for how much, as a line.
pub(super) fn head(order: &Json, look: Look) -> String {
    let id = look.paint(Paint::Bold, &text(order, "orderId"));
    format!("{id}  {}\n", of_whom(order))
}

fn of_whom(order: &Json) -> String {
    let part = |name| text(order, name);
    format!("{} {}, {}, customer {}", part("amount"), part("currency"), part("tier"), part("customerId"))
}

/// A status and since when, as a line.
pub(super) fn moment(event: &Json, look: Look) -> String {
    let (status, detail) = (text(event, "status"), text(event, "detail"));
    let at = look.paint(Paint::Dim, &instant(&text(event, "at")));
    let fill = if detail.is_empty() { String::new() } else { pad(columns(&status), 20) };
    format!("{at}  {}{fill}{detail}\n", painted(&status, look))
}

/// Several orders, one a line.
pub(super) fn orders(orders: &[Json], look: Look) -> String {
    let amount = |order: &Json| format!("{} {}", text(order, "amount"), text(order, "currency"));
    let width = orders.iter().map(|order| columns(&amount(order))).max().unwrap_or(0);
    let mut out = String::new();
    for order in orders {
        let (status, amount) = (text(order, "status"), amount(order));
        let count = order["items"].as_array().map_or(0, Vec::len) as u64;
        let line = format!(
            "{}  {}{}  {}{amount}  {}  {}\n",
            look.paint(Paint::Dim, &instant(&text(order, "createdAt"))),
            painted(&status, look),
            pad(columns(&status), 18),
            pad(columns(&amount), width),
            look.paint(Paint::Bold, &text(order, "orderId")),
            crate::commands::counted(count, "item"),
        );
        out.push_str(&line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Json {
        json!({
            "orderId": "0190", "status": "FAILED", "amount": "39.80", "currency": "USD", "tier": "small",
            "customerId": "C-1", "createdAt": "2026-01-02T03:04:05.678Z",
            "items": [{"sku": "TEA-1", "name": "Tea \u{1b}[31m", "quantity": 2, "price": "19.90"}],
            "error": {"step": "INVENTORY_CHECK", "code": "out_of_stock", "message": "TEA-1 is sold out"},
            "history": [
                {"status": "PENDING", "at": "2026-01-02T03:04:05.678Z"},
                {"status": "FAILED", "at": "2026-01-02T03:04:05.700Z", "detail": "TEA-1 is sold out"},
            ],
        })
    }

    #[test]
    fn an_order_is_drawn_with_all_that_happened_to_it() {
        insta::assert_snapshot!(order(&sample(), Look::PLAIN), @r"
        0190  FAILED
          39.80 USD, small, customer C-1
             2 × TEA-1  Tea \u{1b}[31m  at 19.90
          failed at INVENTORY_CHECK: TEA-1 is sold out (out_of_stock)
          2026-01-02 03:04:05.678  PENDING
          2026-01-02 03:04:05.700  FAILED              TEA-1 is sold out
        ");
    }

    #[test]
    fn one_that_is_watched_is_named_first() {
        assert_eq!(head(&sample(), Look::PLAIN), "0190  39.80 USD, small, customer C-1\n");
    }

    #[test]
    fn several_orders_are_a_table() {
        insta::assert_snapshot!(orders(&[sample()], Look::PLAIN), @"2026-01-02 03:04:05.678  FAILED              39.80 USD  0190  1 item");
    }
}
