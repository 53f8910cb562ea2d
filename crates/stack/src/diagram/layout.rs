//! Decides where everything stands: boxes in columns from clients to dead letters, edges between them.
//!
//! A layered layout in four steps, each a file: `rank` puts each node into a column, `order` decides who stands above
//! whom so that edges cross little, `place` moves them up and down until edges are nearly straight; here are the columns'
//! widths and the paths. An edge over several columns has a lane of its own through those between, so it passes beside
//! the boxes there. Start at [`Layout::of`].
//!
//! Invariants: no two boxes touch; a path bends only between two columns, where no box is, and begins and ends at the
//! sides of the boxes of its edge. (Of a graph with a great many long edges, those beyond [`LANES_MAX`] have no lanes
//! and are drawn straight across.)

mod order;
mod place;
mod rank;

use super::card::{self, Card, SMALL};
use super::{Edge, Flow, Graph, NodeId};
use order::{Layers, Slot, SlotId};
use types::sort;

/// More lanes than this are not made: nobody could follow them, and a hostile template must not take all our time.
const LANES_MAX: usize = 4_000;

/// How far apart the edges at one side of a box are.
const PORT_STEP: i32 = 17;
/// The same, where numbers stand below the edges.
const LIVE_PORT_STEP: i32 = 31;
/// The room that the label of a port needs above its edge, and the numbers below.
const LABEL_ROOM: i32 = 14;
/// How high a lane is.
const LANE: i32 = 10;
/// How far a box is from its slip, and a slip from the next.
const SLIP_GAP: i32 = 8;
/// How far an edge runs straight before it comes to its box, so that an arrow has room.
const STRAIGHT: i32 = 12;
/// What edges have at least to bend in.
const BEND: i32 = 24;
/// A bend that is smaller than this looks like a mistake.
const SMOOTHED_MAX: i32 = 3;
/// How wide a label may be.
pub(super) const LABEL_MAX: i32 = 120;

/// A box, in pixels from the top left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rect {
    /// Its left side.
    pub x: i32,
    /// Its top.
    pub y: i32,
    /// How wide it is.
    pub width: i32,
    /// How high it is.
    pub height: i32,
}

impl Rect {
    /// Its right side.
    pub fn right(&self) -> i32 {
        self.x + self.width
    }

    /// Its bottom.
    pub fn bottom(&self) -> i32 {
        self.y + self.height
    }
}

/// A straight piece of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Where it begins.
    pub from_x: i32,
    /// Where it ends, not left of that.
    pub to_x: i32,
    /// How far down it is.
    pub y: i32,
}

/// How an edge goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// From the right side of one box to the left side of another: straight pieces, and bends between them.
    Across {
        /// From left to right; the first begins at a box, the last ends at one.
        runs: Vec<Run>,
        /// Whether the edge goes from right to left.
        is_backward: bool,
    },
    /// From the right side of a box to the right side of another below or above it, or the same.
    Beside {
        /// The boxes' right side.
        x: i32,
        /// Where it bends.
        bend_x: i32,
        /// How far right it comes.
        reach_x: i32,
        /// Where it leaves.
        from_y: i32,
        /// Where it arrives.
        to_y: i32,
    },
    /// From a box to the slip below it, or the other way round.
    Down {
        /// How far right.
        x: i32,
        /// Its upper end.
        top: i32,
        /// Its lower end.
        bottom: i32,
    },
}

/// Where everything stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// How wide all of it is.
    pub width: i32,
    /// How high all of it is.
    pub height: i32,
    /// A box for each node.
    pub boxes: Vec<Rect>,
    /// A path for each edge.
    pub paths: Vec<Path>,
    pub(super) cards: Vec<Card>,
    pub(super) hosts: Vec<Option<NodeId>>,
}

/// What is known of a graph while it is laid out.
struct Plan<'g> {
    graph: &'g Graph,
    cards: Vec<Card>,
    hosts: Vec<Option<NodeId>>,
    layers: Layers,
    /// For each node the slips below it.
    slips: Vec<Vec<NodeId>>,
}

/// Where an edge meets a box: how far below the box's middle.
#[derive(Debug, Clone, Copy, Default)]
struct Ports {
    from: i32,
    to: i32,
}

impl Layout {
    /// Lays a graph out.
    pub(super) fn of(graph: &Graph) -> Self {
        let hosts = graph.hosts();
        let mut cards = card::cards(graph, &hosts);
        let ranks = rank::ranks(graph, &hosts);
        let layers = Layers::of(graph, &hosts, &ranks, LANES_MAX);
        let mut slips = vec![Vec::new(); graph.nodes().len()];
        for (index, host) in hosts.iter().enumerate() {
            if let Some(host) = host {
                slips[host.0].push(NodeId(index));
            }
        }
        slips.iter_mut().for_each(|slips| sort::by_key(slips, |slip| (graph.node(*slip).kind, *slip)));
        make_room_for_ports(graph, &layers, &hosts, &mut cards);
        let plan = Plan { graph, cards, hosts, layers, slips };
        let ports = plan.ports();
        let middles = plan.middles(&ports);
        plan.drawn(&ports, &middles)
    }
}

/// Makes cards as high as their edges need.
fn make_room_for_ports(graph: &Graph, layers: &Layers, hosts: &[Option<NodeId>], cards: &mut [Card]) {
    for (index, card) in cards.iter_mut().enumerate().filter(|(index, _)| hosts[*index].is_none()) {
        let id = NodeId(index);
        let [left, right] = [false, true].map(|is_right| {
            let ends = layers.ends(id, is_right);
            let step = step(graph, &ends);
            i32::try_from(ends.len()).map_or(0, |count| (count - 1) * step)
        });
        card.height = card.height.max(left.max(right) + 2 * LABEL_ROOM);
    }
}

/// How far apart these edges leave a box.
fn step(graph: &Graph, ends: &[(usize, bool)]) -> i32 {
    let any_live = ends.iter().any(|(edge, _)| graph.edges()[*edge].live.is_some());
    if any_live { LIVE_PORT_STEP } else { PORT_STEP }
}

impl Plan<'_> {
    /// How high a node is with its slips.
    fn block_height(&self, id: NodeId) -> i32 {
        let slips = self.slips[id.0].iter().map(|slip| SLIP_GAP + self.cards[slip.0].height);
        self.cards[id.0].height + slips.sum::<i32>()
    }

    fn slot_height(&self, slot: SlotId) -> i32 {
        match self.layers.slot(slot) {
            Slot::Node(id) => self.block_height(id),
            Slot::Lane => LANE,
        }
    }

    /// How far below the middle of its block the middle of a card is; it is above.
    fn card_offset(&self, slot: SlotId) -> i32 {
        match self.layers.slot(slot) {
            Slot::Node(id) => (self.cards[id.0].height - self.block_height(id)) / 2,
            Slot::Lane => 0,
        }
    }

    /// Where edges meet their boxes.
    fn ports(&self) -> Vec<Ports> {
        let mut ports = vec![Ports::default(); self.graph.edges().len()];
        for index in (0..self.graph.nodes().len()).filter(|index| self.hosts[*index].is_none()) {
            for is_right in [false, true] {
                let ends = self.layers.ends(NodeId(index), is_right);
                let step = step(self.graph, &ends);
                let first = i32::try_from(ends.len()).map_or(0, |count| -(count - 1) * step / 2);
                for (offset, (edge, is_from)) in (0..).zip(ends) {
                    let port = first + offset * step;
                    if is_from {
                        ports[edge].from = port;
                    } else {
                        ports[edge].to = port;
                    }
                }
            }
        }
        ports
    }

    /// How far below the middle of its slot an edge's end is there.
    fn link_offset(&self, slot: SlotId, edge: usize, is_from: bool, ports: &[Ports]) -> i32 {
        match self.layers.slot(slot) {
            Slot::Node(_) => self.card_offset(slot) + if is_from { ports[edge].from } else { ports[edge].to },
            Slot::Lane => 0,
        }
    }

    /// How far down the middle of each slot is.
    fn middles(&self, ports: &[Ports]) -> Vec<i32> {
        let heights: Vec<i32> = self.layers.slots().map(|slot| self.slot_height(slot)).collect();
        let pulls: Vec<place::Pull> = self
            .layers
            .links()
            .iter()
            .map(|link| {
                let backward = self.layers.is_backward(link.edge);
                let left_offset = self.link_offset(link.left, link.edge, !backward, ports);
                let right_offset = self.link_offset(link.right, link.edge, backward, ports);
                let lanes = [link.left, link.right].map(|slot| matches!(self.layers.slot(slot), Slot::Lane));
                let main = self.graph.edges()[link.edge].flow == Flow::Passes;
                let weight = match lanes {
                    [true, true] => 8,
                    [true, false] | [false, true] => 2,
                    [false, false] if main => 3,
                    [false, false] => 1,
                };
                place::Pull {
                    left: link.left.index(),
                    right: link.right.index(),
                    // With this difference between the middles the edge is straight.
                    difference: left_offset - right_offset,
                    weight,
                }
            })
            .collect();
        let is_lane: Vec<bool> = self.layers.slots().map(|slot| matches!(self.layers.slot(slot), Slot::Lane)).collect();
        place::middles(&self.layers.columns(), &heights, &is_lane, &pulls)
    }

    /// The boxes and paths, once it is known how far down everything is.
    fn drawn(self, ports: &[Ports], middles: &[i32]) -> Layout {
        let columns = self.layers.columns();
        let widths: Vec<i32> = columns.iter().map(|column| self.column_width(column)).collect();
        let spans = self.bends(ports, middles);
        let mut boxes = vec![Rect::default(); self.cards.len()];
        let mut lefts = Vec::with_capacity(columns.len());
        // For each column, how far right of it edges run straight, under their labels.
        let zones: Vec<i32> = (0..columns.len()).map(|column| self.label_zone(column)).collect();
        let mut x = 0;
        for (column, slots) in columns.iter().enumerate() {
            lefts.push(x);
            for slot in slots {
                let Slot::Node(id) = self.layers.slot(SlotId::new(*slot)) else { continue };
                let mut y = middles[*slot] - self.block_height(id) / 2;
                for id in std::iter::once(&id).chain(&self.slips[id.0]) {
                    let height = self.cards[id.0].height;
                    boxes[id.0] = Rect { x, y, width: widths[column], height };
                    y += height + SLIP_GAP;
                }
            }
            let bend = BEND + (spans[column] / 12).min(14);
            x += widths[column] + zones[column] + bend + STRAIGHT;
        }
        let mut paths: Vec<Path> = Vec::with_capacity(ports.len());
        for (index, edge) in self.graph.edges().iter().enumerate() {
            paths.push(self.path(index, edge, ports[index], middles, &boxes, &lefts, &zones));
        }
        let far = |path: &Path| match path {
            Path::Across { .. } | Path::Down { .. } => 0,
            Path::Beside { reach_x, .. } => *reach_x,
        };
        let right = boxes.iter().map(Rect::right).chain(paths.iter().map(far)).max().unwrap_or(0);
        let lanes = paths.iter().flat_map(|path| match path {
            Path::Across { runs, .. } => runs.iter().map(|run| run.y + LANE).collect::<Vec<_>>(),
            Path::Beside { .. } | Path::Down { .. } => Vec::new(),
        });
        let bottom = boxes.iter().map(Rect::bottom).chain(lanes).max().unwrap_or(0);
        Layout { width: right, height: bottom, boxes, paths, cards: self.cards, hosts: self.hosts }
    }

    fn column_width(&self, column: &[usize]) -> i32 {
        let width = |slot: &usize| match self.layers.slot(SlotId::new(*slot)) {
            Slot::Node(id) => {
                let slips = self.slips[id.0].iter().map(|slip| self.cards[slip.0].width);
                slips.fold(self.cards[id.0].width, i32::max)
            }
            Slot::Lane => 0,
        };
        column.iter().map(width).max().unwrap_or(0)
    }

    /// How wide the widest label right of a column is, with the room beside it.
    fn label_zone(&self, column: usize) -> i32 {
        let edges = self.graph.edges().iter().enumerate();
        let here = edges.filter(|(index, _)| self.layers.left_column(*index) == Some(column));
        let wide = |edge: &Edge| {
            let texts = edge.label.iter().chain(&edge.live);
            texts.map(|text| label(text)).map(|text| SMALL.width(&text) + 8).max().unwrap_or(0)
        };
        here.map(|(_, edge)| wide(edge)).max().unwrap_or(0).max(STRAIGHT)
    }

    /// How far up or down edges have to go right of each column, at most.
    fn bends(&self, ports: &[Ports], middles: &[i32]) -> Vec<i32> {
        let mut spans = vec![0; self.layers.columns().len()];
        for link in self.layers.links() {
            let backward = self.layers.is_backward(link.edge);
            let left = middles[link.left.index()] + self.link_offset(link.left, link.edge, !backward, ports);
            let right = middles[link.right.index()] + self.link_offset(link.right, link.edge, backward, ports);
            let span = &mut spans[self.layers.column_of(link.left)];
            *span = (left - right).abs().max(*span);
        }
        spans
    }

    #[expect(clippy::too_many_arguments, reason = "these are what a path is made of, and only here are they together")]
    fn path(
        &self,
        index: usize,
        edge: &Edge,
        ports: Ports,
        middles: &[i32],
        boxes: &[Rect],
        lefts: &[i32],
        zones: &[i32],
    ) -> Path {
        let [from, to] = [boxes[edge.from.0], boxes[edge.to.0]];
        let Some(chain) = self.layers.chain(index) else {
            let (upper, lower) = if from.y <= to.y { (from, to) } else { (to, from) };
            return Path::Down { x: upper.x + 20, top: upper.bottom(), bottom: lower.y };
        };
        let from_y = from.y + from.height / 2 + ports.from;
        let to_y = to.y + to.height / 2 + ports.to;
        let [first, lanes @ .., last] = chain else {
            let bend_x = from.right() + zones[self.layers.column_of(chain[0])];
            return Path::Beside { x: from.right(), bend_x, reach_x: bend_x + 18, from_y, to_y };
        };
        if self.layers.column_of(*first) == self.layers.column_of(*last) {
            let bend_x = from.right() + zones[self.layers.column_of(*first)];
            return Path::Beside { x: from.right(), bend_x, reach_x: bend_x + 18, from_y, to_y };
        }
        let is_backward = self.layers.is_backward(index);
        let (left, left_y, right, right_y) =
            if is_backward { (to, to_y, from, from_y) } else { (from, from_y, to, to_y) };
        let zone = zones[self.layers.column_of(*first)];
        // Whoever has no other edge on a side lets this one in where it comes, if that is straight.
        let [left_id, right_id] = if is_backward { [edge.to, edge.from] } else { [edge.from, edge.to] };
        let (begins_at, ends_at) = match lanes {
            [] => (right_y, left_y),
            [first, .., last] => (middles[first.index()], middles[last.index()]),
            [only] => (middles[only.index()], middles[only.index()]),
        };
        let may_slide = |id: NodeId, is_right: bool, rect: Rect, y: i32| {
            self.layers.ends(id, is_right).len() == 1 && (rect.y + LABEL_ROOM..=rect.bottom() - LABEL_ROOM).contains(&y)
        };
        let (left_y, right_y) = if may_slide(right_id, false, right, ends_at) {
            (left_y, ends_at)
        } else if may_slide(left_id, true, left, begins_at) {
            (begins_at, right_y)
        } else {
            (left_y, right_y)
        };
        let mut runs = vec![Run { from_x: left.right(), to_x: left.right() + zone, y: left_y }];
        for lane in lanes {
            let column = self.layers.column_of(*lane);
            let width = self.column_width(&self.layers.columns()[column]);
            let from_x = lefts[column] - STRAIGHT;
            runs.push(Run { from_x, to_x: lefts[column] + width + zones[column], y: middles[lane.index()] });
        }
        runs.push(Run { from_x: right.x - STRAIGHT, to_x: right.x, y: right_y });
        smooth(&mut runs);
        Path::Across { runs, is_backward }
    }
}

/// Moves lanes by as little as nobody would take for a bend; there is room for that beside every lane.
fn smooth(runs: &mut [Run]) {
    let lanes = 1..runs.len() - 1;
    for lane in lanes.clone() {
        if (runs[lane].y - runs[lane - 1].y).abs() <= SMOOTHED_MAX {
            runs[lane].y = runs[lane - 1].y;
        }
    }
    for lane in lanes.rev() {
        if (runs[lane].y - runs[lane + 1].y).abs() <= SMOOTHED_MAX {
            runs[lane].y = runs[lane + 1].y;
        }
    }
}

/// What stands at an edge, no wider than there is room for.
pub(super) fn label(text: &str) -> String {
    SMALL.wrap(text, LABEL_MAX, 1).join("")
}

#[cfg(test)]
mod tests;
