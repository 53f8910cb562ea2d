//! Decides how a graph is written for Mermaid, which lays it out by itself: each kind has its shape and colour, and its
//! name stands in the box, so that no legend is needed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Flow, Graph, Kind, Node, style};

/// The text of a graph.
pub(super) fn write(graph: &Graph) -> String {
    let mut text = format!("---\ntitle: {}\n---\nflowchart LR\n", quoted_yaml(&graph.title));
    let ids = ids(graph);
    for (node, id) in graph.nodes().iter().zip(&ids) {
        let (open, close) = shape(node.kind);
        let _ = writeln!(text, "  {id}{open}\"{}\"{close}:::{}", words(node), class(node.kind));
    }
    for edge in graph.edges() {
        let [from, to] = [edge.from, edge.to].map(|id| &ids[id.index()]);
        let arrow = match edge.flow {
            Flow::Passes => "-->",
            Flow::Uses => "---o",
            Flow::GivesUp => "-.->",
            Flow::Belongs => "-.-",
        };
        let told: Vec<String> = edge.label.iter().chain(&edge.live).map(|text| escaped(text)).collect();
        let label = if told.is_empty() { String::new() } else { format!("|\"{}\"|", told.join("<br/>")) };
        let _ = writeln!(text, "  {from} {arrow}{label} {to}");
    }
    for kind in Kind::ALL.into_iter().filter(|kind| graph.nodes().iter().any(|node| node.kind == *kind)) {
        let (colour, _) = style::colours(kind);
        // Boxes with a fill of their own are readable on light and dark pages alike; the strokes show within them.
        let _ = writeln!(text, "  classDef {} fill:{colour},stroke:#fff,color:#fff", class(kind));
    }
    text
}

fn shape(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Client => ("([", "])"),
        Kind::Plan => (">", "]"),
        Kind::Api => ("[[", "]]"),
        Kind::Function => ("[", "]"),
        Kind::Table => ("[(", ")]"),
        Kind::Pipe => ("{{", "}}"),
        Kind::Queue => ("[/", "/]"),
        Kind::Bus => ("((", "))"),
        Kind::Rule => ("{", "}"),
        Kind::LogGroup => ("(", ")"),
        Kind::DeadLetters => ("[\\", "\\]"),
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Client => "client",
        Kind::Plan => "plan",
        Kind::Api => "api",
        Kind::Function => "function",
        Kind::Table => "table",
        Kind::Pipe => "pipe",
        Kind::Queue => "queue",
        Kind::Bus => "bus",
        Kind::Rule => "rule",
        Kind::LogGroup => "logs",
        Kind::DeadLetters => "dead",
    }
}

/// A name for each node that Mermaid takes, like its own as far as that goes, so that adding one changes no others.
fn ids(graph: &Graph) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut ids = Vec::new();
    for node in graph.nodes() {
        let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
        let name: String = node.name.chars().take(64).map(plain).collect();
        let first = format!("{}_{name}", class(node.kind));
        let next = (2..).map(|number| format!("{first}_{number}"));
        let id = std::iter::once(first.clone()).chain(next).find(|id| !taken.contains(id));
        let id = id.expect("numbers do not end");
        taken.insert(id.clone());
        ids.push(id);
    }
    ids
}

fn words(node: &Node) -> String {
    let mut lines = vec![format!("<b>{}</b>", escaped(&node.name)), format!("<i>{}</i>", node.kind.name())];
    lines.extend(node.routes.iter().chain(&node.details).chain(&node.live).map(|text| escaped(text)));
    lines.join("<br/>")
}

/// A text as Mermaid takes it between quotes: it has codes of its own for what would be markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '#' | '&' | '<' | '>' | '`' | ';' | '\\' | '|' => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A text as the head of a Mermaid text takes it, which is YAML.
fn quoted_yaml(text: &str) -> String {
    let plain: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_template_becomes_syntax() {
        let mut graph = Graph::new("a \"b\"\n", None);
        let one = graph.add(Node::new(Kind::Queue, "x\"]; end").with(["<i>#1</i>".to_owned()]));
        let other = graph.add(Node::new(Kind::Queue, "x_]; end"));
        graph.join(one, other, Flow::Passes, Some("a|b".to_owned()));
        let expected = "---\ntitle: \"a \\\"b\\\" \"\n---\nflowchart LR
  queue_x____end[/\"<b>x#34;]#59; end</b><br/><i>queue</i><br/>#60;i#62;#35;1#60;/i#62;\"/]:::queue
  queue_x____end_2[/\"<b>x_]#59; end</b><br/><i>queue</i>\"/]:::queue
  queue_x____end -->|\"a#124;b\"| queue_x____end_2
  classDef queue fill:#b5177f,stroke:#fff,color:#fff
";
        assert_eq!(write(&graph), expected);
    }
}
