//! Decides in which column each node stands: further right than what it happens because of.
//!
//! Start at [`ranks`]. A node stands one column right of the rightmost that hands on to it. What is only used, as a
//! table by functions, stands right of its first user alone: others reach back to it. Where things go round in a
//! circle, one edge of it goes backward. Dead letters stand at the end.

use crate::diagram::{Flow, Graph, Kind, NodeId};
use std::collections::{BTreeSet, VecDeque};
use types::sort;

/// The column of each node; 0 for those that have a place at another's side.
pub(super) fn ranks(graph: &Graph, hosts: &[Option<NodeId>]) -> Vec<usize> {
    let count = graph.nodes().len();
    let placed = |id: NodeId| hosts[id.0].is_none();
    let edges: Vec<(usize, usize, Flow)> = graph
        .edges()
        .iter()
        .filter(|edge| edge.from != edge.to && placed(edge.from) && placed(edge.to))
        .map(|edge| (edge.from.0, edge.to.0, edge.flow))
        .collect();
    let strong = strong(count, &edges);
    let places = acyclic_order(graph, &strong);
    let mut forward = strong;
    // What goes against the order goes backward in the picture; for its column that is the other way round.
    for (from, to) in &mut forward {
        if places[*from] > places[*to] {
            std::mem::swap(from, to);
        }
    }
    sort::by_key(&mut forward, |(from, _)| places[*from]);
    let mut ranks = vec![0; count];
    for (from, to) in &forward {
        ranks[*to] = ranks[*to].max(ranks[*from] + 1);
    }
    let is_end = |index: usize| {
        graph.nodes()[index].kind == Kind::DeadLetters && edges.iter().all(|(from, _, _)| *from != index)
    };
    let ends: Vec<usize> = (0..count).filter(|index| is_end(*index)).collect();
    let last = (0..count).filter(|index| !ends.contains(index)).map(|index| ranks[index]).max();
    for index in ends {
        ranks[index] = ranks[index].max(last.map_or(0, |last| last + 1));
    }
    ranks
}

/// The edges that decide columns: all that hand on or give up, and the first use of what is only used.
fn strong(count: usize, edges: &[(usize, usize, Flow)]) -> Vec<(usize, usize)> {
    let is_weak = |flow: Flow| matches!(flow, Flow::Uses | Flow::Belongs);
    let distances = distances(count, edges);
    let mut strong: Vec<(usize, usize)> =
        edges.iter().filter(|(_, _, flow)| !is_weak(*flow)).map(|(from, to, _)| (*from, *to)).collect();
    for node in 0..count {
        if strong.iter().any(|(_, to)| *to == node) {
            continue;
        }
        let users = edges.iter().filter(|(_, to, flow)| *to == node && is_weak(*flow)).map(|(from, _, _)| *from);
        if let Some(first) = users.min_by_key(|user| (distances[*user], *user)) {
            strong.push((first, node));
        }
    }
    strong
}

/// How many edges each node is away from where things begin.
fn distances(count: usize, edges: &[(usize, usize, Flow)]) -> Vec<usize> {
    let mut distances = vec![usize::MAX; count];
    let mut next = vec![Vec::new(); count];
    let mut entered = vec![false; count];
    for (from, to, _) in edges {
        next[*from].push(*to);
        entered[*to] = true;
    }
    let begins = (0..count).filter(|node| !entered[*node]);
    // What lies in a circle that nobody enters begins with its first.
    let order: Vec<usize> = begins.chain(0..count).collect();
    let mut queue = VecDeque::new();
    let mut rest = order.into_iter().peekable();
    let beginnings = entered.iter().filter(|entered| !**entered).count();
    for node in rest.by_ref().take(beginnings) {
        distances[node] = 0;
        queue.push_back(node);
    }
    loop {
        while let Some(node) = queue.pop_front() {
            for to in &next[node] {
                if distances[*to] == usize::MAX {
                    distances[*to] = distances[node] + 1;
                    queue.push_back(*to);
                }
            }
        }
        let Some(node) = rest.find(|node| distances[*node] == usize::MAX) else { return distances };
        distances[node] = 0;
        queue.push_back(node);
    }
}

/// A place for each node such that few edges go from a later to an earlier one, and none if there is no circle.
fn acyclic_order(graph: &Graph, edges: &[(usize, usize)]) -> Vec<usize> {
    let count = graph.nodes().len();
    let mut waiting = vec![0_usize; count];
    let mut next = vec![Vec::new(); count];
    for (from, to) in edges {
        next[*from].push(*to);
        waiting[*to] += 1;
    }
    // Whoever waits for nobody comes first; in a circle what holds things rather than what acts on them, so that it is
    // the sending back that goes backward.
    let key = |waiting: usize, node: usize| {
        let acts = matches!(graph.nodes()[node].kind, Kind::Function | Kind::Pipe | Kind::Rule);
        (waiting > 0, acts, waiting, node)
    };
    let mut ready: BTreeSet<(bool, bool, usize, usize)> = (0..count).map(|node| key(waiting[node], node)).collect();
    let mut places = vec![0; count];
    let mut place = 0;
    while let Some((.., node)) = ready.pop_first() {
        places[node] = place;
        place += 1;
        for to in &next[node] {
            if ready.remove(&key(waiting[*to], *to)) {
                waiting[*to] -= 1;
                ready.insert(key(waiting[*to], *to));
            }
        }
    }
    places
}
