//! Decides who stands above whom in each column, so that edges cross little.
//!
//! [`Layers`] has a slot for each node and for each place where a long edge passes a column. Columns are sorted by the
//! average place of each slot's neighbours, from left to right and back, and then neighbours are exchanged as long as
//! that helps; the best order seen is kept.

use crate::diagram::{Graph, NodeId};
use types::sort;

/// How often columns are sorted by those left of them and by those right of them.
const SWEEPS: usize = 12;
/// How often all neighbours of all columns are tried the other way round.
const EXCHANGES: usize = 8;
/// Slots with more pairs of edges than this are not exchanged: there is no time to count their crossings.
const PAIRS_MAX: usize = 4_096;

/// A place in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SlotId(usize);

impl SlotId {
    pub(super) fn new(index: usize) -> Self {
        Self(index)
    }

    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// What a place is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Node(NodeId),
    /// An edge that passes.
    Lane,
}

/// A piece of an edge, from a column to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) left: SlotId,
    pub(super) right: SlotId,
    pub(super) edge: usize,
}

/// What stands in which column, in which order.
#[derive(Debug)]
pub(super) struct Layers {
    slots: Vec<Slot>,
    columns: Vec<Vec<usize>>,
    column_of: Vec<usize>,
    /// The place of each slot in its column.
    place_of: Vec<usize>,
    links: Vec<Link>,
    left_of: Vec<Vec<usize>>,
    right_of: Vec<Vec<usize>>,
    /// The slots of each edge from left to right; nothing for one that has no way through columns.
    chains: Vec<Vec<SlotId>>,
    backward: Vec<bool>,
    /// The edges of each node.
    edges_of: Vec<Vec<usize>>,
    /// From where to where each edge goes.
    ends: Vec<(NodeId, NodeId)>,
}

impl Layers {
    /// The slots of a graph in an order with few crossings; long edges have at most so many lanes together.
    pub(super) fn of(graph: &Graph, hosts: &[Option<NodeId>], ranks: &[usize], lanes_max: usize) -> Self {
        // A node's slot has the node's index; those of nodes at another's side stand in no column.
        let slots: Vec<Slot> = (0..graph.nodes().len()).map(|index| Slot::Node(NodeId(index))).collect();
        let placed = |index: &usize| hosts[*index].is_none();
        let count = (0..slots.len()).filter(placed).map(|index| ranks[index] + 1).max().unwrap_or(0);
        let mut columns = vec![Vec::new(); count];
        (0..slots.len()).filter(placed).for_each(|index| columns[ranks[index]].push(index));
        let mut layers = Self {
            column_of: ranks.to_vec(),
            place_of: Vec::new(),
            links: Vec::new(),
            left_of: Vec::new(),
            right_of: Vec::new(),
            chains: Vec::new(),
            backward: Vec::new(),
            edges_of: vec![Vec::new(); slots.len()],
            ends: graph.edges().iter().map(|edge| (edge.from, edge.to)).collect(),
            slots,
            columns,
        };
        let mut lanes_left = lanes_max;
        for (index, edge) in graph.edges().iter().enumerate() {
            let [from, to] = [edge.from.0, edge.to.0];
            let is_backward = ranks[from] > ranks[to];
            layers.backward.push(is_backward);
            if !placed(&from) || !placed(&to) {
                layers.chains.push(Vec::new());
                continue;
            }
            layers.edges_of[from].push(index);
            if from != to {
                layers.edges_of[to].push(index);
            }
            let chain = layers.chain_between(from, to, &mut lanes_left);
            // Only pieces from one column to the next say who should stand where.
            for pair in chain.windows(2) {
                let [left, right] = [pair[0], pair[1]];
                if layers.column_of[left.0] + 1 == layers.column_of[right.0] {
                    layers.links.push(Link { left, right, edge: index });
                }
            }
            layers.chains.push(chain);
        }
        layers.left_of = vec![Vec::new(); layers.slots.len()];
        layers.right_of = vec![Vec::new(); layers.slots.len()];
        for (index, link) in layers.links.iter().enumerate() {
            layers.right_of[link.left.0].push(index);
            layers.left_of[link.right.0].push(index);
        }
        layers.place_of = vec![0; layers.slots.len()];
        layers.note_places();
        layers.sort();
        layers
    }

    /// The slots of an edge from left to right, its lanes made as far as there may be more of them.
    fn chain_between(&mut self, from: usize, to: usize, lanes_left: &mut usize) -> Vec<SlotId> {
        if from == to {
            return vec![SlotId(from)];
        }
        let is_backward = self.column_of[from] > self.column_of[to];
        let (left, right) = if is_backward { (to, from) } else { (from, to) };
        let between = self.column_of[left] + 1..self.column_of[right].max(self.column_of[left] + 1);
        let mut chain = vec![SlotId(left)];
        if between.len() <= *lanes_left {
            *lanes_left -= between.len();
            for column in between {
                self.slots.push(Slot::Lane);
                self.column_of.push(column);
                let lane = self.slots.len() - 1;
                self.columns[column].push(lane);
                chain.push(SlotId(lane));
            }
        }
        chain.push(SlotId(right));
        chain
    }

    pub(super) fn slot(&self, id: SlotId) -> Slot {
        self.slots[id.0]
    }

    /// All slots, those of nodes at another's side too.
    pub(super) fn slots(&self) -> impl Iterator<Item = SlotId> {
        (0..self.slots.len()).map(SlotId)
    }

    /// The slots of each column from above.
    pub(super) fn columns(&self) -> Vec<Vec<usize>> {
        self.columns.clone()
    }

    pub(super) fn column_of(&self, slot: SlotId) -> usize {
        self.column_of[slot.0]
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// The slots of an edge from left to right: one for an edge from a node to itself, two in one column for
    /// neighbours there; nothing for an edge to what stands at a node's side.
    pub(super) fn chain(&self, edge: usize) -> Option<&[SlotId]> {
        Some(self.chains[edge].as_slice()).filter(|chain| !chain.is_empty())
    }

    /// The column at whose right side an edge begins, or ends if it is backward.
    pub(super) fn left_column(&self, edge: usize) -> Option<usize> {
        Some(self.column_of[self.chain(edge)?.first()?.0])
    }

    /// Whether an edge goes from right to left.
    pub(super) fn is_backward(&self, edge: usize) -> bool {
        self.backward[edge]
    }

    /// The edges at one side of a node from above, and whether it is their beginning that is there.
    pub(super) fn ends(&self, id: NodeId, is_right: bool) -> Vec<(usize, bool)> {
        let slot = SlotId(id.0);
        let mut ends = Vec::new();
        for edge in &self.edges_of[id.0] {
            let chain = &self.chains[*edge];
            let (from, to) = self.ends[*edge];
            let is_beside = self.column_of[from.0] == self.column_of[to.0];
            if is_beside && is_right {
                let other = if from == id { to } else { from };
                let (here, there) = (self.place_of[id.0], self.place_of[other.0]);
                // An edge to a neighbour leaves on that side; the nearest neighbour's is the innermost.
                let side = if there < here { 0 } else { 2 };
                let place = usize::MAX - there;
                if from == id {
                    ends.push((side, place, *edge, true));
                }
                if to == id {
                    ends.push((side, place, *edge, false));
                }
            } else if !is_beside {
                let at_left_end = chain.first() == Some(&slot);
                if at_left_end == is_right {
                    let next = if is_right { chain[1] } else { chain[chain.len() - 2] };
                    ends.push((1, self.place_of[next.0], *edge, from == id));
                }
            }
        }
        sort::ascending(&mut ends);
        ends.into_iter().map(|(_, _, edge, is_from)| (edge, is_from)).collect()
    }

    fn note_places(&mut self) {
        for column in &self.columns {
            for (place, slot) in column.iter().enumerate() {
                self.place_of[*slot] = place;
            }
        }
    }

    fn sort(&mut self) {
        let mut best = self.columns.clone();
        let mut fewest = self.crossings();
        for sweep in 0..SWEEPS {
            if fewest == 0 {
                break;
            }
            let count = self.columns.len();
            for step in 1..count {
                let rightward = sweep % 2 == 0;
                let column = if rightward { step } else { count - 1 - step };
                self.sort_column(column, rightward);
            }
            let crossings = self.crossings();
            if crossings < fewest {
                (fewest, best) = (crossings, self.columns.clone());
            }
        }
        self.columns = best;
        self.note_places();
        for _ in 0..EXCHANGES {
            if !self.exchange() {
                break;
            }
        }
    }

    /// Sorts a column by the average place of each slot's neighbours on one side.
    fn sort_column(&mut self, column: usize, by_left: bool) {
        let average = |slot: &usize| {
            let links = if by_left { &self.left_of[*slot] } else { &self.right_of[*slot] };
            let other = |link: &usize| if by_left { self.links[*link].left } else { self.links[*link].right };
            let sum: usize = links.iter().map(|link| self.place_of[other(link).0]).sum();
            // Whoever has none on this side stays about where it is.
            if links.is_empty() { self.place_of[*slot] as f64 } else { sum as f64 / links.len() as f64 }
        };
        let mut sorted: Vec<(f64, usize)> = self.columns[column].iter().map(|slot| (average(slot), *slot)).collect();
        sort::by(&mut sorted, |(one, _), (other, _)| one.total_cmp(other));
        self.columns[column] = sorted.into_iter().map(|(_, slot)| slot).collect();
        for (place, slot) in self.columns[column].iter().enumerate() {
            self.place_of[*slot] = place;
        }
    }

    /// Exchanges neighbours where that saves crossings; whether it did anywhere.
    fn exchange(&mut self) -> bool {
        let mut any = false;
        for column in 0..self.columns.len() {
            for place in 1..self.columns[column].len() {
                let (upper, lower) = (self.columns[column][place - 1], self.columns[column][place]);
                if self.crossings_of(lower, upper) < self.crossings_of(upper, lower) {
                    self.columns[column].swap(place - 1, place);
                    self.place_of.swap(upper, lower);
                    any = true;
                }
            }
        }
        any
    }

    /// How many edges of two neighbours cross if they stand like this.
    fn crossings_of(&self, upper: usize, lower: usize) -> usize {
        let count = |links: &[Vec<usize>], is_left: bool| {
            let (upper, lower) = (&links[upper], &links[lower]);
            if upper.len() * lower.len() > PAIRS_MAX {
                return 0;
            }
            let place = |link: &usize| {
                let link = self.links[*link];
                self.place_of[if is_left { link.left.0 } else { link.right.0 }]
            };
            upper.iter().map(|one| lower.iter().filter(|other| place(other) < place(one)).count()).sum()
        };
        let sides: [usize; 2] = [count(&self.left_of, true), count(&self.right_of, false)];
        sides.iter().sum()
    }

    /// How many edges cross in all.
    fn crossings(&self) -> usize {
        let mut between: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.columns.len()];
        for link in &self.links {
            let places = (self.place_of[link.left.0], self.place_of[link.right.0]);
            between[self.column_of[link.left.0]].push(places);
        }
        between.into_iter().map(inversions).sum()
    }
}

/// How many pairs are in another order on the right than on the left.
fn inversions(mut pairs: Vec<(usize, usize)>) -> usize {
    sort::ascending(&mut pairs);
    let size = pairs.iter().map(|(_, right)| right + 2).max().unwrap_or(0);
    // A Fenwick tree: how many have come so far, by their place on the right.
    let mut tree = vec![0_usize; size];
    let mut crossings = 0;
    for (seen, (_, right)) in pairs.into_iter().enumerate() {
        let mut at_or_above = 0;
        let mut at = right + 1;
        while at > 0 {
            at_or_above += tree[at];
            at &= at - 1;
        }
        crossings += seen - at_or_above;
        let mut at = right + 1;
        while at < size {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    crossings
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        /// Crossings are those of each pair of edges looked at by itself.
        #[test]
        fn crossings_are_counted_pair_by_pair(pairs in vec((0..8_usize, 0..8_usize), 0..30)) {
            let mut slow = 0;
            for (index, one) in pairs.iter().enumerate() {
                let crosses = |other: &&(usize, usize)| {
                    (one.0 < other.0 && one.1 > other.1) || (one.0 > other.0 && one.1 < other.1)
                };
                slow += pairs[index + 1..].iter().filter(crosses).count();
            }
            prop_assert_eq!(inversions(pairs), slow);
        }
    }
}
