//! Draws a stack: what is in it, what goes from where to where, as an SVG picture and as Mermaid text.
//!
//! Start at [`Graph::of`], which decides what is drawn; then [`Graph::svg`] or [`Graph::mermaid`] decide how. Where
//! things stand in a picture decides [`Layout`]. The same stack gives the same text, byte for byte.
//!
//! Invariants: an edge joins two nodes of its own graph; a node of the kinds [`Kind::LogGroup`] and [`Kind::Plan`] that
//! belongs to one other alone is drawn at that one's side and takes no place of its own.
//!
//! ```
//! use stack::diagram::Graph;
//! use stack::{Environment, Overrides, Template};
//!
//! let text = "Resources: {Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: orders}}}";
//! let stack = Template::parse(text, "t.yaml")?.resolve(&Environment::local("shop"), &Overrides::new(), &[])?;
//! let graph = Graph::of(&stack);
//! assert!(graph.mermaid().starts_with("---\ntitle: \"shop\"\n---\nflowchart LR\n"));
//! assert!(graph.svg().starts_with("<svg "));
//! # Ok::<(), stack::Errors>(())
//! ```

mod access;
mod card;
mod icons;
mod layout;
mod mermaid;
mod read;
mod style;
mod svg;
mod text;
mod words;

pub use layout::{Layout, Path, Rect, Run};

use crate::stack::Stack;

/// One node of the graph that gave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

impl NodeId {
    /// Its place among [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// What a node is. Their order is that of the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Whoever calls from outside, or is called there.
    Client,
    /// A usage plan, which says how much a key may ask for.
    Plan,
    /// The routes of an API that one function answers.
    Api,
    /// A function.
    Function,
    /// A table.
    Table,
    /// What reads a stream or queue, filters, and hands on.
    Pipe,
    /// A queue.
    Queue,
    /// An event bus.
    Bus,
    /// A rule of a bus.
    Rule,
    /// A log group.
    LogGroup,
    /// A queue of what was given up.
    DeadLetters,
}

impl Kind {
    /// All of them, in the order of the legend.
    pub const ALL: [Self; 11] = [
        Self::Client,
        Self::Plan,
        Self::Api,
        Self::Function,
        Self::Table,
        Self::Pipe,
        Self::Queue,
        Self::Bus,
        Self::Rule,
        Self::LogGroup,
        Self::DeadLetters,
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "clients",
            Self::Plan => "usage plan",
            Self::Api => "API",
            Self::Function => "function",
            Self::Table => "table",
            Self::Pipe => "pipe with its filter",
            Self::Queue => "queue",
            Self::Bus => "event bus",
            Self::Rule => "rule",
            Self::LogGroup => "log group",
            Self::DeadLetters => "dead letters",
        }
    }
}

/// A box of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Of an API its routes, such as `POST /orders`; nothing for other kinds.
    pub routes: Vec<String>,
    /// What is worth knowing of it, each a line or more.
    pub details: Vec<String>,
    /// How it is doing, where a server runs.
    pub live: Option<String>,
}

impl Node {
    /// A node of which there is nothing more to know.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into(), routes: Vec::new(), details: Vec::new(), live: None }
    }

    /// The same, with these details.
    #[must_use]
    pub fn with(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }
}

/// What goes along an edge. Their order is that of the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// Requests, changes, messages: what happens at its end happens because of its beginning.
    Passes,
    /// A function reads or writes what is at the end.
    Uses,
    /// What could not be done.
    GivesUp,
    /// The one belongs to the other: a log group to who writes it, a plan to its API.
    Belongs,
}

impl Flow {
    /// All of them, in the order of the legend.
    pub const ALL: [Self; 4] = [Self::Passes, Self::Uses, Self::GivesUp, Self::Belongs];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passes => "hands on",
            Self::Uses => "reads, writes",
            Self::GivesUp => "gives up",
            Self::Belongs => "belongs to",
        }
    }
}

/// An arrow of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Where it begins.
    pub from: NodeId,
    /// Where it ends.
    pub to: NodeId,
    /// What goes along it.
    pub flow: Flow,
    /// What stands at it, in very few words.
    pub label: Option<String>,
    /// How much goes along it, where a server runs.
    pub live: Option<String>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    title: String,
    description: Option<String>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl Graph {
    /// A picture without anything in it yet.
    pub fn new(title: impl Into<String>, description: Option<String>) -> Self {
        Self { title: title.into(), description, nodes: Vec::new(), edges: Vec::new() }
    }

    /// What a stack is made of.
    pub fn of(stack: &Stack) -> Self {
        read::graph(stack)
    }

    /// Takes a node in.
    pub fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    /// Joins two nodes.
    ///
    /// # Panics
    /// If one of them is of another graph, and this one has none in its place.
    pub fn join(&mut self, from: NodeId, to: NodeId, flow: Flow, label: Option<String>) {
        assert!(from.0.max(to.0) < self.nodes.len(), "both nodes are of this graph");
        self.edges.push(Edge { from, to, flow, label, live: None });
    }

    /// The nodes, each at the place that its id says.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Says how things are doing, as far as that is known.
    pub fn tell_live(&mut self, node: impl Fn(&Node) -> Option<String>, edge: impl Fn(&Self, &Edge) -> Option<String>) {
        let nodes: Vec<_> = self.nodes.iter().map(node).collect();
        let edges: Vec<_> = self.edges.iter().map(|one| edge(self, one)).collect();
        self.nodes.iter_mut().zip(nodes).for_each(|(node, live)| node.live = live);
        self.edges.iter_mut().zip(edges).for_each(|(edge, live)| edge.live = live);
    }

    /// Where everything stands in a picture.
    pub fn layout(&self) -> Layout {
        Layout::of(self)
    }

    /// As a picture, complete in itself: an SVG document.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }

    /// As text for Mermaid, a `flowchart LR`.
    pub fn mermaid(&self) -> String {
        mermaid::write(self)
    }

    /// The node at whose side each node is drawn, for those that take no place of their own: what belongs to one other
    /// node, and has nothing else to do with anybody.
    fn hosts(&self) -> Vec<Option<NodeId>> {
        let mut hosts = vec![None; self.nodes.len()];
        let mut joined = vec![0_usize; self.nodes.len()];
        for edge in &self.edges {
            joined[edge.from.0] += 1;
            joined[edge.to.0] += 1;
        }
        let may_stand_aside =
            |id: NodeId| matches!(self.node(id).kind, Kind::LogGroup | Kind::Plan) && joined[id.0] == 1;
        for edge in self.edges.iter().filter(|edge| edge.flow == Flow::Belongs && edge.from != edge.to) {
            // Of two that could stand at each other's side, one has to have a place.
            if may_stand_aside(edge.from) && hosts[edge.to.0].is_none() {
                hosts[edge.from.0] = Some(edge.to);
            } else if may_stand_aside(edge.to) && hosts[edge.from.0].is_none() {
                hosts[edge.to.0] = Some(edge.from);
            }
        }
        hosts
    }
}
