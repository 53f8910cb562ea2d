//! Decides how sample orders are sent: to the shop front or to which table, how fast, and what is said meanwhile.
//!
//! If a stack that runs takes orders over HTTP, they go there, as `shop` decides. Else, or if a table is named, they go
//! the way that anybody's items go, as `PutItem` requests of DynamoDB's API, in the table's layout. The states of one order are sent
//! one after the other; several orders are under way at once when there are many and no rate is asked for.

mod shop;

use super::{Given, counted};
use crate::access;
use crate::cli;
use crate::client::{ANSWER_WITHIN, Connection, NoAnswer};
use crate::exit::{DONE, Failure, NO, Stop, UNREACHABLE, USAGE};
use crate::nearest::nearest;
use crate::terminal::{Look, Out, Paint, safe, say};
use crate::views::{self, Health};
use bytes::Bytes;
use hyper::Method;
use orders::sample::{self, SampleOrder};
use serde::Serialize;
use serde_json::json;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use types::SortedMap;

/// How many orders are under way at once, at most.
const SENDERS_MAX: usize = 32;
/// Up to this many orders, each is told by itself.
const TOLD_MAX: u32 = 50;
/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    table: String,
    seed: u64,
    orders: u64,
    /// How many states of them.
    writes: u64,
    by_status: SortedMap<String, u64>,
    by_tier: SortedMap<String, u64>,
    millis: u64,
}

/// Where orders are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    address: SocketAddr,
    table: String,
    layout: orders::Layout,
}

/// One order, sent.
struct Told {
    order: SampleOrder,
}

/// Sends sample orders.
pub(super) fn run(given: Given<'_>, wanted: &cli::Trigger) -> Result<u8, Stop> {
    let (client, health) = access::server(&given.config, given.named())?;
    let seed = wanted.seed.unwrap_or_else(|| u64::try_from(engine::now().millis()).unwrap_or(0));
    if wanted.table.is_none() && health.takes_orders {
        return shop::run(given, wanted, seed, client, &health);
    }
    let (table, layout) = choose(&health, wanted.table.as_deref())?;
    let target = Target { address: client.address(), table, layout };
    let Given { options, out, .. } = given;
    let tell_each = wanted.count <= TOLD_MAX && !options.json;
    let sent = client.runtime.block_on(send(&target, wanted, seed, tell_each, out))?;
    if options.json {
        out.json(&sent)?;
    } else {
        let first = sample::orders(seed, 1).next().map(|order| order.id).unwrap_or_default();
        let next = format!("orderflow explain {first}{}", options.again());
        let text = draw_summary(&sent, &next, out.look);
        out.print(&text)?;
    }
    Ok(DONE)
}

/// The table to write to, and how it keeps orders.
fn choose(health: &Health, wanted: Option<&str>) -> Result<(String, orders::Layout), Failure> {
    let names = || health.tables.iter().map(|table| table.name.as_str());
    let table = match wanted {
        Some(name) => health.tables.iter().find(|table| table.name == name).ok_or_else(|| {
            let failure = Failure::new(NO, format!("there is no table {name}"));
            match nearest(name, names()) {
                Some(near) => failure.hint(format!("did you mean {near}?")),
                None => failure.hint(format!("the server has: {}", names().collect::<Vec<_>>().join(", "))),
            }
        })?,
        None => {
            let kept = |layout| health.tables.iter().find(|table| table.layout == Some(layout));
            let found = kept(views::Layout::NewOrders).or_else(|| kept(views::Layout::Orders));
            found.ok_or_else(|| {
                let failure = Failure::new(NO, "the server has no table of orders");
                failure.hint("run a stack that has one: orderflow up stacks/premium.yaml")
            })?
        }
    };
    match table.layout {
        Some(views::Layout::NewOrders) => Ok((table.name.clone(), orders::Layout::NewOrders)),
        Some(views::Layout::Orders) => Ok((table.name.clone(), orders::Layout::Orders)),
        Some(views::Layout::Shop) => {
            let error = format!("orders come into table {} over the API of its stack, not as items", table.name);
            Err(Failure::new(USAGE, error).hint("leave --table out: orderflow trigger"))
        }
        None => {
            let error = format!("nothing says how table {} keeps orders", table.name);
            Err(Failure::new(USAGE, error).hint("its name should contain NewOrders or Orders"))
        }
    }
}

async fn send(target: &Target, wanted: &cli::Trigger, seed: u64, tell_each: bool, out: &mut Out) -> Result<Sent, Stop> {
    let count = wanted.count as usize;
    // One after the other if somebody watches or the pace is given, else as many as the server takes.
    let senders = if tell_each || wanted.rate.is_some_and(|rate| rate < 100.0) { 1 } else { SENDERS_MAX.min(count) };
    let (give, take) = mpsc::channel::<SampleOrder>(senders);
    let (tell, mut told) = mpsc::channel::<Result<Told, Failure>>(senders);
    let take = Arc::new(tokio::sync::Mutex::new(take));
    for _ in 0..senders {
        let (target, take, tell) = (target.clone(), Arc::clone(&take), tell.clone());
        tokio::spawn(async move {
            if let Err(failure) = sender(&target, &take, &tell).await {
                // If nobody listens any more, another sender has failed before.
                let _ = tell.send(Err(failure)).await;
            }
        });
    }
    drop(tell);
    let (started, rate) = (Instant::now(), wanted.rate);
    tokio::spawn(async move {
        for (nth, order) in (0_u32..).zip(sample::orders(seed, count)) {
            if let Some(rate) = rate {
                let due = started + Duration::from_secs_f64(f64::from(nth) / rate);
                tokio::time::sleep_until(due.into()).await;
            }
            if give.send(order).await.is_err() {
                return;
            }
        }
    });
    let mut sent = Sent {
        table: target.table.clone(),
        seed,
        orders: 0,
        writes: 0,
        by_status: SortedMap::new(),
        by_tier: SortedMap::new(),
        millis: 0,
    };
    let mut progress = Progress::new(wanted.count, !tell_each);
    while let Some(one) = told.recv().await {
        let Told { order } = one.inspect_err(|_| progress.clear())?;
        sent.orders += 1;
        *sent.by_tier.get_or_default(orders::Tier::of(order.amount).name().to_owned()) += 1;
        for status in order.statuses {
            sent.writes += 1;
            *sent.by_status.get_or_default((*status).to_owned()) += 1;
        }
        if tell_each {
            let line = draw_order(&order, out.look);
            out.print(&line)?;
            out.flush()?;
        }
        progress.tell(sent.orders, started.elapsed());
    }
    progress.clear();
    sent.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(sent)
}

/// Takes orders and sends each of their states, until there are no more.
async fn sender(
    target: &Target,
    take: &tokio::sync::Mutex<mpsc::Receiver<SampleOrder>>,
    tell: &mpsc::Sender<Result<Told, Failure>>,
) -> Result<(), Failure> {
    let mut connection = Connection::open(target.address).await?;
    loop {
        // The lock is let go before sending, so that the next sender can take the next order.
        let taken = take.lock().await.recv().await;
        let Some(order) = taken else { return Ok(()) };
        let created_at = engine::now();
        for status in order.statuses {
            let item = order.item(target.layout, status, created_at, engine::now());
            put(&mut connection, &target.table, &item).await?;
        }
        if tell.send(Ok(Told { order })).await.is_err() {
            return Ok(());
        }
    }
}

async fn put(connection: &mut Connection, table: &str, item: &types::Item) -> Result<(), Failure> {
    let body = serde_json::to_vec(&json!({"TableName": table, "Item": item})).expect("an item has string keys");
    let headers = [("x-amz-target", "DynamoDB_20120810.PutItem"), ("content-type", "application/x-amz-json-1.0")];
    let (status, body) =
        connection.send(Method::POST, "/", &headers, Bytes::from(body), ANSWER_WITHIN).await.map_err(gone)?;
    if status.is_success() {
        return Ok(());
    }
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let kind = json["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or("no known error").to_owned();
    let message = ["message", "Message"].iter().find_map(|name| json[name].as_str()).unwrap_or("").to_owned();
    let failure = Failure::new(NO, format!("the server refuses an order for table {table}: {kind}: {message}"));
    Err(if kind.contains("Auth") || kind.contains("Signature") || kind.contains("Token") {
        failure.hint("the server wants signed requests; `orderflow trigger` sends none, aws-cli does")
    } else {
        failure
    })
}

/// There was a server a moment ago.
fn gone(none: NoAnswer) -> Failure {
    match none {
        NoAnswer::Broken { .. } => Failure::new(UNREACHABLE, format!("the server has gone: {none}")),
        NoAnswer::NoServer { .. } | NoAnswer::TooLate { .. } => none.into(),
    }
}

/// A line on a terminal's standard error that says how far it is.
struct Progress {
    shown: bool,
    count: u32,
    next: Duration,
    look: Look,
}

impl Progress {
    fn new(count: u32, wanted: bool) -> Self {
        let shown = wanted && std::io::stderr().is_terminal();
        Self { shown, count, next: Duration::ZERO, look: Look::of_errors() }
    }

    fn tell(&mut self, done: u64, elapsed: Duration) {
        if self.shown && elapsed >= self.next {
            self.next = elapsed + PROGRESS_EVERY;
            say(&format!("\r{}", draw_progress(done, self.count, elapsed, self.look)));
        }
    }

    fn clear(&self) {
        if self.shown {
            say("\r\u{1b}[K");
        }
    }
}

fn draw_progress(done: u64, count: u32, elapsed: Duration, look: Look) -> String {
    const CELLS: u64 = 30;
    let filled = (done * CELLS / u64::from(count.max(1))).min(CELLS);
    let bar: String = (0..CELLS).map(|cell| if cell < filled { '█' } else { '░' }).collect();
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    format!("{} {done}/{count} orders, {rate:.0}/s ", look.paint(Paint::Cyan, &bar))
}

fn draw_order(order: &SampleOrder, look: Look) -> String {
    format!(
        "{}  {:>9}  {:<8}  {:<36}  {}\n",
        look.paint(Paint::Cyan, &order.id),
        order.amount.to_string(),
        orders::Tier::of(order.amount).name(),
        safe(&order.customer_email),
        order.statuses.join(" → ")
    )
}

/// What was sent, and the command that shows what became of it.
fn draw_summary(sent: &Sent, next: &str, look: Look) -> String {
    let per_second = sent.writes as f64 * 1000.0 / (sent.millis.max(1) as f64);
    let statuses: Vec<String> = sent.by_status.iter().map(|(status, count)| format!("{count} {status}")).collect();
    format!(
        "sent {} to {} in {:.2} s ({}, {per_second:.0} writes/s, seed {}): {}\nsee what became of one: {}\n",
        counted(sent.orders, "order"),
        look.paint(Paint::Bold, &safe(&sent.table)),
        sent.millis as f64 / 1000.0,
        counted(sent.writes, "write"),
        sent.seed,
        statuses.join(", "),
        look.paint(Paint::Cyan, &safe(next)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(tables: &[(&str, Option<views::Layout>)]) -> Health {
        let table = |(name, layout): &(&str, Option<views::Layout>)| views::Table {
            name: (*name).to_owned(),
            stack: "s".to_owned(),
            layout: *layout,
        };
        Health {
            public: "http://127.0.0.1:8080".to_owned(),
            directory: "orderflow-data".to_owned(),
            status: "ok".into(),
            version: "0".into(),
            pid: 1,
            admin: "127.0.0.1:4566".into(),
            account: "0".into(),
            region: "r".into(),
            stacks: vec!["s".into()],
            tables: tables.iter().map(table).collect(),
            takes_orders: false,
        }
    }

    #[test]
    fn the_table_is_chosen_by_how_it_keeps_orders() {
        use views::Layout::{NewOrders, Orders, Shop};
        let tables = [("A", None), ("S", Some(Shop)), ("Orders", Some(Orders)), ("dev-x", Some(NewOrders))];
        let both = health(&tables);
        let cases = [
            (None, Ok(("dev-x", orders::Layout::NewOrders))),
            (Some("Orders"), Ok(("Orders", orders::Layout::Orders))),
            (Some("A"), Err((USAGE, "its name should contain NewOrders or Orders"))),
            (Some("S"), Err((USAGE, "leave --table out: orderflow trigger"))),
            (Some("orders"), Err((NO, "did you mean Orders?"))),
            (Some("Customers"), Err((NO, "the server has: A, S, Orders, dev-x"))),
        ];
        for (wanted, expected) in cases {
            let chosen = choose(&both, wanted);
            match expected {
                Ok((name, layout)) => assert_eq!(chosen, Ok((name.to_owned(), layout)), "{wanted:?}"),
                Err((code, hint)) => {
                    let failure = chosen.unwrap_err();
                    assert_eq!((failure.code, failure.hint.as_deref()), (code, Some(hint)), "{wanted:?}");
                }
            }
        }
        assert_eq!(choose(&health(&[("Orders", Some(Orders))]), None).unwrap().1, orders::Layout::Orders);
        assert_eq!(choose(&health(&[]), None).unwrap_err().code, NO);
    }

    #[test]
    fn what_was_sent_is_told() {
        let sent = Sent {
            table: "NewOrders".into(),
            seed: 7,
            orders: 2,
            writes: 3,
            by_status: [("pending".to_owned(), 2), ("shipped".to_owned(), 1)].into(),
            by_tier: SortedMap::new(),
            millis: 1500,
        };
        insta::assert_snapshot!(draw_summary(&sent, "orderflow explain ORD-1", Look::PLAIN), @r"
        sent 2 orders to NewOrders in 1.50 s (3 writes, 2 writes/s, seed 7): 2 pending, 1 shipped
        see what became of one: orderflow explain ORD-1
        ");
        assert!(draw_progress(50, 100, Duration::from_secs(2), Look::PLAIN).ends_with("50/100 orders, 25/s "));
    }
}
