//! Serverless Snacks under `kill -9`: however often the server dies, each order that is there ends PROCESSED, by one change;
//! the archive has one event of each; and what it has brings the table to the same state again.
//!
//! `ORDERFLOW_CRASH_ROUNDS` says how often the server is killed under load, `ORDERFLOW_CRASH_SEED` repeats a run's choices.

use crate::harness::{self, Chance, Connection, Server, soon};
use crate::snacks::{TABLE, archived, events, invoke, order, orders, replay, up};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

const ROUNDS: u64 = 4;
const CLIENTS: usize = 4;
/// How many orders have their whole history looked at.
const LOOKED_AT: usize = 300;

/// `kill -9`, while others still talk to it.
fn kill(server: &Server) {
    let killed = std::process::Command::new("kill").args(["-9", &server.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

/// Has orders taken in as fast as can be for a while, and kills the server; those that were answered.
fn load_and_kill(server: &Server, after: Duration) -> Vec<String> {
    let (dead, taken) = (AtomicBool::new(false), Mutex::<Vec<String>>::default());
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (taken, dead) = (&taken, &dead);
            scope.spawn(move || {
                // On a busy machine the server may be gone before its clients have come.
                let Ok(mut connection) = Connection::open(&server.admin) else { return };
                while !dead.load(Ordering::Relaxed) {
                    let payload = order(&format!("Customer {client}"));
                    let answer = invoke(&mut connection, "order-creator", "RequestResponse", &payload);
                    // It was killed while somebody waited.
                    let Ok(answer) = answer else { return };
                    let told = answer.ok();
                    assert_eq!(told["statusCode"], 201, "{told}");
                    taken.lock().unwrap().push(told["order"]["orderId"].as_str().unwrap().to_owned());
                }
            });
        }
        std::thread::sleep(after);
        kill(server);
        dead.store(true, Ordering::Relaxed);
    });
    taken.into_inner().unwrap()
}

/// Every order, as soon as all are PROCESSED.
fn all_processed(server: &Server) -> BTreeMap<String, Json> {
    soon("every order is processed", || {
        let all = orders(&mut server.connect());
        let waiting = all.values().filter(|one| one["status"]["S"] != "PROCESSED").count();
        if waiting == 0 { Ok(all) } else { Err(waiting) }
    })
}

/// Waits until a replay is done, and what it brought is worked off.
fn replayed(server: &Server, name: &str) {
    let mut connection = server.connect();
    soon("the replay ends", || {
        let told = events(&mut connection, "DescribeReplay", &json!({ "ReplayName": name }));
        if told["State"] == "COMPLETED" { Ok(()) } else { Err(told) }
    });
}

/// The orders that the processor was told of although they were processed, as often as that was.
fn told_again(server: &Server) -> Vec<String> {
    let lines = server.lines("order-processor", "{ $.message = \"Order was processed before\" }");
    let id = |line: String| {
        let line: Json = serde_json::from_str(&line).unwrap();
        line["orderId"].as_str().unwrap().to_owned()
    };
    lines.into_iter().map(id).collect()
}

/// What is written down of each change of an order.
fn changes(server: &Server, id: &str) -> Vec<String> {
    let told = server.ask(&format!("explain?order={id}"));
    let changes = told["histories"][0]["changes"].as_array().unwrap();
    changes.iter().map(|change| change["event"].as_str().unwrap().to_owned()).collect()
}

fn nothing_has_failed(server: &Server) {
    let url = server.said["stacks"][0]["outputs"]["DLQUrl"].clone();
    let received = server.connect().queues("ReceiveMessage", &json!({ "QueueUrl": url }));
    assert_eq!(received["Messages"].as_array().map_or(0, Vec::len), 0, "{received}");
}

/// The whole story, with so many kills under load.
fn check(data: &Path, rounds: u64, chance: &mut Chance) {
    let template = harness::stack("snacks.yaml");
    let (mut taken, mut cut_off) = (Vec::new(), 0);
    for round in 0..rounds {
        // It is killed while it comes up for the first time, and now and then later, with work of before in its hands.
        if round == 0 || chance.below(4) == 0 {
            let mut child = Server::spawn(&harness::Start { data, template: &template, failing: "" });
            std::thread::sleep(chance.millis(5, 300));
            child.kill().unwrap();
            child.wait().unwrap();
            cut_off += 1;
        }
        let server = up(data, &template);
        taken.extend(load_and_kill(&server, chance.millis(20, 400)));
    }
    let server = up(data, &template);
    assert!(taken.len() > 20, "only {} orders were taken in", taken.len());
    let all = all_processed(&server);
    for id in &taken {
        assert!(all.contains_key(id), "{id} was answered 201 and is not there");
    }
    println!("{} orders, {} of them answered; {rounds} kills, {cut_off} while it came up", all.len(), taken.len());
    // An order and its event are one commit: there are as many of the one as of the other.
    assert_eq!(archived(&mut server.connect()), all.len() as u64);
    let every = (all.len() / LOOKED_AT).max(1);
    for id in all.keys().step_by(every) {
        assert_eq!(changes(&server, id), ["INSERT", "MODIFY"], "{id}");
    }
    nothing_has_failed(&server);

    // Told again of all of them, the processor changes none.
    let before: BTreeSet<String> = told_again(&server).into_iter().collect();
    assert!(before.iter().all(|id| all.contains_key(id)));
    let known = told_again(&server).len();
    replay(&mut server.connect(), "once-more");
    replayed(&server, "once-more");
    soon("the processor has heard of every order again", || {
        let told = told_again(&server).len();
        if told >= known + all.len() { Ok(()) } else { Err((told, known, all.len())) }
    });
    assert!(orders(&mut server.connect()) == all, "a replay changed an order");

    // From an empty table's worth of state, the archive alone makes every order PROCESSED, also if the server dies in
    // the midst of it.
    let mut connection = server.connect();
    for order in all.values() {
        let mut fresh = order.clone();
        fresh.as_object_mut().unwrap().remove("processedAt");
        (fresh["status"], fresh["updatedAt"]) = (json!({ "S": "NEW" }), fresh["createdAt"].clone());
        connection.tables("PutItem", &json!({ "TableName": TABLE, "Item": fresh })).unwrap().ok();
    }
    replay(&mut connection, "from-new");
    std::thread::sleep(chance.millis(0, 100));
    server.kill();
    let server = up(data, &template);
    let again = all_processed(&server);
    replayed(&server, "from-new");
    let without_times = |orders: &BTreeMap<String, Json>| -> Vec<Json> {
        let timeless = |order: &Json| {
            let mut order = order.clone();
            let when = order.as_object_mut().unwrap();
            assert_eq!(when.remove("processedAt"), when.remove("updatedAt"));
            order
        };
        orders.values().map(timeless).collect()
    };
    assert!(without_times(&again) == without_times(&all), "the archive's events make another state");
    for id in again.keys().step_by(every) {
        assert_eq!(changes(&server, id), ["INSERT", "MODIFY", "MODIFY", "MODIFY"], "{id}");
    }
    assert_eq!(archived(&mut server.connect()), all.len() as u64, "what is told again is not kept again");
    nothing_has_failed(&server);
    server.stop();
}

#[test]
fn every_order_is_processed_once_however_often_the_server_is_killed_and_the_archive_brings_the_same_state() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let rounds = number("ORDERFLOW_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let clock = || u64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos()).unwrap_or(0);
    let seed = number("ORDERFLOW_CRASH_SEED").unwrap_or_else(clock);
    println!("ORDERFLOW_CRASH_SEED={seed} ORDERFLOW_CRASH_ROUNDS={rounds}");
    let directory = harness::directory();
    check(directory.path(), rounds, &mut Chance(seed));
}
