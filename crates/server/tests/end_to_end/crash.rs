//! Nothing that was acknowledged is lost, doubled in its stream, or stuck, however often the server is killed.
//!
//! Clients write orders as fast as they can and remember every answer; the server is killed at a random moment, now and
//! then again while it recovers, and started again. Each client has orders of its own, so that it knows exactly what
//! must be there: what was acknowledged, or, of what was on its way when the server died, either the old or the new.
//! Amounts count an order's versions, so that its deliveries can be put in order.
//!
//! `ORDERFLOW_CRASH_ROUNDS` says how often the server is killed under load, `ORDERFLOW_CRASH_SEED` repeats a run's
//! choices (the moments of the disk and the scheduler are nobody's choice).

use crate::harness::{self, Chance, Connection, Server, Start, within};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

const TABLE: &str = "NewOrders";
const CLIENTS: usize = 6;
const ROUNDS: u64 = 20;
/// How many orders a client works on at once.
const ORDERS: usize = 24;
/// After so many versions an order is left alone: its amounts must stay in its tier.
const VERSIONS_MAX: u32 = 400;
/// How soon an order must go through after the last restart, whatever lies before it.
const FRESH_WITHIN: Duration = Duration::from_secs(5);

/// How an order's writer marks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// With `tier` and `test`: the pipes decide alone.
    Tagged,
    /// Without: the functions decide.
    Untagged,
    /// Tagged, and of a test customer: no pipe lets it through.
    Test,
}

/// One order, as its client knows it.
#[derive(Debug)]
struct Order {
    id: String,
    shape: Shape,
    premium: bool,
    versions: u32,
    /// What is stored; nothing before the first put and after a delete.
    now: Option<Json>,
    /// All that it ever was, in order: each is a change of its stream.
    states: Vec<Option<Json>>,
}

impl Order {
    fn new(client: usize, number: usize, chance: &mut Chance) -> Self {
        let shape = [Shape::Tagged, Shape::Tagged, Shape::Untagged, Shape::Test][chance.below(4)];
        let id = format!("C{client}-{number:05}");
        Self { id, shape, premium: chance.below(2) == 0, versions: 0, now: None, states: Vec::new() }
    }

    /// Another version of it, in this state.
    fn version(&mut self, status: &str, chance: &mut Chance) -> Json {
        self.versions += 1;
        let amount = if self.premium { 2_000 } else { 100 } + self.versions;
        let (local, domain) =
            (self.id.to_lowercase(), if self.shape == Shape::Test { "test.com" } else { "example.com" });
        let mut item = json!({
            "orderId": { "S": self.id },
            "status": { "S": status },
            "amount": { "N": amount.to_string() },
            "customerEmail": { "S": format!("{local}@{domain}") },
            "note": { "S": "größer 🚀 ".repeat(chance.below(20)) },
            "digits": { "N": format!("1.{:037}", chance.next()).trim_end_matches('0') },
            "bytes": { "B": "AAECAwQF/v8=" },
            "lines": { "L": [{ "M": { "sku": { "S": format!("SKU-{}", chance.below(1000)) }, "paid": { "BOOL": true } } }] },
        });
        if self.shape != Shape::Untagged {
            item["tier"] = json!({ "S": if self.premium { "premium" } else { "standard" } });
            item["test"] = json!({ "BOOL": self.shape == Shape::Test });
        }
        item
    }

    /// Notes that this is what is stored now.
    fn becomes(&mut self, state: Option<Json>) {
        self.now.clone_from(&state);
        self.states.push(state);
    }

    /// What a function must print about it, in order: the state before, and the state that it prints about.
    fn deliveries(&self, passes: impl Fn(Option<&str>, &str) -> bool) -> Vec<(String, String)> {
        let mut before: Option<&Json> = None;
        let mut found = Vec::new();
        for state in &self.states {
            if let Some(item) = state {
                let status = item["status"]["S"].as_str().unwrap();
                let was = before.and_then(|item| item["status"]["S"].as_str());
                if self.shape != Shape::Test && passes(was, status) {
                    found.push((status.to_owned(), format!("{}.0", item["amount"]["N"].as_str().unwrap())));
                }
            }
            before = state.as_ref();
        }
        found
    }

    fn of_standard(&self) -> Vec<(String, String)> {
        self.deliveries(|_, status| status == "pending" || status == "shipped")
    }

    fn of_premium(&self) -> Vec<(String, String)> {
        self.deliveries(|was, status| self.premium && was == Some("pending") && status == "shipped")
    }
}

/// A client and all its orders, those that it has left alone included.
struct Client {
    number: usize,
    chance: Chance,
    orders: Vec<Order>,
    acknowledged: u64,
    reads: u64,
}

/// What was on its way when the connection broke: the order's place, and what it was to become.
type InFlight = Vec<(usize, Option<Json>)>;

impl Client {
    fn new(number: usize, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let orders = (0..ORDERS).map(|at| Order::new(number, at, &mut chance)).collect();
        Self { number, chance, orders, acknowledged: 0, reads: 0 }
    }

    /// Writes until the server is gone.
    fn work(&mut self, admin: &str, stop: &AtomicBool) -> InFlight {
        // Killed before it could take the connection: then nothing is on its way.
        let Ok(mut connection) = Connection::open(admin) else { return Vec::new() };
        while !stop.load(Ordering::Relaxed) {
            let changes = self.choose();
            if changes.is_empty() {
                match self.read(&mut connection) {
                    Ok(()) => continue,
                    Err(_) => return Vec::new(),
                }
            }
            match self.write(&mut connection, &changes) {
                Ok(()) => {
                    self.acknowledged += changes.len() as u64;
                    for (at, state) in changes {
                        self.orders[at].becomes(state);
                    }
                }
                Err(_) => return changes,
            }
        }
        Vec::new()
    }

    /// What to write next; nothing for a read.
    fn choose(&mut self) -> InFlight {
        let many = match self.chance.below(10) {
            0 => return Vec::new(),
            1 => 2 + self.chance.below(7),
            _ => 1,
        };
        let mut changes: InFlight = Vec::new();
        for _ in 0..many {
            let at = self.pick();
            if changes.iter().all(|(chosen, _)| *chosen != at) {
                let state = self.change(at);
                changes.push((at, state));
            }
        }
        changes
    }

    /// One of the youngest orders; one that has had its versions makes room for a new one.
    fn pick(&mut self) -> usize {
        let at = self.orders.len() - ORDERS + self.chance.below(ORDERS);
        if self.orders[at].versions < VERSIONS_MAX {
            return at;
        }
        self.orders.push(Order::new(self.number, self.orders.len(), &mut self.chance));
        self.orders.len() - 1
    }

    fn change(&mut self, at: usize) -> Option<Json> {
        let order = &mut self.orders[at];
        let Some(item) = &order.now else { return Some(order.version("pending", &mut self.chance)) };
        let status = item["status"]["S"].as_str().unwrap();
        let next = match (status, self.chance.below(10)) {
            (_, 0) => return None,
            (status, 1) => status.to_owned(),
            ("pending", 2) => "cancelled".to_owned(),
            ("pending", _) => "shipped".to_owned(),
            ("shipped", _) => "delivered".to_owned(),
            _ => "pending".to_owned(),
        };
        Some(order.version(&next, &mut self.chance))
    }

    fn write(&self, connection: &mut Connection, changes: &InFlight) -> io::Result<()> {
        let key = |at: usize| json!({ "orderId": { "S": self.orders[at].id } });
        let answer = match &changes[..] {
            [(_, Some(item))] => connection.tables("PutItem", &json!({ "TableName": TABLE, "Item": item })),
            [(at, None)] => connection.tables("DeleteItem", &json!({ "TableName": TABLE, "Key": key(*at) })),
            several => {
                let request = |(at, state): &(usize, Option<Json>)| match state {
                    Some(item) => json!({ "PutRequest": { "Item": item } }),
                    None => json!({ "DeleteRequest": { "Key": key(*at) } }),
                };
                let requests: Vec<Json> = several.iter().map(request).collect();
                connection.tables("BatchWriteItem", &json!({ "RequestItems": { TABLE: requests } }))
            }
        };
        let said = answer?.ok();
        assert!(said.get("UnprocessedItems").is_none_or(|left| left == &json!({})), "{said}");
        Ok(())
    }

    /// What was acknowledged is seen at once.
    fn read(&mut self, connection: &mut Connection) -> io::Result<()> {
        let at = self.chance.below(self.orders.len());
        let stored = get(connection, &self.orders[at].id)?;
        assert_eq!(stored, self.orders[at].now, "{} was read while writing", self.orders[at].id);
        self.reads += 1;
        Ok(())
    }

    /// Holds everything stored against everything acknowledged, and learns what became of what was on its way.
    fn check(&mut self, connection: &mut Connection, in_flight: InFlight) -> u64 {
        let mut arrived = 0;
        let mut in_flight: HashMap<usize, Option<Json>> = in_flight.into_iter().collect();
        for (at, order) in self.orders.iter_mut().enumerate() {
            let stored = get(connection, &order.id).unwrap();
            if stored == order.now {
                continue;
            }
            match in_flight.remove(&at) {
                Some(state) if state == stored => {
                    order.becomes(state);
                    arrived += 1;
                }
                unacknowledged => panic!(
                    "{} was acknowledged as\n{:?}\nand on its way to be\n{unacknowledged:?}\nbut after the crash it is\n{stored:?}",
                    order.id, order.now
                ),
            }
        }
        arrived
    }
}

fn get(connection: &mut Connection, id: &str) -> io::Result<Option<Json>> {
    let asked = json!({ "TableName": TABLE, "Key": { "orderId": { "S": id } }, "ConsistentRead": true });
    Ok(connection.tables("GetItem", &asked)?.ok().get("Item").cloned())
}

/// The premium stack, whose standard pipe delivers in several lanes; the premium pipe has one.
fn template(directory: &Path) -> PathBuf {
    let text = std::fs::read_to_string(harness::stack("premium.yaml")).unwrap();
    let batch = "          BatchSize: 100\n";
    assert_eq!(text.matches(batch).count(), 2, "each pipe has a batch size, the standard pipe first");
    let path = directory.join("premium.yaml");
    std::fs::write(&path, text.replacen(batch, &format!("{batch}          ParallelizationFactor: 3\n"), 1)).unwrap();
    path
}

#[test]
fn what_was_acknowledged_survives_every_crash_and_is_delivered_in_order() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let rounds = number("ORDERFLOW_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let clock = || u64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos()).unwrap_or(0);
    let seed = number("ORDERFLOW_CRASH_SEED").unwrap_or_else(clock);
    println!("ORDERFLOW_CRASH_SEED={seed} ORDERFLOW_CRASH_ROUNDS={rounds}");
    let mut chance = Chance(seed);
    let directory = harness::directory();
    let template = template(directory.path());
    let data = directory.path().join("data");
    let start = Start { data: &data, template: &template, failing: "" };
    let mut clients: Vec<Client> = (0..CLIENTS).map(|number| Client::new(number, chance.next())).collect();
    let (mut kills, mut cut_off, mut arrived) = (0, 0, 0);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let server = Server::up(&start);
        let stop = AtomicBool::new(false);
        let wait = chance.millis(60, 700);
        let in_flight: Vec<InFlight> = std::thread::scope(|scope| {
            let (admin, stop) = (server.admin.clone(), &stop);
            let working: Vec<_> = clients
                .iter_mut()
                .map(|client| {
                    let admin = admin.clone();
                    scope.spawn(move || client.work(&admin, stop))
                })
                .collect();
            std::thread::sleep(wait);
            server.kill();
            // Whoever was between two requests need not find out by itself.
            stop.store(true, Ordering::Relaxed);
            working.into_iter().map(|client| client.join().unwrap()).collect()
        });
        kills += 1;
        while chance.below(3) == 0 {
            // Killed before it is up: recovery that is cut short must not harm either.
            let mut recovering = Server::spawn(&start);
            std::thread::sleep(chance.millis(0, 60));
            recovering.kill().unwrap();
            recovering.wait().unwrap();
            kills += 1;
        }
        let began = Instant::now();
        let server = Server::up(&start);
        slowest = slowest.max(began.elapsed());
        let mut connection = server.connect();
        for (client, in_flight) in clients.iter_mut().zip(in_flight) {
            cut_off += in_flight.len() as u64;
            arrived += client.check(&mut connection, in_flight);
        }
        // Ended in the middle of delivering, too.
        server.kill();
        kills += 1;
    }
    let acknowledged: u64 = clients.iter().map(|client| client.acknowledged).sum();
    let reads: u64 = clients.iter().map(|client| client.reads).sum();
    println!(
        "{kills} kills, {acknowledged} writes acknowledged, {reads} read back at once, {cut_off} cut off of which \
         {arrived} had arrived, slowest start {slowest:?}"
    );
    assert!(kills >= 2 * rounds, "the server was killed under load and after it each round: {kills}");
    assert!(acknowledged >= 20 * rounds, "too little was acknowledged to prove anything: {acknowledged}");
    assert!(cut_off >= rounds, "the server was not killed in the middle of anything: {cut_off}");

    let server = Server::up(&start);
    a_fresh_order_goes_through(&server);
    server.drain();
    let mut repeated = 0;
    let orders: Vec<&Order> = clients.iter().flat_map(|client| &client.orders).collect();
    repeated += delivered(&server, "OrderProcessorLambda", "✅ Processed order ", &orders, Order::of_standard);
    repeated += delivered(&server, "PremiumOrderLambda", "🚀 Premium order shipped! ", &orders, Order::of_premium);
    println!("{repeated} deliveries were repeated");
    let sample = (0..24).map(|_| orders[chance.below(orders.len())]);
    let histories = sample.filter(|order| history_is_whole(&server, directory.path(), &data, order)).count();
    assert!(histories > 12, "most orders have a history: {histories}");
    server.stop();
    let checked = harness::run(directory.path(), &["doctor", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

/// No pipe is stuck: what is written now arrives soon, behind all that is still to be delivered.
fn a_fresh_order_goes_through(server: &Server) {
    let mut connection = server.connect();
    for status in ["pending", "shipped"] {
        let item = json!({ "orderId": { "S": "FRESH" }, "status": { "S": status }, "amount": { "N": "5000" },
                           "customerEmail": { "S": "somebody@example.com" } });
        connection.tables("PutItem", &json!({ "TableName": TABLE, "Item": item })).unwrap().ok();
    }
    within(FRESH_WITHIN, "a fresh order went through both pipes", || {
        let standard = server.lines("OrderProcessorLambda", "\"order FRESH | Status: shipped\"");
        let premium = server.lines("PremiumOrderLambda", "\"Order ID: FRESH |\"");
        if standard.len() == 1 && premium.len() == 1 { Ok(()) } else { Err((standard, premium)) }
    });
}

/// Every delivery that was due was made, the first time in order; how many were made again is given back.
fn delivered(
    server: &Server,
    function: &str,
    begin: &str,
    orders: &[&Order],
    due: impl Fn(&Order) -> Vec<(String, String)>,
) -> usize {
    let mut printed: HashMap<String, Vec<(String, String)>> = HashMap::new();
    let mut count = 0;
    for line in server.lines(function, &format!("\"{}\"", begin.trim_end())) {
        let rest = line.strip_prefix(begin).unwrap_or_else(|| panic!("{function} printed {line:?}"));
        let parts: Vec<&str> =
            rest.split(" | ").map(|part| part.split_once(": ").map_or(part, |(_, value)| value)).collect();
        let (id, status, amount) = match parts[..] {
            [id, status, amount] => (id, status, amount),
            // The premium function tells of nothing but shipped orders.
            [id, amount] => (id, "shipped", amount),
            _ => panic!("{function} printed {line:?}"),
        };
        printed.entry(id.to_owned()).or_default().push((status.to_owned(), amount.to_owned()));
        count += 1;
    }
    printed.remove("FRESH");
    let mut due_in_all = 0;
    for order in orders {
        let due = due(order);
        let mut first_times: Vec<(String, String)> = Vec::new();
        for one in printed.remove(&order.id).unwrap_or_default() {
            if !first_times.contains(&one) {
                first_times.push(one);
            }
        }
        assert_eq!(first_times, due, "{function} and the order {}: delivered, and due", order.id);
        due_in_all += due.len();
    }
    assert!(printed.is_empty(), "{function} was given orders that nobody wrote: {printed:?}");
    assert!(due_in_all > 0, "{function} was given something");
    count - due_in_all
}

/// The history that `explain` tells is the order's own, change by change, each beginning where the last one ended.
fn history_is_whole(server: &Server, directory: &Path, data: &Path, order: &Order) -> bool {
    let arguments = ["explain", &order.id, "--json", "--data-dir", data.to_str().unwrap(), "--admin", &server.admin];
    let told = harness::run(directory, &arguments);
    if order.states.is_empty() {
        assert_eq!(told.code, Some(1), "{} was never written: {told:?}", order.id);
        return false;
    }
    assert_eq!(told.code, Some(0), "{}: {told:?}", order.id);
    let told = told.json();
    let [history] = &told["histories"].as_array().unwrap()[..] else { panic!("one table has it: {told}") };
    assert_eq!(history["older"], "none", "{}", order.id);
    let changes = history["changes"].as_array().unwrap();
    let (mut item, mut last, mut states) = (Map::new(), String::new(), Vec::new());
    for change in changes {
        let place = change["sequenceNumber"].as_str().unwrap();
        assert!(place.len() == 21 && place > last.as_str(), "{}: {place} after {last}", order.id);
        last = place.to_owned();
        for attribute in change["attributes"].as_array().unwrap() {
            let name = attribute["name"].as_str().unwrap();
            assert_eq!(item.get(name), attribute.get("before"), "{} {place}: {name} before the change", order.id);
            match attribute.get("after") {
                Some(after) => item.insert(name.to_owned(), after.clone()),
                None => item.remove(name),
            };
        }
        states.push(if item.is_empty() { None } else { Some(Json::Object(item.clone())) });
        for pipe in change["pipes"].as_array().unwrap() {
            let verdict = &pipe["verdict"];
            assert!(verdict["kind"] == "stopped" || verdict["settled"] == true, "{} {place}: {pipe:#}", order.id);
        }
    }
    assert_eq!(states, order.states, "the history of {}, told and meant", order.id);
    true
}
