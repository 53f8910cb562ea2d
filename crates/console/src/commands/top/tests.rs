//! A server at work, made up, for the tests of what is shown of it.

use super::*;
use crate::views::vitals::{Breaker, Ended, Memory, Pipe, Queue, Revenue, Route, Store, Timings, Worked};
use types::SortedMap;

fn timings(fast: u64, slow: u64, beyond: u64) -> Timings {
    Timings { ends_micros: vec![500, 2_500, 25_000], counts: vec![fast, slow, 0, beyond], total_micros: 0 }
}

fn counts(counts: &[(&str, u64)]) -> SortedMap<String, u64> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

/// A server that has done nothing yet.
pub(in crate::commands) fn vitals() -> Vitals {
    let queue =
        |name: &str| Queue { queue: name.to_owned(), visible: 0, in_flight: 0, delayed: 0, oldest_millis: None };
    Vitals {
        at: "2026-01-02T03:04:05.678Z".into(),
        clock_micros: 1_000_000,
        pid: 7,
        routes: vec![],
        followers: 0,
        orders: vec![],
        revenue: vec![],
        steps: vec![],
        functions: vec![],
        breakers: vec![],
        queues: vec![queue("OrderQueue"), queue("OrderQueueDLQ")],
        pipes: vec![Pipe { pipe: "premium-orders".into(), running: true, behind: 0, missed: 0 }],
        store: Store::default(),
        memory: None,
    }
}

/// What is shown of a server that does nothing.
pub(super) fn quiet() -> Interval {
    Interval::between(&vitals(), &vitals())
}

/// What is shown of a server that has everything, two seconds after it began.
pub(super) fn busy() -> Interval {
    let route = |method: &str, route: &str, by_status: &[(&str, u64)], took| Route {
        route: route.to_owned(),
        method: method.to_owned(),
        by_status: counts(by_status),
        took,
    };
    let worked = |name: &str, by_outcome: &[(&str, u64)], took| Worked {
        name: name.to_owned(),
        by_outcome: counts(by_outcome),
        took,
    };
    let mut after = vitals();
    after.clock_micros += 2_000_000;
    after.routes = vec![
        route("GET", "", &[("404", 1)], timings(1, 0, 0)),
        route("GET", "/orders/{orderId}", &[("200", 9_000), ("304", 100)], timings(9_100, 0, 0)),
        route("POST", "/orders", &[("201", 2_400), ("429", 30), ("503", 3)], timings(2_400, 30, 3)),
    ];
    after.followers = 2;
    after.orders = vec![
        Ended { status: "COMPLETED".into(), count: 2_380, took: timings(2_300, 80, 0) },
        Ended { status: "FAILED".into(), count: 1, took: timings(0, 0, 1) },
    ];
    let revenue = |currency: &str, minor, decimals| Revenue { currency: currency.into(), minor, decimals };
    after.revenue = vec![revenue("JPY", 0, 0), revenue("USD", 20, 2)];
    after.steps = vec![
        worked("PAYMENT_PROCESSING", &[("done", 2_390), ("retried", 12)], timings(2_402, 0, 0)),
        worked("VALIDATING", &[("done", 2_400)], timings(2_400, 0, 0)),
    ];
    after.functions = vec![
        worked("OrderWorker", &[("ok", 300), ("failed", 1)], timings(280, 20, 1)),
        worked("PremiumOrderFunction", &[], Timings::default()),
    ];
    let breaker = |dependency: &str, position: &str| Breaker {
        function: "OrderWorker".into(),
        dependency: dependency.to_owned(),
        position: position.to_owned(),
    };
    after.breakers =
        vec![breaker("inventory", "closed"), breaker("payment", "open"), breaker("fulfilment", "halfOpen")];
    after.queues[0] = Queue { visible: 14, in_flight: 32, oldest_millis: Some(1_500), ..after.queues[0].clone() };
    after.queues[1] = Queue { visible: 1, oldest_millis: Some(600_000), ..after.queues[1].clone() };
    after.pipes.push(Pipe { pipe: "standard-orders".into(), running: false, behind: 240, missed: 3 });
    after.store = Store {
        commits: 14_000,
        written_bytes: 9_000_000,
        log_bytes: 123_456_789,
        flushes: Timings { ends_micros: vec![512, 1024, 2048], counts: vec![10, 400, 2, 0], total_micros: 0 },
    };
    after.memory = Some(Memory { resident_bytes: 91_234_567, anonymous_bytes: 61_000_000 });
    Interval::between(&vitals(), &after)
}

#[test]
fn each_interval_is_an_object_for_programs() {
    let json = serde_json::to_value(busy()).unwrap();
    let members = [
        ("/seconds", 2.0),
        ("/requests/perSecond", 5_767.0),
        ("/ordersTakenPerSecond", 1_200.0),
        ("/orders/0/perSecond", 1_190.0),
        ("/successPercent", 99.958_000_839_983_2),
        ("/revenue/1/perHour", 360.0),
        ("/routes/2/refusedPerSecond", 15.0),
        ("/routes/2/p99Micros", 2_500.0),
        ("/steps/0/refusedPerSecond", 6.0),
        ("/functions/0/failedPerSecond", 0.5),
        ("/queues/0/inFlight", 32.0),
        ("/pipes/1/behind", 240.0),
        ("/store/flushes/p50Micros", 1_024.0),
        ("/memory/residentBytes", 91_234_567.0),
    ];
    for (member, expected) in members {
        assert_eq!(json.pointer(member).and_then(serde_json::Value::as_f64), Some(expected), "{member} in {json}");
    }
    assert!(json["functions"][1]["p50Micros"].is_null(), "nothing took any time");
}
