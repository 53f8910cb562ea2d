//! Decides how a template is drawn on request, and where the drawing goes. What is in it decides [`stack::diagram`];
//! what is told of a running server, `live`.

mod live;

use super::Given;
use super::check::{self, Template};
use super::top::LOOK_WITHIN;
use super::top::interval::Interval;
use crate::access;
use crate::cli::{Diagram, DiagramFormat};
use crate::exit::{DONE, Failure, NO, Stop};
use crate::params;
use crate::terminal::{Look, Out, json_text, say};
use crate::views::vitals::Vitals;
use serde::Serialize;
use stack::check::Settings;
use stack::diagram::Graph;
use stack::{Environment, Overrides};
use std::path::Path;
use std::time::Duration;

/// How far the two looks at a server are apart.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Draws the template, or the built-in one, as it is written.
pub(super) fn run(wanted: &Diagram, json: bool, out: &mut Out) -> Result<u8, Stop> {
    match graph(wanted)? {
        Ok((_, graph)) => hand_over(&graph, wanted, json, out),
        Err(said) => refuse(&said),
    }
}

/// Draws it with what the server does just now.
pub(super) fn run_live(given: Given<'_>, wanted: &Diagram) -> Result<u8, Stop> {
    let (template, mut graph) = match graph(wanted)? {
        Ok(drawn) => drawn,
        Err(said) => return refuse(&said),
    };
    let (client, health) = access::server(&given.config, given.named())?;
    if !health.stacks.contains(&template.stack_name) {
        let error = format!("the server at {} does not run a stack {}", health.admin, template.stack_name);
        let hint = match health.stacks.as_slice() {
            [] => "start it with: orderflow up TEMPLATE".to_owned(),
            running => format!("it runs {}; leave --live out to draw the template alone", running.join(", ")),
        };
        return Err(Failure::new(NO, error).hint(hint).into());
    }
    let look = || client.get::<Vitals>("/vitals", LOOK_WITHIN);
    let before = look()?;
    std::thread::sleep(BETWEEN_LOOKS);
    let after = look()?;
    // Another process has counted from the start again.
    let before = if after.pid == before.pid { &before } else { &after };
    let interval = Interval::between(before, &after);
    graph.tell_live(|node| live::node(&interval, node), |graph, edge| live::edge(&interval, graph, edge));
    hand_over(&graph, wanted, given.options.json, given.out)
}

/// The graph of the template that is wanted; or what `check` says of it if it has errors.
fn graph(wanted: &Diagram) -> Result<Result<(Template, Graph), String>, Failure> {
    let template = match &wanted.template {
        Some(path) => check::read(path)?,
        None => Template::built_in(),
    };
    let overrides = params::by_stack(&wanted.params, &[template.stack_name.as_str()])?.remove(0);
    Ok(match resolved(&template, &overrides) {
        Ok(stack) => Ok((template, Graph::of(&stack))),
        Err(errors) => Err(errors),
    })
}

/// The stack of a template; or what `check` says of it if it has errors.
pub(super) fn resolved(template: &Template, overrides: &Overrides) -> Result<stack::Stack, String> {
    let handlers: Vec<&str> = orders::catalogue().iter().map(|entry| entry.name).collect();
    let environment = Environment::local(&template.stack_name);
    let resolved = stack::Template::parse(&template.text, &template.file)
        .and_then(|parsed| parsed.resolve(&environment, overrides, &handlers));
    resolved.map_err(|errors| {
        let settings = Settings { environment: &environment, catalogue: &handlers, samples: &[], overrides };
        let report = stack::check::check(&template.text, &template.file, &settings);
        let is_told = report.findings.iter().any(|finding| finding.severity() == pattern::lint::Severity::Error);
        // Whatever keeps a template from running, `check` finds; should it not, the reason itself is better than none.
        if is_told { check::draw(template, &report, false, Look::of_errors()) } else { format!("{errors}\n") }
    })
}

/// Says what is wrong with a template where it does not get into the drawing.
fn refuse(said: &str) -> Result<u8, Stop> {
    say(said);
    Ok(NO)
}

fn hand_over(graph: &Graph, wanted: &Diagram, json: bool, out: &mut Out) -> Result<u8, Stop> {
    let text = if json {
        json_text(&view(graph))
    } else {
        match wanted.format.unwrap_or_else(|| format_of(wanted.output.as_deref())) {
            DiagramFormat::Svg => graph.svg(),
            DiagramFormat::Mermaid => graph.mermaid(),
        }
    };
    match &wanted.output {
        None => out.print(&text)?,
        Some(file) => std::fs::write(file, text).map_err(|error| {
            let failure = Failure::new(NO, format!("cannot write {}: {error}", file.display()));
            failure.hint("name a file in a directory that is there and may be written to")
        })?,
    }
    Ok(DONE)
}

/// What a file's name says about what goes into it.
fn format_of(file: Option<&Path>) -> DiagramFormat {
    let ending = file.and_then(Path::extension).and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("mmd" | "mermaid") => DiagramFormat::Mermaid,
        Some(_) | None => DiagramFormat::Svg,
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct View<'a> {
    nodes: Vec<NodeView<'a>>,
    edges: Vec<EdgeView<'a>>,
}

#[derive(Debug, Serialize)]
struct NodeView<'a> {
    kind: &'static str,
    name: &'a str,
    routes: &'a [String],
    details: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<&'a str>,
}

/// An edge between nodes, which are named by their places, counted from 0.
#[derive(Debug, Serialize)]
struct EdgeView<'a> {
    from: usize,
    to: usize,
    flow: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<&'a str>,
}

fn view(graph: &Graph) -> View<'_> {
    let nodes = graph.nodes().iter().map(|node| NodeView {
        kind: node.kind.name(),
        name: &node.name,
        routes: &node.routes,
        details: &node.details,
        live: node.live.as_deref(),
    });
    let edges = graph.edges().iter().map(|edge| EdgeView {
        from: edge.from.index(),
        to: edge.to.index(),
        flow: edge.flow.name(),
        label: edge.label.as_deref(),
        live: edge.live.as_deref(),
    });
    View { nodes: nodes.collect(), edges: edges.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_ends_with_says_what_goes_into_it() {
        let cases = [
            (None, DiagramFormat::Svg),
            (Some("a.svg"), DiagramFormat::Svg),
            (Some("a.MMD"), DiagramFormat::Mermaid),
            (Some("dir.mmd/a"), DiagramFormat::Svg),
            (Some("a.b.mermaid"), DiagramFormat::Mermaid),
        ];
        for (file, expected) in cases {
            assert_eq!(format_of(file.map(Path::new)), expected, "{file:?}");
        }
    }
}
