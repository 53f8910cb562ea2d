//! Decides how a server's vitals are read off its meters: what was counted since it started, and how things stand.

use crate::metrics::{Http, memory};
use console::views::vitals::{Breaker, Ended, Memory, Pipe, Queue, Revenue, Route, Store, Timings, Vitals, Worked};
use engine::Engine;
use observe::metrics::{Counter, Family, Histogram};
use orders::shop::Status;
use orders::shop::money::Currency;
use runtime::{Position, Runtime};
use std::sync::LazyLock;
use std::time::Instant;
use store::{FLUSH_KINDS, Stats};
use types::{SortedMap, sort};

/// When the clock of vitals began.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The requests of customers, by route.
pub(super) fn routes(http: &Http) -> Vec<Route> {
    let mut routes: SortedMap<(String, String), Route> = SortedMap::new();
    // The labels are those of the families: a route, a method, and for counts a status.
    let mut of = |labels: &[Box<str>], see: &mut dyn FnMut(&mut Route)| {
        let [route, method, ..] = labels else { return };
        let (route, method) = (route.to_string(), method.to_string());
        let empty = || Route {
            route: route.clone(),
            method: method.clone(),
            by_status: SortedMap::new(),
            took: Timings::default(),
        };
        see(routes.get_or_insert_with((route.clone(), method.clone()), empty));
    };
    http.requests.each(|labels, counter| {
        let status = labels.last().map_or("", |status| status);
        of(labels, &mut |route| {
            route.by_status.insert(status.to_owned(), counter.get());
        });
    });
    http.seconds.each(|labels, histogram| of(labels, &mut |route| route.took = timings(histogram)));
    routes.into_values().collect()
}

/// All vitals; what was counted of requests is given.
pub(super) fn vitals(engine: &Engine, runtime: &Runtime, routes: Vec<Route>, followers: usize) -> Vitals {
    let meters = runtime.meters();
    let mut ended: SortedMap<String, Ended> = SortedMap::new();
    meters.orders.each(|labels, counter| {
        let status = labels.first().map_or(String::new(), ToString::to_string);
        let count = counter.get();
        ended.insert(status.clone(), Ended { status, count, took: Timings::default() });
    });
    meters.order_seconds.each(|labels, histogram| {
        if let Some(ended) = labels.first().and_then(|status| ended.get_mut(&**status)) {
            ended.took = timings(histogram);
        }
    });
    let breaker = |(function, dependency, position): (types::FunctionName, &str, Position)| Breaker {
        function: function.to_string(),
        dependency: dependency.to_owned(),
        position: match position {
            Position::Closed => "closed",
            Position::Open => "open",
            Position::HalfOpen => "halfOpen",
        }
        .to_owned(),
    };
    let pipe = |status: engine::PipeStatus| Pipe {
        pipe: status.name.to_string(),
        running: status.running,
        behind: status.head.get().saturating_sub(status.done.get()),
        missed: status.missed,
    };
    let mut steps = worked(&meters.steps, &meters.step_seconds);
    // In the order of an order's life; what came too late to have a name of its own, at the end.
    sort::by_key(&mut steps, |step| {
        let status = Status::parse(&step.name);
        (status.is_none(), status)
    });
    let stats = engine.store_stats();
    Vitals {
        at: engine::now().iso_millis(),
        clock_micros: micros(BEGAN.elapsed()),
        pid: std::process::id(),
        routes,
        followers: followers as u64,
        orders: ended.into_values().collect(),
        revenue: crate::watching::revenue(meters)
            .into_iter()
            .filter_map(|(currency, minor)| {
                let decimals = Currency::parse(&currency)?.decimals();
                Some(Revenue { currency, minor, decimals })
            })
            .collect(),
        steps,
        functions: worked(&meters.invocations, &meters.invocation_seconds),
        breakers: runtime.breakers().into_iter().map(breaker).collect(),
        queues: queues(engine),
        pipes: engine.pipes().into_iter().map(pipe).collect(),
        store: Store {
            commits: stats.commits,
            written_bytes: stats.bytes,
            log_bytes: engine.log_bytes(),
            flushes: flushes(&stats),
        },
        memory: memory("VmRSS:")
            .zip(memory("RssAnon:"))
            .map(|(resident_bytes, anonymous_bytes)| Memory { resident_bytes, anonymous_bytes }),
    }
}

fn queues(engine: &Engine) -> Vec<Queue> {
    let now = engine::now().millis();
    let queue = |name: types::QueueName| {
        // One that was deleted since its name was read is not there any more.
        let info = engine.queue_info(&name).ok()?;
        Some(Queue {
            queue: name.to_string(),
            visible: info.counts.visible as u64,
            in_flight: info.counts.in_flight as u64,
            delayed: info.counts.delayed as u64,
            oldest_millis: info.oldest.map(|oldest| u64::try_from(now - oldest.millis()).unwrap_or(0)),
        })
    };
    engine.queue_names().into_iter().filter_map(queue).collect()
}

/// Counts by name and outcome, with times by name.
fn worked(counts: &Family<Counter>, seconds: &Family<Histogram>) -> Vec<Worked> {
    let mut all: SortedMap<String, Worked> = SortedMap::new();
    counts.each(|labels, counter| {
        let [name, outcome] = labels else { return };
        let name = name.to_string();
        let empty = || Worked { name: name.clone(), by_outcome: SortedMap::new(), took: Timings::default() };
        let worked = all.get_or_insert_with(name.clone(), empty);
        worked.by_outcome.insert(outcome.to_string(), counter.get());
    });
    seconds.each(|labels, histogram| {
        if let Some(worked) = labels.first().and_then(|name| all.get_mut(&**name)) {
            worked.took = timings(histogram);
        }
    });
    all.into_values().collect()
}

fn timings(histogram: &Histogram) -> Timings {
    Timings {
        ends_micros: Histogram::ends_micros().to_vec(),
        counts: histogram.counts(),
        total_micros: micros(histogram.total()),
    }
}

fn flushes(stats: &Stats) -> Timings {
    // The last kind of flush has no end.
    let ends = (0..FLUSH_KINDS - 1).map(|kind| micros(Stats::flush_end(kind)));
    Timings { ends_micros: ends.collect(), counts: stats.flushes.to_vec(), total_micros: micros(stats.flushing) }
}

fn micros(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_route_has_all_its_statuses_and_its_times() {
        let http = Http::default();
        for (method, status) in [("POST", "201"), ("POST", "201"), ("POST", "429"), ("OPTIONS", "204")] {
            http.requests.with(&["/orders", method, status]).one();
            http.seconds.with(&["/orders", method]).took(Duration::from_micros(100));
        }
        let routes = routes(&http);
        let told: Vec<_> = routes.iter().map(|route| (route.method.as_str(), route.took.counts[0])).collect();
        assert_eq!(told, [("OPTIONS", 1), ("POST", 3)]);
        assert_eq!(routes[1].by_status, SortedMap::from([("201".to_owned(), 2), ("429".to_owned(), 1)]));
        assert_eq!(routes[1].took.counts.len(), routes[1].took.ends_micros.len() + 1);
        assert_eq!(routes[1].took.total_micros, 300);
    }

    #[test]
    fn what_is_counted_and_timed_under_one_name_is_told_together() {
        let counts = Family::<Counter>::new("x", "X.", &["function", "outcome"]);
        let seconds = Family::<Histogram>::new("s", "S.", &["function"]);
        counts.with(&["F", "ok"]).many(2);
        counts.with(&["F", "throttled"]).one();
        counts.with(&["Idle", "throttled"]).one();
        seconds.with(&["F"]).took(Duration::from_secs(1));
        let [f, idle] = &worked(&counts, &seconds)[..] else { panic!("there are two functions") };
        assert_eq!(f.by_outcome, SortedMap::from([("ok".to_owned(), 2), ("throttled".to_owned(), 1)]));
        assert_eq!((f.took.counts.iter().sum::<u64>(), idle.took.clone()), (1, Timings::default()));
    }

    #[test]
    fn flushes_have_one_kind_more_than_ends() {
        let flushes = flushes(&Stats { flushes: [1; FLUSH_KINDS], ..Stats::default() });
        assert_eq!(flushes.counts.len(), flushes.ends_micros.len() + 1);
        assert!(flushes.ends_micros.is_sorted());
    }
}
