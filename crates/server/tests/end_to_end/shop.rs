//! What the shop front promises those who order there, held over real connections to the real binary.
//!
//! What each file holds: [`first_minute`] that an order goes its whole way, is listed, watched and called off;
//! [`repeated`] that a repeated request makes no second order; [`faults`] that orders, stock and money agree whatever
//! fails or dies; [`tenants`] who sees what; [`questions`] what the chatbot tells and to whom; [`bad_input`] what is
//! refused and how; [`told`] what the bus hears; [`limits`] that plans hold; [`stopping`] that Ctrl-C loses nothing; [`slow_clients`] that they harm
//! nobody else. Here: a shop to try ([`Shop`]), customers of it ([`Customer`]), and what is true of every order ([`check_order`]).

mod bad_input;
mod faults;
mod first_minute;
mod limits;
mod questions;
mod repeated;
mod slow_clients;
mod stopping;
mod tenants;
mod told;

use crate::harness::{self, Answer, Connection, Server, Start, soon, within};
use serde_json::{Value as Json, json};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An order's way when nothing goes wrong.
const WAY: [&str; 6] = ["PENDING", "VALIDATING", "INVENTORY_CHECK", "PAYMENT_PROCESSING", "FULFILLMENT", "COMPLETED"];

/// A shop: its data, its template, and the server while it runs.
struct Shop {
    directory: tempfile::TempDir,
    settings: Vec<(&'static str, String)>,
    server: Option<Server>,
    /// The key that `up` made.
    key: String,
}

/// A key as it was made: what is sent, and what it is called.
struct Key {
    value: String,
    id: String,
}

impl Shop {
    /// Opens a new shop; see [`template`] for what can be set.
    fn open(settings: &[(&'static str, &str)]) -> Self {
        let mut shop = Self {
            directory: harness::directory(),
            settings: settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            server: None,
            key: String::new(),
        };
        shop.up();
        shop.key = std::fs::read_to_string(shop.data().join("api-key")).unwrap().trim().to_owned();
        shop
    }

    /// Sets something that holds from the next start on.
    fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn template(&self) -> PathBuf {
        let path = self.directory.path().join("commerce.yaml");
        std::fs::write(&path, template(&self.settings)).unwrap();
        path
    }

    fn up(&mut self) {
        self.server = Some(Server::up(&Start { data: &self.data(), template: &self.template(), failing: "" }));
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("the shop is open")
    }

    /// `kill -9`, and started again.
    fn crash(&mut self) {
        self.server.take().unwrap().kill();
        self.up();
    }

    /// Stopped as one stops, and started again.
    fn restart(&mut self) {
        self.server.take().unwrap().stop();
        self.up();
    }

    fn customer(&self) -> Customer {
        self.customer_with(&self.key)
    }

    fn customer_with(&self, key: &str) -> Customer {
        Customer { connection: Connection::open(&self.server().public).unwrap(), key: key.to_owned() }
    }

    /// Runs the command line against this shop.
    fn run(&self, arguments: &[&str]) -> harness::Ended {
        let data = self.data();
        let ended = harness::run(
            self.directory.path(),
            &[arguments, &["--admin", &self.server().admin, "--data-dir", data.to_str().unwrap()]].concat(),
        );
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        ended
    }

    fn make_key(&self, tenant: &str, scopes: &[&str]) -> Key {
        let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
        let arguments: Vec<&str> = ["keys", "create", "--json", "--tenant", tenant].into_iter().chain(scopes).collect();
        let made = self.run(&arguments).json();
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        Key { value: text(&made["value"]), id: text(&made["key"]["id"]) }
    }

    fn revoke(&self, key: &Key) {
        self.run(&["keys", "revoke", &key.id]);
    }

    /// An item of one of the shop's tables, in plain JSON.
    fn item(&self, table: &str, key: &str, value: &str) -> Option<Json> {
        let asked = json!({ "TableName": table, "Key": { key: { "S": value } }, "ConsistentRead": true });
        let found = self.server().connect().tables("GetItem", &asked).unwrap().ok();
        found.get("Item").map(|item| plain(&json!({ "M": item })))
    }

    /// Puts goods on the shelf.
    fn stock(&self, sku: &str, available: u64) {
        let number = |number: u64| json!({ "N": number.to_string() });
        let item = json!({ "sku": { "S": sku }, "available": number(available), "version": number(1) });
        self.server().connect().tables("PutItem", &json!({ "TableName": "Stock", "Item": item })).unwrap().ok();
    }

    /// How many of a sku are available, reserved and sold.
    fn counts(&self, sku: &str) -> [u64; 3] {
        let item = self.item("Stock", "sku", sku).unwrap();
        ["available", "reserved", "sold"].map(|name| item[name].as_u64().unwrap_or(0))
    }

    /// How many messages of a queue wait, are being worked on, and are delayed.
    fn waiting(&self, queue: &str) -> [u64; 3] {
        let url = format!("http://{}/000000000000/{queue}", self.server().admin);
        let told = self
            .server()
            .connect()
            .queues("GetQueueAttributes", &json!({ "QueueUrl": url, "AttributeNames": ["All"] }));
        let names = ["", "NotVisible", "Delayed"];
        names.map(|name| {
            let count = &told["Attributes"][format!("ApproximateNumberOfMessages{name}")];
            count.as_str().unwrap().parse().unwrap()
        })
    }

    /// Waits until nothing is left to be worked on.
    fn drained(&self) {
        // Thousands may wait there, for the same goods.
        within(Duration::from_secs(120), "the queue of orders is empty", || match self.waiting("OrderQueue") {
            [0, 0, 0] => Ok(()),
            other => Err(other),
        });
    }
}

/// The repository's template, with other values: of a parameter (`RateLimit`), of a variable of the worker
/// (`PAYMENT_DELAY_MS`), or of a resource's property (`OrderQueuePoller.Enabled`).
fn template(settings: &[(&'static str, String)]) -> String {
    let mut text = std::fs::read_to_string(harness::stack("commerce.yaml")).unwrap();
    for (name, value) in settings {
        let (head, property) = match name.split_once('.') {
            Some((resource, property)) => (format!("\n  {resource}:\n"), property),
            None if text.contains(&format!("\n  {name}:\n    Type: ")) => (format!("\n  {name}:\n"), "Default"),
            None => ("\n  OrderWorker:\n".to_owned(), *name),
        };
        assert_eq!(text.matches(&head).count(), 1, "{head:?} stands in the template once");
        let from = text.find(&head).unwrap() + head.len();
        // A resource ends where something less indented begins.
        let end = text[from..].match_indices("\n  ").find(|(at, _)| !text[from + at + 3..].starts_with([' ', '\n']));
        let end = from + end.map_or(text.len() - from, |(at, _)| at);
        let value = format!("\"{value}\"");
        match text[from..end].find(&format!(" {property}: ")) {
            Some(at) => {
                let at = from + at + property.len() + 3;
                let end = at + text[at..].find('\n').unwrap();
                text.replace_range(at..end, &value);
            }
            None => {
                // A variable that the template leaves as it is without one.
                assert!(head.contains("OrderWorker") && property.to_uppercase() == property, "{name} is not there");
                const VARIABLES: &str = "        Variables:\n";
                let at = from + text[from..end].find(VARIABLES).unwrap() + VARIABLES.len();
                text.insert_str(at, &format!("          {property}: {value}\n"));
            }
        }
    }
    text
}

/// A value as DynamoDB writes it, as plain JSON.
fn plain(value: &Json) -> Json {
    let (kind, inner) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "M" => inner.as_object().unwrap().iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        "L" => inner.as_array().unwrap().iter().map(plain).collect(),
        "N" => serde_json::from_str(inner.as_str().unwrap()).unwrap(),
        _ => inner.clone(),
    }
}

/// Somebody who orders: one connection, and a key.
struct Customer {
    connection: Connection,
    key: String,
}

impl Customer {
    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        let key = [("x-api-key", self.key.as_str())];
        let kind: &[_] = if body.is_empty() { &[] } else { &[("content-type", "application/json")] };
        self.connection.request(method, path, &[&key, kind, headers].concat(), body)
    }

    fn place(&mut self, order: &Json, idempotency_key: Option<&str>) -> io::Result<Answer> {
        let headers: Vec<_> = idempotency_key.into_iter().map(|key| ("idempotency-key", key)).collect();
        self.ask("POST", "/orders", &headers, order.to_string().as_bytes())
    }

    /// Places an order that is taken in; answers it.
    fn placed(&mut self, order: &Json) -> Json {
        let answer = self.place(order, None).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    fn get(&mut self, id: &str) -> io::Result<Answer> {
        self.ask("GET", &format!("/orders/{id}"), &[], b"")
    }

    /// An order of ours.
    fn order(&mut self, id: &str) -> Json {
        self.get(id).unwrap().ok()
    }

    fn cancel(&mut self, id: &str) -> io::Result<Answer> {
        self.ask("POST", &format!("/orders/{id}/cancel"), &[], b"{}")
    }

    /// Waits until an order has come to an end.
    fn ended(&mut self, id: &str) -> Json {
        soon("the order has ended", || {
            let order = self.order(id);
            if is_final(status(&order)) { Ok(order) } else { Err(order) }
        })
    }

    /// All orders of a customer, page by page.
    fn list(&mut self, customer: &str) -> Vec<Json> {
        let (mut orders, mut path) = (Vec::new(), format!("/customers/{customer}/orders?limit=100"));
        loop {
            let page = self.ask("GET", &path, &[], b"").unwrap().ok();
            orders.extend(page["orders"].as_array().unwrap().iter().cloned());
            let Some(cursor) = page["nextCursor"].as_str() else { return orders };
            path = format!("/customers/{customer}/orders?limit=100&cursor={cursor}");
        }
    }
}

/// An order's body; of each line its goods, how many, and the price of one in cents.
fn body(customer: &str, lines: &[(&str, u64, u64)]) -> Json {
    let line = |(sku, quantity, cents): &(&str, u64, u64)| json!({ "sku": sku, "name": format!("Goods {sku}"), "quantity": quantity, "price": decimal(*cents) });
    let lines: Vec<Json> = lines.iter().map(line).collect();
    json!({ "customerId": customer, "customerEmail": format!("{customer}@example.com"), "items": lines })
}

/// Cents as dollars.
fn decimal(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn status(order: &Json) -> &str {
    order["status"].as_str().unwrap()
}

fn is_final(status: &str) -> bool {
    matches!(status, "COMPLETED" | "FAILED" | "CANCELLED")
}

fn statuses(order: &Json) -> Vec<&str> {
    order["history"].as_array().unwrap().iter().map(status).collect()
}

/// What is true of every order, whatever became of it: each status followed from the one before, in time, and what is
/// told beside it fits.
fn check_order(order: &Json) {
    let history = statuses(order);
    assert_eq!((history.first(), history.last()), (Some(&"PENDING"), Some(&status(order))), "{order:#}");
    for step in history.windows(2) {
        let next = WAY.iter().position(|status| *status == step[0]).map(|at| WAY.get(at + 1));
        let given_up = step[1] == "FAILED" && !is_final(step[0]);
        let called_off = step[1] == "CANCELLED" && WAY[..4].contains(&step[0]);
        assert!(next == Some(Some(&step[1])) || given_up || called_off, "{step:?} in {order:#}");
    }
    let times: Vec<&str> = order["history"].as_array().unwrap().iter().map(|one| one["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{order:#}");
    assert_eq!(order["createdAt"], times[0], "{order:#}");
    assert!(order["updatedAt"].as_str() >= times.last().copied(), "{order:#}");
    assert_eq!(order.get("error").is_some(), status(order) == "FAILED", "{order:#}");
    assert_eq!(order.get("tracking").is_some(), status(order) == "COMPLETED", "{order:#}");
    let of = |name: &str| order[name].as_str().unwrap();
    assert_eq!(created_millis(of("orderId")), millis(of("createdAt")), "the id names the instant: {order:#}");
}

/// The millisecond that a UUID of version 7 names.
fn created_millis(id: &str) -> u64 {
    assert!(id.len() == 36 && id.as_bytes()[14] == b'7', "{id}");
    u64::from_str_radix(&format!("{}{}", &id[..8], &id[9..13]), 16).unwrap()
}

/// Milliseconds since 1970 of `2026-01-02T03:04:05.678Z`, by counting days.
fn millis(instant: &str) -> u64 {
    let part = |from: usize, to: usize| instant[from..to].parse::<u64>().unwrap();
    assert!(instant.len() == 24 && instant.ends_with('Z'), "{instant}");
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: u64 = lengths[..usize::try_from(month - 1).unwrap()].iter().sum();
    let seconds = ((years + months + day - 1) * 24 + part(11, 13)) * 3600 + part(14, 16) * 60 + part(17, 19);
    seconds * 1000 + part(20, 23)
}

/// Whether any file below a directory holds these bytes; of which files this is known, is not asked.
fn is_written_below(directory: &Path, bytes: &[u8], but: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if let Some(found) = is_written_below(&path, bytes, but) {
                return Some(found);
            }
        } else if !path.ends_with(but) {
            // A file that the server has put away meanwhile holds nothing any more.
            let Ok(held) = std::fs::read(&path) else { continue };
            if held.windows(bytes.len()).any(|window| window == bytes) {
                return Some(path);
            }
        }
    }
    None
}
