//! Decides which of many texts another text begins with, or is: [`Trie`], in one walk along its bytes.
//!
//! Walked backwards it finds ends instead of beginnings, and walked in lower case it finds ASCII texts in any case; so
//! four of them answer all operators that compare a text from one of its ends.

use super::tester::Then;
use super::{NOWHERE, index};

/// Which way a text is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// From the last byte to the first.
    pub(super) backwards: bool,
    /// ASCII letters as if they were small.
    pub(super) folded: bool,
}

impl Way {
    fn bytes(self, text: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        if self.folded {
            bytes.make_ascii_lowercase();
        }
        if self.backwards {
            bytes.reverse();
        }
        bytes
    }
}

/// Texts with what holds once a value begins with them, or ends there too.
#[derive(Debug)]
pub(super) struct Trie {
    way: Way,
    nodes: Vec<Node>,
    /// Of all nodes, those of one node together.
    edges: Vec<Edge>,
    /// For nodes with many edges: the node behind each byte, or [`NOWHERE`].
    tables: Vec<[u32; 256]>,
    thens: Vec<Then>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    edges: (u32, u32),
    /// Index into the tables, or [`NOWHERE`] if the edges are few.
    table: u32,
    /// What holds for every text that gets here.
    here: (u32, u32),
    /// What holds for those that end here.
    end: (u32, u32),
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    byte: u8,
    to: u32,
}

/// From so many edges on a node has a table.
const EDGES_FOR_TABLE: usize = 9;

impl Trie {
    /// Visits what holds for the text.
    #[inline]
    pub(super) fn walk(&self, text: &[u8], visit: &mut impl FnMut(Then)) {
        match (self.way.backwards, self.way.folded) {
            (false, false) => self.walk_bytes(text.iter().copied(), visit),
            (false, true) => self.walk_bytes(text.iter().map(u8::to_ascii_lowercase), visit),
            (true, false) => self.walk_bytes(text.iter().rev().copied(), visit),
            (true, true) => self.walk_bytes(text.iter().rev().map(u8::to_ascii_lowercase), visit),
        }
    }

    #[inline]
    fn walk_bytes(&self, bytes: impl Iterator<Item = u8>, visit: &mut impl FnMut(Then)) {
        let mut node = &self.nodes[0];
        self.visit(node.here, visit);
        for byte in bytes {
            let Some(next) = self.next(node, byte) else { return };
            node = next;
            self.visit(node.here, visit);
        }
        self.visit(node.end, visit);
    }

    #[inline]
    fn next(&self, node: &Node, byte: u8) -> Option<&Node> {
        let to = match self.tables.get(node.table as usize) {
            Some(table) => table[usize::from(byte)],
            None => {
                let edges = &self.edges[node.edges.0 as usize..node.edges.1 as usize];
                edges.iter().find(|edge| edge.byte == byte)?.to
            }
        };
        self.nodes.get(to as usize)
    }

    #[inline]
    fn visit(&self, thens: (u32, u32), visit: &mut impl FnMut(Then)) {
        for then in &self.thens[thens.0 as usize..thens.1 as usize] {
            visit(*then);
        }
    }
}

/// A trie in the making.
#[derive(Debug)]
pub(super) struct Builder {
    way: Way,
    nodes: Vec<Draft>,
}

#[derive(Debug, Default)]
struct Draft {
    edges: Vec<Edge>,
    here: Vec<Then>,
    end: Vec<Then>,
}

impl Builder {
    pub(super) fn new(way: Way) -> Builder {
        Builder { way, nodes: vec![Draft::default()] }
    }

    /// For every text that begins so, as the trie walks it.
    pub(super) fn begins(&mut self, text: &[u8], then: Then) {
        let at = self.node(text);
        self.nodes[at].here.push(then);
    }

    /// For this very text.
    pub(super) fn is(&mut self, text: &[u8], then: Then) {
        let at = self.node(text);
        self.nodes[at].end.push(then);
    }

    fn node(&mut self, text: &[u8]) -> usize {
        let mut at = 0;
        for byte in self.way.bytes(text) {
            let known = self.nodes[at].edges.iter().find(|edge| edge.byte == byte).map(|edge| edge.to as usize);
            at = known.unwrap_or_else(|| {
                let next = self.nodes.len();
                self.nodes[at].edges.push(Edge { byte, to: index(next) });
                self.nodes.push(Draft::default());
                next
            });
        }
        at
    }

    /// None if nothing was put in.
    pub(super) fn finish(self) -> Option<Trie> {
        if self.nodes.iter().all(|node| node.here.is_empty() && node.end.is_empty()) {
            return None;
        }
        let mut trie =
            Trie { way: self.way, nodes: Vec::new(), edges: Vec::new(), tables: Vec::new(), thens: Vec::new() };
        for draft in self.nodes {
            let edges = append(&mut trie.edges, &draft.edges);
            let mut table = NOWHERE;
            if draft.edges.len() >= EDGES_FOR_TABLE {
                let mut row = [NOWHERE; 256];
                for edge in &draft.edges {
                    row[usize::from(edge.byte)] = edge.to;
                }
                table = index(trie.tables.len());
                trie.tables.push(row);
            }
            let here = append(&mut trie.thens, &draft.here);
            let end = append(&mut trie.thens, &draft.end);
            trie.nodes.push(Node { edges, table, here, end });
        }
        Some(trie)
    }
}

fn append<T: Copy>(all: &mut Vec<T>, some: &[T]) -> (u32, u32) {
    let start = index(all.len());
    all.extend_from_slice(some);
    (start, index(all.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::tester::Outcome;
    use proptest::prelude::*;

    fn found(trie: &Trie, text: &str) -> Vec<u32> {
        let mut found = Vec::new();
        trie.walk(text.as_bytes(), &mut |then| match then {
            Then::Outcome(Outcome::Holds(clause)) => found.push(clause),
            other => panic!("{other:?} was not put in"),
        });
        found.sort_unstable();
        found
    }

    proptest! {
        /// As many comparisons of whole texts would.
        #[test]
        fn beginnings_and_ends_are_found(
            texts in prop::collection::vec(("[abAB]{0,4}|[a-zA-Z]{1,2}", any::<bool>()), 1..40),
            value in "[abAB]{0,6}|[a-zA-Z]{1,3}",
            backwards in any::<bool>(),
            folded in any::<bool>(),
        ) {
            let mut builder = Builder::new(Way { backwards, folded });
            let mut expected = Vec::new();
            for (number, (text, whole)) in (0..).zip(&texts) {
                let then = Then::Outcome(Outcome::Holds(number));
                if *whole { builder.is(text.as_bytes(), then) } else { builder.begins(text.as_bytes(), then) }
                let fold = |text: &str| if folded { text.to_lowercase() } else { text.to_owned() };
                let (text, value) = (fold(text), fold(&value));
                let holds = match (whole, backwards) {
                    (true, _) => text == value,
                    (false, false) => value.starts_with(&text),
                    (false, true) => value.ends_with(&text),
                };
                if holds {
                    expected.push(number);
                }
            }
            prop_assert_eq!(found(&builder.finish().unwrap(), &value), expected);
        }
    }
}
