//! Decides how large each box is and which lines stand in it.
//!
//! A node that has a place of its own is a card: a tile with the sign of its kind, its name beside that, and below what
//! is worth knowing of it. One that stands at another's side is a slip: small lines only.

use super::text::Type;
use super::{Graph, Kind, Node, NodeId};

/// How names are set.
pub(super) const NAME: Type = Type { size: 14, bold: true };
/// How what stands below a name is set.
pub(super) const DETAIL: Type = Type { size: 12, bold: false };
/// How slips and the words at edges are set.
pub(super) const SMALL: Type = Type { size: 11, bold: false };

/// The room within a card's edge.
pub(super) const PAD: i32 = 10;
/// How large a tile is.
pub(super) const TILE: i32 = 24;
/// How far below each other the lines of a name are.
pub(super) const NAME_STEP: i32 = 17;
/// How far below each other other lines are.
pub(super) const STEP: i32 = 16;
/// How far below each other the lines of a slip are.
pub(super) const SLIP_STEP: i32 = 14;
/// How much room a slip has above and below its lines.
pub(super) const SLIP_PAD: i32 = 5;
/// How wide the sign of a slip is, with the room beside it.
pub(super) const SLIP_SIGN: i32 = 18;

/// How much further right a line goes on.
const INDENT: i32 = 9;
/// No line is wider than this.
const TEXT_MAX: i32 = 146;
/// Routes and filters are worth more room.
const ROUTE_TEXT_MAX: i32 = 186;
const FILTER_TEXT_MAX: i32 = 210;
const NAME_LINES_MAX: usize = 3;
/// The lines of one detail, and of all of them.
const DETAIL_LINES_MAX: usize = 4;
const LINES_MAX: usize = 14;

/// What stands in a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) width: i32,
    pub(super) height: i32,
    /// The lines of its name; of a slip there are none.
    pub(super) name: Vec<String>,
    pub(super) lines: Vec<Line>,
}

impl Card {
    /// How high what stands in a card is, with the room around it; the card may be higher.
    pub(super) fn content_height(&self) -> i32 {
        let head = count(&self.name) * NAME_STEP;
        let below = if self.lines.is_empty() { 0 } else { 4 + count(&self.lines) * STEP };
        PAD + head.max(TILE) + below + PAD - 2
    }
}

/// A line below the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) tone: Tone,
    /// How much further right it begins: what goes on from the line before, where lines are things of their own.
    pub(super) indent: i32,
}

/// How a line is told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As important as the name.
    Route,
    /// Worth knowing.
    Detail,
    /// How it is just now.
    Live,
}

/// The cards and slips of a graph, by node.
pub(super) fn cards(graph: &Graph, hosts: &[Option<NodeId>]) -> Vec<Card> {
    let one = |(node, host): (&Node, &Option<NodeId>)| match host {
        None => card(node),
        Some(host) => slip(node, graph.node(*host)),
    };
    graph.nodes().iter().zip(hosts).map(one).collect()
}

fn card(node: &Node) -> Card {
    let width_max = match node.kind {
        Kind::Pipe | Kind::Rule => FILTER_TEXT_MAX,
        Kind::Api => ROUTE_TEXT_MAX,
        Kind::Client
        | Kind::Plan
        | Kind::Function
        | Kind::Table
        | Kind::Queue
        | Kind::Bus
        | Kind::LogGroup
        | Kind::DeadLetters => TEXT_MAX,
    };
    let name = NAME.wrap(&node.name, width_max.min(ROUTE_TEXT_MAX) - TILE + 6, NAME_LINES_MAX);
    let toned = |texts: &[String], tone: Tone| {
        let hangs = tone == Tone::Route || (tone == Tone::Detail && matches!(node.kind, Kind::Pipe | Kind::Rule));
        let indent = if hangs { INDENT } else { 0 };
        let lines = texts.iter().flat_map(|text| {
            let lines = DETAIL.wrap(text, width_max - indent, DETAIL_LINES_MAX).into_iter().enumerate();
            lines.map(move |(place, text)| Line { text, tone, indent: if place == 0 { 0 } else { indent } })
        });
        lines.collect::<Vec<_>>()
    };
    let mut lines = [toned(&node.routes, Tone::Route), toned(&node.details, Tone::Detail)].concat();
    if lines.len() > LINES_MAX {
        let more = lines.len() - (LINES_MAX - 1);
        lines.truncate(LINES_MAX - 1);
        lines.push(Line { text: format!("… {more} more lines"), tone: Tone::Detail, indent: 0 });
    }
    lines.extend(node.live.as_slice().iter().flat_map(|live| toned(std::slice::from_ref(live), Tone::Live)));
    let widest = |lines: &mut dyn Iterator<Item = i32>| lines.max().unwrap_or(0);
    let name_width = widest(&mut name.iter().map(|line| NAME.width(line)));
    let width = widest(&mut lines.iter().map(|line| line.indent + DETAIL.width(&line.text)));
    let width = (PAD + TILE + 8 + name_width + PAD).max(width + 2 * PAD + 2);
    let card = Card { width, height: 0, name, lines };
    Card { height: card.content_height(), ..card }
}

fn slip(node: &Node, host: &Node) -> Card {
    // Everybody knows where a function's own lines go by its name.
    let is_own = node.kind == Kind::LogGroup && node.name.strip_prefix("/aws/lambda/") == Some(&host.name);
    let name = if is_own { "log group" } else { &node.name };
    let texts = if is_own {
        vec![[&[name.to_owned()], node.details.as_slice()].concat().join(", ")]
    } else {
        [&[name.to_owned()], node.details.as_slice()].concat()
    };
    let wrapped = texts.iter().flat_map(|text| SMALL.wrap(text, TEXT_MAX - SLIP_SIGN + 10, 2));
    let mut lines: Vec<Line> = wrapped.map(|text| Line { text, tone: Tone::Detail, indent: 0 }).collect();
    lines.truncate(6);
    if let Some(live) = &node.live {
        let told = SMALL.wrap(live, TEXT_MAX - SLIP_SIGN, 2);
        lines.extend(told.into_iter().map(|text| Line { text, tone: Tone::Live, indent: 0 }));
    }
    let width = lines.iter().map(|line| SMALL.width(&line.text)).max().unwrap_or(0);
    Card {
        width: 8 + SLIP_SIGN + width + 8,
        height: 2 * SLIP_PAD + count(&lines).max(1) * SLIP_STEP,
        name: Vec::new(),
        lines,
    }
}

/// How many there are; cards have few lines.
fn count<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).expect("lines are bounded")
}
