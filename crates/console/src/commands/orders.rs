//! Decides what `orderflow orders` does: a customer's side of the shop, from a terminal.
//!
//! Everything goes over the public listener with a key, so what works here works for a shop's own program.

mod draw;

use super::Given;
use crate::cli::{ListOrders, Orders, SubmitOrder};
use crate::exit::{DONE, Failure, NO, Stop, USAGE};
use crate::query::Query;
use crate::shopper::Shopper;
use crate::terminal::{Paint, safe};
use bytes::Bytes;
use hyper::Method;
use serde_json::{Value as Json, json};
use std::io::Read as _;
use std::path::Path;

/// How many orders a page holds.
const PAGE: u32 = 100;

/// Does what was typed.
pub(super) fn run(given: Given<'_>, orders: Orders) -> Result<u8, Stop> {
    match orders {
        Orders::Submit(wanted) => submit(given, &wanted),
        Orders::Get { id, key } => {
            let order = shopper(&given, key.as_deref())?.ask(Method::GET, &order_path(&id), &[], Bytes::new())?;
            show(given, &order.good()?)
        }
        Orders::List(wanted) => list(given, &wanted),
        Orders::Watch { id, key } => {
            let shopper = shopper(&given, key.as_deref())?;
            watch(given, &shopper, &id)
        }
        Orders::Cancel { id, reason, key } => {
            let body = reason.map_or(Bytes::new(), |reason| json!({"reason": reason}).to_string().into());
            let path = format!("{}/cancel", order_path(&id));
            let order = shopper(&given, key.as_deref())?.ask(Method::POST, &path, JSON, body)?;
            show(given, &order.good()?)
        }
    }
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn shopper(given: &Given<'_>, key: Option<&str>) -> Result<Shopper, Failure> {
    Shopper::new(&given.config, given.named(), key)
}

/// An id is part of a path: what has a meaning there is escaped.
fn order_path(id: &str) -> String {
    format!("/orders/{}", escaped(id))
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let byte = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}

fn show(given: Given<'_>, order: &Json) -> Result<u8, Stop> {
    if given.options.json {
        given.out.json(order)?;
    } else {
        let text = draw::order(order, given.out.look);
        given.out.print(&text)?;
    }
    Ok(DONE)
}

fn submit(given: Given<'_>, wanted: &SubmitOrder) -> Result<u8, Stop> {
    let shopper = shopper(&given, wanted.key.as_deref())?;
    let body = body(wanted)?;
    let mut headers = JSON.to_vec();
    if let Some(key) = &wanted.idempotency_key {
        headers.push(("idempotency-key", key));
    }
    let order = shopper.ask(Method::POST, "/orders", &headers, body.into())?.good()?;
    let id = order["orderId"].as_str().unwrap_or_default().to_owned();
    if wanted.watch {
        if !given.options.json {
            // Which order this is, in case it never comes to its end.
            given.out.print(&draw::head(&order, given.out.look))?;
            given.out.flush()?;
        }
        return watch(given, &shopper, &id);
    }
    let Given { options, out, .. } = given;
    if options.json {
        out.json(&order)?;
    } else {
        // Who reads this wants to know next what becomes of it.
        let next = out.look.paint(Paint::Cyan, &safe(&format!("orderflow orders watch {id}{}", options.again())));
        let text = format!("{}see it through: {next}\n", draw::order(&order, out.look));
        out.print(&text)?;
    }
    Ok(DONE)
}

/// What is sent: a file, or what the options say, or a sample.
fn body(wanted: &SubmitOrder) -> Result<String, Failure> {
    if let Some(file) = &wanted.file {
        return read(file);
    }
    let mut order: Json = if wanted.items.is_empty() {
        let seed = wanted.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        orders::sample::submissions(seed, 1).next().expect("one was asked for")
    } else {
        let items = wanted.items.iter().map(|item| read_item(item)).collect::<Result<Vec<_>, _>>()?;
        json!({"customerId": "C-1001", "customerEmail": "customer@example.com", "items": items})
    };
    for (name, value) in [
        ("customerId", &wanted.customer),
        ("customerEmail", &wanted.email),
        ("currency", &wanted.currency),
        ("note", &wanted.note),
    ] {
        if let Some(value) = value {
            order[name] = value.as_str().into();
        }
    }
    Ok(order.to_string())
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().read_to_string(&mut text).map(drop),
        _ => std::fs::read_to_string(file).map(|read| text = read),
    };
    read.map_err(|error| Failure::new(USAGE, format!("{}: {error}", file.display())))?;
    Ok(text)
}

/// `SKU:QUANTITY:PRICE`, or `SKU:QUANTITY:PRICE:NAME`.
fn read_item(text: &str) -> Result<Json, Failure> {
    let mut parts = text.splitn(4, ':');
    let (sku, quantity, price) = (parts.next(), parts.next(), parts.next());
    let quantity = quantity.and_then(|quantity| quantity.parse::<u32>().ok());
    match (sku, quantity, price) {
        (Some(sku), Some(quantity), Some(price)) if !sku.is_empty() && !price.is_empty() => {
            let name = parts.next().unwrap_or(sku);
            Ok(json!({"sku": sku, "name": name, "quantity": quantity, "price": price}))
        }
        _ => {
            Err(Failure::new(USAGE, format!("--item {text:?} is not SKU:QUANTITY:PRICE, with :NAME behind it or not"))
                .hint("such as --item TEA-1:2:19.90, or --item 'TEA-1:2:19.90:Green tea'"))
        }
    }
}

fn list(given: Given<'_>, wanted: &ListOrders) -> Result<u8, Stop> {
    let shopper = shopper(&given, wanted.key.as_deref())?;
    let mut orders: Vec<Json> = Vec::new();
    let (mut cursor, mut more) = (None::<String>, true);
    while more && (orders.len() as u64) < u64::from(wanted.limit) {
        let rest = u64::from(wanted.limit) - orders.len() as u64;
        let query = Query::default()
            .with("limit", rest.min(u64::from(PAGE)))
            .with_some("cursor", cursor.as_ref())
            .with_some("order", wanted.oldest_first.then_some("oldest"));
        let path = format!("/customers/{}/orders?{query}", escaped(&wanted.customer));
        let mut page = shopper.ask(Method::GET, &path, &[], Bytes::new())?.good()?;
        let Json::Array(found) = page["orders"].take() else { break };
        orders.extend(found);
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        more = cursor.is_some();
    }
    if given.options.json {
        given.out.json(&json!({"orders": orders, "more": more}))?;
    } else if orders.is_empty() {
        given.out.print(&format!("no orders of {}", wanted.customer))?;
    } else {
        let mut text = draw::orders(&orders, given.out.look);
        if more {
            text.push_str("there are more of them: --limit N shows more\n");
        }
        given.out.print(&text)?;
    }
    Ok(DONE)
}

/// Shows each status as it comes, until there is no further one; 1 if the order did not complete.
fn watch(given: Given<'_>, shopper: &Shopper, id: &str) -> Result<u8, Stop> {
    let Given { options, out, .. } = given;
    let mut status = String::new();
    let mut stopped = None;
    let heard = |_: &str, data: &str| {
        let event: Json = serde_json::from_str(data).unwrap_or(Json::Null);
        status = event["status"].as_str().unwrap_or_default().to_owned();
        let printed = if options.json { out.json_line(&event) } else { out.print(&draw::moment(&event, out.look)) };
        // Each is to be seen when it comes, not when there are enough of them.
        stopped = printed.and_then(|()| out.flush()).err();
        stopped.is_none()
    };
    let answer = shopper.listen(&format!("{}/events", order_path(id)), heard)?;
    if let Some(stopped) = stopped {
        return Err(stopped);
    }
    answer.good()?;
    if status == "COMPLETED" {
        return Ok(DONE);
    }
    if !options.json {
        let next = out.look.paint(Paint::Cyan, &safe(&format!("orderflow orders get {id}{}", options.again())));
        out.print(&format!("see how it stands: {next}\n"))?;
    }
    Ok(NO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_as_they_are_typed() {
        assert_eq!(
            read_item("TEA-1:2:19.90").unwrap(),
            json!({"sku": "TEA-1", "name": "TEA-1", "quantity": 2, "price": "19.90"})
        );
        assert_eq!(read_item("T:1:5:Tea: green").unwrap()["name"], "Tea: green");
        for wrong in ["", "TEA-1", "TEA-1:2", ":2:5", "TEA-1:x:5", "TEA-1:2:", "TEA-1:-1:5"] {
            assert_eq!(read_item(wrong).unwrap_err().code, USAGE, "{wrong}");
        }
    }

    #[test]
    fn ids_cannot_leave_their_part_of_the_path() {
        assert_eq!(order_path("0190-a_b.c~d"), "/orders/0190-a_b.c~d");
        assert_eq!(order_path("../a?b#c/ü"), "/orders/..%2Fa%3Fb%23c%2F%C3%BC");
    }
}
