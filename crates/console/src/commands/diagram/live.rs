//! Decides what is told of each part of a drawing while a server runs: as much as `top` knows of it.
//!
//! How much goes along an edge is told where it is certain: requests to an API, and the calls of a function that one
//! thing alone calls. (An API answers some requests by itself, and pipes hand over batches, so these differ.)

use crate::commands::top::draw::{at_most, per_second};
use crate::commands::top::interval::{Bound, Interval, Rate, Row};
use stack::diagram::{Edge, Flow, Graph, Kind, Node};

/// How a node is doing.
pub(super) fn node(interval: &Interval, node: &Node) -> Option<String> {
    match node.kind {
        Kind::Api => Some(requests(interval, node)),
        Kind::Function => {
            let rate = interval.functions.iter().find(|row| row.name == node.name).map(|row| row.rate);
            Some(calls(rate.unwrap_or_default()))
        }
        Kind::Queue | Kind::DeadLetters => {
            let queue = interval.queues.iter().find(|queue| queue.queue == node.name)?;
            let counts = [(queue.visible, "waiting"), (queue.in_flight, "in flight"), (queue.delayed, "delayed")];
            let told: Vec<String> = counts
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, how)| match (node.kind, *how) {
                    // Nobody is about to receive them.
                    (Kind::DeadLetters, "waiting") => format!("{count} kept"),
                    _ => format!("{count} {how}"),
                })
                .collect();
            Some(if told.is_empty() { "empty".to_owned() } else { told.join(", ") })
        }
        Kind::Pipe => {
            let pipe = interval.pipes.iter().find(|pipe| pipe.pipe == node.name)?;
            let behind = match (pipe.running, pipe.behind) {
                (false, _) => "stopped".to_owned(),
                (true, 0) => "up to date".to_owned(),
                (true, behind) => format!("{behind} behind"),
            };
            Some(if pipe.missed > 0 { format!("{behind}, {} missed", pipe.missed) } else { behind })
        }
        Kind::Client | Kind::Plan | Kind::Table | Kind::Bus | Kind::Rule | Kind::LogGroup => None,
    }
}

/// How much goes along an edge.
pub(super) fn edge(interval: &Interval, graph: &Graph, edge: &Edge) -> Option<String> {
    if edge.flow != Flow::Passes {
        return None;
    }
    let [from, to] = [edge.from, edge.to].map(|id| graph.node(id));
    let rate = match (from.kind, to.kind) {
        (Kind::Client, Kind::Api) => sum(interval, to),
        (_, Kind::Function) => {
            let callers = graph.edges().iter().filter(|other| other.to == edge.to && other.flow == Flow::Passes);
            if callers.count() > 1 {
                return None;
            }
            let row = interval.functions.iter().find(|row| row.name == to.name);
            row.map_or(0.0, |row| row.rate.per_second)
        }
        _ => return None,
    };
    Some(format!("{}/s", per_second(rate)))
}

/// The requests for the routes of a node, a second.
fn sum(interval: &Interval, node: &Node) -> f64 {
    rates(interval, node).map(|rate| rate.per_second).sum()
}

/// What happened on the routes of a node.
fn rates(interval: &Interval, node: &Node) -> impl Iterator<Item = Rate> {
    let is_one = |row: &&Row| {
        node.routes.iter().any(|route| match route.strip_prefix("* ") {
            // Requests are counted by their own method.
            Some(path) => row.name.split_once(' ').is_some_and(|(_, of_row)| of_row == path),
            None => *route == row.name,
        })
    };
    interval.routes.iter().filter(is_one).map(|row| row.rate)
}

fn requests(interval: &Interval, node: &Node) -> String {
    let turned_away: f64 = rates(interval, node).map(|rate| rate.refused_per_second + rate.failed_per_second).sum();
    let told = format!("{} requests/s", per_second(sum(interval, node)));
    if turned_away > 0.0 { format!("{told}, {} refused/s", per_second(turned_away)) } else { told }
}

fn calls(rate: Rate) -> String {
    let mut told = vec![format!("{} calls/s", per_second(rate.per_second))];
    if rate.took.p99 != Bound::None {
        told.push(format!("p99 {}", at_most(rate.took.p99)));
    }
    if rate.failed_per_second > 0.0 {
        told.push(format!("{} failed/s", per_second(rate.failed_per_second)));
    }
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::top::tests::vitals;
    use crate::views::vitals::{Route, Timings, Worked};
    use types::SortedMap;

    /// Ten requests, four calls of each function, and two dead letters, all within a second.
    fn interval() -> Interval {
        let before = vitals();
        let mut after = before.clone();
        after.clock_micros += 1_000_000;
        let took = |count| Timings { ends_micros: vec![500, 2_500], counts: vec![count, 0, 0], total_micros: 0 };
        after.routes = [("POST", "/orders", 7), ("GET", "/orders/{id}", 3), ("GET", "/other", 5)]
            .map(|(method, route, count)| Route {
                route: route.to_owned(),
                method: method.to_owned(),
                by_status: SortedMap::from([("200".to_owned(), count)]),
                took: took(count),
            })
            .to_vec();
        let worked = |name: &str| Worked {
            name: name.to_owned(),
            by_outcome: SortedMap::from([("ok".to_owned(), 3), ("failed".to_owned(), 1)]),
            took: took(4),
        };
        after.functions = vec![worked("OrdersApi"), worked("OrderWorker")];
        after.queues[0].in_flight = 5;
        after.queues[1].visible = 2;
        after.pipes[0].behind = 9;
        Interval::between(&before, &after)
    }

    #[test]
    fn every_part_is_told_of_as_top_tells_of_it() {
        let interval = interval();
        let mut api = Node::new(Kind::Api, "orders");
        api.routes = vec!["POST /orders".to_owned(), "GET /orders/{id}".to_owned()];
        let mut any = Node::new(Kind::Api, "other");
        any.routes = vec!["* /other".to_owned()];
        let cases = [
            (any, Some("5.0 requests/s")),
            (api, Some("10 requests/s")),
            (Node::new(Kind::Function, "OrdersApi"), Some("4.0 calls/s, p99 ≤ 500 µs, 1.0 failed/s")),
            (Node::new(Kind::Function, "Idle"), Some("0 calls/s")),
            (Node::new(Kind::Queue, "OrderQueue"), Some("5 in flight")),
            (Node::new(Kind::DeadLetters, "OrderQueueDLQ"), Some("2 kept")),
            (Node::new(Kind::Queue, "Elsewhere"), None),
            (Node::new(Kind::Pipe, "premium-orders"), Some("9 behind")),
            (Node::new(Kind::Table, "Orders"), None),
        ];
        for (part, expected) in cases {
            assert_eq!(node(&interval, &part).as_deref(), expected, "{part:?}");
        }
    }

    #[test]
    fn what_goes_along_an_edge_is_told_where_it_is_certain() {
        let mut graph = Graph::new("shop", None);
        let mut api = Node::new(Kind::Api, "orders");
        api.routes = vec!["POST /orders".to_owned()];
        let clients = graph.add(Node::new(Kind::Client, "Clients"));
        let api = graph.add(api);
        let function = graph.add(Node::new(Kind::Function, "OrdersApi"));
        let worker = graph.add(Node::new(Kind::Function, "OrderWorker"));
        let queues = ["a", "b"].map(|name| graph.add(Node::new(Kind::Queue, name)));
        graph.join(clients, api, Flow::Passes, None);
        graph.join(api, function, Flow::Passes, None);
        graph.join(queues[0], worker, Flow::Passes, None);
        graph.join(function, queues[0], Flow::GivesUp, None);
        let interval = interval();
        let told = |graph: &Graph| -> Vec<Option<String>> {
            graph.edges().iter().map(|one| edge(&interval, graph, one)).collect()
        };
        let rates = |rates: &[Option<&str>]| rates.iter().map(|rate| rate.map(str::to_owned)).collect::<Vec<_>>();
        assert_eq!(told(&graph), rates(&[Some("7.0/s"), Some("4.0/s"), Some("4.0/s"), None]));
        // Two that call it, and nobody knows whose calls they were.
        graph.join(queues[1], worker, Flow::Passes, None);
        assert_eq!(told(&graph), rates(&[Some("7.0/s"), Some("4.0/s"), None, None, None]));
    }
}
