//! Two pipes on one table: while the function of one is slow, or stands still, the other one's orders keep their time.
//!
//! Nothing here is timed. A function stands still until the other pipe has done everything, so these tests end only if
//! neither pipe waits for the other.

use crate::fixture::*;
use engine::{Engine, Functions, Invoked};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use types::{FunctionName, Record};

const ORDERS: usize = 300;

/// Functions of which one stands still until it is let go; how many records each has done.
#[derive(Default)]
struct Gate {
    held: Mutex<Option<&'static str>>,
    let_go: Condvar,
    done: Mutex<BTreeMap<String, usize>>,
}

impl Gate {
    fn holding(function: &'static str) -> Arc<Self> {
        Arc::new(Self { held: Mutex::new(Some(function)), ..Self::default() })
    }

    fn open(&self) {
        *self.held.lock().unwrap() = None;
        self.let_go.notify_all();
    }

    fn done(&self, function: &str) -> usize {
        self.done.lock().unwrap().get(function).copied().unwrap_or(0)
    }
}

impl Functions for Gate {
    fn invoke(&self, function: &FunctionName, records: &[Record]) -> Invoked {
        let held = self.held.lock().unwrap();
        let stands_still = |held: &mut Option<&str>| held.is_some_and(|held| held == function.as_str());
        let waited = self.let_go.wait_timeout_while(held, Duration::from_secs(60), stands_still).unwrap();
        drop(waited);
        *self.done.lock().unwrap().entry(function.to_string()).or_default() += records.len();
        Invoked::Answered { answer: Json::Null }
    }
}

/// Every order reaches both functions.
fn two_pipes(directory: &std::path::Path, gate: &Arc<Gate>) -> Engine {
    let mut both = stack(pipe("standard"));
    both.functions = vec![function("Standard"), function("Premium")];
    let [mut standard, mut premium] = [pipe("standard"), pipe("premium")];
    standard.target = engine::spec::PipeTarget::Function("Standard".parse().unwrap());
    premium.target = engine::spec::PipeTarget::Function("Premium".parse().unwrap());
    both.pipes = vec![standard, premium];
    let engine = open(directory);
    engine.deploy(&both).unwrap();
    engine.start(std::slice::from_ref(&both.name), Arc::clone(gate) as Arc<dyn Functions>).unwrap();
    engine
}

fn one_stands_still(slow: &'static str, other: &'static str) {
    let directory = tempfile::tempdir().unwrap();
    let gate = Gate::holding(slow);
    let engine = two_pipes(directory.path(), &gate);
    for number in 0..ORDERS {
        put(&engine, &format!("o-{number}"), 1);
        // Each one at once, not only when all are there: this is what keeping their latency means.
        eventually(|| gate.done(other) > number, || format!("order {number} of {other}"));
    }
    assert_eq!(gate.done(slow), 0, "it stood still all the time");
    gate.open();
    eventually(|| gate.done(slow) == ORDERS, || format!("the orders that queued for {slow}"));
    assert_eq!(gate.done(other), ORDERS);
    down(engine);
}

#[test]
fn premium_orders_do_not_wait_for_standard_ones_that_queue() {
    one_stands_still("Standard", "Premium");
}

#[test]
fn standard_orders_are_not_starved_by_premium_ones() {
    one_stands_still("Premium", "Standard");
}
