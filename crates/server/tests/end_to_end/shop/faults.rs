//! Whatever fails, hangs or dies, every order that was taken in ends once, and orders, stock and money agree.
//!
//! Shops order as fast as they can, each order under an idempotency key of its own that is used again until it is
//! answered, and call some off; payments fail, are declined, and now and then never answer; the server is killed at
//! random moments. Then nothing fails any more, what is left is worked off, and everything is counted. What must be
//! there each client works out itself, from what it asked for and what it was told.
//!
//! `ORDERFLOW_CRASH_ROUNDS` says how often the server is killed, `ORDERFLOW_CRASH_SEED` repeats a run's choices (the
//! moments of the disk and the scheduler are nobody's choice).

use super::{Customer, Shop, body, check_order, decimal, is_final, status};
use crate::harness::{Chance, Connection, soon, within};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

const CLIENTS: usize = 6;
const ROUNDS: u64 = 6;
/// How long an order may wait after the faults, behind all that is still to be worked on: thousands of orders that want
/// the same goods, by a build for tests on a machine that has other things to do. Whoever waits longer is stuck.
const FRESH_WITHIN: Duration = Duration::from_secs(120);
/// Goods of which there are always enough, and goods that run out.
const GOODS: [(&str, u64); 4] = [("TEA", 1_000_000), ("BAG", 1_000_000), ("POT", 1_000_000), ("RARE", 40)];
/// What of an order tells how it failed, and whether its message must lie among the dead letters then.
const FAILURES: [(&str, bool); 4] =
    [("out_of_stock", false), ("card_declined", false), ("payment_unavailable", true), ("payment_timed_out", true)];

/// An order as its client knows it.
struct Wanted {
    key: String,
    body: Json,
    /// What of each goods, and what all of it costs in cents, worked out here.
    goods: BTreeMap<&'static str, u64>,
    cents: u64,
    /// Its id, once that was told.
    id: Option<String>,
    /// What calling it off was answered with, if it was called off.
    called_off: Option<u16>,
}

struct Client {
    name: String,
    chance: Chance,
    orders: Vec<Wanted>,
    /// How many answers never came.
    cut_off: usize,
    repeated: usize,
}

impl Client {
    fn new(number: usize, seed: u64) -> Self {
        Self { name: format!("C-{number}"), chance: Chance(seed), orders: Vec::new(), cut_off: 0, repeated: 0 }
    }

    /// Orders until the server dies.
    fn work(&mut self, public: &str, key: &str, stop: &AtomicBool) {
        let Ok(connection) = Connection::open(public) else { return };
        let mut customer = Customer { connection, key: key.to_owned() };
        while !stop.load(Ordering::Relaxed) {
            let unanswered = self.orders.iter().position(|order| order.id.is_none());
            let at = unanswered.unwrap_or_else(|| {
                self.invent();
                self.orders.len() - 1
            });
            if !self.place(&mut customer, at) {
                self.cut_off += 1;
                return;
            }
            if self.chance.below(12) == 0 && !self.call_off(&mut customer) {
                self.cut_off += 1;
                return;
            }
        }
    }

    fn invent(&mut self) {
        let mut goods = BTreeMap::new();
        let mut lines = Vec::new();
        for (sku, _) in GOODS {
            if self.chance.below(if sku == "RARE" { 8 } else { 2 }) == 0 {
                let quantity = 1 + self.chance.next() % 5;
                goods.insert(sku, quantity);
                lines.push((sku, quantity, 1 + self.chance.next() % 60_000));
            }
        }
        if lines.is_empty() {
            goods.insert("TEA", 1);
            lines.push(("TEA", 1, 12_345));
        }
        let cents = lines.iter().map(|(_, quantity, cents)| quantity * cents).sum();
        let key = format!("{}-{}", self.name, self.orders.len());
        let body = body(&self.name, &lines);
        self.orders.push(Wanted { key, body, goods, cents, id: None, called_off: None });
    }

    /// Places an order, perhaps again; whether it was answered.
    fn place(&mut self, customer: &mut Customer, at: usize) -> bool {
        let order = &mut self.orders[at];
        let Ok(answer) = customer.place(&order.body, Some(&order.key)) else { return false };
        assert_eq!(answer.status, 201, "{}", answer.text());
        let told = answer.json();
        assert_eq!((status(&told), &told["amount"]), ("PENDING", &json!(decimal(order.cents))), "{told:#}");
        self.repeated += usize::from(answer.header("idempotent-replayed").is_some());
        order.id = Some(told["orderId"].as_str().unwrap().to_owned());
        true
    }

    /// Calls one of the latest orders off; whether that was answered.
    fn call_off(&mut self, customer: &mut Customer) -> bool {
        let at = self.orders.len() - 1 - self.chance.below(self.orders.len().min(4));
        let order = &mut self.orders[at];
        let Some(id) = &order.id else { return true };
        let Ok(answer) = customer.cancel(id) else { return false };
        assert!(matches!(answer.status, 200 | 202 | 409), "{}", answer.text());
        if order.called_off.is_none_or(|before| before == 202) {
            order.called_off = Some(answer.status);
        }
        true
    }
}

/// What became of all orders, and what that means for the ledgers.
#[derive(Default)]
struct Ledger {
    ended: BTreeMap<String, usize>,
    sold: BTreeMap<&'static str, u64>,
    taken_cents: u64,
    dead: BTreeSet<String>,
    completed: Vec<String>,
}

/// Holds every order of a client against what it asked for and was told.
fn settle(shop: &Shop, client: &Client, ledger: &mut Ledger) {
    let mut listed: HashMap<String, Json> = HashMap::new();
    for order in shop.customer().list(&client.name) {
        let id = order["orderId"].as_str().unwrap().to_owned();
        assert!(listed.insert(id, order).is_none(), "an order is listed once");
    }
    for wanted in &client.orders {
        let id = wanted.id.as_ref().unwrap();
        let order = listed.remove(id).unwrap_or_else(|| panic!("{id} was taken in, and is not there"));
        check_order(&order);
        let status = status(&order);
        assert!(is_final(status), "{order:#}");
        assert_eq!(order["items"], wanted.body["items"], "{id}");
        assert_eq!(order["amount"], decimal(wanted.cents), "{id}");
        *ledger.ended.entry(status.to_owned()).or_default() += 1;
        match wanted.called_off {
            Some(200) => assert_eq!(status, "CANCELLED", "it was told so: {order:#}"),
            // It fails instead only if that was decided at the same time.
            Some(202) => assert_ne!(status, "COMPLETED", "it was told so: {order:#}"),
            // Cancelled all the same: the answer to an earlier try never came.
            Some(_) | None => {}
        }
        let payment = shop.item("Payments", "orderId", id);
        let charged = payment.as_ref().is_some_and(|payment| payment["state"] == "charged");
        assert_eq!(charged, status == "COMPLETED", "{payment:?} of {order:#}");
        if let Some(payment) = &payment {
            assert_eq!(payment["amountMinor"], wanted.cents, "{payment:?} of {order:#}");
        }
        if status == "COMPLETED" {
            ledger.taken_cents += wanted.cents;
            ledger.completed.push(id.clone());
            for (sku, quantity) in &wanted.goods {
                *ledger.sold.entry(sku).or_default() += quantity;
            }
        }
        if status == "FAILED" {
            let code = order["error"]["code"].as_str().unwrap();
            let known = FAILURES.iter().find(|(known, _)| *known == code);
            let (_, dead) = known.unwrap_or_else(|| panic!("nobody can fail so: {order:#}"));
            *ledger.ended.entry(code.to_owned()).or_default() += 1;
            if *dead {
                ledger.dead.insert(id.clone());
            }
        }
    }
    assert!(listed.is_empty(), "orders that nobody placed: {listed:?}");
}

/// The orders whose messages lie in the dead-letter queue, each message counted.
fn dead_letters(shop: &Shop) -> Vec<String> {
    let mut connection = shop.server().connect();
    let url = format!("http://{}/000000000000/OrderQueueDLQ", shop.server().admin);
    let mut found = Vec::new();
    loop {
        let asked =
            json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600, "WaitTimeSeconds": 0 });
        let received = connection.queues("ReceiveMessage", &asked);
        let Some(messages) = received["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
            return found;
        };
        for message in messages {
            let body: Json = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            found.push(body["orderId"].as_str().unwrap().to_owned());
        }
    }
}

#[test]
fn orders_stock_and_money_agree_whatever_fails_or_dies() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let rounds = number("ORDERFLOW_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let clock = || u64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos()).unwrap_or(0);
    let seed = number("ORDERFLOW_CRASH_SEED").unwrap_or_else(clock);
    println!("ORDERFLOW_CRASH_SEED={seed} ORDERFLOW_CRASH_ROUNDS={rounds}");
    let mut chance = Chance(seed);
    let mut shop = Shop::open(&[
        ("CacheSeconds", "0"),
        ("PAYMENT_FAILURE_PERCENT", "20"),
        ("PAYMENT_DECLINE_PERCENT", "10"),
        ("PAYMENT_HANG_PERCENT", "2"),
        ("PAYMENT_DELAY_MS", "3"),
        ("STEP_TIMEOUT_MS", "100"),
        ("ATTEMPTS_MAX", "3"),
        ("UNLISTED_STOCK", "refuse"),
        // What a dead server held is handed out again soon.
        ("OrderWorker.Timeout", "2"),
        ("OrderQueue.VisibilityTimeout", "3"),
        // Nor is it taken for poison, however often the server dies.
        ("OrderQueue.maxReceiveCount", "1000"),
    ]);
    for (sku, available) in GOODS {
        shop.stock(sku, available);
    }
    let mut clients: Vec<Client> = (0..CLIENTS).map(|number| Client::new(number, chance.next())).collect();
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let stop = AtomicBool::new(false);
        let wait = chance.millis(100, 900);
        std::thread::scope(|scope| {
            let (public, key, stop) = (shop.server().public.clone(), shop.key.clone(), &stop);
            for client in &mut clients {
                let (public, key) = (public.clone(), key.clone());
                scope.spawn(move || client.work(&public, &key, stop));
            }
            std::thread::sleep(wait);
            shop.server.take().unwrap().kill();
            // Whoever was between two requests need not find out by itself.
            stop.store(true, Ordering::Relaxed);
        });
        let began = Instant::now();
        shop.up();
        slowest = slowest.max(began.elapsed());
        // In the middle of what was left to it, too.
        std::thread::sleep(chance.millis(0, 300));
        shop.crash();
    }

    // What was not answered is asked once more; then payments work, and whatever is left is worked off.
    for client in &mut clients {
        let mut customer = shop.customer();
        for at in 0..client.orders.len() {
            if client.orders[at].id.is_none() {
                assert!(client.place(&mut customer, at));
            }
        }
    }
    for name in ["PAYMENT_FAILURE_PERCENT", "PAYMENT_DECLINE_PERCENT", "PAYMENT_HANG_PERCENT"] {
        shop.set(name, "0");
    }
    shop.restart();
    let mut customer = shop.customer();
    let fresh = customer.placed(&body("FRESH", &[("TEA", 1, 100)]));
    let fresh = fresh["orderId"].as_str().unwrap();
    within(FRESH_WITHIN, "a fresh order is completed", || {
        let order = customer.order(fresh);
        if status(&order) == "COMPLETED" { Ok(()) } else { Err(order) }
    });
    shop.drained();

    let mut ledger = Ledger::default();
    for client in &clients {
        settle(&shop, client, &mut ledger);
    }
    let accepted: usize = clients.iter().map(|client| client.orders.len()).sum();
    let letters = dead_letters(&shop);
    println!("{accepted} orders: {:?}, {} dead letters", ledger.ended, letters.len());
    for (sku, before) in GOODS {
        let sold = ledger.sold.get(sku).copied().unwrap_or(0) + u64::from(sku == "TEA");
        assert_eq!(shop.counts(sku), [before - sold, 0, sold], "{sku}: available, reserved and sold");
    }
    let once: BTreeSet<String> = letters.iter().cloned().collect();
    assert_eq!(once.len(), letters.len(), "each letter once");
    assert_eq!(once, ledger.dead, "the dead letters, and the orders that were given up");
    told_of(&shop, &ledger);

    // Otherwise nothing was shown.
    let of = |name: &str| ledger.ended.get(name).copied().unwrap_or(0);
    let sum = |count: fn(&Client) -> usize| clients.iter().map(count).sum::<usize>();
    let rounds = usize::try_from(rounds).unwrap();
    let (cut_off, repeated) = (sum(|client| client.cut_off), sum(|client| client.repeated));
    println!(
        "{cut_off} answers never came, {repeated} of them to orders that had been taken in; slowest start {slowest:?}"
    );
    assert!(accepted >= 30 * rounds && of("COMPLETED") >= 15 * rounds, "too little was ordered: {:?}", ledger.ended);
    assert!(cut_off >= rounds, "the server was not killed in the middle of anything: {cut_off}");
    for fault in ["card_declined", "out_of_stock", "CANCELLED"] {
        assert!(of(fault) > 0, "nothing was {fault}: {:?}", ledger.ended);
    }
    shop.server.take().unwrap().stop();
    let data = shop.data();
    let checked = crate::harness::run(shop.directory.path(), &["doctor", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

/// The pipes told of every completed order that they let through, and of no other.
fn told_of(shop: &Shop, ledger: &Ledger) {
    let expected: BTreeSet<&str> = ledger.completed.iter().map(String::as_str).collect();
    let mut customer = shop.customer();
    soon("the pipes have told of all completed orders", || {
        let lines = shop.server().lines("StandardOrderFunction", "\"Order completed\"");
        let told: BTreeSet<String> =
            lines.iter().map(|line| line.split(' ').nth(3).unwrap_or_default().to_owned()).collect();
        let missing: Vec<&str> = expected.iter().copied().filter(|id| !told.contains(*id)).collect();
        let missing: Vec<&str> =
            missing.into_iter().filter(|id| customer.order(id)["tier"] != "small").take(5).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} of {} lines", lines.len())) }
    });
}

/// Nobody is paid for a while. Orders that are given up meanwhile have failed and lie among the dead letters; all others
/// are completed afterwards. None is left in between.
#[test]
fn while_a_dependency_is_down_orders_wait_or_fail_and_none_is_left_behind() {
    const ORDERS: usize = 80;
    let mut shop = Shop::open(&[("CacheSeconds", "0"), ("PAYMENT_FAILURE_PERCENT", "100")]);
    shop.stock("TEA", 1_000);
    let mut customer = shop.customer();
    for _ in 0..ORDERS {
        customer.placed(&body("C-1", &[("TEA", 1, 1_000)]));
    }
    // Long enough that all were tried, and that the payment service is spared.
    std::thread::sleep(Duration::from_secs(4));
    shop.set("PAYMENT_FAILURE_PERCENT", "0");
    shop.restart();
    shop.drained();
    let orders = shop.customer().list("C-1");
    assert_eq!(orders.len(), ORDERS);
    orders.iter().for_each(check_order);
    let of = |wanted: &str| orders.iter().filter(|order| status(order) == wanted).collect::<Vec<_>>();
    let (failed, completed) = (of("FAILED"), of("COMPLETED"));
    let left: Vec<&Json> = orders.iter().filter(|order| !is_final(status(order))).collect();
    let letters = dead_letters(&shop);
    println!("{} failed, {} completed, {} dead letters", failed.len(), completed.len(), letters.len());
    assert!(left.is_empty(), "{} of {ORDERS} are in between: {:#}", left.len(), left[0]);
    let given_up: BTreeSet<&str> = failed.iter().map(|order| order["orderId"].as_str().unwrap()).collect();
    assert_eq!(letters.len(), given_up.len());
    assert_eq!(letters.iter().map(String::as_str).collect::<BTreeSet<_>>(), given_up);
    let sold = completed.len() as u64;
    assert_eq!(shop.counts("TEA"), [1_000 - sold, 0, sold]);
}

#[test]
fn many_buyers_of_the_last_piece_make_one_sale() {
    const BUYERS: usize = 12;
    const EACH: usize = 20;
    let shop = Shop::open(&[("CacheSeconds", "0"), ("UNLISTED_STOCK", "refuse")]);
    shop.stock("LAST", 1);
    std::thread::scope(|scope| {
        for buyer in 0..BUYERS {
            let mut customer = shop.customer();
            scope.spawn(move || {
                for _ in 0..EACH {
                    customer.placed(&body(&format!("C-{buyer}"), &[("LAST", 1, 10_000)]));
                }
            });
        }
    });
    shop.drained();
    let mut customer = shop.customer();
    let orders: Vec<Json> = (0..BUYERS).flat_map(|buyer| customer.list(&format!("C-{buyer}"))).collect();
    assert_eq!(orders.len(), BUYERS * EACH);
    orders.iter().for_each(check_order);
    let completed = orders.iter().filter(|order| status(order) == "COMPLETED").count();
    let sold_out = orders.iter().filter(|order| order["error"]["code"] == "out_of_stock").count();
    assert_eq!((completed, sold_out), (1, BUYERS * EACH - 1));
    assert_eq!(shop.counts("LAST"), [0, 0, 1]);
}
