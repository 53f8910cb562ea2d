//! Decides what happened between two looks at a server: rates, and how long things took in that time alone.
//!
//! Latencies are the ends of the buckets of a histogram: at least that share took no longer. Start at
//! [`Interval::between`].

use crate::views::vitals::{self, Breaker, Memory, Pipe, Queue, Timings, Vitals};
use serde::Serialize;
use types::SortedMap;

/// What happened between two looks, and how things stood at the second.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct Interval {
    /// When it ended.
    pub(in crate::commands) at: String,
    /// How long it was.
    pub(in crate::commands) seconds: f64,
    /// The requests of customers, all routes together.
    pub(in crate::commands) requests: Rate,
    /// Orders that were taken in a second, over HTTP.
    pub(in crate::commands) orders_taken_per_second: f64,
    /// Orders that came to an end, by status.
    pub(in crate::commands) orders: Vec<Row>,
    /// How many of a hundred that were not called off completed, if any ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::commands) success_percent: Option<f64>,
    /// What completed orders came to in an hour, by currency.
    pub(in crate::commands) revenue: Vec<Revenue>,
    /// Requests by route; `failed` are those that were answered with 5xx, `refused` those with 4xx.
    pub(in crate::commands) routes: Vec<Row>,
    /// How many connections follow an order.
    pub(in crate::commands) followers: u64,
    /// Steps of orders; `failed` are those that were not done, and not put off either.
    pub(in crate::commands) steps: Vec<Row>,
    /// Invocations of functions; `refused` are those that had to wait for others.
    pub(in crate::commands) functions: Vec<Row>,
    /// Whether the dependencies of orders are asked.
    pub(in crate::commands) breakers: Vec<Breaker>,
    /// The queues.
    pub(in crate::commands) queues: Vec<Queue>,
    /// The pipes.
    pub(in crate::commands) pipes: Vec<Pipe>,
    /// The disk.
    pub(in crate::commands) store: Store,
    /// The process's memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::commands) memory: Option<Memory>,
}

/// What completed orders came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct Revenue {
    /// Such as `USD`.
    pub(in crate::commands) currency: String,
    /// How much in an hour.
    pub(in crate::commands) per_hour: f64,
}

/// Things of one name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct Row {
    /// What they are called.
    pub(in crate::commands) name: String,
    /// How often, and how long it took.
    #[serde(flatten)]
    pub(in crate::commands) rate: Rate,
}

/// How often things happened, and how long they took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct Rate {
    /// How many a second.
    pub(in crate::commands) per_second: f64,
    /// How many of them were turned away or put off.
    pub(in crate::commands) refused_per_second: f64,
    /// How many of them failed.
    pub(in crate::commands) failed_per_second: f64,
    /// How long they took.
    #[serde(flatten)]
    pub(in crate::commands) took: Latency,
}

/// How long things took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct Latency {
    /// Half of them took no longer.
    #[serde(rename = "p50Micros")]
    pub(in crate::commands) p50: Bound,
    /// 99 of 100 took no longer.
    #[serde(rename = "p99Micros")]
    pub(in crate::commands) p99: Bound,
}

/// What is known of a quantile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::commands) enum Bound {
    /// There was nothing.
    #[default]
    None,
    /// It is no more than this.
    AtMost(u64),
    /// It is more than this, the last end there is.
    Beyond(u64),
}

impl Serialize for Bound {
    /// A number, or `null` if there was nothing; what lies beyond the last end is told as that end.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::AtMost(micros) | Self::Beyond(micros) => serializer.serialize_u64(*micros),
        }
    }
}

/// What the disk had to do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct Store {
    /// Commits that became durable in a second.
    pub(in crate::commands) commits_per_second: f64,
    /// Flushes a second, each of a group of commits, and how long they took.
    pub(in crate::commands) flushes: Rate,
    /// Bytes that were written to the log in a second.
    pub(in crate::commands) written_bytes_per_second: f64,
    /// Bytes of log that are kept.
    pub(in crate::commands) log_bytes: u64,
}

impl Interval {
    /// What happened between two looks at the same process.
    pub(in crate::commands) fn between(before: &Vitals, after: &Vitals) -> Self {
        let micros = after.clock_micros.saturating_sub(before.clock_micros);
        let span = Span(micros as f64 / 1e6);
        let routes = after.routes.iter().map(|route| {
            let had = before.routes.iter().find(|had| had.route == route.route && had.method == route.method);
            (route, had)
        });
        let routes: Vec<_> = routes.collect();
        let taken = routes.iter().filter(|(route, _)| route.method == "POST").map(|(route, had)| {
            let created = |route: &vitals::Route| route.by_status.get("201").copied().unwrap_or(0);
            created(route).saturating_sub(had.map_or(0, created))
        });
        let flushes = since(&after.store.flushes, Some(&before.store.flushes));
        Self {
            at: after.at.clone(),
            seconds: span.0,
            requests: {
                let all = routes.iter().map(|(route, had)| span.route(route, *had));
                let sum = all.fold(Rate::default(), |sum, rate| Rate {
                    per_second: sum.per_second + rate.per_second,
                    refused_per_second: sum.refused_per_second + rate.refused_per_second,
                    failed_per_second: sum.failed_per_second + rate.failed_per_second,
                    took: Latency::default(),
                });
                let taken = routes.iter().map(|(route, had)| since(&route.took, had.map(|had| &had.took)));
                Rate { took: Latency::of(&taken.reduce(|sum, one| together(&sum, &one)).unwrap_or_default()), ..sum }
            },
            orders_taken_per_second: span.rate(taken.sum()),
            orders: after.orders.iter().map(|ended| span.ended(ended, &before.orders)).collect(),
            routes: routes
                .iter()
                .map(|(route, had)| {
                    let path = if route.route.is_empty() { "(no such route)" } else { &route.route };
                    Row { name: format!("{} {path}", route.method), rate: span.route(route, *had) }
                })
                .collect(),
            success_percent: success(&after.orders, &before.orders),
            revenue: after.revenue.iter().map(|revenue| span.revenue(revenue, &before.revenue)).collect(),
            followers: after.followers,
            steps: after.steps.iter().map(|step| span.worked(step, &before.steps)).collect(),
            functions: after.functions.iter().map(|function| span.worked(function, &before.functions)).collect(),
            breakers: after.breakers.clone(),
            queues: after.queues.clone(),
            pipes: after.pipes.clone(),
            store: Store {
                commits_per_second: span.rate(after.store.commits.saturating_sub(before.store.commits)),
                flushes: Rate {
                    per_second: span.rate(flushes.counts.iter().sum()),
                    took: Latency::of(&flushes),
                    ..Rate::default()
                },
                written_bytes_per_second: span
                    .rate(after.store.written_bytes.saturating_sub(before.store.written_bytes)),
                log_bytes: after.store.log_bytes,
            },
            memory: after.memory,
        }
    }
}

/// How many seconds lie between the looks.
#[derive(Debug, Clone, Copy)]
struct Span(f64);

impl Span {
    fn rate(self, count: u64) -> f64 {
        if self.0 > 0.0 { count as f64 / self.0 } else { 0.0 }
    }

    fn route(self, route: &vitals::Route, had: Option<&vitals::Route>) -> Rate {
        let none = SortedMap::new();
        let counts = difference(&route.by_status, had.map_or(&none, |had| &had.by_status));
        let of = |first: char| counts.iter().filter(|(status, _)| status.starts_with(first)).map(|(_, n)| n).sum();
        Rate {
            per_second: self.rate(counts.values().sum()),
            refused_per_second: self.rate(of('4')),
            failed_per_second: self.rate(of('5')),
            took: Latency::of(&since(&route.took, had.map(|had| &had.took))),
        }
    }

    fn ended(self, ended: &vitals::Ended, before: &[vitals::Ended]) -> Row {
        let had = before.iter().find(|had| had.status == ended.status);
        let took = Latency::of(&since(&ended.took, had.map(|had| &had.took)));
        let per_second = self.rate(ended.count.saturating_sub(had.map_or(0, |had| had.count)));
        Row { name: ended.status.clone(), rate: Rate { per_second, took, ..Rate::default() } }
    }

    fn revenue(self, revenue: &vitals::Revenue, before: &[vitals::Revenue]) -> Revenue {
        let had = before.iter().find(|had| had.currency == revenue.currency).map_or(0, |had| had.minor);
        let amount = self.rate(revenue.minor.saturating_sub(had)) / 10f64.powi(revenue.decimals.into());
        Revenue { currency: revenue.currency.clone(), per_hour: amount * 3600.0 }
    }

    fn worked(self, worked: &vitals::Worked, before: &[vitals::Worked]) -> Row {
        let had = before.iter().find(|had| had.name == worked.name);
        let none = SortedMap::new();
        let counts = difference(&worked.by_outcome, had.map_or(&none, |had| &had.by_outcome));
        let of = |wanted: &[&str]| counts.iter().filter(|(how, _)| wanted.contains(how)).map(|(_, count)| count).sum();
        let rate = Rate {
            per_second: self.rate(counts.values().sum()),
            refused_per_second: self.rate(of(&["throttled", "retried"])),
            failed_per_second: self.rate(of(&["failed", "dead_lettered", "taking_back"])),
            took: Latency::of(&since(&worked.took, had.map(|had| &had.took))),
        };
        Row { name: worked.name.clone(), rate }
    }
}

/// How many of a hundred orders that ended, and were not called off, completed.
fn success(after: &[vitals::Ended], before: &[vitals::Ended]) -> Option<f64> {
    let count = |all: &[vitals::Ended], status: &str| {
        all.iter().find(|ended| ended.status == status).map_or(0, |ended| ended.count)
    };
    let [completed, failed] =
        ["COMPLETED", "FAILED"].map(|status| count(after, status).saturating_sub(count(before, status)));
    let all = completed + failed;
    (all > 0).then(|| 100.0 * completed as f64 / all as f64)
}

fn difference<'a>(after: &'a SortedMap<String, u64>, before: &SortedMap<String, u64>) -> SortedMap<&'a str, u64> {
    let one = |(name, count): &'a (String, u64)| {
        (name.as_str(), count.saturating_sub(before.get(name).copied().unwrap_or(0)))
    };
    after.iter().map(one).collect()
}

/// What was timed between the looks.
fn since(after: &Timings, before: Option<&Timings>) -> Timings {
    // A server that was changed while it was away may count in other buckets.
    let before = before.filter(|before| before.ends_micros == after.ends_micros);
    let had = |bucket: usize| before.and_then(|before| before.counts.get(bucket)).copied().unwrap_or(0);
    Timings {
        ends_micros: after.ends_micros.clone(),
        counts: (0..).zip(&after.counts).map(|(bucket, count)| count.saturating_sub(had(bucket))).collect(),
        total_micros: after.total_micros.saturating_sub(before.map_or(0, |before| before.total_micros)),
    }
}

/// Two histograms of the same buckets as one.
fn together(one: &Timings, other: &Timings) -> Timings {
    if one.ends_micros != other.ends_micros {
        return if one.ends_micros.is_empty() { other.clone() } else { one.clone() };
    }
    Timings {
        ends_micros: one.ends_micros.clone(),
        counts: one.counts.iter().zip(&other.counts).map(|(a, b)| a + b).collect(),
        total_micros: one.total_micros + other.total_micros,
    }
}

impl Latency {
    fn of(timings: &Timings) -> Self {
        Self { p50: quantile(timings, 50), p99: quantile(timings, 99) }
    }
}

/// Within which end this many of a hundred lie.
fn quantile(timings: &Timings, percent: u64) -> Bound {
    let total: u64 = timings.counts.iter().sum();
    let Some(last) = timings.ends_micros.last().filter(|_| total > 0) else { return Bound::None };
    let wanted = (total * percent).div_ceil(100).max(1);
    let mut so_far = 0;
    let bucket = timings.counts.iter().position(|count| {
        so_far += count;
        so_far >= wanted
    });
    match bucket.and_then(|bucket| timings.ends_micros.get(bucket)) {
        Some(end) => Bound::AtMost(*end),
        None => Bound::Beyond(*last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn timings(counts: [u64; 3]) -> Timings {
        Timings { ends_micros: vec![100, 1000], counts: counts.to_vec(), total_micros: 0 }
    }

    #[test]
    fn only_what_lies_between_the_looks_counts() {
        let route = |statuses: &[(&str, u64)], counts| vitals::Route {
            route: "/orders".into(),
            method: "POST".into(),
            by_status: statuses.iter().map(|(status, count)| ((*status).to_owned(), *count)).collect(),
            took: timings(counts),
        };
        let mut before = super::super::tests::vitals();
        let mut after = before.clone();
        before.routes = vec![route(&[("201", 100), ("500", 1)], [0, 0, 101])];
        after.routes = vec![route(&[("201", 120), ("400", 4), ("500", 3)], [20, 6, 101])];
        after.clock_micros = before.clock_micros + 2_000_000;
        let between = Interval::between(&before, &after);
        let took = Latency { p50: Bound::AtMost(100), p99: Bound::AtMost(1000) };
        let rate = Rate { per_second: 13.0, refused_per_second: 2.0, failed_per_second: 1.0, took };
        assert_eq!(between.routes, [Row { name: "POST /orders".into(), rate }]);
        assert_eq!((between.requests, between.orders_taken_per_second), (rate, 10.0));
        // What was not there before counts whole, and without time between there is no rate.
        before.routes.clear();
        assert_eq!(Interval::between(&before, &after).routes[0].rate.took.p99, Bound::Beyond(1000));
        assert_eq!(Interval::between(&after, &after).requests, Rate::default());
    }

    #[test]
    fn steps_and_functions_fail_or_are_put_off_by_their_outcomes() {
        let worked = |outcomes: &[(&str, u64)]| {
            let by_outcome = outcomes.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
            vitals::Worked { name: "x".into(), by_outcome, took: Timings::default() }
        };
        let after = worked(&[("ok", 5), ("failed", 3), ("throttled", 2), ("dead_lettered", 1), ("retried", 4)]);
        let rate = Span(1.0).worked(&after, &[worked(&[("ok", 4), ("failed", 1)])]).rate;
        assert_eq!((rate.per_second, rate.refused_per_second, rate.failed_per_second), (10.0, 6.0, 3.0));
    }

    proptest! {
        /// A quantile is the end of the bucket that the thing at that place of the sorted list is in.
        #[test]
        fn quantiles_are_those_of_the_sorted_list(counts in proptest::array::uniform3(0..40_u64), percent in 1..=100_u64) {
            let mut sorted = Vec::new();
            for (bound, count) in [Bound::AtMost(100), Bound::AtMost(1000), Bound::Beyond(1000)].into_iter().zip(counts) {
                sorted.extend((0..count).map(|_| bound));
            }
            let found = quantile(&timings(counts), percent);
            // The smallest place at or before which at least that share of the things is.
            let place = (0..sorted.len()).find(|place| (place + 1) * 100 >= sorted.len() * percent as usize);
            prop_assert_eq!(found, place.map_or(Bound::None, |place| sorted[place]));
        }
    }
}
