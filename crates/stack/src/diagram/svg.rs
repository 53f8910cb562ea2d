//! Decides how a layout becomes an SVG document: complete in itself, without scripts, fonts or anything from elsewhere,
//! readable in light and dark surroundings, and with its content in words for those who do not see it.

use std::fmt::Write as _;

use super::card::{Card, DETAIL, Line, NAME_STEP, PAD, SLIP_PAD, SLIP_SIGN, SLIP_STEP, STEP, TILE, Tone};
use super::layout::label;
use super::text::Type;
use super::{Edge, Flow, Graph, Kind, Node, Path, Rect, icons, style};

/// The room around all.
const MARGIN: i32 = 24;
/// How wide a picture is at least, so that its words have room.
const WIDTH_MIN: i32 = 640;
const TITLE: Type = Type { size: 20, bold: true };
const ABOUT: Type = Type { size: 13, bold: false };
const ABOUT_STEP: i32 = 18;
/// How far the lines of the legend are apart.
const LEGEND_STEP: i32 = 26;

/// The picture of a graph.
pub(super) fn draw(graph: &Graph) -> String {
    let layout = graph.layout();
    let width = (layout.width + 2 * MARGIN).max(WIDTH_MIN);
    let inner = width - 2 * MARGIN;
    let title = TITLE.wrap(&graph.title, inner, 2);
    let about = graph.description.as_deref().map(|text| ABOUT.wrap(text, inner.min(1_200), 3)).unwrap_or_default();
    let top = MARGIN + lines(&title, 26) + lines(&about, ABOUT_STEP) + 20;
    let legend = Legend::of(graph, inner);
    let legend_top = top + layout.height + 30;
    let height = legend_top + legend.rows * LEGEND_STEP + MARGIN - 6;
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"of-all\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"of-title of-desc\">\n\
         <title id=\"of-title\">{}</title>\n<desc id=\"of-desc\">{}</desc>\n<style>{}</style>\n",
        escaped(&graph.title),
        escaped(&in_words(graph)),
        style::sheet()
    );
    let _ = writeln!(
        svg,
        "<rect class=\"of-ground\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"10\"/>",
        width - 1,
        height - 1
    );
    let mut y = MARGIN;
    for line in &title {
        text(&mut svg, MARGIN, y + 18, "of-title", line);
        y += 26;
    }
    for line in &about {
        text(&mut svg, MARGIN, y + 12, "of-about", line);
        y += ABOUT_STEP;
    }
    // A narrow picture stands in the middle.
    let left = MARGIN + (inner - layout.width) / 2;
    let _ = writeln!(svg, "<g transform=\"translate({left} {top})\">");
    // What is drawn first lies below: what is used, then what is given up, then the way of things.
    for flow in [Flow::Belongs, Flow::Uses, Flow::GivesUp, Flow::Passes] {
        let edges = graph.edges().iter().zip(&layout.paths).filter(|(edge, _)| edge.flow == flow);
        edges.for_each(|(edge, path)| draw_edge(&mut svg, edge, path));
    }
    let boxes = graph.nodes().iter().zip(&layout.boxes);
    for ((node, rect), (card, host)) in boxes.zip(layout.cards.iter().zip(&layout.hosts)) {
        if host.is_some() { draw_slip(&mut svg, node, *rect, card) } else { draw_card(&mut svg, node, *rect, card) }
    }
    svg.push_str("</g>\n");
    legend.draw(&mut svg, MARGIN, legend_top, inner);
    svg.push_str("</svg>\n");
    svg
}

/// What the picture shows, for those who do not see it.
fn in_words(graph: &Graph) -> String {
    let mut words = graph.description.clone().unwrap_or_default();
    for edge in graph.edges() {
        if !words.is_empty() {
            words.push(' ');
        }
        let [from, to] = [edge.from, edge.to].map(|id| graph.node(id));
        let _ = write!(words, "{} → {}", from.name, to.name);
        let label = edge.label.as_deref();
        // That a function uses a table is said by how it does.
        let flow =
            Some(edge.flow.name()).filter(|name| label.is_none() || (edge.flow != Flow::Uses && label != Some(name)));
        let told: Vec<&str> = [flow, label, edge.live.as_deref()].into_iter().flatten().collect();
        let _ = write!(words, " ({}).", told.join(", "));
    }
    words
}

fn draw_card(svg: &mut String, node: &Node, rect: Rect, card: &Card) {
    let Rect { x, y, width, height } = rect;
    let _ = write!(svg, "<g class=\"{}\"><title>{}</title>", style::class(node.kind), escaped(&told(node)));
    let _ = write!(svg, "<rect class=\"of-back\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>");
    let _ = write!(svg, "<rect class=\"of-card\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>");
    // What stands in a box that edges made higher is in its middle.
    let y = y + (height - card.content_height()) / 2;
    draw_tile(svg, node.kind, x + PAD, y + PAD);
    let head = lines(&card.name, NAME_STEP);
    let mut baseline = y + PAD + (TILE - head).max(0) / 2 + 12;
    for line in &card.name {
        text(svg, x + PAD + TILE + 8, baseline, "of-name", line);
        baseline += NAME_STEP;
    }
    let mut baseline = y + PAD + head.max(TILE) + 4 + 11;
    for Line { text: line, tone, indent } in &card.lines {
        let class = match tone {
            Tone::Route => "of-route",
            Tone::Detail => "of-detail",
            Tone::Live => "of-live",
        };
        text(svg, x + PAD + 1 + indent, baseline, class, line);
        baseline += STEP;
    }
    svg.push_str("</g>\n");
}

fn draw_tile(svg: &mut String, kind: Kind, x: i32, y: i32) {
    let _ = write!(
        svg,
        "<rect class=\"of-tile\" x=\"{x}\" y=\"{y}\" width=\"{TILE}\" height=\"{TILE}\" rx=\"6\"/>\
         <path class=\"of-sign\" transform=\"translate({} {})\" d=\"{}\"/>",
        x + 4,
        y + 4,
        icons::sign(kind)
    );
}

fn draw_slip(svg: &mut String, node: &Node, rect: Rect, card: &Card) {
    let Rect { x, y, width, height } = rect;
    let _ = write!(svg, "<g class=\"of-slip {}\"><title>{}</title>", style::class(node.kind), escaped(&told(node)));
    let _ = write!(svg, "<rect class=\"of-back\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"5\"/>");
    let _ = write!(svg, "<rect class=\"of-card\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"5\"/>");
    let _ = write!(
        svg,
        "<path class=\"of-sign\" transform=\"translate({} {}) scale(.75)\" d=\"{}\"/>",
        x + 9,
        y + SLIP_PAD + 1,
        icons::sign(node.kind)
    );
    let mut baseline = y + SLIP_PAD + 10;
    for Line { text: line, tone, .. } in &card.lines {
        let class = if *tone == Tone::Live { "of-small of-live" } else { "of-small" };
        text(svg, x + 8 + SLIP_SIGN, baseline, class, line);
        baseline += SLIP_STEP;
    }
    svg.push_str("</g>\n");
}

fn draw_edge(svg: &mut String, edge: &Edge, path: &Path) {
    let _ = write!(svg, "<g class=\"{}\">", style::flow_class(edge.flow));
    let (line, head, label_at) = match path {
        Path::Across { runs, is_backward } => {
            let (first, last) = (runs[0], runs[runs.len() - 1]);
            // The line ends within the arrow's head, not at its tip.
            let (begin, end) = if *is_backward { (first.from_x + 6, last.to_x) } else { (first.from_x, last.to_x - 6) };
            let mut line = format!("M{begin} {}H{}", first.y, first.to_x);
            let mut before = first;
            for run in &runs[1..] {
                if run.y == before.y {
                    let _ = write!(line, "H{}", run.from_x);
                } else {
                    let middle = i32::midpoint(before.to_x, run.from_x);
                    let _ = write!(line, "C{middle} {} {middle} {} {} {}", before.y, run.y, run.from_x, run.y);
                }
                let to_x = if *run == last { end } else { run.to_x };
                let _ = write!(line, "H{to_x}");
                before = *run;
            }
            let head = if *is_backward { (first.from_x, first.y, 1) } else { (last.to_x, last.y, -1) };
            (line, Some(head), (first.from_x, first.y))
        }
        Path::Beside { x, bend_x, reach_x, from_y, to_y } => {
            let line = format!("M{x} {from_y}H{bend_x}C{reach_x} {from_y} {reach_x} {to_y} {bend_x} {to_y}H{}", x + 6);
            (line, Some((*x, *to_y, 1)), (*x, *from_y))
        }
        Path::Down { x, top, bottom } => (format!("M{x} {top}V{bottom}"), None, (*x, *top)),
    };
    let _ = write!(svg, "<path class=\"of-edge\" d=\"{line}\"/>");
    if let Some((x, y, back)) = head {
        let _ = write!(svg, "<path class=\"of-head\" d=\"M{x} {y}l{} -4v8z\"/>", back * 8);
    }
    let (x, y) = label_at;
    // Beside an arrow's head words begin a little further on.
    let x = x + if head.is_some_and(|head| (head.0, head.1) == (x, y)) { 10 } else { 5 };
    if let Some(words) = &edge.label {
        text(svg, x, y - 4, "of-small of-edge-label", &label(words));
    }
    if let Some(words) = &edge.live {
        text(svg, x, y + 11, "of-small of-live of-edge-label", &label(words));
    }
    svg.push_str("</g>\n");
}

/// What the colours, signs and lines mean, as far as they occur.
struct Legend {
    items: Vec<(i32, i32, Item)>,
    rows: i32,
}

enum Item {
    Kind(Kind),
    Flow(Flow),
}

impl Legend {
    fn of(graph: &Graph, width_max: i32) -> Self {
        let kinds = Kind::ALL.into_iter().filter(|kind| graph.nodes().iter().any(|node| node.kind == *kind));
        // That a slip belongs to its box is plain to see.
        let flows = Flow::ALL.into_iter().filter(|flow| *flow != Flow::Belongs);
        let flows = flows.filter(|flow| graph.edges().iter().any(|edge| edge.flow == *flow));
        let all = kinds.map(Item::Kind).chain(flows.map(Item::Flow));
        let mut legend = Self { items: Vec::new(), rows: 1 };
        let mut x = 0;
        for item in all {
            let width = match &item {
                Item::Kind(kind) => 22 + DETAIL.width(kind.name()),
                Item::Flow(flow) => 36 + DETAIL.width(flow.name()),
            };
            if x > 0 && x + width > width_max {
                x = 0;
                legend.rows += 1;
            }
            legend.items.push((x, legend.rows - 1, item));
            x += width + 22;
        }
        legend
    }

    fn draw(&self, svg: &mut String, left: i32, top: i32, width: i32) {
        let line = top - 12;
        let _ = writeln!(svg, "<path class=\"of-rule-line\" d=\"M{left} {line}H{}\"/>", left + width);
        for (x, row, item) in &self.items {
            let (x, y) = (left + x, top + row * LEGEND_STEP);
            match item {
                Item::Kind(kind) => {
                    let _ = write!(
                        svg,
                        "<g class=\"{}\"><rect class=\"of-tile\" x=\"{x}\" y=\"{y}\" width=\"16\" height=\"16\" \
                         rx=\"4\"/><path class=\"of-sign\" transform=\"translate({} {}) scale(.7)\" d=\"{}\"/></g>",
                        style::class(*kind),
                        x + 2,
                        y + 2,
                        icons::sign(*kind)
                    );
                    text(svg, x + 22, y + 12, "of-detail", kind.name());
                }
                Item::Flow(flow) => {
                    let middle = y + 8;
                    let _ = write!(
                        svg,
                        "<g class=\"{}\"><path class=\"of-edge\" d=\"M{x} {middle}h24\"/>\
                         <path class=\"of-head\" d=\"M{} {middle}l-8 -4v8z\"/></g>",
                        style::flow_class(*flow),
                        x + 30
                    );
                    text(svg, x + 36, y + 12, "of-detail", flow.name());
                }
            }
            svg.push('\n');
        }
    }
}

/// All that is known of a node.
fn told(node: &Node) -> String {
    let lines = node.routes.iter().chain(&node.details).chain(&node.live);
    let lines: String = lines.map(|line| format!("\n{line}")).collect();
    format!("{}: {}{lines}", node.kind.name(), node.name)
}

fn text(svg: &mut String, x: i32, y: i32, class: &str, words: &str) {
    let _ = write!(svg, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(words));
}

/// How high so many lines are.
fn lines(lines: &[String], step: i32) -> i32 {
    i32::try_from(lines.len()).expect("lines are bounded") * step
}

/// A text as XML has it; what may not stand in XML at all is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_template_becomes_markup() {
        let cases = [
            ("<b>&\"x\"", "&lt;b&gt;&amp;&quot;x&quot;"),
            ("a\nb\u{1}\u{7f}\u{ffff}é", "a\nb\u{fffd}\u{fffd}\u{fffd}é"),
        ];
        for (given, expected) in cases {
            assert_eq!(escaped(given), expected, "{given:?}");
        }
    }
}
